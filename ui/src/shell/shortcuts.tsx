/** The sheet of shortcuts behind `?`. */

import { useEffect, useRef } from "react";
import { Icon } from "../parts/icons";
import { PLACES } from "./hotkeys";
import { useSettings } from "./settings";

const SECTIONS: { title: string; keys: [string, string][] }[] = [
  { title: "Everywhere", keys: [["Ctrl K", "Search or run"], ["/", "Filter this page"], ["?", "This sheet"], ["Esc", "Close, or clear the marks"]] },
  { title: "Go to", keys: PLACES.map((place) => [`g ${place.key}`, place.name]) },
  {
    title: "Lists",
    keys: [["j k", "Next, previous row"], ["x", "Mark the row"], ["Shift j", "Mark a range"], ["Enter", "Open"], ["i", "Inspector"], ["r", "Retry"]],
  },
  { title: "Graph outline", keys: [["→ ←", "Downstream, upstream"], ["[ ]", "Next in the group"], ["f", "Focus on the node"]] },
  { title: "Run", keys: [["1 2 3", "Both, timeline, log"], ["n N", "Next, previous hit"]] },
];

/** A dialog that lists the shortcuts and can turn the one-character ones off. */
export function Shortcuts({ open, onClose }: { open: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [settings, change] = useSettings();
  useEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (open && !element.open) element.showModal();
    if (!open && element.open) element.close();
  }, [open]);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="shortcuts-title" onClose={onClose}>
      {open && (
        <>
          <header className="row">
            <h2 id="shortcuts-title" className="grow">Shortcuts</h2>
            <button type="button" className="btn btn-icon btn-quiet" aria-label="Close" onClick={onClose}><Icon name="close" /></button>
          </header>
          <div className="keysheet">
            {SECTIONS.map((section) => (
              <section key={section.title}>
                <h3>{section.title}</h3>
                <dl>
                  {section.keys.map(([key, text]) => (
                    <div key={key}>
                      <dt>{key.split(" ").map((part) => <kbd key={part}>{part}</kbd>)}</dt>
                      <dd>{text}</dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
          <label className="row">
            <input type="checkbox" className="check" checked={settings.keys} onChange={(event) => change({ keys: event.target.checked })} />
            Shortcuts of one character
          </label>
        </>
      )}
    </dialog>
  );
}
