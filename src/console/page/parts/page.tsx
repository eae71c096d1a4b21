/** A page: one heading, at most one primary action at its right. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { visibleText } from '../visible';
import { Heading } from './heading';

/** The head and the body of a page. The heading is the title of the window, and gets the focus. */
export function Page({
  title,
  action,
  above,
  children,
}: {
  readonly title: string;
  readonly action?: ComponentChildren;
  /** What stands above the heading: a link to the page above this one. */
  readonly above?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${visibleText(title)} – Tollgate`;
  }, [title]);
  return (
    <>
      {above !== undefined && <p class="page-above">{above}</p>}
      <div class="page-head">
        <Heading text={title} />
        {action}
      </div>
      <div class="stack">{children}</div>
    </>
  );
}
