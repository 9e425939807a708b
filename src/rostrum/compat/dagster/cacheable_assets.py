"""Assets that a class fetches and makes when the code is loaded: the form from before components with state.

Dagster keeps what was fetched with its snapshot of the code location; here it is fetched once in each load.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any


class AssetsDefinitionCacheableData(SimpleNamespace):
    """What a subclass has fetched for some assets, by any names it likes; what is not given is None."""

    def __init__(self, **fetched: Any) -> None:
        super().__init__(**fetched)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class CacheableAssetsDefinition(list[Any]):
    """A list of assets that is made at first use: `compute_cacheable_data` fetches, `build_definitions` makes them."""

    def __init__(self, unique_id: str) -> None:
        super().__init__()
        self._unique_id = unique_id

    @property
    def unique_id(self) -> str:
        """The user's name for it."""
        return self._unique_id

    @abstractmethod
    def compute_cacheable_data(self) -> Sequence[Any]:
        """What the assets are made of. To be defined."""
        raise NotImplementedError(f"{type(self).__name__} has no compute_cacheable_data.")

    @abstractmethod
    def build_definitions(self, data: Sequence[Any]) -> Sequence[Any]:
        """The assets. To be defined."""
        raise NotImplementedError(f"{type(self).__name__} has no build_definitions.")

    def with_resources(self, resource_defs: Mapping[str, Any]) -> list[Any]:
        """The assets with resources bound."""
        return [each.with_resources(resource_defs) for each in self]

    def _made(self) -> list[Any]:
        made: list[Any] | None = vars(self).get("_definitions")
        if made is None:
            made = self._definitions = list(self.build_definitions(self.compute_cacheable_data()))
        return made

    def __iter__(self) -> Iterator[Any]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: Any) -> Any:
        return self._made()[index]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:  # (a list has its own)
        return self is not other

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return id(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {vars(self).get('_unique_id')!r}>"
