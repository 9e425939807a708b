/** The log of a run: events and captured output, scoped to a step, followed while it grows. */

import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { request } from "../api/client";
import { RunEvents, RunLog } from "../api/generated";
import type { LogFile, RunEvent, StepRow } from "../api/shapes";
import { causeWords, placeWords } from "../format/step";
import { usePhone } from "../list/media";
import { Broken, Menu, Seg } from "../parts/controls";
import { Icon } from "../parts/icons";
import { LogView } from "../parts/log";
import { isError, leftOut, mergeLog, type Output, scoped, type Scope } from "../parts/loglines";

/** Events read at a time, and at most before the reader asks for more. */
const EVENT_PAGE = 2000;
const EVENT_MOST = 40_000;
/** Output files read for a log of all steps; a step's own log reads all of its files. */
const FILES_MOST = 12;
/** Output read at first and at a time, and what is kept of each stream while it grows: the last of it. */
const OUTPUT_BYTES = 1_048_576;
const OUTPUT_KEPT = 4_000_000;

interface EventList {
  events: RunEvent[];
  cursor: number;
  end: boolean;
}

/** All events of a run so far; a refetch reads only what is new. */
function useEvents(runId: string) {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["events", runId],
    queryFn: async ({ signal }): Promise<EventList> => {
      const known = client.getQueryData<EventList>(["events", runId]);
      let list: EventList = known ?? { events: [], cursor: 0, end: false };
      while (list.events.length < EVENT_MOST) {
        const page = (await request(RunEvents, { runId, after: list.cursor, limit: EVENT_PAGE }, signal)).events;
        list = { events: page.events.length > 0 ? [...list.events, ...page.events] : list.events, cursor: Math.max(list.cursor, page.cursor), end: page.end };
        if (page.events.length < EVENT_PAGE) break;
      }
      return list;
    },
  });
}

/** What was read of a file: its text, and where the rest begins. */
interface FileRead extends Output {
  lost: { out: boolean; err: boolean };
  next: { out: number; err: number };
  complete: boolean;
}

/** The text with a new part, cut at a line where it has grown too long. `lost` says that something before it is not held. */
function grown(before: string, part: string, lost: boolean): { text: string; lost: boolean } {
  const text = before + part;
  if (text.length <= OUTPUT_KEPT) return { text, lost };
  return { text: text.slice(text.indexOf("\n", text.length - OUTPUT_KEPT) + 1), lost: true };
}

/** Text from the middle of a file, from its first whole line on; one line that has no end is kept. */
export function fromLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 || end === text.length - 1 ? text : text.slice(end + 1);
}

/** A note where the store skips bytes: it keeps the first and the last part of a long file. */
const gap = (asked: number, got: number) => (asked >= 0 && got > asked ? leftOut(got - asked) : "");

/** Read on from where the last read ended; a file that is complete is not read again. */
async function readFile(runId: string, file: LogFile, known: FileRead | undefined, signal: AbortSignal): Promise<FileRead> {
  if (known?.complete) return known;
  let held: FileRead = known ?? { fileKey: file.fileKey, stepKeys: file.stepKeys, attempt: file.attempt, out: "", err: "", lost: { out: false, err: false }, next: { out: -OUTPUT_BYTES, err: -OUTPUT_BYTES }, complete: false };
  for (;;) {
    const { out, err } = await request(RunLog, { runId, fileKey: file.fileKey, out: held.next.out, err: held.next.err, limit: OUTPUT_BYTES }, signal);
    const cut = { out: held.next.out < 0 && out.offset > 0, err: held.next.err < 0 && err.offset > 0 };
    const outText = grown(held.out, gap(held.next.out, out.offset) + (cut.out ? fromLine(out.text) : out.text), held.lost.out || cut.out);
    const errText = grown(held.err, gap(held.next.err, err.offset) + (cut.err ? fromLine(err.text) : err.text), held.lost.err || cut.err);
    held = { ...held, stepKeys: file.stepKeys, out: outText.text, err: errText.text, lost: { out: outText.lost, err: errText.lost }, next: { out: out.nextOffset, err: err.nextOffset }, complete: out.complete && err.complete };
    const moved = out.text.length + err.text.length > 0;
    if (!moved || (out.nextOffset >= out.size && err.nextOffset >= err.size)) return held;
  }
}

function useOutputs(runId: string, files: readonly LogFile[]) {
  const client = useQueryClient();
  return useQueries({
    queries: files.map((file) => ({
      queryKey: ["log", runId, file.fileKey],
      queryFn: ({ signal }: { signal: AbortSignal }) => readFile(runId, file, client.getQueryData<FileRead>(["log", runId, file.fileKey]), signal),
      structuralSharing: false,
    })),
    combine: (results) => results.flatMap((result) => (result.data ? [result.data] : [])),
  });
}

/** What a file is called: its step and attempt, or the process that several steps share. */
function fileTitle(file: LogFile): string {
  if (file.stepKeys.length === 1) return `${file.stepKeys[0]}${(file.attempt ?? 1) > 1 ? `, attempt ${file.attempt}` : ""}`;
  return file.stepKeys.length > 1 ? `process of ${file.stepKeys.length} steps` : file.fileKey;
}

/** Where the chosen attempt of a step runs, else its last, and what became of it. */
export function whereabouts(row: StepRow, attempt: string): string {
  const chosen = attempt === "" ? undefined : row.tries?.[Number(attempt) - 1];
  const where = chosen ? chosen.where : row.where;
  const cause = chosen ? chosen.cause : row.cause;
  return [where && placeWords(where), cause && causeWords(cause)].filter(Boolean).join(", ");
}

interface RunLogProps {
  runId: string;
  files: readonly LogFile[];
  live: boolean;
  startedAt: string | null;
  steps: readonly StepRow[];
  /** Key of the chosen step. */
  step: string | undefined;
  onStep: (step: string | undefined) => void;
}

/** The bar above the log and the log itself. */
export function RunLogPanel({ runId, files, live, startedAt, steps, step, onStep }: RunLogProps) {
  const phone = usePhone();
  const row = step === undefined ? undefined : steps.find((each) => each.key === step);
  const titles = useMemo(() => new Map(steps.map((each) => [each.key, each.title])), [steps]);
  const [show, setShow] = useState<Scope["show"]>("all");
  const [search, setSearch] = useState("");
  const [relative, setRelative] = useState(false);
  const [follow, setFollow] = useState(live);
  useEffect(() => setFollow(live), [live]);
  const events = useEvents(runId);
  const [chosen, setAttempt] = useState("");
  useEffect(() => setAttempt(""), [step]);
  const attempts = Array.from({ length: row?.tries?.length ?? 0 }, (_, index) => index + 1);
  const attempt = attempts.length > 1 ? chosen : "";
  const wanted = useMemo(() => {
    if (step === undefined) return live ? files.slice(-FILES_MOST) : files.slice(0, FILES_MOST);
    return files.filter((file) => file.stepKeys.includes(step) && (attempt === "" || file.attempt === null || String(file.attempt) === attempt));
  }, [files, step, attempt, live]);
  const outputs = useOutputs(runId, wanted);
  const all = useMemo(() => mergeLog(events.data?.events ?? [], outputs), [events.data, outputs]);
  const inStep = useMemo(() => scoped(all, { step, show: "all", attempt: attempt === "" ? undefined : Number(attempt) }), [all, step, attempt]);
  const lines = useMemo(() => scoped(inStep, { step: undefined, show }), [inStep, show]);
  const errors = useMemo(() => inStep.filter((line) => !line.rest && isError(line)).length, [inStep]);
  const shows: { value: Scope["show"]; text: string }[] = [{ value: "all", text: "All" }, { value: "errors", text: `Errors ${errors}` }, { value: "output", text: "Output" }];
  const downloads = wanted.flatMap((file) =>
    (["out", "err"] as const).map((stream) => ({
      text: `${fileTitle(file)}, standard ${stream === "out" ? "output" : "error"}`,
      onPick: () => window.open(`/api/runs/${encodeURIComponent(runId)}/logs/${encodeURIComponent(file.fileKey)}/${stream}`, "_blank", "noopener"),
    })),
  );
  const hidden = step === undefined && files.length > FILES_MOST;
  return (
    <section className="run-log" aria-label="Log of the run">
      <div className="logbar">
        <Seg label="What the log shows" value={show} options={shows} onChange={setShow} />
        {step === undefined ? (
          <span className="chip">all steps</span>
        ) : (
          <button type="button" className="chip is-on cut" aria-label={`Log of step ${row?.title ?? step}; show all steps`} onClick={() => onStep(undefined)}>
            <i>step</i> <span className="cut">{row?.title ?? step}</span> <Icon name="close" />
          </button>
        )}
        {attempts.length > 1 && <Seg label="Attempt" value={attempt} options={[{ value: "", text: "All attempts" }, ...attempts.map((number) => ({ value: String(number), text: String(number) }))]} onChange={setAttempt} />}
        {row && <span className="faint t12 cut wide-only" data-testid="step-where">{whereabouts(row, attempt)}</span>}
        {hidden && <span className="faint t12 wide-only">output of the {live ? "last" : "first"} {FILES_MOST} of {files.length} steps; choose a step for its own</span>}
        <span className="grow" />
        <div className="filter log-search wide-only" data-filter>
          <Icon name="search" />
          <input aria-label="Search log" placeholder="Search log" value={search} spellCheck={false} onChange={(event) => setSearch(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" && event.key !== "Escape") return;
              if (event.key === "Escape") setSearch("");
              document.querySelector<HTMLElement>('[data-testid="log"]')?.focus();
            }} />
          <span aria-hidden="true">n / N</span>
        </div>
        <button type="button" className="btn btn-quiet wide-only" onClick={() => setRelative(!relative)}>Time: {relative ? "from start" : "clock"}</button>
        {live && <button type="button" className="btn wide-only" aria-pressed={follow} onClick={() => setFollow(!follow)}><Icon name={follow ? "pause" : "down"} />{follow ? "Following" : "Follow"}</button>}
        {downloads.length > 0 && <Menu label="Download output" className="btn btn-icon btn-quiet" items={downloads.slice(0, 16)}><Icon name="download" /></Menu>}
      </div>
      {events.isError && !events.data ? (
        <Broken what="The log" error={events.error} onRetry={() => void events.refetch()} />
      ) : (
        <LogView
          lines={lines} live={live} start={startedAt ? Date.parse(startedAt) : undefined} relative={relative} phone={phone} search={search} follow={follow} onFollow={setFollow}
          titles={step === undefined && steps.length > 1 ? titles : undefined}
          empty={events.isPending ? "" : show === "all" ? "Nothing has been said yet." : show === "errors" ? "No errors." : "Nothing was printed."}
        />
      )}
    </section>
  );
}
