"""Stored structs as JSON for the screen."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec

from rostrum.model import events as ev
from rostrum.model.assets import AssetKey
from rostrum.model.events import StoredEvent
from rostrum.model.metadata import FloatMetadata, JsonMetadata
from rostrum.web.jsonable import events_json

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
