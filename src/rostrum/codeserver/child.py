"""Life of a child of the zygote, the same whether it was forked or started fresh: settle down, then work as worker or
evaluator.

"Identical behaviour" has to be made: signals and standard streams are set anew, random generators are reseeded (two
forked children would otherwise draw the same numbers), and the environment of the request is applied after the import
in both cases.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import io
import os
import random
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rostrum.codeserver import evaluator, worker
from rostrum.codeserver.loading import Code
from rostrum.codeserver.messages import StartWorker
from rostrum.codeserver.records import WorkerExit, WorkerRecords
from rostrum.execution.workers.process_names import EVALUATOR, RUN, name_process
from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.service.processes import boot_id, host_name, start_time

_PR_SET_PDEATHSIG = 1
LAUNCHER = "subprocess"


def worker_ref(spec: LaunchSpec, pid: int) -> WorkerRef:
    """Names the worker of `spec` that runs as `pid` on this host."""
    return WorkerRef(
        launcher=LAUNCHER,
        run_id=spec.run.run_id,
        epoch=spec.epoch,
        host=host_name(),
        pid=pid,
        start_time=start_time(pid),
        boot_id=boot_id(),
    )


def live_as_worker(request: StartWorker, code: Code, workers_dir: str, *, may_fork: bool) -> int:
    """Be a run worker: claim the run's epoch, redirect the streams, run. Returns the exit code."""
    name_process(RUN)
    spec = request.spec
    own = worker_ref(spec, os.getpid())
    records = WorkerRecords(Path(workers_dir))
    if records.claim(own) != own:
        return 0  # a worker of this run and epoch is there already
    reset_signals()
    redirect_streams(worker.captured_output(spec))
    apply_environment(spec.environment)
    reseed()
    exit_code = 1
    try:
        exit_code = worker.run_worker(spec, code, may_fork=may_fork)
    finally:
        records.end(own.run_id, own.epoch, WorkerExit(exit_code=exit_code))
    return exit_code


def live_as_evaluator(connection: socket.socket, code: Code) -> int:
    """Be an evaluator on a connection, until it ends. Dies with the zygote."""
    name_process(EVALUATOR)
    reset_signals()
    die_with_parent()
    reseed()
    evaluator.serve(connection, code)
    return 0


def exit_after(life: Callable[[], int]) -> None:
    """Live, then end this process for good without returning to what the zygote was doing. Exit handlers of the user's
    run.
    """
    code = 1
    try:
        code = life()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - nothing may get back into the zygote's loop
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001 - `os._exit` below would pass over what libraries registered
        flush_streams()
        os._exit(code)


def reset_signals() -> None:
    """Handlers as a fresh interpreter has them, nothing blocked."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        handler: Any = signal.SIG_DFL
        if number == signal.SIGINT:
            handler = signal.default_int_handler
        elif number in {signal.SIGPIPE, getattr(signal, "SIGXFSZ", None)}:
            handler = signal.SIG_IGN
        if signal.getsignal(number) not in {handler, None}:
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def redirect_streams(files: tuple[Path, Path]) -> None:
    """Standard input from nowhere; output and errors appended to files (never pipes: a dead reader must not break a
    `print`).
    """
    flush_streams()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number, file in zip((1, 2), files, strict=True):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def flush_streams() -> None:
    """Empty the buffers of standard output and error."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def apply_environment(environment: Mapping[str, str]) -> None:
    """Environment of the request over that of the code server."""
    os.environ.update(environment)


def reseed() -> None:
    """Fresh entropy for the global generators that a fork would have doubled. (Generators that user code keeps are the
    user's.)
    """
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "seed"):
        torch.seed()


def die_with_parent() -> None:
    """Be killed when the zygote ends. (It is single-threaded, and the thread that forks is what counts.)"""
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        os._exit(1)
