"""What works on every `Executor`, in whatever way it runs steps: async code, resources and IO managers of async code,
config, hooks, checks, log lines; output that is told apart by step. Subclass `FeaturesSuite` in a test module and give
it a `features` fixture: a `Bench` of `features_code`.
"""

from __future__ import annotations

import time

from rostrum.model.events import CheckEvaluated, HookCompleted, LogMessage, LogsCaptured
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import Bench, kinds, only, output
from rostrum.testing.run_sessions import FakeRunSession


class AsyncSuite:
    """Coroutines and async generators as steps, and what goes with them."""

    def test_resources_io_managers_and_config_of_async_code(self, features: Bench) -> None:
        session = features.run("client_job")
        assert session.run.status is RunStatus.SUCCESS, session.run.error
        assert features.value(session, "plus_one") == 21
        assert only(session, "output_stored", "fetch").metadata["length"].value == 2
        assert only(session, "input_loaded", "plus_one").manager_key == "async_files"

    def test_log_lines_belong_to_their_step(self, features: Bench) -> None:
        session = features.run("client_job")
        lines = [(e.step_key, e.message) for e in session.events if isinstance(e, LogMessage)]
        assert lines == [("fetch", "fetched 2"), ("plus_one", "adding")]

    def test_items_of_an_async_generator_are_mapped_by_async_steps(self, features: Bench) -> None:
        session = features.run("async_mapped")
        assert session.run.status is RunStatus.SUCCESS, session.run.error
        assert features.value(session, "listed") == ["0:n0", "1:n1", "2:n2", "3:n3"]
        for number in range(4):
            told = kinds(session, f"asks_who[n{number}]")
            assert told.count("step_started") == told.count("step_succeeded") == 1

    def test_a_cancel_interrupts_a_coroutine(self, features: Bench) -> None:
        began = time.monotonic()
        session = features.run("sleeping", cancel_after=("step_started", "sleeps"))
        assert session.run.status is RunStatus.CANCELED
        assert time.monotonic() - began < 20
        assert kinds(session, "sleeps")[-1] == "step_canceled"
        assert kinds(session, "plus_one") == ["step_not_run"]
        assert (features.folder / "cleaned").exists()

    def test_checks_and_metadata_of_async_assets(self, features: Bench) -> None:
        session = features.run("checked_job")
        assert session.run.status is RunStatus.FAILURE
        made = only(session, "asset_materialized")
        assert {name: value.value for name, value in made.metadata.items()} == {"by": "async", "rows": 3}
        (verdict,) = [e for e in session.events if isinstance(e, CheckEvaluated)]
        assert (verdict.passed, verdict.blocking) == (False, True)
        assert "blocking asset check failed" in only(session, "step_failed").error.message
        assert kinds(session, "below") == ["step_not_run"]

    def test_hooks_run_when_the_step_has_ended(self, features: Bench) -> None:
        session = features.run("hooked")
        outcomes = {(e.step_key, e.hook): e.outcome for e in session.events if isinstance(e, HookCompleted)}
        assert outcomes["goes_well", "cheers"] == outcomes["goes_wrong", "mourns"] == "completed"
        lines = {(e.step_key, e.message) for e in session.events if isinstance(e, LogMessage)}
        assert ("goes_well", "hooked by goes_well") in lines
        assert ("goes_wrong", "lost goes_wrong to LookupError('nothing there')") in lines
        told = kinds(session, "goes_well")
        assert told.index("step_succeeded") < told.index("hook_completed")


class OutputSuite:
    """Whose output it is, also where steps share a process."""

    def test_output_of_async_steps_is_told_apart(self, features: Bench) -> None:
        self._told_apart(features.run("async_mapped"), "asks_who")

    def test_output_of_plain_steps_is_told_apart(self, features: Bench) -> None:
        self._told_apart(features.run("plain_mapped"), "plain_who")

    def _told_apart(self, session: FakeRunSession, name: str) -> None:
        assert session.run.status is RunStatus.SUCCESS, session.run.error
        for number in range(4):
            key = own_file(session, f"{name}[n{number}]")
            assert bytes(session.logs[key, "out"]) == f"printed by n{number}\n".encode()
            assert bytes(session.logs[key, "err"]) == f"logged by n{number}\n".encode()
            assert key in session.completed

    def test_attempts_have_files_of_their_own(self, features: Bench) -> None:
        session = features.run("tried")
        assert session.run.status is RunStatus.SUCCESS
        files = [e.file_key for e in session.events if isinstance(e, LogsCaptured) and e.step_key == "tries_twice"]
        assert [bytes(session.logs[key, "out"]) for key in files] == [b"attempt 1\n", b"attempt 2\n"]

    def test_threads_of_user_code_lose_nothing(self, features: Bench) -> None:
        session = features.run("threads")
        line = only(session, "log_message")
        assert (line.message, line.step_key) == ("from a thread", "starts_a_thread")
        assert b"printed in a thread\n" in output(session, "starts_a_thread")


class FeaturesSuite(AsyncSuite, OutputSuite):
    """For every executor."""


def own_file(session: FakeRunSession, step_key: str) -> str:
    """Key of the log files of one step that has run once."""
    (found,) = [e.file_key for e in session.events if isinstance(e, LogsCaptured) and e.step_keys == (step_key,)]
    return found
