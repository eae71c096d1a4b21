/** Scopes as chips. */
import { visibleText } from '../visible';

/** Shows the first scopes; the others are counted, and all of them shown on hover. */
export function Scopes({ scopes, most = 3 }: { readonly scopes: readonly string[]; readonly most?: number }) {
  const more = scopes.length - most;
  return (
    <span class="row">
      {scopes.slice(0, most).map((scope) => (
        <bdi key={scope} class="chip" title={visibleText(scope)}>
          {visibleText(scope)}
        </bdi>
      ))}
      {more > 0 && (
        <span class="chip" title={scopes.map(visibleText).join('\n')}>
          and {more} more
        </span>
      )}
    </span>
  );
}
