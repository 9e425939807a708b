/** What a person sees before anything has run: what there is, and the one thing to do next. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { NowPageResult } from "../api/generated";
import { assetsQuery, jobsQuery, shellQuery } from "../api/queries";
import type { AssetTable } from "../api/shapes";
import { plural } from "../format/number";
import { Icon } from "../parts/icons";
import { openLaunch } from "../shell/launch-store";

type NowData = NowPageResult["now"];
/** More assets than this are not offered at one click. */
const AT_ONCE = 100;
const EXAMPLE = `from rostrum import asset

@asset
def numbers():
    return [1, 2, 3]`;

/** What there is to start with. */
export interface Beginning {
  assets: number;
  locations: string[];
  /** What the button would materialize; empty when no asset is defined. */
  first: { keys: string[]; location: string; name: string } | undefined;
  job: { name: string; location: string } | undefined;
}

/** Nothing runs, waits, has ended or needs a person. */
function isQuiet(now: NowData): boolean {
  const { counts } = now;
  return now.attention.length === 0 && now.lastFailureAt === null && counts.runningRuns + counts.queuedRuns === 0
    && now.throughput.every((bucket) => bucket.success + bucket.failure + bucket.canceled === 0) && now.timeline.every((row) => row.runs.length === 0);
}

/** All assets of a location where that is one simple run, else one asset that waits for no other. */
function firstThing(table: AssetTable): Beginning["first"] {
  const home = table.location[table.external.indexOf(0)];
  if (home === undefined) return undefined;
  const own = table.keys.flatMap((_, at) => (table.external[at] === 0 && table.location[at] === home ? [at] : []));
  const location = table.locations[home] ?? "";
  const names = (some: readonly number[]) => some.map((at) => table.keys[at] ?? "");
  if (own.length <= AT_ONCE && own.every((at) => table.partitions[at] === null)) {
    return { keys: names(own), location, name: own.length === 1 ? (table.keys[own[0] ?? 0] ?? "") : own.length === 2 ? "both assets" : `all ${own.length} assets` };
  }
  const roots = own.filter((at) => (table.deps[at] ?? []).every((dep) => table.external[dep] === 1));
  const root = roots.find((at) => table.partitions[at] === null) ?? roots[0] ?? own[0] ?? 0;
  return { keys: names([root]), location, name: table.keys[root] ?? "" };
}

/** What to start with, while nothing has ever run; undefined when something has, or while that is not known. */
export function useBeginning(now: NowData | undefined): Beginning | undefined {
  const quiet = now !== undefined && isQuiet(now);
  const assets = useQuery({ ...assetsQuery, enabled: quiet });
  const jobs = useQuery({ ...jobsQuery, enabled: quiet });
  const shell = useQuery(shellQuery);
  if (!quiet || !assets.data || !jobs.data || !shell.data) return undefined;
  if (assets.data.status.some((status) => status !== 0) || jobs.data.some((job) => job.lastRun !== null)) return undefined;
  const job = jobs.data.find((candidate) => !candidate.name.startsWith("__"));
  const own = assets.data.external.filter((external) => external === 0).length;
  return { assets: own, locations: shell.data.locations.map((location) => location.name), first: firstThing(assets.data), job: job && { name: job.name, location: job.location } };
}

/** The sentence under the headline. */
export function beginningText({ assets, locations, job }: Beginning): string {
  const where = locations.length === 0 ? "No code location is served" : locations.length === 1 ? (locations[0] ?? "") : plural(locations.length, "code location");
  if (locations.length === 0) return `${where}.`;
  if (assets === 0) return job ? `${where} defines jobs; none of them has run yet.` : `${where} defines no assets and no jobs yet.`;
  return `${where} ${locations.length === 1 ? "defines" : "define"} ${plural(assets, "asset")}; nothing has been materialized yet.`;
}

/** The way on. */
export function Start({ beginning: { first, job } }: { beginning: Beginning }) {
  return (
    <section className="section" aria-label="Where to begin">
      <div className="attn start">
        {first ? (
          <>
            <p>Materializing an asset runs its function, stores what it returns, and shows here how that went.</p>
            <div className="row">
              <button type="button" className="btn btn-primary btn-big" onClick={() => openLaunch({ location: first.location, assetKeys: first.keys })}><Icon name="play" />Materialize {first.name}…</button>
              <Link to="/graph" className="btn btn-big">See the graph</Link>
              <Link to="/assets" className="btn btn-big">Choose assets</Link>
            </div>
          </>
        ) : job ? (
          <>
            <p>A run of a job does its steps in order and shows here how that went.</p>
            <div className="row"><button type="button" className="btn btn-primary btn-big" onClick={() => openLaunch({ location: job.location, job: job.name })}><Icon name="play" />Run {job.name}…</button></div>
          </>
        ) : (
          <>
            <p>Define an asset in your code, for example:</p>
            <pre className="code-box" tabIndex={0}>{EXAMPLE}</pre>
            <p>It appears here as soon as the file is saved and loaded again.</p>
          </>
        )}
      </div>
    </section>
  );
}
