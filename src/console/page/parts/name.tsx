/** A name that a person has chosen: of any length, of any direction of writing, with any character. */
import { visibleText } from '../visible';

/** Shows at most two lines of the name; all of it on hover. */
export function Name({ text }: { readonly text: string }) {
  const shown = visibleText(text);
  return (
    <bdi class="name" title={shown.length > 40 ? shown : undefined}>
      {shown}
    </bdi>
  );
}

/** Shows a text of others inside a line, whole. */
export function Inline({ text }: { readonly text: string }) {
  return <bdi>{visibleText(text)}</bdi>;
}
