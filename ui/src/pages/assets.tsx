/** The catalogue: every asset with its state, grouped, filtered, marked and run. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { assetsQuery, planQuery, shellQuery } from "../api/queries";
import { plural } from "../format/number";
import { assetState, assetWord } from "../format/run";
import { age, duration } from "../format/time";
import { ASSET_FIELDS, assetRows, type AssetRow, fittingAssets, flowOrder, neighboursOf } from "../graph/model";
import { FilterBar } from "../list/filterbar";
import { type Column, Grid, type Sort } from "../list/grid";
import { usePhone } from "../list/media";
import { Broken, Empty, Key, Panel, Seg, Skeleton } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { ShareBar } from "../parts/small";
import { Time, useNow } from "../parts/time";
import { openLaunch } from "../shell/launch-store";
import { useSettings } from "../shell/settings";
import { Title } from "../shell/title";
import { AssetInspector } from "./asset-inspector";

type Grouping = "prefix" | "group" | "owner" | "state";
const STATE_ORDER = [3, 2, 0, 1];
const NONE: ReadonlySet<string> = new Set();

function groupName(row: AssetRow, by: Grouping): string {
  if (by === "group") return row.group || "no group";
  if (by === "owner") return row.owners[0] ?? "no owner";
  if (by === "state") return assetWord(row.status);
  return row.key.includes("/") ? row.key.slice(0, row.key.lastIndexOf("/")) : "no prefix";
}

function sortValue(row: AssetRow, column: string): string | number {
  if (column === "age") return -(row.lastAt ?? 0);
  if (column === "checks") return row.checks ? -row.checks[1] : 1;
  if (column === "partitions") return row.partitions ? row.partitions[1] / Math.max(1, row.partitions[0]) : 2;
  if (column === "owner") return row.owners[0] ?? "";
  return row.key;
}

function arrange(rows: readonly AssetRow[], by: Grouping, sort: Sort): AssetRow[] {
  const order = sort.descending ? -1 : 1;
  const stateRank = (row: AssetRow) => (by === "state" ? STATE_ORDER.indexOf(row.status) : 0);
  const place = flowOrder(rows, (row) => (by === "owner" ? "" : groupName(row, by)));
  return rows.toSorted((left, right) => {
    const [a, b] = [groupName(left, by), groupName(right, by)];
    if (a !== b) return stateRank(left) - stateRank(right) || (place.get(a) ?? 0) - (place.get(b) ?? 0) || a.localeCompare(b);
    const [x, y] = [sortValue(left, sort.column), sortValue(right, sort.column)];
    return order * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
  });
}

/** The page. */
export default function Assets() {
  const search = useSearch({ from: "/assets" });
  const navigate = useNavigate({ from: "/assets" });
  const phone = usePhone();
  const now = useNow();
  const query = useQuery(assetsQuery);
  const [settings, change] = useSettings();
  const [sort, setSort] = useState<Sort>({ column: "key", descending: false });
  const [selected, setSelected] = useState<ReadonlySet<string>>(NONE);
  const by = (["group", "owner", "state"] as const).find((value) => value === search.view) ?? "prefix";
  const filter = search.q ?? "";
  const wanted = useDeferredValue(filter);
  const all = useMemo(() => (query.data ? assetRows(query.data) : []), [query.data]);
  const neighbours = useMemo(() => {
    let made: ReturnType<typeof neighboursOf> | undefined;
    return () => (made ??= neighboursOf(all.length, (query.data?.deps ?? []).flatMap((deps, at) => deps.flatMap((dep) => [dep, at]))));
  }, [all, query.data?.deps]);
  const rows = useMemo(() => arrange(fittingAssets(all, wanted, neighbours), by, sort), [all, wanted, neighbours, by, sort]);
  const setFilter = useCallback((q: string) => void navigate({ search: (old) => ({ ...old, q: q || undefined }), replace: true }), [navigate]);
  const inspect = useCallback((row: AssetRow | undefined) => void navigate({ search: (old) => ({ ...old, at: row?.key }), replace: true }), [navigate]);
  const open = useCallback((row: AssetRow) => void navigate({ to: "/a/$", params: { _splat: row.key } }), [navigate]);
  const inspecting = search.at !== undefined && !phone;
  const columns = useColumns(now, inspecting);
  const groups = useMemo(() => summarise(rows, by), [rows, by]);
  return (
    <div className="split">
      <header className="page-head">
        <Title name="Assets" />
        <div className="actions wide-only">
          <Seg label="Group by" value={by} options={[{ value: "prefix", text: "Prefix" }, { value: "group", text: "Group" }, { value: "owner", text: "Owner" }, { value: "state", text: "State" }]}
            onChange={(view) => void navigate({ search: (old) => ({ ...old, view: view === "prefix" ? undefined : view }), replace: true })} />
          <Seg label="Density" value={settings.density} options={[{ value: "compact", text: "Compact" }, { value: "normal", text: "Normal" }]} onChange={(density) => change({ density })} />
        </div>
      </header>
      <FilterBar value={filter} onChange={setFilter} fields={ASSET_FIELDS} label="Filter assets" placeholder={`Filter ${plural(all.length, "asset")}: state:failed, group:core, kind:table, owner:, up(core/orders, 2), words`} />
      <div className="panes">
        <section className="pane-grid" aria-label="Asset list">
          {query.isError && !query.data ? <Broken what="The assets" error={query.error} onRetry={() => void query.refetch()} /> : query.isPending ? <Skeleton rows={16} /> : (
            <Grid
              label="Assets" rows={rows} columns={columns} rowId={(row) => row.key} onOpen={open} onInspect={inspect} inspected={search.at} selectable selected={selected} onSelect={setSelected} sort={sort} onSort={setSort} testId="assets"
              rowLabel={(row) => `${row.key}, ${assetWord(row.status)}`}
              groupOf={(row) => {
                const name = groupName(row, by);
                return { id: name, heading: <>{name} <span>{groups.get(name)}</span></> };
              }}
              phoneRow={(row) => <><Glyph state={assetState(row.status)} word={assetWord(row.status)} /><div className="grow"><div className="row"><span className="grow cut"><Key name={row.key} /></span><span className="muted"><Time at={row.lastAt} /></span></div><div className="cut muted t12">{row.lastError ?? row.description ?? row.kinds.join(", ")}</div></div></>}
              empty={filter ? <Empty title="No asset matches"><p><span className="chip">{filter}</span></p><button type="button" className="btn" onClick={() => setFilter("")}>Clear the filter</button></Empty> : <NoAssets />}
            />
          )}
          {selected.size > 0 && <SelectionBar keys={[...selected]} onClear={() => setSelected(NONE)} />}
        </section>
        {inspecting && search.at && <Panel what="The inspector"><AssetInspector assetKey={search.at} onClose={() => inspect(undefined)} /></Panel>}
      </div>
    </div>
  );
}

/** Nothing is defined, or nothing could be loaded: the one is no reason to look for the other. */
function NoAssets() {
  const shell = useQuery(shellQuery);
  const broken = shell.data?.locations.find((location) => location.error);
  if (!broken) return <Empty title="No assets are defined"><p>Assets of your definitions appear here as soon as a code location has loaded.</p></Empty>;
  return <Empty title={`${broken.name} does not load`}><p>Its assets appear here as soon as it does.</p><Link to="/system" hash={`location-${broken.name}`} className="btn">Show error</Link></Empty>;
}

function summarise(rows: readonly AssetRow[], by: Grouping): Map<string, string> {
  const sizes = new Map<string, { size: number; bad: number }>();
  for (const row of rows) {
    const group = sizes.get(groupName(row, by)) ?? { size: 0, bad: 0 };
    group.size += 1;
    if (row.status === 2 || (row.checks?.[1] ?? 0) > 0) group.bad += 1;
    sizes.set(groupName(row, by), group);
  }
  return new Map([...sizes].map(([name, { size, bad }]) => [name, `${plural(size, "asset")}${bad > 0 ? `, ${bad} ${bad === 1 ? "needs" : "need"} attention` : ""}`]));
}

function useColumns(now: number, inspecting: boolean): Column<AssetRow>[] {
  return useMemo(() => {
    const columns: (Column<AssetRow> | false)[] = [
      { id: "key", header: "Asset", sortable: true, width: "minmax(220px, 2fr)", cell: (row) => <span title={row.description ?? row.key}><Glyph state={assetState(row.status)} word={assetWord(row.status)} /> <Link to="/a/$" params={{ _splat: row.key }} tabIndex={-1} className="after-glyph"><Key name={row.key} /></Link></span> },
      !inspecting && { id: "kind", header: "Kind", width: "112px", cell: (row) => <span className="muted" title={row.kinds.join(", ")}>{row.external ? "external" : row.kinds.join(", ")}</span> },
      { id: "age", header: "Age", sortable: true, width: "64px", align: "end", cell: (row) => <span className="muted">{row.lastAt === null ? "never" : age(Math.max(0, (now - row.lastAt) / 1000))}</span> },
      { id: "last", header: "Last", width: "64px", align: "end", cell: (row) => <span className="muted"><Time at={row.lastAt} /></span> },
      { id: "checks", header: "Checks", sortable: true, width: "96px", cell: (row) => <ChecksCell checks={row.checks} /> },
      { id: "partitions", header: "Partitions", sortable: true, width: inspecting ? "120px" : "168px", cell: (row) => row.partitions ? <ShareBar total={row.partitions[0]} label={`${row.partitions[1]} of ${row.partitions[0]} materialized, ${row.partitions[2]} failed`} parts={[{ kind: "ok", size: row.partitions[1] }, { kind: "failed", size: row.partitions[2] }, { kind: "running", size: row.partitions[3] }]} /> : <span className="muted">none</span> },
      !inspecting && { id: "owner", header: "Owner", sortable: true, width: "136px", cell: (row) => <span className="muted" title={row.owners.join(", ")}>{row.owners.join(", ")}</span> },
      { id: "note", header: "Last error", width: "minmax(120px, 1.4fr)", cell: (row) => (row.lastError ? <span className="mono" title={row.lastError}>{row.lastError}</span> : null) },
    ];
    return columns.filter((column): column is Column<AssetRow> => column !== false);
  }, [now, inspecting]);
}

function ChecksCell({ checks }: { checks: AssetRow["checks"] }) {
  if (!checks) return null;
  const [passed, failed, missing] = checks;
  if (failed > 0) return <><Glyph state="failed" word="" /> {failed} fail / {passed + failed + missing}</>;
  if (passed === 0) return <><Glyph state="unknown" word="Never run" /> <span className="muted">{missing}</span></>;
  return <><Glyph state="success" word="Passed" /> {passed}{missing > 0 && <span className="muted"> of {passed + missing}</span>}</>;
}

/** What is marked, what running it would mean, and the button. */
function SelectionBar({ keys, onClear }: { keys: string[]; onClear: () => void }) {
  const plan = useQuery(planQuery({ assetKeys: keys }, null, keys.length <= 2000));
  const words = plan.data ? `Plan: ${plural(plan.data.steps, "step")} a run${plan.data.estimatedSeconds ? `, about ${duration(plan.data.estimatedSeconds)}` : ""}` : plan.isError ? plan.error.message : "Plan: …";
  return (
    <div className="selbar float" role="region" aria-label="Selection">
      <b>{plural(keys.length, "asset")}</b>
      <span className="div" />
      <span className="muted cut">{words}</span>
      <button type="button" className="btn btn-primary" onClick={() => openLaunch({ assetKeys: keys })}>Materialize {plural(keys.length, "asset")}…</button>
      <button type="button" className="btn btn-icon btn-quiet" aria-label="Clear the selection" onClick={onClear}><Icon name="close" /></button>
    </div>
  );
}
