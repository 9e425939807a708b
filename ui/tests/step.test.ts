import { describe, expect, it } from "vitest";
import type { RunEvent, StepRow } from "../src/api/shapes";
import { causeWords, placeWords, runAdvice, stepAdvice } from "../src/format/step";
import { fromLine, whereabouts } from "../src/pages/run-log";
import { toldLoops } from "../src/pages/system";
import { mergeLog, scoped, sentence } from "../src/parts/loglines";
import { roomAfter, whatMatters } from "../src/parts/timeline";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const step = (key: string, fields: Partial<StepRow> = {}): StepRow => ({ key, title: key, assetKeys: [], status: "success", attempts: 1, queuedAt: null, workerAt: null, startedAt: at(0), endedAt: at(1), error: null, upstream: [], ...fields });
const where = (place: string, pid: number | null = null, host: string | null = null, worker: string | null = null) => ({ place, pid, host, worker });
const event = (id: number, kind: string, fields: Record<string, unknown> = {}): RunEvent => ({ id, kind, at: at(id), ...fields });

describe("where a step runs", () => {
  it.each([
    [where("process", 7, "vm"), "process 7 on vm"],
    [where("thread", 7), "a thread of process 7"],
    [where("async", 7), "the event loop of process 7"],
    [where("in_process", 7), "the main thread of process 7"],
    [where("", 7, "vm"), "the run worker, process 7 on vm"],
    [where(""), "the run worker"],
    [where("container", null, "node-3", "etl-7f"), "container etl-7f on node-3"],
    [where("dask", null, "10.0.0.2:999", "load-1"), "dask load-1 on 10.0.0.2:999"],
  ])("%j", (given, words) => expect(placeWords(given)).toBe(words));
  it("is told in the log", () => {
    const told = (fields: Record<string, unknown>) => sentence(event(1, "step_worker_started", fields)).text;
    expect(told({ pid: 7 })).toBe("step process started, pid 7");
    expect(told({ pid: 7, place: "async", attempt: 2 })).toBe("step given to the event loop of process 7, attempt 2");
    expect(told({ place: "container", worker: "etl-7f", host: "node-3" })).toBe("step given to container etl-7f on node-3");
  });
  it("is told of the chosen attempt, else of the last", () => {
    const tries = [{ workerAt: null, startedAt: at(0), endedAt: at(1), where: where("process", 7), cause: "crash" as const, error: "E" }, { workerAt: null, startedAt: at(1), endedAt: null, where: where("process", 8), cause: null, error: null }];
    const row = step("a", { attempts: 2, where: where("process", 8), tries });
    expect([whereabouts(row, ""), whereabouts(row, "1"), whereabouts(row, "2"), whereabouts(step("b"), "")]).toEqual(["process 8", "process 7, crashed", "process 8", ""]);
  });
});

it("says why an attempt ended and what to do about it", () => {
  expect([undefined, "user", "timeout", "crash", "lost"].map(causeWords)).toEqual(["failed", "failed", "took too long", "crashed", "was lost"]);
  expect(stepAdvice("user")).toBe("");
  expect(stepAdvice("crash")).toContain("max_infrastructure_retries");
  expect(stepAdvice("crash", "StepWorkerDied: The container (OOMKilled: out of memory at its limit of 128 MiB) ...")).toContain("rostrum/memory");
  expect(runAdvice("worker_lost")).toContain("max_resume_attempts");
  const failed = event(1, "step_retrying", { step_key: "a", attempt: 1, cause: "timeout", error: { class_name: "StepTimeout", message: "1 s" } });
  expect(sentence(failed).text).toBe("StepTimeout: 1 s\nattempt 1 took too long; the next one follows");
});

it("says who has what a step waits for", () => {
  const told = (holders: string[]) => sentence(event(1, "step_waiting", { reason: "pool", name: "db", limit: 2, holders })).text;
  expect(told([])).toBe("waits for pool db: 2 of 2 taken");
  const closed = event(1, "step_waiting", { reason: "pool", name: "db", limit: 0, holders: [] });
  expect(sentence(closed).text).toBe("waits for pool db: nobody is let in (limit 0)");
  expect(told(["01a1-29edf2:load", "01a1-000000:x"])).toBe("waits for pool db: 2 of 2 taken by run 29edf2 load and 1 other");
});

describe("attempts of a step whose worker was lost", () => {
  // The worker that goes on counts from 1 again.
  const error = { class_name: "E", message: "gone" };
  const events = [
    event(1, "step_started", { step_key: "a" }), event(2, "step_retrying", { step_key: "a", attempt: 1, cause: "lost", error }),
    event(3, "step_started", { step_key: "a" }), event(4, "step_retrying", { step_key: "a", attempt: 1, error }),
    event(5, "step_started", { step_key: "a", attempt: 2 }), event(6, "step_succeeded", { step_key: "a" }),
  ];
  const outputs = [1, 2, 3].map((attempt) => ({ fileKey: `a-${attempt}`, stepKeys: ["a"], attempt, out: `try ${attempt}\n`, err: "" }));
  const lines = mergeLog(events, outputs);
  it("have their output before their own end", () => expect(lines.filter((line) => line.level !== "INFO" && !line.rest).map((line) => line.text)).toEqual(["try 1", "E: gone", "try 2", "E: gone", "try 3"]));
  it("are shown alone", () => expect(scoped(lines, { step: "a", show: "all", attempt: 2 }).map((line) => line.text)).toEqual(["step started", "try 2", "E: gone", "attempt 1 failed; the next one follows"]));
});

describe("the timeline", () => {
  const from = Date.parse(at(0));
  it("keeps room for what stands after late bars only", () => {
    const early = step("a", { attempts: 12 });
    const late = step("b", { endedAt: at(10), attempts: 12 });
    expect(roomAfter([early], from, from + 10_000, from, false)).toBe(64);
    expect(roomAfter([early, late], from, from + 10_000, from, false)).toBeGreaterThan(100);
    expect(roomAfter([early, late], from, from + 10_000, from, true)).toBeLessThan(110);
  });
  it("puts what failed first in long lists alone", () => {
    const short = [step("a"), step("b", { status: "failure" })];
    expect(whatMatters(short)).toBe(short);
    const long = [...Array.from({ length: 20 }, (_, index) => step(`s${index}`)), step("r", { status: "running" }), step("f", { status: "failure" })];
    expect(whatMatters(long).slice(0, 3).map((row) => row.key)).toEqual(["f", "r", "s0"]);
  });
});

it("tells loops of processes that are gone only where nobody else does their work", () => {
  const loop = (name: string, owner: string, seconds: number) => ({ loop: name, owner, heartbeatAt: at(1000 - seconds) });
  const loops = [loop("queue", "old", 600), loop("queue", "gone just now", 60), loop("queue", "new", 1), loop("monitor", "older", 900), loop("monitor", "old", 600)];
  expect(toldLoops(loops, Date.parse(at(1000))).map((each) => `${each.loop} ${each.owner}`)).toEqual(["queue gone just now", "queue new", "monitor old"]);
});

it("begins output that is cut at its first whole line", () => expect(["lf\nsecond\nthird", "no end", "one\n"].map(fromLine)).toEqual(["second\nthird", "no end", "one\n"]));
