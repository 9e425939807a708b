"""What every `Executor` promises. Subclass `ExecutorSuite` (and `IsolatingSuite`) in a test module and give it a
`bench` fixture.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from rostrum.model.events import LogsCaptured, StepRetrying, StepWaiting, StepWorkerStarted
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import Bench, kinds, only, output


class StepsSuite:
    """Order, failures, skips, retries."""

    def test_values_reach_the_next_step_and_steps_are_ordered(self, bench: Bench) -> None:
        session = bench.run("chain")
        assert session.run.status is RunStatus.SUCCESS
        assert bench.value(session, "total") == 4
        assert (session.run.steps_total, session.run.steps_done) == (4, 4)
        ended = [e.step_key for e in session.events if e.kind == "step_succeeded"]
        assert ended[0] == "one"
        assert ended[-1] == "total"
        assert kinds(session)[0] == "run_started"
        assert kinds(session)[-1] == "run_succeeded"

    def test_steps_for_items_join_the_run(self, bench: Bench) -> None:
        session = bench.run("mapped")
        assert session.run.status is RunStatus.SUCCESS
        assert bench.value(session, "total") == 6
        assert (session.run.steps_total, session.run.steps_done) == (5, 5)
        assert only(session, "steps_mapped").step_keys == ("double[k0]", "double[k1]", "double[k2]")

    def test_the_stream_has_no_gap(self, bench: Bench) -> None:
        session = bench.run("branches")
        assert [event.sequence for event in session.events] == list(range(1, len(session.events) + 1))
        assert {event.stream for event in session.events} == {"worker/1"}
        assert {event.run_id for event in session.events} == {session.run.run_id}

    def test_a_failure_stops_only_what_depends_on_it(self, bench: Bench) -> None:
        session = bench.run("branches")
        assert session.run.status is RunStatus.FAILURE
        assert session.run.failed_step_key == "fails"
        failed = only(session, "step_failed")
        assert failed.error.first_line == "ValueError: on purpose"
        assert failed.error.user_frame is None or failed.error.user_frame.function == "fails"
        assert only(session, "step_not_run").because == ("fails",)
        assert bench.value(session, "double") == 2
        assert only(session, "run_failed").failed_step_keys == ("fails",)

    def test_what_was_not_produced_skips_what_needs_it(self, bench: Bench) -> None:
        session = bench.run("optional")
        assert session.run.status is RunStatus.SUCCESS
        skipped = {event.step_key for event in session.events if event.kind == "step_skipped"}
        assert skipped == {"after", "double"}

    def test_a_policy_tries_again(self, bench: Bench) -> None:
        session = bench.run("retried")
        assert session.run.status is RunStatus.SUCCESS
        retries = [event for event in session.events if isinstance(event, StepRetrying)]
        assert [event.attempt for event in retries] == [1, 2]
        assert bench.value(session, "double") == 4
        assert kinds(session, "flaky").count("step_started") == 3

    def test_a_failure_may_forbid_retries(self, bench: Bench) -> None:
        session = bench.run("hopeless_job")
        failed = only(session, "step_failed")
        assert failed.attempt == 1
        assert failed.metadata["tries"].value == 1
        assert "step_retrying" not in kinds(session)

    def test_a_step_may_ask_to_be_tried_again(self, bench: Bench) -> None:
        session = bench.run("asked")
        assert session.run.status is RunStatus.SUCCESS
        assert only(session, "step_retrying").error.first_line == "OSError: busy"


class ServicesSuite:
    """What a run worker does for its steps: logs, output, questions, cancel, resources, pools."""

    def test_log_lines_are_events(self, bench: Bench) -> None:
        session = bench.run("talking")
        line = only(session, "log_message")
        assert (line.level, line.message, line.step_key) == ("warning", "a warning 1", "talks")

    def test_output_is_captured_to_its_last_byte(self, bench: Bench) -> None:
        session = bench.run("talking")
        out = output(session, "talks")
        assert b"printed\n" in out
        assert b"by descriptor\n" in out
        assert b"by a child" in out  # which ends no line
        assert b"to err\n" in output(session, "talks", "err")

    def test_log_files_are_complete_at_the_end(self, bench: Bench) -> None:
        session = bench.run("chain")
        keys = {event.file_key for event in session.events if isinstance(event, LogsCaptured)}
        assert set(session.completed) == keys
        assert len(session.completed) == len(keys)

    def test_user_code_may_ask_the_control_plane(self, bench: Bench) -> None:
        session = bench.run("asking")
        assert session.run.status is RunStatus.SUCCESS
        assert bench.value(session, "asks") == ["red", "blue"]

    def test_a_cancel_interrupts(self, bench: Bench) -> None:
        began = time.monotonic()
        session = bench.run("waiting", cancel_after=("step_started", "waits"))
        assert session.run.status is RunStatus.CANCELED
        assert time.monotonic() - began < 20
        assert kinds(session, "waits")[-1] == "step_canceled"
        assert kinds(session, "after") == ["step_not_run"]

    def test_resources_are_torn_down_where_they_were_set_up(self, bench: Bench) -> None:
        session = bench.run("using")
        assert session.run.status is RunStatus.SUCCESS
        assert only(session, "resources_initialized").resource_keys == ("tracked",)
        up = {path.name.split("-")[1] for path in bench.folder.glob("up-*")}
        down = {path.name.split("-")[1] for path in bench.folder.glob("down-*")}
        assert up == down
        assert len(up) == 1

    def test_a_broken_resource_fails_the_run(self, bench: Bench) -> None:
        session = bench.run("broken_job")
        assert session.run.status is RunStatus.FAILURE
        assert only(session, "resource_failed").error.first_line == "ConnectionError: no such host"
        assert "step_succeeded" not in kinds(session)
        assert "ConnectionError" in session.run.error.first_line  # type: ignore[union-attr]

    def test_pools_limit(self, bench: Bench) -> None:
        session = bench.run("narrow", slots={"narrow": 1})
        assert session.run.status is RunStatus.SUCCESS
        assert session.most_held == 1
        assert not session.held
        told = [event for event in session.events if isinstance(event, StepWaiting)]
        assert len({event.step_key for event in told}) == len(told), "each wait is told once"
        assert {(event.reason, event.name, event.limit) for event in told} <= {("pool", "narrow", 1)}


class ExecutorSuite(StepsSuite, ServicesSuite):
    """For every executor."""


class IsolatingSuite(ExecutorSuite):
    """For executors that run steps in processes of their own."""

    def test_a_killed_step_fails_with_the_reason(self, bench: Bench) -> None:
        session = bench.run("killed")
        error = only(session, "step_failed", "kills_itself").error
        assert "SIGKILL" in error.message
        assert error.code == "worker_died"
        assert kinds(session, "one")[-1] == "step_succeeded"
        assert kinds(session, "after") == ["step_not_run"]
        key = next(e.file_key for e in session.events if e.kind == "logs_captured" and e.step_key == "kills_itself")  # type: ignore[union-attr]
        assert bytes(session.logs[key, "out"]) == b"last words\n"

    def test_an_exit_is_told_with_its_code(self, bench: Bench) -> None:
        session = bench.run("leaving")
        assert "exited with code 3" in only(session, "step_failed").error.message

    def test_siblings_draw_different_numbers(self, bench: Bench) -> None:
        session = bench.run("drawing")
        assert bench.value(session, "draws") != bench.value(session, "draws_again")

    def test_a_step_that_swallows_interrupts_ends_with_its_children(self, bench: Bench) -> None:
        session = bench.run("swallowing", cancel_after=("log_message", "swallows"))
        assert session.run.status is RunStatus.CANCELED
        assert kinds(session, "swallows")[-1] == "step_canceled"
        assert is_gone(int((bench.folder / "grandchild").read_text()))

    def test_a_step_that_ignores_signals_is_killed(self, bench: Bench) -> None:
        session = bench.run("stubborn", cancel_after=("log_message", "ignores_term"))
        assert session.run.status is RunStatus.CANCELED
        assert kinds(session, "ignores_term")[-1] == "step_canceled"

    def test_no_process_is_left(self, bench: Bench) -> None:
        session = bench.run("chain")
        pids = [event.pid for event in session.events if isinstance(event, StepWorkerStarted) and event.pid]
        assert len(set(pids)) == 4
        assert all(is_gone(pid) for pid in pids)


def is_gone(pid: int, seconds: float = 5.0) -> bool:
    """Say whether a process ends within some (real) seconds; a zombie counts as ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        os.sched_yield()
    return False
