/** What can be done to a run, with what is said afterwards. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { request } from "../api/client";
import { CancelRun, RetryRun } from "../api/generated";
import { hasEnded, shortId } from "../format/run";
import { toast } from "../parts/controls";

/** Say what went wrong. */
export function tellError(error: Error): void {
  toast(error.message, { bad: true });
}

/** Run again: from the failure, or all of it. Goes to the new run. */
export function useRetry() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (variables: { id: string; strategy: "from_failure" | "all" }) => request(RetryRun, variables),
    onSuccess: ({ retryRun }) => {
      toast(`Run ${shortId(retryRun.id)} has been started.`);
      void client.invalidateQueries({ queryKey: ["runs"] });
      void client.invalidateQueries({ queryKey: ["run"] });
      void navigate({ to: "/r/$runId", params: { runId: retryRun.id } });
    },
    onError: tellError,
  });
}

/** Ask a run to end, at once where `force`; of a failed run, stop what would repeat it. */
export function useCancel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, force }: { id: string; force?: boolean }) => request(CancelRun, { id, force: force ?? false }),
    onSuccess: ({ cancelRun }) => {
      const ended = hasEnded(cancelRun.status) && cancelRun.status !== "canceled";
      toast(ended ? `Run ${shortId(cancelRun.id)} will not be retried.` : `Run ${shortId(cancelRun.id)} is being canceled.`);
      void client.invalidateQueries({ queryKey: ["run", cancelRun.id] });
      void client.invalidateQueries({ queryKey: ["runs"] });
    },
    onError: tellError,
  });
}
