import { describe, expect, it } from "vitest";
import type { AssetTable } from "../src/api/shapes";
import { assetRows, depths, fittingAssets, flowOrder, neighboursOf, reach } from "../src/graph/model";

const keys = ["raw/a", "stage/b", "core/c", "core/d", "marts/e"];
const deps = [[], [0], [1], [1], [2, 3]];
const table: AssetTable = {
  version: "1", keys, locations: ["l"], location: keys.map(() => 0), groups: ["raw", "stage", "core", "marts"], group: [0, 1, 2, 2, 3], kinds: keys.map(() => ["table"]), owners: keys.map(() => []),
  deps, status: [1, 1, 2, 1, 0], lastAt: keys.map(() => 1), lastRun: keys.map(() => null), lastError: keys.map(() => null), partitions: keys.map(() => null), checks: [null, [1, 1, 0], null, null, null],
  description: keys.map(() => null), file: keys.map(() => null), external: keys.map(() => 0 as const),
};
const rows = assetRows(table);
const near = neighboursOf(keys.length, deps.flatMap((list, at) => list.flatMap((dep) => [dep, at])));
const fit = (text: string) => fittingAssets(rows, text, () => near).map((row) => row.key);

describe("assets as a graph", () => {
  it("knows how deep each asset is, circles too", () => {
    expect(depths(deps)).toEqual([0, 1, 2, 2, 3]);
    expect(depths([[1], [0]]).every((depth) => depth >= 0)).toBe(true);
    expect(depths([[2], [0], []])).toEqual([1, 2, 0]);
  });
  it("orders groups by the flow", () => {
    const place = flowOrder(rows, (row) => row.group);
    expect([...place].toSorted((left, right) => left[1] - right[1]).map(([name]) => name)).toEqual(["raw", "stage", "core", "marts"]);
  });
  it("reaches so far and no further", () => {
    expect([...reach(near.down, [0], 2)].toSorted()).toEqual([0, 1, 2, 3]);
    expect([...reach(near.up, [4], 1)].toSorted()).toEqual([2, 3, 4]);
  });
  it.each<[string, string[]]>([
    ["state:failed", ["core/c"]],
    ["up(core/c)", ["raw/a", "stage/b", "core/c"]],
    ["down(stage/b, 1)", ["stage/b", "core/c", "core/d"]],
    ["focus(core/c)", ["raw/a", "stage/b", "core/c", "marts/e"]],
    ["group:core -state:failed", ["core/d"]],
    ["check:failed", ["stage/b"]],
    ["key:core/* | marts", ["core/c", "core/d", "marts/e"]],
    ["up(nobody)", []],
  ])("%s", (text, expected) => expect(fit(text)).toEqual(expected));
});
