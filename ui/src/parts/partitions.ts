/** Partitions as cells: states from ranges, places on a calendar or in wrapped rows, and how people write a choice. Pure. */

import type { PartitionStatus } from "../api/shapes";

export const CELL_STATES = ["missing", "materialized", "failed", "running", "stale"] as const;
export type CellState = (typeof CELL_STATES)[number];

/** The state of each key, by its number in `CELL_STATES`. */
export function cellStates(status: PartitionStatus): Uint8Array {
  const states = new Uint8Array(status.keys.length);
  for (const [start, length, name] of status.ranges) {
    const value = Math.max(0, CELL_STATES.indexOf(name as CellState));
    states.fill(value, start, Math.min(states.length, start + length));
  }
  return states;
}

/** Where a cell stands, in cells. */
export interface Cell {
  index: number;
  column: number;
  row: number;
}

/** A drawing of some of the keys. */
export interface Cells {
  cells: Cell[];
  columns: number;
  rows: number;
  /** Labels above columns. */
  heads: { column: number; text: string }[];
  /** Labels left of rows. */
  sides: { row: number; text: string }[];
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;

const dayOf = (key: string) => Date.parse(`${key.slice(0, 10)}T00:00:00Z`);

/** Years among daily keys, newest last. */
export function yearsOf(keys: readonly string[]): string[] {
  return [...new Set(keys.map((key) => key.slice(0, 4)))].toSorted();
}

/** One year of daily keys: weeks as columns, Monday on top. */
export function calendarCells(keys: readonly string[], year: string): Cells {
  const first = Date.UTC(Number(year), 0, 1);
  const shift = (new Date(first).getUTCDay() + 6) % 7;
  const cells: Cell[] = [];
  const heads: Cells["heads"] = [];
  let columns = 0;
  keys.forEach((key, index) => {
    if (!key.startsWith(year)) return;
    const day = Math.round((dayOf(key) - first) / DAY_MS);
    if (!Number.isFinite(day)) return;
    const column = Math.floor((day + shift) / 7);
    cells.push({ index, column, row: (day + shift) % 7 });
    columns = Math.max(columns, column + 1);
  });
  for (let month = 0; month < 12; month += 1) {
    const column = Math.floor((Math.round((Date.UTC(Number(year), month, 1) - first) / DAY_MS) + shift) / 7);
    if (column < columns) heads.push({ column, text: MONTHS[month] ?? "" });
  }
  return { cells, columns, rows: 7, heads, sides: [{ row: 0, text: "Mo" }, { row: 2, text: "We" }, { row: 4, text: "Fr" }, { row: 6, text: "Su" }] };
}

/** Hours of a day as rows of 24; other keys as rows of `perRow`. */
export function wrappedCells(keys: readonly string[], from: number, until: number, perRow: number): Cells {
  const cells: Cell[] = [];
  const sides: Cells["sides"] = [];
  for (let index = from; index < Math.min(until, keys.length); index += 1) {
    const place = index - from;
    const row = Math.floor(place / perRow);
    if (place % perRow === 0) sides.push({ row, text: (keys[index] ?? "").slice(0, 10) });
    cells.push({ index, column: place % perRow, row });
  }
  const rows = Math.ceil((Math.min(until, keys.length) - from) / perRow);
  return { cells, columns: Math.min(perRow, keys.length), rows, heads: [], sides: sides.filter((side) => rows <= 12 || side.row % Math.ceil(rows / 12) === 0) };
}

/** The keys a text means: `2013-01-01 ... 2013-01-31`, several divided by commas, `*` for all, `key*` for a prefix. */
export function parseChoice(text: string, keys: readonly string[]): { keys: string[]; problem?: string } {
  const index = new Map(keys.map((key, at) => [key, at]));
  const chosen = new Set<number>();
  for (const raw of text.split(/[,\n]/)) {
    const part = raw.trim();
    if (part === "") continue;
    const range = /^(.+?)\s*(?:\.\.\.|…|\.\.)\s*(.+)$/.exec(part);
    if (range) {
      const [start, end] = [index.get((range[1] ?? "").trim()), index.get((range[2] ?? "").trim())];
      if (start === undefined || end === undefined) return { keys: [], problem: `There is no partition "${(start === undefined ? range[1] : range[2])?.trim()}".` };
      for (let at = Math.min(start, end); at <= Math.max(start, end); at += 1) chosen.add(at);
    } else if (part.endsWith("*")) {
      const before = chosen.size;
      keys.forEach((key, at) => key.startsWith(part.slice(0, -1)) && chosen.add(at));
      if (chosen.size === before) return { keys: [], problem: `No partition begins with "${part.slice(0, -1)}".` };
    } else {
      const at = index.get(part);
      if (at === undefined) return { keys: [], problem: `There is no partition "${part}".` };
      chosen.add(at);
    }
  }
  return { keys: [...chosen].toSorted((left, right) => left - right).map((at) => keys[at] ?? "") };
}

/** The shortest text for some keys: neighbours become a range. */
export function printChoice(chosen: readonly string[], keys: readonly string[]): string {
  const index = new Map(keys.map((key, at) => [key, at]));
  const places = chosen.flatMap((key) => index.get(key) ?? []).toSorted((left, right) => left - right);
  const parts: string[] = [];
  for (let at = 0; at < places.length; ) {
    let end = at;
    while (end + 1 < places.length && (places[end + 1] ?? 0) === (places[end] ?? 0) + 1) end += 1;
    const [first, last] = [keys[places[at] ?? 0] ?? "", keys[places[end] ?? 0] ?? ""];
    if (end === at) parts.push(first);
    else if (end === at + 1) parts.push(first, last);
    else parts.push(`${first} ... ${last}`);
    at = end + 1;
  }
  return parts.join(", ");
}
