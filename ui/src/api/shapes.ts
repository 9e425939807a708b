/** The shapes of JSON values, as API.md tells them. */

/** Columns of equal length, one entry an asset. `deps` are indexes into `keys`. */
export interface AssetTable {
  version: string;
  keys: string[];
  locations: string[];
  location: number[];
  groups: string[];
  group: number[];
  kinds: string[][];
  owners: string[][];
  deps: number[][];
  /** Indexes `missing, materialized, failed, running`. */
  status: number[];
  lastAt: (number | null)[];
  lastRun: (string | null)[];
  lastError: (string | null)[];
  /** Total, materialized, failed, running. */
  partitions: ([number, number, number, number] | null)[];
  /** Passed, failed, missing. */
  checks: ([number, number, number] | null)[];
  description: (string | null)[];
  file: (string | null)[];
  external: (0 | 1)[];
}

/** The topology of all assets. */
export interface PackedGraph {
  hash: string;
  keys: string[];
  groups: string[];
  group: number[];
  edges: number[];
}

/** Status by runs of equal state over the key order. */
export interface PartitionStatus {
  kind: string;
  total: number;
  counts: Record<string, number>;
  first?: string | null;
  last?: string | null;
  cadence?: "daily" | "hourly" | "weekly" | "monthly" | null;
  keys: string[];
  ranges: [start: number, length: number, status: string][];
}

/** Numbers of runs: facet, value, count. */
export type Facets = Record<string, Record<string, number>>;

export interface ThroughputBucket {
  at: string;
  success: number;
  failure: number;
  canceled: number;
}

export interface TimelineRow {
  name: string;
  kind: string;
  href: string;
  runs: { id: string; status: string; start: string; end: string | null }[];
  ticks: { at: string; status: string }[];
  next: string[];
}

/** One frame of a traceback. */
export interface Frame {
  file: string;
  line: number;
  function: string;
  source?: string[];
  first_source_line?: number;
  user?: boolean;
}

/** An exception as a value; frames outermost first. */
export interface ErrorInfo {
  class_name: string;
  message: string;
  frames?: Frame[];
  cause?: ErrorInfo | null;
  code?: string;
  /** The exceptions of an exception group. */
  group?: ErrorInfo[];
}

export type StepStatus =
  | "waiting" | "starting" | "running" | "success" | "failure" | "skipped" | "not_run" | "canceled" | "retrying";

/** A step with its times. */
export interface StepRow {
  key: string;
  title: string;
  assetKeys: string[];
  status: StepStatus;
  attempts: number;
  queuedAt: string | null;
  workerAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  error: string | null;
  upstream: string[];
  waitsFor?: StepWait | null;
  /** Where its last attempt runs or ran. */
  where?: Where | null;
  /** Why it failed for good. */
  cause?: Cause | null;
  /** That of the `Failure` it failed with. */
  metadata?: Record<string, MetadataValue> | null;
  /** All attempts in order, where there was more than one, or another is to come. */
  tries?: Try[];
}

/** `user`: the code raised; `timeout`: it took too long; `crash`: its process died; `lost`: its place went away. */
export type Cause = "user" | "timeout" | "crash" | "lost";

/** Where an attempt of a step runs. */
export interface Where {
  /** A kind of isolation, or the name of a cluster; empty: the worker of the run itself. */
  place: string;
  pid: number | null;
  host: string | null;
  /** Name of the container or pod, id of the task. */
  worker: string | null;
}

/** One attempt of a step. */
export interface Try {
  workerAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  where: Where | null;
  cause: Cause | null;
  error: string | null;
}

/** Why a step that could start does not. */
export interface StepWait {
  /** `pool` or `tag`. */
  kind: string;
  name: string;
  limit: number | null;
  held: number;
  /** Its turn, from 1; null where that is not known. */
  position: number | null;
  since: string;
  holders: PoolStep[];
}

/** A run, or one of its steps. */
export interface PoolStep {
  runId: string;
  stepKey: string;
  title: string;
}

export interface PoolHolder extends PoolStep {
  since: string;
}

export interface PoolWaiter extends PoolStep {
  since: string;
  position: number;
  /** Of the run, of the step. */
  priority: [number, number];
}

export interface PoolRun {
  runId: string;
  title: string;
}

/** Who has switched the queue off, and when. */
export interface QueueHold {
  by: string;
  at: string;
}

/** Why a queued run does not start. */
export interface WaitReason {
  /** `hold`, `slots`, `tag` or `pool`. */
  kind: string;
  name: string;
  limit: number;
  inProgress: number;
  message: string;
  holders: PoolStep[];
}

export interface LogFile {
  fileKey: string;
  stepKeys: string[];
  /** Of the one step that writes the file; null for a process that several steps share. */
  attempt: number | null;
}

/** An event of a run; the fields differ by kind. */
export interface RunEvent {
  id: number;
  kind: string;
  run_id?: string;
  at: string;
  step_key?: string | null;
  evidence?: boolean;
  [field: string]: unknown;
}

export interface TableColumn {
  name: string;
  type?: string;
  description?: string | null;
  constraints?: { nullable?: boolean; unique?: boolean; other?: string[] };
}

export interface TableSchema {
  columns: TableColumn[];
}

export interface ChartSeries {
  name: string;
  values: (number | null)[];
}

/** A value that users attach to events and definitions. */
export type MetadataValue =
  | { kind: "text" | "markdown" | "url" | "path" | "asset" | "run" | "timestamp" | "notebook" | "pool"; value: string }
  | { kind: "int"; value: number }
  | { kind: "float"; value: number | "NaN" | "Infinity" | "-Infinity" }
  | { kind: "bool"; value: boolean }
  | { kind: "null" }
  | { kind: "json"; value: unknown }
  | { kind: "table_schema"; value: TableSchema }
  | { kind: "table"; schema: TableSchema; records: (string | number | boolean | null)[][] }
  | { kind: "job"; job_name: string; location_name: string }
  | { kind: "python_artifact"; module: string; name: string }
  | { kind: "column_lineage"; value: { deps_by_column: Record<string, { asset_key: { path: string[] }; column_name: string }[]> } }
  | { kind: "code_references"; code_references: { file_path?: string; line_number?: number; url?: string; label?: string }[] }
  | { kind: "chart"; type: string; x: (string | number)[]; series: ChartSeries[]; x_label?: string; y_label?: string };

export interface RecentRun {
  id: string;
  status: string;
  startedAt: string | null;
  seconds: number | null;
  partitionKey: string | null;
}

/** Time, number, run, partition. */
export type TrendPoint = [at: string, value: number, runId: string, partitionKey: string | null];

export interface CheckResult {
  at: string;
  passed: boolean;
  runId: string;
  partitionKey: string | null;
}

export interface WaitingRun {
  runId: string;
  title: string;
  reason: string;
}

/** One message of the live stream. */
export type LiveMessage =
  | { topic: "run"; id: string; status: string; stepsDone?: number; stepsTotal?: number; disconnected?: boolean; endedAt?: string | null }
  | { topic: "asset"; key: string; status: string; lastAt?: number | null; runId?: string | null }
  | { topic: "check"; assetKey: string; name: string; status: string }
  | { topic: "events"; runId: string; lastId: number }
  | { topic: "logs"; runId: string }
  | { topic: "automation"; location?: string; name?: string }
  | { topic: "location"; name?: string; status?: string }
  | { topic: "hello" }
  | { topic: "limits" }
  | { topic: "reset" };
