/** Where steps run and why their attempts end, in words. */

import type { Cause, Where } from "../api/shapes";

/** What of a process a step has, by the kind of isolation. */
const PARTS: Record<string, string> = { thread: "a thread of process", async: "the event loop of process", in_process: "the main thread of process", process: "process", "": "the run worker, process" };
const CAUSES: Record<string, string> = { user: "failed", timeout: "took too long", crash: "crashed", lost: "was lost" };
const ADVICE: Record<string, string> = {
  timeout: "It was ended at its time limit. Where it stood then is what to look at; its timeout is what to raise.",
  crash: "Its process died, so there is no Python traceback: its last lines of output are below. SIGKILL is most often memory, SIGSEGV native code. RetryPolicy(max_infrastructure_retries=…) has such a step tried again.",
  lost: "The place where it ran went away, which tells nothing about the code. RetryPolicy(max_infrastructure_retries=…) has such a step tried again.",
};
const RUN_ADVICE: Record<string, string> = {
  worker_lost: "Retry from failure keeps what has succeeded; monitor.max_resume_attempts has another worker go on by itself.",
  worker_died: "Retry from failure keeps what has succeeded; monitor.max_resume_attempts has another worker go on by itself.",
};

/** `process 6913 on vm`, `a thread of process 6905 on vm`, `container etl-7f9c on node-3`. */
export function placeWords(where: Where): string {
  const part = PARTS[where.place];
  const host = where.host ? ` on ${where.host}` : "";
  if (part !== undefined && where.pid !== null) return `${part} ${where.pid}${host}`;
  if (where.place === "") return `the run worker${host}`;
  return `${where.place.replaceAll("_", " ")}${where.worker ? ` ${where.worker}` : where.pid === null ? "" : ` ${where.pid}`}${host}`;
}

/** What became of an attempt: `crashed`, `took too long`. */
export function causeWords(cause: string | null | undefined): string {
  return CAUSES[cause ?? "user"] ?? "failed";
}

/** What to do about a step that failed for no fault of its code's; nothing where the code raised. `error`: its first line. */
export function stepAdvice(cause: Cause | null | undefined, error?: string | null): string {
  if (cause === "crash" && /out of memory at its limit/.test(error ?? "")) return "It needs more memory than it may have: the tag rostrum/memory asks for more.";
  return ADVICE[cause ?? ""] ?? "";
}

/** What to do about a run that failed for no fault of its steps. */
export function runAdvice(reason: string | null): string {
  return RUN_ADVICE[reason ?? ""] ?? "";
}
