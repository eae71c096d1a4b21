/** Fields of forms, with label, hint and error connected. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Whether what is typed is hidden. */
  readonly isSecret?: boolean;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly placeholder?: string;
  /** Whether it has the focus when its dialog opens. */
  readonly autofocus?: boolean;
}

/** One line of text. */
export function TextField({ label, hint, error, onInput, isSecret = false, ...rest }: TextFieldProps) {
  const id = useId();
  const kind = isSecret ? ({ type: 'password' } as const) : ({ type: 'text' } as const);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        {...kind}
        aria-describedby={`${id}-hint`}
        aria-invalid={error !== undefined}
        spellcheck={false}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
        {...rest}
      />
      <div id={`${id}-hint`}>
        {error !== undefined && <p class="error">{error}</p>}
        {hint !== undefined && <p class="hint">{hint}</p>}
      </div>
    </div>
  );
}
