"""Which processes may be forked."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import pytest

from rostrum.execution.fork_safety import FORK, Sighting, hazard, judge, look, open_sockets


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("python", "python"),
        ("jemalloc_bg_thd", "python"),
        ("jemalloc_bg_thd", "jemalloc_bg_thd", "polars-ooc-clea", "python"),
        ("grpc_global_tim", "event_engine", "timer_manager", "lifeguard"),
        ("gunicorn: code",),
    ],
)
def test_harmless_threads(names: tuple[str, ...]) -> None:
    assert judge(Sighting(own_name="gunicorn: code", thread_names=names), "auto") == FORK


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Sighting(own_name="python", thread_names=("async-executor-", "polars-0")), "polars was used"),
        (Sighting(own_name="python", thread_names=("tokio-rt-worker",)), "async runtime"),
        (Sighting(own_name="python", thread_names=("mystery",)), "'mystery'"),
        (Sighting(own_name="python", python_threads=("poller (of app.feed)",)), "app.feed"),
        (Sighting(own_name="python", cuda=True), "CUDA"),
        (Sighting(own_name="python", sockets=2), "2 open socket"),
    ],
)
def test_unsafe_says_why(seen: Sighting, reason: str) -> None:
    verdict = judge(seen, "auto")
    assert verdict.startswith("fresh: ")
    assert reason in verdict
    assert judge(seen, "always") == FORK


def test_never() -> None:
    assert judge(Sighting(own_name="python"), "never").startswith("fresh: ")


def test_this_process_is_seen() -> None:
    known = open_sockets()
    assert look(known).sockets == 0
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="feed")
    thread.start()
    with socket.socket():
        seen = look(known)
    stop.set()
    thread.join()
    assert seen.sockets == 1
    assert any(name.startswith("feed (of threading)") for name in seen.python_threads)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have names on Linux")
def test_a_script_is_asked_for_what_is_known_to_hang_only() -> None:
    """Its own threads and sockets are its business."""
    assert _hazard_beside("feed") == hazard()  # other tests may have used polars here
    assert _hazard_beside("polars-0").startswith("polars was used in this process (")


def _hazard_beside(name: str) -> str:
    stop, named = threading.Event(), threading.Event()

    def wait() -> None:
        Path("/proc/thread-self/comm").write_text(name)
        named.set()
        stop.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    named.wait()
    try:
        return hazard()
    finally:
        stop.set()
        thread.join()
