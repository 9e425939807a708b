"""Reading request bodies within limits, and writing msgpack answers."""

from __future__ import annotations

import zlib
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rostrum.model.errors import (
    Conflict,
    Denied,
    Fenced,
    InvocationError,
    NotFound,
    RostrumError,
    StateError,
    Unavailable,
)
from rostrum.rpc.gateway_wire import MAX_BODY, MSGPACK, ErrorReply

T = TypeVar("T")

_STATUS: tuple[tuple[type[RostrumError], int], ...] = (
    (NotFound, 404),
    (Denied, 403),
    (Fenced, 409),
    (Conflict, 409),
    (StateError, 400),
    (InvocationError, 400),
    (Unavailable, 503),
)


class TooLarge(StateError):
    """The request's body is larger than the gateway takes."""

    code = "too_large"


async def read_body(request: Request) -> bytes:
    """The body, decompressed. Raises TooLarge (also for a small body that grows large) and StateError (unreadable)."""
    encoding = request.headers.get("content-encoding", "")
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        raise TooLarge(f"bodies of at most {MAX_BODY} bytes are taken")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge(f"bodies of at most {MAX_BODY} bytes are taken")
        parts.append(part)
    body = b"".join(parts)
    if encoding in {"", "identity"}:
        return body
    if encoding in {"gzip", "deflate"}:
        return _inflate(body)
    raise StateError(f"content encoding {encoding!r} is not known; use gzip or none")


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header
    try:
        data = inflater.decompress(body, MAX_BODY)
    except zlib.error as error:
        raise StateError(f"the body is not what its content encoding says: {error}") from error
    if inflater.unconsumed_tail:
        raise TooLarge(f"bodies of at most {MAX_BODY} bytes are taken")
    if not inflater.eof:
        raise StateError("the compressed body is cut short")
    return data


async def read_struct(request: Request, kind: type[T]) -> T:
    """The body as a value of `kind`. Raises StateError."""
    try:
        return msgspec.msgpack.decode(await read_body(request), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:  # nested too deeply, too
        raise StateError(f"the body is not what is expected here: {error}") from error


def answer(value: Any, status: int = 200) -> Response:
    """A msgpack answer."""
    return Response(msgspec.msgpack.encode(value), status, media_type=MSGPACK)


def refusal(error: RostrumError, status: int | None = None) -> Response:
    """The answer that belongs to an error."""
    if status is None:
        status = (
            413 if isinstance(error, TooLarge) else next((s for kind, s in _STATUS if isinstance(error, kind)), 500)
        )
    return answer(ErrorReply(error.code, str(error)), status)
