/** The buttons at the end of a form in a dialog. */

/** Draws the button that sends the form, named for what happens, and the one that closes it. */
export function FormActions(props: {
  readonly text: string;
  readonly kind: 'primary' | 'danger';
  readonly isDisabled: boolean;
  readonly onCancel: () => void;
}) {
  return (
    <div class="row">
      <button class={`button ${props.kind}`} disabled={props.isDisabled}>
        {props.text}
      </button>
      <button type="button" class="button" onClick={props.onCancel}>
        Cancel
      </button>
    </div>
  );
}
