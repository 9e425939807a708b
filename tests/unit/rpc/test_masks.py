"""Secrets are covered in what people read, and nothing else is changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rostrum.interfaces.masks import Masks
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo, Frame
from rostrum.model.events import AssetMaterialized, LogMessage, RunFailed, StepFailed, StepSkipped, StepStarted
from rostrum.model.metadata import JsonMetadata, TableMetadata, TableSchema, TextMetadata
from rostrum.model.secrets import MASK

AT = datetime(2026, 1, 2, tzinfo=UTC)
SECRET = 'hunter2-"q\\u00fc'


@pytest.fixture
def masks() -> Masks:
    masks = Masks()
    masks.add((SECRET, "first line of key\nsecond line of key"))
    return masks


def test_texts_in_every_form_it_is_written_in(masks: Masks) -> None:
    for form in (SECRET, msgspec.json.encode(SECRET).decode()[1:-1], repr(SECRET)[1:-1]):
        assert masks.text(f"a {form} b") == f"a {MASK} b"
    assert masks.text("https://host/?q=hunter2-%22q%5Cu00fc&x=1") == f"https://host/?q={MASK}&x=1"
    assert masks.text("... second line of key ...") == f"... {MASK} ..."
    assert masks.text("nothing") == "nothing"


def test_output_keeps_its_length(masks: Masks) -> None:
    data = f"a {SECRET} b {SECRET}\n".encode()
    covered = masks.data(data)
    assert SECRET.encode() not in covered
    assert len(covered) == len(data)
    assert covered.startswith(b"a ***")


def test_an_end_that_may_go_on(masks: Masks) -> None:
    assert masks.open_end(b"... hunter2") == 7
    assert masks.open_end(b"... hunter2 ") == 0
    assert masks.open_end(f"... {SECRET}".encode()) == 0
    assert masks.open_end(b"") == 0


def test_events(masks: Masks) -> None:
    frame = Frame(file="a.py", line=1, function="f", source=(f"password = '{SECRET}'",), user=True)
    error = ErrorInfo("E", f"wrong: {SECRET}", (frame,), cause=ErrorInfo("C", SECRET))
    metadata: dict[str, Any] = {
        "text": TextMetadata(SECRET),
        "json": JsonMetadata({"a": [1, {"b": SECRET}]}),
        "table": TableMetadata(schema=TableSchema(()), rows=((SECRET, 1),)),
    }
    events = [
        LogMessage(at=AT, level="info", message=f"it is {SECRET}", error=error),
        StepFailed(at=AT, step_key="s", error=error, metadata=metadata),
        RunFailed(at=AT, reason="step_failure", message=SECRET, error=error),
        StepSkipped(at=AT, step_key="s", reason=SECRET),
        AssetMaterialized(at=AT, asset_key=AssetKey(("a",)), description=SECRET, metadata=metadata),
    ]
    for event in events:
        covered = masks.event(event)
        assert b"hunter2" not in msgspec.json.encode(covered)
        assert MASK.encode() in msgspec.json.encode(covered)
        assert (covered.kind, covered.step_key, covered.at) == (event.kind, event.step_key, event.at)


def test_what_holds_no_secret_is_the_same_object(masks: Masks) -> None:
    started = StepStarted(at=AT, step_key="s")
    plain = AssetMaterialized(at=AT, asset_key=AssetKey(("a",)), metadata={"n": JsonMetadata({"a": [1, None, "x"]})})
    assert masks.event(started) is started
    assert masks.event(plain) is plain


def test_keys_are_no_texts() -> None:
    masks = Masks()
    masks.add(("orders",))
    event = AssetMaterialized(at=AT, asset_key=AssetKey(("orders",)), description="orders")
    assert masks.event(event).asset_key == AssetKey(("orders",))


def test_names_that_tell() -> None:
    masks = Masks()
    masks.add_environment(
        {
            "APP_PASSWORD": "correct horse",
            "DATABASE_URL": "postgres://me:battery@host/db",
            "HOME": "/srv/somewhere",
            "SHORT_TOKEN": "abc",
            "PLAIN_SECRET": "changeme",
            "APP_CREDENTIALS": "/",
            "CLOUD_CREDENTIALS": '{"private_key": "-----BEGIN-----\\nMIIEvQ==longer\\n", "project": "harmless"}',
        }
    )
    text = "correct horse battery /srv/somewhere abc changeme / MIIEvQ==longer harmless"
    assert masks.text(text) == f"{MASK} {MASK} /srv/somewhere abc changeme / {MASK} harmless"


def test_fields_below_a_secret_name() -> None:
    masks = Masks()
    masks.add_fields(
        {"resources": {"db": {"config": {"credentials": {"user": "somebody", "n": 1}, "rows": "plain text"}}}}
    )
    assert masks.text("somebody reads plain text") == f"{MASK} reads plain text"


def test_who_listens_is_told_before_add_returns() -> None:
    masks = Masks()
    told: list[str] = []
    masks.add(("before it",))
    masks.listen("x", told.extend)
    masks.add(("value one", "before it"))
    masks.add(("value one",))
    assert told == ["value one"]
    masks.listen("x", None)
    masks.add(("value two",))
    assert told == ["value one"]


def test_variables_in_lists_are_told_by_their_names() -> None:
    masks = Masks()
    pod = {"env": [{"name": "DB_PASSWORD", "value": "hunter2-pod"}, {"name": "REGION", "value": "europe-west"}]}
    masks.add_fields({"env_vars": ["API_TOKEN=hunter2-list", "REGION=europe-west"], "container_config": pod})
    assert masks.values == {"hunter2-pod", "hunter2-list"}
