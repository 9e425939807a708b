/** An asset beside a list or the graph: health, facts, neighbours. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { assetQuery } from "../api/queries";
import { assetState, assetWord, runState, shortId } from "../format/run";
import { duration } from "../format/time";
import { Broken, Key, Skeleton } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { RunBars } from "../parts/small";
import { Time } from "../parts/time";
import { openLaunch } from "../shell/launch-store";
import { useNavigate } from "@tanstack/react-router";

/** The panel to the right. */
export function AssetInspector({ assetKey, onClose }: { assetKey: string; onClose: () => void }) {
  const query = useQuery(assetQuery(assetKey));
  const navigate = useNavigate();
  const asset = query.data;
  return (
    <aside className="inspector" aria-label="Inspector" data-testid="inspector">
      <header>
        <div className="grow"><div className="faint">{asset?.group ?? " "}</div><h2><Key name={assetKey} /></h2></div>
        <Link to="/a/$" params={{ _splat: assetKey }} className="btn btn-icon btn-quiet" aria-label="Open the asset"><Icon name="open" /></Link>
        <button type="button" className="btn btn-icon btn-quiet" aria-label="Close the inspector" onClick={onClose}><Icon name="close" /></button>
      </header>
      {query.isError && !asset && <Broken what="The asset" error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton rows={5} />}
      {query.data === null && <p className="muted">There is no asset {assetKey}.</p>}
      {asset && (
        <>
          <p className="row"><Glyph state={assetState(asset.status)} word={assetWord(asset.status)} shown /></p>
          <p className="inspector-health">{asset.health}</p>
          {asset.lastError && asset.status === "failed" && <div className="inspector-error"><p className="mono">{asset.lastError}</p></div>}
          <p className="row inspector-do">
            {!asset.isExternal && <button type="button" className="btn btn-primary" onClick={() => openLaunch({ location: asset.location, assetKeys: [asset.key] })}><Icon name="play" />Materialize…</button>}
            <Link to="/graph" search={{ q: `focus(${asset.key})`, at: asset.key }} className="btn">Show in graph</Link>
          </p>
          {asset.recentRuns.length > 0 && (
            <>
              <h3>Last runs</h3>
              <RunBars slots={20} typical={null} onOpen={(id) => void navigate({ to: "/r/$runId", params: { runId: id } })}
                runs={asset.recentRuns.slice(-20).map((run) => ({ id: run.id, seconds: run.seconds ?? 0, state: runState(run.status), label: `${run.partitionKey ?? shortId(run.id)}, ${run.status}, ${duration(run.seconds ?? 0)}` }))} />
            </>
          )}
          <h3>Facts</h3>
          <dl className="facts">
            {asset.description && <><dt>What</dt><dd className="clamp">{asset.description.replaceAll("*", "")}</dd></>}
            <dt>Last</dt><dd>{asset.lastMaterializedAt ? <Time at={asset.lastMaterializedAt} form="ago" /> : "never"}{asset.lastPartitionKey && <span className="muted">, {asset.lastPartitionKey}</span>}</dd>
            {asset.owners.length > 0 && <><dt>Owner</dt><dd>{asset.owners.join(", ")}</dd></>}
            <dt>Location</dt><dd>{asset.location}</dd>
            {asset.file && <><dt>Source</dt><dd className="mono">{asset.file}:{asset.line}</dd></>}
          </dl>
          <Neighbours title="Reads" list={asset.upstream} />
          <Neighbours title="Read by" list={asset.downstream} />
        </>
      )}
    </aside>
  );
}

function Neighbours({ title, list }: { title: string; list: readonly { key: string; status: string }[] }) {
  if (list.length === 0) return null;
  return (
    <>
      <h3>{title} <span className="faint">{list.length}</span></h3>
      <ul className="steplist">
        {list.slice(0, 12).map((other) => (
          <li key={other.key}><Glyph state={assetState(other.status)} word={assetWord(other.status)} /><Link to="/a/$" params={{ _splat: other.key }} className="grow cut"><Key name={other.key} /></Link></li>
        ))}
      </ul>
      {list.length > 12 && <p className="faint">and {list.length - 12} more</p>}
    </>
  );
}
