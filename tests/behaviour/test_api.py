"""Every public name is there, and takes what the peer's takes. One test a name, generated from `symbols.json`."""

from __future__ import annotations

import pytest

from rostrum.compat.dagster.placeholders import NotPartOfRostrum, is_placeholder
from tests.behaviour.conformance import all_symbols, differences, value_of


@pytest.mark.parametrize(("module", "name"), all_symbols(), ids=lambda part: part)
def test_symbol(module: str, name: str) -> None:
    value = value_of(module, name)
    if not is_placeholder(value):
        found = differences(module, name)
        assert not found, "\n" + "\n".join(f"{module}.{name} {told}" for told in found)
    elif not issubclass(value, BaseException):
        with pytest.raises(NotPartOfRostrum, match=rf"{name} is not part of Rostrum yet"):
            value()
