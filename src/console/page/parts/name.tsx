/** A name that a person has chosen: of any length, and of any direction of writing. */

/** Shows at most two lines of the name; all of it on hover. */
export function Name({ text }: { readonly text: string }) {
  return (
    <bdi class="name" title={text.length > 40 ? text : undefined}>
      {text}
    </bdi>
  );
}
