/** Small graphics: durations, sparklines, tick strips, run bars, shares. */

import { type CSSProperties, type KeyboardEvent, useState } from "react";
import { duration } from "../format/time";
import type { State } from "./glyph";

function vars(values: Record<string, string>): CSSProperties {
  return values as CSSProperties;
}

interface DurationBarProps {
  /** Seconds it took, or takes so far. */
  seconds: number;
  /** Its typical value in seconds, when there is history. */
  typical: number | null;
  /** Seconds the full width stands for. */
  scale: number;
}

/** A duration beside its typical value: the bar, a dark tick at p50, the number. */
export function DurationBar({ seconds, typical, scale }: DurationBarProps) {
  const share = (value: number) => `${Math.min(100, Math.max(1.5, (100 * value) / scale))}%`;
  const over = typical !== null && typical > 0 && seconds > typical * 2 && seconds - typical > 5;
  const tip = typical === null ? duration(seconds) : `${duration(seconds)}, typical ${duration(typical)}`;
  return (
    <span className={over ? "dur over" : "dur"} title={tip}>
      <i className={typical === null ? "no-typical" : undefined} style={vars({ "--v": share(seconds), "--p": share(typical ?? 0) })} />
      <b>{duration(seconds)}</b>
    </span>
  );
}

interface SparklineProps {
  values: readonly (number | null)[];
  width?: number;
  height?: number;
  /** Draw the band between the 10th and the 90th percentile. */
  band?: boolean;
  bad?: boolean;
}

/** A line of values, the last one marked. Decoration: the number stands beside it. */
export function Sparkline({ values, width = 72, height = 16, band = false, bad = false }: SparklineProps) {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length < 2) return <svg className="spark" width={width} height={height} aria-hidden="true" />;
  const sorted = known.toSorted((left, right) => left - right);
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const x = (index: number) => (index * width) / (values.length - 1);
  const y = (value: number) => (high === low ? height / 2 : 2 + (height - 4) * (1 - (value - low) / (high - low)));
  const points = values.flatMap((value, index) => (value === null ? [] : [`${x(index).toFixed(1)},${y(value).toFixed(1)}`]));
  const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [top, bottom] = [y(quantile(0.9)), y(quantile(0.1))];
  const last = points.at(-1)?.split(",") ?? ["0", "0"];
  return (
    <svg className={bad ? "spark bad" : "spark"} width={width} height={height} aria-hidden="true">
      {band && <rect className="band" x="0" y={top} width={width} height={Math.max(2, bottom - top)} />}
      <polyline points={points.join(" ")} />
      <circle cx={last[0]} cy={last[1]} r={width > 100 ? 2 : 1.75} />
    </svg>
  );
}

/** One mark of a strip: when, and how it ended. */
export interface Tick {
  at: number;
  state: State;
}

const TICK_HEIGHT: Record<State, number> = {
  failed: 16, late: 16, success: 10, running: 10, queued: 10, stale: 10, canceled: 6, skipped: 4, unknown: 4,
};

/** Ticks of an automation over a window; height tells the result, so colour is not needed. */
export function TickStrip({ ticks, from, until, label, width = 168 }: { ticks: readonly Tick[]; from: number; until: number; label: string; width?: number }) {
  const x = (at: number) => ((at - from) / Math.max(1, until - from)) * (width - 2);
  return (
    <svg className="ticks" width={width} height="20" viewBox={`0 0 ${width} 20`} role="img" aria-label={label}>
      <line x1="0" x2={width} y1="18.5" y2="18.5" />
      {ticks.map((tick) => {
        const height = TICK_HEIGHT[tick.state];
        const kind = tick.state === "failed" ? "f" : tick.state === "running" ? "r" : tick.state === "skipped" ? "s" : undefined;
        return <rect key={`${tick.at}-${tick.state}`} className={kind} x={x(tick.at).toFixed(1)} y={18 - height} width="2" height={height} />;
      })}
    </svg>
  );
}

/** One bar of the history of runs. */
export interface RunBar {
  id: string;
  seconds: number;
  state: State;
  label: string;
}

/** The last runs as bars, height is duration; failures carry a cross. One stop for the keyboard, arrows move among the bars. */
export function RunBars({ runs, slots, typical, onOpen }: { runs: readonly RunBar[]; slots: number; typical: number | null; onOpen: (id: string) => void }) {
  const [active, setActive] = useState(runs.length - 1);
  const at = Math.max(0, Math.min(runs.length - 1, active));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(runs.length - 1, at + by));
    setActive(next);
    event.currentTarget.querySelectorAll("button")[next]?.focus();
  };
  const most = Math.max(1e-3, typical ?? 0, ...runs.map((run) => run.seconds)) * 1.08;
  const shownTypical = typical === null ? undefined : (1 - typical / most) * 100;
  return (
    <div className="runbars" role="toolbar" aria-label="Last runs" style={vars({ "--slots": String(slots) })} onKeyDown={onKeyDown}>
      {shownTypical !== undefined && <div className="mid" style={{ top: `${shownTypical}%` }} />}
      {runs.map((run, index) => (
        <button key={run.id} type="button" tabIndex={index === at ? 0 : -1} title={run.label} aria-label={run.label} onClick={() => onOpen(run.id)}>
          <i className={run.state} style={{ height: `${Math.max(4, (100 * run.seconds) / most)}%` }} />
        </button>
      ))}
    </div>
  );
}

/** A share bar: parts of a whole in the order given. */
export function ShareBar({ parts, total, label }: { parts: readonly { kind: "ok" | "failed" | "stale" | "running"; size: number }[]; total: number; label: string }) {
  const known = { ok: undefined, failed: "f", stale: "s", running: "r" } as const;
  return (
    <span className="pbar" role="img" aria-label={label} title={label}>
      {parts.map((part) =>
        part.size > 0 ? (
          <i key={part.kind} className={known[part.kind]} style={{ width: `${Math.max(1.5, (100 * part.size) / Math.max(1, total))}%` }} />
        ) : null,
      )}
    </span>
  );
}

/** One column of a stacked bar chart over time. */
export interface Bucket {
  at: number;
  ok: number;
  failed: number;
  running: number;
}

interface BarsProps {
  buckets: readonly Bucket[];
  height: number;
  label: string;
  /** Labels under the bars: index and text. */
  marks?: readonly { index: number; text: string }[];
  /** The text at the dashed top line. */
  top?: string;
}

/** Runs over time, stacked by how they ended. Widths are shares, so it fits any column. */
export function StackedBars({ buckets, height, label, marks = [], top }: BarsProps) {
  const most = Math.max(1, ...buckets.map((bucket) => bucket.ok + bucket.failed + bucket.running));
  const part = (size: number) => ({ height: size === 0 ? 0 : `max(2px, ${(100 * size) / most}%)` });
  return (
    <figure className="stacked" aria-label={label}>
      <div className="plot" style={{ height }}>
        {top && <span className="top">{top}</span>}
        {buckets.map((bucket) => (
          <div key={bucket.at} className="col">
            <i className="f" style={part(bucket.failed)} />
            <i className="r" style={part(bucket.running)} />
            <i style={part(bucket.ok)} />
          </div>
        ))}
      </div>
      {marks.length > 0 && (
        <div className="marks" aria-hidden="true">
          {marks.map((mark) => (
            <span key={mark.index} style={{ left: `${(100 * mark.index) / buckets.length}%` }}>
              {mark.text}
            </span>
          ))}
        </div>
      )}
    </figure>
  );
}
