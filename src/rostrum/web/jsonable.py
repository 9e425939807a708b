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
DEEPEST = 100
"""Levels that are shown: workers may tell of more, and no page must fail by one value."""
TOO_DEEP = "(nested too deeply to be shown)"


def plain(value: Any) -> Any:
    """A struct or container as plain JSON values. What is nested too deeply is cut."""
    try:
        return _finite(msgspec.to_builtins(value, str_keys=True), DEEPEST)
    except RecursionError:
        return {} if isinstance(value, dict) else TOO_DEEP


def _finite(value: Any, levels: int) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (dict, list, tuple)) and not levels:
        return TOO_DEEP
    if isinstance(value, dict):
        return {key: _finite(item, levels - 1) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [_finite(item, levels - 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def events_json(stored: Iterable[StoredEvent]) -> msgspec.Raw:
    """A list of events, each with its `id`, encoded without completing field by field."""
    parts: list[bytes] = []
    for item in stored:
        try:
            body = _body(item.event)
        except RecursionError:  # hundreds of levels: more than even `plain` can look at
            head = ev.EngineMessage(at=item.event.at, step_key=item.event.step_key, message=TOO_DEEP)
            body = _ENCODER.encode(msgspec.to_builtins(head) | {"kind": item.event.kind})
        evidence = b'"evidence":true,' if item.evidence else b""
        parts.append(b'{"id":%d,' % item.id + evidence + body[1:])
    return msgspec.Raw(b"[" + b",".join(parts) + b"]")


def _body(event: ev.AnyEvent) -> bytes:
    if isinstance(event, ev.UnknownEvent):
        return _ENCODER.encode(plain(msgspec.msgpack.decode(event.raw)) | {"unknown": True})
    if not isinstance(event, _WITH_NUMBERS):
        return _ENCODER.encode(event)
    shown = plain(event)
    if not isinstance(shown, dict):
        raise RecursionError
    return _ENCODER.encode(shown)
