"""Events as they are stored: every kind comes back as it went, and what older versions wrote is still read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import pytest

from rostrum.model import events as ev
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.runs import Run, RunTarget, Trigger
from rostrum.model.tables import TableColumn, TableColumnConstraints, TableSchema

AT = datetime(2024, 1, 1, tzinfo=UTC)
KEYS: dict[Any, Any] = {AssetKey: AssetKey.of("a/b"), CheckKey: CheckKey(AssetKey.of("a"), "good")}
KINDS = [kind for kind in get_args(ev.AnyEvent) if kind is not ev.UnknownEvent]


def sample(of: Any) -> Any:
    """A value of a type: what decodes from the plainest data."""
    if of in KEYS:
        return KEYS[of]
    for plain in ("a", 1, True, AT.isoformat(), [], {}, ["a"], {"name": "a"}):
        try:
            return msgspec.convert(plain, of)
        except (msgspec.ValidationError, TypeError, ValueError):
            continue
    required = {field.name: sample(field.type) for field in msgspec.structs.fields(of) if field.required}
    return of(**required)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_comes_back_as_it_went(kind: type[Any]) -> None:
    values = {f.name: sample(f.type) for f in msgspec.structs.fields(kind) if f.required and f.name != "at"}
    event = kind(at=AT, **values)
    assert ev.decode_event(ev.encode_event(event)) == event
    assert list(ev.decode_events(ev.encode_events([event, event]))) == [event, event]


def test_mapped_steps() -> None:
    event = ev.StepsMapped(at=AT, step_key="list", step_keys=("work[a]", "work[b]"))
    assert ev.decode_event(ev.encode_event(event)) == event
    run = Run(run_id="r", target=RunTarget("here", "j"), created_at=AT, trigger=Trigger("manual"), steps_total=3)
    assert run.after(event).steps_total == 5
    assert ev.decode_event(msgspec.msgpack.encode({"kind": "steps_mapped", "at": AT})) == ev.StepsMapped(at=AT)


def test_constraints_that_were_words() -> None:
    """Once a column and a schema had a list of words each."""
    old = {
        "columns": [{"name": "n", "type": "int", "nullable": False, "constraints": ["positive"]}, {"name": "m"}],
        "constraints": ["sorted"],
    }
    schema = msgspec.convert(old, TableSchema)
    assert schema.columns[0].constraints == TableColumnConstraints(other=["positive"])
    assert schema.constraints is not None
    assert schema.constraints.other == ["sorted"]
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(schema), type=TableSchema)
    assert again == schema
    assert again.columns[1] == TableColumn("m")
