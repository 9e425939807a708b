/** Events and captured output as lines of one log. Pure. */

import type { ErrorInfo, RunEvent } from "../api/shapes";
import { measure, plural } from "../format/number";
import { errorWords, shortId } from "../format/run";
import { causeWords, placeWords } from "../format/step";
import { duration } from "../format/time";

export type Level = "DEBUG" | "INFO" | "WARN" | "ERROR" | "OUT" | "ERR";

/** One line. Output lines have no time of their own. */
export interface LogLine {
  at: number | undefined;
  level: Level;
  text: string;
  step: string | null;
  /** What the engine says about its own work, shown quietly. */
  dim: boolean;
  /** Which attempt of its step it is of. */
  attempt?: number;
  /** Not the first line of what was said. */
  rest?: boolean;
  /** Standard error of an attempt that went well: many programs tell their progress there. */
  calm?: boolean;
}

/** Captured output of one file. */
export interface Output {
  fileKey: string;
  stepKeys: readonly string[];
  /** Which attempt of its one step wrote it, where that is known. */
  attempt?: number | null;
  out: string;
  err: string;
  /** Whether something before the text is not held, for each stream. */
  lost?: { out: boolean; err: boolean };
}

const LEVELS: Record<string, Level> = { debug: "DEBUG", info: "INFO", warning: "WARN", error: "ERROR", critical: "ERROR" };
// oxlint-disable-next-line no-control-regex -- terminal colours begin with the escape character
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** What an attempt tells when its function has returned. */
const RESULTS = new Set(["output_stored", "asset_materialized", "asset_observed", "check_evaluated", "steps_mapped"]);
const ENDS = new Set(["step_succeeded", "step_failed", "step_skipped", "step_not_run", "step_canceled"]);

/** Name of the container or job of a run worker that is no process here. */
function container(worker: unknown): string {
  const { host, pid } = (worker ?? {}) as { host?: string; pid?: number };
  return host && !pid ? `: ${host}` : "";
}

function key(value: unknown): string {
  if (typeof value === "string") return value;
  if (value !== null && typeof value === "object" && "path" in value && Array.isArray(value.path)) return value.path.join("/");
  return "";
}

function check(value: unknown): string {
  if (value === null || typeof value !== "object") return "";
  const parts = value as { asset_key?: unknown; name?: string };
  return `${key(parts.asset_key)} ${parts.name ?? ""}`.trim();
}

function counted(list: unknown, one: string): string {
  return Array.isArray(list) && list.length > 0 ? plural(list.length, one) : "";
}

function took(event: RunEvent): string {
  return typeof event.seconds === "number" && event.seconds > 0 ? ` in ${duration(event.seconds)}` : "";
}

function partition(event: RunEvent): string {
  return typeof event.partition_key === "string" ? ` ${event.partition_key}` : "";
}

function numbers(event: RunEvent): string {
  const found = Object.entries((event.metadata ?? {}) as Record<string, { kind: string; value?: unknown }>)
    .filter(([, value]) => value.kind === "int" || value.kind === "float" || (value.kind === "text" && String(value.value).length < 40))
    .slice(0, 4)
    .map(([name, value]) => `${name} ${typeof value.value === "number" ? measure(value.value) : String(value.value)}`);
  return found.length > 0 ? `: ${found.join(", ")}` : "";
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** What an event says, and how loud. An unknown kind is told by its name. */
export function sentence(event: RunEvent): { level: Level; text: string; dim: boolean } {
  const say = (line: string, level: Level = "INFO", dim = true) => ({ level, text: line, dim });
  switch (event.kind) {
    case "log_message":
      return say(text(event.message), LEVELS[text(event.level)] ?? "INFO", false);
    case "engine_message":
      return say(text(event.message), LEVELS[text(event.level)] ?? "INFO");
    case "run_queued":
      return say("run queued");
    case "run_starting":
      return say(event.resumes ? "another worker is being started, to go on where the last one stopped" : "run admitted, its worker is being started");
    case "run_worker_launched":
      return say(`worker launched by ${text(event.launcher)}${container(event.worker)}`);
    case "run_started":
      return say(`${event.resumed ? `run resumed with ${counted(event.step_keys, "step") || "nothing left to do"}` : "run started"}${event.pid ? `, pid ${event.pid}` : ""}${event.host ? ` on ${event.host}` : ""}`);
    case "run_succeeded":
      return say("run succeeded");
    case "run_failed":
      return say(`run failed: ${text(event.message) || text(event.reason).replaceAll("_", " ")}`, "ERROR", false);
    case "run_canceling":
      if (event.reason === "timeout") return say(`the run has taken too long, and is ended: ${text(event.by)}`, "WARN", false);
      return say(`cancel asked for${event.by ? ` by ${text(event.by)}` : ""}${event.force ? ", by force" : ""}`, "WARN", false);
    case "run_canceled":
      return say("run canceled", "WARN", false);
    case "run_disconnected":
      return say("the worker is silent; the run keeps its place", "WARN", false);
    case "run_reconnected":
      return say("the worker is heard of again");
    case "run_planned":
      return say(`planned ${[counted(event.asset_keys, "asset"), counted(event.check_keys, "check")].filter(Boolean).join(", ") || "nothing"}`);
    case "steps_mapped":
      return say(`yielded items for ${counted(event.step_keys, "step") || "no steps"}`);
    case "hook_completed":
      return say(`hook ${text(event.hook)} ${text(event.outcome) || "completed"}`, event.outcome === "failed" ? "ERROR" : "INFO", event.outcome !== "failed");
    case "step_waiting":
      return say(`waits for ${text(event.reason)} ${text(event.name)}: ${event.limit === 0 ? "nobody is let in (limit 0)" : `${event.limit} of ${event.limit} taken${holders(event.holders)}`}`, "INFO", false);
    case "step_worker_started":
      return say(handed(event));
    case "step_started":
      return say(`step started${(event.attempt as number) > 1 ? `, attempt ${event.attempt}` : ""}`);
    case "input_loaded":
      return say(`loaded ${text(event.input)}${event.asset_key ? ` from ${key(event.asset_key)}` : ""}${took(event)}`);
    case "output_stored":
      return say(`stored ${event.asset_key ? key(event.asset_key) : text(event.output) || "result"}${took(event)}${numbers(event)}`);
    case "step_succeeded":
      return say(`step succeeded${took(event)}`);
    case "step_failed":
    case "step_retrying":
    case "resource_failed":
      return say(failure(event), "ERROR", false);
    case "step_skipped":
      return say(`step skipped${event.reason ? `: ${text(event.reason)}` : ""}`);
    case "step_not_run":
      return say(`step not run${Array.isArray(event.because) && event.because.length > 0 ? `, because ${event.because.join(", ")} did not succeed` : ""}`);
    case "step_canceled":
      return say("step canceled", "WARN", false);
    case "asset_materialized":
      return say(`materialized ${key(event.asset_key)}${partition(event)}${numbers(event)}`, "INFO", false);
    case "asset_observed":
      return say(`observed ${key(event.asset_key)}${partition(event)}${numbers(event)}`, "INFO", false);
    case "check_evaluated":
      return say(`check ${check(event.check_key)} ${event.passed ? "passed" : "failed"}${event.description ? `: ${text(event.description)}` : numbers(event)}`, event.passed ? "INFO" : event.severity === "warn" ? "WARN" : "ERROR", false);
    case "resources_initialized":
      return say(`resources ready: ${Array.isArray(event.resource_keys) ? event.resource_keys.join(", ") : ""}${took(event)}`);
    case "logs_captured":
      return say(Array.isArray(event.step_keys) && event.step_keys.length > 1 ? `output of the process of ${event.step_keys.length} steps is captured from here` : "output is captured from here");
    default:
      return say(event.kind.replaceAll("_", " "));
  }
}

/** ` by run 1a2b3c load and 2 others`. */
function holders(list: unknown): string {
  const [first, ...others] = Array.isArray(list) ? list.map(String) : [];
  if (first === undefined) return "";
  const [run = "", ...step] = first.split(":");
  return ` by run ${shortId(run)} ${step.join(":")}`.trimEnd() + (others.length > 0 ? ` and ${plural(others.length, "other")}` : "");
}

/** Whom an attempt was given to. Events leave out what is as usual: a process, the first attempt. */
function handed(event: RunEvent): string {
  const place = text(event.place) || "process";
  const pid = typeof event.pid === "number" ? event.pid : null;
  const again = (event.attempt as number) > 1 ? `, attempt ${event.attempt}` : "";
  if (place === "process" && pid !== null) return `step process started, pid ${pid}${again}`;
  return `step given to ${placeWords({ place, pid, host: text(event.host) || null, worker: text(event.worker) || null })}${again}`;
}

function failure(event: RunEvent): string {
  const error = event.error as ErrorInfo | undefined;
  if (!error) return event.kind.replaceAll("_", " ");
  const frame = error.frames?.findLast((candidate) => candidate.user);
  const code = frame?.source?.[frame.line - (frame.first_source_line ?? frame.line)]?.trim();
  const place = frame ? `\n  ${frame.file}:${frame.line} in ${frame.function}${code ? `\n    ${code}` : ""}` : "";
  const again = event.kind === "step_retrying" ? `\nattempt ${event.attempt} ${causeWords(text(event.cause) || null)}; the next one follows${event.delay_seconds ? ` in ${duration(Number(event.delay_seconds))}` : ""}` : "";
  return `${errorWords(error)}${place}${again}`;
}

/** Lines of events that were told already: a log that grows tells only what is new. */
const told = new WeakMap<RunEvent, LogLine[]>();

function eventLines(event: RunEvent, attempt: number | undefined): LogLine[] {
  const known = told.get(event) ?? newLines(event, attempt);
  told.set(event, known);
  return known;
}

function newLines(event: RunEvent, attempt: number | undefined): LogLine[] {
  const { level, text: said, dim } = sentence(event);
  const at = Date.parse(event.at);
  return said.split("\n").map((line, index) => ({ at, level, text: line, step: event.step_key ?? null, dim, ...(attempt === undefined ? {} : { attempt }), ...(index > 0 ? { rest: true } : {}) }));
}

function outputLines(content: string, level: Level, step: string | null, lost = false): LogLine[] {
  if (content === "") return [];
  const lines = content.replace(ANSI, "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  // A carriage return starts the line again, as a terminal would: what it last said stays.
  const made = lines.map((line): LogLine => ({ at: undefined, level, text: line.replace(/\r$/, "").split("\r").at(-1) ?? "", step, dim: false }));
  return lost ? [{ at: undefined, level, text: "… earlier output is not shown here; download it to read all of it", step, dim: true }, ...made] : made;
}

/** What stands in the place of bytes of which only the number is known. */
export function leftOut(count: number): string {
  return `\n… ${measure(count)} bytes left out here: more was written than is kept of a log file\n`;
}

/** Where the output of one step's attempt belongs: before its results, else before its end. */
function beforeResults(events: readonly RunEvent[], step: string, end: number): number {
  const last = events.findIndex((event) => event.id === end);
  const first = events.findLastIndex((event, index) => index < last && event.kind === "step_started" && event.step_key === step);
  const others = events.slice(first + 1, last).filter((event) => event.step_key === step);
  const quiet = others.findLastIndex((event) => !RESULTS.has(event.kind));
  return first < 0 ? end : (others[quiet + 1]?.id ?? end);
}

/** One log: events in order, and the output of each file before the results or the end of its attempt, or before the end of its last step. */
export function mergeLog(events: readonly RunEvent[], outputs: readonly Output[]): LogLine[] {
  // Whoever goes on after the loss of a worker counts from 1 again: attempts are told apart by the ends of those before.
  const again = new Map<string, number[]>();
  for (const event of events) if (event.kind === "step_retrying" && event.step_key) again.set(event.step_key, [...(again.get(event.step_key) ?? []), event.id]);
  const before = new Map<number, LogLine[]>();
  const atEnd: LogLine[] = [];
  for (const output of outputs) {
    const step = output.stepKeys.length === 1 ? (output.stepKeys[0] ?? null) : null;
    const own = output.attempt ? { attempt: output.attempt } : {};
    const tried = output.attempt ? again.get(step ?? "")?.[output.attempt - 1] : undefined;
    const ended = tried === undefined ? events.findLast((event) => ENDS.has(event.kind) && output.stepKeys.includes(event.step_key ?? "")) : undefined;
    const end = tried ?? ended?.id;
    const calm = ended?.kind === "step_succeeded" ? { calm: true } : {};
    const lines = [...outputLines(output.out, "OUT", step, output.lost?.out), ...outputLines(output.err, "ERR", step, output.lost?.err)].map((line) => ({ ...line, ...own, ...(line.level === "ERR" ? calm : {}) }));
    const place = end === undefined || step === null || tried !== undefined ? end : beforeResults(events, step, end);
    if (place !== undefined) before.set(place, [...(before.get(place) ?? []), ...lines]);
    else atEnd.push(...lines);
  }
  const failed = new Map<string, number>();
  const merged = events.flatMap((event) => {
    const step = event.step_key ?? undefined;
    const attempt = step === undefined ? undefined : (failed.get(step) ?? 0) + 1;
    if (step !== undefined && attempt !== undefined && event.kind === "step_retrying") failed.set(step, attempt);
    return [...(before.get(event.id) ?? []), ...eventLines(event, attempt)];
  });
  return [...merged, ...atEnd];
}

/** Whether a line tells of something that went wrong. */
export function isError(line: LogLine): boolean {
  return line.level === "ERROR" || (line.level === "ERR" && !line.calm);
}

/** What of a log is shown. */
export interface Scope {
  step: string | undefined;
  show: "all" | "errors" | "output";
  /** Of the step's attempts, this one alone. */
  attempt?: number | undefined;
}

/** The lines within the scope. Lines of no step stay, when they are loud. */
export function scoped(lines: readonly LogLine[], scope: Scope): LogLine[] {
  return lines.filter((line) => {
    if (scope.step !== undefined && line.step !== scope.step && !(line.step === null && (line.level === "OUT" || line.level === "ERR"))) return false;
    if (scope.attempt !== undefined && line.attempt !== undefined && line.attempt !== scope.attempt) return false;
    if (scope.show === "errors") return isError(line);
    return scope.show === "all" || line.level === "OUT" || line.level === "ERR";
  });
}
