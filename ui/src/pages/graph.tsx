/** The graph of all assets: who reads whom, and where it is red. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { assetsQuery, graphQuery } from "../api/queries";
import { count, plural } from "../format/number";
import { age, shortWhen } from "../format/time";
import { GraphCanvas, type GraphHandle } from "../graph/canvas";
import type { GraphInput } from "../graph/layout";
import { ASSET_FIELDS, assetRows, type AssetRow, fittingAssets, neighboursOf, reach } from "../graph/model";
import { Outline } from "../graph/outline";
import type { NodeFace } from "../graph/scene";
import { useLayout } from "../graph/use-layout";
import { FilterBar } from "../list/filterbar";
import { usePhone } from "../list/media";
import { Broken, Empty, Panel, Seg, Skeleton } from "../parts/controls";
import { Icon } from "../parts/icons";
import { useNow } from "../parts/time";
import { Title } from "../shell/title";
import { AssetInspector } from "./asset-inspector";

const NOBODY: ReadonlySet<number> = new Set();
/** Ways up and down are drawn this far for a selected node. */
const RELATED_DEPTH = 12;

function note(row: AssetRow, now: number): string {
  if (row.status === 3) return "running";
  if (row.status === 2) return row.lastAt ? `failed, good ${shortWhen(row.lastAt, now)}` : "failed";
  if (row.lastAt === null) return row.external ? "external" : "never made";
  return `${age(Math.max(0, (now - row.lastAt) / 1000))} ago`;
}

/** The failed assets that fail for no reason upstream. */
function rootCauses(rows: readonly AssetRow[], up: readonly (readonly number[])[]): string {
  const failed = rows.filter((row) => row.status === 2);
  const bad = new Set(failed.map((row) => row.index));
  const roots = failed.filter((row) => ![...reach(up, [row.index], 99)].some((other) => other !== row.index && bad.has(other)));
  return roots.length === 0 ? "" : roots.slice(0, 20).map((row) => `down(${row.key})`).join(" | ");
}

/** The page. */
export default function Graph() {
  const search = useSearch({ from: "/graph" });
  const navigate = useNavigate({ from: "/graph" });
  const phone = usePhone();
  const now = useNow();
  const graph = useQuery(graphQuery);
  const table = useQuery(assetsQuery);
  const [pane, setPane] = useState<"graph" | "outline">("graph");
  const [inspecting, setInspecting] = useState(false);
  const handle = useRef<GraphHandle>(null);
  const filter = search.q ?? "";
  const wanted = useDeferredValue(filter);

  // Nodes are those of the topology; states join by key, so a newer definition on one side does no harm.
  const rows = useMemo(() => {
    if (!graph.data) return [];
    const states = new Map((table.data ? assetRows(table.data) : []).map((row) => [row.key, row]));
    const { keys, groups, group } = graph.data;
    return keys.map((key, index): AssetRow => {
      const known = states.get(key);
      const name = groups[group[index] ?? 0] ?? "";
      return known ? { ...known, index, group: name } : { index, key, status: 0, group: name, location: "", kinds: [], owners: [], depth: 0, lastAt: null, lastRun: null, lastError: null, partitions: null, checks: null, description: null, external: false };
    });
  }, [graph.data, table.data]);
  const neighbours = useMemo(() => neighboursOf(graph.data?.keys.length ?? 0, graph.data?.edges ?? []), [graph.data]);
  const shown = useMemo(() => fittingAssets(rows, wanted, () => neighbours), [rows, wanted, neighbours]);
  const signature = useMemo(() => `${graph.data?.hash}|${shown.length === rows.length ? "*" : shown.map((row) => row.index).join(",")}`, [graph.data?.hash, shown, rows.length]);
  // The rows change with every state; the input of the layout only with the set of nodes.
  const latest = useRef(shown);
  latest.current = shown;
  const input = useMemo(() => (graph.data && signature ? subgraph(graph.data, latest.current) : undefined), [graph.data, signature]);
  const { layout, key: layoutKey } = useLayout(signature, input);
  const settled = layoutKey === signature && layout?.count === shown.length;
  const faces = useMemo(() => shown.map((row): NodeFace => ({ name: row.key.split("/").at(-1) ?? row.key, status: row.status, note: note(row, now) })), [shown, now]);
  const local = useMemo(() => new Map(shown.map((row, at) => [row.key, at])), [shown]);
  const selected = search.at === undefined ? -1 : (local.get(search.at) ?? -1);
  const related = useMemo(() => {
    const row = selected >= 0 ? shown[selected] : undefined;
    if (!row) return NOBODY;
    const all = new Set([...reach(neighbours.up, [row.index], RELATED_DEPTH), ...reach(neighbours.down, [row.index], RELATED_DEPTH)]);
    return new Set([...all].flatMap((index) => local.get(rows[index]?.key ?? "") ?? []));
  }, [selected, shown, neighbours, local, rows]);

  const setFilter = useCallback((q: string) => void navigate({ search: (old) => ({ ...old, q: q || undefined }), replace: true }), [navigate]);
  const select = useCallback((key: string | undefined) => void navigate({ search: (old) => ({ ...old, at: key }), replace: true }), [navigate]);
  const open = useCallback((key: string) => void navigate({ to: "/a/$", params: { _splat: key } }), [navigate]);
  useEffect(() => {
    if (settled && selected >= 0) handle.current?.reveal(selected);
  }, [selected, settled]);
  useInspectorKey(useCallback(() => setInspecting((value) => !value), []));

  const failed = shown.filter((row) => row.status === 2).length;
  const running = shown.filter((row) => row.status === 3).length;
  const words = [plural(shown.length, "asset"), failed > 0 && `${count(failed)} failed`, running > 0 && `${count(running)} running`].filter(Boolean).join(", ");
  const causes = failed > 0 ? rootCauses(rows, neighbours.up) : "";
  const error = graph.error ?? table.error;
  return (
    <div className="split graph-page">
      <header className="page-head">
        <Title name="Graph" />
        <div className="actions">
          {phone && <Seg label="Show" value={pane} options={[{ value: "graph", text: "Graph" }, { value: "outline", text: "Outline" }]} onChange={setPane} />}
          {causes !== "" && <button type="button" className="btn wide-only" onClick={() => setFilter(causes)}>Root causes of red</button>}
          {!phone && search.at !== undefined && <button type="button" className="btn" aria-pressed={inspecting} onClick={() => setInspecting(!inspecting)}><Icon name="panel" />Inspector</button>}
        </div>
      </header>
      <FilterBar value={filter} onChange={setFilter} fields={ASSET_FIELDS} label="Filter the graph" placeholder="Filter the graph: group:core, state:failed, focus(core/orders), up(core/orders, 2), words" />
      {error && rows.length === 0 ? <Broken what="The graph" error={error} onRetry={() => void graph.refetch()} /> : (
        <div className="panes graph-panes">
          {(!phone || pane === "outline") && (
            <Panel what="The outline"><Outline rows={shown} neighbours={neighbours} selected={search.at} onSelect={select} onOpen={open} onFocusNode={(key) => setFilter(`focus(${key})`)} /></Panel>
          )}
          {(!phone || pane === "graph") && (
            <section className="graph-stage" aria-label="Picture of the graph">
              {shown.length === 0 && !graph.isPending ? (
                filter ? <Empty title="No asset matches"><p><span className="chip">{filter}</span></p><button type="button" className="btn" onClick={() => setFilter("")}>Clear the filter</button></Empty> : <Empty title="No assets are defined" />
              ) : layout && settled ? (
                <Panel what="The picture">
                  <GraphCanvas layout={layout} faces={faces} groups={graph.data?.groups ?? []} selected={selected} related={related} handle={handle}
                    label={`Graph of ${words}. The outline beside it holds the same.`}
                    onSelect={(node) => select(node < 0 ? undefined : shown[node]?.key)} onOpen={(node) => { const row = shown[node]; if (row) open(row.key); }} />
                </Panel>
              ) : <div className="graph-wait"><Skeleton rows={6} label="The graph is being laid out" /></div>}
              <div className="graph-tools">
                <span className="muted" data-testid="graph-count">{words}</span>
                <div className="seg" role="group" aria-label="Zoom">
                  <button type="button" aria-label="Zoom out" onClick={() => handle.current?.zoom(1 / 1.4)}>−</button>
                  <button type="button" onClick={() => handle.current?.fit()}>Fit</button>
                  <button type="button" aria-label="Zoom in" onClick={() => handle.current?.zoom(1.4)}>+</button>
                </div>
              </div>
            </section>
          )}
          {inspecting && !phone && search.at && <Panel what="The inspector"><AssetInspector assetKey={search.at} onClose={() => setInspecting(false)} /></Panel>}
        </div>
      )}
    </div>
  );
}

function useInspectorKey(toggle: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "i" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest("input, textarea, select, dialog")) return;
      toggle();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [toggle]);
}

/** The part of the topology among the shown nodes, numbered anew. */
function subgraph(graph: { edges: number[]; group: number[] }, shown: readonly AssetRow[]): GraphInput {
  const local = new Map(shown.map((row, at) => [row.index, at]));
  const edges: number[] = [];
  for (let at = 0; at + 1 < graph.edges.length; at += 2) {
    const [source, target] = [local.get(graph.edges[at] ?? -1), local.get(graph.edges[at + 1] ?? -1)];
    if (source !== undefined && target !== undefined) edges.push(source, target);
  }
  return { count: shown.length, edges: Uint32Array.from(edges), groups: Uint32Array.from(shown, (row) => graph.group[row.index] ?? 0) };
}
