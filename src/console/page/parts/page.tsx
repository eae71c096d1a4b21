/** A page: one heading, at most one primary action at its right. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

/** The head and the body of a page. The heading is the title of the window. */
export function Page({
  title,
  action,
  children,
}: {
  readonly title: string;
  readonly action?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} – Tollgate`;
  }, [title]);
  return (
    <>
      <div class="page-head">
        <h1>{title}</h1>
        {action}
      </div>
      <div class="stack">{children}</div>
    </>
  );
}
