/** State as shape, colour and word. */

/** Every state a run, step, asset, check or tick can show. */
export type State =
  | "success"
  | "failed"
  | "running"
  | "queued"
  | "canceled"
  | "skipped"
  | "late"
  | "stale"
  | "unknown";

const DRAWING: Record<State, [symbol: string, className: string, word: string]> = {
  success: ["ok", "ok", "Success"],
  failed: ["failed", "failed", "Failed"],
  running: ["running", "running", "Running"],
  queued: ["queued", "queued", "Queued"],
  canceled: ["cancelled", "cancelled", "Canceled"],
  skipped: ["skipped", "skipped", "Skipped"],
  late: ["late", "late", "Late"],
  stale: ["stale", "stale", "Stale"],
  unknown: ["unknown", "unknown", "Unknown"],
};

/** The colour class of a state. */
export function stateClass(state: State): string {
  return DRAWING[state][1];
}

/** The word for a state. */
export function stateWord(state: State): string {
  return DRAWING[state][2];
}

interface GlyphProps {
  state: State;
  /** The word to use instead of the state's own; an empty one when the text beside says it. */
  word?: string;
  /** Show the word beside the shape; otherwise it is for screen readers only. */
  shown?: boolean;
}

/** The shape of a state with its word. */
export function Glyph({ state, word, shown = false }: GlyphProps) {
  const [symbol, className, own] = DRAWING[state];
  const text = word ?? own;
  const drawing = (
    <svg className={`g ${className}${state === "running" ? " spin" : ""}`} aria-hidden="true">
      <use href={`#g-${symbol}`} />
    </svg>
  );
  if (shown) {
    return (
      <span className={`st ${className}`}>
        {drawing}
        <b>{text}</b>
      </span>
    );
  }
  return (
    <>
      {drawing}
      {text && <span className="sr">{text}</span>}
    </>
  );
}
