/** A backfill: one run a partition, seen together. */

import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { request } from "../api/client";
import { BackfillPage, CancelBackfill } from "../api/generated";
import { runsQuery } from "../api/queries";
import { count, plural } from "../format/number";
import { runSeconds, runState, runWord, shortId } from "../format/run";
import { duration } from "../format/time";
import { Broken, Key, Skeleton } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { ShareBar } from "../parts/small";
import { Time, useSecond } from "../parts/time";
import { Title } from "../shell/title";
import { NotFound } from "./missing";
import { tellError } from "./run-actions";

/** How long a run took, counting while it runs. */
function Took({ run }: { run: { startedAt: string | null; endedAt: string | null } }) {
  const now = useSecond(run.startedAt !== null && run.endedAt === null);
  return <span className="faint">{run.startedAt ? duration(runSeconds(run, now) ?? 0) : ""}</span>;
}

// Under "system", so that every change of a run renews it.
const backfillQuery = (id: string) => queryOptions({ queryKey: ["system", "backfill", id], queryFn: async ({ signal }) => (await request(BackfillPage, { id }, signal)).backfill });

/** The page. */
export default function Backfill() {
  const { backfillId } = useParams({ from: "/b/$backfillId" });
  const query = useQuery(backfillQuery(backfillId));
  const runs = useInfiniteQuery(runsQuery({ backfillId }));
  const client = useQueryClient();
  const cancel = useMutation({ mutationFn: () => request(CancelBackfill, { id: backfillId }), onSuccess: () => void client.invalidateQueries(), onError: tellError });
  if (query.isPending) return <div className="section waiting"><Title name="Backfill" /><Skeleton rows={6} /></div>;
  if (query.isError) return <div className="section waiting"><Title name="Backfill" /><Broken what="The backfill" error={query.error} onRetry={() => void query.refetch()} /></div>;
  if (!query.data) return <NotFound what="backfill" name={backfillId} />;
  const { counts, partitionKeys, title } = query.data;
  const total = partitionKeys.length;
  const number = (...names: string[]) => names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const open = number("queued", "starting", "running", "canceling");
  const rows = (runs.data?.pages.flatMap((page) => page.runs.runs) ?? []).toSorted((left, right) => (left.partitionKey ?? "").localeCompare(right.partitionKey ?? ""));
  return (
    <>
      <header className="page-head">
        <div className="grow">
          <nav className="crumbs" aria-label="Breadcrumb"><Link to="/runs">Runs</Link><span aria-hidden="true">/</span><span className="mono">{shortId(backfillId)}</span></nav>
          <Title name={`Backfill of ${title}`}><Key name={title} /> <span className="faint light">{plural(total, "partition")}</span></Title>
          <p className="muted">{count(number("success"))} succeeded, {count(number("failure"))} failed, {count(number("running", "starting"))} running, {count(number("queued"))} waiting; asked for <Time at={query.data.createdAt} form="ago" /></p>
        </div>
        <div className="actions">{open > 0 && !query.data.canceledAt && <button type="button" className="btn" onClick={() => cancel.mutate()}><Icon name="stop" />Cancel what is left</button>}</div>
      </header>
      <div className="section backfill-bar"><ShareBar total={total} label={`${number("success")} of ${total} succeeded`} parts={[{ kind: "ok", size: number("success") }, { kind: "failed", size: number("failure") }, { kind: "running", size: number("running", "starting") }]} /></div>
      <section className="section" aria-label="Runs of the backfill">
        <div className="cells">
          {rows.map((run) => (
            <Link key={run.id} to="/r/$runId" params={{ runId: run.id }} className={`cell is-${runState(run.status)}`} title={run.errorLine ?? undefined}>
              <Glyph state={runState(run.status)} word={runWord(run)} /> {run.partitionKey}
              <Took run={run} />
            </Link>
          ))}
        </div>
        {runs.hasNextPage && <button type="button" className="btn" onClick={() => void runs.fetchNextPage()}>Show more</button>}
      </section>
    </>
  );
}
