/**
 * A text area that shows the three parts of a token in colours. The colours are in a copy of the text behind it, so that the
 * field stays an ordinary one: for the keyboard, for undo, for screen readers.
 */
import { useId } from 'preact/hooks';
import { splitToken } from './decode';

/** A gateway reads 16 KiB of header fields at most. What is longer is neither coloured nor sent. */
export const MAX_TOKEN = 16 * 1024;

const PARTS = ['header', 'payload', 'signature'];

export interface TokenEditorProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
  /** Whether it takes the height of a few lines only. */
  readonly isSmall?: boolean;
  readonly hint?: string;
}

/** Asks for a token. The browser neither keeps, completes nor spell-checks it. */
export function TokenEditor({ label, value, onInput, isSmall = false, hint }: TokenEditorProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class={isSmall ? 'token-editor small' : 'token-editor'}>
        <div class="token-layers">
          <pre class="token-colours" aria-hidden="true">
            {value.length <= MAX_TOKEN ? <ColouredToken text={value} /> : value}
            {/* Without it a line break at the end would have no height. */}
            {'\n'}
          </pre>
          <textarea
            id={id}
            value={value}
            onInput={({ currentTarget }) => onInput(currentTarget.value)}
            aria-describedby={hint === undefined ? undefined : `${id}-hint`}
            placeholder="eyJhbGciOi…"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            autocorrect="off"
            rows={1}
          />
        </div>
      </div>
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** Draws a token with its parts in colours. */
export function ColouredToken({ text }: { readonly text: string }) {
  const { prefix, parts } = splitToken(text);
  return (
    <>
      <span class="soft">{prefix}</span>
      {parts.map((part, at) => (
        <span key={at}>
          {at > 0 && <span class="soft">.</span>}
          <span class={`part-${PARTS[at] ?? 'more'}`}>{part}</span>
        </span>
      ))}
    </>
  );
}
