"""`CodeLocation` over gRPC: the control plane's client of one code server."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc
import msgspec

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.errors import ErrorInfo, RostrumError, Unavailable
from rostrum.model.manifest_parts import join_parts, manifest_parts, part_hash
from rostrum.model.ticks import TickRequest, TickResult
from rostrum.rpc.errors import from_call
from rostrum.rpc.generated import code_location_pb2 as pb
from rostrum.rpc.generated.code_location_pb2_grpc import CodeLocationStub

PAYLOAD_VERSION = 2
"""Version of the bodies that this side writes; it reads this one and older ones."""
CHUNK_BYTES = 1 << 20
MAX_MESSAGE_BYTES = 64 << 20

_QUICK_SECONDS = 10.0
_RELOAD_SECONDS = 900.0
_START_SECONDS = 2.0
"""What a code server may take from its start until it listens; the code need not be loaded by then."""
_MARGIN_SECONDS = 5.0

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """State of a code server, for people and tests."""

    server_id: str
    location: str
    revision: int
    server_pid: int
    zygote_pid: int
    """0 while no version is loaded."""
    fork: str
    evaluators: int
    workers: int


class ClientTls(msgspec.Struct, frozen=True, kw_only=True):
    """How a client trusts a server (PEM bytes). `certificate` and `key` where the server asks for one."""

    root_certificates: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    server_name: str | None = None
    """Name in the server's certificate, where it differs from the address."""


def _translated(
    method: Callable[Concatenate[GrpcCodeLocation, _P], _R],
) -> Callable[Concatenate[GrpcCodeLocation, _P], _R]:
    @functools.wraps(method)
    def call(self: GrpcCodeLocation, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            result = method(self, *args, **kwargs)
        except grpc.RpcError as error:
            raised = from_call(error, self.address)
            self.has_answered = self.has_answered and not isinstance(raised, Unavailable)
            raise raised from None
        self.has_answered = True
        return result

    return call


class GrpcCodeLocation:
    """One code server. Safe to share between threads; connects when first used and again after every loss.

    Raises Unavailable when the server does not answer, else what the server raised.
    """

    def __init__(self, name: str, address: str, *, token: str | None = None, tls: ClientTls | None = None) -> None:
        self.name, self.address = name, address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else None
        options = [
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.enable_http_proxy", 0),
            (
                "grpc.use_local_subchannel_pool",
                1,
            ),  # a shared one would keep the backoff of an earlier life of the address
        ]
        self._channel = _channel(address, tls, options)
        self._stub: Any = CodeLocationStub(self._channel)
        self._closed = threading.Event()
        self.has_answered = False
        """The last call found the server."""
        self._parts: list[bytes] = []
        """Parts of the manifest that came last: what has not changed is not sent again."""

    @_translated
    def ping(self, seconds: float = _QUICK_SECONDS) -> str:
        """Id of the server's present life."""
        return str(self._stub.Ping(pb.PingRequest(), timeout=seconds, metadata=self._metadata).server_id)

    @_translated
    def status(self) -> ServerStatus:
        """State of the server."""
        reply = self._stub.Status(pb.StatusRequest(), timeout=_QUICK_SECONDS, metadata=self._metadata)
        return ServerStatus(**{field: getattr(reply, field) for field in ServerStatus.__struct_fields__})

    @_translated
    def manifest(self, known_hash: str | None = None) -> ManifestReply:
        """Active version and load error."""
        known = self._parts
        request = pb.ManifestRequest(known_hash=known_hash or "", known_parts=_hashes(known))
        return self._read_manifest(self._stub.Manifest(request, timeout=60.0, metadata=self._metadata), known)

    @_translated
    def reload(self) -> ManifestReply:
        """Load the code anew beside the running version; returns when that has succeeded or failed."""
        known = self._parts
        request = pb.ReloadRequest(known_parts=_hashes(known))
        return self._read_manifest(self._stub.Reload(request, timeout=_RELOAD_SECONDS, metadata=self._metadata), known)

    @_translated
    def wait_for_change(self, revision: int, seconds: float) -> ManifestReply | None:
        """Block until the revision differs from `revision`, at most `seconds`; None when nothing changed."""
        began = time.monotonic()
        request = pb.WaitForChangeRequest(revision=revision, seconds=seconds)
        call = self._stub.WaitForChange.future(request, timeout=seconds + _MARGIN_SECONDS, metadata=self._metadata)
        # The call's own waiting looks ten times a second.
        ended = threading.Event()

        def end(_call: object) -> None:
            ended.set()

        call.add_done_callback(end)
        ended.wait()
        try:
            reply = call.result()
        except grpc.FutureCancelledError:
            raise Unavailable(f"the connection to {self.address} has been closed") from None
        if reply.revision != revision:
            return self.manifest()
        # A server with too many waiters answers at once: keep the caller's pace all the same.
        self._closed.wait(min(1.0, max(0.0, seconds - (time.monotonic() - began))))
        return None

    @_translated
    def evaluate(self, request: TickRequest, deadline_seconds: float) -> TickResult:
        """Run a schedule's or sensor's function for one tick in an evaluator process; killed at the deadline."""
        envelope = pb.EvaluateRequest(
            payload_version=PAYLOAD_VERSION, tick=msgspec.msgpack.encode(request), deadline_seconds=deadline_seconds
        )
        timeout = deadline_seconds + _MARGIN_SECONDS
        reply = self._stub.Evaluate(envelope, timeout=timeout, metadata=self._metadata)
        return msgspec.msgpack.decode(reply.result, type=TickResult)

    @_translated
    def partition_keys(self, name: str) -> list[str]:
        """Keys of a partitions definition whose keys only user code knows."""
        parts = self._stub.PartitionKeys(pb.PartitionKeysRequest(name=name), timeout=65.0, metadata=self._metadata)
        return [key for part in parts for key in part.keys]

    @_translated
    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a run worker; idempotent by (run, epoch). A server that was away a moment ago, or has not been heard of
        yet, may be about to come up: it is given a little time.
        """
        if not self.has_answered:
            with contextlib.suppress(grpc.RpcError):  # the launch itself tells why
                self._stub.Ping(pb.PingRequest(), timeout=_START_SECONDS, metadata=self._metadata, wait_for_ready=True)
        envelope = pb.LaunchRequest(payload_version=PAYLOAD_VERSION, spec=msgspec.msgpack.encode(spec))
        reply = self._stub.Launch(envelope, timeout=30.0, metadata=self._metadata)
        return msgspec.msgpack.decode(reply.worker, type=WorkerRef)

    @_translated
    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker and its processes to end, or kill them."""
        body = msgspec.msgpack.encode(ref)
        request = pb.TerminateRequest(payload_version=PAYLOAD_VERSION, worker=body, force=force)
        self._stub.Terminate(request, timeout=_QUICK_SECONDS, metadata=self._metadata)

    @_translated
    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of the worker now."""
        request = pb.InspectRequest(payload_version=PAYLOAD_VERSION, worker=msgspec.msgpack.encode(ref))
        reply = self._stub.Inspect(request, timeout=_QUICK_SECONDS, metadata=self._metadata)
        return msgspec.msgpack.decode(reply.status, type=WorkerStatus)

    @_translated
    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Workers of these runs that still live."""
        reply = self._stub.Adopt(pb.AdoptRequest(run_ids=run_ids), timeout=30.0, metadata=self._metadata)
        return [msgspec.msgpack.decode(worker, type=WorkerRef) for worker in reply.workers]

    def close(self) -> None:
        """Let go of the connection; waiting calls end."""
        self._closed.set()
        self._channel.close()

    def _read_manifest(self, messages: Iterable[Any], known: list[bytes]) -> ManifestReply:
        header, data = _read_parts(messages, known)
        if header is None:
            raise RostrumError(f"the code server at {self.address} sent an empty answer")
        if data is not None:
            self._parts = manifest_parts(data)
        return ManifestReply(
            manifest_hash=header.manifest_hash or None,
            data=data,
            error=msgspec.msgpack.decode(header.error, type=ErrorInfo) if header.error else None,
            revision=header.revision,
            fork=header.fork,
        )


def _channel(address: str, tls: ClientTls | None, options: list[tuple[str, Any]]) -> grpc.Channel:
    if tls is None:
        return grpc.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials(tls.root_certificates, tls.key, tls.certificate)
    if tls.server_name:
        options = [*options, ("grpc.ssl_target_name_override", tls.server_name)]
    return grpc.secure_channel(address, credentials, options=options)


def _hashes(parts: list[bytes]) -> bytes:
    return b"".join(part_hash(part) for part in parts)


def _read_parts(messages: Iterable[Any], known: list[bytes]) -> tuple[Any, bytes | None]:
    """Header and encoded manifest of an answer; None where it has none."""
    header: Any = None
    body = bytearray()
    for message in messages:
        if message.HasField("header"):
            header = message.header
        else:
            body += message.data
    if header is None or not header.has_data:
        return header, None
    if header.payload_version > PAYLOAD_VERSION:
        raise RostrumError("the code server is newer than this control plane: upgrade the control plane first")
    data = zlib.decompress(body) if header.compression == "zlib" else bytes(body)
    if header.payload_version == 1 or not known:
        return header, data  # whole, as the server has it
    parts = msgspec.msgpack.decode(data, type=list[int | bytes])
    return header, join_parts([known[part] if isinstance(part, int) else part for part in parts])
