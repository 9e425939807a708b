"""What every `CodeLocation` promises beside launching (see `launchers`). Subclass both classes and give them a `bench`
fixture.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

import pytest

from rostrum.interfaces.locations import CodeLocation, ManifestReply
from rostrum.model.errors import NotFound
from rostrum.model.manifest_parts import decode_manifest, manifest_hash
from rostrum.model.ticks import TickRequest

CODE = """
import os
import time
import rostrum as ro

VERSION = 1

@ro.op
def work(context):
    context.log.info("working")

@ro.job(executor_def=ro.in_process_executor)
def nightly():
    work()

@ro.asset(partitions_def=ro.StaticPartitionsDefinition(["north", "south"]))
def regions():
    return 1

@ro.schedule("0 6 * * *", job=nightly, execution_timezone="Europe/Berlin")
def careful(context):
    context.log.warning("thinking")
    hour = context.scheduled_execution_time.hour
    return ro.RunRequest(run_key=f"at {hour}", tags={"version": str(VERSION)})

@ro.schedule("0 6 * * *", job=nightly)
def lazy(context):
    return ro.SkipReason("nothing to do")

@ro.schedule("0 6 * * *", job=nightly)
def broken(context):
    raise ValueError("no such table")

@ro.schedule("0 6 * * *", job=nightly)
def hanging(context):
    time.sleep(600)

@ro.schedule("0 6 * * *", job=nightly)
def crashing(context):
    os._exit(7)

defs = ro.Definitions(
    assets=[regions], jobs=[nightly], schedules=[careful, lazy, broken, hanging, crashing]
)
"""
"""The code that the location serves at the beginning of every test."""

AT = datetime(2026, 3, 2, 5, tzinfo=UTC)


class LocationBench(Protocol):
    """A code location that serves `CODE`."""

    location: CodeLocation

    def write(self, code: str) -> str:
        """Replace the code (nothing is reloaded by that); returns the name of its file."""
        ...


def _hash(reply: ManifestReply) -> str:
    assert reply.manifest_hash is not None
    return reply.manifest_hash


class VersionsConformance:
    """`CodeLocation`: versions of the code."""

    def test_manifest_is_what_its_hash_says(self, bench: LocationBench) -> None:
        reply = bench.location.manifest()
        assert reply.error is None
        assert reply.data is not None
        assert manifest_hash(reply.data) == reply.manifest_hash
        manifest = decode_manifest(reply.data)
        assert [job.name for job in manifest.jobs] == ["nightly"]
        assert reply.fork == "fork" or reply.fork.startswith("fresh: ")

    def test_known_manifest_is_not_sent_again(self, bench: LocationBench) -> None:
        known = _hash(bench.location.manifest())
        assert bench.location.manifest(known).data is None
        assert bench.location.manifest(known).manifest_hash == known
        assert bench.location.manifest("another").data is not None

    def test_reload_brings_the_new_version(self, bench: LocationBench) -> None:
        before = bench.location.manifest()
        bench.write(CODE.replace("nightly", "hourly"))
        assert bench.location.manifest().manifest_hash == before.manifest_hash, "only when somebody asks"
        after = bench.location.reload()
        assert after.error is None
        assert after.manifest_hash != before.manifest_hash
        assert after.revision > before.revision
        assert after.data is not None
        assert [job.name for job in decode_manifest(after.data).jobs] == ["hourly"]

    def test_new_functions_count_though_the_manifest_is_equal(self, bench: LocationBench) -> None:
        before = bench.location.manifest()
        bench.write(CODE.replace("VERSION = 1", "VERSION = 2"))
        assert bench.location.reload().manifest_hash == before.manifest_hash
        result = bench.location.evaluate(TickRequest(name="careful", scheduled_at=AT), 20)
        assert result.run_requests[0].tags["version"] == "2"

    def test_last_good_version_stays(self, bench: LocationBench) -> None:
        """A version that does not load is shown, with file and line, beside the one that serves on."""
        before = bench.location.manifest()
        lines = [*CODE.splitlines()[:6], "def oops(:"]
        file = bench.write("\n".join(lines))
        failed = bench.location.reload()
        assert failed.manifest_hash == before.manifest_hash
        assert failed.revision > before.revision
        assert failed.error is not None
        frame = failed.error.user_frame
        assert frame is not None
        assert frame.file.endswith(file)
        assert frame.line == 7
        assert bench.location.evaluate(TickRequest(name="lazy", scheduled_at=AT), 20).skip_reason == "nothing to do"
        bench.write(CODE)
        assert bench.location.reload().error is None

    def test_whatever_an_import_does_is_an_error_of_the_load(self, bench: LocationBench) -> None:
        before = bench.location.manifest()
        for code in (
            "raise SystemExit(3)",
            "import os; os._exit(3)",
            "import os, signal; os.kill(os.getpid(), 9)",
            "x = 1",
        ):
            bench.write(code)
            failed = bench.location.reload()
            assert failed.error is not None, code
            assert failed.manifest_hash == before.manifest_hash

    def test_waiting_for_a_change(self, bench: LocationBench) -> None:
        revision = bench.location.manifest().revision
        began = time.monotonic()
        assert bench.location.wait_for_change(revision, 0.2) is None
        assert time.monotonic() - began >= 0.15
        heard: list[ManifestReply | None] = []
        waiting = threading.Thread(target=lambda: heard.append(bench.location.wait_for_change(revision, 30)))
        waiting.start()
        after = bench.location.reload()
        waiting.join(10)
        assert heard
        assert heard[0] is not None
        assert heard[0].revision == after.revision
        assert bench.location.wait_for_change(revision, 30) is not None, "a change that was missed is told at once"


class EvaluationConformance:
    """`CodeLocation`: what user code decides outside of runs."""

    def test_tick_with_a_run(self, bench: LocationBench) -> None:
        result = bench.location.evaluate(TickRequest(name="careful", scheduled_at=AT), 20)
        assert result.error is None
        assert [(one.run_key, one.job) for one in result.run_requests] == [("at 6", "nightly")], "in its own time zone"
        assert "thinking" in result.logs[0]

    def test_tick_that_raises(self, bench: LocationBench) -> None:
        result = bench.location.evaluate(TickRequest(name="broken", scheduled_at=AT), 20)
        assert result.error is not None
        assert result.error.first_line == "ValueError: no such table"
        assert result.error.user_frame is not None
        assert result.error.user_frame.function == "broken"

    def test_tick_that_hangs_is_killed_alone(self, bench: LocationBench) -> None:
        slow: list[bool] = []

        def evaluate_others() -> None:
            others = [bench.location.evaluate(TickRequest(name="lazy", scheduled_at=AT), 20) for _ in range(3)]
            slow.append(all(one.skip_reason == "nothing to do" for one in others))

        beside = threading.Thread(target=evaluate_others)
        beside.start()
        result = bench.location.evaluate(TickRequest(name="hanging", scheduled_at=AT), 2.0)
        beside.join()
        assert slow == [True]
        assert result.error is not None
        assert "hanging" in result.error.message

    def test_tick_that_crashes(self, bench: LocationBench) -> None:
        result = bench.location.evaluate(TickRequest(name="crashing", scheduled_at=AT), 20)
        assert result.error is not None
        assert "crashing" in result.error.message
        assert bench.location.evaluate(TickRequest(name="lazy", scheduled_at=AT), 20).error is None

    def test_tick_of_an_unknown_schedule(self, bench: LocationBench) -> None:
        result = bench.location.evaluate(TickRequest(name="nobody", scheduled_at=AT), 20)
        assert result.error is not None
        assert result.error.code == "not_found"

    def test_partition_keys(self, bench: LocationBench) -> None:
        reply = bench.location.manifest()
        assert reply.data is not None
        (name,) = decode_manifest(reply.data).partitions
        assert bench.location.partition_keys(name) == ["north", "south"]
        with pytest.raises(NotFound, match="nobody"):
            bench.location.partition_keys("nobody")
