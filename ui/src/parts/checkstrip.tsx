/** The last evaluations of a check: low marks passed, tall marks failed. */

import type { CheckResult } from "../api/shapes";
import { plural } from "../format/number";
import { TickStrip } from "./small";

/** Marks in order of evaluation, evenly spaced. */
export function CheckStrip({ history, name }: { history: readonly CheckResult[]; name: string }) {
  const failed = history.filter((result) => !result.passed).length;
  const shown = history.slice(-20);
  return (
    <TickStrip width={112} from={0} until={20} ticks={shown.map((result, index) => ({ at: 20 - shown.length + index, state: result.passed ? "success" : "failed" }))}
      label={`${name}: ${plural(history.length, "evaluation")}, ${failed} failed`} />
  );
}
