/** A run beside the list: state, error with its line, facts, steps. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { peekQuery } from "../api/queries";
import { plural } from "../format/number";
import { failedSomewhere, runSeconds, runState, runWord, shortId, stepState, trigger } from "../format/run";
import { clockSeconds, dayMonth, duration } from "../format/time";
import { Broken, Key, Skeleton } from "../parts/controls";
import { Glyph, stateWord } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { DurationBar } from "../parts/small";
import { placeOf, userFrame } from "../parts/stack";
import { useSecond } from "../parts/time";
import { useCancel, useRetry } from "./run-actions";

const STEPS_SHOWN = 14;

/** The panel to the right of the list. */
export function RunInspector({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(peekQuery(id));
  const retry = useRetry();
  const cancel = useCancel();
  const run = query.data;
  const second = useSecond(run !== undefined && run !== null && run.endedAt === null);
  const close = <button type="button" className="btn btn-icon btn-quiet" aria-label="Close the inspector" onClick={onClose}><Icon name="close" /></button>;
  if (!run) {
    return (
      <aside className="inspector" aria-label="Inspector">
        <header><span className="grow" />{close}</header>
        {query.isError ? <Broken what="The run" error={query.error} onRetry={() => void query.refetch()} /> : query.isPending ? <Skeleton rows={6} /> : <p className="muted">There is no run {id}.</p>}
      </aside>
    );
  }
  const seconds = runSeconds(run, second);
  const frame = run.error ? userFrame(run.error) : undefined;
  const sourceLine = frame?.source?.[frame.line - (frame.first_source_line ?? frame.line)]?.trim();
  const bad = run.steps.filter((step) => step.status === "failure");
  const steps = [...bad, ...run.steps.filter((step) => step.status !== "failure")].slice(0, STEPS_SHOWN);
  return (
    <aside className="inspector" aria-label="Inspector" data-testid="inspector">
      <header>
        <div className="grow">
          <div className="mono faint">{shortId(run.id)}</div>
          <h2><Key name={run.title} />{run.more > 0 && <span className="faint"> +{run.more}</span>}</h2>
        </div>
        <Link to="/r/$runId" params={{ runId: run.id }} className="btn btn-icon btn-quiet" aria-label="Open the run"><Icon name="open" /></Link>
        {close}
      </header>
      <p className="row"><Glyph state={runState(run.status)} word={runWord(run)} shown /><span className="muted">{outcome(run, seconds)}</span></p>
      {run.errorLine && (
        <div className="inspector-error">
          <p className="mono">{run.errorLine}</p>
          {frame && <p className="muted cut">{placeOf(frame)}{sourceLine ? ` · ${sourceLine}` : ""}</p>}
        </div>
      )}
      <p className="row inspector-do">
        {failedSomewhere(run) && <button type="button" className="btn btn-primary" disabled={retry.isPending} onClick={() => retry.mutate({ id: run.id, strategy: "from_failure" })}>Retry from failure</button>}
        {run.canCancel && <button type="button" className="btn" disabled={cancel.isPending} onClick={() => cancel.mutate({ id: run.id })}><Icon name="stop" />{run.retryAt ? "Stop retrying" : "Cancel run"}</button>}
        <Link to="/r/$runId" params={{ runId: run.id }} className="btn">Open run</Link>
      </p>
      <h3>Facts</h3>
      <dl className="facts">
        {run.partitionKey && <><dt>Partition</dt><dd>{run.partitionKey}</dd></>}
        <dt>Started by</dt><dd>{trigger(run)}</dd>
        <dt>{run.startedAt ? "Started" : "Asked for"}</dt><dd>{started(run)}</dd>
        {seconds !== undefined && <><dt>Duration</dt><dd><DurationBar seconds={seconds} typical={run.typicalSeconds} scale={Math.max(seconds, run.typicalSeconds ?? 0) * 1.4} /></dd></>}
        {run.typicalSeconds !== null && <><dt>Typical</dt><dd className="muted">{duration(run.typicalSeconds)} (median)</dd></>}
        <dt>Location</dt><dd>{run.location}</dd>
        {run.waitsFor && <><dt>Waits for</dt><dd>{run.waitsFor}</dd></>}
      </dl>
      <h3>Steps <span className="faint">{run.stepsDone} of {run.stepsTotal}</span></h3>
      <ul className="steplist">
        {steps.map((step) => (
          <li key={step.key}>
            <Glyph state={stepState(step.status)} />
            <span className="grow cut"><Key name={step.title} /></span>
            <span className="muted">{step.startedAt ? duration(runSeconds(step, second) ?? 0) : step.status === "not_run" ? "not run" : step.status === "skipped" ? "skipped" : ""}</span>
          </li>
        ))}
      </ul>
      {run.steps.length > STEPS_SHOWN && <p className="faint">and {plural(run.steps.length - STEPS_SHOWN, "more step")}</p>}
      {(run.errorSeen ?? 0) > 1 && run.errorFirstAt && (
        <>
          <h3>Seen before</h3>
          <p className="muted">{plural(run.errorSeen ?? 0, "time")} in 7 days, first on {dayMonth(Date.parse(run.errorFirstAt), second)}.</p>
        </>
      )}
    </aside>
  );
}

function started(run: { createdAt: string; startedAt: string | null }): string {
  if (!run.startedAt) return clockSeconds(Date.parse(run.createdAt));
  const waited = (Date.parse(run.startedAt) - Date.parse(run.createdAt)) / 1000;
  return `${clockSeconds(Date.parse(run.startedAt))}${waited >= 0.5 ? `, waited ${duration(waited)}` : ""}`;
}

function outcome(run: { status: string; stepsDone: number; stepsTotal: number }, seconds: number | undefined): string {
  const took = seconds === undefined ? "" : `after ${duration(seconds)}`;
  if (run.status === "failure") return `at step ${Math.min(run.stepsDone, run.stepsTotal)} of ${run.stepsTotal}, ${took}`;
  if (runState(run.status) === "running") return `${run.stepsDone} of ${run.stepsTotal} steps, for ${duration(seconds ?? 0)}`;
  if (run.status === "queued") return "";
  return took || stateWord(runState(run.status)).toLowerCase();
}
