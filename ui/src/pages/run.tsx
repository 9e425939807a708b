/** One run: what broke and where, how it went, what it said. */

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Fragment, type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { RunPageResult } from "../api/generated";
import { runQuery } from "../api/queries";
import type { ErrorInfo, StepRow } from "../api/shapes";
import { count, plural } from "../format/number";
import { andMore, beginning, errorWords, failedSomewhere, hasEnded, retryWord, runSeconds, runState, runWord, shortId, stepState } from "../format/run";
import { placeWords, runAdvice, stepAdvice } from "../format/step";
import { clock, clockSeconds, dayKey, dayMonth, duration } from "../format/time";
import { usePhone } from "../list/media";
import { Broken, Key, Menu, type MenuItem, Panel, Seg, Skeleton, toast } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { labelOf, Metadata } from "../parts/metadata";
import { errorText, Frames } from "../parts/stack";
import { Timeline, whatMatters } from "../parts/timeline";
import { RunWaits, waitWords } from "../parts/waits";
import { useSecond } from "../parts/time";
import { openLaunch } from "../shell/launch-store";
import { Title } from "../shell/title";
import { NotFound } from "./missing";
import { useCancel, useRetry } from "./run-actions";
import { RunLogPanel } from "./run-log";

type Run = NonNullable<RunPageResult["run"]>;
type View = "timeline" | "steps" | "about";

/** The page of a run. */
export default function RunPage() {
  const { runId } = useParams({ from: "/r/$runId" });
  const query = useQuery(runQuery(runId));
  if (query.isPending) return <div className="section waiting"><Title name={`Run ${shortId(runId)}`} /><Skeleton rows={10} /></div>;
  if (query.isError && !query.data) return <div className="section waiting"><Title name={`Run ${shortId(runId)}`} /><Broken what="The run" error={query.error} onRetry={() => void query.refetch()} /></div>;
  if (!query.data) return <NotFound what="run" name={runId} />;
  return <RunView key={query.data.id} run={query.data} />;
}

function RunView({ run }: { run: Run }) {
  const phone = usePhone();
  const live = !hasEnded(run.status);
  const now = useSecond(live || run.retryAt !== null);
  const [view, setView] = useState<View>("timeline");
  const [pane, setPane] = useState<1 | 2 | 3>(1);
  // Undefined means the person has not chosen: then the failed step is.
  const [chosen, setChosen] = useState<string | null | undefined>(undefined);
  const step = chosen === undefined ? (run.failedStepKey ?? undefined) : (chosen ?? undefined);
  const choose = (key: string | undefined) => setChosen(key ?? null);
  usePaneKeys(setPane);
  const root = useRef<HTMLDivElement>(null);
  const failed = run.status === "failure" && (run.error !== null || run.errorLine !== null);
  const failedStep = run.steps.find((item) => item.key === run.failedStepKey);
  return (
    <div className={`split run-page pane-${pane}`} ref={root}>
      <RunHead run={run} now={now} live={live} step={chosen ?? run.failedStepKey ?? undefined} />
      {pane !== 3 && (
        <div className="run-top">
          {live && run.startedAt && <Progress run={run} now={now} />}
          {live && <RunWaits reason={run.waitReason} steps={run.steps} />}
          {failed && <FailureCard run={run} error={run.error as ErrorInfo | null} step={failedStep} />}
          <section className="section" aria-label="Steps of the run">
            <div className="section-head run-views">
              <Seg label="View" value={view} options={[{ value: "timeline", text: "Timeline" }, { value: "steps", text: "Steps" }, { value: "about", text: "About" }]} onChange={setView} />
              <p>{tally(run.steps)}</p>
              {view === "timeline" && <span className="end legend wide-only" aria-hidden="true"><LegendMark kind="q" />queued<LegendMark kind="u" />start-up<LegendMark kind="" />run</span>}
            </div>
            <Panel what="The steps">
              {view === "timeline" && <RunTimeline run={run} now={now} live={live} step={step} onStep={choose} phone={phone} />}
              {view === "steps" && <StepTable run={run} now={now} step={step} onStep={choose} />}
              {view === "about" && <About run={run} />}
            </Panel>
          </section>
        </div>
      )}
      {pane === 1 && !phone && <Splitter root={root} />}
      {pane !== 2 && (
        <Panel what="The log">
          <RunLogPanel runId={run.id} files={run.logFiles} live={live} startedAt={run.startedAt} steps={run.steps} step={step} onStep={choose} />
        </Panel>
      )}
    </div>
  );
}

function usePaneKeys(setPane: (pane: 1 | 2 | 3) => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.target instanceof Element && event.target.closest("input, textarea, dialog"))) return;
      if (event.key === "1" || event.key === "2" || event.key === "3") setPane(Number(event.key) as 1 | 2 | 3);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [setPane]);
}

function RunHead({ run, now, live, step }: { run: Run; now: number; live: boolean; step: string | undefined }) {
  const retry = useRetry();
  const cancel = useCancel();
  const seconds = runSeconds(run, now);
  const started = Date.parse(run.startedAt ?? run.createdAt);
  const when = dayKey(started) === dayKey(now) ? clockSeconds(started) : `${dayMonth(started, now)} ${clock(started)}`;
  const facts = [
    run.partitionKey && `partition ${run.partitionKey}`,
    beginning(run),
    when,
    seconds !== undefined && `${duration(seconds)}${run.typicalSeconds === null ? "" : `, typical ${duration(run.typicalSeconds)}`}`,
    run.status === "queued" && !run.waitReason?.holders.length && run.waitsFor,
    run.resumes > 0 && `resumed ${plural(run.resumes, "time")}`,
    retryWord(run, now),
  ].filter((fact): fact is string => Boolean(fact));
  const more: MenuItem[] = [
    { text: "Copy the id", onPick: () => void navigator.clipboard?.writeText(run.id).then(() => toast("Copied.")) },
    { text: "Copy as command", onPick: () => void navigator.clipboard?.writeText(`rostrum run show ${run.id}`).then(() => toast("Copied.")) },
    { text: "Download debug bundle", onPick: () => window.open(`/api/runs/${encodeURIComponent(run.id)}/bundle`, "_blank", "noopener") },
  ];
  const again = (steps?: string) => openLaunch({ again: { runId: run.id, canResume: failedSomewhere(run), config: run.config, known: run.steps.map((item) => item.key), ...(steps ? { steps } : {}) } });
  if (run.canRetry) more.unshift({ text: "Run again with changes…", onPick: () => again() });
  else more.unshift({ text: "Launch again with changes…", onPick: () => openLaunch({ location: run.location, ...(run.job.startsWith("__") ? { assetKeys: run.assetKeys } : { job: run.job }), ...(run.partitionKey ? { partitionKeys: [run.partitionKey] } : {}) }) });
  if (run.canRetry && step) more.unshift({ text: `Run ${step} again…`, onPick: () => again(step) }, { text: `Run ${step} and what follows again…`, onPick: () => again(`${step}*`) });
  if (failedSomewhere(run)) more.unshift({ text: "Run all steps again", onPick: () => retry.mutate({ id: run.id, strategy: "all" }) });
  if (run.canCancel && run.status === "canceling") more.unshift({ text: "Kill the worker now", onPick: () => cancel.mutate({ id: run.id, force: true }) });
  return (
    <header className="page-head">
      <div className="grow">
        <nav className="crumbs" aria-label="Breadcrumb"><Link to="/runs">Runs</Link><span aria-hidden="true">/</span><span className="mono" title={run.id}>{shortId(run.id)}</span></nav>
        <Title name={`${run.title}, ${runWord(run).toLowerCase()}`}><Key name={run.title} /> {run.more > 0 && <span className="faint light">{andMore(run.more)}</span>}</Title>
        <p className="run-line" data-testid="run-status"><Glyph state={run.disconnectedAt && live ? "late" : runState(run.status)} word={runWord(run)} shown />
          <span className="muted">{facts.join("  ·  ")}</span>
        </p>
      </div>
      <div className="actions">
        {failedSomewhere(run) && <button type="button" className="btn btn-primary" disabled={retry.isPending} onClick={() => retry.mutate({ id: run.id, strategy: "from_failure" })}>Retry from failure</button>}
        {run.canRetry && run.status === "success" && <button type="button" className="btn" disabled={retry.isPending} onClick={() => retry.mutate({ id: run.id, strategy: "all" })}><Icon name="retry" />Run again</button>}
        {run.canCancel && <button type="button" className="btn" disabled={cancel.isPending || run.status === "canceling"} onClick={() => cancel.mutate({ id: run.id })}><Icon name="stop" />{run.retryAt ? "Stop retrying" : run.status === "canceling" ? "Canceling" : "Cancel run"}</button>}
        <Menu label="More actions" className="btn btn-icon" items={more}><Icon name="more" /></Menu>
      </div>
    </header>
  );
}

function tally(steps: readonly StepRow[]): string {
  const number = (...statuses: string[]) => steps.filter((step) => statuses.includes(step.status)).length;
  const parts: [number, string][] = [
    [number("success"), "succeeded"], [number("failure"), "failed"], [number("running", "starting", "retrying"), "running"], [number("waiting"), "waiting"],
    [number("skipped"), "skipped"], [number("canceled"), "canceled"], [number("not_run"), "not run"],
  ];
  return parts.filter(([size]) => size > 0).map(([size, word]) => `${count(size)} ${word}`).join(", ") || plural(steps.length, "step");
}

function Progress({ run, now }: { run: Run; now: number }) {
  const seconds = runSeconds(run, now) ?? 0;
  const share = Math.max(run.stepsTotal > 0 ? run.stepsDone / run.stepsTotal : 0, run.typicalSeconds ? Math.min(0.97, seconds / run.typicalSeconds) * 0.9 : 0);
  const left = run.typicalSeconds === null ? undefined : run.typicalSeconds - seconds;
  const guess = left === undefined ? "" : left > 1 ? `about ${duration(Math.max(1, Math.round(left)))} left, likely done by ${clock(now + left * 1000)}` : `${duration(-left)} over its typical time`;
  return (
    <div className="section run-progress">
      <div className="meter" role="progressbar" aria-label="Steps done" aria-valuemin={0} aria-valuemax={run.stepsTotal} aria-valuenow={run.stepsDone}><i style={{ width: `${share * 100}%` }} /></div>
      <p className="row"><span className="grow"><b>{run.stepsDone} of {plural(run.stepsTotal, "step")}</b> <span className="muted">done</span></span><span className="muted wide-only">{guess}</span></p>
    </div>
  );
}

const REASONS: Record<string, string> = {
  step_failure: "", worker_died: "The worker process died.", worker_lost: "The worker has not been heard of and was given up.", launch_failure: "No worker could be started.",
  load_failure: "The definitions did not load.", resource_failure: "A resource could not be set up.", timeout: "How long a run may take says its tag rostrum/max_runtime, else monitor.max_runtime.", engine_error: "The engine itself failed.",
};

function FailureCard({ run, error, step }: { run: Run; error: ErrorInfo | null; step: StepRow | undefined }) {
  const [head, ...rest] = (error ? errorWords(error) : (run.errorLine ?? "")).trim().split("\n");
  const copy = () => void navigator.clipboard?.writeText(error ? errorText(error) : (run.errorLine ?? "")).then(() => toast("Copied."));
  const link = () => void navigator.clipboard?.writeText(window.location.href).then(() => toast("Link copied."));
  const reason = REASONS[run.failureReason ?? ""] ?? "";
  const advice = runAdvice(run.failureReason) || stepAdvice(step?.cause, step?.error);
  const others = run.steps.filter((item) => item.status === "failure" && item !== step).length;
  const told = Object.entries(step?.metadata ?? {});
  return (
    <section className="failure" aria-label="Failure" data-testid="failure">
      <div className="top">
        <Glyph state="failed" word="" />
        <div className="grow">
          <h2>{head}</h2>
          {rest.length > 0 && <pre className="rest">{rest.slice(0, 12).join("\n").trim()}</pre>}
          <p className="why">{step ? <>in step <Key name={step.title} />{step.attempts > 1 ? `, after ${step.attempts} attempts` : ""}{step.where ? `, in ${placeWords(step.where)}` : ""}. </> : null}{reason} {advice}{others > 0 ? ` ${plural(others, "other step")} failed, too.` : ""}</p>
          {told.length > 0 && <dl className="facts">{told.map(([name, value]) => <Fragment key={name}><dt className="cut" title={name}>{labelOf(name)}</dt><dd><Metadata name={name} value={value} /></dd></Fragment>)}</dl>}
        </div>
        <div className="row nowrap wide-only failure-do">
          <button type="button" className="btn" onClick={copy}><Icon name="copy" />Copy</button>
          <button type="button" className="btn btn-icon" aria-label="Copy link" onClick={link}><Icon name="link" /></button>
        </div>
      </div>
      {error && (
        <Frames error={error}>
          {(run.errorSeen ?? 0) > 0 && run.errorFirstAt && <span>{run.errorSeen === 1 ? "First time in 7 days" : `Seen ${plural(run.errorSeen ?? 0, "time")} in 7 days, first ${firstSeen(Date.parse(run.errorFirstAt))}`}</span>}
          {run.checksFailed > 0 && <span>{plural(run.checksFailed, "check")} failed</span>}
        </Frames>
      )}
    </section>
  );
}

function firstSeen(at: number): string {
  const now = Date.now();
  return dayKey(at) === dayKey(now) ? `at ${clock(at)}` : `on ${dayMonth(at, now)}`;
}

function LegendMark({ kind }: { kind: string }) {
  return <i className={`legend-mark ${kind}`} />;
}

function RunTimeline({ run, now, live, step, onStep, phone }: { run: Run; now: number; live: boolean; step: string | undefined; onStep: (key: string | undefined) => void; phone: boolean }) {
  const times = run.steps.flatMap((item) => [item.queuedAt, item.workerAt, item.startedAt]).flatMap((at) => (at ? [Date.parse(at)] : []));
  const from = Math.min(Date.parse(run.startedAt ?? run.createdAt), ...times);
  const expected = run.typicalSeconds ? from + run.typicalSeconds * 1000 : from;
  const ends = run.steps.flatMap((item) => (item.endedAt ? [Date.parse(item.endedAt)] : []));
  const until = live ? Math.max(now + 500, Math.min(expected, now + (now - from) * 2 + 10_000)) : Math.max(Date.parse(run.endedAt ?? run.createdAt), ...ends, from + 1);
  return <Timeline steps={run.steps} from={from} until={until} now={now} live={live} selected={step} onSelect={onStep} phone={phone} />;
}

/** Rows of the table at first; all are one click away. */
const TABLE_ROWS = 300;

function StepTable({ run, now, step, onStep }: { run: Run; now: number; step: string | undefined; onStep: (key: string | undefined) => void }) {
  const [all, setAll] = useState(false);
  const rows = all ? run.steps : whatMatters(run.steps).slice(0, TABLE_ROWS);
  return (
    <div className="table-box">
      <table className="grid inset">
        <thead><tr><th>Step</th><th className="w96">State</th><th className="num w80">Duration</th><th className="num w80">Start-up</th><th className="num w80">Attempts</th><th>Where</th><th>Waits for, or error</th></tr></thead>
        <tbody>
          {rows.map((item) => {
            const seconds = runSeconds(item, now);
            const startUp = item.workerAt && item.startedAt ? (Date.parse(item.startedAt) - Date.parse(item.workerAt)) / 1000 : undefined;
            return (
              <tr key={item.key} aria-selected={item.key === step} onClick={() => onStep(item.key === step ? undefined : item.key)}>
                <td><button type="button" className="plain" onClick={() => undefined}><Key name={item.title} /></button></td>
                <td><Glyph state={stepState(item.status)} word="" /> {item.status.replace("_", " ")}</td>
                <td className="num">{seconds === undefined ? "" : duration(seconds)}</td>
                <td className="num muted">{startUp === undefined ? "" : duration(startUp)}</td>
                <td className="num muted">{item.attempts > 0 ? item.attempts : ""}</td>
                <td className="muted">{item.where ? placeWords(item.where) : ""}</td>
                <td className={item.error ? "mono" : "muted"} title={item.error ?? undefined}>{item.error ?? (item.waitsFor ? waitWords(item.waitsFor) : item.status === "waiting" ? item.upstream.join(", ") : "")}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length < run.steps.length && <p className="table-more"><button type="button" className="btn" onClick={() => setAll(true)}>Show all {count(run.steps.length)} steps</button></p>}
    </div>
  );
}

function RunLinks({ runs }: { runs: Run["retries"] }) {
  return runs.map((other, index) => <Fragment key={other.id}>{index > 0 && ", "}<Link className="link" to="/r/$runId" params={{ runId: other.id }}><span className="mono">{shortId(other.id)}</span> {runWord(other).toLowerCase()}</Link></Fragment>);
}

function About({ run }: { run: Run }) {
  const tags = Object.entries(run.tags);
  // The first run and all its retries are one family, the youngest first.
  const before = run.retries.filter((other) => other.createdAt < run.createdAt && other.id !== run.parentRunId);
  const after = run.retries.filter((other) => other.createdAt > run.createdAt);
  return (
    <div className="run-about">
      <dl className="facts">
        <dt>Id</dt><dd className="mono">{run.id}</dd>
        <dt>Job</dt><dd>{run.job.startsWith("__") ? "assets" : run.job}</dd>
        <dt>Location</dt><dd>{run.location}</dd>
        {run.parentRunId && <><dt>Retry of</dt><dd><Link className="link mono" to="/r/$runId" params={{ runId: run.parentRunId }}>{shortId(run.parentRunId)}</Link></dd></>}
        {before.length > 0 && <><dt>Before it</dt><dd><RunLinks runs={before} /></dd></>}
        {after.length > 0 && <><dt>{run.parentRunId ? "After it" : "Retried as"}</dt><dd><RunLinks runs={after} /></dd></>}
        {run.retryNote && <><dt>Not retried</dt><dd>{run.retryNote}</dd></>}
        {run.backfillId && <><dt>Backfill</dt><dd><Link className="link mono" to="/b/$backfillId" params={{ backfillId: run.backfillId }}>{shortId(run.backfillId)}</Link></dd></>}
        <dt>Assets</dt><dd>{run.assetKeys.length === 0 ? "none" : run.assetKeys.slice(0, 24).map((key) => <Link key={key} className="chip asset-chip" to="/a/$" params={{ _splat: key }}>{key}</Link>)}{run.assetKeys.length > 24 && ` and ${count(run.assetKeys.length - 24)} more`}</dd>
        {tags.length > 0 && <><dt>Tags</dt><dd>{tags.map(([key, value]) => <span key={key} className="chip asset-chip"><i>{key}</i> {value}</span>)}</dd></>}
      </dl>
      <div>
        <h3>Configuration</h3>
        {Object.keys(run.config).length === 0 ? <p className="muted">The defaults.</p> : <pre className="code-box" tabIndex={0}>{JSON.stringify(run.config, null, 2)}</pre>}
      </div>
    </div>
  );
}

/** The border between timeline and log: dragged, or moved with the arrow keys. */
function Splitter({ root }: { root: React.RefObject<HTMLDivElement | null> }) {
  const [share, setShare] = useState<number>();
  const apply = (value: number) => {
    const next = Math.max(15, Math.min(85, value));
    setShare(next);
    root.current?.style.setProperty("--top", `${next}%`);
  };
  const current = () => {
    const box = root.current?.getBoundingClientRect();
    const top = root.current?.querySelector(".run-top")?.getBoundingClientRect();
    return box && top ? (100 * top.height) / box.height : 50;
  };
  const drag = (event: React.PointerEvent) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = root.current?.getBoundingClientRect();
    const top = root.current?.querySelector(".run-top")?.getBoundingClientRect();
    if (!box || !top) return;
    const move = (moved: PointerEvent) => apply((100 * (moved.clientY - top.top)) / box.height);
    const target = event.currentTarget as HTMLElement;
    const stop = () => target.removeEventListener("pointermove", move);
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", stop, { once: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 5 : event.key === "ArrowUp" ? -5 : 0;
    if (by === 0) return;
    event.preventDefault();
    apply((share ?? current()) + by);
  };
  return <div className="splitter" role="separator" aria-orientation="horizontal" aria-label="Between steps and log" aria-valuenow={Math.round(share ?? 50)} aria-valuemin={15} aria-valuemax={85} tabIndex={0} onPointerDown={drag} onKeyDown={onKeyDown} />;
}
