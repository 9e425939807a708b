"""The body of a step worker elsewhere: composes the line to the gateway and the execution of one attempt.

Called by `rostrum step-worker`, and by tasks of Dask and Ray. In one process any number of attempts may be run, one
after the other, or beside each other in threads.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from rostrum.codeserver.bootstrap import ask_for_step
from rostrum.execution.workers.remote import GRACE_SECONDS, RemoteRun
from rostrum.execution.workers.remote_work import RemoteWork, read_work
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import GatewayAccess
from rostrum.model.errors import Denied, Fenced, NotFound
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.rpc.spool import logs_directory
from rostrum.service.clock import SystemClock
from rostrum.service.own_folders import is_kept, own_folder
from rostrum.service.processes import read_stat

DONE, TAKEN, UNWANTED, INTERRUPTED, UNDELIVERED = "done", "taken", "unwanted", "interrupted", "undelivered"
"""How it ended: all is told; another worker has begun the attempt before; nobody waits for it; this process was made to
end; the control plane has not taken all that was told."""


def run_step_work(
    work: bytes,
    access: GatewayAccess,
    *,
    own: bool = False,
    shared: bool = False,
    grace_seconds: float = GRACE_SECONDS,
) -> str:
    """Run the attempt that `work` describes. Never raises for what goes wrong in it: its events tell.

    `own`: this process runs nothing but such work, and may be killed when code does not end. `shared`: other work runs
    in it at the same time, so that its standard output is not this attempt's. Raises ConfigError for work that cannot
    be read, or where no gateway is, and Unavailable when the gateway has not answered for two minutes: before anything
    is done.
    """
    told, clock = read_work(work), SystemClock()
    refused = _refused(told, access, clock)
    if refused is not None:
        return refused
    with own_folder("step-worker") as folder:
        return _run(told, access, folder, clock, own=own, shared=shared, grace_seconds=grace_seconds)


def _run(
    work: RemoteWork,
    access: GatewayAccess,
    folder: Path,
    clock: Clock,
    *,
    own: bool,
    shared: bool,
    grace_seconds: float,
) -> str:
    session = GatewaySession(
        access.address,
        access.token,
        work.run.run_id,
        work.run.epoch,
        folder,
        clock,
        scope=work.scope,
        threaded=True,
    )
    terminated = threading.Event()
    run = RemoteRun(
        work,
        session,
        clock,
        capture=logs_directory(folder),
        shared=shared,
        kill=kill_everything if own else None,
        grace_seconds=grace_seconds,
        terminated=terminated,
    )
    restore = _on_terminate(terminated) if own else None
    try:
        run.run()
    finally:
        session.close()
        if restore is not None:
            signal.signal(signal.SIGTERM, restore)
    if is_kept(folder):
        return UNDELIVERED
    return INTERRUPTED if run.was_interrupted else DONE


def _refused(work: RemoteWork, access: GatewayAccess, clock: Clock) -> str | None:
    """Ask before any user code is called: a cluster may start a task again whose first worker went away in the middle.
    None when it may begin.
    """
    try:
        told = ask_for_step(work.run.run_id, access, clock)
    except (Denied, NotFound, Fenced):
        return UNWANTED
    if told.orders.fenced or told.orders.cancel:
        return UNWANTED
    return TAKEN if told.last_sequence else None


def _on_terminate(terminated: threading.Event) -> Any:
    """SIGTERM interrupts the attempt. Returns the handler before, None where this thread may set none."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def handle(_number: int, _frame: FrameType | None) -> None:
        terminated.set()

    return signal.signal(signal.SIGTERM, handle) or signal.SIG_DFL


def kill_everything() -> None:
    """End this process and all that it has started, now."""
    own = os.getpid()
    for pid in _descendants(own):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    os.kill(own, signal.SIGKILL)


def _descendants(leader: int) -> list[int]:
    proc = Path("/proc")
    if not proc.is_dir():
        return []
    stats = [stat for entry in proc.iterdir() if entry.name.isdigit() and (stat := read_stat(int(entry.name)))]
    chosen = {leader}
    grown = True
    while grown:
        more = {stat.pid for stat in stats if stat.parent in chosen} - chosen
        chosen |= more
        grown = bool(more)
    return sorted(chosen - {leader})
