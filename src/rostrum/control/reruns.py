"""What goes on from runs that have ended: retries that come by themselves, questions about what is left of a run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rostrum.control import validation
from rostrum.control.endings import standing_of
from rostrum.control.events import EventLog
from rostrum.control.manifests import LoadedManifest, ManifestCache
from rostrum.control.retries import Rerun, items_after, origins_before, repeating
from rostrum.control.runs import Runs
from rostrum.interfaces.storage import Session
from rostrum.model.errors import NotFound, RostrumError, UnknownPartition
from rostrum.model.reserved_names import RETRY_NUMBER_TAG, RETRY_STATE_TAG
from rostrum.model.runs import Run, RunTarget, Trigger
from rostrum.planning.dynamic import known_items
from rostrum.planning.run_retries import counted, repeated, stopped


class Reruns:
    """Thread-safe."""

    def __init__(self, events: EventLog, runs: Runs, manifests: ManifestCache) -> None:
        self._events, self._runs, self._manifests = events, runs, manifests

    def waiting(self, session: Session) -> Sequence[Run]:
        """Failed runs that others will repeat by themselves, those due first."""
        found = session.runs.tagged(RETRY_STATE_TAG, "waiting")
        due = [(run.retry_at, run.run_id, run) for run in found if run.is_finished and run.retry_at is not None]
        return [run for _, _, run in sorted(due, key=lambda each: each[:2])]

    def retry_by_itself(self, run_id: str) -> Run | None:
        """Queue the run that repeats a failed one by itself. However often and by whomever this is called, there is one
        at most; None where none is wanted (any more), or it cannot be now: the failed run says why.
        """
        try:
            return self._repeat(run_id)
        except RostrumError as error:
            if error.retryable:
                raise
            self._note(run_id, error)
            return None

    def _repeat(self, run_id: str) -> Run | None:
        with self._events.transaction() as session:
            parent = session.runs.get(run_id)
            if parent is None or parent.retry_at is None or parent.retry_policy is None:
                return None
            rerun = Rerun(strategy=parent.retry_policy.strategy)
            request = repeating(session, self._manifests, parent, rerun, Trigger("retry"))
            user, infrastructure = counted(parent)
            request = msgspec.structs.replace(
                request,
                idempotency_key=f"retry/{run_id}",
                backfill_id=parent.backfill_id,
                tags={**request.tags, RETRY_NUMBER_TAG: str(user + infrastructure)},
                user_retries=user,
                infrastructure_retries=infrastructure,
            )
            run = self._runs.submit_in(session, [request])[0]
            session.runs.put(repeated(parent, run.run_id))
        return run

    def _note(self, run_id: str, error: RostrumError) -> None:
        """Have a failed run say why it is not repeated: not yet where its code location or job is gone, which may come
        back with the next version; else not at all.
        """
        waits = isinstance(error, NotFound) and not isinstance(error, UnknownPartition)
        with self._events.transaction() as session:
            run = session.runs.get(run_id)
            if run is None or run.retry_at is None or (waits and run.retry_note == str(error)):
                return
            why = str(error)
            told = msgspec.structs.replace(run, retry_note=why) if waits else stopped(run, why, state="given_up")
            session.runs.put(told)

    def unfinished_steps(self, session: Session, run_id: str) -> Sequence[str]:
        """Keys of the steps of a run that have not ended well, in order. Raises NotFound."""
        run = session.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id!r}")
        loaded = self._manifests.get(run.manifest_hash or "", session)
        plan = validation.check_target(loaded, run.target, known_items(run.output_origins)).plan
        return standing_of(session, run_id).unfinished(plan, loaded.graph.ops)

    def origins_for(self, session: Session, parent: Run, loaded: LoadedManifest, target: RunTarget) -> dict[str, str]:
        """Where a run of `target` finds what it needs and does not make, in `parent` and the runs before it."""
        whole = validation.check_target(loaded, msgspec.structs.replace(target, step_selection=())).plan
        known = items_after(parent, standing_of(session, parent.run_id), whole, loaded.graph.ops)
        plan = validation.check_target(loaded, target, known).plan
        return origins_before(session, parent, whole, plan, known)
