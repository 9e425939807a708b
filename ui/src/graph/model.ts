/** The assets of the deployment as rows and as a graph, with the filter of both. */

import type { AssetTable } from "../api/shapes";
import { type Facts, matches } from "../filter/match";
import { type Filter, parseFilter } from "../filter/parse";

/** Fields of the assets' filter. */
export const ASSET_FIELDS = ["state", "key", "group", "kind", "owner", "location", "check", "partition"] as const;

/** One asset of the table. */
export interface AssetRow {
  index: number;
  key: string;
  status: number;
  group: string;
  location: string;
  kinds: readonly string[];
  owners: readonly string[];
  /** The longest way from a source. */
  depth: number;
  lastAt: number | null;
  lastRun: string | null;
  lastError: string | null;
  partitions: [number, number, number, number] | null;
  checks: [number, number, number] | null;
  description: string | null;
  external: boolean;
}

/** The longest way from a source to each asset; a circle ends where it closes. */
export function depths(deps: readonly (readonly number[])[]): number[] {
  const depth: number[] = Array.from({ length: deps.length }, () => -1);
  for (let root = 0; root < deps.length; root += 1) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1] ?? 0;
      const open = depth[node] === -1 ? (deps[node] ?? []).filter((dep) => depth[dep] === -1) : [];
      if (depth[node] === -1) depth[node] = -2;
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      stack.pop();
      if ((depth[node] ?? 0) < 0 || depth[node] === -2) depth[node] = Math.max(0, ...(deps[node] ?? []).map((dep) => Math.max(0, depth[dep] ?? 0) + 1));
    }
  }
  return depth;
}

/** The place of each group in the flow: the mean depth of its assets, so sources come first. */
export function flowOrder(rows: readonly AssetRow[], groupOf: (row: AssetRow) => string): Map<string, number> {
  const sums = new Map<string, { sum: number; size: number }>();
  for (const row of rows) {
    const group = sums.get(groupOf(row)) ?? { sum: 0, size: 0 };
    sums.set(groupOf(row), { sum: group.sum + row.depth, size: group.size + 1 });
  }
  return new Map([...sums].map(([name, { sum, size }]) => [name, sum / size]));
}

/** The table turned into rows. */
export function assetRows(table: AssetTable): AssetRow[] {
  const depth = depths(table.deps);
  return table.keys.map((key, index) => ({
    index, key, depth: depth[index] ?? 0,
    status: table.status[index] ?? 0,
    group: table.groups[table.group[index] ?? 0] ?? "",
    location: table.locations[table.location[index] ?? 0] ?? "",
    kinds: table.kinds[index] ?? [],
    owners: table.owners[index] ?? [],
    lastAt: table.lastAt[index] ?? null,
    lastRun: table.lastRun[index] ?? null,
    lastError: table.lastError[index] ?? null,
    partitions: table.partitions[index] ?? null,
    checks: table.checks[index] ?? null,
    description: table.description[index] ?? null,
    external: table.external[index] === 1,
  }));
}

/** Who reads whom, both ways. */
export interface Neighbours {
  up: number[][];
  down: number[][];
}

/** Neighbours from pairs of source and target. */
export function neighboursOf(count: number, edges: ArrayLike<number>): Neighbours {
  const up: number[][] = Array.from({ length: count }, () => []);
  const down: number[][] = Array.from({ length: count }, () => []);
  for (let at = 0; at + 1 < edges.length; at += 2) {
    const [source, target] = [edges[at] as number, edges[at + 1] as number];
    up[target]?.push(source);
    down[source]?.push(target);
  }
  return { up, down };
}

/** Everything within `depth` steps of the start, the start too. */
export function reach(lists: readonly (readonly number[])[], start: readonly number[], depth: number): Set<number> {
  const found = new Set(start);
  let front = [...start];
  for (let step = 0; step < depth && front.length > 0; step += 1) {
    const next: number[] = [];
    for (const node of front) {
      for (const other of lists[node] ?? []) {
        if (found.has(other)) continue;
        found.add(other);
        next.push(other);
      }
    }
    front = next;
  }
  return found;
}

const STATE_NAMES = [["missing", "unknown"], ["materialized", "success", "ok"], ["failed"], ["running"]];

function facts(row: AssetRow): Facts {
  const checks = row.checks ? [row.checks[1] > 0 ? "failed" : "", row.checks[0] > 0 ? "passed" : "", row.checks[2] > 0 ? "missing" : ""].filter(Boolean) : ["none"];
  const partitions = row.partitions ? [row.partitions[2] > 0 ? "failed" : "", row.partitions[1] < row.partitions[0] ? "missing" : "complete"].filter(Boolean) : ["none"];
  return {
    fields: { state: STATE_NAMES[row.status] ?? [], key: [row.key], group: [row.group], kind: row.kinds, owner: row.owners, location: [row.location], check: checks, partition: partitions },
    text: `${row.key} ${row.description ?? ""}`,
  };
}

/**
 * The rows that fit. `up(key, n)` and `down(key, n)` mean the asset and what it reads or is read by; `n` may be left
 * out. `focus(key)` means both ways, two steps.
 */
export function fittingAssets(rows: readonly AssetRow[], text: string, neighbours: () => Neighbours): readonly AssetRow[] {
  const result = parseFilter(text);
  if (!result.ok || text.trim() === "") return rows;
  const sets = new Map<string, Set<number>>();
  const index = new Map(rows.map((row) => [row.key, row.index]));
  const setOf = (name: string, args: readonly string[]): Set<number> => {
    const id = `${name}(${args.join(",")})`;
    const known = sets.get(id);
    if (known) return known;
    const start = index.get(args[0] ?? "");
    const depth = args[1] === undefined ? (name === "focus" ? 2 : rows.length) : Number(args[1]) || 0;
    const { up, down } = neighbours();
    const starts = start === undefined ? [] : [start];
    const found = name === "up" ? reach(up, starts, depth) : name === "down" ? reach(down, starts, depth) : name === "focus" ? new Set([...reach(up, starts, depth), ...reach(down, starts, depth)]) : new Set<number>();
    sets.set(id, found);
    return found;
  };
  const filter: Filter = result.filter;
  return rows.filter((row) => matches(filter, { ...facts(row), call: (name, args) => setOf(name, args).has(row.index) }));
}
