/** A time, relative, with the exact one on hover. */
import { exactText, relativeText } from '../words';

/** Shows a time; epoch seconds. */
export function Time({ at }: { readonly at: number }) {
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactText(at)}>
      {relativeText(at)}
    </time>
  );
}
