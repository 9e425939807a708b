/** The machinery: code locations, loops, the queue, pools. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { request } from "../api/client";
import { type LocationRow, ReloadLocation } from "../api/generated";
import { systemQuery } from "../api/queries";
import type { ErrorInfo } from "../api/shapes";
import { count, plural } from "../format/number";
import { shortId } from "../format/run";
import { age, duration } from "../format/time";
import { Broken, Empty, Panel, Skeleton, toast } from "../parts/controls";
import { Glyph, type State } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { errorText, Frames, placeOf, userFrame } from "../parts/stack";
import { Time, useSecond } from "../parts/time";
import { Title } from "../shell/title";
import { tellError } from "./run-actions";
import { PoolsPanel, QueuePanel } from "./system-queue";

const STATES: Record<string, [State, string]> = { ready: ["success", "Serving"], loading: ["running", "Loading"], failed: ["failed", "Does not load"], unreachable: ["late", "Unreachable"] };
/** A loop that has not beaten for this long is told as silent, seconds. */
const SILENT_SECONDS = 30;

/** A process that has been silent for so long is gone, where others do its work, seconds. */
const GONE_SECONDS = 120;

/** Loops worth telling: those that beat or have only just stopped, and of each kind the one last heard of. */
export function toldLoops<L extends { loop: string; heartbeatAt: string }>(loops: readonly L[], now: number): L[] {
  const at = (loop: L) => Date.parse(loop.heartbeatAt);
  return loops.filter((loop) => now - at(loop) < GONE_SECONDS * 1000 || !loops.some((other) => other.loop === loop.loop && at(other) > at(loop)));
}

/** The page. */
export default function System() {
  const query = useQuery(systemQuery);
  return (
    <>
      <header className="page-head"><Title name="System" /></header>
      {query.isError && !query.data && <Broken what="The system" error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <div className="section"><Skeleton rows={8} /></div>}
      {query.data && (
        <div className="sys">
          <Panel what="Code locations"><Locations locations={query.data.locations} /></Panel>
          <Panel what="The queue"><QueuePanel queue={query.data.queue} /></Panel>
          <Panel what="The pools"><PoolsPanel pools={query.data.pools} /></Panel>
          <Panel what="Loops"><Loops loops={query.data.daemons} /></Panel>
        </div>
      )}
    </>
  );
}

function useReload() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => request(ReloadLocation, { name }),
    onSuccess: ({ reloadLocation }) => {
      toast(reloadLocation.error ? `${reloadLocation.name} still does not load.` : `${reloadLocation.name} has been reloaded.`, { bad: Boolean(reloadLocation.error) });
      void client.invalidateQueries();
    },
    onError: tellError,
  });
}

function Locations({ locations }: { locations: readonly LocationRow[] }) {
  const reload = useReload();
  const { hash } = useLocation();
  return (
    <section aria-label="Code locations">
      <div className="section-head"><h2>Code locations</h2><p>a version serves only after it has loaded; the last good one stays</p></div>
      {locations.length === 0 ? <Empty title="No code location is configured" /> : (
        <div className="table-box">
          <table className="grid inset system-table">
            <thead><tr><th>Location</th><th>State</th><th>Version</th><th>Since</th><th>Contents</th><th className="num"><span className="sr">Actions</span></th></tr></thead>
            <tbody>
              {locations.map((location) => {
                const [state, word] = location.error && location.status === "ready" ? (["stale", "Older version serves"] as const) : (STATES[location.status] ?? (["unknown", location.status] as const));
                return (
                  <tr key={location.name} id={`location-${location.name}`}>
                    <td>{location.name}</td>
                    <td><Glyph state={state} word={word} shown /></td>
                    <td className="mono">{location.manifestHash?.slice(0, 7) ?? ""}</td>
                    <td className="muted"><Time at={location.loadedAt} /></td>
                    <td className="muted">{plural(location.assets, "asset")}, {plural(location.jobs, "job")}, {plural(location.schedules, "schedule")}</td>
                    <td className="num"><button type="button" className="btn btn-row" disabled={reload.isPending && reload.variables === location.name} aria-label={`Reload ${location.name}`} onClick={() => reload.mutate(location.name)}><Icon name="retry" />Reload</button></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {locations.filter((location) => location.error).map((location) => (
        <LoadError key={location.name} location={location} error={location.error as ErrorInfo} open={hash === `location-${location.name}` || locations.length < 4} />
      ))}
    </section>
  );
}

function LoadError({ location, error, open }: { location: LocationRow; error: ErrorInfo; open: boolean }) {
  const [shown, setShown] = useState(open);
  useEffect(() => setShown(open), [open]);
  const frame = userFrame(error);
  return (
    <section className="failure load-error" aria-label={`Load error of ${location.name}`} data-testid="load-error">
      <div className="top">
        <Glyph state="failed" word="" />
        <div className="grow">
          <h3>{error.class_name}: {error.message}</h3>
          <p className="why">{location.name} does not load since <Time at={location.errorAt} />{frame && <>, at <b className="mono">{placeOf(frame)}</b></>}. {location.manifestHash ? "Its last good version keeps serving; runs and schedules go on." : ""}</p>
        </div>
        <div className="row nowrap failure-do">
          <button type="button" className="btn wide-only" onClick={() => void navigator.clipboard?.writeText(errorText(error)).then(() => toast("Copied."))}><Icon name="copy" />Copy</button>
          <button type="button" className="btn btn-icon" aria-label={shown ? "Hide the frames" : "Show the frames"} aria-expanded={shown} onClick={() => setShown(!shown)}><Icon name={shown ? "up" : "down"} /></button>
        </div>
      </div>
      {shown && <Frames error={error} />}
    </section>
  );
}

interface Loop {
  loop: string;
  owner: string;
  heartbeatAt: string;
  iterations: number;
  lastSeconds: number;
  lastError: ErrorInfo | null;
}

function Loops({ loops: all }: { loops: readonly Loop[] }) {
  const now = useSecond(false);
  const loops = toldLoops(all, now);
  const silent = (loop: Loop) => (now - Date.parse(loop.heartbeatAt)) / 1000 > SILENT_SECONDS;
  return (
    <section aria-label="Daemon loops">
      <div className="section-head"><h2>Daemon loops</h2><p>{loops.length === 0 ? "no daemon is running: nothing is admitted or scheduled" : loops.some(silent) ? "some are silent" : "all beat"}</p></div>
      {loops.length > 0 && (
        <div className="table-box">
          <table className="grid inset system-table">
            <thead><tr><th>Loop</th><th>State</th><th>Held by</th><th className="num">Last heard</th><th className="num">Rounds</th><th className="num">Last round</th></tr></thead>
            <tbody>
              {loops.map((loop) => (
                <tr key={loop.loop + loop.owner}>
                  <td>{loop.loop}</td>
                  <td><Glyph state={loop.lastError ? "failed" : silent(loop) ? "late" : "success"} word={loop.lastError ? "Failing" : silent(loop) ? "Silent" : "Working"} shown /></td>
                  <td className="muted" title={loop.lastError ? errorText(loop.lastError) : loop.owner}>{loop.lastError ? <span className="mono">{loop.lastError.class_name}: {loop.lastError.message}</span> : loop.owner.length > 24 ? `process ${shortId(loop.owner)}` : loop.owner}</td>
                  <td className={silent(loop) ? "num late" : "num muted"}>{age(Math.max(0, (now - Date.parse(loop.heartbeatAt)) / 1000))} ago</td>
                  <td className="num muted">{count(loop.iterations)}</td>
                  <td className="num muted">{duration(loop.lastSeconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
