/** The launch sheet: what, for which partitions, with which config, and what that would mean. Not modal. */

import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { request } from "../api/client";
import { Launch } from "../api/generated";
import { assetQuery, assetsQuery, jobQuery, jobsQuery, partitionsQuery, planQuery } from "../api/queries";
import type { AssetTable } from "../api/shapes";
import { count, plural } from "../format/number";
import { shortId } from "../format/run";
import { clock, duration } from "../format/time";
import { printConfig } from "../format/yaml";
import { neighboursOf, reach } from "../graph/model";
import { Key, Seg, Skeleton, toast } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { cellStates, parseChoice, printChoice } from "../parts/partitions";
import { closeLaunch, draftKey, type Draft, type LaunchTarget, openLaunch, readDraft, writeDraft } from "../shell/launch-store";
import { ConfigForm, type FieldSchema, formProblems } from "./config-form";
import { isMap, newKey, type PlainMap, readConfig, readTags } from "./launch-text";
import { RerunForm } from "./rerun";
import { tellError } from "./run-actions";

/** Assets whose config is offered as a form. */
const FORMS_MOST = 6;
const CHOICES_MOST = 14;

/** The sheet, or the choice of a target first. */
export default function LaunchSheet({ target }: { target: LaunchTarget }) {
  const sheet = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    sheet.current?.querySelector<HTMLElement>("h2")?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && sheet.current?.contains(document.activeElement)) {
        event.stopPropagation();
        closeLaunch();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
      if (before instanceof HTMLElement && document.contains(before)) before.focus();
    };
  }, []);
  const chosen = target.job !== undefined || (target.assetKeys?.length ?? 0) > 0;
  return (
    <aside className="sheet" aria-label="Launch" ref={sheet} data-testid="launch">
      {target.again ? <><SheetHead note="draft kept">Run again <span className="mono faint light">{shortId(target.again.runId)}</span></SheetHead><RerunForm key={target.again.runId} target={target.again} /></> : chosen ? <Form key={draftKey(target)} target={target} /> : <Chooser />}
    </aside>
  );
}

function SheetHead({ children, note }: { children: React.ReactNode; note?: string }) {
  return (
    <header>
      <div className="row"><h2 tabIndex={-1} className="grow">{children}</h2>{note && <span className="faint t12">{note}</span>}
        <button type="button" className="btn btn-icon btn-quiet" aria-label="Close" onClick={closeLaunch}><Icon name="close" /></button>
      </div>
    </header>
  );
}

function Chooser() {
  const jobs = useQuery(jobsQuery);
  const assets = useQuery(assetsQuery);
  const [text, setText] = useState("");
  const [keys, setKeys] = useState<readonly string[]>([]);
  const wanted = text.trim().toLowerCase();
  const jobHits = (jobs.data ?? []).filter((job) => !job.name.startsWith("__") && job.name.toLowerCase().includes(wanted));
  const assetHits = (assets.data?.keys ?? []).filter((key, at) => assets.data?.external[at] !== 1 && key.toLowerCase().includes(wanted));
  return (
    <>
      <SheetHead>Launch</SheetHead>
      <div className="body">
        <div className="field"><label htmlFor="launch-what">What <span>jobs or assets</span></label>
          <input id="launch-what" className="input" value={text} placeholder="Part of a name" autoComplete="off" onChange={(event) => setText(event.target.value)} /></div>
        {jobs.isPending && <Skeleton rows={3} />}
        {jobHits.length > 0 && <h3 className="choice-head">Jobs</h3>}
        {jobHits.slice(0, CHOICES_MOST).map((job) => <button key={job.location + job.name} type="button" className="choice" onClick={() => openLaunch({ location: job.location, job: job.name })}><Icon name="play" /><span className="grow cut">{job.name}</span><span className="faint">{job.location}</span></button>)}
        <MoreChoices all={jobHits.length} />
        {assetHits.length > 0 && <h3 className="choice-head">Assets</h3>}
        {assetHits.slice(0, CHOICES_MOST).map((key) => (
          <label key={key} className="choice"><input type="checkbox" className="check" checked={keys.includes(key)} onChange={(event) => setKeys(event.target.checked ? [...keys, key] : keys.filter((other) => other !== key))} /><span className="grow cut"><Key name={key} /></span></label>
        ))}
        <MoreChoices all={assetHits.length} />
        {jobHits.length + assetHits.length === 0 && !jobs.isPending && <p className="muted">Nothing is called “{text}”.</p>}
      </div>
      <footer><span className="grow muted">{keys.length > 0 && plural(keys.length, "asset")}</span><button type="button" className="btn btn-primary btn-big" disabled={keys.length === 0} onClick={() => openLaunch({ assetKeys: [...keys] })}>Continue</button></footer>
    </>
  );
}

/** What is not listed is found by its name. */
function MoreChoices({ all }: { all: number }) {
  return all > CHOICES_MOST ? <p className="faint choice">and {count(all - CHOICES_MOST)} more: type a part of the name</p> : null;
}

/** Assets to run: the chosen ones, and their neighbours where asked. */
function useTargetKeys(target: LaunchTarget, also: { down: boolean; up: boolean }) {
  const table = useQuery({ ...assetsQuery, enabled: target.job === undefined });
  return useMemo(() => {
    const chosen = target.assetKeys ?? [];
    const none = { keys: chosen, down: 0, up: 0, location: target.location };
    const data: AssetTable | undefined = table.data;
    if (!data || target.job !== undefined) return none;
    const index = new Map(data.keys.map((key, at) => [key, at]));
    const starts = chosen.flatMap((key) => index.get(key) ?? []);
    const near = neighboursOf(data.keys.length, data.deps.flatMap((deps, at) => deps.flatMap((dep) => [dep, at])));
    const home = data.location[starts[0] ?? 0];
    const fits = (at: number) => data.external[at] !== 1 && data.location[at] === home && !starts.includes(at);
    const down = [...reach(near.down, starts, 99)].filter(fits);
    const up = [...reach(near.up, starts, 99)].filter(fits);
    const extra = [...(also.down ? down : []), ...(also.up ? up : [])].map((at) => data.keys[at] ?? "");
    return { keys: [...new Set([...chosen, ...extra])], down: down.length, up: up.length, location: target.location ?? data.locations[home ?? 0] };
  }, [table.data, target, also.down, also.up]);
}

/** The partition keys to choose among: of the job, or of the first partitioned asset. */
function usePartitionChoice(target: LaunchTarget) {
  const table = useQuery({ ...assetsQuery, enabled: target.job === undefined });
  const job = useQuery({ ...jobQuery(target.location ?? "", target.job ?? ""), enabled: target.job !== undefined });
  const partitioned = target.assetKeys?.find((key) => table.data?.partitions[table.data.keys.indexOf(key)]);
  const status = useQuery({ ...partitionsQuery(partitioned ?? ""), enabled: partitioned !== undefined });
  return useMemo(() => {
    const keys = target.job !== undefined ? (job.data?.partitionKeys ?? []) : (status.data?.keys ?? []);
    const states = status.data ? cellStates(status.data) : undefined;
    const of = (wanted: (state: number) => boolean) => (states ? keys.filter((_, at) => wanted(states[at] ?? 0)) : []);
    const ready = target.job !== undefined ? !job.isPending : table.data !== undefined && (partitioned === undefined || !status.isPending);
    return { ready, keys, needed: target.job !== undefined ? Boolean(job.data?.partitionsKind) : partitioned !== undefined, failed: of((state) => state === 2), missing: of((state) => state === 0), jobAssets: job.data?.assetKeys, jobConfig: job.data?.config };
  }, [target.job, job.data, job.isPending, status.data, status.isPending, table.data, partitioned]);
}

function Form({ target }: { target: LaunchTarget }) {
  const key = draftKey(target);
  const navigate = useNavigate();
  const client = useQueryClient();
  const choice = usePartitionChoice(target);
  const [draft, setDraft] = useState<Draft>(() => readDraft(key) ?? { partitions: "", config: "", tags: "" });
  const [tab, setTab] = useState<"form" | "text">("form");
  const [also, setAlso] = useState({ down: false, up: false });
  const [once, setOnce] = useState(newKey);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  useEffect(() => writeDraft(key, draft), [key, draft]);
  useEffect(() => {
    // A new choice on the page beside replaces what was typed.
    if (target.partitionKeys && choice.keys.length > 0) setDraft((before) => ({ ...before, partitions: printChoice(target.partitionKeys ?? [], choice.keys) }));
  }, [target.partitionKeys, choice.keys]);

  const { keys, down, up, location } = useTargetKeys(target, also);
  const parsed = useMemo(() => parseChoice(draft.partitions, choice.keys), [draft.partitions, choice.keys]);
  const config = useMemo(() => readConfig(draft.config), [draft.config]);
  const tags = useMemo(() => readTags(draft.tags), [draft.tags]);
  const goal = useMemo(() => ({ location: location ?? null, job: target.job ?? null, assetKeys: target.job === undefined ? keys : null }), [location, target.job, keys]);
  const partitionKeys = choice.needed && parsed.keys.length > 0 ? parsed.keys : null;
  const wanted = useDeferredValue(partitionKeys);
  const plan = useQuery(planQuery(goal, wanted, choice.ready && parsed.problem === undefined && (!choice.needed || wanted !== null)));
  const forms = useConfigForms(target, keys, config.value);

  const problems = [parsed.problem, config.problem, tags.problem, ...forms.flatMap((form) => formProblems(form.schema, form.value))].filter((text): text is string => text !== undefined);
  const missing = choice.needed && parsed.keys.length === 0;
  const launch = useMutation({
    mutationFn: () => request(Launch, { input: { target: goal, partitionKeys, config: config.value && Object.keys(config.value).length > 0 ? config.value : null, tags: tags.value, idempotencyKey: once } }),
    onSuccess: ({ launch: { runs, backfill } }) => {
      setOnce(newKey());
      writeDraft(key, undefined);
      closeLaunch();
      void client.invalidateQueries({ queryKey: ["runs"] });
      const first = runs[0];
      toast(runs.length === 1 && first ? `Run ${shortId(first.id)} has been started.` : `${plural(runs.length, "run")} have been queued.`);
      if (backfill) void navigate({ to: "/b/$backfillId", params: { backfillId: backfill.id } });
      else if (first && runs.length === 1) void navigate({ to: "/r/$runId", params: { runId: first.id } });
      else void navigate({ to: "/runs" });
    },
    onError: tellError,
  });
  const runs = Math.max(1, partitionKeys?.length ?? 1);
  const blocked = problems.length > 0 || missing || (plan.data?.problems.length ?? 0) > 0;
  const setFormConfig = (step: string, value: PlainMap) => change({ config: printConfig(withStep(config.value ?? {}, step, value)) });
  return (
    <>
      <SheetHead note="draft kept">{target.job === undefined ? "Materialize" : "Run"} <Name target={target} /></SheetHead>
      <div className="body">
        {choice.needed && <PartitionField draft={draft} choice={choice} size={parsed.keys.length} problem={parsed.problem} onChange={(partitions) => change({ partitions })} />}
        {target.job === undefined && down + up > 0 && (
          <fieldset className="field also"><legend>Also run</legend>
            {down > 0 && <label className="row"><input type="checkbox" className="check" checked={also.down} onChange={(event) => setAlso({ ...also, down: event.target.checked })} />what depends on it: {plural(down, "asset")}</label>}
            {up > 0 && <label className="row"><input type="checkbox" className="check" checked={also.up} onChange={(event) => setAlso({ ...also, up: event.target.checked })} />what it depends on: {plural(up, "asset")}</label>}
          </fieldset>
        )}
        <hr className="rule" />
        <div className="row config-head"><h3 className="grow">Configuration</h3>
          {forms.length > 0 && <Seg label="Configuration as" value={tab} options={[{ value: "form", text: "Form" }, { value: "text", text: "YAML" }]} onChange={setTab} />}
        </div>
        {tab === "form" && forms.length > 0 ? forms.map((form) => <ConfigForm key={form.step} title={form.step} schema={form.schema} value={form.value} onChange={(value) => setFormConfig(form.step, value)} />) : (
          <div className="field"><label className="sr" htmlFor="launch-config">Configuration as YAML or JSON</label>
            <textarea id="launch-config" className="input input-area mono" rows={Math.min(14, Math.max(4, draft.config.split("\n").length + 1))} spellCheck={false} placeholder={"YAML or JSON; empty for the defaults\nops:\n  step:\n    config: {}"} aria-invalid={config.problem !== undefined} aria-describedby="launch-config-note" value={draft.config} onChange={(event) => change({ config: event.target.value })} />
            <p id="launch-config-note" className={config.problem ? "note bad" : "note"}>{config.problem ?? ""}</p></div>
        )}
        <div className="field"><label htmlFor="launch-tags">Tags <span>optional, name: value, divided by commas</span></label>
          <input id="launch-tags" className="input" value={draft.tags} spellCheck={false} placeholder="reason: repair" aria-invalid={tags.problem !== undefined} onChange={(event) => change({ tags: event.target.value })} />
          {tags.problem && <p className="note bad">{tags.problem}</p>}</div>
        <PlanBox plan={plan.data} error={plan.error} waiting={plan.isFetching} missing={missing} partitions={parsed.keys} />
      </div>
      <footer>
        <span className="grow">{problems.length > 0 && <span className="st failed"><Glyph state="failed" word="" />{plural(problems.length, "field")} to correct</span>}</span>
        <button type="button" className="btn btn-primary btn-big" disabled={blocked || launch.isPending || !choice.ready} onClick={() => launch.mutate()}>Start {plural(runs, "run")}</button>
      </footer>
    </>
  );
}

function Name({ target }: { target: LaunchTarget }) {
  const [first] = target.assetKeys ?? [];
  if (target.job !== undefined) return <span>{target.job}</span>;
  return <><Key name={first ?? ""} />{(target.assetKeys?.length ?? 0) > 1 && <span className="faint light"> +{(target.assetKeys?.length ?? 0) - 1}</span>}</>;
}

interface Choice {
  keys: readonly string[];
  failed: readonly string[];
  missing: readonly string[];
}

function PartitionField({ draft, choice, size, problem, onChange }: { draft: Draft; choice: Choice; size: number; problem: string | undefined; onChange: (text: string) => void }) {
  const last = choice.keys.at(-1);
  const presets: [string, readonly string[]][] = [["Latest", last ? [last] : []], ["Failed", choice.failed], ["Missing", choice.missing], ["All", choice.keys]];
  return (
    <div className="field">
      <label htmlFor="launch-partitions">Partitions <span>{count(size)} of {count(choice.keys.length)}</span></label>
      <input id="launch-partitions" className="input" value={draft.partitions} spellCheck={false} autoComplete="off" placeholder={`${choice.keys[0] ?? "key"} ... ${last ?? "key"}, key, prefix*`} aria-invalid={problem !== undefined} aria-describedby="launch-partitions-note" onChange={(event) => onChange(event.target.value)} />
      <div className="row presets">
        {presets.map(([text, keys]) => (keys.length === 0 ? null : <button key={text} type="button" className="chip" onClick={() => onChange(printChoice(keys, choice.keys))}>{text} {text === "Latest" ? "" : count(keys.length)}</button>))}
      </div>
      <p id="launch-partitions-note" className={problem ? "note bad" : "note"}>{problem ?? ""}</p>
    </div>
  );
}

interface PlanData {
  runs: number;
  steps: number;
  problems: string[];
  estimatedSeconds: number | null;
  waitsFor: string | null;
}

function PlanBox({ plan, error, waiting, missing, partitions }: { plan: PlanData | undefined; error: Error | null; waiting: boolean; missing: boolean; partitions: readonly string[] }) {
  const done = plan?.estimatedSeconds ? `, likely done by ${clock(Date.now() + plan.estimatedSeconds * 1000)}` : "";
  return (
    <section className="plan" aria-label="Plan" aria-busy={waiting} data-testid="plan">
      <h3>Plan</h3>
      {missing ? <p className="muted">Choose at least one partition.</p> : error ? <p className="failed">{error.message}</p> : !plan ? <p className="muted">…</p> : (
        <>
          <p><b>{plural(plan.runs, "run")}, {plural(plan.steps, "step")}</b>{plan.estimatedSeconds !== null && <>, about <b>{duration(plan.estimatedSeconds)}</b></>}{done}</p>
          <ul>
            {partitions.length > 1 && <li><Icon name="calendar" />{partitions[0]} to {partitions.at(-1)}, one run each</li>}
            {plan.waitsFor && <li><Glyph state="queued" word="" />{plan.waitsFor}</li>}
            {plan.problems.map((text) => <li key={text} className="failed"><Glyph state="failed" word="Problem" />{text}</li>)}
          </ul>
        </>
      )}
    </section>
  );
}

function stepConfig(config: PlainMap | undefined, step: string): PlainMap {
  const ops = config?.ops;
  const node = isMap(ops) ? ops[step] : undefined;
  const own = isMap(node) ? node.config : undefined;
  return isMap(own) ? own : {};
}

function withStep(config: PlainMap, step: string, value: PlainMap): PlainMap {
  const ops = isMap(config.ops) ? config.ops : {};
  const node = isMap(ops[step]) ? ops[step] : {};
  const nextOps = Object.fromEntries(Object.entries({ ...ops, [step]: { ...node, config: value } }).filter(([name]) => name !== step || Object.keys(value).length > 0));
  const rest = Object.fromEntries(Object.entries(config).filter(([name]) => name !== "ops"));
  return Object.keys(nextOps).length > 0 ? { ...rest, ops: nextOps } : rest;
}

/** A form for each chosen asset that takes config. */
function useConfigForms(target: LaunchTarget, keys: readonly string[], config: PlainMap | undefined): { step: string; schema: FieldSchema; value: PlainMap }[] {
  const details = useQueries({ queries: (target.job === undefined ? keys.slice(0, FORMS_MOST) : []).map((key) => assetQuery(key)) });
  return details.flatMap(({ data }) => {
    const schema = data?.configSchema as FieldSchema | null | undefined;
    return data?.stepKey && schema?.properties ? [{ step: data.stepKey, schema, value: stepConfig(config, data.stepKey) }] : [];
  });
}
