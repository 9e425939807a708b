/** Shortcuts of the whole page: `Ctrl K`, `/`, `?`, and `g` followed by a letter. */

import { useEffect, useRef } from "react";
import { currentSettings } from "./settings";

/** Places reached with `g` and a letter. */
export const PLACES = [
  { key: "n", path: "/", name: "Now", icon: "now", short: "Now" },
  { key: "a", path: "/assets", name: "Assets", icon: "assets", short: "Assets" },
  { key: "g", path: "/graph", name: "Graph", icon: "graph", short: "Graph" },
  { key: "r", path: "/runs", name: "Runs", icon: "runs", short: "Runs" },
  { key: "u", path: "/automations", name: "Automations", icon: "auto", short: "Auto" },
  { key: "c", path: "/checks", name: "Checks", icon: "checks", short: "Checks" },
  { key: "s", path: "/system", name: "System", icon: "system", short: "System" },
] as const;

export interface HotkeyActions {
  go: (path: string) => void;
  search: () => void;
  help: () => void;
}

function typing(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** `j` and `k` outside of a list: into the list of the page, or along the marked links of a page without one. */
function step(event: KeyboardEvent): boolean {
  const by = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
  if (by === 0 || (event.target instanceof Element && event.target.closest('[role="grid"], [role="listbox"], [role="tree"], dialog'))) return false;
  const row = document.querySelector<HTMLElement>('[role="grid"] [data-row][tabindex="0"], [role="tree"] [tabindex="0"]');
  const links = Array.from(document.querySelectorAll<HTMLElement>("[data-jk]"));
  const at = links.indexOf(document.activeElement as HTMLElement);
  const goal = row ?? links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + by))];
  goal?.focus();
  return goal !== undefined;
}

/** Whether this key may be read as a `g`-letter pair started at `pendingSince`. */
const PAIR_MS = 1200;

/** Installs the shortcuts for as long as the shell stands. */
export function useHotkeys(actions: HotkeyActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let pendingSince = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.search();
        return;
      }
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!currentSettings().keys || typing(event.target)) return;
      if (event.timeStamp - pendingSince < PAIR_MS) {
        pendingSince = Number.NEGATIVE_INFINITY;
        const place = PLACES.find((candidate) => candidate.key === event.key);
        if (place) {
          event.preventDefault();
          event.stopPropagation();
          latest.current.go(place.path);
          return;
        }
      }
      if (event.key === "g") {
        pendingSince = event.timeStamp;
      } else if (event.key === "/") {
        event.preventDefault();
        const filter = document.querySelector<HTMLInputElement>("[data-filter] input");
        if (filter) filter.focus();
        else latest.current.search();
      } else if (event.key === "?") {
        event.preventDefault();
        latest.current.help();
      } else if (step(event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    // Captured, so that a list does not take the letter of a `g` pair for itself.
    window.addEventListener("keydown", onKey, true);
    return () => window.removeEventListener("keydown", onKey, true);
  }, []);
}
