import { describe, expect, it } from "vitest";
import type { RunEvent } from "../src/api/shapes";
import { leftOut, mergeLog, scoped, sentence } from "../src/parts/loglines";
import { axisLabel, axisStep } from "../src/parts/timeline";

const event = (id: number, kind: string, fields: Record<string, unknown> = {}): RunEvent => ({ id, kind, at: "2013-11-19T14:12:04Z", ...fields });
const events = [
  event(1, "run_started", { pid: 7 }),
  event(2, "step_started", { step_key: "a" }),
  event(3, "log_message", { step_key: "a", level: "warning", message: "two\nlines" }),
  event(4, "step_failed", { step_key: "a", error: { class_name: "ValueError", message: "no", frames: [{ file: "f.py", line: 3, function: "a", user: true, source: ["x", "  boom()"], first_source_line: 2 }] } }),
  event(5, "step_not_run", { step_key: "b", because: ["a"] }),
];
const output = { fileKey: "a", stepKeys: ["a"], out: "\u001b[31mred\u001b[0m\n10%\r100%\n", err: "bad\n" };

describe("one log of events and output", () => {
  const lines = mergeLog(events, [output]);
  it("puts the output of a step before its end, without colours and rewritten text", () => {
    expect(lines.map((line) => line.text)).toEqual(["run started, pid 7", "step started", "two", "lines", "red", "100%", "bad", "ValueError: no", "  f.py:3 in a", "    boom()", "step not run, because a did not succeed"]);
    expect(lines[4]).toMatchObject({ level: "OUT", step: "a", at: undefined });
  });
  it("narrows to a step, to errors, to output", () => {
    expect(scoped(lines, { step: "a", show: "all" })).toHaveLength(9);
    expect(scoped(lines, { step: "a", show: "errors" }).map((line) => line.text)).toEqual(["bad", "ValueError: no", "  f.py:3 in a", "    boom()"]);
    expect(scoped(lines, { step: undefined, show: "output" }).map((line) => line.text)).toEqual(["red", "100%", "bad"]);
  });
  it("appends the output of a step that still runs", () => {
    expect(mergeLog(events.slice(0, 2), [output]).at(-1)?.text).toBe("bad");
  });
  it("puts the output of an attempt before the attempt's own end", () => {
    const tried = [event(1, "step_started", { step_key: "a" }), event(2, "step_retrying", { step_key: "a", attempt: 1, error: { class_name: "E", message: "1" } }), event(3, "step_started", { step_key: "a", attempt: 2 }), event(4, "step_succeeded", { step_key: "a" })];
    const files = [1, 2].map((attempt) => ({ fileKey: `a-${attempt}`, stepKeys: ["a"], attempt, out: `try ${attempt}\n`, err: "" }));
    expect(mergeLog(tried, files).map((line) => line.text)).toEqual(["step started", "try 1", "E: 1", "attempt 1 failed; the next one follows", "step started, attempt 2", "try 2", "step succeeded"]);
  });
  it("puts what was printed before what came of it", () => {
    const of = (id: number, kind: string) => event(id, kind, { step_key: "a" });
    const told = [of(1, "step_started"), of(2, "log_message"), event(3, "log_message", { step_key: "b", message: "other" }), of(4, "output_stored"), of(5, "asset_materialized"), of(6, "step_succeeded")];
    const kinds = mergeLog(told, [output]).map((line) => line.text || "said");
    expect(kinds).toEqual(["step started", "said", "other", "red", "100%", "bad", "stored result", "materialized ", "step succeeded"]);
  });
  it("takes standard error for errors where the attempt did not go well", () => {
    const good = mergeLog([event(1, "step_started", { step_key: "a" }), event(2, "step_succeeded", { step_key: "a" })], [output]);
    expect(scoped(good, { step: undefined, show: "errors" })).toEqual([]);
    expect(scoped(good, { step: undefined, show: "output" }).map((line) => line.level)).toEqual(["OUT", "OUT", "ERR"]);
  });
  it("names an error that says nothing", () => {
    expect(sentence(event(1, "step_failed", { error: { class_name: "MemoryError", message: "" } })).text).toBe("MemoryError");
  });
  it("tells where bytes were left out", () => {
    expect(mergeLog([], [{ ...output, out: `first${leftOut(39_800_000)}last`, err: "" }]).map((line) => line.text)).toEqual(["first", "… 39,800,000 bytes left out here: more was written than is kept of a log file", "last"]);
  });
  it("tells kinds it does not know by their name", () => {
    expect(sentence(event(9, "moon_landed")).text).toBe("moon landed");
    expect(sentence(event(9, "run_planned", { asset_keys: [1, 2], check_keys: [1] })).text).toBe("planned 2 assets, 1 check");
  });
});

describe("axis of the timeline", () => {
  it.each([[0.4, 0.1], [9, 2], [134, 30], [3600, 900], [400_000, 86_400]])("%s s has steps of %s s", (seconds, step) => expect(axisStep(seconds)).toBe(step));
  it("labels", () => expect([0, 30, 90, 3600].map(axisLabel)).toEqual(["0 s", "30 s", "1 m 30", "1 h 00"]));
});
