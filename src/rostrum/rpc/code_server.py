"""The gRPC side of a code server: turns calls into calls of a `CodeServerBackend`, and keeps strangers out.

A unix socket is made for its owner only; a TCP address off loopback needs a token. The standard health service answers
without one, so that orchestrators can probe.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, Protocol

import grpc
import msgspec
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.interfaces.locations import CodeLocation, ManifestReply
from rostrum.model.errors import ConfigError, InvocationError, RostrumError, Unavailable
from rostrum.model.manifest_parts import manifest_parts, part_hash
from rostrum.model.ticks import TickRequest
from rostrum.rpc.code_location import CHUNK_BYTES, MAX_MESSAGE_BYTES, PAYLOAD_VERSION, ServerStatus
from rostrum.rpc.errors import status_of, to_metadata
from rostrum.rpc.generated import code_location_pb2 as pb
from rostrum.rpc.generated import code_location_pb2_grpc as pb_grpc

_HEALTH_METHODS = frozenset({"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"})
_HASH_BYTES = 16
_KEYS_A_PART = 10_000
SERVICE = "rostrum.codeserver.v1.CodeLocation"


class CodeServerBackend(CodeLocation, Protocol):
    """What a code server does behind the wire."""

    def status(self) -> ServerStatus:
        """State of the server."""
        ...


class ServerTls(msgspec.Struct, frozen=True, kw_only=True):
    """A server's certificate (PEM bytes); with `client_ca` clients must show one signed by it."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None = None


class GrpcServerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to listen."""

    address: str
    """`unix:/path/to/socket` or `host:port` (port 0: any free one)."""
    token: str | None = None
    tls: ServerTls | None = None
    threads: int = 24
    max_waiters: int = 8
    """Long polls that may hold a thread at once; more are answered at once."""


class GrpcServer:
    """A running gRPC server. `address` is where it listens."""

    def __init__(self, backend: CodeServerBackend, options: GrpcServerOptions) -> None:
        _check(options)
        settings = [
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ]
        interceptors: list[grpc.ServerInterceptor] = [_TokenInterceptor(options.token)] if options.token else []
        pool = futures.ThreadPoolExecutor(options.threads, thread_name_prefix="grpc")
        self._server = grpc.server(pool, interceptors=interceptors, options=settings)
        pb_grpc.add_CodeLocationServicer_to_server(_Service(backend, options.max_waiters), self._server)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.address = _bind(self._server, options)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()
        for service in ("", SERVICE):
            self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    def stop(self, grace_seconds: float = 1.0) -> None:
        """Refuse new calls, let present ones end for a while, and let go of the address."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_seconds).wait()


def _check(options: GrpcServerOptions) -> None:
    if options.address.startswith("unix:") or options.token:
        return
    host = options.address.rpartition(":")[0].strip("[]")
    with contextlib.suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise ConfigError(
        f"a code server on {options.address} could be used by anybody in the network: set a token "
        "(ROSTRUM_CODE_SERVER_TOKEN), or listen on 127.0.0.1 or a unix socket"
    )


def _bind(server: grpc.Server, options: GrpcServerOptions) -> str:
    if options.address.startswith("unix:"):
        path = Path(options.address.removeprefix("unix:"))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = os.umask(0o177)  # the socket is born 0600: no moment in which others could connect
        try:
            server.add_insecure_port(options.address)
        finally:
            os.umask(before)
        path.chmod(0o600)
        return options.address
    if options.tls is None:
        port = server.add_insecure_port(options.address)
    else:
        pair = [(options.tls.key, options.tls.certificate)]
        credentials = grpc.ssl_server_credentials(
            pair,  # pyright: ignore[reportArgumentType] - a pair is what it takes
            options.tls.client_ca,
            options.tls.client_ca is not None,
        )
        port = server.add_secure_port(options.address, credentials)
    return f"{options.address.rpartition(':')[0]}:{port}"


class _TokenInterceptor(grpc.ServerInterceptor):
    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

        def refuse(_request: Any, context: grpc.ServicerContext) -> Any:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "a valid token is required")

        self._refusals: dict[tuple[bool, bool], Any] = {
            (False, False): grpc.unary_unary_rpc_method_handler(refuse),
            (False, True): grpc.unary_stream_rpc_method_handler(refuse),
        }

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        handler: Any = continuation(handler_call_details)
        if handler is None or handler_call_details.method in _HEALTH_METHODS:
            return handler
        given = dict(handler_call_details.invocation_metadata).get("authorization", "")
        if hmac.compare_digest(str(given).encode(), self._expected):
            return handler
        return self._refusals[handler.request_streaming, handler.response_streaming]


@contextlib.contextmanager
def _answering(context: grpc.ServicerContext) -> Generator[None]:
    """Turn our errors, and bodies that cannot be read, into statuses."""
    try:
        yield
    except msgspec.MsgspecError as error:
        _abort(context, InvocationError(f"the request cannot be read: {error}"))
    except RostrumError as error:
        _abort(context, error)


def _abort(context: grpc.ServicerContext, error: RostrumError) -> None:
    context.set_trailing_metadata(to_metadata(error))
    context.abort(status_of(error), str(error)[:1000])


def _decode(request: Any, body: bytes, kind: Any) -> Any:
    if request.payload_version > PAYLOAD_VERSION:
        raise InvocationError(
            "the request is of a newer version than this code server: upgrade Rostrum where the code runs"
        )
    return msgspec.msgpack.decode(body, type=kind)


class _Service(pb_grpc.CodeLocationServicer):
    """One method a call; names are those of the wire."""

    def __init__(self, backend: CodeServerBackend, max_waiters: int) -> None:
        self._backend = backend
        self._waiters = threading.BoundedSemaphore(max_waiters)
        self._packed: tuple[str, bytes] = ("", b"")

    def Ping(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.PingReply(echo=request.echo, server_id=self._backend.status().server_id)

    def Status(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            status = self._backend.status()
            return pb.StatusReply(**{field: getattr(status, field) for field in ServerStatus.__struct_fields__})

    def Manifest(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        with _answering(context):
            reply = self._backend.manifest(request.known_hash or None)
        return self._parts(reply, request.known_parts)

    def Reload(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        with _answering(context):
            reply = self._backend.reload()
        return self._parts(reply, request.known_parts)

    def WaitForChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        if not self._waiters.acquire(blocking=False):
            return pb.WaitForChangeReply(revision=request.revision)
        try:
            with _answering(context):
                reply = self._backend.wait_for_change(request.revision, min(request.seconds, 300.0))
        finally:
            self._waiters.release()
        return pb.WaitForChangeReply(revision=request.revision if reply is None else reply.revision)

    def Evaluate(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            tick = _decode(request, request.tick, TickRequest)
            result = self._backend.evaluate(tick, request.deadline_seconds)
            return pb.EvaluateReply(payload_version=PAYLOAD_VERSION, result=msgspec.msgpack.encode(result))

    def PartitionKeys(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        with _answering(context):
            keys = self._backend.partition_keys(request.name)
        return (pb.PartitionKeysPart(keys=keys[at : at + _KEYS_A_PART]) for at in range(0, len(keys), _KEYS_A_PART))

    def Launch(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            if not context.is_active():
                raise Unavailable("the launch came too late: nobody waits for it any more")
            worker = self._backend.launch(_decode(request, request.spec, LaunchSpec))
            return pb.LaunchReply(payload_version=PAYLOAD_VERSION, worker=msgspec.msgpack.encode(worker))

    def Terminate(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            self._backend.terminate(_decode(request, request.worker, WorkerRef), force=request.force)
            return pb.TerminateReply()

    def Inspect(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            status = self._backend.inspect(_decode(request, request.worker, WorkerRef))
            return pb.InspectReply(payload_version=PAYLOAD_VERSION, status=msgspec.msgpack.encode(status))

    def Adopt(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _answering(context):
            workers = self._backend.adopt(list(request.run_ids))
            bodies = [msgspec.msgpack.encode(worker) for worker in workers]
            return pb.AdoptReply(payload_version=PAYLOAD_VERSION, workers=bodies)

    def _parts(self, reply: ManifestReply, known: bytes) -> Iterator[Any]:
        header = pb.ManifestHeader(
            payload_version=PAYLOAD_VERSION,
            manifest_hash=reply.manifest_hash or "",
            revision=reply.revision,
            fork=reply.fork,
            error=msgspec.msgpack.encode(reply.error) if reply.error else b"",
            has_data=reply.data is not None,
            compression="zlib" if reply.data is not None else "",
        )
        yield pb.ManifestPart(header=header)
        packed = _pack_changed(reply.data, known) if reply.data is not None and known else self._pack(reply)
        for at in range(0, len(packed), CHUNK_BYTES):
            yield pb.ManifestPart(data=packed[at : at + CHUNK_BYTES])

    def _pack(self, reply: ManifestReply) -> bytes:
        """Compress once a version."""
        if reply.data is None:
            return b""
        known, packed = self._packed
        if known != reply.manifest_hash:
            packed = zlib.compress(reply.data, 3)
            self._packed = (reply.manifest_hash or "", packed)
        return packed


def _pack_changed(data: bytes, known: bytes) -> bytes:
    """The manifest with the parts that the caller has as their place in `known`, compressed."""
    places = {known[at : at + _HASH_BYTES]: at // _HASH_BYTES for at in range(0, len(known), _HASH_BYTES)}
    parts = [places.get(part_hash(part), part) for part in manifest_parts(data)]
    return zlib.compress(msgspec.msgpack.encode(parts), 3)
