"""The monitor loop: watches run workers; before it says dead or cancelled it makes that true, by killing (law 4)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from rostrum.control.runs import Runs
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import Launcher, WorkerRef, WorkerStatus
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import Fenced, RostrumError, Unavailable
from rostrum.model.events import EngineMessage, RunCanceled, RunDisconnected, RunReconnected
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.monitor import MonitorDecision, MonitorLimits, add_outage, decide

_log = logging.getLogger(__name__)

MONITOR_LOOP = "monitor"
"""Name under which the loop's heartbeat is stored: a gap in it is time in which nobody listened."""
GATEWAY_LOOP = "gateway"
"""Name under which a process with the gateway stores its heartbeat; a stale one counts as an outage."""
_OUTAGES = "monitor/outages"
_STALE_SECONDS = 30.0
_GATEWAY_SECONDS = 12.0
"""A gateway's heartbeat is stored every ten: when it is older, nobody hears workers."""

_OF_SILENCE = frozenset(("disconnected", "lost", "start_timeout"))
"""What is decided because nothing is heard of a worker."""

Drain = Callable[[Run], object]
"""Stores what a dead worker had spooled, under its epoch. May raise: then the run is looked at again later."""


def _nothing(_run: Run) -> None:
    return None


class MonitorLoop:
    """Looks at every run in progress. Called by one thread; any number of daemons may do the same."""

    def __init__(
        self,
        storage: Storage,
        runs: Runs,
        launcher: Launcher,
        clock: Clock,
        limits: MonitorLimits | None = None,
        *,
        drain: Drain = _nothing,
        discard: Drain = _nothing,
        settle_seconds: float = 0.5,
        busy_seconds: float = 1.0,
        idle_seconds: float = 5.0,
    ) -> None:
        """`discard`: removes what `drain` has stored, once the run has its end and the worker is known dead."""
        self._storage = storage
        self._runs = runs
        self._launcher = launcher
        self._clock = clock
        self._limits = limits or MonitorLimits()
        self._drain = drain
        self._discard = discard
        self._settle = timedelta(seconds=settle_seconds)
        self._busy_seconds = busy_seconds
        self._idle_seconds = idle_seconds
        self._looked_at: datetime | None = None
        self._outages: Sequence[tuple[datetime, datetime]] = ()
        self._asked: set[tuple[str, int]] = set()
        self._ended_at: dict[tuple[str, int], datetime] = {}
        self._is_waiting = False
        """Something is about to end: the next look comes sooner."""

    def run_once(self, now: datetime) -> float:
        """One look at all runs in progress; returns the seconds until the next."""
        with self._storage.begin() as session:
            runs = session.runs.in_progress()
            outages = self._note_outage(session, runs, now)
        if outages is not None:
            with self._storage.begin(write=True) as session:
                session.principals.put_setting(_OUTAGES, msgspec.msgpack.encode(outages))
        self._looked_at = now
        current = {(run.run_id, run.epoch) for run in runs}
        self._asked &= current
        self._ended_at = {key: at for key, at in self._ended_at.items() if key in current}
        away: set[str] = set()
        self._is_waiting = False
        for run in runs:
            try:
                self._look(self._adopted(run, away), now, away)
            # One run must not keep the others from being watched; it is looked at again.
            except RostrumError as error:
                _log.warning("run %s could not be looked after: %s", run.run_id, error)
            except Exception:  # noqa: BLE001 - whatever is wrong with it
                _log.exception("run %s could not be looked after", run.run_id)
        if self._is_waiting:
            return min(self._busy_seconds, self._settle.total_seconds())
        return self._busy_seconds if runs else self._idle_seconds

    def _look(self, run: Run, now: datetime, away: set[str]) -> None:
        worker = self._inspect(run, away)
        asked = (run.run_id, run.epoch) in self._asked
        decision = decide(run, worker, now, self._limits, self._outages, asked)
        if decision.action in _OF_SILENCE and self._is_heard(run):
            return  # since it was read: it is looked at again
        if decision.action != "nothing":
            self._act(run, worker, decision, now)

    def _act(self, run: Run, worker: WorkerStatus | None, decision: MonitorDecision, now: datetime) -> None:
        match decision.action:
            case "disconnected":
                self._runs.record(run.run_id, RunDisconnected(at=now), epoch=run.epoch)
            case "reconnected":
                self._runs.record(run.run_id, RunReconnected(at=now), epoch=run.epoch)
            case "terminate":
                self._terminate(run, force=False)
                self._asked.add((run.run_id, run.epoch))
            case "kill":
                self._terminate(run, force=True)
                self._is_waiting = True
            case "time_out":
                self._runs.cancel(run.run_id, decision.message, reason="timeout", epoch=run.epoch)
            case "lost" | "start_timeout":
                self._end(run, decision, "worker_lost" if decision.action == "lost" else "launch_failure")
                killed = self._inspect(run, set())
                if killed is not None and killed.state == "exited":
                    self._discard(run)
            case _ if worker is not None and worker.state == "exited" and not self._settled(run, now):
                self._is_waiting = True  # what it sent last may still be on its way through the gateway
            case "dead":
                self._end(run, decision, "worker_died")
                self._discard(run)
            case _:
                self._end(run, decision, None)
                if worker is not None and worker.state == "exited":
                    self._discard(run)

    def _is_heard(self, run: Run) -> bool:
        with self._storage.begin() as session:
            current = session.runs.get(run.run_id)
        return current is None or current.last_heard_at != run.last_heard_at

    def _settled(self, run: Run, now: datetime) -> bool:
        return now - self._ended_at.setdefault((run.run_id, run.epoch), now) >= self._settle

    def _end(self, run: Run, decision: MonitorDecision, reason: str | None) -> None:
        """End a run from outside: kill what is left, store what it had accepted (maybe its end), then the verdict."""
        self._terminate(run, force=True)
        self._drain(run)
        if reason is None:
            now = self._clock.now()
            note = EngineMessage(at=now, message=f"canceled: {decision.message}")
            self._runs.finish(run.run_id, RunCanceled(at=now), note, epoch=run.epoch)
        elif decision.resume:
            cause = "crash" if reason == "worker_died" else "lost"
            self._runs.resume(run.run_id, decision.message, cause, epoch=run.epoch)
        else:
            self._runs.fail(run.run_id, reason, decision.message, epoch=run.epoch)

    def _inspect(self, run: Run, away: set[str]) -> WorkerStatus | None:
        if run.worker is None:
            return None
        if run.target.location in away:
            return WorkerStatus(state="unknown")
        try:
            return self._launcher.inspect(_ref(run))
        except RostrumError as error:
            if isinstance(error, Unavailable):
                away.add(run.target.location)  # asking it about each of its runs would hold up the others
            return WorkerStatus(state="unknown", reason=str(error))

    def _adopted(self, run: Run, away: set[str]) -> Run:
        """A run whose worker speaks but was never recorded (the daemon died in between): find the worker."""
        orphan = run.started_at is not None or run.status is RunStatus.CANCELING
        if run.worker is not None or not orphan or run.target.location in away:
            return run
        try:
            found = self._launcher.adopt([run.run_id])
        except RostrumError as error:  # a cancel ends all the same
            _log.warning("nobody knows of a worker of run %s: %s", run.run_id, error)
            return run
        for ref in found:
            if ref.epoch == run.epoch and ref.step_key is None:
                try:
                    return self._runs.mark_launched(run.run_id, run.epoch, ref)
                except Fenced:
                    break
        return run

    def _terminate(self, run: Run, *, force: bool) -> None:
        if run.worker is None:
            return
        try:
            self._launcher.terminate(_ref(run), force=force)
        except RostrumError as error:
            _log.warning("worker of run %s could not be asked to end: %s", run.run_id, error)

    def _note_outage(self, session: Session, runs: Sequence[Run], now: datetime) -> object:
        """Find out since when nobody listened to workers; returns the outages when they have changed."""
        daemons = session.locations.daemons()
        if self._looked_at is None:
            stored = session.principals.setting(_OUTAGES)
            if stored is not None:
                self._outages = msgspec.msgpack.decode(stored, type=list[tuple[datetime, datetime]])
            beats = [state.heartbeat_at for state in daemons if state.loop == MONITOR_LOOP]
            begin = max(beats, default=now)
            alone = True
        else:
            begin, alone = self._looked_at, False
        gap = (now - begin).total_seconds()
        # A living monitor looks every second: a longer gap means that all stood still (a suspended machine).
        if gap > (0.0 if alone else self._idle_seconds + _STALE_SECONDS) and runs:
            return self._add_outage(begin, now)
        gateways = [state.heartbeat_at for state in daemons if state.loop == GATEWAY_LOOP]
        if gateways:
            heard = max([*gateways, *(run.last_heard_at for run in runs if run.last_heard_at is not None)])
            if (now - heard).total_seconds() > _GATEWAY_SECONDS and runs:
                return self._add_outage(heard, now)
        return None

    def _add_outage(self, begin: datetime, end: datetime) -> object:
        before = self._outages
        self._outages = add_outage(before, begin, end)
        return self._outages if list(self._outages) != list(before) else None


def _ref(run: Run) -> WorkerRef:
    return msgspec.convert(run.worker, WorkerRef)
