/** What a live message means for the data on screen. Pure, so it can be tested without a browser. */

import type { AssetTable, LiveMessage } from "../api/shapes";

/** A change to be made to cached data. */
export type Action =
  | { kind: "run"; id: string; fields: Record<string, unknown> }
  | { kind: "asset"; key: string; status: string; lastAt?: number | null; runId?: string | null }
  | { kind: "refetch"; key: readonly string[] }
  | { kind: "refetchAll" };

const refetch = (...key: string[]): Action => ({ kind: "refetch", key });

/** The fields of a run that the message tells; what it does not tell stays. */
function runFields(message: Extract<LiveMessage, { topic: "run" }>): Record<string, unknown> {
  const fields: Record<string, unknown> = { status: message.status };
  if (message.stepsDone !== undefined) fields.stepsDone = message.stepsDone;
  if (message.stepsTotal !== undefined) fields.stepsTotal = message.stepsTotal;
  if (message.endedAt !== undefined) fields.endedAt = message.endedAt;
  if (message.disconnected === false) fields.disconnectedAt = null;
  return fields;
}

/** The actions one message asks for. */
export function actionsOf(message: LiveMessage): Action[] {
  switch (message.topic) {
    case "run":
      return [
        { kind: "run", id: message.id, fields: runFields(message) },
        refetch("run", message.id), refetch("peek", message.id), refetch("runs"), refetch("now"), refetch("shell"), refetch("system"),
      ];
    case "asset":
      return [
        { kind: "asset", key: message.key, status: message.status, lastAt: message.lastAt, runId: message.runId },
        refetch("asset", message.key), refetch("partitions", message.key), refetch("history", message.key),
      ];
    case "check":
      return [refetch("checks"), refetch("asset", message.assetKey), refetch("now"), refetch("shell")];
    case "events":
      return [refetch("events", message.runId), refetch("run", message.runId)];
    case "logs":
      return [refetch("log", message.runId)];
    case "automation":
      // Without a name: some automation has changed.
      return [refetch("automations"), message.name === undefined ? refetch("automation") : refetch("automation", message.location ?? "", message.name), refetch("now")];
    case "location":
      return ["shell", "assets", "graph", "jobs", "job", "automations", "checks", "asset", "partitions", "system", "now"].map((key) => refetch(key));
    case "limits":
      return [refetch("system"), refetch("shell"), refetch("runs"), refetch("run")];
    case "reset":
      return [{ kind: "refetchAll" }];
    default:
      return [];
  }
}

const STATUS: Record<string, number> = { missing: 0, materialized: 1, failed: 2, running: 3 };

/** The table with some assets in a new state. Columns that do not change are shared with the old table. */
export function patchAssets(table: AssetTable, changes: readonly Extract<Action, { kind: "asset" }>[]): AssetTable {
  const index = new Map(table.keys.map((key, at) => [key, at]));
  const status = table.status.slice();
  const lastAt = table.lastAt.slice();
  const lastRun = table.lastRun.slice();
  for (const change of changes) {
    const at = index.get(change.key);
    if (at === undefined) continue;
    status[at] = STATUS[change.status] ?? status[at] ?? 0;
    if (change.lastAt !== undefined && change.lastAt !== null) lastAt[at] = change.lastAt;
    if (change.runId) lastRun[at] = change.runId;
  }
  return { ...table, status, lastAt, lastRun };
}

/**
 * Collects actions and hands them on in one go, at most once in `quiet` milliseconds a key: a burst of a thousand
 * messages costs a handful of requests.
 */
export class Batch {
  private readonly waiting = new Map<string, Action>();
  private readonly last = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Number.POSITIVE_INFINITY;

  /** `apply` answers with the actions it could not do yet; they are tried again. */
  constructor(
    private readonly apply: (actions: Action[]) => readonly Action[] | void,
    private readonly now: () => number = () => Date.now(),
    private readonly delay = 120,
  ) {}

  add(actions: readonly Action[]): void {
    for (const action of actions) {
      const id = action.kind === "refetch" ? `r:${action.key.join("\u0000")}` : action.kind === "refetchAll" ? "*" : `${action.kind}:${"id" in action ? action.id : action.key}`;
      const before = this.waiting.get(id);
      if (action.kind === "run" && before?.kind === "run") this.waiting.set(id, { ...action, fields: { ...before.fields, ...action.fields } });
      else this.waiting.set(id, action);
    }
    this.arm(this.delay);
  }

  private arm(delay: number): void {
    const due = this.now() + delay;
    // An earlier wish moves the flush forward; a later one waits for it.
    if (this.timer !== undefined && due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, delay);
  }

  private flush(): void {
    const now = this.now();
    const ready: Action[] = [];
    let soonest = Number.POSITIVE_INFINITY;
    for (const [id, action] of this.waiting) {
      const wait = action.kind === "refetch" ? (this.last.get(id) ?? 0) + quiet(action.key) - now : 0;
      if (wait > 0) {
        soonest = Math.min(soonest, wait);
        continue;
      }
      if (action.kind === "refetch") this.last.set(id, now);
      ready.push(action);
      this.waiting.delete(id);
    }
    const again = ready.length > 0 ? this.apply(ready) : undefined;
    if (again && again.length > 0) this.add(again);
    if (this.waiting.size > 0) this.arm(Math.max(this.delay, soonest));
  }
}

/** The least time between two refetches of a kind of data: sums over many runs are dearer than one run. */
function quiet(key: readonly string[]): number {
  if (["now", "shell", "system"].includes(key[0] ?? "")) return 2500;
  return key.length === 1 ? 1500 : 400;
}
