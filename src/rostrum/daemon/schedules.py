"""The schedule loop: makes each tick of each running schedule exactly once.

A tick, its runs and the schedule's new state commit in one transaction, and `(schedule, scheduled_at)` is unique: two
daemons, or a daemon that dies at any moment, can neither double nor lose one. User functions are evaluated in a pool,
so that a slow schedule holds up no other. Ticks of a code location that does not answer are tried again.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

import msgspec

from rostrum.control import validation
from rostrum.control.events import EventLog
from rostrum.control.manifests import LoadedManifest, ManifestCache
from rostrum.control.runs import Runs, SubmitRequest
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.locations import CodeLocations
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import RostrumError, Unavailable
from rostrum.model.manifest import ASSET_JOB, ScheduleNode
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.runs import RunTarget, Trigger
from rostrum.model.ticks import AutomationKey, AutomationState, RunRequest, Tick, TickRequest, TickResult
from rostrum.planning.schedules import DueTicks, default_catchup, default_requests, due
from rostrum.service.loops import describe
from rostrum.service.pools import Pool

_log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
RETRY_SECONDS = 2.0
"""Before a tick is tried again whose code location did not answer; doubles up to a minute."""


class _Job(msgspec.Struct, frozen=True):
    """One tick to make."""

    key: AutomationKey
    node: ScheduleNode
    loaded: LoadedManifest
    scheduled_at: datetime
    last_tick_at: datetime | None


class ScheduleLoop:
    """Makes ticks. `run_once` is called by one thread; evaluations report from the pool's threads."""

    def __init__(
        self,
        storage: Storage,
        events: EventLog,
        runs: Runs,
        manifests: ManifestCache,
        locations: CodeLocations,
        doorbell: Doorbell,
        clock: Clock,
        *,
        deadline_seconds: float = 60.0,
        max_catchup: int | None = None,
        threads: int = 4,
    ) -> None:
        self._storage = storage
        self._events = events
        self._runs = runs
        self._manifests = manifests
        self._locations = locations
        self._doorbell = doorbell
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._max_catchup = max_catchup
        self._pool = Pool(threads, "tick") if threads else None
        self._lock = threading.Lock()
        self._evaluating: set[AutomationKey] = set()
        self._failed: dict[AutomationKey, tuple[int, datetime]] = {}
        """Number of vain attempts in a row, and when the next one follows, by schedule."""

    def run_once(self, now: datetime) -> float:
        """Make the ticks that are due; returns the seconds until the next one."""
        with self._storage.begin() as session:
            active = self._manifests.active(session)
            states = session.automations.states()
        next_at = now + timedelta(seconds=IDLE_SECONDS)
        for location in sorted(active):
            loaded = active[location]
            for node in loaded.manifest.schedules:
                state = states.get(AutomationKey(location, node.name))
                if state is None or not state.running:
                    continue
                wanted = self._schedule(state, node, loaded, now)
                next_at = min(next_at, wanted) if wanted is not None else next_at
        return max(0.0, (next_at - self._clock.now()).total_seconds())

    def close(self) -> None:
        """Wait for the evaluations under way, for some seconds."""
        if self._pool is not None:
            self._pool.close()

    def _schedule(
        self, state: AutomationState, node: ScheduleNode, loaded: LoadedManifest, now: datetime
    ) -> datetime | None:
        """Make what is due of one schedule; returns when it is to be looked at again."""
        with self._lock:
            if state.key in self._evaluating:
                return None  # it rings when it is done
            retry_at = self._failed.get(state.key, (0, now))[1]
        if retry_at > now:
            return retry_at
        catchup = default_catchup(node, loaded.manifest) if self._max_catchup is None else self._max_catchup
        found = due(state, node, now, max_catchup=catchup)
        if found.rebased is not None or any(tick.missed for tick in found.ticks):
            self._settle(state.key, node, found, now)
        for tick in found.ticks:
            if tick.missed:
                continue
            job = _Job(state.key, node, loaded, tick.scheduled_at, state.last_tick_at)
            if node.evaluates and self._pool is not None:
                with self._lock:
                    self._evaluating.add(state.key)
                self._pool.submit(lambda job=job: self._evaluate_and_ring(job))
                return None  # in order: the next tick follows when this one is made
            self._evaluate(job)
            with self._lock:
                retry = self._failed.get(state.key)
            if retry is not None:
                return retry[1]
        return found.next_at

    def _settle(self, key: AutomationKey, node: ScheduleNode, found: DueTicks, now: datetime) -> None:
        """Store a changed cron, and the ticks that are only recorded as missed."""
        with self._storage.begin(write=True) as session:
            state = session.automations.get(key)
            if state is None or not state.running:
                return
            if found.rebased is not None:
                state = msgspec.structs.replace(
                    state, cron=found.rebased.cron, last_tick_at=found.rebased.last_tick_at or state.last_tick_at
                )
            for tick in found.ticks:
                if not tick.missed or not _is_new(state, tick.scheduled_at):
                    continue
                session.automations.add_tick(
                    Tick(
                        tick_id=self._clock.new_id(),
                        key=key,
                        scheduled_at=tick.scheduled_at,
                        status="missed",
                        started_at=now,
                        ended_at=now,
                        skip_reason=tick.reason,
                    )
                )
                state = msgspec.structs.replace(state, last_tick_at=tick.scheduled_at)
            session.automations.put(state)

    def _evaluate_and_ring(self, job: _Job) -> None:
        try:
            self._evaluate(job)
        except Exception:  # noqa: BLE001 - the bottom of a pool's thread: the tick is not made, so it is tried again
            _log.exception("tick of %s at %s could not be made", job.key, job.scheduled_at)
            self._postpone(job)
        finally:
            with self._lock:
                self._evaluating.discard(job.key)
            self._doorbell.ring("schedules")

    def _evaluate(self, job: _Job) -> None:
        """Evaluate one tick and store its outcome."""
        started_at = self._clock.now()
        try:
            result = self._result(job)
            self._commit(job, result, started_at)
        except Unavailable as error:
            _log.warning("tick of %s at %s waits: %s", job.key, job.scheduled_at, error)
            self._postpone(job)
        else:
            with self._lock:
                self._failed.pop(job.key, None)

    def _result(self, job: _Job) -> TickResult | None:
        """What the user's function says; None where there is none and a tick is simply its runs."""
        if not job.node.evaluates:
            return None
        request = TickRequest(name=job.node.name, scheduled_at=job.scheduled_at, last_tick_at=job.last_tick_at)
        try:
            return self._locations.get(job.key.location).evaluate(request, self._deadline_seconds)
        except Unavailable:
            raise
        except RostrumError as error:
            return TickResult(error=describe(error))

    def _commit(self, job: _Job, result: TickResult | None, started_at: datetime) -> None:
        """Tick, runs and state in one transaction; nothing when the tick is made, or the schedule off."""
        with self._events.transaction() as session:
            state = session.automations.get(job.key)
            if state is None or not state.running or not _is_new(state, job.scheduled_at):
                return
            tick = Tick(
                tick_id=self._clock.new_id(),
                key=job.key,
                scheduled_at=job.scheduled_at,
                started_at=started_at,
                ended_at=self._clock.now(),
            )
            if not session.automations.add_tick(tick):
                # Made before, and the state was lost with it (restored from a backup, say): only the state moves on.
                session.automations.put(msgspec.structs.replace(state, last_tick_at=job.scheduled_at))
                return
            session.automations.put_tick(self._with_runs(session, job, tick, result))
            session.automations.put(msgspec.structs.replace(state, last_tick_at=job.scheduled_at))

    def _with_runs(self, session: Session, job: _Job, tick: Tick, result: TickResult | None) -> Tick:
        """Submit what the tick asks for; returns the tick with its outcome. Invalid requests fail the tick."""
        replace = msgspec.structs.replace
        if result is not None and result.error is not None:
            return replace(tick, status="failure", error=result.error)
        try:
            requests = result.run_requests if result is not None else self._requests(session, job)
            run_ids = self._submit(session, job, requests)
        except Unavailable:
            raise
        except RostrumError as error:
            return replace(tick, status="failure", error=describe(error))
        if run_ids:
            return replace(tick, status="success", run_ids=run_ids)
        reason = result.skip_reason if result is not None else None
        return replace(tick, status="skipped", skip_reason=reason or _why_nothing(requests))

    def _requests(self, session: Session, job: _Job) -> tuple[RunRequest, ...]:
        target = RunTarget(location=job.key.location, job=job.node.job)
        names = validation.check_target(job.loaded, target).partitions if job.node.job != ASSET_JOB else ()
        specs: list[PartitionsSpec] = [job.loaded.manifest.partitions[name] for name in names]
        return default_requests(job.node, job.scheduled_at, specs[0] if specs else None, session.partitions.dynamic)

    def _submit(self, session: Session, job: _Job, requests: tuple[RunRequest, ...]) -> tuple[str, ...]:
        keys = [request.run_key for request in requests if request.run_key is not None]
        used = set(session.runs.run_keys(job.key, keys)) if keys else set[str]()
        fresh: list[RunRequest] = []
        for request in requests:
            if request.run_key is None or request.run_key not in used:
                fresh.append(request)
                if request.run_key is not None:
                    used.add(request.run_key)
        trigger = Trigger("schedule", job.node.name)
        submits = [
            SubmitRequest(
                target=RunTarget(
                    location=job.key.location,
                    job=request.job or job.node.job,
                    asset_selection=request.asset_selection,
                    check_selection=request.check_selection,
                    partition_key=request.partition_key,
                ),
                config=request.config,
                tags={**job.node.tags, **request.tags},
                trigger=trigger,
            )
            for request in fresh
        ]
        runs = self._runs.submit_in(session, submits)
        for request, run in zip(fresh, runs, strict=True):
            if request.run_key is not None:
                session.runs.claim_run_key(job.key, request.run_key, run.run_id)
        return tuple(run.run_id for run in runs)

    def _postpone(self, job: _Job) -> None:
        with self._lock:
            number = self._failed.get(job.key, (0, job.scheduled_at))[0] + 1
            pause = min(60.0, RETRY_SECONDS * 2 ** min(number - 1, 10))
            self._failed[job.key] = (number, self._clock.now() + timedelta(seconds=pause))


def _is_new(state: AutomationState, scheduled_at: datetime) -> bool:
    after = max(state.changed_at, state.last_tick_at or state.changed_at)
    return scheduled_at > after


def _why_nothing(requests: tuple[RunRequest, ...]) -> str:
    if requests:
        return "all runs that were asked for have been made before (same run keys)"
    return "no run was asked for"
