/** Steps over time: label column left, phases as bars, the text after the bar. Rows of 22 px. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, Fragment, type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import type { StepRow, Try } from "../api/shapes";
import { plural } from "../format/number";
import { stepState } from "../format/run";
import { causeWords, placeWords } from "../format/step";
import { duration } from "../format/time";
import { Key } from "./controls";
import { Glyph } from "./glyph";
import { waitWords } from "./waits";

/** Waiting and not-run steps shown before the rest is folded. */
const QUIET_SHOWN = 3;
/** More rows than this do not fit beside a failure and a log. */
const LONG = 10;
/** Height of a row, and how many are drawn beyond those in sight. */
const ROW = 22;
const BEYOND = 30;

interface TimelineProps {
  steps: readonly StepRow[];
  /** Start of the axis, epoch ms. */
  from: number;
  /** End of the axis. */
  until: number;
  now: number;
  live: boolean;
  selected: string | undefined;
  onSelect: (key: string | undefined) => void;
  phone: boolean;
}

const at = (text: string | null) => (text === null ? undefined : Date.parse(text));

/** Round steps for an axis of so many seconds: four or five labels. */
export function axisStep(seconds: number): number {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
  return steps.find((step) => seconds / step <= 5) ?? Math.ceil(seconds / 5 / 86_400) * 86_400;
}

/** A point on the axis: `34 s`, `1 m 07`. */
export function axisLabel(seconds: number): string {
  if (seconds === 0) return "0 s";
  return duration(seconds).replace(/ [sm]$/, (unit) => (/\d [hm] /.test(duration(seconds)) ? "" : unit));
}

/** Pixels of a character of the text after a bar, and of its margins. */
const CHARACTER = 6.6;
const MARGIN = 14;

/** A point of the axis from the left of the track, which keeps room for the text after the last bar. */
const along = (share: number) => `calc((100% - var(--room)) * ${share.toFixed(5)})`;

function bar(from: number, until: number, start: number, end: number): CSSProperties {
  const share = (value: number) => (Math.max(from, Math.min(until, value)) - from) / Math.max(1, until - from);
  return { "--x": along(share(start)), "--w": along(Math.max(0, share(end) - share(start))) } as CSSProperties;
}

function words(step: StepRow, now: number, phone: boolean): string {
  const start = at(step.startedAt);
  if (step.status === "not_run") return "not run";
  if (step.status === "skipped") return "skipped";
  if (step.waitsFor) return waitWords(step.waitsFor);
  if (step.status === "waiting") return step.queuedAt ? "waits for a slot" : "";
  if (start === undefined) return step.status === "starting" ? "starting" : step.status === "canceled" ? "canceled" : "";
  const end = at(step.endedAt);
  const took = duration(((end ?? now) - start) / 1000);
  const again = step.attempts > 1 ? (phone ? ` ×${step.attempts}` : `, attempt ${step.attempts}`) : "";
  if (step.status === "retrying") return phone ? `waits, ×${step.attempts + 1}` : `waits for attempt ${step.attempts + 1}`;
  if (end === undefined) return `${took} so far${again}`;
  return step.status === "canceled" ? `${took}, canceled` : `${took}${again}`;
}

/** When a step is at its end, or at what it now does. */
function lastOf(step: StepRow, from: number, now: number): number {
  const begun = at(step.workerAt) ?? at(step.startedAt);
  const end = at(step.endedAt) ?? (stepState(step.status) === "running" ? now : undefined);
  return end ?? begun ?? (step.status === "waiting" && step.queuedAt ? now : undefined) ?? at(step.queuedAt) ?? from;
}

/** Room for the text after the bars that end late, in pixels. Who waits has the text in its hollow bar. */
export function roomAfter(steps: readonly StepRow[], from: number, until: number, now: number, phone: boolean): number {
  const late = steps.filter((step) => !step.waitsFor && lastOf(step, from, now) - from > (until - from) * 0.6);
  return Math.round(Math.min(phone ? 110 : 240, Math.max(64, ...late.map((step) => words(step, now, phone).length * CHARACTER + MARGIN))));
}

/** Attempts, each with its start-up; between two of them the step waits for the next. */
function Attempts({ step, from, until, now }: { step: StepRow; from: number; until: number; now: number }) {
  const end = at(step.endedAt) ?? (stepState(step.status) === "running" ? now : undefined);
  const only = { workerAt: step.workerAt, startedAt: step.startedAt, endedAt: null, where: step.where ?? null, cause: null, error: null };
  const tries: readonly Try[] = step.tries && step.tries.length > 0 ? step.tries : [only];
  return tries.map((each, index) => {
    const isLast = index === tries.length - 1;
    const worker = at(each.workerAt);
    const started = at(each.startedAt) ?? (isLast || worker === undefined ? undefined : worker);
    const ended = at(each.endedAt) ?? (isLast ? end : undefined);
    const next = isLast ? (step.status === "retrying" ? now : undefined) : (at(tries[index + 1]?.workerAt ?? null) ?? at(tries[index + 1]?.startedAt ?? null));
    const kind = isLast ? (step.status === "failure" ? "f" : stepState(step.status) === "running" && at(each.endedAt) === undefined ? "r" : each.cause ? "t" : "") : "t";
    const told = [tries.length > 1 && `attempt ${index + 1}${each.cause ? ` ${causeWords(each.cause)}` : ""}`, each.where && placeWords(each.where), each.error].filter(Boolean).join("\n");
    return (
      // Attempts of a step never change places.
      <Fragment key={`${step.key}-${index}`}>
        {worker !== undefined && (started ?? ended) !== undefined && <i className="b u" style={bar(from, until, worker, started ?? ended ?? worker)} title={`start-up ${duration(((started ?? ended ?? worker) - worker) / 1000)}`} />}
        {started !== undefined && ended !== undefined && <i className={`b ${kind}`} style={bar(from, until, started, ended)} title={told || undefined} />}
        {ended !== undefined && next !== undefined && next - ended > (until - from) * 0.004 && <i className="b q" style={bar(from, until, ended, next)} title={`waits ${duration((next - ended) / 1000)} for attempt ${index + 2}`} />}
      </Fragment>
    );
  });
}

function Track({ step, from, until, now, phone }: { step: StepRow; from: number; until: number; now: number; phone: boolean }) {
  const queued = at(step.queuedAt);
  const worker = at(step.workerAt);
  const waitEnd = worker ?? at(step.startedAt) ?? (step.status === "waiting" ? now : undefined);
  const share = (value: number) => Math.max(0, Math.min(1, (value - from) / Math.max(1, until - from)));
  const began = share(queued ?? from);
  const inside = Boolean(step.waitsFor);
  const left = inside ? began : step.startedAt === null && worker === undefined && queued === undefined ? 0 : share(lastOf(step, from, now));
  const style: CSSProperties = inside && began > 0.5 ? { left: "auto", right: `calc(100% - (100% - var(--room)) * ${began.toFixed(5)} + 8px)` } : ({ "--x": along(left) } as CSSProperties);
  return (
    <>
      {queued !== undefined && waitEnd !== undefined && waitEnd - queued > (until - from) * 0.004 && <i className="b q" style={bar(from, until, queued, waitEnd)} title={`queued ${duration((waitEnd - queued) / 1000)}`} />}
      <Attempts step={step} from={from} until={until} now={now} />
      <span className={inside ? "after is-in" : "after"} style={style}>{inside ? <span>{words(step, now, phone)}</span> : words(step, now, phone)}</span>
    </>
  );
}

/** In a long list what failed comes first and what runs next, so nobody scrolls to what matters. */
export function whatMatters(steps: readonly StepRow[]): readonly StepRow[] {
  const rank = (step: StepRow) => (step.status === "failure" ? 0 : stepState(step.status) === "running" ? 1 : 2);
  return steps.length > LONG ? steps.toSorted((left, right) => rank(left) - rank(right)) : steps;
}

/** Whatever scrolls the element. */
function scrollerOf(element: Element | null): Element | null {
  for (let above = element?.parentElement ?? null; above; above = above.parentElement) if (/auto|scroll/.test(getComputedStyle(above).overflowY)) return above;
  return null;
}

/** The rows in sight of a list that something around it scrolls: thousands of steps are drawn as fast as ten. */
function useRows(count: number) {
  const list = useRef<HTMLDivElement>(null);
  const [scroller, setScroller] = useState<Element | null>(null);
  const [margin, setMargin] = useState(0);
  // What stands above the list comes and goes with what happens; a state set to what it is draws nothing anew.
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- measured after each drawing
  useLayoutEffect(() => {
    const found = scrollerOf(list.current);
    setScroller(found);
    if (found && list.current) setMargin(Math.round(list.current.getBoundingClientRect().top - found.getBoundingClientRect().top + found.scrollTop));
  });
  const virtual = useVirtualizer({ count, getScrollElement: () => scroller, estimateSize: () => ROW, overscan: BEYOND, scrollMargin: margin, initialRect: { width: 0, height: BEYOND * ROW } });
  return { list, virtual, margin };
}

/** The timeline of a run. A click on a row selects the step. */
export function Timeline({ steps, from, until, now, live, selected, onSelect, phone }: TimelineProps) {
  const [unfolded, setUnfolded] = useState(false);
  const quiet = (step: StepRow) => step.startedAt === null && step.workerAt === null && step.queuedAt === null && step.status !== "failure";
  const told = steps.filter((step) => !quiet(step) || step.key === selected);
  const loud = whatMatters(told);
  const rest = steps.filter((step) => quiet(step) && step.key !== selected);
  const keep = phone ? 0 : rest.length <= QUIET_SHOWN + 3 ? rest.length : QUIET_SHOWN;
  const shown = unfolded ? [...loud, ...rest] : [...loud, ...rest.slice(0, keep)];
  const folded = steps.length - shown.length;
  const seconds = (until - from) / 1000;
  const step = axisStep(seconds) * (phone ? 2 : 1);
  const labels = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  const id = useId();
  const room = { "--room": `${roomAfter(shown, from, until, now, phone)}px` } as CSSProperties;
  const active = shown.findIndex((row) => row.key === selected);
  const { list, virtual, margin } = useRows(shown.length);
  const slots = virtual.getVirtualItems();
  const above = (slots[0]?.start ?? margin) - margin;
  const below = virtual.getTotalSize() - ((slots.at(-1)?.end ?? margin) - margin);
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (event.key === "Escape") return onSelect(undefined);
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.max(0, Math.min(shown.length - 1, active + by));
    onSelect(shown[next]?.key);
    virtual.scrollToIndex(next);
  };
  return (
    <>
      {/* One stop for the keyboard: arrows choose the step, the log follows. */}
      <div className="tl" style={room}>
        <div ref={list} role="listbox" aria-label="Steps" tabIndex={0} data-jk aria-activedescendant={slots.some((slot) => slot.index === active) ? `${id}-${active}` : undefined} onKeyDown={onKeyDown} style={{ paddingTop: above, paddingBottom: below }}>
          {slots.flatMap(({ index }) => shown.slice(index, index + 1).map((row) => (
            <div key={row.key} id={`${id}-${index}`} role="option" aria-selected={row.key === selected} aria-setsize={shown.length} aria-posinset={index + 1} tabIndex={-1} className={row.key === selected ? "tl-row is-sel" : "tl-row"} title={row.error ?? undefined}
              data-step={row.key} onClick={() => onSelect(row.key === selected ? undefined : row.key)} onKeyDown={onKeyDown}>
              <div className="lab">
                <Glyph state={stepState(row.status)} />
                {phone ? row.title.slice(row.title.lastIndexOf("/") + 1) : <Key name={row.title} />}
              </div>
              <div className="trk"><Track step={row} from={from} until={until} now={now} phone={phone} /></div>
            </div>
          )))}
        </div>
        {folded > 0 && (
          <div className="tl-row">
            <button type="button" className="lab" onClick={() => setUnfolded(true)}><Glyph state={live ? "queued" : "skipped"} word="" /><span className="muted">{plural(folded, "more step")}</span></button>
            <div className="trk"><span className="after" style={{ "--x": "0%" } as CSSProperties}>{live ? "waiting" : "not run"}</span></div>
          </div>
        )}
        {live && now > from && now < until && <div className="tl-now"><i style={{ left: along((now - from) / (until - from)) }} /></div>}
      </div>
      <div className="tl-axis" style={room} aria-hidden="true">
        <div />
        <div>
          {labels.map((value) => <span key={value} style={{ "--x": along(value / Math.max(seconds, 1e-6)) } as CSSProperties}>{axisLabel(value)}</span>)}
        </div>
      </div>
    </>
  );
}
