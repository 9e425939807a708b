/** Steps over time: label column left, phases as bars, the text after the bar. Rows of 22 px. */

import { type CSSProperties, type KeyboardEvent, useId, useState } from "react";
import type { StepRow } from "../api/shapes";
import { plural } from "../format/number";
import { stepState } from "../format/run";
import { duration } from "../format/time";
import { Key } from "./controls";
import { Glyph } from "./glyph";
import { waitWords } from "./waits";

/** The share of the track that the run fills; the rest is for the text after the last bar. */
const FILL = 0.92;
/** Waiting and not-run steps shown before the rest is folded. */
const QUIET_SHOWN = 3;
/** More rows than this do not fit beside a failure and a log. */
const LONG = 10;
/** Rows drawn at most; more are folded behind a button. */
const MOST = 400;

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

function bar(from: number, until: number, start: number, end: number): CSSProperties {
  const share = (value: number) => ((Math.max(from, Math.min(until, value)) - from) / Math.max(1, until - from)) * 100 * FILL;
  return { "--x": `${share(start)}%`, "--w": `${Math.max(0, share(end) - share(start))}%` } as CSSProperties;
}

function words(step: StepRow, now: number): string {
  const start = at(step.startedAt);
  if (step.status === "not_run") return "not run";
  if (step.status === "skipped") return "skipped";
  if (step.waitsFor) return waitWords(step.waitsFor);
  if (step.status === "waiting") return step.queuedAt ? "waits for a slot" : "";
  if (start === undefined) return step.status === "starting" ? "starting" : step.status === "canceled" ? "canceled" : "";
  const end = at(step.endedAt);
  const took = duration(((end ?? now) - start) / 1000);
  const again = step.attempts > 1 ? `, attempt ${step.attempts}` : "";
  if (end === undefined) return `${took} so far${again}`;
  return step.status === "canceled" ? `${took}, canceled` : `${took}${again}`;
}

function Track({ step, from, until, now }: { step: StepRow; from: number; until: number; now: number }) {
  const queued = at(step.queuedAt);
  const worker = at(step.workerAt);
  const started = at(step.startedAt);
  const end = at(step.endedAt) ?? (step.status === "running" || step.status === "starting" || step.status === "retrying" ? now : undefined);
  const waitEnd = worker ?? started ?? (step.status === "waiting" ? now : undefined);
  const last = end ?? waitEnd ?? queued ?? from;
  const kind = step.status === "failure" ? "f" : stepState(step.status) === "running" ? "r" : "";
  const shown = (last - from) / Math.max(1, until - from);
  return (
    <>
      {queued !== undefined && waitEnd !== undefined && waitEnd - queued > (until - from) * 0.004 && <i className="b q" style={bar(from, until, queued, waitEnd)} title={`queued ${duration((waitEnd - queued) / 1000)}`} />}
      {worker !== undefined && (started ?? end) !== undefined && <i className="b u" style={bar(from, until, worker, started ?? end ?? worker)} title={`start-up ${duration(((started ?? end ?? worker) - worker) / 1000)}`} />}
      {started !== undefined && end !== undefined && <i className={`b ${kind}`} style={bar(from, until, started, end)} />}
      <span className="after" style={{ "--x": `${started === undefined && worker === undefined && queued === undefined ? 0 : shown * 100 * FILL}%` } as CSSProperties}>{words(step, now)}</span>
    </>
  );
}

/** The timeline of a run. A click on a row selects the step. */
export function Timeline({ steps, from, until, now, live, selected, onSelect, phone }: TimelineProps) {
  const [unfolded, setUnfolded] = useState(false);
  const quiet = (step: StepRow) => step.startedAt === null && step.workerAt === null && step.queuedAt === null && step.status !== "failure";
  const told = steps.filter((step) => !quiet(step) || step.key === selected);
  // In a long list what failed comes first and what runs next, so nobody scrolls to what matters.
  const rank = (step: StepRow) => (step.status === "failure" ? 0 : stepState(step.status) === "running" ? 1 : 2);
  const loud = told.length > LONG ? told.toSorted((left, right) => rank(left) - rank(right)) : told;
  const rest = steps.filter((step) => quiet(step) && step.key !== selected);
  const keep = phone ? 0 : rest.length <= QUIET_SHOWN + 3 ? rest.length : QUIET_SHOWN;
  const shown = unfolded ? [...loud, ...rest] : [...loud.slice(0, MOST), ...rest.slice(0, keep)];
  const folded = steps.length - shown.length;
  const seconds = (until - from) / 1000;
  const step = axisStep(seconds) * (phone ? 2 : 1);
  const labels = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  const id = useId();
  const active = shown.findIndex((row) => row.key === selected);
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (event.key === "Escape") return onSelect(undefined);
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.max(0, Math.min(shown.length - 1, active + by));
    onSelect(shown[next]?.key);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      {/* One stop for the keyboard: arrows choose the step, the log follows. */}
      <div className="tl">
        <div role="listbox" aria-label="Steps" tabIndex={0} data-jk aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined} onKeyDown={onKeyDown}>
          {shown.map((row, index) => (
            <div key={row.key} id={`${id}-${index}`} role="option" aria-selected={row.key === selected} tabIndex={-1} className={row.key === selected ? "tl-row is-sel" : "tl-row"} title={row.error ?? undefined}
              data-step={row.key} onClick={() => onSelect(row.key === selected ? undefined : row.key)} onKeyDown={onKeyDown}>
              <div className="lab">
                <Glyph state={stepState(row.status)} />
                {phone ? row.title.slice(row.title.lastIndexOf("/") + 1) : <Key name={row.title} />}
              </div>
              <div className="trk"><Track step={row} from={from} until={until} now={now} /></div>
            </div>
          ))}
        </div>
        {folded > 0 && (
          <div className="tl-row">
            <button type="button" className="lab" onClick={() => setUnfolded(true)}><Glyph state={live ? "queued" : "skipped"} word="" /><span className="muted">{plural(folded, "more step")}</span></button>
            <div className="trk"><span className="after" style={{ "--x": "0%" } as CSSProperties}>{live ? "waiting" : "not run"}</span></div>
          </div>
        )}
        {live && now > from && now < until && <div className="tl-now"><i style={{ left: `${((now - from) / (until - from)) * 100 * FILL}%` }} /></div>}
      </div>
      <div className="tl-axis" aria-hidden="true">
        <div />
        <div>
          {labels.map((value) => <span key={value} style={{ "--x": `${(value / Math.max(seconds, 1e-6)) * 100 * FILL}%` } as CSSProperties}>{axisLabel(value)}</span>)}
        </div>
      </div>
    </>
  );
}
