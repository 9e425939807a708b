import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AssetTable, LiveMessage } from "../src/api/shapes";
import { applyActions } from "../src/live/live";
import { type Action, actionsOf, Batch, patchAssets } from "../src/live/reduce";
import { EventSplitter } from "../src/live/sse";

describe("event stream text", () => {
  it("reads messages cut anywhere", () => {
    const text = ": hello\n\nid: 7\ndata: {\"a\":1}\n\nid: 8\ndata: one\ndata: two\n\n";
    for (let size = 1; size < text.length; size += 1) {
      const splitter = new EventSplitter();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...splitter.push(text.slice(at, at + size)));
      expect(found).toEqual([{ id: "7", data: '{"a":1}' }, { id: "8", data: "one\ntwo" }]);
    }
  });
  it("takes carriage returns", () => {
    const splitter = new EventSplitter();
    expect([...splitter.push("id: 1\r\ndata: x\r"), ...splitter.push("\n\r\n"), ...splitter.push("\n")]).toEqual([{ id: "1", data: "x" }]);
  });
});

const table: AssetTable = {
  version: "1", keys: ["a", "b"], locations: ["l"], location: [0, 0], groups: ["g"], group: [0, 0], kinds: [[], []], owners: [[], []], deps: [[], [0]],
  status: [1, 1], lastAt: [5, 5], lastRun: [null, null], lastError: [null, null], partitions: [null, null], checks: [null, null], description: [null, null], file: [null, null], external: [0, 0],
};

describe("live messages", () => {
  it("patch only what they tell", () => {
    const [first] = actionsOf({ topic: "run", id: "r", status: "running", stepsDone: 3 });
    expect(first).toEqual({ kind: "run", id: "r", fields: { status: "running", stepsDone: 3 } });
  });
  it("change an asset's state and keep the other columns", () => {
    const next = patchAssets(table, [{ kind: "asset", key: "b", status: "failed", lastAt: 9, runId: "x" }, { kind: "asset", key: "zz", status: "failed" }]);
    expect(next.status).toEqual([1, 2]);
    expect(next.lastAt).toEqual([5, 9]);
    expect(next.keys).toBe(table.keys);
    expect(table.status).toEqual([1, 1]);
  });
  it("a state update of 1 000 assets is quick", () => {
    const keys = Array.from({ length: 10_000 }, (_, at) => `g/${at}`);
    const big = { ...table, keys, status: keys.map(() => 1), lastAt: keys.map(() => 1), lastRun: keys.map(() => null) };
    const changes = keys.slice(0, 1000).map((key): Extract<Action, { kind: "asset" }> => ({ kind: "asset", key, status: "running" }));
    const started = performance.now();
    expect(patchAssets(big, changes).status[999]).toBe(3);
    expect(performance.now() - started).toBeLessThan(50);
  });
  it("reach lists of runs in the cache", () => {
    const client = new QueryClient();
    const page = { runs: { cursor: null, runs: [{ id: "r", status: "running", stepsDone: 1 }, { id: "q", status: "queued", stepsDone: 0 }] } };
    client.setQueryData(["runs", {}], { pages: [page], pageParams: [null] });
    applyActions(client, [{ kind: "run", id: "r", fields: { status: "success", stepsDone: 2 } }]);
    const data = client.getQueryData<{ pages: (typeof page)[] }>(["runs", {}]);
    expect(data?.pages[0]?.runs.runs).toEqual([{ id: "r", status: "success", stepsDone: 2 }, { id: "q", status: "queued", stepsDone: 0 }]);
  });
  it("unknown topics and resets", () => {
    expect(actionsOf({ topic: "novel" } as unknown as LiveMessage)).toEqual([]);
    expect(actionsOf({ topic: "reset" })).toEqual([{ kind: "refetchAll" }]);
  });
});

describe("refetching", () => {
  it("does not trust an answer that was asked for before the change", async () => {
    const client = new QueryClient();
    let answers = 0;
    const waiting: (() => void)[] = [];
    const queryFn = () => new Promise<number>((resolve) => waiting.push(() => resolve((answers += 1))));
    const observer = new QueryObserver(client, { queryKey: ["run", "r"], queryFn });
    const stop = observer.subscribe(() => undefined);
    const later = applyActions(client, [{ kind: "refetch", key: ["run", "r"] }]);
    expect(later).toEqual([{ kind: "refetch", key: ["run", "r"] }]);
    waiting[0]?.();
    await vi.waitFor(() => expect(client.getQueryData(["run", "r"])).toBe(1));
    expect(applyActions(client, later)).toEqual([]);
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    stop();
  });
});

describe("batching", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("makes one request of a burst, and another one later", () => {
    const applied: Action[][] = [];
    const batch = new Batch((actions) => void applied.push(actions), () => Date.now(), 100);
    for (let at = 0; at < 1000; at += 1) batch.add([{ kind: "refetch", key: ["runs"] }, { kind: "run", id: "r", fields: { stepsDone: at } }]);
    vi.advanceTimersByTime(100);
    expect(applied).toEqual([[{ kind: "refetch", key: ["runs"] }, { kind: "run", id: "r", fields: { stepsDone: 999 } }]]);
    batch.add([{ kind: "refetch", key: ["runs"] }, { kind: "run", id: "r", fields: { status: "success" } }]);
    vi.advanceTimersByTime(100);
    expect(applied[1]).toEqual([{ kind: "run", id: "r", fields: { status: "success" } }]);
    // A long wait for one key does not hold up another.
    batch.add([{ kind: "refetch", key: ["run", "x"] }]);
    vi.advanceTimersByTime(100);
    expect(applied[2]).toEqual([{ kind: "refetch", key: ["run", "x"] }]);
    vi.advanceTimersByTime(2000);
    expect(applied[3]).toEqual([{ kind: "refetch", key: ["runs"] }]);
  });
});
