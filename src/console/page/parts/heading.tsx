/** The heading of a page. It gets the focus when one comes to the page from another, so that a screen reader says where one is. */
import { useEffect, useRef } from 'preact/hooks';
import { Name } from './name';

/** The first page keeps the focus where the browser begins: at the top. */
let hasShownPage = false;

/** Makes the next page take the focus, as after the sign-in page. */
export function notePageShown(): void {
  hasShownPage = true;
}

/** Draws the heading, and gives it the focus. */
export function Heading({ text }: { readonly text: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasShownPage) heading.current?.focus();
    hasShownPage = true;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      <Name text={text} />
    </h1>
  );
}
