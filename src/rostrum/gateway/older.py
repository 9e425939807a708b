"""What run workers of the version before send as captured output: they were started before an upgrade, and go on. One
part a request, the file's key and stream in the path, the offset in the query.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from rostrum.gateway.bodies import answer
from rostrum.model.errors import StateError
from rostrum.rpc.gateway_wire import LogPart, LogReply

_GAP = 409


class OlderReply(msgspec.Struct, frozen=True):
    """The stored size: with status 409 it is where to go on."""

    size: int


def older_part(path: Mapping[str, str], query: Mapping[str, str], data: bytes) -> LogPart:
    """The part that such a request holds. Raises StateError."""
    try:
        offset = int(query.get("offset", ""))
        return msgspec.convert([path["file_key"], path["stream"], offset, data], LogPart)
    except ValueError as error:
        raise StateError(f"`offset` must be given, as a number: {error}") from error


def older_reply(part: LogPart, reply: LogReply) -> Response:
    """Its answer."""
    (size,) = reply.sizes
    return answer(OlderReply(size), 200 if size >= part.offset + len(part.data) else _GAP)
