/**
 * The live stream: one connection a browser where locks allow it (the tab that holds the lock reads the stream and
 * passes messages on), else one a tab. Messages patch the query cache or ask for a refetch.
 */

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { observe } from "../api/client";
import type { RunRow, RunsResult } from "../api/generated";
import type { AssetTable, LiveMessage } from "../api/shapes";
import { connection, setConnection } from "./connection";
import { type Action, actionsOf, Batch, patchAssets } from "./reduce";
import { readStream } from "./sse";

const CHANNEL = "rostrum-live";
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];

type Shared = { kind: "message"; message: LiveMessage } | { kind: "phase"; phase: "live" | "lost" } | { kind: "who" };

function patchRuns(data: InfiniteData<RunsResult> | undefined, id: string, fields: Record<string, unknown>) {
  if (!data?.pages.some((page) => page.runs.runs.some((run) => run.id === id))) return data;
  const change = (run: RunRow) => (run.id === id ? { ...run, ...fields } : run);
  return { ...data, pages: data.pages.map((page) => ({ ...page, runs: { ...page.runs, runs: page.runs.runs.map(change) } })) };
}

/**
 * Do what the actions say to the cache. A query that is being fetched may have read before the change: its refetch is
 * given back, to be asked for when the fetch is over. So nothing is missed, and a slow answer is never cancelled for ever.
 */
export function applyActions(client: QueryClient, actions: readonly Action[]): Action[] {
  const later: Action[] = [];
  const assets: Extract<Action, { kind: "asset" }>[] = [];
  for (const action of actions) {
    if (action.kind === "run") client.setQueriesData<InfiniteData<RunsResult>>({ queryKey: ["runs"] }, (data) => patchRuns(data, action.id, action.fields));
    else if (action.kind === "asset") assets.push(action);
    else if (action.kind === "refetchAll") void client.invalidateQueries();
    else if (client.isFetching({ queryKey: action.key }) > 0) later.push(action);
    else void client.invalidateQueries({ queryKey: action.key });
  }
  if (assets.length === 0) return later;
  const known = client.getQueryData<AssetTable>(["assets"]);
  if (!known) return later;
  if (assets.some((change) => !known.keys.includes(change.key))) void client.invalidateQueries({ queryKey: ["assets"] });
  client.setQueryData<AssetTable>(["assets"], patchAssets(known, assets));
  return later;
}

const pause = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const early = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", early, { once: true });
    window.addEventListener("online", early, { once: true });
  });

/** Read for ever, with growing pauses; resumes where it was. */
async function follow(tell: (shared: Shared) => void, signal: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const outcome = await readStream("/events", lastId, {
      onOpen: () => {
        failures = 0;
        tell({ kind: "phase", phase: "live" });
      },
      onSign: () => setConnection({ asOf: Date.now() }),
      onMessage: (event) => {
        lastId = event.id ?? lastId;
        try {
          tell({ kind: "message", message: JSON.parse(event.data) as LiveMessage });
        } catch {
          // A message that is not JSON says nothing we could use.
        }
      },
    }, signal);
    if (signal.aborted) return;
    if (outcome === "refused") setConnection({ login: true });
    tell({ kind: "phase", phase: "lost" });
    await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 15_000, signal);
    failures += 1;
  }
}

/** Start the stream; returns the way to stop it. */
export function startLive(client: QueryClient): () => void {
  const stop = new AbortController();
  const batch = new Batch((actions) => applyActions(client, actions));
  const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(CHANNEL);
  let leading = false;
  const hear = (shared: Shared) => {
    if (shared.kind === "message") batch.add(actionsOf(shared.message));
    if (shared.kind !== "phase") return;
    const was = connection().phase;
    if (shared.phase === "live") {
      setConnection({ phase: "live", asOf: Date.now(), login: false });
      // What failed while the server was away is asked for again; what was missed comes by the stream or a reset.
      if (was === "lost") batch.add([{ kind: "refetchAll" }]);
      // What was read before the first word of the stream may have missed a change.
      else if (was === "connecting") void client.invalidateQueries({ predicate: (query) => query.state.dataUpdatedAt > 0 }, { cancelRefetch: false });
    } else if (was !== "lost") setConnection({ phase: "lost" });
  };
  const tell = (shared: Shared) => {
    hear(shared);
    channel?.postMessage(shared);
  };
  if (channel) {
    channel.onmessage = (event: MessageEvent<Shared>) => {
      if (event.data.kind !== "who") return hear(event.data);
      const { phase } = connection();
      if (leading && phase !== "connecting") channel.postMessage({ kind: "phase", phase });
    };
    channel.postMessage({ kind: "who" });
  }
  const lead = async () => {
    leading = true;
    await follow(tell, stop.signal);
  };
  if (navigator.locks && channel) navigator.locks.request(CHANNEL, { signal: stop.signal }, lead).catch(() => undefined);
  else void lead();
  const unobserve = observe((outcome) => {
    if (outcome === "login") setConnection({ login: true });
    else if (outcome === "offline" && connection().phase === "live") setConnection({ phase: "lost" });
    else if (outcome === "answered" && connection().phase === "live") setConnection({ asOf: Date.now() });
  });
  return () => {
    stop.abort();
    channel?.close();
    unobserve();
  };
}
