/** The states of a page before and instead of its data. */
import type { ComponentChildren } from 'preact';
import type { Loaded } from '../load';

/** Lines in place of text that is loading; they appear after 150 ms. */
function Skeleton({ lines = 4 }: { readonly lines?: number }) {
  return (
    <div class="card" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, at) => (
        <div key={at} class="skeleton" />
      ))}
    </div>
  );
}

/** An empty list: what it is for, and the next step. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Shows the data when it is there; until then lines, or the error with a button that tries again. */
export function LoadedView<T>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { data, error, reload } = loaded;
  if (data !== undefined) return <>{children(data)}</>;
  if (error === undefined) return <Skeleton />;
  return (
    <div class="notice bad" role="alert">
      <p>{error}</p>
      <button type="button" class="button small" onClick={reload}>
        Try again
      </button>
    </div>
  );
}
