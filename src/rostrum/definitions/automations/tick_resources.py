"""Resources of a tick: opened when its function first uses one, closed with its context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rostrum.definitions.resources.lifecycle import InitResourceContext, open_resource, opening_order

if TYPE_CHECKING:
    import logging


class OpenedResources:
    """Resources that are opened, all those asked for and what they need, at the first use, and closed with the
    context that holds them.
    """

    __slots__ = ("_bound", "_by_id", "_log", "_opened", "_stack")

    def __init__(self, bound: Mapping[str, Any], log: logging.Logger) -> None:
        self._bound, self._log = bound, log
        self._opened: dict[str, Any] = {}
        self._by_id: dict[int, Any] = {}
        self._stack = ExitStack()

    def __contains__(self, key: object) -> bool:
        return key in self._bound

    def __getitem__(self, key: str) -> Any:
        if key not in self._bound:
            raise KeyError(key)
        for each in opening_order(self._bound, [key]):
            if each not in self._opened:
                value = self._bound[each]
                init = InitResourceContext(key=each, resources=self._opened, log=self._log, opened=self._by_id)
                self._opened[each] = self._by_id[id(value)] = self._stack.enter_context(open_resource(value, init))
        return self._opened[key]

    def keys(self) -> Sequence[str]:
        """Keys that can be asked for."""
        return list(self._bound)

    def __iter__(self) -> Any:
        return iter(self._bound)

    def close(self) -> None:
        """Tear down what was opened."""
        self._stack.close()
        self._opened.clear()
