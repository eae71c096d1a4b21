/** A time, relative, with the exact one on hover. */
import { exactText, isTime, relativeText } from '../words';

/** Shows a time; epoch seconds. A number that no clock shows stays a number. */
export function Time({ at }: { readonly at: number }) {
  if (!isTime(at)) return <>{String(at)}</>;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactText(at)}>
      {relativeText(at)}
    </time>
  );
}
