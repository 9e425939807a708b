/** The first page: what needs a person, then what happened. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type CSSProperties, useState } from "react";
import type { NowPageResult } from "../api/generated";
import { nowQuery } from "../api/queries";
import type { TimelineRow } from "../api/shapes";
import { count, plural, spelled } from "../format/number";
import { runState } from "../format/run";
import { age, clock, duration, shortWhen, upcoming } from "../format/time";
import { usePhone } from "../list/media";
import { Broken, Empty, Menu, Panel, Skeleton } from "../parts/controls";
import { Glyph, type State, stateWord } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { StackedBars } from "../parts/small";
import { Time, useNow } from "../parts/time";
import { Title } from "../shell/title";
import { useSetAutomation } from "./automation-actions";
import { beginningText, Start, useBeginning } from "./now-start";
import { useRetry } from "./run-actions";

type NowData = NowPageResult["now"];
type Attention = NowData["attention"][number];
const WINDOWS = [6, 24, 72, 168];
const ROWS_SHOWN = 24;

function windowText(hours: number): string {
  return hours % 24 === 0 && hours > 24 ? `${hours / 24}\u00a0days` : `${hours}\u00a0h`;
}

/** Attention, throughput, timeline. */
export default function Now() {
  const [hours, setHours] = useState(24);
  const query = useQuery(nowQuery(hours));
  const now = query.data;
  const beginning = useBeginning(now);
  return (
    <>
      <header className="page-head">
        <div className="grow">
          <Title name="Now" headline>{beginning ? "Nothing has run yet" : now ? headline(now) : "Now"}</Title>
          <p className="lede">{beginning ? beginningText(beginning) : now ? lede(now, hours) : " "}</p>
        </div>
        <div className="actions wide-only">
          <Menu label={`Window: last ${windowText(hours)}`} items={WINDOWS.map((value) => ({ text: `Last ${windowText(value)}`, checked: value === hours, onPick: () => setHours(value) }))}>
            Last {windowText(hours)} <Icon name="down" />
          </Menu>
        </div>
      </header>
      {query.isError && !now && <Broken what="What needs attention" error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <div className="section"><Skeleton rows={6} /></div>}
      {now && (
        <>
          <Panel what="The attention list">{beginning ? <Start beginning={beginning} /> : <AttentionList now={now} />}</Panel>
          <div className="section now-figs">
            <Panel what="Throughput"><Throughput now={now} hours={hours} /></Panel>
            <Panel what="The queue"><QueueFigure now={now} /></Panel>
          </div>
          <Panel what="The timeline"><Automations now={now} hours={hours} /></Panel>
        </>
      )}
    </>
  );
}

function headline(now: NowData): string {
  const size = now.attention.length;
  if (size === 0) return "Nothing needs you";
  return `${spelled(size)} ${size === 1 ? "thing needs" : "things need"} you`;
}

function lede(now: NowData, hours: number): string {
  const total = now.throughput.reduce((sum, bucket) => sum + bucket.success + bucket.failure + bucket.canceled, 0);
  const good = now.throughput.reduce((sum, bucket) => sum + bucket.success, 0);
  const held = new Set(now.attention.flatMap((item) => item.consequences)).size;
  const first = held > 0 ? `${held === 1 ? "One step is" : `${spelled(held)} steps are`} held up. ` : now.attention.length === 0 && now.lastFailureAt ? `Last failure ${age((Date.now() - Date.parse(now.lastFailureAt)) / 1000)} ago. ` : "";
  if (total === 0) return `${first}No run has ended in the last ${windowText(hours)}.`;
  return `${first}Of ${plural(total, "run")} in the last ${windowText(hours)}, ${total === good ? "all" : count(good)} went to plan.`;
}

/** What is wrong, without the words that say only that it is. */
function said(item: Attention): string {
  return item.kind === "location" ? item.message.replace(/^DefinitionError: (?:\S+ could not be loaded: )?/, "").replace(/ \(\S+, line \d+\)(?: at \S+:\d+)?$/, "") : item.message;
}

const KIND_STATE: Record<string, State> = { run: "failed", check: "failed", automation: "failed", location: "stale" };

function AttentionList({ now }: { now: NowData }) {
  if (now.attention.length === 0) {
    return (
      <section className="section" aria-label="Attention">
        <div className="attn"><Empty title="All is well">{now.lastFailureAt ? <p>The last failure was <Time at={now.lastFailureAt} form="ago" />.</p> : <p>Failed runs, failing checks and broken code locations appear here, grouped by cause.</p>}</Empty></div>
      </section>
    );
  }
  const firstRun = now.attention.findIndex((item) => item.kind === "run");
  return (
    <section className="section" aria-label="Attention">
      <ul className="attn" data-testid="attention">
        {now.attention.map((item, index) => (
          <AttentionItem key={`${item.kind}${item.title}${item.message}`} item={item} primary={index === firstRun} />
        ))}
      </ul>
    </section>
  );
}

function AttentionItem({ item, primary }: { item: Attention; primary: boolean }) {
  const retry = useRetry();
  const setAutomation = useSetAutomation();
  const word = stateWord(KIND_STATE[item.kind] ?? "failed");
  const verb = { run: "failed", check: "does not pass", automation: "does not tick", location: "does not load" }[item.kind] ?? "";
  const name = item.kind === "run" && item.assetKey && item.assetKey !== item.title ? item.assetKey : item.title;
  const what = item.kind === "location" ? "Code location " : item.kind === "automation" ? "Automation " : "";
  return (
    <>
      <li>
        <Glyph state={KIND_STATE[item.kind] ?? "failed"} word={word} />
        <div>
          <b><Link to={item.href} data-jk>{what}{name}</Link></b> <span className="muted">{verb}{item.kind === "run" && name !== item.title ? `, in ${item.title}` : ""}</span>
          <div className="what mono cut" title={item.message}>{said(item)}</div>
        </div>
        <div className="when"><span><Time at={item.at} form="ago" /></span>{item.times > 1 && <span>{plural(item.times, "time")}</span>}</div>
        <div className="do">
          {item.kind === "run" && item.runId && (
            <button type="button" className={primary ? "btn btn-primary" : "btn"} disabled={retry.isPending} aria-label={`Retry from failure: ${name}`} onClick={() => item.runId && retry.mutate({ id: item.runId, strategy: "from_failure" })}>Retry from failure</button>
          )}
          {item.kind === "automation" && <button type="button" className="btn" aria-label={`Pause ${item.title}`} onClick={() => setAutomation.byName(item.title, false)}>Pause</button>}
          <Link to={item.href} className="btn" aria-label={`${item.kind === "location" ? "Show error" : item.kind === "check" ? "See check" : "Open"}: ${name}`}>{item.kind === "location" ? "Show error" : item.kind === "check" ? "See check" : "Open"}</Link>
        </div>
      </li>
      {item.consequences.length > 0 && (
        <li className="child">
          <span className="elbow" />
          <Glyph state="skipped" word="Held up" />
          <div><b>{item.consequences[0]?.replace(/ not run$/, "")}</b> <span className="muted">{item.consequences.length > 1 ? `and ${item.consequences.length - 1} more were not run` : "was not run"}</span></div>
          <div className="when cut">because {name} failed</div>
          <div className="do" />
        </li>
      )}
    </>
  );
}

function Throughput({ now, hours }: { now: NowData; hours: number }) {
  const sum = (key: "success" | "failure" | "canceled") => now.throughput.reduce((total, bucket) => total + bucket[key], 0);
  const total = sum("success") + sum("failure") + sum("canceled");
  const buckets = now.throughput.map((bucket) => ({ at: Date.parse(bucket.at), ok: bucket.success + bucket.canceled, failed: bucket.failure, running: 0 }));
  const last = buckets.at(-1);
  if (last) last.running = now.counts.runningRuns;
  const most = Math.max(1, ...buckets.map((bucket) => bucket.ok + bucket.failed + bucket.running));
  const every = Math.max(1, Math.round(buckets.length / 6));
  const marks = buckets.flatMap((bucket, index) => (index % every === Math.floor(every / 2) ? [{ index, text: hours > 48 ? shortWhen(bucket.at, 0) : clock(bucket.at) }] : []));
  return (
    <section aria-label="Throughput">
      <div className="section-head"><h2>Throughput</h2><p>{plural(total, "run")}, {count(sum("failure"))} failed, {count(now.counts.runningRuns)} running</p></div>
      <StackedBars buckets={buckets} height={80} label={`Runs an hour: ${plural(total, "run")}, ${sum("failure")} failed, at most ${most} an hour`} marks={marks} top={`${plural(most, "run")}/h`} />
    </section>
  );
}

function QueueFigure({ now }: { now: NowData }) {
  const { counts } = now;
  const slots = counts.slotsTotal;
  return (
    <section aria-label="Queue">
      <div className="section-head"><h2>Queue</h2><p>{counts.queuedRuns === 0 ? "nothing waits" : `${plural(counts.queuedRuns, "run")} waiting`}</p><span className="end"><Link to="/system" className="link">What waits for what</Link></span></div>
      <div className="now-queue">
        <div className="figure"><b>{count(counts.runningRuns)}</b><span>running</span></div>
        <div className="figure"><b>{count(counts.queuedRuns)}</b><span>waiting</span></div>
        <div className="figure">
          <b>{count(counts.slotsUsed)}{slots === null ? "" : ` of ${count(slots)}`}</b><span>slots used</span>
          {slots !== null && slots <= 48 && <div className="slots" aria-hidden="true">{Array.from({ length: slots }, (_, index) => <i key={index} className={index < counts.slotsUsed ? "on" : undefined} />)}</div>}
        </div>
      </div>
    </section>
  );
}

interface Cluster {
  x: number;
  width: number;
  state: State;
  size: number;
  label: string;
  id: string;
}

/** Runs as bars of at least a third of a percent; bars that would touch become one, worst state first. */
function clusters(row: TimelineRow, from: number, until: number): Cluster[] {
  const made: Cluster[] = [];
  const share = (at: number) => (100 * (Math.max(from, Math.min(until, at)) - from)) / (until - from);
  for (const run of row.runs.toSorted((left, right) => left.start.localeCompare(right.start))) {
    const start = Date.parse(run.start);
    const end = run.end ? Date.parse(run.end) : until;
    if (end < from) continue;
    const state = runState(run.status);
    const x = Math.min(99.6, share(start));
    const width = Math.max(0.35, share(end) - x);
    const before = made.at(-1);
    if (before && before.x + before.width + 0.15 > x) {
      before.width = Math.max(before.width, x + width - before.x);
      before.size += 1;
      before.label = `${before.size} runs from ${clock(from + (before.x / 100) * (until - from))}`;
      if (state === "failed" || (state === "running" && before.state !== "failed")) Object.assign(before, { state, id: run.id });
    } else made.push({ x, width, state, size: 1, id: run.id, label: `${stateWord(state)}, ${clock(start)}, ${duration((end - start) / 1000)}` });
  }
  return made;
}

function Automations({ now, hours }: { now: NowData; hours: number }) {
  const current = useNow();
  const phone = usePhone();
  const [all, setAll] = useState(false);
  if (now.timeline.length === 0) return null;
  const until = current + 10_000;
  const from = until - hours * 3_600_000;
  const rows = all ? now.timeline : now.timeline.slice(0, ROWS_SHOWN);
  const axis = [0, 0.25, 0.5, 0.75].slice(0, phone ? 2 : 4).map((share, index) => ({ share: phone ? index * 0.5 : share, at: from + (phone ? index * 0.5 : share) * (until - from) }));
  return (
    <section className="section now-automations" aria-label="Timeline">
      <div className="section-head"><h2>Timeline</h2><p>last {windowText(hours)}</p></div>
      <div className="tl tl-wide">
        {rows.map((row) => {
          const bars = clusters(row, from, until);
          const next = row.next[0];
          return (
            <div key={row.kind + row.name} className="tl-row">
              <Link to={row.href} className="lab"><span>{row.name}</span>{row.kind !== "target" && <span className="faint"> · {row.kind}</span>}</Link>
              <div className="trk is-plain" role="img" aria-label={`${row.name}: ${plural(row.runs.length, "run")}, ${plural(row.ticks.length, "tick")}`}>
                {row.ticks.filter((tick) => (tick.status === "failure" || tick.status === "skipped") && Date.parse(tick.at) > from).map((tick) => (
                  <i key={tick.at} className={tick.status === "failure" ? "b thin f" : "b n"} style={{ "--x": `${(100 * (Date.parse(tick.at) - from)) / (until - from)}%`, "--w": "0.5%" } as CSSProperties} title={`${tick.status === "failure" ? "failed" : "skipped"} ${clock(Date.parse(tick.at))}`} />
                ))}
                {bars.map((bar) => (
                  <i key={bar.id} className={`b ${bar.state === "failed" ? "f" : bar.state === "running" ? "r" : ""}`} style={{ "--x": `${bar.x}%`, "--w": `${bar.width}%` } as CSSProperties} title={bar.label} />
                ))}
                {bars.length === 0 && row.ticks.length === 0 && <span className="after" style={{ "--x": "0%" } as CSSProperties}>{next ? `next ${upcoming(Date.parse(next), current)}` : "no tick"}</span>}
              </div>
            </div>
          );
        })}
      </div>
      <div className="tl-axis tl-wide" aria-hidden="true">
        <div />
        <div>
          {axis.map((mark) => <span key={mark.share} style={{ "--x": `${mark.share * 100}%` } as CSSProperties}>{hours > 48 ? shortWhen(mark.at, 0) : clock(mark.at)}</span>)}
          <span className="end" style={{ "--x": "100%" } as CSSProperties}>now</span>
        </div>
      </div>
      {now.timeline.length > ROWS_SHOWN && !all && <button type="button" className="btn btn-quiet" onClick={() => setAll(true)}>Show {now.timeline.length - ROWS_SHOWN} more</button>}
    </section>
  );
}
