import { describe, expect, it } from "vitest";
import { type GraphInput, layoutGraph, NODE_HEIGHT, NODE_WIDTH, NONE } from "../src/graph/layout";

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A layered project: most edges join near layers, some are long. */
function project(count: number, edgeCount: number, groups: number, seed = 7): GraphInput {
  const next = random(seed);
  const edges: number[] = [];
  for (let edge = 0; edge < edgeCount; edge += 1) {
    const target = 1 + Math.floor(next() * (count - 1));
    const reach = next() < 0.9 ? count / 12 : count / 3;
    edges.push(Math.max(0, Math.floor(target - 1 - next() * reach)), target);
  }
  const groupIds = Uint32Array.from({ length: count }, (_, node) => Math.floor((node / count) * groups));
  return { count, edges: Uint32Array.from(edges), groups: groupIds };
}

function overlaps(input: GraphInput): string[] {
  const layout = layoutGraph(input);
  const found: string[] = [];
  const columns = new Map<number, number[]>();
  for (let node = 0; node < input.count; node += 1) {
    const column = columns.get(layout.rank[node]!) ?? [];
    column.push(node);
    columns.set(layout.rank[node]!, column);
  }
  for (const column of columns.values()) {
    column.sort((left, right) => layout.y[left]! - layout.y[right]!);
    for (let at = 1; at < column.length; at += 1) {
      const gap = layout.y[column[at]!]! - layout.y[column[at - 1]!]!;
      if (gap < NODE_HEIGHT) found.push(`${column[at - 1]} and ${column[at]}: ${gap}`);
    }
  }
  return found;
}

describe("layered layout", () => {
  const sizes: [number, number, number][] = [
    [1, 0, 1],
    [12, 14, 3],
    [60, 110, 7],
    [300, 600, 12],
    [1500, 3000, 30],
  ];

  it.each(sizes)("%i nodes, %i edges: ranks increase along every edge", (count, edges, groups) => {
    const input = project(count, edges, groups);
    const layout = layoutGraph(input);
    for (let at = 0; at < input.edges.length; at += 2) {
      const [source, target] = [input.edges[at]!, input.edges[at + 1]!];
      if (source !== target) expect(layout.rank[target]!).toBeGreaterThan(layout.rank[source]!);
    }
  });

  it.each(sizes)("%i nodes, %i edges: no two nodes overlap", (count, edges, groups) => {
    expect(overlaps(project(count, edges, groups))).toEqual([]);
  });

  it.each(sizes)("%i nodes, %i edges: groups stay together, blocks hold their nodes and do not overlap", (count, edges, groups) => {
    const input = project(count, edges, groups);
    const layout = layoutGraph(input);
    const seen = new Set<string>();
    let held = 0;
    for (const block of layout.blocks) {
      const id = `${block.rank}/${block.group}`;
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      for (const node of block.nodes) {
        held += 1;
        expect(input.groups[node]).toBe(block.group);
        expect(layout.y[node]!).toBeGreaterThanOrEqual(block.y);
        expect(layout.y[node]! + NODE_HEIGHT).toBeLessThanOrEqual(block.y + block.height + 0.01);
        expect(layout.x[node]! + NODE_WIDTH).toBeLessThanOrEqual(block.x + block.width);
      }
    }
    expect(held).toBe(count);
    const byColumn = layout.blocks.toSorted((left, right) => left.rank - right.rank || left.y - right.y);
    for (let at = 1; at < byColumn.length; at += 1) {
      const [above, below] = [byColumn[at - 1]!, byColumn[at]!];
      if (above.rank === below.rank) expect(below.y).toBeGreaterThanOrEqual(above.y + above.height - 0.01);
    }
  });

  it("is deterministic", () => {
    const input = project(400, 800, 9);
    expect(layoutGraph(input)).toEqual(layoutGraph(input));
  });

  it("starts every edge at its source and ends it at its target", () => {
    const input = project(80, 160, 5);
    const layout = layoutGraph(input);
    const wanted = new Set<number>();
    for (let at = 0; at < input.edges.length; at += 2) {
      if (input.edges[at] !== input.edges[at + 1]) wanted.add(input.edges[at]! * 80 + input.edges[at + 1]!);
    }
    const ends = new Set<number>();
    layout.segmentTarget.forEach((target, segment) => {
      if (target === NONE) return;
      ends.add(layout.segmentSource[segment]! * 80 + target);
      expect(layout.segments[segment * 4 + 2]).toBe(layout.x[target]);
      expect(layout.segments[segment * 4 + 3]).toBeCloseTo(layout.y[target]! + NODE_HEIGHT / 2, 2);
    });
    expect(ends).toEqual(wanted);
  });

  it("survives circles, loops, repeats and edges to nowhere", () => {
    const edges = Uint32Array.from([0, 1, 1, 2, 2, 0, 1, 1, 0, 1, 2, 9]);
    const layout = layoutGraph({ count: 3, edges, groups: new Uint32Array(3) });
    expect(new Set(layout.rank).size).toBe(3);
    expect(layoutGraph({ count: 0, edges: new Uint32Array(), groups: new Uint32Array() }).blocks).toEqual([]);
  });

  it("untangles what can be untangled", () => {
    // Two stars whose leaves are given in alternating order.
    const edges: number[] = [];
    for (let leaf = 0; leaf < 20; leaf += 1) edges.push(leaf % 2, leaf + 2);
    const layout = layoutGraph({ count: 22, edges: Uint32Array.from(edges), groups: new Uint32Array(22) });
    expect(layout.crossings).toBe(0);
  });

  it("10 000 nodes and 20 000 edges in two seconds", () => {
    const input = project(10_000, 20_000, 120);
    const started = performance.now();
    const layout = layoutGraph(input);
    const took = performance.now() - started;
    expect(layout.count).toBe(10_000);
    expect(took).toBeLessThan(2000);
  });
});
