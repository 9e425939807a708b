"""The body of a run worker: composes the line to the gateway and the execution of the run.

It outlives zygote, code server and control plane: what it has to tell is spooled until somebody takes it.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec

from rostrum.codeserver.loading import Code
from rostrum.definitions.error_info import error_info
from rostrum.execution.workers.run_worker import execute_run
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import LaunchSpec
from rostrum.interfaces.runs import Orders, RunSession
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import Event, RunFailed, worker_stream
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.rpc.gateway_wire import PREFIX
from rostrum.rpc.spool import Spool, logs_directory
from rostrum.service.clock import SystemClock

_log = logging.getLogger(__name__)
_ASK_SECONDS = 2.0
_OK, _NOT_FOUND = 200, 404


def captured_output(spec: LaunchSpec) -> tuple[Path, Path]:
    """Files for what the worker itself prints outside steps. (A hyphen is in no step's key.)"""
    folder = logs_directory(spec.spool_dir)
    key = f"run-worker.{spec.epoch}"
    return folder / f"{key}.out", folder / f"{key}.err"


def run_worker(spec: LaunchSpec, code: Code, *, may_fork: bool) -> int:
    """Execute the run of `spec`; `may_fork` as it was judged. Returns 0 when it succeeded, 1 otherwise. Never raises
    for what goes wrong in the run.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    clock = SystemClock()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _setting(stop))
    if _is_shut_out(spec):
        _log.warning("another worker has run %s, or it has ended: this one executes nothing", spec.run.run_id)
        return 1
    session = GatewaySession(spec.gateway, spec.token, spec.run.run_id, spec.epoch, spec.spool_dir, clock)
    try:
        if code.error is not None:
            _fail(spec, session, clock, "load_failure", code.error)
            return 1
        try:
            done = execute_run(
                code.resolved,
                msgspec.structs.replace(spec.run, epoch=spec.epoch),
                session,
                executor=None,
                clock=clock,
                stop=stop,
                capture=logs_directory(spec.spool_dir),
                target=code.target,
                may_fork=may_fork,
                default_executor=spec.executor,
            )
        except BaseException as error:  # noqa: BLE001 - the last place where a run's end can still be told
            traceback.print_exc()
            _fail(spec, session, clock, "engine_error", error_info(error))
            return 1
        return 0 if done else 1
    finally:
        session.close()


def _is_shut_out(spec: LaunchSpec) -> bool:
    """Ask before any user code is called: the launch may have come so late that it has been repeated. False when the
    gateway does not answer at once: nothing fails because a network does.
    """
    line = GatewayConnection(spec.gateway, timeout=_ASK_SECONDS)
    try:
        line.send(f"{PREFIX}/runs/{spec.run.run_id}/heartbeat", msgspec.msgpack.encode({}), spec.token)
        status, reply = line.receive()
        return status == _NOT_FOUND or (status == _OK and msgspec.msgpack.decode(reply, type=Orders).fenced)
    except (*NETWORK_ERRORS, msgspec.MsgspecError):
        return False
    finally:
        line.close()


def _setting(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    told: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if not told:  # a second signal would wait for the lock that the first one holds
            told.append(number)
            stop.set()

    return handle


def _fail(spec: LaunchSpec, session: RunSession, clock: Clock, reason: str, error: ErrorInfo) -> None:
    """Append the run's failure at the end of what this epoch has accepted so far."""
    event = RunFailed(at=clock.now(), reason=reason, message=error.first_line, error=error)
    try:
        spool = Spool(spec.spool_dir, spec.epoch)
        sequence = spool.last_sequence + 1
        spool.close()
        session.append([_placed(event, spec, sequence)])
    except Exception:  # noqa: BLE001 - the monitor sees the exit code instead
        _log.exception("The failure of the run could not be recorded")
        sys.stderr.flush()


def _placed(event: Event, spec: LaunchSpec, sequence: int) -> Event:
    return msgspec.structs.replace(event, run_id=spec.run.run_id, stream=worker_stream(spec.epoch), sequence=sequence)
