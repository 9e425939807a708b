"""One round: some runs, one moment, one victim; then everything is healed, awaited and judged."""

from __future__ import annotations

import contextlib
import http.client
import random
import time
from collections.abc import Iterator, Sequence

import msgspec

from rostrum.model.events import LogsCaptured, RunStarted, RunWorkerLaunched, StepWorkerStarted, StoredEvent
from rostrum.model.runs import Run, RunStatus
from tests.chaos.invariants import broken_by_run, broken_calls, broken_slots, left_over
from tests.chaos.world import World, act

VICTIMS = ("run worker", "step worker", "web", "daemon", "main", "zygote", "pair", "everything", "nobody")
"""`web` has the gateway, `main` is the code server; `pair` is a run worker together with web and daemon; `everything`
are all processes of the host.
"""
MOMENTS = (
    "run_queued", "run_starting", "run_worker_launched", "run_started", "step_waiting", "step_worker_started",
    "logs_captured", "resources_initialized", "step_started", "log_message", "output_stored", "asset_materialized",
    "step_retrying", "steps_mapped", "step_succeeded", "run_succeeded", "run_canceling",
)  # fmt: skip
ACTIONS = ("kill", "stop", "oom")
JOBS = ("processes", "inside", "mixed", "elsewhere", "assets")
STUBBORN = ("stubborn", "stubborn_inside")
BLOCK = 50
"""Rounds of that many seeds share services, and whether runs resume."""
_PATIENCE_SECONDS = 60.0
_OURS = ("run worker", "step worker", "pair", "everything")
_SERVICES = ("web", "daemon", "main", "zygote")


class Round(msgspec.Struct, frozen=True):
    """What is done in one round; all of it follows from its seed."""

    seed: int
    jobs: tuple[str, ...]
    victim: str
    moment: str
    occurrence: int
    """At which event of that kind, of all runs of the round, from 1."""
    action: str
    delay: float
    """Seconds from the moment to the action."""
    away: float
    """Seconds for which a service stays away, or a process stopped."""
    cancels: bool
    """The first run is cancelled at some moment too."""
    resumes: bool
    """Runs go on after the end of their worker."""

    def __str__(self) -> str:
        cancel = (", cancels the first run" if self.cancels else "") + (", resumes" if self.resumes else "")
        return (
            f"round {self.seed}: {', '.join(self.jobs)}: {self.action} {self.victim} {self.delay * 1000:.0f} ms after "
            f"{self.moment} no. {self.occurrence}, away {self.away:.1f} s{cancel}"
        )


def drawn(seed: int, *, oom: bool) -> Round:
    """The round of a seed."""
    dice = random.Random(seed)
    victim = dice.choice(VICTIMS)
    cancels = victim == "nobody" or dice.random() < 0.25
    jobs = [dice.choice(JOBS) for _ in range(dice.randint(1, 3))]
    if cancels and dice.random() < 0.4:
        jobs[0] = dice.choice(STUBBORN)
    actions = ACTIONS if oom else ACTIONS[:2]
    return Round(
        seed,
        tuple(jobs),
        victim,
        dice.choice(_moments(victim, cancels)),
        dice.randint(1, 4),
        dice.choice(actions),
        dice.choice((0.0, dice.random() * 0.05)),
        dice.choice((0.0, dice.random() * 2)),
        cancels,
        seed // BLOCK % 2 == 1,
    )


def _moments(victim: str, cancels: bool) -> tuple[str, ...]:
    """Those at which the victim can be there."""
    starts = {"run worker": "run_worker_launched", "pair": "run_worker_launched", "step worker": "step_worker_started"}
    first = starts.get(victim, "run_queued")
    return MOMENTS[MOMENTS.index(first) : None if cancels else -1]


class Outcome(msgspec.Struct):
    """What a round has shown."""

    acted: bool = False
    """Whether the moment came."""
    statuses: list[str] = []
    broken: list[str] = []
    seconds: float = 0.0


def play(world: World, round_: Round) -> Outcome:
    """Play one round."""
    began = time.monotonic()
    outcome = Outcome(statuses=[], broken=[])
    cursor = world.last_event()
    run_ids = [world.api.launch(job=job) for job in round_.jobs]
    outcome.acted = _disturb(world, round_, run_ids, cursor)
    world.heal()
    runs = _await(world, run_ids)
    outcome.statuses = [run.status.value for run in runs]
    outcome.broken = list(_judge(world, round_, runs))
    outcome.seconds = time.monotonic() - began
    return outcome


def _disturb(world: World, round_: Round, run_ids: Sequence[str], cursor: int) -> bool:
    """Watch the events go by; act at the moment, and cancel where the round does. Says whether it has acted."""
    dice = random.Random(round_.seed + 1)
    cancel_after = dice.randint(1, 30) if round_.cancels else None
    seen, count, acted = 0, 0, round_.victim == "nobody"
    pids: list[tuple[str, int]] = []
    ended: set[str] = set()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(ended) < len(run_ids) and time.monotonic() < deadline:
        for stored in world.tail(cursor):
            cursor, event = stored.id, stored.event
            if event.run_id not in run_ids:
                continue
            seen += 1
            pids += _pids(stored)
            if event.kind in ("run_succeeded", "run_failed", "run_canceled"):
                ended.add(event.run_id)
            count += event.kind == round_.moment
            if not acted and count == round_.occurrence and event.kind == round_.moment:
                acted = _act(world, round_, pids)
        # A stubborn run makes few events: its cancel comes by itself.
        stubborn = round_.jobs[0] in STUBBORN and time.monotonic() > deadline - _PATIENCE_SECONDS + 1
        if cancel_after is not None and (seen >= cancel_after or stubborn):
            cancel_after = None if _cancel(world, run_ids[0]) else cancel_after
        if acted and cancel_after is None:
            return True
        time.sleep(0.002)
    return acted


def _pids(stored: StoredEvent) -> Iterator[tuple[str, int]]:
    event = stored.event
    if isinstance(event, RunWorkerLaunched) and event.worker.get("pid"):
        yield "run worker", int(event.worker["pid"])
    elif isinstance(event, (StepWorkerStarted, LogsCaptured)) and event.pid and event.step_key:
        yield "step worker", event.pid
    elif isinstance(event, RunStarted) and event.pid:
        yield "run worker", event.pid


def _act(world: World, round_: Round, pids: Sequence[tuple[str, int]]) -> bool:
    time.sleep(round_.delay)
    victims = _victims(world, round_.victim, pids)
    if not victims:
        return False
    act(victims, round_.action, round_.away)
    if round_.action != "stop" and round_.victim in ("web", "daemon", "pair", "everything"):
        time.sleep(round_.away)
        world.heal()
    return True


def _victims(world: World, victim: str, pids: Sequence[tuple[str, int]]) -> list[int]:
    """Their pids, newest worker last; nobody where there is none yet."""
    if victim == "everything":
        found = [world.pid(name) for name in _SERVICES] + [pid for _, pid in pids]
    elif victim == "pair":
        found = [world.pid("web"), world.pid("daemon"), *[pid for what, pid in pids if what == "run worker"][-1:]]
    elif victim in _OURS:
        found = [pid for what, pid in pids if what == victim][-1:]
    else:
        found = [world.pid(victim)]
    return [pid for pid in found if pid is not None]


def _cancel(world: World, run_id: str) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
        world.api.ask("mutation($id: String!) { cancelRun(id: $id) { status } }", id=run_id)
        return True
    world.heal()
    return world.run(run_id).is_finished


def _await(world: World, run_ids: Sequence[str]) -> list[Run]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        runs = [world.run(run_id) for run_id in run_ids]
        if all(run.is_finished for run in runs) or time.monotonic() > deadline:
            return runs
        world.heal()
        time.sleep(0.02)


def _judge(world: World, round_: Round, runs: Sequence[Run]) -> Iterator[str]:
    deadline = time.monotonic() + 10
    while (left := list(left_over(world.home))) and time.monotonic() < deadline:
        time.sleep(0.05)
    yield from left
    events = {run.run_id: world.events(run.run_id) for run in runs}
    for run in runs:
        yield from (f"run {run.run_id} ({run.target.job}): {each}" for each in broken_by_run(run, events[run.run_id]))
    yield from broken_calls(runs, events, world.calls)
    with world.reading() as session:
        yield from broken_slots(session)
    yield from _unexpected(round_, runs)


def _unexpected(round_: Round, runs: Sequence[Run]) -> Iterator[str]:
    """Only the end of a worker, or a cancel, may keep a run from success; and of one run only."""
    harmed = round_.victim in _OURS and round_.action != "stop"
    if round_.victim in ("run worker", "pair") and round_.resumes:
        harmed = False
    failed = [run for run in runs if run.status is RunStatus.FAILURE]
    canceled = [run for run in runs if run.status is RunStatus.CANCELED]
    if failed and not harmed:
        error = failed[0].error
        yield f"run {failed[0].run_id} failed: {failed[0].failure_reason}: {error.first_line if error else None}"
    if len(failed) > 1 and round_.victim != "everything":
        yield f"{len(failed)} runs failed"
    if [run for run in canceled if not (round_.cancels and run is runs[0])]:
        yield f"run {canceled[0].run_id} was cancelled by nobody"
    if round_.jobs[0] in STUBBORN and runs[0].status is RunStatus.SUCCESS:
        yield "a run that swallows interrupts succeeded after its cancel"
