"""Section 0: names and keys."""

from __future__ import annotations

import dagster as dg
import pytest


def test_key_constructor_does_not_split() -> None:
    assert dg.AssetKey("a/b").path == ["a/b"]
    assert dg.AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert dg.AssetKey.from_user_string("a/b") == dg.AssetKey(["a", "b"])


@pytest.mark.parametrize("name", ["input", "output", "type", "context", "conf", "config", "int", "None", "a-b", "a b"])
def test_reserved_and_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.op(name=name)
        def _op() -> None: ...
