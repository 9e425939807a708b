"""What every `RunSession` promises. Subclass `RunSessionSuite` in a test module and give it a `line` fixture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from rostrum.interfaces.runs import (
    ReadAssets,
    ReadDynamicPartitions,
    ReadMaterializations,
    ReadPartitions,
    ReadRuns,
    ReadSteps,
    RunSession,
)
from rostrum.model.assets import AssetKey
from rostrum.model.events import (
    AnyEvent,
    AssetMaterialized,
    Event,
    RunStarted,
    RunSucceeded,
    StepStarted,
    StepSucceeded,
    worker_stream,
)
from rostrum.model.pools import SlotWish
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunStatus
from rostrum.testing.clock import FakeClock

E = TypeVar("E", bound=Event)
A = AssetKey(("a",))


class Line(Protocol):
    """One run in status starting, epoch 1, the session of its worker, and a look at what became of it all."""

    session: RunSession
    run_id: str

    def stored(self) -> Sequence[AnyEvent]:
        """Events of the worker's stream, as stored."""
        ...

    def run(self) -> Run:
        """The run now."""
        ...

    def log(self, file_key: str, stream: str) -> bytes:
        """Captured output, as stored."""
        ...


class ControlledLine(Line, Protocol):
    """A line to a control plane that can give orders. The pool `two` has two slots."""

    def is_complete(self, file_key: str) -> bool:
        """Whether captured output has been marked complete."""
        ...

    def cancel(self) -> None:
        """Ask for the run's end."""
        ...

    def fence(self) -> None:
        """Start another epoch."""
        ...


class Worker:
    """Makes a worker's events, stamped."""

    def __init__(self, run_id: str, epoch: int = 1) -> None:
        self.sequence = 0
        self._run_id = run_id
        self._stream = worker_stream(epoch)
        self._clock = FakeClock()

    def event(self, kind: Callable[..., E], **fields: Any) -> E:
        """The next event of the stream."""
        self.sequence += 1
        at = self._clock.advance(0.001)
        return kind(run_id=self._run_id, stream=self._stream, sequence=self.sequence, at=at, **fields)


class RunSessionSuite:
    """Events, reads, partitions, logs: for every session, the one in memory included."""

    def test_events_are_stored_in_order_and_once(self, line: Line) -> None:
        worker = Worker(line.run_id)
        first = [worker.event(RunStarted, epoch=1, step_keys=("a",)), worker.event(StepStarted, step_key="a")]
        line.session.append(first)
        line.session.append([worker.event(StepSucceeded, step_key="a")])
        assert line.session.flush(5.0)
        assert [event.sequence for event in line.stored()] == [1, 2, 3]
        assert [event.kind for event in line.stored()] == ["run_started", "step_started", "step_succeeded"]

    def test_the_run_follows_its_events(self, line: Line) -> None:
        worker = Worker(line.run_id)
        line.session.append([worker.event(RunStarted, epoch=1, step_keys=("a",))])
        assert line.session.flush(5.0)
        assert line.run().status is RunStatus.RUNNING
        line.session.append([worker.event(StepSucceeded, step_key="a"), worker.event(RunSucceeded)])
        line.session.close()
        assert line.run().status is RunStatus.SUCCESS
        assert (line.run().steps_total, line.run().steps_done) == (1, 1)

    def test_what_was_appended_can_be_read(self, line: Line) -> None:
        worker = Worker(line.run_id)
        line.session.append([worker.event(RunStarted, epoch=1)])
        line.session.append(
            [
                worker.event(AssetMaterialized, asset_key=A, partition_key="x", data_version="1"),
                worker.event(AssetMaterialized, asset_key=A, partition_key="y", data_version="2"),
            ]
        )
        (state,) = line.session.read(ReadAssets((A, AssetKey(("unknown",))))).assets
        assert (state.asset_key, state.data_version, state.last_materialized_run_id) == (A, "2", line.run_id)
        assert line.session.read(ReadPartitions(A)).partitions == {"x": "materialized", "y": "materialized"}
        newest = line.session.read(ReadMaterializations(A, limit=5)).events
        assert [event.data_version for event in newest if isinstance(event, AssetMaterialized)] == ["2", "1"]
        (of_x,) = line.session.read(ReadMaterializations(A, "x")).events
        assert isinstance(of_x, AssetMaterialized)
        assert of_x.data_version == "1"

    def test_what_has_been_done_of_the_run_is_told(self, line: Line) -> None:
        worker = Worker(line.run_id)
        line.session.append([worker.event(RunStarted, epoch=1, step_keys=("a", "b"))])
        for number in range(600):  # more than a page
            line.session.append(
                [worker.event(StepStarted, step_key="a", attempt=number + 1), worker.event(StepSucceeded, step_key="a")]
            )
        assert line.session.flush(5.0)
        told: list[AnyEvent] = []
        after: str | None = "0"
        while after is not None:
            answer = line.session.read(ReadSteps(int(after)))
            told.extend(answer.events)
            after = answer.cursor
        assert [event.sequence for event in told] == list(range(1, 1202))

    def test_dynamic_partitions_keep_their_order(self, line: Line) -> None:
        line.session.add_dynamic_partitions("colors", ["red", "blue"])
        line.session.add_dynamic_partitions("colors", ["blue", "green"])
        line.session.delete_dynamic_partition("colors", "red")
        line.session.delete_dynamic_partition("colors", "red")
        assert line.session.read(ReadDynamicPartitions("colors")).keys == ("blue", "green")

    def test_runs_are_told_without_their_config(self, line: Line) -> None:
        line.session.append([Worker(line.run_id).event(RunStarted, epoch=1)])
        assert line.session.flush(5.0)
        (own,) = line.session.read(ReadRuns(run_ids=(line.run_id, "unknown"))).runs
        assert (own.run_id, own.target, own.config) == (line.run_id, line.run().target, {})
        assert line.run_id in {run.run_id for run in line.session.read(ReadRuns()).runs}
        assert line.session.read(ReadRuns(run_ids=("unknown",))).runs == ()

    def test_a_heartbeat_of_a_quiet_run_brings_no_orders(self, line: Line) -> None:
        orders = line.session.heartbeat()
        assert not orders.cancel
        assert not orders.fenced

    def test_step_workers_elsewhere_have_a_way_here_or_there_is_none(self, line: Line) -> None:
        steps = line.session.steps
        if steps is None:
            return
        access, other = steps.access(StepScope("a", 1, "a")), steps.access(StepScope("b", 1, "b"))
        assert access.token != other.token
        assert access.token not in repr(access)
        told, cursor = steps.follow(0, 0.01)
        assert not told
        assert steps.follow(cursor, 0.0) == (told, cursor)

    def test_closing_twice_is_allowed(self, line: Line) -> None:
        line.session.close()
        line.session.close()


class ControlledSuite(RunSessionSuite):
    """What sessions to a control plane promise besides."""

    def test_repeated_events_change_nothing(self, line: ControlledLine) -> None:
        worker = Worker(line.run_id)
        batch = [worker.event(RunStarted, epoch=1, step_keys=("a",)), worker.event(StepSucceeded, step_key="a")]
        line.session.append(batch)
        line.session.append(batch)
        line.session.append([*batch, worker.event(StepSucceeded, step_key="b")])
        assert line.session.flush(5.0)
        assert [event.sequence for event in line.stored()] == [1, 2, 3]
        assert line.run().steps_done == 2

    def test_output_is_stored_by_offset(self, line: ControlledLine) -> None:
        line.session.write_log("a", "out", 0, b"one\n")
        line.session.write_log("a", "out", 4, b"two\n")
        line.session.write_log("a", "out", 0, b"one\n")
        line.session.write_log("a", "err", 0, b"oops\n")
        line.session.close()
        assert line.log("a", "out") == b"one\ntwo\n"
        assert line.log("a", "err") == b"oops\n"

    def test_a_file_is_complete_when_it_is_said_to_be_and_not_before(self, line: ControlledLine) -> None:
        line.session.write_log("a", "out", 0, b"one\n")
        line.session.write_log("b", "out", 0, b"other\n")
        assert line.session.flush(5.0)
        assert not line.is_complete("a")
        line.session.write_log("a", "out", 4, b"two\n")
        line.session.complete_log("a")
        assert line.session.flush(5.0)
        assert line.is_complete("a")
        assert line.log("a", "out") == b"one\ntwo\n"
        assert not line.is_complete("b")
        line.session.close()
        assert line.is_complete("b")
        assert line.log("a", "out") == b"one\ntwo\n"

    def test_output_of_a_fenced_worker_is_not_taken(self, line: ControlledLine) -> None:
        line.session.write_log("a", "out", 0, b"one\n")
        line.session.flush(5.0)
        line.fence()
        line.session.write_log("a", "out", 4, b"late\n")
        line.session.complete_log("a")
        line.session.flush(5.0)
        line.session.close()
        assert line.log("a", "out") == b"one\n"
        assert not line.is_complete("a")

    def test_an_order_to_cancel_arrives_and_stays(self, line: ControlledLine) -> None:
        worker = Worker(line.run_id)
        line.cancel()
        line.session.append([worker.event(RunStarted, epoch=1)])
        line.session.flush(5.0)
        assert line.session.heartbeat().cancel
        assert line.session.heartbeat().cancel

    def test_a_fenced_worker_is_told_and_changes_nothing(self, line: ControlledLine) -> None:
        worker = Worker(line.run_id)
        line.fence()
        line.session.append([worker.event(RunStarted, epoch=1), worker.event(RunSucceeded)])
        line.session.flush(5.0)
        assert line.session.heartbeat().fenced
        assert line.run().status is RunStatus.STARTING
        assert not line.session.claim_slot(SlotWish("two", "a")).granted

    def test_slots_are_limited_and_freed(self, line: ControlledLine) -> None:
        session = line.session
        assert session.claim_slot(SlotWish("two", "a")).granted
        assert session.claim_slot(SlotWish("two", "b")).granted
        assert session.claim_slot(SlotWish("two", "a")).granted, "claiming again renews"
        refused = session.claim_slot(SlotWish("two", "c"))
        assert not refused.granted
        assert (refused.limit, refused.holders) == (2, (f"{line.run_id}:a", f"{line.run_id}:b"))
        worker = Worker(line.run_id)
        session.append([worker.event(RunStarted, epoch=1), worker.event(StepSucceeded, step_key="b")])
        assert session.claim_slot(SlotWish("two", "c")).granted, "the end of a step frees its slot"
        assert session.claim_slot(SlotWish("unlimited", "e")).granted
