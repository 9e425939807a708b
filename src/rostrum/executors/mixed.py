"""Executing a plan whose steps run in several places: the loop, the local places, and those that an executor brings."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping

import msgspec

from rostrum.executors.journal import Journal
from rostrum.executors.places import Place
from rostrum.executors.process_place import ProcessPlace
from rostrum.executors.rules import Rules
from rostrum.executors.schedule import Schedule
from rostrum.executors.shared_place import SharedProcess
from rostrum.executors.workers import WorkerProcesses
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.model.errors import InvocationError
from rostrum.model.plans import Plan, Step
from rostrum.planning.placement import MAIN, SHARED, TASK, THREAD, Chains, isolation_of

_ELSEWHERE = {
    "container": "the docker or the kubernetes executor",
    "remote": "the dask or the ray executor",
}


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """How processes of this machine are used."""

    max_concurrent: int
    """Most processes of steps at once, beside the one that steps share."""
    start_method: str
    """`fork` or `spawn`."""
    fuse: bool = False
    """Whether chains of steps share a process."""
    threads: int | None = None
    """Most threads at once of the process that steps share; None: four more than there are processors, at most 32."""
    tasks: int | None = None
    """Most async steps at once in it; None: 1000."""

    @property
    def room(self) -> Mapping[str, int]:
        """Most attempts at once by lane of the process that steps share."""
        return {MAIN: 1, THREAD: self.threads or min(32, processors() + 4), TASK: self.tasks or 1000}


def execute_mixed(
    plan: Plan,
    runner: StepRunner,
    host: RunHost,
    default: str,
    rules: Rules,
    local: Local,
    others: Mapping[str, Callable[[], Place]] | None = None,
) -> bool:
    """Execute a plan; True when no step failed. Steps that say nothing of isolation run in `default`; `others` makes
    the places of isolations that are not local. Raises InvocationError for a step that asks for a place that there is
    not.
    """
    chains = Chains(plan.steps, default) if local.fuse else Chains()
    kinds = {isolation_of(step, default): step for step in plan.steps}
    journal = Journal() if chains or SHARED & set(kinds) else None
    processes = WorkerProcesses(runner, local.start_method, rules.grace_seconds)
    places: dict[str, Place] = {}
    shared: SharedProcess | None = None
    for kind, step in kinds.items():
        if kind in SHARED:
            if shared is None and journal is not None:
                shared = SharedProcess(processes, runner, host, plan, default, local.room, journal)
        elif kind == "process":
            places[kind] = ProcessPlace(processes, host, local.max_concurrent, chains=chains, journal=journal)
        elif others is not None and kind in others:
            places[kind] = others[kind]()
        else:
            raise InvocationError(
                f"step {step.key} asks for isolation {kind!r}, and this executor has no place for that: use "
                f"{_ELSEWHERE.get(kind, 'another executor')}, or another isolation."
            )

    def place_of(step: Step) -> Place:
        kind = isolation_of(step, default)
        return shared.place_of(step) if shared is not None and kind in SHARED else places[kind]

    every = [*(shared.places if shared is not None else ()), *places.values()]
    schedule = Schedule(plan, runner, host, every, place_of, rules, chains=chains, journal=journal)
    # Children's collections do not touch what exists now: its pages stay shared.
    gc.freeze()
    try:
        return schedule.run()
    finally:
        gc.unfreeze()
        processes.kill_all()


def execute_elsewhere(
    plan: Plan, runner: StepRunner, host: RunHost, kind: str, rules: Rules, place: Callable[[], Place]
) -> bool:
    """Execute a plan whose steps run in `place`, isolation `kind`, unless they ask for another one."""
    # A client of what is elsewhere has threads here: processes beside it are started, never forked.
    local = Local(max_concurrent=processors(), start_method="spawn")
    return execute_mixed(plan, runner, host, kind, rules, local, {kind: place})


def processors() -> int:
    """Of this machine, as far as this process may use them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_start_method(wanted: str | None) -> str:
    """How processes are started: as wanted, else by fork where the system has it. Raises InvocationError."""
    if wanted not in (None, "fork", "spawn"):
        raise InvocationError(f"start_method is {wanted!r}; use 'fork', 'spawn' or None.")
    return wanted or ("fork" if sys.platform == "linux" else "spawn")
