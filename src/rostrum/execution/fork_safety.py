"""When may a process that has imported the user's code be forked? A pure judgement over what was seen in `/proc`.

Native threads after an import are normal and mostly harmless (BLAS, allocators, Arrow: a child that calls them
computes correctly). What hangs or breaks a child is told by the *names* of threads (a polars pool in use, an async
runtime), by Python threads, by an initialised CUDA context, and by sockets that parent and children would share. A
self-test in a child does not notice these, so names decide; a named thread that nobody knows counts as unsafe, which
costs latency only.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Collection
from pathlib import Path

import msgspec

FORK = "fork"

_HARMLESS = re.compile(
    r"python|jemalloc_bg_thd|polars-ooc|arrow|openblas|iou-|grpc|event_engine|lifeguard|timer_manager|resolver|duckdb|pool-spawner",
    re.IGNORECASE,
)
_OWNERS = (
    (re.compile(r"polars-\d+"), "polars was used {when} (its thread pool hangs in a forked child)"),
    (re.compile(r"tokio|rt-worker|async-executor"), "an async runtime was started {when}"),
    (re.compile(r"rayon"), "a thread pool was started {when}"),
    (re.compile(r"cuda|nv_"), "CUDA was initialised {when}"),
)
_IMPORTED, _HERE = "while the code was imported", "in this process"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a process."""

    own_name: str
    """Name of the process: threads that were not named carry it too."""
    thread_names: tuple[str, ...] = ()
    python_threads: tuple[str, ...] = ()
    """Python threads other than the main one: `name (module of its function)`."""
    sockets: int = 0
    """Open sockets beyond the process's own."""
    cuda: bool = False


def judge(seen: Sighting, setting: str) -> str:
    """How to start work: `fork`, or `fresh: <reason>`. `setting` is `auto`, `always` or `never`."""
    if setting == "always":
        return FORK
    if setting == "never":
        return "fresh: the setting `fork` is `never`"
    if not hasattr(os, "fork") or sys.platform != "linux":
        return "fresh: forking is used on Linux only"
    reason = _reason(seen)
    return f"fresh: {reason}" if reason else FORK


def _reason(seen: Sighting) -> str:
    if seen.python_threads:
        return f"importing the code started a thread: {', '.join(seen.python_threads)}"
    known = _known_reason(seen, _IMPORTED)  # what is known comes before what is not
    if known:
        return known
    for name in seen.thread_names:
        if name != seen.own_name and not _HARMLESS.search(name):
            return f"importing the code started a native thread {name!r}; it is not known whether it survives forking"
    if seen.sockets:
        return f"importing the code left {seen.sockets} open socket(s), which children would share"
    return ""


def _known_reason(seen: Sighting, when: str) -> str:
    if seen.cuda:
        return f"CUDA was initialised {when}"
    for pattern, reason in _OWNERS:
        for name in seen.thread_names:
            if pattern.search(name):
                return f"{reason.format(when=when)} (thread {name!r})"
    return ""


def hazard() -> str:
    """What is known to hang or break a fork of this process as it is now, in words; empty where nothing is. For
    scripts, whose own threads and sockets are their business. Takes well below a millisecond.
    """
    if sys.platform != "linux":
        return ""
    return _known_reason(Sighting(own_name="", thread_names=_thread_names(), cuda=_has_cuda()), _HERE)


def open_sockets() -> frozenset[str]:
    """Sockets of this process, by inode (`socket:[123]`)."""
    found: set[str] = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(entry.readlink())
            if target.startswith("socket:"):
                found.add(target)
    return frozenset(found)


def look(known_sockets: Collection[str]) -> Sighting:
    """See this process as it is now."""
    return Sighting(
        own_name=Path("/proc/self/comm").read_text().strip(),
        thread_names=_thread_names(),
        python_threads=tuple(
            _described(thread) for thread in threading.enumerate() if thread is not threading.main_thread()
        ),
        sockets=len(open_sockets() - set(known_sockets)),
        cuda=_has_cuda(),
    )


def _described(thread: threading.Thread) -> str:
    target = getattr(thread, "_target", None)
    module = getattr(target, "__module__", None) or type(thread).__module__
    return f"{thread.name} (of {module})"


def _thread_names() -> tuple[str, ...]:
    names: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            names.append((task / "comm").read_text().strip())
    return tuple(sorted(names))


def _has_cuda() -> bool:
    return _has_gpu_open() and "libcuda.so" in Path("/proc/self/maps").read_text()


def _has_gpu_open() -> bool:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(entry.readlink()).startswith("/dev/nvidia"):
                return True
    return False
