/** The one h1 of a page: names the document, and takes the focus after a change of route. */

import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";

let wanted = false;

/** The next title to appear shall take the focus. */
export function wantTitleFocus(): void {
  wanted = true;
}

/** The heading of a page. `name` is the plain text for the document's title. */
export function Title({ name, headline = false, children }: { name: string; headline?: boolean; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${name} · Rostrum`;
    if (wanted) heading.current?.focus({ preventScroll: true });
    wanted = false;
  }, [name]);
  // A skeleton's title hands the focus on to the title of the page that replaces it.
  useLayoutEffect(() => {
    const element = heading.current;
    return () => {
      if (element !== null && document.activeElement === element) wanted = true;
    };
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1} className={headline ? "headline" : undefined}>
      {children ?? name}
    </h1>
  );
}
