/** What blocks what: the queue with its switch, and pools with who is in and who waits. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { request } from "../api/client";
import { SetPoolLimit, SetQueueHold, type SystemResult, UnsetPoolLimit } from "../api/generated";
import type { PoolStep } from "../api/shapes";
import { count, plural } from "../format/number";
import { shortId } from "../format/run";
import { Key, toast } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { Time } from "../parts/time";
import { StepLink } from "../parts/waits";
import { tellError } from "./run-actions";

type Queue = SystemResult["queue"];
type Pool = SystemResult["pools"][number];

/** So many of a long line are drawn. */
const SHOWN = 8;
/** More slots than this are told by number only. */
const DRAWN_SLOTS = 32;

function Squares({ used, most }: { used: number; most: number | null }) {
  if (most === null || most > DRAWN_SLOTS || most === 0) return null;
  return <span className="slots" aria-hidden="true">{Array.from({ length: most }, (_, index) => <i key={index} className={index < used ? "on" : undefined} />)}</span>;
}

function useHold() {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: ({ hold }: { hold: boolean; silent?: boolean }) => request(SetQueueHold, { hold }),
    onError: tellError,
    onSuccess: (_, { hold, silent }) => {
      void client.invalidateQueries();
      if (!silent) toast(hold ? "The queue is on hold: no run starts." : "The queue goes on.", { action: { text: "Undo", run: () => mutation.mutate({ hold: !hold, silent: true }) } });
    },
  });
  return mutation;
}

/** Queued runs, what each waits for, and the switch. */
export function QueuePanel({ queue }: { queue: Queue }) {
  const hold = useHold();
  const most = queue.maxConcurrentRuns;
  return (
    <section aria-label="Queue">
      <div className="section-head"><h2>Queue</h2><p>{most === null ? `${plural(queue.inProgress, "run")} in progress, no limit` : `${queue.inProgress} of ${plural(most, "slot")} used`}, {queue.queued === 0 ? "nothing waits" : `${queue.queued} waiting`}</p>
        {queue.inProgress <= (most ?? 0) && <Squares used={queue.inProgress} most={most} />}
        <span className="end"><button type="button" className="btn btn-row" disabled={hold.isPending} onClick={() => hold.mutate({ hold: queue.hold === null })}>{queue.hold === null ? <><Icon name="stop" />Hold the queue</> : <><Icon name="retry" />Let it go on</>}</button></span>
      </div>
      {queue.hold !== null && <p className="card row held"><Glyph state="late" word="On hold" shown /><span className="muted">{queue.hold.by ? `by ${queue.hold.by} ` : ""}since <Time at={queue.hold.at} />: no run starts, those in progress go on.</span></p>}
      {queue.waiting.length > 0 && (
        <div className="table-box">
          <table className="grid inset system-table">
            <thead><tr><th>Run</th><th>Target</th><th>Waits for</th></tr></thead>
            <tbody>{queue.waiting.map((run) => <tr key={run.runId}><td><Link to="/r/$runId" params={{ runId: run.runId }} className="link mono">{shortId(run.runId)}</Link></td><td><Key name={run.title} /></td><td className="muted">{run.reason}</td></tr>)}</tbody>
          </table>
          {queue.queued > queue.waiting.length && <p className="muted t12">and {count(queue.queued - queue.waiting.length)} more</p>}
        </div>
      )}
    </section>
  );
}

/** All pools. */
export function PoolsPanel({ pools }: { pools: readonly Pool[] }) {
  const waiting = pools.reduce((sum, pool) => sum + pool.waiting + pool.queuedRuns.length, 0);
  const told = pools.length === 0 ? "no step names one; steps with the same pool share its slots, in all runs together" : `${plural(pools.length, "pool")}, ${waiting === 0 ? "nobody waits" : `${count(waiting)} waiting`}`;
  return (
    <section aria-label="Pools">
      <div className="section-head"><h2>Pools</h2><p>{told}</p></div>
      {pools.length > 0 && (
        <div className="table-box">
          <table className="grid inset system-table pools">
            <thead><tr><th>Pool</th><th>Limit</th><th>Taken</th><th>By</th><th>Waiting, in the order of their turns</th></tr></thead>
            <tbody>{pools.map((pool) => <PoolRow key={pool.name} pool={pool} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function PoolRow({ pool }: { pool: Pool }) {
  const full = pool.limit !== null && pool.held >= pool.limit;
  return (
    <tr data-pool={pool.name}>
      <td><b>{pool.name}</b></td>
      <td><Limit key={`${pool.limit}`} pool={pool} /></td>
      <td className="nowrap">{full && pool.waiting > 0 ? <Glyph state="late" word="Full" /> : null} {count(pool.held)}{pool.limit !== null && ` of ${count(pool.limit)}`} <Squares used={pool.held} most={pool.limit} /></td>
      <td><Steps steps={pool.holders} all={pool.held} /></td>
      <td>
        <Steps steps={pool.waiters} all={pool.waiting} ordered />
        {pool.queuedRuns.length > 0 && <div className="muted pool-queued">{plural(pool.queuedRuns.length, "queued run")}: {pool.queuedRuns.slice(0, SHOWN).map((run, index) => <span key={run.runId}>{index > 0 && ", "}<StepLink step={{ ...run, stepKey: "" }} /></span>)}{pool.queuedRuns.length > SHOWN && ` and ${count(pool.queuedRuns.length - SHOWN)} more`}</div>}
      </td>
    </tr>
  );
}

function Steps({ steps, all, ordered = false }: { steps: readonly (PoolStep & { since: string })[]; all: number; ordered?: boolean }) {
  if (steps.length === 0) return null;
  const List = ordered ? "ol" : "ul";
  return (
    <>
      <List className="pool-steps">{steps.slice(0, SHOWN).map((step) => <li key={step.runId + step.stepKey}><StepLink step={step} /> <span className="faint"><Time at={step.since} /></span></li>)}</List>
      {all > SHOWN && <span className="muted t12">and {count(all - SHOWN)} more</span>}
    </>
  );
}

const SOURCES: Record<string, string> = { file: "from rostrum.yaml", default: "the default of rostrum.yaml" };

function Limit({ pool }: { pool: Pool }) {
  const client = useQueryClient();
  const [text, setText] = useState(pool.limit === null ? "" : String(pool.limit));
  const done = () => void client.invalidateQueries();
  const set = useMutation({
    mutationFn: (limit: number) => request(SetPoolLimit, { name: pool.name, limit }),
    onError: tellError,
    onSuccess: (_, limit) => { toast(`Pool ${pool.name}: ${plural(limit, "slot")}.`); done(); },
  });
  const unset = useMutation({ mutationFn: () => request(UnsetPoolLimit, { name: pool.name }), onError: tellError, onSuccess: () => { toast(`Pool ${pool.name}: as rostrum.yaml says.`); done(); } });
  const wanted = /^\d+$/.test(text.trim()) ? Number(text) : undefined;
  const changed = wanted !== undefined && wanted !== pool.limit;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changed) set.mutate(wanted);
  };
  const why = pool.source === "set" ? `set${pool.setBy ? ` by ${pool.setBy}` : ""}` : (SOURCES[pool.source] ?? "no limit");
  return (
    <form className="row nowrap pool-limit" onSubmit={submit}>
      <input className="input" inputMode="numeric" aria-label={`Limit of pool ${pool.name}`} aria-invalid={text.trim() !== "" && wanted === undefined} placeholder="none" value={text} onChange={(event) => setText(event.target.value)} />
      {changed ? <button type="submit" className="btn btn-row" disabled={set.isPending}>Set</button> : <span className="muted t12">{why}</span>}
      {!changed && pool.source === "set" && <button type="button" className="btn btn-row" aria-label={`Reset the limit of pool ${pool.name}`} disabled={unset.isPending} onClick={() => unset.mutate()}>Reset</button>}
    </form>
  );
}
