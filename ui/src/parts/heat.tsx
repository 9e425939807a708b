/** Partitions as a field of cells; a brush chooses a stretch of them, by pointer or by arrow keys. */

import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { PartitionStatus } from "../api/shapes";
import { count } from "../format/number";
import { Icon } from "./icons";
import { calendarCells, CELL_STATES, type Cells, cellStates, wrappedCells, yearsOf } from "./partitions";

const PITCH = 16;
const SIZE = 14;
const LEFT = 28;
const LEFT_WIDE = 76;
const TOP = 20;
/** Cells of one field when keys are not days. */
const MOST = 2000;
const WORDS: Record<string, string> = { materialized: "materialized", failed: "failed", running: "running", stale: "stale", missing: "missing" };

/** The first and the last chosen key, in order of time. */
export type Brush = [from: number, until: number];

interface HeatProps {
  status: PartitionStatus;
  label: string;
  brush: Brush | undefined;
  onBrush: (brush: Brush | undefined) => void;
}

function square(x: number, y: number): string {
  return `M${x} ${y}h${SIZE}v${SIZE}h-${SIZE}z`;
}

/** One path a state: a year of days is five elements, not 365. */
function paths(drawn: Cells, states: Uint8Array, left: number, top: number): Record<string, string> {
  const made: Record<string, string> = { materialized: "", failed: "", cross: "", running: "", stale: "", missing: "" };
  for (const cell of drawn.cells) {
    const name = CELL_STATES[states[cell.index] ?? 0] ?? "missing";
    const [x, y] = [left + cell.column * PITCH, top + cell.row * PITCH];
    if (name === "missing" || name === "stale") made[name] += `M${x + 0.5} ${y + 0.5}h${SIZE - 1}v${SIZE - 1}h-${SIZE - 1}z`;
    else made[name] += square(x, y);
    if (name === "failed") made.cross += `M${x + 4} ${y + 4}l6 6m0-6l-6 6`;
    if (name === "stale") made.stale += `M${x + 3} ${y + 11}l8-8`;
  }
  return made;
}

/** The words for the shapes. */
export function HeatLegend({ counts }: { counts: Record<string, number> }) {
  const shown = (["materialized", "failed", "running", "stale", "missing"] as const).filter((name) => (counts[name] ?? 0) > 0 || name === "materialized" || name === "missing");
  return (
    <div className="legend">
      {shown.map((name) => (
        <span key={name}>
          <svg viewBox="0 0 12 12" className="heat" aria-hidden="true">
            {name === "materialized" && <rect className="c-ok" width="12" height="12" />}
            {name === "failed" && <><rect className="c-fail" width="12" height="12" /><path className="c-fail-x" d="m3.5 3.500 5 5m0-5-5 5" /></>}
            {name === "running" && <rect className="c-run" width="12" height="12" />}
            {name === "stale" && <path className="c-late" d="M1 1h10v10H1zM3 9l6-6" />}
            {name === "missing" && <path className="c-miss" d="M.5.5h11v11H.5z" />}
          </svg>
          {counts[name] ? `${count(counts[name] ?? 0)} ` : ""}{WORDS[name]}
        </span>
      ))}
    </div>
  );
}

/** The field. */
export function Heat({ status, label, brush, onBrush }: HeatProps) {
  const { keys } = status;
  const daily = status.cadence === "daily" || (status.kind === "time" && /^\d{4}-\d{2}-\d{2}$/.test(keys[0] ?? ""));
  const states = useMemo(() => cellStates(status), [status]);
  const years = useMemo(() => (daily ? yearsOf(keys) : []), [daily, keys]);
  const lastDone = useMemo(() => states.findLastIndex((state) => state > 0), [states]);
  const [year, setYear] = useState(() => (keys[Math.max(0, lastDone)] ?? years.at(-1) ?? "").slice(0, 4));
  const [page, setPage] = useState(() => (daily ? 0 : Math.floor(Math.max(0, lastDone) / MOST)));
  const drawn = useMemo(() => (daily ? calendarCells(keys, years.includes(year) ? year : (years.at(-1) ?? "")) : wrappedCells(keys, page * MOST, (page + 1) * MOST, status.cadence === "hourly" ? 24 : 40)), [daily, keys, year, years, page, status.cadence]);
  const left = daily ? LEFT : LEFT_WIDE;
  const top = drawn.heads.length > 0 ? TOP : 2;
  const fills = useMemo(() => paths(drawn, states, left, top), [drawn, states, left, top]);
  const places = useMemo(() => new Map(drawn.cells.map((cell) => [`${cell.column}/${cell.row}`, cell.index])), [drawn]);
  const byIndex = useMemo(() => new Map(drawn.cells.map((cell) => [cell.index, cell])), [drawn]);
  const [active, setActive] = useState<number>();
  const anchor = useRef<number | undefined>(undefined);
  const svg = useRef<SVGSVGElement>(null);
  const width = left + drawn.columns * PITCH;
  const height = top + drawn.rows * PITCH;

  useEffect(() => {
    if (!brush) anchor.current = undefined;
  }, [brush]);

  useEffect(() => {
    // On narrow screens the newest partitions are the ones to see first.
    const scroller = svg.current?.closest(".heat-scroll");
    const cell = byIndex.get(Math.max(0, lastDone));
    if (scroller && cell) scroller.scrollLeft = left + cell.column * PITCH - scroller.clientWidth * 0.8;
  }, [byIndex, lastDone, left]);

  const cellAt = (event: PointerEvent): number | undefined => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return undefined;
    const scale = width / box.width;
    const column = Math.floor(((event.clientX - box.left) * scale - left) / PITCH);
    const row = Math.floor(((event.clientY - box.top) * scale - top) / PITCH);
    return places.get(`${column}/${row}`);
  };
  const choose = (to: number) => {
    const from = anchor.current ?? to;
    onBrush([Math.min(from, to), Math.max(from, to)]);
  };
  const onPointerDown = (event: PointerEvent) => {
    const index = cellAt(event);
    if (index === undefined) return onBrush(undefined);
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    if (!event.shiftKey || anchor.current === undefined) anchor.current = index;
    setActive(index);
    choose(index);
  };
  const onPointerMove = (event: PointerEvent) => {
    const index = cellAt(event);
    if (index === undefined) return;
    setActive(index);
    if (event.buttons === 1 && anchor.current !== undefined) choose(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = daily ? { ArrowRight: 7, ArrowLeft: -7, ArrowDown: 1, ArrowUp: -1 } : { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 40, ArrowUp: -40 };
    if (event.key === "Escape") return onBrush(undefined);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (active !== undefined) {
        anchor.current = active;
        choose(active);
      }
      return;
    }
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const first = drawn.cells[0]?.index ?? 0;
    const last = drawn.cells.at(-1)?.index ?? 0;
    const next = active === undefined ? Math.min(last, Math.max(first, lastDone)) : Math.max(first, Math.min(last, active + step));
    if (event.shiftKey) {
      anchor.current ??= active ?? next;
      choose(next);
    }
    setActive(next);
  };
  const shown = active === undefined ? undefined : byIndex.get(active);
  const said = active === undefined ? "" : `${keys[active]}, ${CELL_STATES[states[active] ?? 0]}`;
  const turn = (by: number) => (daily ? setYear(years[Math.max(0, Math.min(years.length - 1, years.indexOf(year) + by))] ?? year) : setPage(Math.max(0, Math.min(Math.ceil(keys.length / MOST) - 1, page + by))));
  const pages = daily ? years.length : Math.ceil(keys.length / MOST);
  return (
    <div className="heat-box">
      {pages > 1 && (
        <div className="row heat-pages">
          <button type="button" className="btn btn-icon btn-quiet btn-small" aria-label="Earlier" onClick={() => turn(-1)}><Icon name="left" /></button>
          <span>{daily ? year : `${keys[page * MOST]} to ${keys[Math.min(keys.length, (page + 1) * MOST) - 1]}`}</span>
          <button type="button" className="btn btn-icon btn-quiet btn-small" aria-label="Later" onClick={() => turn(1)}><Icon name="right" /></button>
        </div>
      )}
      <div className="heat-scroll">
        <div className="heat-focus" role="application" tabIndex={0} aria-label={`${label}. Arrow keys move, Shift extends, Enter chooses.`} onKeyDown={onKeyDown}>
          <svg ref={svg} className="heat" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true"
            onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerLeave={() => setActive(undefined)}>
            {drawn.heads.map((head) => <text key={head.text} x={left + head.column * PITCH} y={11}>{head.text}</text>)}
            {drawn.sides.map((side) => <text key={side.row} x={0} y={top + side.row * PITCH + 11}>{side.text}</text>)}
            <path className="c-ok" d={fills.materialized} />
            <path className="c-run" d={fills.running} />
            <path className="c-fail" d={fills.failed} />
            <path className="c-fail-x" d={fills.cross} />
            <path className="c-late" d={fills.stale} />
            <path className="c-miss" d={fills.missing} />
            {brush && <path className="c-brush" d={drawn.cells.filter((cell) => cell.index >= brush[0] && cell.index <= brush[1]).map((cell) => `M${left + cell.column * PITCH - 1} ${top + cell.row * PITCH - 1}h${PITCH}v${PITCH}h-${PITCH}z`).join("")} />}
            {shown && <rect className="c-active" x={left + shown.column * PITCH - 1} y={top + shown.row * PITCH - 1} width={PITCH} height={PITCH} />}
          </svg>
        </div>
      </div>
      <p className="heat-said" aria-live="polite">{said || " "}</p>
    </div>
  );
}
