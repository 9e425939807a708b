/** One asset: is it well, and if not, why; then its runs, shape, partitions and measures. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { AssetPageResult, CheckRow } from "../api/generated";
import { assetQuery, historyQuery, partitionsQuery } from "../api/queries";
import type { MetadataValue, RunEvent, TrendPoint } from "../api/shapes";
import { count, measure, plural } from "../format/number";
import { assetState, assetWord, checkState, errorWords, runState, shortId } from "../format/run";
import { duration } from "../format/time";
import { Broken, Empty, Key, Menu, Panel, Skeleton, toast } from "../parts/controls";
import { Glyph, type State } from "../parts/glyph";
import { CheckStrip } from "../parts/checkstrip";
import { Chart } from "../parts/chart";
import { type Brush, Heat, HeatLegend } from "../parts/heat";
import { Icon } from "../parts/icons";
import { isWide, labelOf, Metadata, SchemaTable } from "../parts/metadata";
import { Markdown } from "../parts/markdown";
import { RunBars, Sparkline } from "../parts/small";
import { cellStates } from "../parts/partitions";
import { Time } from "../parts/time";
import { openLaunch } from "../shell/launch-store";
import { Title } from "../shell/title";
import { NotFound } from "./missing";

type Asset = NonNullable<AssetPageResult["asset"]>;
const TABS = ["summary", "partitions", "history", "checks", "definition"] as const;
type Tab = (typeof TABS)[number];
const RUN_SLOTS = 30;

/** The page. */
export default function AssetPage() {
  const { _splat } = useParams({ from: "/a/$" });
  const search = useSearch({ from: "/a/$" });
  const key = _splat ?? "";
  const query = useQuery(assetQuery(key));
  if (query.isPending) return <div className="section waiting"><Title name={key} /><Skeleton rows={10} /></div>;
  if (query.isError && !query.data) return <div className="section waiting"><Title name={key} /><Broken what="The asset" error={query.error} onRetry={() => void query.refetch()} /></div>;
  if (!query.data) return <NotFound what="asset" name={key} />;
  const tab = TABS.find((name) => name === search.tab) ?? "summary";
  return <AssetView asset={query.data} tab={tab} />;
}

function AssetView({ asset, tab }: { asset: Asset; tab: Tab }) {
  const tabs: [Tab, string, number | undefined][] = [["summary", "Summary", undefined], ["partitions", "Partitions", undefined], ["history", "History", undefined], ["checks", "Checks", asset.checks.length || undefined], ["definition", "Definition", undefined]];
  return (
    <>
      <AssetHead asset={asset} />
      <nav className="tabs" aria-label="Asset views">
        {tabs.filter(([name]) => name !== "partitions" || asset.partitionsKind !== null).map(([name, text, size]) => (
          <Link key={name} to="/a/$" params={{ _splat: asset.key }} search={name === "summary" ? {} : { tab: name }} activeOptions={{ exact: true, includeSearch: true }} aria-current={tab === name ? "page" : undefined}>{text}{size !== undefined && <> <small>{size}</small></>}</Link>
        ))}
      </nav>
      <Panel key={tab} what={`The ${tab}`}>
        {tab === "summary" && <Summary asset={asset} />}
        {tab === "partitions" && <div className="section tab-body"><Partitions asset={asset} /></div>}
        {tab === "history" && <History asset={asset} />}
        {tab === "checks" && <Checks checks={asset.checks} />}
        {tab === "definition" && <Definition asset={asset} />}
      </Panel>
    </>
  );
}

function AssetHead({ asset }: { asset: Asset }) {
  const navigate = useNavigate();
  const crumbs = asset.key.split("/").slice(0, -1);
  return (
    <header className="page-head">
      <div className="grow">
        <nav className="crumbs" aria-label="Breadcrumb">
          <Link to="/assets">Assets</Link>
          {crumbs.map((crumb, index) => {
            const prefix = crumbs.slice(0, index + 1).join("/");
            return <span key={prefix} className="row crumb"><span aria-hidden="true">/</span><Link to="/assets" search={{ q: `key:${prefix}/*` }}>{crumb}</Link></span>;
          })}
        </nav>
        <Title name={asset.key}><Key name={asset.key} /></Title>
      </div>
      <div className="actions">
        {!asset.isExternal && <button type="button" className="btn btn-primary" onClick={() => openLaunch({ location: asset.location, assetKeys: [asset.key] })}><Icon name="play" />Materialize…</button>}
        <Menu label="More actions" className="btn btn-icon" items={[
          { text: "Show in graph", onPick: () => void navigate({ to: "/graph", search: { q: `focus(${asset.key})`, at: asset.key } }) },
          { text: "Runs of this asset", onPick: () => void navigate({ to: "/runs", search: { q: `target:${asset.key}` } }) },
          { text: "Copy the key", onPick: () => void navigator.clipboard?.writeText(asset.key).then(() => toast("Copied.")) },
        ]}><Icon name="more" /></Menu>
      </div>
    </header>
  );
}

/** The first sentence of the health text is the answer; the rest explains it. */
function healthParts(text: string): [string, string] {
  const cut = /[.:;]\s/.exec(text);
  return cut ? [text.slice(0, cut.index + 1), text.slice(cut.index + 1)] : [text, ""];
}

function healthState(asset: Asset): State {
  if (asset.status === "materialized" && asset.checks.some((check) => check.status === "failed")) return "late";
  return assetState(asset.status);
}

function schemaOf(asset: Asset) {
  const found = [...Object.entries(asset.lastMetadata), ...Object.entries(asset.metadata)].find(([, value]) => value.kind === "table_schema");
  return found?.[1].kind === "table_schema" ? found[1].value : undefined;
}

function Summary({ asset }: { asset: Asset }) {
  const [first, rest] = healthParts(asset.health);
  const schema = schemaOf(asset);
  const wide = Object.entries(asset.lastMetadata).filter(([, value]) => isWide(value) && value.kind !== "table_schema");
  return (
    <div className="asset-cols">
      <div>
        <p className="health" data-testid="health"><Glyph state={healthState(asset)} word={assetWord(asset.status)} /><span><b>{first}</b>{rest}</span></p>
        <LastRuns asset={asset} />
        {asset.partitionsKind !== null && <section><Partitions asset={asset} /></section>}
        {wide.map(([name, value]) => (
          <section key={name} className="wide-value"><div className="section-head"><h2>{labelOf(name)}</h2><p>{asset.lastPartitionKey ?? "latest"}</p></div><Panel what={labelOf(name)}><Metadata name={name} value={value} /></Panel></section>
        ))}
        {schema && <section><div className="section-head"><h2>Schema</h2><p>{plural(schema.columns.length, "column")}</p></div><SchemaTable schema={schema} /></section>}
      </div>
      <aside aria-label="About this asset">
        <Neighbours asset={asset} />
        <Measures asset={asset} />
        {asset.checks.length > 0 && <CheckSummary asset={asset} />}
        <About asset={asset} />
      </aside>
    </div>
  );
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted.length === 0 ? null : (sorted[Math.floor(sorted.length / 2)] ?? null);
}

function LastRuns({ asset }: { asset: Asset }) {
  const navigate = useNavigate();
  const runs = asset.recentRuns;
  if (runs.length === 0) return <section><div className="section-head"><h2>Last runs</h2></div><p className="muted">It has not been run yet.</p></section>;
  const good = runs.filter((run) => run.status === "success");
  const typical = good.length < 3 ? null : median(good.flatMap((run) => (run.seconds === null ? [] : [run.seconds])));
  return (
    <section>
      <div className="section-head"><h2>Last {runs.length === 1 ? "run" : `${runs.length} runs`}</h2><p>{good.length} succeeded, height shows duration</p>{typical !== null && <span className="end">typical {duration(typical)}</span>}</div>
      <RunBars slots={RUN_SLOTS} typical={typical} onOpen={(id) => void navigate({ to: "/r/$runId", params: { runId: id } })}
        runs={runs.map((run) => ({ id: run.id, seconds: run.seconds ?? 0, state: runState(run.status), label: `${run.partitionKey ?? shortId(run.id)}, ${run.status}${run.seconds === null ? "" : `, ${duration(run.seconds)}`}` }))} />
    </section>
  );
}

function Partitions({ asset }: { asset: Asset }) {
  const query = useQuery(partitionsQuery(asset.key));
  const [brush, setBrush] = useState<Brush>();
  const status = query.data;
  const states = useMemo(() => (status ? cellStates(status) : undefined), [status]);
  if (query.isError && !status) return <Broken what="The partitions" error={query.error} onRetry={() => void query.refetch()} />;
  if (!status || !states) return <Skeleton rows={4} />;
  const { counts } = status;
  const chosen = brush ? status.keys.slice(brush[0], brush[1] + 1) : [];
  const open = brush ? chosen.filter((_, at) => states[brush[0] + at] !== 1) : [];
  const run = (keys: string[]) => openLaunch({ location: asset.location, assetKeys: [asset.key], partitionKeys: keys });
  const kind = [status.cadence ?? (status.kind === "time" ? "by time" : "by name"), status.first && status.last && status.first.slice(0, 4) === status.last.slice(0, 4) ? status.first.slice(0, 4) : `${plural(status.total, "partition")}`].filter(Boolean).join(", ");
  return (
    <>
      <div className="section-head"><h2>Partitions</h2><p>{kind}</p><span className="end wide-only"><HeatLegend counts={counts} /></span></div>
      {status.keys.length === 0 ? <p className="muted">There are no partitions yet.</p> : (
        <Heat key={asset.key} status={status} brush={brush} onBrush={setBrush} label={`Partitions: ${(counts.materialized ?? 0)} materialized, ${counts.failed ?? 0} failed, ${counts.missing ?? 0} missing`} />
      )}
      {brush && chosen.length > 0 && !asset.isExternal && (
        <div className="selbar heat-bar" role="region" aria-label="Chosen partitions">
          <b>{plural(chosen.length, "partition")}</b>
          <span className="muted cut">{chosen[0]}{chosen.length > 1 && ` to ${chosen.at(-1)}`}{open.length !== chosen.length && `, ${open.length} not materialized`}</span>
          <span className="grow" />
          {open.length > 0 && open.length < chosen.length && <button type="button" className="btn" onClick={() => run(open)}>Materialize the {count(open.length)} open…</button>}
          <button type="button" className="btn" onClick={() => run(chosen)}>Materialize {chosen.length === 1 ? "it" : `all ${count(chosen.length)}`}…</button>
          <button type="button" className="btn btn-icon btn-quiet" aria-label="Clear the choice" onClick={() => setBrush(undefined)}><Icon name="close" /></button>
        </div>
      )}
    </>
  );
}

const NODE_H = 28;
const NODE_PITCH = 40;
const MOST_NEAR = 5;

/** The nearest assets as a small graph; the full one is a link away. */
function Neighbours({ asset }: { asset: Asset }) {
  const up = asset.upstream.slice(0, MOST_NEAR);
  const down = asset.downstream.slice(0, MOST_NEAR);
  const hidden = asset.upstream.length + asset.downstream.length - up.length - down.length;
  const rows = Math.max(up.length, down.length, 1);
  const height = rows * NODE_PITCH - (NODE_PITCH - NODE_H);
  const y = (index: number, size: number) => (height - (size * NODE_PITCH - (NODE_PITCH - NODE_H))) / 2 + index * NODE_PITCH;
  const middle = height / 2;
  const curve = (x1: number, y1: number, x2: number, y2: number) => `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
  const node = (other: { key: string; status: string }, left: string, top: number, width: string) => (
    <Link key={other.key} to="/a/$" params={{ _splat: other.key }} className="near" style={{ left, top, width }} title={other.key}>
      <Glyph state={assetState(other.status)} word={assetWord(other.status)} /><span className="cut">{other.key.split("/").at(-1)}</span>
    </Link>
  );
  return (
    <section>
      <div className="section-head"><h2>Neighbours</h2>{hidden > 0 && <p>{hidden} more</p>}<span className="end"><Link className="link" to="/graph" search={{ q: `focus(${asset.key})`, at: asset.key }}>Open graph</Link></span></div>
      <div className="nears" style={{ height }}>
        <svg viewBox={`0 0 400 ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {up.map((other, index) => <path key={other.key} d={curve(156, y(index, up.length) + NODE_H / 2, 184, middle)} />)}
          {down.map((other, index) => <path key={other.key} d={curve(216, middle, 244, y(index, down.length) + NODE_H / 2)} />)}
        </svg>
        {up.map((other, index) => node(other, "0", y(index, up.length), "39%"))}
        <span className="near is-here" style={{ left: "46%", top: middle - NODE_H / 2, width: "8%" }}><Glyph state={assetState(asset.status)} word="This asset" /></span>
        {down.map((other, index) => node(other, "61%", y(index, down.length), "39%"))}
        {up.length === 0 && <span className="near-none" style={{ left: 0, top: middle - 10 }}>reads nothing</span>}
        {down.length === 0 && <span className="near-none" style={{ right: 0, top: middle - 10 }}>read by nothing</span>}
      </div>
    </section>
  );
}

/** The trends of an asset; values of partitions stand in the order of the partitions, not of their making. */
function trendsOf(asset: Asset): [string, TrendPoint[]][] {
  return Object.entries(asset.trends).flatMap(([name, points]): [string, TrendPoint[]][] => {
    if (points.length === 0) return [];
    const keyed = points.every((point) => point[3] !== null);
    return [[name, keyed ? points.toSorted((left, right) => (left[3] ?? "").localeCompare(right[3] ?? "")) : points]];
  });
}

function Measures({ asset }: { asset: Asset }) {
  const trends = trendsOf(asset);
  if (trends.length === 0) return null;
  const lines = trends.some(([, points]) => points.length > 1);
  return (
    <section>
      <div className="section-head"><h2>Measures</h2>{lines && <p>band is the usual range</p>}</div>
      <div className="two measures">
        {trends.slice(0, 8).map(([name, points]) => <Figure key={name} name={name} points={points} />)}
      </div>
    </section>
  );
}

function Figure({ name, points }: { name: string; points: readonly TrendPoint[] }) {
  const values = points.map((point) => point[1]);
  const last = values.at(-1) ?? 0;
  const sorted = values.toSorted((left, right) => left - right);
  const [low, high] = [sorted[Math.floor(sorted.length * 0.1)] ?? 0, sorted[Math.floor(sorted.length * 0.9)] ?? 0];
  const odd = values.length > 8 && (last > high + (high - low) || last < low - (high - low));
  return (
    <div className="figure" title={`${name}, ${plural(points.length, "value")}`}>
      <span>{labelOf(name)}</span>
      <b>{measure(last)}</b>
      {values.length > 1 && <Sparkline values={values} width={152} height={32} band bad={odd} />}
    </div>
  );
}

function CheckSummary({ asset }: { asset: Asset }) {
  const failed = asset.checks.filter((check) => check.status === "failed");
  return (
    <section>
      <div className="section-head"><h2>Checks</h2><p>{failed.length === 0 ? `${plural(asset.checks.length, "check")}` : `${failed.length} of ${asset.checks.length} fail${failed.length === 1 ? "s" : ""}`}</p><span className="end"><Link className="link" to="/a/$" params={{ _splat: asset.key }} search={{ tab: "checks" }}>All</Link></span></div>
      <ul className="steplist">
        {[...failed, ...asset.checks.filter((check) => check.status !== "failed")].slice(0, 6).map((check) => (
          <li key={check.name}><Glyph state={check.status === "failed" && check.severity === "warn" ? "late" : checkState(check.status)} /><span className="nowrap">{check.name}</span><span className="grow cut muted" title={check.message ?? ""}>{check.message}</span></li>
        ))}
      </ul>
    </section>
  );
}

function About({ asset }: { asset: Asset }) {
  const small = Object.entries({ ...asset.metadata, ...asset.lastMetadata }).filter(([name, value]) => !isWide(value) && !(name in asset.trends));
  return (
    <section>
      <div className="section-head"><h2>About</h2></div>
      <dl className="facts">
        {asset.description && <><dt>What</dt><dd><Markdown text={asset.description} /></dd></>}
        <dt>Last</dt><dd>{asset.lastMaterializedAt ? <><Time at={asset.lastMaterializedAt} form="ago" />{asset.lastMaterializedRunId && <> in run <Link className="link mono" to="/r/$runId" params={{ runId: asset.lastMaterializedRunId }}>{shortId(asset.lastMaterializedRunId)}</Link></>}</> : "never"}</dd>
        {asset.owners.length > 0 && <><dt>Owner</dt><dd>{asset.owners.join(", ")}</dd></>}
        {asset.kinds.length > 0 && <><dt>Kind</dt><dd>{asset.kinds.join(", ")}</dd></>}
        <dt>Group</dt><dd><Link className="link" to="/assets" search={{ q: `group:${asset.group}` }}>{asset.group}</Link></dd>
        {asset.automations.length > 0 && <><dt>Runs by</dt><dd>{asset.automations.map((name) => <Link key={name} className="link" to="/automations" search={{ q: `name:${name}` }}>{name} </Link>)}</dd></>}
        {asset.file && <><dt>Source</dt><dd className="mono">{asset.file}:{asset.line}</dd></>}
        {asset.codeVersion && <><dt>Code version</dt><dd className="mono">{asset.codeVersion}</dd></>}
        {small.map(([name, value]) => <FactRow key={name} name={name} value={value} />)}
      </dl>
    </section>
  );
}

function FactRow({ name, value }: { name: string; value: MetadataValue }) {
  return <><dt className="cut" title={name}>{labelOf(name)}</dt><dd><Metadata name={name} value={value} /></dd></>;
}

const KIND_WORDS: Record<string, [State, string]> = { asset_materialized: ["success", "Materialized"], asset_observed: ["success", "Observed"], step_failed: ["failed", "Failed"] };

function History({ asset }: { asset: Asset }) {
  const query = useQuery(historyQuery(asset.key));
  if (query.isError && !query.data) return <Broken what="The history" error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <div className="section tab-body"><Skeleton rows={8} /></div>;
  const trends = trendsOf(asset);
  return (
    <div className="section tab-body">
      {trends.length > 0 && (
        <div className="trend-charts">
          {trends.slice(0, 4).map(([name, points]) => <section key={name}><div className="section-head"><h2>{labelOf(name)}</h2></div><Chart type="line" label={labelOf(name)} x={points.map((point) => point[3] ?? point[0].slice(0, 10))} series={[{ name, values: points.map((point) => point[1]) }]} height={120} /></section>)}
        </div>
      )}
      {query.data.length === 0 ? <Empty title="Nothing has happened to it yet" /> : (
        <div className="table-box">
          <table className="grid inset">
            <thead><tr><th className="w200">What</th><th className="w96">When</th><th className="w96">Partition</th><th className="w80">Run</th><th>Values</th></tr></thead>
            <tbody>{query.data.map((event) => <HistoryRow key={event.id} event={event} />)}</tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function historyWord(event: RunEvent): [State, string] {
  if (event.kind === "check_evaluated") {
    const name = (event.check_key as { name?: string } | undefined)?.name ?? "check";
    return event.passed ? ["success", `${name} passed`] : [event.severity === "warn" ? "late" : "failed", `${name} failed`];
  }
  return KIND_WORDS[event.kind] ?? ["unknown", event.kind.replaceAll("_", " ")];
}

function HistoryRow({ event }: { event: RunEvent }) {
  const [state, word] = historyWord(event);
  const error = event.error as { class_name: string; message: string } | undefined;
  const values = Object.entries((event.metadata ?? {}) as Record<string, MetadataValue>).filter(([, value]) => !isWide(value));
  return (
    <tr>
      <td title={word}><Glyph state={state} word="" /> {word}</td>
      <td className="muted"><Time at={event.at} /></td>
      <td className="muted">{String(event.partition_key ?? "")}</td>
      <td>{event.run_id && <Link className="link mono" to="/r/$runId" params={{ runId: event.run_id }}>{shortId(event.run_id)}</Link>}</td>
      <td>{error ? <span className="mono failed">{errorWords(error)}</span> : values.slice(0, 5).map(([name, value]) => <span key={name} className="chip asset-chip"><i>{name}</i> <Metadata name={name} value={value} /></span>)}</td>
    </tr>
  );
}

function Checks({ checks }: { checks: readonly CheckRow[] }) {
  if (checks.length === 0) return <Empty title="This asset has no checks"><p>A check is a function beside the asset that says whether its data is good.</p></Empty>;
  return (
    <div className="section tab-body">
      {checks.map((check) => (
        <section key={check.name} className="check-card">
          <div className="section-head"><Glyph state={check.status === "failed" && check.severity === "warn" ? "late" : checkState(check.status)} word={check.status} /><h2>{check.name}</h2><p>{check.severity}{check.blocking ? ", blocks what is downstream" : ""}</p><span className="end"><CheckStrip history={check.history} name={check.name} /></span></div>
          {check.description && <p className="muted">{check.description}</p>}
          {check.message && <p className={check.status === "failed" ? "failed" : undefined}>{check.message}</p>}
          <dl className="facts">
            <dt>Evaluated</dt><dd>{check.evaluatedAt ? <Time at={check.evaluatedAt} form="ago" /> : "never"}{check.partitionKey && `, ${check.partitionKey}`}{check.runId && <>, run <Link className="link mono" to="/r/$runId" params={{ runId: check.runId }}>{shortId(check.runId)}</Link></>}</dd>
            {check.since && <><dt>Failing since</dt><dd><Time at={check.since} form="ago" /></dd></>}
            {Object.entries(check.metadata).filter(([, value]) => !isWide(value)).map(([name, value]) => <FactRow key={name} name={name} value={value} />)}
          </dl>
          {Object.entries(check.metadata).filter(([, value]) => isWide(value)).map(([name, value]) => <div key={name} className="wide-value"><h3>{labelOf(name)}</h3><Metadata name={name} value={value} /></div>)}
        </section>
      ))}
    </div>
  );
}

function Definition({ asset }: { asset: Asset }) {
  const tags = Object.entries(asset.tags);
  return (
    <div className="section tab-body definition">
      <dl className="facts">
        <dt>Source</dt><dd className="mono">{asset.file ? `${asset.file}:${asset.line ?? ""}` : "unknown"}</dd>
        <dt>Location</dt><dd>{asset.location}</dd>
        <dt>Step</dt><dd className="mono">{asset.stepKey ?? "none"}</dd>
        <dt>IO manager</dt><dd className="mono">{asset.ioManagerKey}</dd>
        <dt>Code version</dt><dd className="mono">{asset.codeVersion ?? "none"}</dd>
        <dt>Data version</dt><dd className="mono">{asset.dataVersion ?? "none"}</dd>
        <dt>Partitions</dt><dd>{asset.partitionsKind ?? "none"}</dd>
        <dt>Jobs</dt><dd>{asset.jobs.length > 0 ? asset.jobs.join(", ") : "none"}</dd>
        {tags.length > 0 && <><dt>Tags</dt><dd>{tags.map(([name, value]) => <span key={name} className="chip asset-chip"><i>{name}</i> {value}</span>)}</dd></>}
        {Object.entries(asset.metadata).filter(([, value]) => !isWide(value)).map(([name, value]) => <FactRow key={name} name={name} value={value} />)}
      </dl>
      {asset.configSchema !== null && asset.configSchema !== undefined && <section><div className="section-head"><h2>Configuration</h2></div><pre className="code-box" tabIndex={0}>{JSON.stringify(asset.configSchema, null, 2)}</pre></section>}
    </div>
  );
}
