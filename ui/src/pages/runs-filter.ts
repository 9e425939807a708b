/** The filter of the list of runs: what the server can do of it, and what is left for the rows in hand. */

import type { RunFilter, RunRow } from "../api/generated";
import { type Facts, matches } from "../filter/match";
import { type Filter, parseFilter } from "../filter/parse";
import { runState } from "../format/run";

/** Fields of the runs' filter. */
export const RUN_FIELDS = ["state", "target", "job", "location", "partition", "by", "trigger", "id", "tag", "backfill", "since", "until"] as const;

const STATUSES: Record<string, string[]> = {
  failed: ["failure"], failure: ["failure"], success: ["success"], running: ["starting", "running", "canceling"], queued: ["queued"], canceled: ["canceled"], cancelled: ["canceled"],
};
const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const SINGLE: Record<string, keyof RunFilter> = {
  target: "assetKey", job: "job", location: "location", partition: "partitionKey", by: "triggerName", trigger: "triggerKind", id: "idPart", backfill: "backfillId",
};

/** `7d`, `24h` before `now`, or a date; undefined when it is neither. */
export function pointInTime(text: string, now: number): string | undefined {
  const relative = /^(\d+)\s*([mhdw])$/.exec(text);
  // Rounded to a minute, so that a list keeps its address in the cache for a while.
  if (relative) return new Date(Math.floor((now - Number(relative[1]) * (UNITS[relative[2] ?? "h"] ?? 0)) / 60_000) * 60_000).toISOString();
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

function addField(into: RunFilter, field: Extract<Filter, { kind: "field" }>, now: number): void {
  const [value = ""] = field.values;
  if (field.key === "state") into.statuses = field.values.flatMap((state) => STATUSES[state.toLowerCase()] ?? [state]);
  else if (field.key === "tag") into.tag = field.values;
  else if (field.key === "since") into.createdAfter = pointInTime(value, now) ?? null;
  else if (field.key === "until") into.createdBefore = pointInTime(value, now) ?? null;
  else if (field.values.length === 1 && !value.includes("*") && !(field.key === "target" && !value.includes("/"))) {
    const name = SINGLE[field.key];
    if (name) Object.assign(into, { [name]: value });
  }
}

/** The part the server does. Everything is then matched again on the rows, so nothing wrong is ever shown. */
export function serverFilter(text: string, now: number): RunFilter {
  const result = parseFilter(text);
  const filter: RunFilter = {};
  if (!result.ok) return filter;
  const parts = result.filter.kind === "all" ? result.filter.items : [result.filter];
  for (const part of parts) if (part.kind === "field") addField(filter, part, now);
  return filter;
}

function facts(run: RunRow): Facts {
  return {
    fields: {
      state: [runState(run.status), run.status], target: [run.title], job: [run.job, run.title], location: [run.location], partition: run.partitionKey ? [run.partitionKey] : [],
      by: [run.triggerName, run.triggerKind], trigger: [run.triggerKind], backfill: run.backfillId ? [run.backfillId] : [],
    },
    text: `${run.title} ${run.job} ${run.partitionKey ?? ""} ${run.triggerName} ${run.errorLine ?? ""} ${run.id}`,
  };
}

/** Fields the server alone can answer; on a row they count as fitting. `target` may name an asset that is not the title. */
const SERVER_ONLY = new Set(["since", "until", "tag", "id"]);

function known(filter: Filter): Filter {
  if (filter.kind === "field" && (SERVER_ONLY.has(filter.key) || (filter.key === "target" && filter.values[0]?.includes("/") && filter.values.length === 1 && !filter.values[0].includes("*")))) {
    return { kind: "all", items: [], at: filter.at };
  }
  if (filter.kind === "all" || filter.kind === "any") return { ...filter, items: filter.items.map(known) };
  return filter;
}

/** The rows that fit the whole filter. */
export function fittingRuns(rows: readonly RunRow[], text: string): readonly RunRow[] {
  const result = parseFilter(text);
  if (!result.ok || text.trim() === "") return rows;
  const filter = known(result.filter);
  return rows.filter((row) => matches(filter, facts(row)));
}
