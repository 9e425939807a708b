"""What executors promise of time limits, crashes and places. Subclass with a `limits` fixture: a `Bench` of
`limits_code`.
"""

from __future__ import annotations

import os
import time

from rostrum.model.events import LogsCaptured, StepFailed, StepRetrying, StepWorkerStarted
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import Bench, kinds, only
from rostrum.testing.conformance.executors.limits_code import marked
from rostrum.testing.conformance.executors.suite import is_gone


class LimitsSuite:
    """For every executor."""

    def test_a_step_that_takes_too_long_fails_for_that(self, limits: Bench) -> None:
        session = limits.run("limited")
        assert session.run.status is RunStatus.FAILURE
        failed = only(session, "step_failed", "slow")
        assert failed.cause == "timeout"
        assert failed.error.class_name == "StepTimeout"
        assert "0.3 s" in failed.error.message
        assert "step_succeeded" in kinds(session, "quick")
        assert only(session, "step_not_run").because == ("slow",)
        assert only(session, "log_message", "slow").message == "lost to StepTimeout"

    def test_a_coroutine_that_takes_too_long_fails_for_that(self, limits: Bench) -> None:
        session = limits.run("limited_task")
        failed = only(session, "step_failed", "slow_task")
        assert (failed.cause, failed.error.class_name) == ("timeout", "StepTimeout")
        assert "0.3 s" in failed.error.message
        assert len(marked("cleaned")) == 1
        assert only(session, "log_message", "slow_task").message == "lost to StepTimeout"

    def test_a_timeout_is_tried_again_like_other_failures(self, limits: Bench) -> None:
        session = limits.run("limited_once")
        assert session.run.status is RunStatus.SUCCESS
        assert only(session, "step_retrying").cause == "timeout"
        assert limits.value(session, "below") == 7

    def test_who_is_in_time_is_left_alone(self, limits: Bench) -> None:
        assert limits.run("limited_in_time").run.status is RunStatus.SUCCESS

    def test_a_policy_may_name_what_is_tried_again(self, limits: Bench) -> None:
        session = limits.run("selecting")
        assert [e.attempt for e in session.events if isinstance(e, StepRetrying)] == [1]
        failed = only(session, "step_failed")
        assert (failed.attempt, failed.error.class_name, failed.cause) == (2, "ValueError", "user")


class CrashesSuite(LimitsSuite):
    """For executors whose steps run in processes of their own."""

    def test_a_step_that_swallows_the_end_of_its_time_is_killed(self, limits: Bench) -> None:
        began = time.monotonic()
        session = limits.run("swallowing_limit")
        assert time.monotonic() - began < 20
        failed = only(session, "step_failed", "swallows_it")
        assert (failed.cause, failed.error.class_name) == ("timeout", "StepTimeout")
        assert is_gone(marked("swallowed")[0])
        assert kinds(session, "quick")[-1] == "step_succeeded"

    def test_it_is_tried_again_all_the_same(self, limits: Bench) -> None:
        session = limits.run("swallowing_limit_once")
        assert session.run.status is RunStatus.SUCCESS
        retried = only(session, "step_retrying")
        assert (retried.cause, retried.error.class_name) == ("timeout", "StepTimeout")
        assert is_gone(marked("swallowed")[0])
        assert limits.value(session, "below") == 3

    def test_crashes_are_counted_apart(self, limits: Bench) -> None:
        session = limits.run("dying_once")
        assert session.run.status is RunStatus.SUCCESS
        crashed = only(session, "step_retrying")
        assert crashed.cause == "crash"
        assert "SIGKILL" in crashed.error.message
        assert "MiB" in crashed.error.message
        assert len(set(marked("dies_once"))) == 2

    def test_a_crash_takes_nothing_from_the_retries_of_failures(self, limits: Bench) -> None:
        session = limits.run("bad_luck")
        assert session.run.status is RunStatus.SUCCESS
        retries = [event for event in session.events if isinstance(event, StepRetrying)]
        assert [(event.attempt, event.cause) for event in retries] == [(1, "crash"), (2, "user")]
        assert limits.value(session, "unlucky") == 2

    def test_without_a_word_on_infrastructure_a_crash_is_a_failure(self, limits: Bench) -> None:
        session = limits.run("dying_as_before")
        assert session.run.status is RunStatus.SUCCESS
        assert "exited with code 4" in only(session, "step_retrying").error.message

    def test_attempts_say_where_they_run(self, limits: Bench) -> None:
        session = limits.run("dying_once")
        started = [e for e in session.events if isinstance(e, StepWorkerStarted) and e.step_key == "dies_once"]
        assert [(event.attempt, event.place) for event in started] == [(1, "process"), (2, "process")]
        assert [event.pid for event in started] == marked("dies_once")


class ClosingSuite:
    """For executors that end a process whose resources do not end."""

    def test_a_resource_that_does_not_close_changes_nothing(self, limits: Bench) -> None:
        session = limits.run("closing_never")
        assert session.run.status is RunStatus.SUCCESS
        assert is_gone(marked("closing")[0])


class MixedSuite:
    """For executors of one machine whose runs have several places."""

    def test_each_step_runs_where_it_asks_to(self, limits: Bench) -> None:
        session = limits.run("mixed")
        assert session.run.status is RunStatus.SUCCESS
        main, thread, loop, own = limits.value(session, "gathers")
        assert main[0] == thread[0] == loop[0], "steps beside others share one process"
        assert len({main[0], own, os.getpid(), limits.value(session, "in_process")}) == 4
        assert main[1] == "MainThread"
        assert len({main[1], thread[1], loop[1]}) == 3
        places = {e.step_key: e.place for e in session.events if isinstance(e, StepWorkerStarted)}
        assert places == {
            "in_process": "process",
            "in_main": "in_process",
            "in_thread": "thread",
            "in_loop": "async",
            "gathers": "process",
        }
        assert all(is_gone(pid) for pid in (main[0], own))

    def test_tags_of_a_graph_place_a_step(self, limits: Bench) -> None:
        session = limits.run("tagged")
        places = {e.step_key: e.place for e in session.events if isinstance(e, StepWorkerStarted)}
        assert places == {"quick": "process", "below": "thread"}

    def test_a_step_that_hangs_beside_others_is_left_behind(self, limits: Bench) -> None:
        session = limits.run("hanging_beside")
        failed = only(session, "step_failed")
        assert (failed.step_key, failed.cause) == ("hangs_in_thread", "timeout")
        assert kinds(session, "after_hanging") == ["step_not_run"]
        assert kinds(session, "after_waiting")[-1] == "step_succeeded"
        assert is_gone(marked("hanging")[0])

    def test_a_crash_takes_what_runs_in_the_process_and_nothing_else(self, limits: Bench) -> None:
        session = limits.run("killing_beside")
        failed = {e.step_key: e.cause for e in session.events if isinstance(e, StepFailed)}
        assert failed == {"kills_all_around": "crash", "killed_beside": "crash"}
        assert kinds(session, "runs_on")[-1] == "step_succeeded"

    def test_resources_are_opened_once_and_closed(self, limits: Bench) -> None:
        session = limits.run("counting")
        assert session.run.status is RunStatus.SUCCESS
        assert marked("opened") == marked("closed")
        assert len(marked("opened")) == 1

    def test_a_place_that_there_is_not_is_told(self, limits: Bench) -> None:
        session = limits.run("containing")
        assert session.run.status is RunStatus.FAILURE
        assert session.run.error is not None
        assert "step contained asks for isolation 'container'" in session.run.error.message


class FusedSuite:
    """For executors that let a chain of steps share a process."""

    def test_a_chain_shares_a_process_and_its_values(self, limits: Bench) -> None:
        session = limits.run("fused")
        assert session.run.status is RunStatus.SUCCESS
        seen = limits.value(session, "opens")
        assert len(seen) == 3
        assert len(set(seen)) == 1
        assert limits.value(session, "makes").seen == seen[:1], "stored as it was when the step had ended"
        files = [e.file_key for e in session.events if isinstance(e, LogsCaptured)]
        assert files == ["makes", "hands_on", "opens"]
        assert set(session.completed) == set(files)
        assert is_gone(seen[0])

    def test_steps_for_an_item_share_a_process(self, limits: Bench) -> None:
        session = limits.run("fused_items")
        assert session.run.status is RunStatus.SUCCESS
        seen = limits.value(session, "opens_all")
        assert all(handed == opened != made for made, handed, opened in seen)
        assert len({opened for _, _, opened in seen}) == 3

    def test_a_retry_goes_on_with_another_process(self, limits: Bench) -> None:
        session = limits.run("fused_with_retry")
        assert session.run.status is RunStatus.SUCCESS
        seen = limits.value(session, "opens")
        first, second = marked("at_last")
        assert seen == [first, second, second]
        assert first != second
