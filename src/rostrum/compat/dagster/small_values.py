"""Small classes, aliases and functions of `dagster` that belong to no larger area."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
from typing import Any as TypingAny

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import RostrumError

__all__ = [
    "AssetJobKey",
    "AssetOrCheckKey",
    "CodeLocationSelector",
    "ComponentFormConfig",
    "DagsterEventLogInvalidForRun",
    "DagsterLibraryRegistry",
    "IAttachDifferentObjectToOpContext",
    "JobSelector",
    "Mapping",
    "PaginatedResults",
    "RepositorySelector",
    "RunShardedEventsCursor",
    "Sequence",
    "TypingAny",
    "raise_execution_interrupts",
]

AssetOrCheckKey = AssetKey | CheckKey


class DagsterLibraryRegistry:
    """Versions of integration packages, which register themselves when they are imported."""

    _versions: ClassVar[dict[str, str]] = {}

    @classmethod
    def register(cls, name: str, version: str, *, is_dagster_package: bool = True) -> None:
        """Note a package and its version."""
        del is_dagster_package
        cls._versions[name] = version

    @classmethod
    def get(cls) -> Mapping[str, str]:
        """Package -> version."""
        return dict(cls._versions)


@dataclass(frozen=True, kw_only=True)
class ComponentFormConfig:
    """How a form shows a component, or one of its fields."""

    label: str | None = None
    editable: bool = False
    hidden: bool | None = None
    placeholder: str | None = None
    multiline: bool | None = None
    widget: str | None = None
    advanced: bool | None = None
    id_source: str | None = None

    def to_field_json_schema_extra(self) -> dict[str, Any]:
        """What is given, for the schema of a field."""
        return {"x-form": {key: value for key, value in vars(self).items() if value is not None}}

    def to_component_json_schema_extra(self) -> dict[str, Any]:
        """What is given, for the schema of a component."""
        return self.to_field_json_schema_extra()


class CodeLocationSelector(NamedTuple):
    """Names a code location."""

    location_name: str

    def to_repository_selector(self) -> RepositorySelector:
        """Its only repository."""
        return RepositorySelector(self.location_name, "__repository__")


class RepositorySelector(NamedTuple):
    """Names a repository of a code location; here there is one of each."""

    location_name: str
    repository_name: str

    def to_graphql_input(self) -> dict[str, str]:
        """As the API takes it."""
        return {"repositoryLocationName": self.location_name, "repositoryName": self.repository_name}


class JobSelector(NamedTuple):
    """Names a job of a code location."""

    location_name: str
    repository_name: str | None = None
    job_name: str | None = None

    @property
    def repository_selector(self) -> RepositorySelector:
        """The repository part."""
        return RepositorySelector(self.location_name, self.repository_name or "__repository__")

    def to_graphql_input(self) -> dict[str, str | None]:
        """As the API takes it."""
        return {**self.repository_selector.to_graphql_input(), "pipelineName": self.job_name}


class AssetJobKey(NamedTuple):
    """Names a job, among keys of assets and checks."""

    job_name: str

    def to_user_string(self) -> str:
        """As people write it."""
        return self.job_name

    @staticmethod
    def from_user_string(text: str) -> AssetJobKey:
        """From what people write."""
        return AssetJobKey(text)


class PaginatedResults(NamedTuple):
    """A page of results."""

    results: Sequence[Any]
    cursor: str
    has_more: bool

    @staticmethod
    def create_from_sequence(seq: Sequence[Any], limit: int, ascending: bool, cursor: str | None = None) -> Any:
        """The page that follows `cursor`, which is the place of its first item."""
        ordered = list(seq) if ascending else list(reversed(seq))
        start = int(cursor) if cursor else 0
        page = ordered[start : start + limit]
        return PaginatedResults(page, str(start + len(page)), start + len(page) < len(ordered))


class RunShardedEventsCursor(NamedTuple):
    """Place in a log of events that is kept run by run."""

    id: int
    run_updated_after: Any


class IAttachDifferentObjectToOpContext(ABC):
    """A resource that shows steps another object than itself."""

    @abstractmethod
    def get_object_to_set_on_execution_context(self) -> Any:
        """The object that steps see."""


class DagsterEventLogInvalidForRun(RostrumError):
    """Events of a run cannot be read."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"the events of run {run_id} cannot be read")
        self.run_id = run_id


@contextlib.contextmanager
def raise_execution_interrupts() -> Generator[None]:
    """A block in which a request to end raises; user code is always in one."""
    yield
