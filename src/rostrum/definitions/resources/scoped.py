"""`context.resources`: the opened resources that user code may use, by attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rostrum.definitions.names import nearest
from rostrum.model.errors import InvariantError, UnknownResource


class ScopedResources:
    """`context.resources`: one attribute a resource that the step may use."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            known = ", ".join(sorted(self._values)) or "none"
            hint = nearest(key, self._values)
            raise UnknownResource(
                f"resource {key!r} is not available here (available: {known}).{hint} "
                f"Add a parameter annotated with its class, or required_resource_keys={{{key!r}}}; a context that is "
                f"built by hand takes resources={{{key!r}: ...}}."
            ) from None


class EnteredResources(Mapping[str, Any]):
    """Resources that are torn down after a `with` statement: they can be used inside it only."""

    def __init__(self, values: Mapping[str, Any], torn: Sequence[str]) -> None:
        self._values, self._torn, self._entered = values, torn, False

    def enter(self) -> None:
        """The `with` statement has begun."""
        self._entered = True

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        if not self._entered:
            raise InvariantError(
                f"At least one provided resource is torn down after its use ({', '.join(self._torn)}), but the context "
                "was not entered: use it as `with build_asset_context(resources=...) as context:`."
            )
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
