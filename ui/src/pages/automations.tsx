/** Schedules and jobs: what runs by itself, when next, and what the last tick said. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { AutomationsResult, JobsResult } from "../api/generated";
import { automationQuery, automationsQuery, jobsQuery } from "../api/queries";
import { matches } from "../filter/match";
import { parseFilter } from "../filter/parse";
import { cronInWords } from "../format/cron";
import { plural } from "../format/number";
import { runState, runWord, shortId, tickState } from "../format/run";
import { clock, fullTime } from "../format/time";
import { FilterBar } from "../list/filterbar";
import { type Column, Grid } from "../list/grid";
import { usePhone } from "../list/media";
import { Broken, Empty, Key, Panel, Seg, Skeleton, Switch } from "../parts/controls";
import { Glyph, type State } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { type Tick, TickStrip } from "../parts/small";
import { Time, useNow } from "../parts/time";
import { openLaunch } from "../shell/launch-store";
import { Title } from "../shell/title";
import { useSetAutomation } from "./automation-actions";

type Automation = AutomationsResult["automations"][number];
type LastTick = NonNullable<Automation["lastTick"]>;
type Job = JobsResult["jobs"][number];
const FIELDS = ["name", "kind", "job", "location", "state", "result"] as const;
const idOf = (item: { location: string; name: string }) => `${item.location}/${item.name}`;

/** What a tick came to, in one line. */
function tickWords(tick: LastTick): string {
  if (tick.error) return `${tick.error.class_name}: ${tick.error.message.split("\n")[0]}`;
  if (tick.status === "skipped") return `skipped${tick.skipReason ? `: ${tick.skipReason}` : ""}`;
  if (tick.status === "missed") return "missed while nothing was running";
  if (tick.status === "started") return `running since ${clock(Date.parse(tick.startedAt))}`;
  return tick.runIds.length > 0 ? `started ${plural(tick.runIds.length, "run")}` : "nothing to do";
}

function when(item: Automation): string {
  return item.words || item.cron.map(cronInWords).join("; ") || item.kind;
}

/** The page. */
export default function Automations() {
  const search = useSearch({ from: "/automations" });
  const navigate = useNavigate({ from: "/automations" });
  const view = search.view === "jobs" ? "jobs" : "automations";
  return (
    <div className="split">
      <header className="page-head">
        <Title name="Automations" />
        <div className="actions">
          <Seg label="View" value={view} options={[{ value: "automations", text: "Automations" }, { value: "jobs", text: "Jobs" }]} onChange={(next) => void navigate({ search: next === "jobs" ? { view: "jobs" } : {} })} />
        </div>
      </header>
      {view === "jobs" ? <Jobs /> : <AutomationList />}
    </div>
  );
}

function AutomationList() {
  const search = useSearch({ from: "/automations" });
  const navigate = useNavigate({ from: "/automations" });
  const query = useQuery(automationsQuery);
  const now = useNow();
  const phone = usePhone();
  const { set } = useSetAutomation();
  const filter = search.q ?? "";
  const setFilter = useCallback((q: string) => void navigate({ search: (old) => ({ ...old, q: q || undefined }), replace: true }), [navigate]);
  const inspect = useCallback((item: Automation | undefined) => void navigate({ search: (old) => ({ ...old, at: item && idOf(item) }), replace: true }), [navigate]);
  const rows = useMemo(() => fitting(query.data ?? [], filter), [query.data, filter]);
  const inspected = (query.data ?? []).find((item) => idOf(item) === search.at);
  const columns = useMemo((): Column<Automation>[] => {
    const all: (Column<Automation> | false)[] = [
      { id: "on", header: "On", width: "32px", cell: (item) => <Switch on={item.running} label={`${item.name} runs by itself`} onChange={(running) => set({ location: item.location, name: item.name, running })} /> },
      { id: "name", header: "Automation", width: "minmax(120px, 1fr)", cell: (item) => <button type="button" className={item.running ? "plain" : "plain muted"} tabIndex={-1} onClick={() => inspect(item)}>{item.name}</button> },
      { id: "target", header: "Target", width: "minmax(110px, .9fr)", cell: (item) => <span className="muted" title={item.job}><Key name={item.job.replace(/^__\w+__$/, "assets")} /></span> },
      { id: "when", header: "When", width: "minmax(140px, 1fr)", cell: (item) => <span className={item.running ? undefined : "muted"} title={item.cron.join("\n")}>{when(item)}{item.timezone && item.timezone !== "UTC" ? "" : " UTC"}</span> },
      { id: "next", header: "Next", width: "124px", cell: (item) => <span className="muted">{item.running ? <Time at={item.nextAt} form="upcoming" /> : "paused"}</span> },
      { id: "last", header: "Last tick", width: "minmax(180px, 1.6fr)", cell: (item) => item.lastTick ? <span title={tickWords(item.lastTick)}><Glyph state={tickState(item.lastTick.status)} />{" "}<span className={item.lastTick.error ? "mono" : undefined}>{tickWords(item.lastTick)}</span></span> : <span className="faint">none yet</span> },
      !inspected && { id: "strip", header: "24 h", width: "168px", cell: (item) => <Strip item={item} now={now} /> },
      !inspected && { id: "runs", header: "Runs", width: "44px", align: "end", cell: (item) => <span className="muted">{runsOf(item, now) || "–"}</span> },
    ];
    return all.filter((column): column is Column<Automation> => column !== false);
  }, [now, set, inspect, inspected]);
  const sizes = useMemo(() => countKinds(rows), [rows]);
  return (
    <>
      <FilterBar value={filter} onChange={setFilter} fields={FIELDS} label="Filter automations" placeholder={`Filter ${plural(query.data?.length ?? 0, "automation")} by name, job, kind, result`} />
      <div className="panes">
        <section className="pane-grid" aria-label="Automation list">
          {query.isError && !query.data ? <Broken what="The automations" error={query.error} onRetry={() => void query.refetch()} /> : query.isPending ? <Skeleton rows={8} /> : (
            <Grid
              label="Automations" rows={rows} columns={columns} rowId={idOf} onOpen={inspect} onInspect={inspect} inspected={inspected && idOf(inspected)} testId="automations"
              groupOf={(item) => ({ id: item.kind, heading: <>{kindTitle(item.kind)} <span>{sizes.get(item.kind)}</span></> })}
              phoneRow={(item) => (
                <>
                  <Switch on={item.running} label={`${item.name} runs by itself`} onChange={(running) => set({ location: item.location, name: item.name, running })} />
                  <div className="grow"><div className="row"><span className="grow cut">{item.name}</span><span className="muted t12">{item.running ? <Time at={item.nextAt} form="upcoming" /> : "paused"}</span></div><div className="cut muted t12">{item.lastTick ? tickWords(item.lastTick) : when(item)}</div></div>
                </>
              )}
              empty={filter ? <Empty title="No automation matches"><p><span className="chip">{filter}</span></p><button type="button" className="btn" onClick={() => setFilter("")}>Clear the filter</button></Empty> : <Empty title="Nothing runs by itself yet"><p>Schedules of your definitions appear here.</p></Empty>}
            />
          )}
        </section>
        {inspected && !phone && <Panel what="The inspector"><AutomationInspector item={inspected} onClose={() => inspect(undefined)} /></Panel>}
      </div>
    </>
  );
}

function kindTitle(kind: string): string {
  return { schedule: "Schedules", sensor: "Sensors", on_update: "On update" }[kind] ?? kind;
}

function countKinds(rows: readonly Automation[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const row of rows) sizes.set(row.kind, (sizes.get(row.kind) ?? 0) + 1);
  return sizes;
}

function fitting(rows: readonly Automation[], text: string): readonly Automation[] {
  const result = parseFilter(text);
  const sorted = rows.toSorted((left, right) => left.kind.localeCompare(right.kind) || left.name.localeCompare(right.name));
  if (!result.ok || text.trim() === "") return sorted;
  return sorted.filter((item) =>
    matches(result.filter, {
      fields: { name: [item.name], kind: [item.kind], job: [item.job], location: [item.location], state: [item.running ? "running" : "paused"], result: item.lastTick ? [item.lastTick.status] : [] },
      text: `${item.name} ${item.job} ${item.description ?? ""} ${when(item)} ${item.lastTick ? tickWords(item.lastTick) : ""}`,
    }),
  );
}

function recent(item: Automation, now: number) {
  return item.ticks.filter((tick) => Date.parse(tick.scheduledAt) > now - 86_400_000);
}

function runsOf(item: Automation, now: number): number {
  return recent(item, now).reduce((sum, tick) => sum + tick.runIds.length, 0);
}

function Strip({ item, now }: { item: Automation; now: number }) {
  const ticks = recent(item, now).map((tick): Tick => ({ at: Date.parse(tick.scheduledAt), state: tickState(tick.status) as State }));
  const failed = ticks.filter((tick) => tick.state === "failed").length;
  return <TickStrip ticks={ticks} from={now - 86_400_000} until={now + 20_000} label={`${plural(ticks.length, "tick")} in 24 hours, ${failed} failed`} />;
}

function AutomationInspector({ item, onClose }: { item: Automation; onClose: () => void }) {
  const detail = useQuery(automationQuery(item.location, item.name));
  const ticks = detail.data?.ticks ?? [];
  return (
    <aside className="inspector" aria-label="Inspector" data-testid="inspector">
      <header>
        <div className="grow"><div className="faint">{item.location}</div><h2>{item.name}</h2></div>
        <button type="button" className="btn btn-icon btn-quiet" aria-label="Close the inspector" onClick={onClose}><Icon name="close" /></button>
      </header>
      {item.description && <p className="muted">{item.description}</p>}
      <p className="row inspector-do"><button type="button" className="btn" onClick={() => openLaunch({ location: item.location, job: item.job })}><Icon name="play" />Launch now…</button></p>
      <h3>Facts</h3>
      <dl className="facts">
        <dt>When</dt><dd>{when(item)}</dd>
        <dt>Cron</dt><dd className="mono">{item.cron.join(", ")}</dd>
        <dt>Zone</dt><dd>{item.timezone}</dd>
        <dt>Target</dt><dd>{item.job}</dd>
        {item.file && <><dt>Source</dt><dd className="mono">{item.file}{item.line ? `:${item.line}` : ""}</dd></>}
      </dl>
      {item.running && item.upcoming.length > 0 && <><h3>Next</h3><ul className="steplist">{item.upcoming.map((at) => <li key={at} title={fullTime(Date.parse(at))}><Icon name="clock" /><Time at={at} form="upcoming" /></li>)}</ul></>}
      <h3>Ticks</h3>
      {detail.isPending ? <Skeleton rows={4} /> : ticks.length === 0 ? <p className="faint">None yet.</p> : (
        <ul className="ticklist">
          {ticks.slice(0, 40).map((tick) => (
            <li key={tick.id}>
              <Glyph state={tickState(tick.status)} />
              <span className="muted nowrap"><Time at={tick.scheduledAt} /></span>
              <span className={tick.error ? "mono" : undefined}>{tickWords(tick)} {tick.runIds.slice(0, 3).map((id) => <Link key={id} className="link mono" to="/r/$runId" params={{ runId: id }}>{shortId(id)} </Link>)}</span>
            </li>
          ))}
        </ul>
      )}
    </aside>
  );
}

function Jobs() {
  const search = useSearch({ from: "/automations" });
  const navigate = useNavigate({ from: "/automations" });
  const query = useQuery(jobsQuery);
  const filter = search.q ?? "";
  const setFilter = useCallback((q: string) => void navigate({ search: (old) => ({ ...old, q: q || undefined }), replace: true }), [navigate]);
  const rows = useMemo(() => {
    const result = parseFilter(filter);
    const all = (query.data ?? []).filter((job) => !job.name.startsWith("__"));
    if (!result.ok) return all;
    return all.filter((job) => matches(result.filter, { fields: { name: [job.name], kind: [job.kind], location: [job.location] }, text: `${job.name} ${job.description ?? ""}` }));
  }, [query.data, filter]);
  const columns = useMemo((): Column<Job>[] => [
    { id: "state", header: "Last state", quiet: true, width: "20px", cell: (job) => (job.lastRun ? <Glyph state={runState(job.lastRun.status)} word={runWord(job.lastRun)} /> : <Glyph state="unknown" word="Never run" />) },
    { id: "name", header: "Job", width: "minmax(140px, 1fr)", cell: (job) => <Link to="/runs" search={{ q: `job:${job.name}` }} tabIndex={-1}>{job.name}</Link> },
    { id: "what", header: "What", width: "minmax(160px, 2fr)", cell: (job) => <span className="muted">{job.description || plural(job.assetKeys.length, "asset")}</span> },
    { id: "kind", header: "Kind", width: "72px", cell: (job) => <span className="muted">{job.kind}</span> },
    { id: "last", header: "Last run", width: "80px", align: "end", cell: (job) => <span className="muted"><Time at={job.lastRun?.startedAt} /></span> },
    { id: "location", header: "Location", width: "96px", cell: (job) => <span className="muted">{job.location}</span> },
    { id: "do", header: "Actions", quiet: true, width: "96px", align: "end", cell: (job) => <button type="button" className="btn btn-row" tabIndex={-1} aria-label={`Launch ${job.name}`} onClick={() => openLaunch({ location: job.location, job: job.name })}><Icon name="play" />Launch</button> },
  ], []);
  return (
    <>
      <FilterBar value={filter} onChange={setFilter} fields={["name", "kind", "location"]} label="Filter jobs" placeholder="Filter jobs" />
      <section className="pane-grid" aria-label="Job list">
        {query.isError && !query.data ? <Broken what="The jobs" error={query.error} onRetry={() => void query.refetch()} /> : query.isPending ? <Skeleton rows={8} /> : (
          <Grid label="Jobs" rows={rows} columns={columns} rowId={idOf} onOpen={(job) => void navigate({ to: "/runs", search: { q: `job:${job.name}` } })} testId="jobs"
            phoneRow={(job) => <><Glyph state={job.lastRun ? runState(job.lastRun.status) : "unknown"} /><div className="grow"><div className="cut">{job.name}</div><div className="cut muted t12">{job.description || plural(job.assetKeys.length, "asset")}</div></div></>}
            empty={<Empty title={filter ? "No job matches" : "No jobs are defined"} />} />
        )}
      </section>
    </>
  );
}
