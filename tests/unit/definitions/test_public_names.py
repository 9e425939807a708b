"""The lazy table of `rostrum` and its stub tell the same names, and all of them exist."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import rostrum


def names_in_stub() -> dict[str, str]:
    tree = ast.parse(Path(rostrum.__file__).with_suffix(".pyi").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def test_table_and_stub_agree():
    table = {name: module for module, names in rostrum._TABLE.items() for name in names}
    assert table == names_in_stub()
    assert set(rostrum.__all__) == {*table, "__version__"}


def test_every_name_exists_and_says_what_it_is():
    for name, module in names_in_stub().items():
        assert getattr(rostrum, name) is getattr(importlib.import_module(module), name)
        assert name in dir(rostrum)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = rostrum.nope
