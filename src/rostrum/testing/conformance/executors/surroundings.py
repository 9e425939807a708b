"""What surrounds a step, on every `Executor`: resources that need others, hooks, IO managers with partitions. Subclass
`SurroundingsSuite` (and `CrashSurroundingsSuite` where each step has a process) and give it a `surrounded` fixture: a
`Bench` of `surroundings_code.definitions()`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import ClassVar

from rostrum.model.events import HookCompleted
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import Bench, kinds, only

LIFE = ["inner up", "outer up", "outer down", "inner down"]


def told(bench: Bench) -> dict[str, list[str]]:
    """What each process has told, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (bench.folder / "told").read_text().splitlines():
        process, _, words = line.partition(" ")
        found[process].append(words)
    return found


def said(bench: Bench, begin: str) -> list[str]:
    """Lines that begin so, of all processes."""
    return sorted(words for lines in told(bench).values() for words in lines if words.startswith(begin))


class HooksSuite:
    """Hooks: once, after the last attempt, with what the step has made or why it failed."""

    def test_hooks_know_outputs_and_exceptions(self, surrounded: Bench) -> None:
        session = surrounded.run("surrounded")
        assert session.run.status is RunStatus.FAILURE
        assert said(surrounded, "cheers") == [
            "cheers below [('result', 2)] None",
            "cheers two [('high', 2), ('low', 1)] None",
        ]
        assert said(surrounded, "mourns") == ["mourns fails ValueError('not 2')"]

    def test_a_hook_that_raises_changes_nothing(self, surrounded: Bench) -> None:
        session = surrounded.run("surrounded")
        outcomes = {(e.step_key, e.hook): e.outcome for e in session.events if isinstance(e, HookCompleted)}
        assert outcomes["fails", "breaks"] != outcomes["fails", "mourns"] == "completed"
        assert "not 2" in only(session, "step_failed").error.message
        assert kinds(session, "below")[-1] != "step_failed"

    def test_a_step_that_will_be_tried_again_has_no_hook(self, surrounded: Bench) -> None:
        session = surrounded.run("tried_again")
        assert session.run.status is RunStatus.SUCCESS
        assert said(surrounded, "mourns") == []
        assert said(surrounded, "cheers") == ["cheers fails_once [('result', 5)] None"]


class ResourcesSuite:
    """Resources: once a process, those that are needed first, gone in the opposite order, whatever happens."""

    once_a_process: ClassVar[bool] = True
    """False where a process is the cluster's, and outlives the run: there it is once a step."""

    def test_resources_are_set_up_once_a_process_and_in_order(self, surrounded: Bench) -> None:
        surrounded.run("surrounded")
        for lines in told(surrounded).values():
            lives = [words for words in lines if words.split()[0] in ("inner", "outer")]
            times = len(lives) // len(LIFE)
            assert lives == LIFE * times
            assert times <= 1 or not self.once_a_process
            assert not lives or (lines[:2] == LIFE[:2] and lines[-2:] == LIFE[2:])
        assert said(surrounded, "outer up")


class PartitionsSuite:
    """IO managers know the partitions of what they store and load."""

    def test_values_of_partitions(self, surrounded: Bench) -> None:
        for key in ("eu", "us"):
            session = surrounded.run("countries", partition_key=key)
            assert session.run.status is RunStatus.SUCCESS, session.run.error
            made = only(session, "asset_materialized")
            assert (made.partition_key, made.metadata["length"].value) == (key, 2)
        assert said(surrounded, "stored") == ["stored country/eu", "stored country/us"]
        session = surrounded.run("worlds")
        assert session.run.status is RunStatus.SUCCESS, session.run.error
        assert said(surrounded, "loaded") == ["loaded country eu,us"]

    def test_typed_values_of_partitions(self, surrounded: Bench) -> None:
        session = surrounded.run("days", partition_key="2024-01-02")
        assert session.run.status is RunStatus.SUCCESS, session.run.error
        folder = surrounded.folder / "typed"
        assert json.loads((folder / "next_step/2024-01-02.json").read_bytes()) == ["2024-01-02", "next"]
        assert sorted(path.name for path in (folder / "day").iterdir()) == ["2024-01-02.%meta", "2024-01-02.json"]

    def test_what_is_not_stored_fails_the_step_alone(self, surrounded: Bench) -> None:
        session = surrounded.run("worlds")
        assert session.run.status is RunStatus.FAILURE
        assert "country is not there" in only(session, "step_failed").error.message


class SurroundingsSuite(HooksSuite, ResourcesSuite, PartitionsSuite):
    """All that every executor promises of them."""


class CrashSurroundingsSuite(SurroundingsSuite):
    """And of those with processes: what a crash takes along."""

    def test_a_crash_takes_no_other_resources_along(self, surrounded: Bench) -> None:
        session = surrounded.run("with_a_crash")
        assert session.run.status is RunStatus.FAILURE
        assert kinds(session, "below")[-1] != "step_failed"
        for lines in told(surrounded).values():
            lives = [words for words in lines if words.split()[0] in ("inner", "outer")]
            if "killed" in lines:
                assert lives == LIFE[:2]
            else:
                assert lives == LIFE
        assert said(surrounded, "killed") == ["killed"]
