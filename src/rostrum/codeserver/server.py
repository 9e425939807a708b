"""The code server: one code location behind gRPC. This process never imports the user's code; its zygote does.

`serve` runs one until it is stopped or its lifeline ends. The command line is `python -m rostrum.codeserver.main`.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rostrum.codeserver.evaluators import EvaluatorEnded, EvaluatorKilled, EvaluatorLimits, Evaluators
from rostrum.codeserver.messages import (
    Counted,
    Evaluate,
    Evaluated,
    Failed,
    ListPartitionKeys,
    Message,
    PartitionKeys,
    Started,
)
from rostrum.codeserver.records import WorkerRecords, default_workers_dir
from rostrum.codeserver.supervisor import Version, ZygoteSupervisor
from rostrum.codeserver.watch import FileWatcher, target_files
from rostrum.codeserver.zygote_client import ZygoteSettings
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.errors import (
    DefinitionError,
    ErrorInfo,
    InvocationError,
    NotFound,
    RostrumError,
    Unavailable,
    UserCodeError,
)
from rostrum.model.ticks import TickRequest, TickResult
from rostrum.rpc.code_location import ServerStatus
from rostrum.rpc.code_server import GrpcServer, GrpcServerOptions, ServerTls
from rostrum.service.processes import boot_id, host_name
from rostrum.service.signals import wait_for

_log = logging.getLogger(__name__)
_FIRST_LOAD_SECONDS = 55.0
_LAUNCH_SECONDS = 15.0
"""For a launch as a whole: well below the patience of those who ask for one."""
_PARTITION_SECONDS = 60.0
_KEEP_RECORDS_SECONDS = 24 * 3600.0
_PRUNE_SECONDS = 3600.0
LAUNCHER = "subprocess"


class CodeServerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """All that a code server can be told. JSON on its command line; the token comes by the environment."""

    location: str
    target: msgspec.Raw
    """JSON of the `CodeTarget`: what to import."""
    address: str
    """`unix:/path/to/socket` or `host:port`."""
    fork: str = "auto"
    """`auto`, `always` or `never`."""
    watch: bool = False
    """Reload when files of the code change (for development)."""
    workers_dir: str = ""
    """Where records of workers are kept; empty: one directory for all code servers of this user on this host."""
    load_seconds: float = 600.0
    max_age_seconds: float = 24 * 3600.0
    """A zygote older than this is replaced."""
    evaluators: EvaluatorLimits = EvaluatorLimits()
    max_waiters: int = 8
    tls_certificate: str = ""
    """Path of the server's certificate, `tls_key` of its key (PEM). Empty: no TLS."""
    tls_key: str = ""
    tls_client_ca: str = ""
    """Clients must show a certificate signed by this one. Empty: none is asked for."""


class CodeServer:
    """`CodeLocation`, in this process, by means of a zygote. Thread-safe; `start` before use, `close` at the end."""

    def __init__(self, options: CodeServerOptions, environment: Mapping[str, str], clock: Clock) -> None:
        self.name = options.location
        self.server_id = secrets.token_hex(8)
        directory = Path(options.workers_dir).absolute() if options.workers_dir else default_workers_dir()
        self._records = WorkerRecords(directory)
        self._clock = clock
        self._pruned_at = 0.0
        self._prune()
        settings = ZygoteSettings(
            location=options.location,
            target=bytes(options.target),
            workers_dir=str(directory),
            fork=options.fork,
            load_seconds=options.load_seconds,
        )
        self._supervisor = ZygoteSupervisor(
            settings,
            environment,
            clock,
            max_age_seconds=options.max_age_seconds,
            files=target_files(settings.target) if options.watch else (),
        )
        self._evaluators = Evaluators(options.evaluators)
        self._watcher = FileWatcher(self._supervisor.ask_reload, self._supervisor.version) if options.watch else None
        self._host, self._boot_id = host_name(), boot_id()

    def start(self) -> None:
        """Begin to load; does not wait for it."""
        self._supervisor.start()
        if self._watcher is not None:
            self._watcher.start()

    def manifest(self, known_hash: str | None = None) -> ManifestReply:
        """Active version and load error; waits for the first load."""
        return _reply(self._supervisor.wait_loaded(_FIRST_LOAD_SECONDS), known_hash)

    def reload(self) -> ManifestReply:
        """Load anew and wait for the outcome."""
        return _reply(self._supervisor.reload(), None)

    def wait_for_change(self, revision: int, seconds: float) -> ManifestReply | None:
        """Wait for another revision."""
        version = self._supervisor.wait_for_change(revision, seconds)
        return None if version is None else _reply(version, None)

    def evaluate(self, request: TickRequest, deadline_seconds: float) -> TickResult:
        """Evaluate one tick. Whatever becomes of the user's function, it is told in the result."""
        what = f"{request.kind} {request.name!r}"
        try:
            answer = self._ask_evaluator(Evaluate(request), deadline_seconds)
        except EvaluatorKilled:
            message = f"{what} was still being evaluated after {deadline_seconds:g} s; its process was killed"
            return TickResult(error=ErrorInfo(class_name="EvaluationTimeout", message=message))
        except EvaluatorEnded:
            message = (
                f"the process that evaluated {what} ended before it could answer (a crash, os._exit, or out of memory)"
            )
            return TickResult(error=ErrorInfo(class_name="EvaluationCrash", message=message))
        if isinstance(answer, Evaluated):
            return answer.result
        if isinstance(answer, Failed):
            return TickResult(error=answer.error)
        raise RostrumError(f"an evaluator gave an unexpected answer: {type(answer).__name__}")

    def partition_keys(self, name: str) -> list[str]:
        """Ask the user's code for the keys of a partitions definition."""
        try:
            answer = self._ask_evaluator(ListPartitionKeys(name), _PARTITION_SECONDS)
        except (EvaluatorKilled, EvaluatorEnded):
            raise UserCodeError(
                f"the keys of partitions {name!r} could not be listed: the code hung or crashed"
            ) from None
        if isinstance(answer, PartitionKeys):
            return list(answer.keys)
        if isinstance(answer, Failed):
            kinds: dict[str, type[RostrumError]] = {
                one.code: one for one in (NotFound, DefinitionError, InvocationError)
            }
            known = kinds.get(answer.error.code)
            raise known(answer.error.message) if known else UserCodeError(answer.error.first_line, answer.error)
        raise RostrumError(f"an evaluator gave an unexpected answer: {type(answer).__name__}")

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a run worker; idempotent by (run, epoch)."""
        earlier = self._records.find(spec.run.run_id, spec.epoch)
        if earlier is not None:
            return earlier
        if time.monotonic() - self._pruned_at > _PRUNE_SECONDS:  # only launches make records
            threading.Thread(target=self._prune, name="prune", daemon=True).start()
        started = self._start_worker(spec)
        return WorkerRef(
            launcher=LAUNCHER,
            run_id=spec.run.run_id,
            epoch=spec.epoch,
            host=self._host,
            pid=started.pid,
            start_time=started.start_time,
            boot_id=self._boot_id,
        )

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker to end, or kill its session."""
        self._records.terminate(ref, force=force)

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of a worker, also of one that an earlier code server started."""
        return self._records.status(ref)

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Living workers of these runs."""
        return self._records.living(run_ids)

    def status(self) -> ServerStatus:
        """State of the server. Waits for nothing."""
        version = self._supervisor.version()
        pid, counted = 0, Counted(workers=0, evaluators=0)
        try:
            zygote = self._supervisor.zygote(seconds=0)
            pid, counted = zygote.pid, zygote.count()
        except (Unavailable, TimeoutError):
            pass
        return ServerStatus(
            server_id=self.server_id,
            location=self.name,
            revision=version.revision,
            server_pid=os.getpid(),
            zygote_pid=pid,
            fork=version.loaded.fork if version.loaded else "",
            evaluators=counted.evaluators,
            workers=counted.workers,
        )

    def close(self) -> None:
        """Let go of the zygote. Run workers live on."""
        if self._watcher is not None:
            self._watcher.stop()
        self._supervisor.stop()
        self._evaluators.tidy(None)

    def _prune(self) -> None:
        self._pruned_at = time.monotonic()
        self._records.prune(self._clock.now().timestamp() - _KEEP_RECORDS_SECONDS)

    def _start_worker(self, spec: LaunchSpec) -> Started:
        until = time.monotonic() + _LAUNCH_SECONDS
        for attempt in (1, 2):
            zygote = self._supervisor.zygote()
            try:
                return zygote.start_worker(spec, max(0.1, until - time.monotonic()))
            except Unavailable:
                # The zygote died just now. Its successor knows, by the worker's record, whether the worker was started.
                self._supervisor.suspect(zygote)
                if attempt == 2:
                    raise
            except TimeoutError:
                raise Unavailable("the process that holds the user's code did not answer") from None
        raise AssertionError("unreachable")

    def _ask_evaluator(self, message: Message, seconds: float) -> Message:
        zygote = self._supervisor.zygote()
        try:
            return self._evaluators.ask(zygote, message, seconds)
        except Unavailable:
            self._supervisor.suspect(zygote)
            return self._evaluators.ask(self._supervisor.zygote(), message, seconds)
        except EvaluatorEnded:
            if zygote.is_alive():
                raise
            self._supervisor.suspect(zygote)  # it took its evaluators along: not the function's fault
            return self._evaluators.ask(self._supervisor.zygote(), message, seconds)


def _reply(version: Version, known_hash: str | None) -> ManifestReply:
    loaded = version.loaded
    known = loaded is not None and loaded.manifest_hash == known_hash
    return ManifestReply(
        manifest_hash=loaded.manifest_hash if loaded else None,
        data=loaded.manifest if loaded and not known else None,
        error=version.error,
        revision=version.revision,
        fork=loaded.fork if loaded else "",
    )


def serve(
    options: CodeServerOptions,
    clock: Clock,
    stop: threading.Event,
    *,
    token: str | None = None,
    environment: Mapping[str, str] | None = None,
    on_ready: threading.Event | None = None,
) -> None:
    """Run a code server until `stop` is set. `environment` is what the user's code sees (default: this process's)."""
    backend = CodeServer(options, os.environ if environment is None else environment, clock)
    tls = None
    if options.tls_certificate:
        tls = ServerTls(
            certificate=Path(options.tls_certificate).read_bytes(),
            key=Path(options.tls_key).read_bytes(),
            client_ca=Path(options.tls_client_ca).read_bytes() if options.tls_client_ca else None,
        )
    threads = options.evaluators.at_once + options.max_waiters + 8
    listening = GrpcServerOptions(
        address=options.address, token=token, tls=tls, threads=threads, max_waiters=options.max_waiters
    )
    server = GrpcServer(backend, listening)
    backend.start()
    server.start()
    _log.info("Code location %s is served on %s", options.location, server.address)
    if on_ready is not None:
        on_ready.set()
    try:
        wait_for(stop)
    finally:
        server.stop()
        backend.close()
