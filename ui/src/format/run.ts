/** Words and states for runs and steps. */

import type { StepStatus } from "../api/shapes";
import type { State } from "../parts/glyph";
import { plural } from "./number";
import { duration } from "./time";

const RUN_STATES: Record<string, State> = {
  queued: "queued", starting: "running", running: "running", canceling: "running", success: "success", failure: "failed", canceled: "canceled",
};
const RUN_WORDS: Record<string, string> = {
  queued: "Queued", starting: "Starting", running: "Running", canceling: "Canceling", success: "Success", failure: "Failed", canceled: "Canceled",
};
const STEP_STATES: Record<StepStatus, State> = {
  waiting: "queued", starting: "running", running: "running", success: "success", failure: "failed", skipped: "skipped", not_run: "skipped", canceled: "canceled", retrying: "running",
};
const ASSET_STATES = ["unknown", "success", "failed", "running"] as const;

/** The drawing for a run's status. */
export function runState(status: string): State {
  return RUN_STATES[status] ?? "unknown";
}

/** The word for a run's status; a silent worker is told. */
export function runWord(run: { status: string; disconnectedAt?: string | null }): string {
  const word = RUN_WORDS[run.status] ?? run.status;
  return run.disconnectedAt && runState(run.status) === "running" ? `${word}, worker silent` : word;
}

export function stepState(status: StepStatus): State {
  return STEP_STATES[status] ?? "unknown";
}

/** The drawing for an asset's state, by the number of the table or its name. */
export function assetState(status: number | string): State {
  if (typeof status === "number") return ASSET_STATES[status] ?? "unknown";
  return ({ materialized: "success", failed: "failed", running: "running", missing: "unknown" } as Record<string, State>)[status] ?? "unknown";
}

/** The word for an asset's state. */
export function assetWord(status: number | string): string {
  const name = typeof status === "number" ? ["missing", "materialized", "failed", "running"][status] : status;
  return ({ missing: "Never materialized", materialized: "Materialized", failed: "Failed", running: "Running" } as Record<string, string>)[name ?? ""] ?? "Unknown";
}

export function checkState(status: string): State {
  return ({ passed: "success", failed: "failed", running: "running", missing: "unknown" } as Record<string, State>)[status] ?? "unknown";
}

export function tickState(status: string): State {
  return ({ started: "running", success: "success", skipped: "skipped", failure: "failed", missed: "late" } as Record<string, State>)[status] ?? "unknown";
}

/** Whether a run has come to its end. */
export function hasEnded(status: string): boolean {
  return status === "success" || status === "failure" || status === "canceled";
}

/** Seconds a run took, or takes until `now`; undefined while it has not started. */
export function runSeconds(run: { startedAt: string | null; endedAt: string | null }, now: number): number | undefined {
  if (!run.startedAt) return undefined;
  return Math.max(0, ((run.endedAt ? Date.parse(run.endedAt) : now) - Date.parse(run.startedAt)) / 1000);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Who or what started a run: `daily_ingest`, `on-call`, `backfill 68d6b8`, `retry of b7ca60`. */
export function trigger(run: { triggerKind: string; triggerName: string }): string {
  if (UUID.test(run.triggerName)) return `${run.triggerKind === "retry" ? "retry of" : run.triggerKind || "run"} ${shortId(run.triggerName)}`;
  return run.triggerName || run.triggerKind || "unknown";
}

/** `ValueError: no gust`; some errors have a name alone. */
export function errorWords(error: { class_name: string; message: string }): string {
  return error.message.trim() === "" ? error.class_name : `${error.class_name}: ${error.message}`;
}

/** How a run began, for a person: `started by daily_ingest`, `retry of b7ca60 by ada`. */
export function beginning(run: { triggerKind: string; triggerName: string; parentRunId: string | null }): string {
  if (!run.parentRunId || run.triggerKind !== "retry") return `started by ${trigger(run)}`;
  return `retry of ${shortId(run.parentRunId)}${run.triggerName && !UUID.test(run.triggerName) ? ` by ${run.triggerName}` : ""}`;
}

/** A starter's name alone, as facets have it. */
export function starter(name: string): string {
  return UUID.test(name) ? `backfill ${shortId(name)}` : name;
}

/** Whether retrying from the failure means anything for a run. */
export function failedSomewhere(run: { status: string; canRetry: boolean }): boolean {
  return run.canRetry && (run.status === "failure" || run.status === "canceled");
}

/** What becomes of a failed run by itself: `will be retried in 12 s (2 of 3)`. */
export function retryWord(run: { retryAt: string | null; retryNumber: number | null; retryMost: number | null }, now: number): string | undefined {
  if (!run.retryAt) return undefined;
  const left = (Date.parse(run.retryAt) - now) / 1000;
  const when = left > 0.5 ? `in ${duration(Math.round(left))}` : "now";
  return `will be retried ${when} (${run.retryNumber} of ${run.retryMost})`;
}

/** The part of an id people read and say: its end, since ids begin with the time they were made. */
export function shortId(id: string): string {
  return id.slice(-6);
}

/** `and 5 more` beside a title. */
export function andMore(more: number): string {
  return more > 0 ? `and ${plural(more, "more", "more")}` : "";
}
