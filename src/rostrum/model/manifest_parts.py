"""A manifest as bytes: a list of parts that are addressed by their content, so that what has not changed is neither
sent nor stored again (adr/0011).

A part is a manifest in itself; all of them together are the whole. Lines of source files are in parts of their own: a
line that is added to a file moves all that is below it, and shall not send what was not changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from rostrum.model.manifest import Manifest, ScheduleNode, SensorNode, Source

PART_SIZE = 64
"""Definitions in a part, on average."""
_LARGEST_PART = 512
_LISTS = ("assets", "checks", "ops", "graphs", "jobs", "schedules", "sensors", "resources")
_SHORT_LIST, _LONG_LISTS = 0x90, (b"\xdc", b"\xdd")
"""First bytes of a list in msgpack."""
_NO_LINE = 0


def encode_manifest(manifest: Manifest) -> bytes:
    """Encode deterministically.

    Where a part ends depends on the names in it alone, so that a changed definition changes one part and an added one
    moves no other.
    """
    return join_parts([msgspec.msgpack.encode(part, order="deterministic") for part in _parts(manifest)])


def decode_manifest(data: bytes) -> Manifest:
    """Decode what `encode_manifest` wrote. Unknown fields of newer versions are ignored."""
    found: list[Manifest] = []
    for part in manifest_parts(data):
        if _is_list(part):
            _set_lines(found[-1], msgspec.msgpack.decode(part, type=list[int]))
        else:
            found.append(msgspec.msgpack.decode(part, type=Manifest))
    if len(found) == 1:
        return found[0]
    lists = {name: tuple([each for part in found for each in getattr(part, name)]) for name in _LISTS}
    return msgspec.structs.replace(found[0], **lists)


class _Automations(msgspec.Struct, frozen=True):
    """What of a part is an automation."""

    schedules: tuple[ScheduleNode, ...] = ()
    sensors: tuple[SensorNode, ...] = ()


def decode_automations(data: bytes) -> Manifest:
    """Decode schedules and sensors alone, without the lines of their sources. Of many assets nothing is made."""
    found = [msgspec.msgpack.decode(part, type=_Automations) for part in manifest_parts(data) if not _is_list(part)]
    return Manifest(
        schedules=tuple([each for part in found for each in part.schedules]),
        sensors=tuple([each for part in found for each in part.sensors]),
    )


def manifest_parts(data: bytes) -> list[bytes]:
    """Parts of an encoded manifest. One that was encoded before there were parts is a part itself."""
    return msgspec.msgpack.decode(data, type=list[bytes]) if _is_list(data) else [data]


def join_parts(parts: Sequence[bytes]) -> bytes:
    """The encoded manifest of these parts."""
    return msgspec.msgpack.encode(parts)


def manifest_hash(data: bytes) -> str:
    """Hash of an encoded manifest: 32 hex digits of BLAKE2b over the hashes of its parts."""
    import hashlib  # loads OpenSSL: 3 ms that scripts which only define things need not pay

    parts = manifest_parts(data)
    if parts == [data]:
        return hashlib.blake2b(data, digest_size=16).hexdigest()
    return hashlib.blake2b(b"".join(part_hash(part) for part in parts), digest_size=16).hexdigest()


def part_hash(part: bytes) -> bytes:
    """Hash of a part: 16 bytes of BLAKE2b."""
    import hashlib  # as above

    return hashlib.blake2b(part, digest_size=16).digest()


def _is_list(data: bytes) -> bool:
    return data[:1] in _LONG_LISTS or (bool(data) and data[0] & 0xF0 == _SHORT_LIST)


def _parts(manifest: Manifest) -> Iterator[Manifest | list[int]]:
    """What is not long comes first, in one part; then each long list in parts of its own, each with its lines."""
    long = {name: nodes for name in _LISTS if len(nodes := getattr(manifest, name)) > 2 * PART_SIZE}
    yield msgspec.structs.replace(manifest, **dict.fromkeys(long, ()))
    for name, nodes in long.items():
        begin = 0
        for end, node in enumerate(nodes, 1):
            if end == len(nodes) or end - begin == _LARGEST_PART or zlib.crc32(_name(node)) % PART_SIZE == 0:
                part = nodes[begin:end]
                stripped: dict[str, Any] = {name: tuple([_without_line(each) for each in part])}
                yield Manifest(**stripped)
                if any(each.source is not None for each in part):
                    yield _lines(part)
                begin = end


def _name(node: Any) -> bytes:
    return (node.name if hasattr(node, "name") else str(node.key)).encode()


def _lines(nodes: Sequence[Any]) -> list[int]:
    """Lines of the sources, each as the difference to the one before: what is compressed best."""
    lines = [each.source.line if each.source is not None else _NO_LINE for each in nodes]
    return [line - before for line, before in zip(lines, [0, *lines], strict=False)]


def _set_lines(part: Manifest, lines: Sequence[int]) -> None:
    """In place: nothing else knows yet what was just decoded, and copies would cost memory."""
    (name,) = (name for name in _LISTS if getattr(part, name))
    line = 0
    for node, step in zip(getattr(part, name), lines, strict=True):
        line += step
        if node.source is not None:
            msgspec.structs.force_setattr(node.source, "line", line)
            msgspec.structs.force_setattr(node.source, "file", _file(node.source.file).file)  # one text a file


def _without_line(node: Any) -> Any:
    return node if node.source is None else msgspec.structs.replace(node, source=_file(node.source.file))


@lru_cache(maxsize=1024)
def _file(name: str) -> Source:
    return Source(name, _NO_LINE)
