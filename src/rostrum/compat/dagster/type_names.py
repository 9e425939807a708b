"""Names of types as that package has them: Python's own classes, and containers that are written with brackets."""

from __future__ import annotations

import types
from typing import Any, Union

from rostrum.definitions.config.types import DataType

__all__ = ["Any", "Bool", "Dict", "Float", "Int", "List", "Nothing", "Optional", "Set", "String", "Tuple"]

Int, Float, String, Bool, Nothing = int, float, str, bool, types.NoneType


class _Container(DataType):
    """`List`, `List[int]`."""

    def __init__(self, python: type[Any]) -> None:
        super().__init__(lambda _, value: isinstance(value, python), name=python.__name__.capitalize(), is_builtin=True)
        self._python: Any = python

    def __getitem__(self, item: Any) -> Any:
        return self._python[item]

    def __call__(self, inner_type: Any = None) -> Any:
        """`List(int)` is `List[int]`."""
        if inner_type is None:
            raise TypeError(f"{self.display_name} makes no values")
        return self[inner_type]


class _Optional:
    """`Optional[int]`."""

    def __getitem__(self, item: Any) -> Any:
        return Union[item, None]  # noqa: UP007 - made of what is given


List, Dict, Set, Tuple, Optional = _Container(list), _Container(dict), _Container(set), _Container(tuple), _Optional()
