"""Selections of checks as trees: what they select on an asset graph."""

from __future__ import annotations

from typing import Protocol

import msgspec

from rostrum.model.assets import CheckKey
from rostrum.planning.graph import AssetGraph
from rostrum.planning.selection import Node


class CheckNames(Protocol):
    """A selection of checks."""

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """Keys that are selected."""
        ...


class NoChecks(msgspec.Struct, frozen=True):
    """No check."""

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """No key."""
        return set()

    def __str__(self) -> str:
        return "no checks"


class AllChecks(msgspec.Struct, frozen=True):
    """All checks."""

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """All keys."""
        return set(graph.check_nodes)

    def __str__(self) -> str:
        return "all checks"


class TheseChecks(msgspec.Struct, frozen=True):
    """Named checks; those that do not exist are left out."""

    keys: tuple[CheckKey, ...]

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """The keys."""
        return {key for key in self.keys if key in graph.check_nodes}

    def __str__(self) -> str:
        return f"checks({', '.join(str(key) for key in self.keys)})"


class ChecksOf(msgspec.Struct, frozen=True):
    """All checks of selected assets."""

    assets: Node

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """Keys of their checks."""
        return {check.key for key in self.assets.resolve(graph) for check in graph.checks.get(key, ())}

    def __str__(self) -> str:
        return f"checks of {self.assets}"


class EitherChecks(msgspec.Struct, frozen=True):
    """Checks that one side selects."""

    left: CheckNames
    right: CheckNames

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """Union."""
        return self.left.resolve(graph) | self.right.resolve(graph)

    def __str__(self) -> str:
        return f"({self.left} or {self.right})"


class BothChecks(msgspec.Struct, frozen=True):
    """Checks that both sides select."""

    left: CheckNames
    right: CheckNames

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """Intersection."""
        return self.left.resolve(graph) & self.right.resolve(graph)

    def __str__(self) -> str:
        return f"({self.left} and {self.right})"


class ChecksBut(msgspec.Struct, frozen=True):
    """Checks that one side selects and the other does not."""

    left: CheckNames
    right: CheckNames

    def resolve(self, graph: AssetGraph) -> set[CheckKey]:
        """Difference."""
        return self.left.resolve(graph) - self.right.resolve(graph)

    def __str__(self) -> str:
        return f"({self.left} and not {self.right})"
