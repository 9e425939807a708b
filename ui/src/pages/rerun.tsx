/** The sheet that runs a finished run again: which of its steps, with which config. Prefilled with what the run had. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { request } from "../api/client";
import { RetryRun } from "../api/generated";
import { shortId } from "../format/run";
import { printConfig } from "../format/yaml";
import { Seg, toast } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { closeLaunch, type RerunTarget, readRerun, writeRerun } from "../shell/launch-store";
import { newKey, type PlainMap, readConfig, readTags } from "./launch-text";
import { tellError } from "./run-actions";

/** Keys of steps that are listed below the field. */
const KNOWN_MOST = 12;

type What = "failure" | "all" | "steps";

/** The form for one run. */
export function RerunForm({ target }: { target: RerunTarget }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const before = useMemo(() => (Object.keys(target.config).length > 0 ? printConfig(target.config as PlainMap) : ""), [target.config]);
  const [draft, setDraft] = useState(() => readRerun(target.runId) ?? {
    what: target.steps ? "steps" as What : target.canResume ? "failure" as What : "all" as What, steps: target.steps ?? "", config: before, tags: "",
  });
  const [once, setOnce] = useState(newKey);
  const change = (part: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...part }));
  useEffect(() => writeRerun(target.runId, draft), [target.runId, draft]);
  useEffect(() => {
    // A new choice on the page beside replaces what was typed.
    if (target.steps) setDraft((old) => ({ ...old, what: "steps", steps: target.steps ?? "" }));
  }, [target.steps]);
  const config = useMemo(() => readConfig(draft.config), [draft.config]);
  const tags = useMemo(() => readTags(draft.tags), [draft.tags]);
  const clauses = draft.steps.split(/[\s,]+/).filter(Boolean);
  const missing = draft.what === "steps" && clauses.length === 0;
  const launch = useMutation({
    mutationFn: () => request(RetryRun, {
      id: target.runId, strategy: draft.what === "all" ? "all" : "from_failure", steps: draft.what === "steps" ? clauses : null,
      config: draft.config === before ? null : (config.value ?? {}), tags: tags.value, idempotencyKey: once,
    }),
    onSuccess: ({ retryRun }) => {
      setOnce(newKey());
      writeRerun(target.runId, undefined);
      closeLaunch();
      toast(`Run ${shortId(retryRun.id)} has been started.`);
      void client.invalidateQueries({ queryKey: ["runs"] });
      void client.invalidateQueries({ queryKey: ["run"] });
      void navigate({ to: "/r/$runId", params: { runId: retryRun.id } });
    },
    onError: tellError,
  });
  const options: { value: What; text: string }[] = [...(target.canResume ? [{ value: "failure" as What, text: "From failure" }] : []), { value: "all", text: "All steps" }, { value: "steps", text: "Some steps" }];
  return (
    <>
      <div className="body">
        <div className="field"><div className="row config-head"><h3 className="grow">What</h3><Seg label="What to run" value={draft.what} options={options} onChange={(what) => change({ what })} /></div>
          <p className="note">{draft.what === "failure" ? "What failed, was interrupted or did not run; the rest is taken as it is stored." : draft.what === "all" ? "Everything, anew." : "Inputs from other steps are what they have stored before."}</p></div>
        {draft.what === "steps" && (
          <div className="field"><label htmlFor="rerun-steps">Steps or assets <span>name, +name, name+, *name, name*</span></label>
            <input id="rerun-steps" className="input mono" value={draft.steps} spellCheck={false} autoComplete="off" placeholder="clean+ report" onChange={(event) => change({ steps: event.target.value })} />
            <p className="note">{target.known.length <= KNOWN_MOST ? target.known.join(", ") : `${target.known.slice(0, KNOWN_MOST).join(", ")}, and more`}</p></div>
        )}
        <hr className="rule" />
        <div className="field"><label htmlFor="rerun-config">Configuration <span>of the run, YAML or JSON</span></label>
          <textarea id="rerun-config" className="input input-area mono" rows={Math.min(14, Math.max(4, draft.config.split("\n").length + 1))} spellCheck={false} aria-invalid={config.problem !== undefined} aria-describedby="rerun-config-note" value={draft.config} onChange={(event) => change({ config: event.target.value })} />
          <p id="rerun-config-note" className={config.problem ? "note bad" : "note"}>{config.problem ?? ""}</p></div>
        <div className="field"><label htmlFor="rerun-tags">Tags <span>over those of the run</span></label>
          <input id="rerun-tags" className="input" value={draft.tags} spellCheck={false} placeholder="reason: repair" aria-invalid={tags.problem !== undefined} onChange={(event) => change({ tags: event.target.value })} />
          {tags.problem && <p className="note bad">{tags.problem}</p>}</div>
      </div>
      <footer>
        <span className="grow">{missing ? <span className="muted">Name at least one step.</span> : config.problem || tags.problem ? <span className="st failed"><Glyph state="failed" word="" />to correct</span> : null}</span>
        <button type="button" className="btn btn-primary btn-big" disabled={missing || launch.isPending || config.problem !== undefined || tags.problem !== undefined} onClick={() => launch.mutate()}>Start 1 run</button>
      </footer>
    </>
  );
}
