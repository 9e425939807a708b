// A stand-in for the server while the UI is built: `node dev/server.mjs [--port 4300] [--size 10000] [--empty] [--login]`.
// It executes schema.graphql itself, so what it answers has the shape of the real thing.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { buildSchema, graphql } from "graphql";
import { DAYS, seeded } from "./project.mjs";
import { fill, makeWorld, outputOf } from "./world.mjs";

const flag = (name) => process.argv.includes(`--${name}`);
const option = (name, otherwise) => (flag(name) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise);
const schema = buildSchema(readFileSync(new URL("../schema.graphql", import.meta.url), "utf8"));
const statics = new URL("../../src/rostrum/web/static/", import.meta.url).pathname;
const world = makeWorld({ size: Number(option("size", 0)), empty: flag("empty") });
const HOUR = 3_600_000;
const iso = (at) => new Date(at).toISOString();
let sequence = 0;
let session = !flag("login");

// --- what an asset looks like now -------------------------------------------------------------------------------------

const STATUS = ["missing", "materialized", "failed", "running"];
function statusOf(asset) {
  if (flag("empty")) return 0;
  const running = world.runs.find((run) => run.status === "running" && world.steps.get(run.id)?.some((step) => step.key === asset.key && step.status === "running"));
  if (running) return 3;
  if (asset.key === "core/delays_by_hour" || asset.key === "ops/notify_delays") return world.runs.find((run) => run.failedStepKey === asset.key) ? 2 : 1;
  if (world.size > 0) return world.index.get(asset.key) % 97 === 0 ? 2 : world.index.get(asset.key) % 31 === 0 ? 0 : 1;
  return 1;
}
const lastAt = (asset) => (statusOf(asset) === 0 ? null : Date.now() - (4 + ((world.index.get(asset.key) * 37) % 290)) * 60_000);

function partitionRanges(asset) {
  if (flag("empty")) return [];
  const bad = asset.key === "core/delays_by_hour";
  return bad ? [[0, 320, "materialized"], [321, 2, "failed"]] : [[0, 323, "materialized"]];
}

function partitionStatus(asset) {
  const ranges = partitionRanges(asset);
  const counts = { materialized: 0, failed: 0, running: 0 };
  for (const [, length, status] of ranges) counts[status] += length;
  return { kind: "time", cadence: "daily", total: 365, first: DAYS[0], last: DAYS.at(-1), keys: DAYS, ranges, counts: { ...counts, missing: 365 - counts.materialized - counts.failed - counts.running } };
}

function assetTable() {
  const { assets, index } = world;
  const unique = (values) => [...new Set(values)];
  const locations = unique(assets.map((asset) => asset.location));
  const groups = unique(assets.map((asset) => asset.group));
  return {
    version: String(sequence), keys: assets.map((asset) => asset.key), locations, location: assets.map((asset) => locations.indexOf(asset.location)),
    groups, group: assets.map((asset) => groups.indexOf(asset.group)), kinds: assets.map((asset) => asset.kinds), owners: assets.map((asset) => [asset.owner]),
    deps: assets.map((asset) => asset.deps.map((dep) => index.get(dep))), status: assets.map(statusOf), lastAt: assets.map(lastAt), lastRun: assets.map(() => world.runs[0]?.id ?? null),
    lastError: assets.map((asset) => (statusOf(asset) === 2 ? (world.runs.find((run) => run.failedStepKey === asset.key)?.errorLine ?? "ValueError: no rows") : null)),
    partitions: assets.map((asset) => { if (!asset.partitioned) return null; const { counts } = partitionStatus(asset); return [365, counts.materialized, counts.failed, counts.running]; }),
    checks: assets.map((asset) => { const own = world.checks.filter((check) => check.assetKey === asset.key); return own.length === 0 ? null : ["passed", "failed", "missing"].map((status) => own.filter((check) => check.status === status).length); }),
    description: assets.map((asset) => asset.description.replaceAll("*", "")), file: assets.map((asset) => asset.file), external: assets.map(() => 0),
  };
}

function packedGraph() {
  const table = assetTable();
  return { hash: `g${world.assets.length}`, keys: table.keys, groups: table.groups, group: table.group, edges: table.deps.flatMap((deps, at) => deps.flatMap((dep) => [dep, at])) };
}

function assetDetail({ key }) {
  const asset = world.assets[world.index.get(key)];
  if (!asset) return null;
  const ref = (name) => ({ key: name, status: STATUS[statusOf(world.assets[world.index.get(name)])] });
  const next = seeded(key.length * 977);
  const mine = world.runs.filter((run) => run.assetKeys.includes(key) && run.startedAt).slice(0, 30).reverse();
  const trend = (base, spread) => Array.from({ length: 40 }, (_, day) => [iso(Date.now() - (40 - day) * 24 * HOUR), Math.round((base + (next() - 0.5) * spread) * 100) / 100, "c3d4417e", DAYS[283 + day]]);
  const failed = statusOf(asset) === 2;
  const never = statusOf(asset) === 0;
  return {
    key, location: asset.location, group: asset.group, kinds: asset.kinds, owners: [asset.owner], tags: { tier: "gold" }, description: asset.description, status: STATUS[statusOf(asset)],
    health: failed ? "Failed for the last two days: 2013-11-18 and 2013-11-19 stop at flights/core.py:88; 42 partitions are missing." : never ? "Never materialized." : "Healthy: the newest partition 2013-11-19 was materialized today and all checks pass.",
    isExternal: false, partitionsKind: asset.partitioned ? "time" : null, partitionCounts: asset.partitioned ? partitionStatus(asset).counts : null,
    upstream: asset.deps.map(ref), downstream: world.assets.filter((other) => other.deps.includes(key)).map((other) => ref(other.key)), jobs: ["ingest"], automations: ["daily_ingest"],
    checks: world.checks.filter((check) => check.assetKey === key),
    metadata: { source: { kind: "url", value: "https://www.transtats.bts.gov" }, schema: { kind: "table_schema", value: { columns: [
      { name: "sched_hour", type: "int8", description: "Scheduled departure hour, local" }, { name: "origin", type: "string", description: "EWR, JFK or LGA" },
      { name: "flights", type: "int32", description: "Departures scheduled in the hour" }, { name: "dep_delay_p50", type: "float32", description: "Median departure delay, minutes" },
      { name: "dep_delay_p95", type: "float32", description: "95th percentile of the delay" }, { name: "gust", type: "int16", description: "Strongest gust in the hour, mph", nullable: true }] } } },
    lastMetadata: never ? {} : {
      rows: { kind: "int", value: 1140 }, missing_gusts: { kind: "float", value: 12.4 }, median_delay: { kind: "int", value: -1 }, path: { kind: "path", value: `data/${key}/2013-11-19.parquet` },
      note: { kind: "markdown", value: "Worst hour was **17:00** at `EWR`.\n\n- 122 flights without gust\n- see [the method](https://example.org)" },
      worst_hours: { kind: "table", schema: { columns: [{ name: "hour", type: "int" }, { name: "origin" }, { name: "delay", type: "float" }] }, records: [[17, "EWR", 28.4], [18, "JFK", 24.1], [19, "LGA", 21.9]] },
      delay_by_hour: { kind: "chart", type: "bar", x: Array.from({ length: 19 }, (_, hour) => hour + 5), series: [{ name: "EWR", values: Array.from({ length: 19 }, (_, hour) => 2 + hour * 1.2 + next() * 4) }, { name: "JFK", values: Array.from({ length: 19 }, (_, hour) => 1 + hour + next() * 4) }], x_label: "scheduled hour", y_label: "minutes" },
      carriers: { kind: "chart", type: "line", x: DAYS.slice(283, 323), series: [{ name: "median delay", values: Array.from({ length: 40 }, () => next() * 9 - 3) }], y_label: "minutes" },
    },
    lastMaterializedAt: never ? null : iso(lastAt(asset)), lastMaterializedRunId: never ? null : "c3d4417e", lastPartitionKey: asset.partitioned && !never ? "2013-11-17" : null,
    lastFailedAt: failed ? iso(Date.now() - 0.5 * HOUR) : null, lastError: failed ? "IntCastingNaNError: Cannot convert non-finite values (NA or inf) to integer" : null, dataVersion: "d41d8cd9", codeVersion: "3",
    recentRuns: mine.map((run) => ({ id: run.id, status: run.status, startedAt: run.startedAt, seconds: run.seconds, partitionKey: run.partitionKey })),
    trends: never ? {} : { rows: trend(1140, 160), missing_gusts: trend(2, 3), median_delay: trend(-1, 6), kilobytes: trend(48, 6) },
    history: ({ limit }) => mine.slice(-limit).reverse().map((run, at) => ({ id: 9000 - at, kind: run.status === "failure" ? "step_failed" : "asset_materialized", run_id: run.id, at: run.endedAt ?? run.startedAt, step_key: key, partition_key: run.partitionKey, ...(run.status === "failure" ? { error: run.error } : { metadata: { rows: { kind: "int", value: 1100 + at } } }) })),
    file: asset.file.split(":")[0], line: Number(asset.file.split(":")[1]), configSchema: null, ioManagerKey: "io_manager", stepKey: key,
  };
}

// --- runs -------------------------------------------------------------------------------------------------------------

/** Limits that were set, by pool. */
const limits = new Map([["db", 2]]);
let hold = null;

/** Two runs in progress share the pools; a long line waits for the narrow one. */
function pools() {
  const [one, two] = world.runs.filter((run) => run.status === "running");
  const queued = world.runs.filter((run) => run.status === "queued");
  const since = (minutes) => iso(Date.now() - minutes * 60_000);
  const step = (run, stepKey, minutes, more = {}) => (run ? [{ runId: run.id, title: run.title, stepKey, since: since(minutes), ...more }] : []);
  const of = (name, limit, source, holders, waiters, queuedRuns = []) => ({ name, limit: limits.get(name) ?? limit, source: limits.has(name) ? "set" : source, setBy: limits.has(name) ? "ann" : "", setAt: null, granularity: "op", held: holders.length, waiting: waiters.length, holders, waiters, queuedRuns });
  const line = Array.from({ length: world.size > 0 ? 100 : 11 }, (_, at) => step(at % 3 ? one : two, `core/part_${at}`, 3 - at / 10, { position: at + 1, priority: [0, 0] })).flat();
  return [
    of("api", 1, "file", step(one, "stage/weather_hourly", 0.2), line),
    of("db", null, "", [...step(one, "core/airport_day", 1.5), ...step(two, "raw/weather", 0.1)], step(two, "raw/metar", 0.6, { position: 1, priority: [0, 2] }), queued.map((run) => ({ runId: run.id, title: run.title }))),
    of("gpu", null, "", [], []),
  ];
}

function show(run) {
  return {
    waitReason: run.status === "queued" ? { kind: "pool", name: "db", limit: 2, inProgress: 2, message: run.waitsFor, holders: pools()[1].holders } : null,
    resumes: 0, retryAt: null, retryNumber: null, retryMost: null, retryNote: null, retriedBy: null,
    ...run, steps: () => world.steps.get(run.id), logFiles: () => world.steps.get(run.id).filter((step) => step.startedAt).map((step) => ({ fileKey: step.key.replaceAll("/", "__"), stepKeys: [step.key] })),
    retries: () => world.runs.filter((other) => other.parentRunId === run.id).map(show), canCancel: ["queued", "starting", "running"].includes(run.status), canRetry: ["failure", "canceled"].includes(run.status),
  };
}

function filtered(filter) {
  const wanted = filter ?? {};
  return world.runs.filter((run) =>
    (!wanted.statuses?.length || wanted.statuses.includes(run.status)) && (!wanted.location || run.location === wanted.location) && (!wanted.job || run.job === wanted.job || run.title === wanted.job) &&
    (!wanted.assetKey || run.assetKeys.includes(wanted.assetKey)) && (!wanted.partitionKey || run.partitionKey === wanted.partitionKey) && (!wanted.triggerKind || run.triggerKind === wanted.triggerKind) &&
    (!wanted.triggerName || run.triggerName === wanted.triggerName) && (!wanted.backfillId || run.backfillId === wanted.backfillId) && (!wanted.idPart || run.id.startsWith(wanted.idPart) || run.id.endsWith(wanted.idPart)) &&
    (!wanted.createdAfter || run.createdAt >= wanted.createdAfter) && (!wanted.createdBefore || run.createdAt < wanted.createdBefore));
}

function nowPage({ hours }) {
  const since = Date.now() - hours * HOUR;
  const recent = world.runs.filter((run) => Date.parse(run.createdAt) > since);
  const buckets = Array.from({ length: hours }, (_, at) => ({ at: iso(since + at * HOUR), success: 0, failure: 0, canceled: 0 }));
  for (const run of recent) {
    const bucket = buckets[Math.floor((Date.parse(run.createdAt) - since) / HOUR)];
    if (bucket && run.status in bucket) bucket[run.status] += 1;
  }
  const failed = recent.filter((run) => run.status === "failure");
  const attention = [];
  const seen = new Map();
  for (const run of failed) {
    const before = seen.get(run.errorLine);
    if (before) { before.times += 1; continue; }
    const item = { kind: "run", title: run.title, message: run.errorLine, at: run.endedAt, times: 1, href: `/r/${run.id}`, runId: run.id, assetKey: run.failedStepKey, consequences: world.steps.get(run.id).filter((step) => step.status === "not_run").map((step) => step.key) };
    seen.set(run.errorLine, item);
    attention.push(item);
  }
  for (const check of world.checks.filter((item) => item.status === "failed")) attention.push({ kind: "check", title: `${check.assetKey} ${check.name}`, message: check.message, at: check.since, times: 3, href: `/a/${check.assetKey}`, runId: check.runId, assetKey: check.assetKey, consequences: [] });
  for (const one of world.automations.filter((item) => item.lastTick?.status === "failure")) attention.push({ kind: "automation", title: one.name, message: "AccessDenied: ListObjectsV2 on nyc-landing-2013", at: iso(Date.now() - 4.5 * HOUR), times: 9, href: "/automations", runId: null, assetKey: null, consequences: [] });
  for (const location of world.locations.filter((item) => item.error)) attention.push({ kind: "location", title: location.name, message: `${location.error.class_name}: ${location.error.message}`, at: location.errorAt, times: 1, href: "/system", runId: null, assetKey: null, consequences: [] });
  return {
    attention: flag("empty") ? [] : attention, throughput: buckets, lastFailureAt: failed[0]?.endedAt ?? null,
    counts: { failedRuns: failed.length, failingChecks: 1, brokenLocations: 1, failingAutomations: 1, runningRuns: world.runs.filter((run) => run.status === "running").length, queuedRuns: world.runs.filter((run) => run.status === "queued").length, slotsUsed: 2, slotsTotal: 12 },
    timeline: world.automations.map((one) => ({ name: one.name, kind: one.kind, href: "/automations", runs: recent.filter((run) => run.triggerName === one.name && run.startedAt).map((run) => ({ id: run.id, status: run.status, start: run.startedAt, end: run.endedAt })), ticks: one.ticks.map((tick) => ({ at: tick.scheduledAt, status: tick.status })), next: one.upcoming })),
  };
}

function startRun(run) {
  world.runs.unshift(run);
  fill(world, run);
  world.tell({ topic: "run", id: run.id, status: run.status, stepsDone: 0, stepsTotal: run.stepsTotal, disconnected: false, endedAt: null });
}

function launch({ input }) {
  const keys = input.target.assetKeys?.length ? input.target.assetKeys : ["raw/weather", "stage/weather_hourly"];
  const made = (input.partitionKeys?.length ? input.partitionKeys : [null]).map((partition) => ({
    id: Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0"), status: "running", location: "flights", job: input.target.job ?? "__assets__", title: input.target.job ?? keys[0], more: keys.length - 1, assetKeys: keys, partitionKey: partition,
    triggerKind: "manual", triggerName: "on-call", createdAt: iso(Date.now()), startedAt: iso(Date.now()), endedAt: null, typicalSeconds: 20, stepsTotal: keys.length, stepsDone: 0, stepsFailed: 0, checksFailed: 0, failureReason: null, failedStepKey: null,
    error: null, errorLine: null, errorSeen: null, errorFirstAt: null, tags: input.tags ?? {}, config: input.config ?? {}, parentRunId: null, rootRunId: null, backfillId: null, waitsFor: null, disconnectedAt: null, seconds: 20,
  }));
  made.forEach(startRun);
  return { runs: made.map(show), backfill: null };
}

const found = (id) => world.runs.find((run) => run.id === id || (id.length >= 6 && run.id.startsWith(id)));
const resolvers = {
  deployment: () => ({ name: "local", version: "0.1.0", user: session ? { name: "on-call", kind: "user", permissions: ["admin"] } : null, loginRequired: flag("login"), timezone: "America/New_York", serverTime: iso(Date.now()) }),
  now: nowPage, assets: assetTable, graph: packedGraph, asset: assetDetail, partitions: ({ assetKey }) => partitionStatus(world.assets[world.index.get(assetKey)]),
  runs: ({ filter, limit, cursor }) => { const all = filtered(filter); const at = Number(cursor ?? 0); return { runs: all.slice(at, at + limit).map(show), cursor: at + limit < all.length ? String(at + limit) : null }; },
  runFacets: ({ filter }) => { const facets = {}; for (const [name, field] of [["status", "status"], ["job", "title"], ["location", "location"], ["trigger_kind", "triggerKind"], ["trigger_name", "triggerName"]]) { facets[name] = {}; for (const run of filtered(filter)) facets[name][run[field]] = (facets[name][run[field]] ?? 0) + 1; } return facets; },
  run: ({ id }) => { const run = found(id); return run ? show(run) : null; },
  events: ({ runId, after, limit }) => { const all = (world.events.get(runId) ?? []).filter((event) => event.id > after).slice(0, limit); const run = found(runId); return { events: all, cursor: all.at(-1)?.id ?? after, end: Boolean(run?.endedAt) && all.length < limit }; },
  log: ({ runId, fileKey, stream, offset, limit }) => { const text = outputOf(world, runId, fileKey, stream); const from = offset < 0 ? Math.max(0, text.length + offset) : offset; const part = text.slice(from, from + limit); return { text: part, offset: from, nextOffset: from + part.length, size: text.length, complete: from + part.length >= text.length }; },
  automations: () => world.automations.map((one) => ({ ...one, ticks: () => one.ticks })),
  automation: ({ location, name }) => { const one = world.automations.find((item) => item.location === location && item.name === name); return one ? { ...one, ticks: () => one.ticks } : null; },
  jobs: () => ["ingest", "hourly_weather", "marts", "noisy_probe"].map((name) => ({ location: "flights", name, description: `Job ${name}`, kind: "assets", assetKeys: ["raw/weather", "stage/weather_hourly"], partitionsKind: "time", partitionKeys: DAYS, config: {}, configSchema: null, tags: {}, lastRun: world.runs[4] ? show(world.runs[4]) : null, file: "flights/jobs.py", line: 8 })),
  job: ({ name }) => resolvers.jobs().find((job) => job.name === name) ?? null,
  backfill: () => null, checks: () => world.checks, locations: () => world.locations,
  daemons: () => ["queue", "schedules", "runs", "housekeeping"].map((loop, at) => ({ loop, owner: "daemon-1", heartbeatAt: iso(Date.now() - at * 900), iterations: 8412 + at, lastSeconds: 0.004 * (at + 1), lastError: null })),
  pools: () => (world.runs.length > 0 ? pools() : []), pool: ({ name }) => pools().find((pool) => pool.name === name) ?? null,
  setPoolLimit: ({ name, limit }) => { limits.set(name, limit); return pools().find((pool) => pool.name === name); },
  unsetPoolLimit: ({ name }) => { limits.delete(name); return pools().find((pool) => pool.name === name) ?? null; },
  freeSlots: () => 0,
  setQueueHold: ({ hold: wanted }) => { hold = wanted ? { by: "ann", at: iso(Date.now()) } : null; return resolvers.queue(); },
  queue: () => ({ hold, maxConcurrentRuns: 12, queued: 1, inProgress: 2, waiting: world.runs.filter((run) => run.status === "queued").map((run) => ({ runId: run.id, title: run.title, reason: run.waitsFor })) }),
  search: ({ text }) => { const wanted = text.toLowerCase(); const hits = []; for (const asset of world.assets) if (asset.key.includes(wanted)) hits.push({ kind: "asset", title: asset.key, detail: asset.group, href: `/a/${asset.key}` }); for (const run of world.runs) if (run.id.startsWith(wanted)) hits.push({ kind: "run", title: run.title, detail: `${run.id} ${run.status}`, href: `/r/${run.id}` }); for (const one of world.automations) if (one.name.includes(wanted)) hits.push({ kind: "automation", title: one.name, detail: one.words, href: "/automations" }); return hits.slice(0, 20); },
  planPreview: ({ target, partitionKeys }) => { const count = target.assetKeys?.length ?? 2; const runs = Math.max(1, partitionKeys?.length ?? 0); return { runs, steps: count * runs, stepKeys: target.assetKeys ?? [], problems: [], estimatedSeconds: 134 * runs, waitsFor: runs > 10 ? "12 runs at a time" : null }; },
  launch, cancelBackfill: () => { throw new Error("no backfill"); },
  cancelRun: ({ id }) => { const run = found(id); Object.assign(run, { status: "canceled", endedAt: iso(Date.now()) }); fill(world, run); world.tell({ topic: "run", id, status: run.status, stepsDone: run.stepsDone, stepsTotal: run.stepsTotal, endedAt: run.endedAt }); return show(run); },
  retryRun: ({ id }) => { const run = { ...found(id), id: Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0"), status: "running", createdAt: iso(Date.now()), startedAt: iso(Date.now()), endedAt: null, error: null, errorLine: null, failedStepKey: null, failureReason: null, parentRunId: id, seconds: 25 }; startRun(run); return show(run); },
  reloadLocation: ({ name }) => { const location = world.locations.find((item) => item.name === name); if (name !== "ml") Object.assign(location, { error: null, errorAt: null, status: "ready", loadedAt: iso(Date.now()) }); world.tell({ topic: "location", name, status: location.status }); return location; },
  setAutomation: ({ name, running }) => { const one = world.automations.find((item) => item.name === name); one.running = running; one.nextAt = running ? iso(Date.now() + HOUR) : null; world.tell({ topic: "automation", location: one.location, name }); return { ...one, ticks: () => one.ticks }; },
};

// --- time goes on -----------------------------------------------------------------------------------------------------

setInterval(() => {
  world.now = Date.now();
  for (const run of world.runs.filter((item) => item.status === "running")) {
    const before = run.stepsDone;
    if (world.now - Date.parse(run.startedAt) > run.seconds * 1400) Object.assign(run, { status: "success", endedAt: iso(world.now) });
    fill(world, run);
    world.tell({ topic: "events", runId: run.id, lastId: world.events.get(run.id).length });
    if (run.stepsDone !== before || run.endedAt) world.tell({ topic: "run", id: run.id, status: run.status, stepsDone: run.stepsDone, stepsTotal: run.stepsTotal, endedAt: run.endedAt });
  }
}, 2000).unref?.();

// --- HTTP -------------------------------------------------------------------------------------------------------------

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json" };

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

function sendStatic(request, response, path) {
  const wanted = join(statics, path);
  const file = path !== "/" && wanted.startsWith(statics) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(statics, "index.html");
  const packed = (request.headers["accept-encoding"] ?? "").includes("br") && existsSync(`${file}.br`);
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": path.startsWith("/app/") ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; worker-src 'self'; connect-src 'self'; frame-ancestors 'none'",
    ...(packed ? { "content-encoding": "br" } : {}),
  });
  createReadStream(packed ? `${file}.br` : file).pipe(response);
}

function stream(request, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (message) => response.write(`id: ${(sequence += 1)}\ndata: ${JSON.stringify(message)}\n\n`);
  response.write(": hello\n\n");
  world.listeners.add(send);
  const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
  request.on("close", () => {
    clearInterval(beat);
    world.listeners.delete(send);
  });
}

async function serve(request, response) {
  const url = new URL(request.url, "http://localhost");
  const json = (status, value) => { response.writeHead(status, { "content-type": "application/json" }); response.end(JSON.stringify(value)); };
  if (request.method === "POST" && url.pathname === "/login") {
    session = (await body(request)).password === "rostrum";
    return json(session ? 200 : 401, {});
  }
  if (request.method === "POST" && url.pathname === "/logout") { session = false; return json(200, {}); }
  if (url.pathname === "/events") return session ? stream(request, response) : json(401, {});
  if (request.method === "POST" && url.pathname === "/graphql") {
    const asked = await body(request);
    if (!session) return json(401, {});
    const answer = await graphql({ schema, source: asked.query, rootValue: resolvers, variableValues: asked.variables, operationName: asked.operationName });
    return json(200, answer);
  }
  const log = /^\/api\/runs\/([^/]+)\/logs\/([^/]+)\/(out|err)$/.exec(url.pathname);
  if (log) { response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }); return response.end(outputOf(world, log[1], decodeURIComponent(log[2]), log[3])); }
  return sendStatic(request, response, url.pathname);
}

const port = Number(option("port", 4300));
createServer((request, response) => serve(request, response).catch((error) => { response.writeHead(500); response.end(String(error)); })).listen(port, "127.0.0.1", () => console.log(`mock server on http://127.0.0.1:${port}`));
