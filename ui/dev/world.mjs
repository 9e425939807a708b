// The state of the made-up deployment: runs, steps, logs, automations. Deterministic but for the clock.
import { assetsOf, DAYS, seeded } from "./project.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const iso = (at) => (at === null || at === undefined ? null : new Date(at).toISOString());

/** The error of the story: gusts are missing, an integer column cannot hold a gap. */
export const GUST_ERROR = {
  class_name: "IntCastingNaNError",
  message: "Cannot convert non-finite values (NA or inf) to integer",
  frames: [
    { file: "rostrum/execution/user_code.py", line: 61, function: "call", source: ["    return function(**arguments)"], first_source_line: 61 },
    {
      file: "flights/core.py", line: 88, function: "delays_by_hour", user: true, first_source_line: 86,
      source: ['    joined = flights.merge(weather, on=["origin", "time_hour"], how="left")', '    missing = joined["wind_gust"].isna().mean()',
        '    gust = joined["wind_gust"].astype("int16")', '    return joined.assign(gust=gust).groupby("sched_hour").agg(AGGREGATES)'],
    },
    ...["generic.py:6643 astype", "managers.py:430 astype", "managers.py:363 apply", "blocks.py:758 astype", "astype.py:237 astype_array_safe",
      "astype.py:182 astype_array", "astype.py:101 _astype_nansafe", "astype.py:145 _astype_float_to_int_nansafe"].map((text) => {
      const [file, line, name] = text.split(/[: ]/);
      return { file: `site-packages/pandas/core/${file}`, line: Number(line), function: name, source: [`    raise IntCastingNaNError(...)`], first_source_line: Number(line) };
    }),
  ],
};
const SMTP_ERROR = { class_name: "SMTPServerDisconnected", message: "Connection unexpectedly closed", frames: [{ file: "flights/ops.py", line: 41, function: "notify_delays", user: true, source: ["    server = SMTP(HOST, timeout=10)", "    server.sendmail(SENDER, recipients, body)"], first_source_line: 40 }] };
const ML_ERROR = {
  class_name: "ImportError", message: "cannot import name 'GradientBoost' from 'flights.ml'",
  frames: [{ file: "flights/ml_defs.py", line: 7, function: "<module>", user: true, first_source_line: 6, source: ["from flights.core import labels", "from flights.ml import GradientBoost", "", "MODEL = GradientBoost(depth=6)"] }],
};

export function makeWorld({ size = 0, now = Date.now(), empty = false } = {}) {
  const next = seeded(42);
  const assets = assetsOf(size);
  const index = new Map(assets.map((asset, at) => [asset.key, at]));
  const world = { now, assets, index, runs: [], steps: new Map(), events: new Map(), logs: new Map(), size, listeners: new Set(), backfills: [] };
  world.checks = makeChecks(world, empty);
  world.locations = makeLocations(world);
  world.automations = makeAutomations(world);
  if (!empty) makeRuns(world, next);
  world.tell = (message) => { for (const listener of world.listeners) listener(message); };
  return world;
}

function makeLocations({ now, assets, size }) {
  const counted = (name) => assets.filter((asset) => asset.location === name).length;
  const location = (name, extra) => ({ name, status: "ready", manifestHash: name === "ml" ? "8c41d02f99" : "3f9ab2711c", loadedAt: iso(now - 40 * MINUTE), error: null, errorAt: null, fork: "zygote", assets: counted(name), jobs: 2, schedules: name === "ml" ? 1 : 4, ...extra });
  if (size > 0) return [location("flights")];
  return [location("flights"), location("ml", { status: "failed", loadedAt: iso(now - 6 * 24 * HOUR), error: ML_ERROR, errorAt: iso(now - 71 * MINUTE) })];
}

function makeChecks({ now, assets }, empty) {
  const names = ["rows_match", "gust_not_null", "delay_in_range", "unique_flight"];
  return assets.slice(0, 24).flatMap((asset, at) =>
    names.slice(0, 1 + (at % 4)).map((name, place) => {
      const failed = asset.key === "raw/weather" && name === "gust_not_null";
      const history = Array.from({ length: 20 }, (_, day) => ({ at: iso(now - (20 - day) * 24 * HOUR), passed: !(failed && day > 16), runId: "4c1e7a2b", partitionKey: DAYS[300 + day] }));
      return {
        assetKey: asset.key, name, status: empty || (at === 9 && place === 0) ? "missing" : failed ? "failed" : "passed", severity: failed ? "warn" : place === 0 ? "error" : "warn",
        blocking: place === 0, description: `What ${name.replaceAll("_", " ")} promises`, message: failed ? "12.4 % null, limit 2 %" : empty ? null : "985 = 985",
        evaluatedAt: empty ? null : iso(now - 3.6 * HOUR), since: failed ? iso(now - 3 * 24 * HOUR) : null, runId: empty ? null : "4c1e7a2b", partitionKey: "2013-11-19",
        metadata: failed ? { null_share: { kind: "float", value: 0.124 } } : {}, history: empty ? [] : history,
      };
    }),
  );
}

function makeAutomations({ now }) {
  const at = (hours) => now - hours * HOUR;
  const ticks = (every, from, results) => {
    const made = [];
    for (let hour = from; hour > 0; hour -= every) made.push({ id: `t${every}-${hour.toFixed(2)}`, scheduledAt: iso(at(hour)), startedAt: iso(at(hour)), endedAt: iso(at(hour) + 900), status: results(hour), runIds: results(hour) === "success" ? ["b81f2e90"] : [], skipReason: results(hour) === "skipped" ? "core/delays_by_hour failed for 2013-11-19" : null, error: results(hour) === "failure" ? { class_name: "AccessDenied", message: "ListObjectsV2 on nyc-landing-2013", frames: [] } : null });
    return made.reverse();
  };
  const make = (name, kind, job, cron, words, running, list, nextIn, location = "flights") => ({
    location, name, kind, job, running, description: `Keeps ${job} up to date.`, cron, timezone: "America/New_York", words, nextAt: running ? iso(now + nextIn * HOUR) : null,
    upcoming: running ? Array.from({ length: 5 }, (_, day) => iso(now + (nextIn + day * 24) * HOUR)) : [], ticks: list, lastTick: list[0] ?? null, file: "flights/schedules.py", line: 12,
  });
  return [
    make("daily_ingest", "schedule", "ingest", ["0 5 * * *"], "05:00 every day", true, ticks(24, 4.7, () => "success"), 19.3),
    make("hourly_weather", "schedule", "hourly_weather", ["40 * * * *"], "every hour at :40", true, ticks(1, 23.5, () => "success"), 0.6),
    make("marts_morning", "schedule", "marts", ["45 8 * * 1-5"], "08:45 on weekdays", true, ticks(24, 1, () => "skipped"), 23),
    make("weekly_train", "schedule", "train", ["0 6 * * 1"], "Mondays 06:00", true, [], 140, "ml"),
    make("noisy_probe", "schedule", "noisy_probe", ["* * * * *"], "every minute", false, [], 0),
    make("landing_bucket", "schedule", "land_files", ["*/30 * * * *"], "every 30 min", true, ticks(0.5, 23.5, (hour) => (hour < 4.5 ? "failure" : "success")), 0.3),
  ];
}

function downstream(assets, roots) {
  const found = new Set(roots);
  for (const asset of assets) if (asset.deps.some((dep) => found.has(dep))) found.add(asset.key);
  return assets.filter((asset) => found.has(asset.key)).map((asset) => asset.key);
}

function makeRuns(world, next) {
  const { now, assets } = world;
  const add = (id, title, keys, status, hoursAgo, seconds, extra = {}) => {
    const created = now - hoursAgo * HOUR;
    const run = {
      id, status, location: title.startsWith("ml/") ? "ml" : "flights", job: title.includes("/") ? "__assets__" : title, title, more: Math.max(0, keys.length - 1), assetKeys: keys,
      partitionKey: null, triggerKind: "manual", triggerName: "on-call", createdAt: iso(created), startedAt: status === "queued" ? null : iso(created + 3000),
      endedAt: ["success", "failure", "canceled"].includes(status) ? iso(created + 3000 + seconds * 1000) : null, typicalSeconds: seconds * (0.8 + next() * 0.35),
      stepsTotal: keys.length, stepsDone: 0, stepsFailed: 0, checksFailed: 0, failureReason: null, failedStepKey: null, error: null, errorLine: null, errorSeen: null, errorFirstAt: null,
      tags: {}, config: {}, parentRunId: null, rootRunId: id, backfillId: null, waitsFor: null, disconnectedAt: null, seconds, ...extra,
    };
    world.runs.push(run);
    fill(world, run);
    return run;
  };
  if (world.size > 0) {
    add("b81f2e90", assets[9].key, assets.slice(0, 400).map((asset) => asset.key), "success", 2, 900);
    return;
  }
  const gust = { error: GUST_ERROR, errorLine: `${GUST_ERROR.class_name}: ${GUST_ERROR.message}`, failedStepKey: "core/delays_by_hour", failureReason: "step_failure", errorSeen: 3, errorFirstAt: iso(now - 6 * 24 * HOUR), partitionKey: "2013-11-19", triggerKind: "schedule", triggerName: "daily_ingest" };
  const core = ["core/airport_day", "core/cancellations", "core/route_day", "core/taxi_times", "core/carrier_day", ...downstream(assets, ["core/delays_by_hour"]).slice(0, 7)];
  add("b81f2e90", "core/carrier_day", ["stage/flights_clean", "stage/weather_hourly", ...core.slice(0, 4), "core/carrier_day", "core/delays_by_hour", "marts/route_scorecard", "marts/punctuality_report", "ops/notify_delays", "export/parquet_public"], "running", 0.031, 170, { partitionKey: "2013-11-20" });
  add("77aa01c3", "hourly_weather", ["raw/weather", "stage/weather_hourly", "raw/metar"], "running", 0.006, 78, { partitionKey: "2013-11-20", triggerKind: "schedule", triggerName: "hourly_weather" });
  add("0f5d3b11", "ml/delay_forecast", ["ml/delay_forecast", "ml/drift"], "queued", 0.05, 60, { partitionKey: "2013-11-20", waitsFor: "waits for pool db: 2 of 2 taken" });
  add("4c1e7a2b", "core/delays_by_hour", core, "failure", 0.5, 134, gust);
  add("9d20c4e8", "core/delays_by_hour", core, "failure", 5.5, 130, { ...gust, partitionKey: "2013-11-18" });
  add("1b6f08aa", "ops/notify_delays", ["ops/notify_delays"], "failure", 2.2, 9, { error: SMTP_ERROR, errorLine: "SMTPServerDisconnected: Connection unexpectedly closed", failedStepKey: "ops/notify_delays", failureReason: "step_failure", errorSeen: 1, errorFirstAt: iso(now - 2.2 * HOUR), partitionKey: "2013-11-19", triggerKind: "sensor", triggerName: "report_ready" });
  add("c3d4417e", "core/carrier_month", ["core/carrier_month", "marts/carrier_league", "core/route_month", "marts/route_scorecard", "export/parquet_public"], "success", 2.8, 400, { typicalSeconds: 170, partitionKey: "2013-11-01" });
  add("5e5a90b7", "ml/delay_model", ["ml/labels", "ml/features_route", "ml/features_daily", "ml/delay_model", "ml/eval", "ml/model_card"], "canceled", 3.4, 663, { partitionKey: "2013-11-18" });
  const names = [["hourly_weather", 3], ["marts/route_scorecard", 3], ["raw/planes", 2], ["stage/weather_hourly", 2], ["raw/weather", 1], ["stage/flights_clean", 3], ["raw/flights", 1], ["core/airport_day", 2], ["core/carrier_day", 7]];
  for (let at = 0; at < 230; at += 1) {
    const [title, count] = names[Math.floor(next() * names.length)];
    const keys = title.includes("/") ? downstream(assets, [title]).slice(0, count) : ["raw/weather", "stage/weather_hourly", "raw/metar"];
    const hour = 0.7 + at * 0.19 + next() * 0.1;
    const trigger = title === "hourly_weather" ? { triggerKind: "schedule", triggerName: "hourly_weather" } : next() < 0.5 ? { triggerKind: "schedule", triggerName: "daily_ingest" } : { triggerKind: "manual", triggerName: "on-call" };
    add(Math.floor(next() * 2 ** 32).toString(16).padStart(8, "0"), title, keys, next() < 0.02 ? "canceled" : "success", hour, 20 + next() * 200, { ...trigger, partitionKey: title === "raw/planes" ? null : DAYS[322 - (at % 40)] });
  }
  world.runs.sort((left, right) => right.createdAt.localeCompare(left.createdAt));
}

/** Write the steps, events and output of a run from its state. */
export function fill(world, run) {
  const begun = run.startedAt ? Date.parse(run.startedAt) : null;
  const next = seeded(Number.parseInt(run.id.slice(0, 6), 16) || 1);
  const events = [];
  let id = 0;
  const event = (at, kind, fields = {}) => events.push({ id: (id += 1), kind, run_id: run.id, at: iso(at), ...fields });
  event(Date.parse(run.createdAt), "run_queued");
  const steps = run.assetKeys.map((key) => ({ key, title: key, assetKeys: [key], status: "waiting", attempts: 0, queuedAt: null, workerAt: null, startedAt: null, endedAt: null, error: null, upstream: (world.assets[world.index.get(key)]?.deps ?? []).filter((dep) => run.assetKeys.includes(dep)) }));
  const byKey = new Map(steps.map((step) => [step.key, step]));
  if (begun !== null) schedule(world, run, steps, byKey, begun, next, event);
  if (run.endedAt) event(Date.parse(run.endedAt), `run_${{ success: "succeeded", failure: "failed", canceled: "canceled" }[run.status]}`, run.status === "failure" ? { reason: "step_failure", message: "1 step failed", error: run.error } : {});
  events.sort((left, right) => left.at.localeCompare(right.at));
  events.forEach((item, at) => (item.id = at + 1));
  run.stepsDone = steps.filter((step) => ["success", "failure", "skipped"].includes(step.status)).length;
  run.stepsFailed = steps.filter((step) => step.status === "failure").length;
  world.steps.set(run.id, steps);
  world.events.set(run.id, events);
}

function schedule(world, run, steps, byKey, begun, next, event) {
  const ended = run.endedAt ? Date.parse(run.endedAt) : world.now;
  event(begun, "run_starting", { epoch: 1 });
  event(begun + 200, "run_started", { epoch: 1, pid: 4127, host: "localhost", step_keys: steps.map((step) => step.key) });
  const weights = steps.map(() => 0.5 + next());
  let cursor = begun + 400;
  const unit = (run.seconds * 1000) / weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, step] of steps.entries()) {
    const ups = step.upstream.map((key) => byKey.get(key));
    if (ups.some((up) => ["failure", "not_run"].includes(up.status))) {
      step.status = "not_run";
      continue;
    }
    const ready = Math.max(begun + 400, ...ups.map((up) => (up.endedAt ? Date.parse(up.endedAt) : Number.POSITIVE_INFINITY)));
    const start = Math.max(cursor - unit * 0.6, ready);
    if (start > ended || !Number.isFinite(start)) {
      if (!run.endedAt && Number.isFinite(ready) && ready <= ended) Object.assign(step, { queuedAt: iso(ready), waitsFor: { kind: "pool", name: "db", limit: 2, held: 2, position: 1, since: iso(ready), holders: [{ runId: "b81f2e90", stepKey: "core/airport_day", title: "core/carrier_day" }, { runId: "77aa01c3", stepKey: "raw/weather", title: "hourly_weather" }] } });
      continue;
    }
    const failing = run.failedStepKey === step.key;
    const took = unit * weights[at] * 1.2;
    Object.assign(step, { queuedAt: iso(ready), workerAt: iso(start), startedAt: iso(start + unit * 0.12), attempts: 1, status: "running" });
    event(start, "step_worker_started", { step_key: step.key, pid: 4100 + at });
    event(start + unit * 0.12, "step_started", { step_key: step.key, attempt: 1 });
    event(start + unit * 0.15, "logs_captured", { file_key: step.key.replaceAll("/", "__"), step_keys: [step.key] });
    event(start + unit * 0.2, "input_loaded", { step_key: step.key, input: "flights", seconds: 0.31 });
    event(start + unit * 0.3, "log_message", { step_key: step.key, level: "info", logger: "flights", message: `loading ${step.upstream[0] ?? step.key} ${run.partitionKey ?? ""}: 985 rows, 19 columns` });
    const end = Math.max(start + took, start + unit * 0.4);
    if (failing) event(Math.min(end, ended) - 200, "log_message", { step_key: step.key, level: "warning", message: "join left 122 of 985 flights without wind_gust (12.4 %)" });
    if (end > ended && !run.endedAt) continue;
    const stop = Math.min(end, ended - 200);
    step.endedAt = iso(stop);
    cursor = stop;
    if (failing) {
      Object.assign(step, { status: "failure", error: run.errorLine });
      event(stop, "step_failed", { step_key: step.key, error: run.error, attempt: 1, seconds: took / 1000 });
      continue;
    }
    if (run.status === "canceled" && at >= steps.length - 3) {
      step.status = "canceled";
      event(stop, "step_canceled", { step_key: step.key });
      continue;
    }
    step.status = "success";
    event(stop - 60, "output_stored", { step_key: step.key, asset_key: { path: step.key.split("/") }, seconds: 0.12 });
    event(stop - 40, "asset_materialized", { step_key: step.key, asset_key: { path: step.key.split("/") }, partition_key: run.partitionKey, metadata: { rows: { kind: "int", value: 900 + Math.floor(next() * 300) } } });
    event(stop, "step_succeeded", { step_key: step.key, seconds: took / 1000 });
  }
  for (const step of steps) {
    if (step.status === "waiting" && run.endedAt) step.status = run.status === "canceled" ? "canceled" : "not_run";
    if (step.status === "not_run") event(ended, "step_not_run", { step_key: step.key, because: [run.failedStepKey].filter(Boolean) });
  }
}

/** Captured output of a step. */
export function outputOf(world, runId, fileKey, stream) {
  const key = fileKey.replaceAll("__", "/");
  const step = world.steps.get(runId)?.find((item) => item.key === key);
  if (!step?.startedAt) return "";
  if (stream === "err") return step.status === "failure" ? "flights/core.py:87: RuntimeWarning: wind_gust has gaps\n  missing = joined[\"wind_gust\"].isna().mean()\n" : "";
  return ["UA", "US", "VX", "YV", "WN", "9E", "B6"].map((carrier, at) => `${key.split("/")[1]}: ${carrier}, ${35 + at * 19} flights, median delay ${at - 4} min`).join("\n") + `\nwriting 16 rows to ${key}.parquet\n`;
}
