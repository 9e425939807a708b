/** What a run or step waits for, in words that lead to whoever has it. */

import { Link } from "@tanstack/react-router";
import type { PoolStep, StepRow, StepWait, WaitReason } from "../api/shapes";
import { count, plural } from "../format/number";
import { shortId } from "../format/run";
import { Glyph } from "./glyph";

/** So many waiting steps are told one by one. */
const SHOWN = 3;

/** `waits for pool db: 2 of 2 taken`. */
export function waitWords(wait: StepWait): string {
  if (wait.limit === 0) return `waits for ${wait.kind} ${wait.name}: nobody is let in (limit 0)`;
  const taken = wait.limit === null ? `${count(wait.held)} taken` : `${count(wait.held)} of ${count(wait.limit)} taken`;
  return `waits for ${wait.kind} ${wait.name}: ${wait.held > 0 ? taken : "its turn"}`;
}

/** A run, or a step of it, by name. */
export function StepLink({ step }: { step: PoolStep }) {
  return (
    <Link to="/r/$runId" params={{ runId: step.runId }} className="link" title={`${step.title} ${step.stepKey}`.trim()}>
      <span className="mono">{shortId(step.runId)}</span>{step.stepKey ? ` ${step.stepKey}` : step.title ? ` ${step.title}` : ""}
    </Link>
  );
}

/** ` by run 1a2b x and 3 more`, with a link; nothing where nobody is known. */
export function Holders({ holders, all = holders.length }: { holders: readonly PoolStep[]; all?: number }) {
  const [first] = holders;
  if (!first) return null;
  return <> by run <StepLink step={first} />{all > 1 && ` and ${plural(all - 1, "other")}`}</>;
}

/** Why a run does not get on: what it waits for before it starts, or which of its steps wait for others' slots. */
export function RunWaits({ reason, steps }: { reason: WaitReason | null; steps: readonly StepRow[] }) {
  const waiting = steps.filter((step) => step.waitsFor);
  if (!reason?.holders.length && waiting.length === 0) return null;
  return (
    <ul className="section run-waits" aria-label="What it waits for">
      {reason && reason.holders.length > 0 && <li><Glyph state="queued" word="" /> waits for pool {reason.name}: {count(Math.min(reason.limit, reason.inProgress))} of {count(reason.limit)} taken<Holders holders={reason.holders} all={reason.inProgress} /></li>}
      {waiting.slice(0, SHOWN).map((step) => step.waitsFor && (
        <li key={step.key}><Glyph state="queued" word="" /> <b>{step.title}</b> {waitWords(step.waitsFor)}<Holders holders={step.waitsFor.holders} all={step.waitsFor.held} />{step.waitsFor.position !== null && <span className="muted">, {step.waitsFor.position === 1 ? "its turn is next" : `turn ${count(step.waitsFor.position)}`}</span>}</li>
      ))}
      {waiting.length > SHOWN && <li className="muted">and {plural(waiting.length - SHOWN, "more step")}; <Link to="/system" className="link">what blocks what</Link></li>}
    </ul>
  );
}
