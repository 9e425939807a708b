"""Errors on the gRPC wire: a status for everybody, and trailing metadata that lets our client raise the same class
again.
"""

from __future__ import annotations

from typing import Any

import grpc
import msgspec

from rostrum.model.errors import (
    Conflict,
    DefinitionError,
    Denied,
    Fenced,
    InvocationError,
    NotFound,
    NotPartitioned,
    RostrumError,
    StateError,
    Unavailable,
    UnknownPartition,
    UserCodeError,
)

METADATA_KEY = "rostrum-error-bin"

_CLASSES: dict[str, type[RostrumError]] = {
    kind.code: kind
    for kind in (
        RostrumError, DefinitionError, InvocationError, UserCodeError, StateError,
        NotFound, Conflict, Fenced, Denied, Unavailable,
        UnknownPartition, NotPartitioned,
    )
}  # fmt: skip

_STATUS: dict[str, grpc.StatusCode] = {
    Unavailable.code: grpc.StatusCode.UNAVAILABLE,
    NotFound.code: grpc.StatusCode.NOT_FOUND,
    Conflict.code: grpc.StatusCode.ALREADY_EXISTS,
    Denied.code: grpc.StatusCode.PERMISSION_DENIED,
    InvocationError.code: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownPartition.code: grpc.StatusCode.NOT_FOUND,
}


class WireError(msgspec.Struct, frozen=True):
    """Body of the trailing metadata."""

    code: str
    message: str


def status_of(error: RostrumError) -> grpc.StatusCode:
    """The gRPC status that says nearly the same."""
    return _STATUS.get(error.code, grpc.StatusCode.FAILED_PRECONDITION)


def to_metadata(error: RostrumError) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata of an error."""
    return ((METADATA_KEY, msgspec.msgpack.encode(WireError(error.code, str(error)))),)


def from_call(error: grpc.RpcError, address: str) -> RostrumError:
    """The error to raise for a failed call."""
    trailing = error.trailing_metadata() if isinstance(error, grpc.Call) else None
    pairs: Any = trailing or ()
    for key, value in pairs:
        if key == METADATA_KEY:
            wire = msgspec.msgpack.decode(value, type=WireError)
            return _CLASSES.get(wire.code, RostrumError)(wire.message)
    code = error.code() if isinstance(error, grpc.Call) else None
    details = error.details() if isinstance(error, grpc.Call) else str(error)
    if code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
        return Denied(f"the code server at {address} refuses the token: {details}")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unavailable(f"the code server at {address} did not answer in time")
    if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED}:
        return Unavailable(f"the code server at {address} cannot be reached: {details}")
    return RostrumError(f"the code server at {address} failed: {details}")
