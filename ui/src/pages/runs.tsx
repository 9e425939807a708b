/** The list of runs: what ran, how it ended, and the first line of why not. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import type { RunFilter, RunRow } from "../api/generated";
import { runsQuery } from "../api/queries";
import type { Facets as FacetCounts, ThroughputBucket } from "../api/shapes";
import { setFacet } from "../filter/edit";
import { plural } from "../format/number";
import { andMore, failedSomewhere, runSeconds, runState, runWord, shortId, starter, trigger } from "../format/run";
import { clock } from "../format/time";
import { Facets, type Facet } from "../list/facets";
import { FilterBar } from "../list/filterbar";
import { type Column, Grid } from "../list/grid";
import { usePhone } from "../list/media";
import { Broken, Empty, Key, Panel, Skeleton } from "../parts/controls";
import { Glyph, type State } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { DurationBar, StackedBars } from "../parts/small";
import { Time, useNow, useSecond } from "../parts/time";
import { openLaunch } from "../shell/launch-store";
import { Title } from "../shell/title";
import { RunInspector } from "./run-inspector";
import { useRetry } from "./run-actions";
import { fittingRuns, RUN_FIELDS, serverFilter } from "./runs-filter";

const STATE_ORDER: [string, State, string][] = [
  ["failure", "failed", "Failed"], ["running", "running", "Running"], ["queued", "queued", "Queued"], ["success", "success", "Success"], ["canceled", "canceled", "Canceled"],
];
/** Pages looked through by itself when few rows fit. */
const SEARCH_PAGES = 5;

/** Target first, then how it went. */
export default function Runs() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const filter = search.q ?? "";
  const now = useNow();
  const minute = Math.floor(now / 60_000);
  // By way of text: the cache key moves with the minute only when the filter has a relative time.
  const wanted = JSON.stringify(serverFilter(filter, minute * 60_000));
  const stable = useMemo(() => JSON.parse(wanted) as RunFilter, [wanted]);
  const runs = useInfiniteQuery(runsQuery(stable));
  const setFilter = useCallback((q: string) => void navigate({ search: (old) => ({ ...old, q: q || undefined }), replace: true }), [navigate]);
  const inspect = useCallback((row: RunRow | undefined) => void navigate({ search: (old) => ({ ...old, at: row?.id }), replace: true }), [navigate]);
  const open = useCallback((row: RunRow) => void navigate({ to: "/r/$runId", params: { runId: row.id } }), [navigate]);
  const retry = useRetry();

  const first = runs.data?.pages[0];
  const loaded = useMemo(() => runs.data?.pages.flatMap((page) => page.runs.runs) ?? [], [runs.data]);
  const rows = useMemo(() => fittingRuns(loaded, filter), [loaded, filter]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = runs;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const pages = runs.data?.pages.length ?? 0;
  useEffect(() => {
    if (rows.length < 30 && pages > 0 && pages < SEARCH_PAGES) more();
  }, [rows.length, pages, more]);

  const phone = usePhone();
  const facetList = useFacets(first?.runFacets);
  const inspecting = search.at !== undefined && !phone;
  const columns = useColumns(inspecting);
  return (
    <div className="split">
      <header className="page-head">
        <Title name="Runs" />
        <div className="actions">
          <button type="button" className="btn" onClick={() => openLaunch({})}><Icon name="play" />Launch</button>
        </div>
      </header>
      <FilterBar value={filter} onChange={setFilter} fields={RUN_FIELDS} label="Filter runs" placeholder="Filter runs: state:failed, target:core/orders, -job:noisy, since:24h, words" />
      <div className="panes">
        {!phone && <Panel what="Facets"><Facets facets={facetList} filter={filter} onFilter={setFilter} /></Panel>}
        <section className="pane-grid" aria-label="Run list">
          {runs.isError && loaded.length === 0 ? (
            <Broken what="The list of runs" error={runs.error} onRetry={() => void runs.refetch()} />
          ) : runs.isPending ? (
            <Skeleton rows={16} />
          ) : (
            <Grid
              label="Runs" rows={rows} columns={columns} rowId={(row) => row.id} onOpen={open} onInspect={inspect} inspected={search.at} onEnd={more}
              rowLabel={(row) => `${runWord(row)}, ${row.title} ${andMore(row.more)}${row.partitionKey ? `, ${row.partitionKey}` : ""}`}
              onCommand={(command, row) => command === "retry" && failedSomewhere(row) && retry.mutate({ id: row.id, strategy: "from_failure" })}
              before={<Histogram buckets={first?.now?.throughput ?? []} filter={filter} onFilter={setFilter} />}
              phoneRow={(row) => <PhoneRow run={row} />}
              empty={<NoRuns filter={filter} looked={loaded.length} onFilter={setFilter} />}
              testId="runs"
            />
          )}
        </section>
        {inspecting && search.at && <Panel what="The inspector"><RunInspector id={search.at} onClose={() => inspect(undefined)} /></Panel>}
      </div>
    </div>
  );
}

/** A duration that counts while the run runs. */
function LiveDuration({ run, scale }: { run: RunRow; scale: number }) {
  const second = useSecond(run.startedAt !== null && run.endedAt === null);
  const seconds = runSeconds(run, second);
  return seconds === undefined ? null : <DurationBar seconds={seconds} typical={run.typicalSeconds} scale={scale} />;
}

/** Each target is drawn on its own scale: twice its typical time. */
function scaleOf(run: RunRow): number {
  return Math.max((run.typicalSeconds ?? 0) * 2, run.typicalSeconds ? 0 : (runSeconds(run, Date.now()) ?? 1) * 1.4, 0.05);
}

function useColumns(inspecting: boolean): Column<RunRow>[] {
  return useMemo(() => {
    const columns: (Column<RunRow> | false)[] = [
      { id: "state", header: "State", quiet: true, width: "20px", cell: (run) => <Glyph state={run.disconnectedAt ? "late" : runState(run.status)} word={runWord(run)} /> },
      {
        id: "target", header: "Target", width: inspecting ? "minmax(176px, 1fr)" : "minmax(190px, 1fr)",
        cell: (run) => <Link to="/r/$runId" params={{ runId: run.id }} tabIndex={-1} title={`${run.title} ${andMore(run.more)}`}><Key name={run.title} />{run.more > 0 && <span className="faint"> +{run.more}</span>}</Link>,
      },
      { id: "partition", header: "Partition", width: "92px", cell: (run) => <span className="muted">{run.partitionKey}</span> },
      !inspecting && { id: "trigger", header: "Started by", width: "124px", cell: (run) => <span className="muted" title={`${run.triggerKind} ${run.triggerName}`}>{trigger(run)}</span> },
      { id: "started", header: "Started", width: "60px", align: "end", cell: (run) => <span className="muted"><Time at={run.startedAt ?? run.createdAt} /></span> },
      { id: "duration", header: "Duration", width: inspecting ? "136px" : "152px", align: "end", cell: (run) => <LiveDuration run={run} scale={scaleOf(run)} /> },
      !inspecting && { id: "steps", header: "Steps", width: "76px", align: "end", cell: (run) => <span className="muted">{run.stepsDone}/{run.stepsTotal}</span> },
      { id: "error", header: "First error or note", width: inspecting ? "minmax(150px, 1.2fr)" : "minmax(200px, 2fr)", cell: (run) => <Note run={run} /> },
      !inspecting && { id: "id", header: "Id", width: "56px", align: "end", cell: (run) => <span className="mono faint" title={run.id}>{shortId(run.id)}</span> },
    ];
    return columns.filter((column): column is Column<RunRow> => column !== false);
  }, [inspecting]);
}

function Note({ run }: { run: RunRow }) {
  if (run.errorLine) return <span className="mono" title={run.errorLine}>{run.errorLine}</span>;
  if (run.checksFailed > 0) return <span className="late">{plural(run.checksFailed, "check")} failed</span>;
  if (run.status === "queued") return <span className="muted">{run.waitsFor}</span>;
  return null;
}

function PhoneRow({ run }: { run: RunRow }) {
  return (
    <>
      <Glyph state={runState(run.status)} word={runWord(run)} />
      <div className="grow">
        <div className="row"><Link to="/r/$runId" params={{ runId: run.id }} tabIndex={-1} className="grow cut"><Key name={run.title} />{run.more > 0 && <span className="faint"> +{run.more}</span>}{run.errorLine && run.partitionKey && <span className="muted"> {run.partitionKey}</span>}</Link><span className="muted"><Time at={run.startedAt ?? run.createdAt} /></span></div>
        <div className="cut muted t12">{run.errorLine ? <span className="mono">{run.errorLine}</span> : [run.partitionKey, trigger(run), run.status === "queued" && run.waitsFor ? run.waitsFor : `${run.stepsDone}/${run.stepsTotal} steps`].filter(Boolean).join(" · ")}</div>
      </div>
    </>
  );
}

function counted(counts: Record<string, number> | undefined, limit = 8): [string, number][] {
  return Object.entries(counts ?? {}).toSorted((left, right) => right[1] - left[1] || left[0].localeCompare(right[0])).slice(0, limit);
}

function useFacets(counts: FacetCounts | undefined): Facet[] {
  return useMemo(() => {
    const status = counts?.status ?? {};
    const running = (status.running ?? 0) + (status.starting ?? 0) + (status.canceling ?? 0);
    const number = (name: string) => (name === "running" ? running : (status[name] ?? 0));
    const plain = (field: string, title: string, values: [string, number][]): Facet => ({
      field, title, values: values.map(([value, count]) => ({ value, count, text: <span title={value}>{starter(value)}</span> })),
    });
    return [
      { field: "state", title: "State", values: STATE_ORDER.map(([name, state, word]) => ({ value: state, count: number(name), text: <><Glyph state={state} word="" /><span>{word}</span></> })) },
      plain("job", "Job", counted(counts?.job).filter(([name]) => !name.startsWith("__"))),
      plain("by", "Started by", counted(counts?.trigger_name).filter(([name]) => name !== "")),
      plain("location", "Location", counted(counts?.location)),
    ];
  }, [counts]);
}

/** Runs of the last day above the list; a click on an hour narrows the list to it. */
function Histogram({ buckets, filter, onFilter }: { buckets: readonly ThroughputBucket[]; filter: string; onFilter: (text: string) => void }) {
  if (buckets.length === 0) return null;
  const pick = (at: string) => {
    const hour = Date.parse(at);
    const text = setFacet(setFacet(filter.replace(/\b(since|until):\S+\s*/g, ""), "since", new Date(hour).toISOString(), "in"), "until", new Date(hour + 3_600_000).toISOString(), "in");
    onFilter(text);
  };
  return (
    <div className="histogram" onClick={(event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const bucket = buckets[Math.floor(((event.clientX - box.left) / box.width) * buckets.length)];
      if (bucket) pick(bucket.at);
    }} role="presentation">
      <StackedBars
        height={24}
        label={`Runs of the last 24 hours: ${buckets.map((bucket) => `${clock(Date.parse(bucket.at))} ${bucket.success + bucket.failure + bucket.canceled}`).join(", ")}`}
        buckets={buckets.map((bucket) => ({ at: Date.parse(bucket.at), ok: bucket.success + bucket.canceled, failed: bucket.failure, running: 0 }))}
      />
    </div>
  );
}

function NoRuns({ filter, looked, onFilter }: { filter: string; looked: number; onFilter: (text: string) => void }) {
  if (filter === "") {
    return (
      <Empty title="Nothing has run yet">
        <p>A run appears here as soon as it is asked for.</p>
        <button type="button" className="btn" onClick={() => openLaunch({})}>Launch a run</button>
      </Empty>
    );
  }
  return (
    <Empty title="No run matches">
      <p><span className="chip">{filter}</span></p>
      {looked > 0 && <p>Looked through the newest {plural(looked, "run")}.</p>}
      <button type="button" className="btn" onClick={() => onFilter("")}>Clear the filter</button>
    </Empty>
  );
}
