/** The command field: search over assets, runs, jobs, automations and checks; `>` for actions; recent items when empty. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { searchQuery } from "../api/queries";
import { Icon, type IconName } from "../parts/icons";
import { Key } from "../parts/controls";
import { PLACES } from "./hotkeys";
import { openLaunch } from "./launch-store";
import { useSettings } from "./settings";

interface Hit {
  id: string;
  group: string;
  icon: IconName;
  title: string;
  detail: string;
  run: () => void;
}

interface Recent {
  title: string;
  detail: string;
  href: string;
  kind: string;
}

const ICONS: Record<string, IconName> = { asset: "assets", run: "runs", job: "play", automation: "auto", check: "checks", place: "right" };
const GROUPS: Record<string, string> = { asset: "Assets", run: "Runs", job: "Jobs", automation: "Automations", check: "Checks" };

function readRecent(): Recent[] {
  try {
    return JSON.parse(localStorage.getItem("rostrum.recent") ?? "[]") as Recent[];
  } catch {
    return [];
  }
}

function remember(item: Recent): void {
  try {
    const kept = readRecent().filter((other) => other.href !== item.href || other.title !== item.title);
    localStorage.setItem("rostrum.recent", JSON.stringify([item, ...kept].slice(0, 6)));
  } catch {
    // Nothing is lost but a convenience.
  }
}

function useHits(text: string, go: (href: string) => void): Hit[] {
  const [settings, change] = useSettings();
  const wanted = useDeferredValue(text.trim());
  const search = useQuery({ ...searchQuery(wanted.startsWith(">") ? "" : wanted), placeholderData: keepPreviousData });
  return useMemo(() => {
    const places: Hit[] = PLACES.map((place) => ({ id: `place${place.path}`, group: "Go to", icon: place.icon, title: place.name, detail: `g ${place.key}`, run: () => go(place.path) }));
    if (wanted.startsWith(">")) {
      const needle = wanted.slice(1).trim().toLowerCase();
      const nextTheme = settings.theme === "dark" ? "light" : "dark";
      const actions: Hit[] = [
        { id: "launch", group: "Actions", icon: "play", title: "Launch…", detail: "choose assets or a job", run: () => openLaunch({}) },
        { id: "theme", group: "Actions", icon: nextTheme === "dark" ? "moon" : "sun", title: `Use the ${nextTheme} theme`, detail: "", run: () => change({ theme: nextTheme }) },
        { id: "density", group: "Actions", icon: "columns", title: settings.density === "compact" ? "Higher rows" : "Compact rows", detail: "", run: () => change({ density: settings.density === "compact" ? "normal" : "compact" }) },
      ];
      return [...actions, ...places].filter((hit) => hit.title.toLowerCase().includes(needle));
    }
    if (wanted === "") {
      const recent = readRecent().map((item): Hit => ({ id: `recent${item.kind}${item.href}${item.title}`, group: "Recent", icon: ICONS[item.kind] ?? "clock", title: item.title, detail: item.detail, run: () => go(item.href) }));
      return [...recent, ...places];
    }
    const found = (search.data ?? []).map((item): Hit => ({
      id: item.kind + item.href + item.title, group: GROUPS[item.kind] ?? item.kind, icon: ICONS[item.kind] ?? "right", title: item.title, detail: item.detail,
      run: () => {
        remember(item);
        go(item.href);
      },
    }));
    const matching = places.filter((place) => place.title.toLowerCase().startsWith(wanted.toLowerCase()));
    // Hits of one kind stand together, the best kind first.
    const order = [...new Set(found.map((hit) => hit.group))];
    return [...matching, ...found.toSorted((left, right) => order.indexOf(left.group) - order.indexOf(right.group))];
  }, [wanted, search.data, settings, change, go]);
}

/** The dialog behind `Ctrl K`. */
export function CommandField({ open, onClose }: { open: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (open && !element.open) element.showModal();
    if (!open && element.open) element.close();
  }, [open]);
  return (
    <dialog ref={dialog} className="dialog palette" aria-label="Search or run" onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}>
      {open && <Palette onClose={onClose} />}
    </dialog>
  );
}

function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const go = useMemo(() => (href: string) => void navigate({ href }), [navigate]);
  const hits = useHits(text, go);
  const list = useRef<HTMLDivElement>(null);
  const at = Math.min(active, Math.max(0, hits.length - 1));
  useEffect(() => {
    // Braces: newer browsers answer with a promise, which an effect must not return.
    void list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const pick = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    hit.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setActive((at + step + hits.length) % Math.max(1, hits.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      pick(hits[at]);
    }
  };
  return (
    <>
      <div className="palette-input">
        <Icon name="search" />
        <input
          // The dialog exists to type in.
          autoFocus
          role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={hits[at] ? `hit-${at}` : undefined}
          aria-label="Search or run" placeholder="Asset, run id, job, automation, or > for actions" value={text} spellCheck={false} autoComplete="off"
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <div className="palette-list" id="palette-list" role="listbox" aria-label="Results" ref={list}>
        {hits.map((hit, index) => (
          <div key={hit.id} role="presentation">
            {hits[index - 1]?.group !== hit.group && <div className="palette-group" role="presentation">{hit.group}</div>}
            <div role="option" id={`hit-${index}`} aria-selected={index === at} tabIndex={-1} className="palette-hit" onMouseMove={() => setActive(index)} onClick={() => pick(hit)} onKeyDown={onKeyDown}>
              <Icon name={hit.icon} />
              <span className="cut"><Key name={hit.title} /></span>
              <span className="faint cut">{hit.detail}</span>
            </div>
          </div>
        ))}
        {hits.length === 0 && <div className="empty">Nothing is called “{text}”.</div>}
      </div>
    </>
  );
}
