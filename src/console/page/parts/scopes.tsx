/** Scopes as chips. */

/** Shows the first scopes; the others are counted, and all of them shown on hover. */
export function Scopes({ scopes, most = 3 }: { readonly scopes: readonly string[]; readonly most?: number }) {
  const more = scopes.length - most;
  return (
    <span class="row">
      {scopes.slice(0, most).map((scope) => (
        <span key={scope} class="chip" title={scope}>
          {scope}
        </span>
      ))}
      {more > 0 && (
        <span class="chip" title={scopes.join('\n')}>
          and {more} more
        </span>
      )}
    </span>
  );
}
