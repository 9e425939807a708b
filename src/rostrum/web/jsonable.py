"""Stored structs as JSON for the screen. Non-finite floats become the texts "NaN", "Infinity" and "-Infinity": plain
JSON would lose them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from rostrum.model import events as ev
from rostrum.model.events import StoredEvent

_WITH_NUMBERS = (
    ev.AssetMaterialized,
    ev.AssetObserved,
    ev.CheckEvaluated,
    ev.OutputStored,
    ev.StepFailed,
    ev.EngineMessage,
)
_ENCODER = msgspec.json.Encoder()


def plain(value: Any) -> Any:
    """A struct or container as plain JSON values."""
    return _finite(msgspec.to_builtins(value, str_keys=True))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def events_json(stored: Iterable[StoredEvent]) -> msgspec.Raw:
    """A list of events, each with its `id`, encoded without completing field by field."""
    parts: list[bytes] = []
    for item in stored:
        event = item.event
        if isinstance(event, ev.UnknownEvent):
            fields = plain(msgspec.msgpack.decode(event.raw)) | {"unknown": True}
            body = _ENCODER.encode(fields)
        else:
            body = _ENCODER.encode(plain(event) if isinstance(event, _WITH_NUMBERS) else event)
        evidence = b'"evidence":true,' if item.evidence else b""
        parts.append(b'{"id":%d,' % item.id + evidence + body[1:])
    return msgspec.Raw(b"[" + b",".join(parts) + b"]")
