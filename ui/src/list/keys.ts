/** What the keyboard does to a list. Pure: the grid feeds it keys and does what it answers. */

/** Where the list stands: the row with the focus, the fixed end of a range, the marked rows. */
export interface Cursor {
  active: number;
  anchor: number;
  selected: ReadonlySet<string>;
}

/** What the grid shall do besides moving. */
export type Command = "open" | "inspect" | "close" | "actions" | "retry" | "none";

export interface KeyInput {
  key: string;
  shift: boolean;
  ctrl: boolean;
}

export interface KeyAnswer {
  cursor: Cursor;
  command: Command;
}

/** An empty list position. */
export const START: Cursor = { active: 0, anchor: 0, selected: new Set() };

const STEPS: Record<string, number> = { ArrowDown: 1, j: 1, J: 1, ArrowUp: -1, k: -1, K: -1 };
const COMMANDS: Record<string, Command> = { Enter: "open", o: "open", i: "inspect", ".": "actions", r: "retry" };

function clamp(value: number, length: number): number {
  return Math.max(0, Math.min(length - 1, value));
}

function range(cursor: Cursor, to: number, ids: readonly string[]): Set<string> {
  const selected = new Set(cursor.selected);
  for (let at = Math.min(cursor.anchor, to); at <= Math.max(cursor.anchor, to); at += 1) {
    const id = ids[at];
    if (id !== undefined) selected.add(id);
  }
  return selected;
}

function target(key: string, active: number, length: number, page: number): number | undefined {
  if (key in STEPS) return clamp(active + (STEPS[key] ?? 0), length);
  if (key === "PageDown") return clamp(active + page, length);
  if (key === "PageUp") return clamp(active - page, length);
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  return undefined;
}

/** Mark or unmark one row; it becomes the fixed end of the next range. */
export function toggle(cursor: Cursor, at: number, ids: readonly string[]): Cursor {
  const id = ids[at];
  if (id === undefined) return cursor;
  const selected = new Set(cursor.selected);
  if (!selected.delete(id)) selected.add(id);
  return { active: at, anchor: at, selected };
}

/** Mark the rows from the fixed end to `at`. */
export function extend(cursor: Cursor, at: number, ids: readonly string[]): Cursor {
  return { active: at, anchor: cursor.anchor, selected: range(cursor, at, ids) };
}

/**
 * The answer to one key over rows `ids`, or undefined when the list has no use for it.
 * `page` is the number of rows in sight; `selectable` says whether rows can be marked.
 */
export function pressKey(cursor: Cursor, input: KeyInput, ids: readonly string[], page: number, selectable: boolean): KeyAnswer | undefined {
  if (ids.length === 0) return undefined;
  const active = clamp(cursor.active, ids.length);
  const at = { ...cursor, active };
  if (input.ctrl) {
    if (input.key !== "a" || !selectable) return undefined;
    return { cursor: { ...at, selected: new Set(ids) }, command: "none" };
  }
  const to = target(input.key, active, ids.length, page);
  if (to !== undefined) {
    if (input.shift && selectable) return { cursor: extend(at, to, ids), command: "none" };
    return { cursor: { ...at, active: to, anchor: to }, command: "none" };
  }
  if ((input.key === "x" || input.key === " ") && selectable) return { cursor: toggle(at, active, ids), command: "none" };
  if (input.key === "Escape") {
    if (at.selected.size > 0) return { cursor: { ...at, selected: new Set() }, command: "none" };
    return { cursor: at, command: "close" };
  }
  const command = COMMANDS[input.key];
  return command ? { cursor: at, command } : undefined;
}
