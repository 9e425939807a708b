/** Text in CommonMark. The reader of it comes when it is first needed; until then the text stands as it was written. */

import { type ComponentType, useEffect, useState } from "react";

type Tree = ComponentType<{ text: string }>;
/** Longer texts are shown as they are: reading them would hold up the page. */
const MOST = 200_000;
let Loaded: Tree | undefined;

/** Text with marks; no HTML passes through. */
export function Markdown({ text }: { text: string }) {
  const [Ready, setReady] = useState<Tree | undefined>(() => Loaded);
  useEffect(() => {
    if (Ready || text.length > MOST) return;
    let gone = false;
    import("./markdown-tree").then(
      (module) => {
        Loaded = module.MarkdownTree;
        if (!gone) setReady(() => module.MarkdownTree);
      },
      () => undefined, // Without its reader the text stays plain.
    );
    return () => {
      gone = true;
    };
  }, [Ready, text.length]);
  return <div className="md">{Ready && text.length <= MOST ? <Ready text={text} /> : <p className="md-plain">{text}</p>}</div>;
}
