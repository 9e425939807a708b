"""Stored structs as JSON for the screen."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec
import pytest

from rostrum.model import events as ev
from rostrum.model.assets import AssetKey
from rostrum.model.events import StoredEvent
from rostrum.model.metadata import FloatMetadata, JsonMetadata
from rostrum.web.jsonable import events_json, plain

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def test_non_finite_numbers_survive_as_texts() -> None:
    metadata = {
        "r": FloatMetadata(math.nan),
        "top": FloatMetadata(-math.inf),
        "deep": JsonMetadata({"x": [math.inf, 1.5]}),
    }
    event = ev.AssetMaterialized(at=T0, run_id="r", sequence=1, asset_key=AssetKey.of("a/b"), metadata=metadata)
    (told,) = msgspec.json.decode(bytes(events_json([StoredEvent(7, event)])))
    assert told["id"] == 7
    assert told["kind"] == "asset_materialized"
    assert told["metadata"]["r"]["value"] == "NaN"
    assert told["metadata"]["top"]["value"] == "-Infinity"
    assert told["metadata"]["deep"]["value"] == {"x": ["Infinity", 1.5]}


def test_an_event_of_a_newer_version_is_shown_as_it_came_and_evidence_is_marked() -> None:
    raw = msgspec.msgpack.encode({"kind": "step_teleported", "at": T0, "run_id": "r", "where": "moon"})
    (told,) = msgspec.json.decode(bytes(events_json([StoredEvent(9, ev.decode_event(raw), evidence=True)])))
    assert told["kind"] == "step_teleported"
    assert told["where"] == "moon"
    assert told["unknown"] is True
    assert told["evidence"] is True


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [150, 500, 900, 950])
def test_an_event_nested_too_deeply_is_cut_and_takes_no_other_down(levels: int) -> None:
    deep = ev.AssetMaterialized(at=T0, asset_key=AssetKey.of("a"), metadata={"m": JsonMetadata(nested(levels))})
    other = ev.EngineMessage(at=T0, message="hello")
    unknown = ev.decode_event(msgspec.msgpack.encode({"kind": "new", "at": T0, "x": nested(levels)}))
    told = msgspec.json.decode(
        bytes(events_json([StoredEvent(number, each) for number, each in enumerate((deep, other, unknown))]))
    )
    assert [each["kind"] for each in told] == ["asset_materialized", "engine_message", "new"]
    assert "nested too deeply" in str(told[0])
    assert told[1]["message"] == "hello"
    assert bytes(msgspec.json.encode(plain({"m": JsonMetadata(nested(levels))})))
