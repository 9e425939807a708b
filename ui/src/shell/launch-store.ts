/** What the launch sheet is open for. The draft lives for the session, so Escape and reload do not lose it. */

import { useSyncExternalStore } from "react";

/** What to launch: a job, or assets; partitions chosen so far. */
export interface LaunchTarget {
  location?: string;
  job?: string;
  assetKeys?: string[];
  partitionKeys?: string[];
  /** A finished run to run again, in place of all that. */
  again?: RerunTarget;
}

/** A finished run, and what of it is to run again. */
export interface RerunTarget {
  runId: string;
  /** Whether something of it is left to do. */
  canResume: boolean;
  config: Record<string, unknown>;
  /** Keys of its steps. */
  known: string[];
  /** Clauses that select steps, chosen so far. */
  steps?: string;
}

let target: LaunchTarget | undefined;
const listeners = new Set<() => void>();

function set(next: LaunchTarget | undefined): void {
  target = next;
  for (const listener of listeners) listener();
}

/** Open the sheet. */
export function openLaunch(next: LaunchTarget): void {
  set(next);
}

/** Close the sheet; its draft stays. */
export function closeLaunch(): void {
  set(undefined);
}

/** The open target, or undefined while the sheet is closed. */
export function useLaunch(): LaunchTarget | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => target,
  );
}

/** What a person has typed for one target. */
export interface Draft {
  partitions: string;
  config: string;
  tags: string;
}

/** The name under which a draft is kept. */
export function draftKey(target: LaunchTarget): string {
  return `rostrum.draft.${target.location ?? ""}/${target.job ?? (target.assetKeys ?? []).join(",")}`;
}

/** The kept draft, if any. */
export function readDraft(key: string): Draft | undefined {
  try {
    const text = sessionStorage.getItem(key);
    return text ? (JSON.parse(text) as Draft) : undefined;
  } catch {
    return undefined;
  }
}

/** Keep a draft, or forget it. */
export function writeDraft(key: string, draft: Draft | undefined): void {
  try {
    if (draft) sessionStorage.setItem(key, JSON.stringify(draft));
    else sessionStorage.removeItem(key);
  } catch {
    // The draft then lasts as long as the sheet is open.
  }
}

/** What a person has typed to run a run again. */
export interface RerunDraft {
  what: "failure" | "all" | "steps";
  steps: string;
  config: string;
  tags: string;
}

/** The kept draft of a run, if any. */
export function readRerun(runId: string): RerunDraft | undefined {
  return readDraft(`rostrum.again.${runId}`) as unknown as RerunDraft | undefined;
}

/** Keep the draft of a run, or forget it. */
export function writeRerun(runId: string, draft: RerunDraft | undefined): void {
  writeDraft(`rostrum.again.${runId}`, draft as unknown as Draft | undefined);
}
