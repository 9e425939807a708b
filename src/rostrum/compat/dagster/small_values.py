"""Small classes, aliases and functions of `dagster` that belong to no larger area."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple
from typing import Any as TypingAny

import rostrum
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import RostrumError

__all__ = [
    "AssetJobKey",
    "AssetOrCheckKey",
    "CodeLocationSelector",
    "DagsterEventLogInvalidForRun",
    "DagsterLibraryRegistry",
    "FileHandle",
    "IAttachDifferentObjectToOpContext",
    "JobSelector",
    "LocalFileHandle",
    "Mapping",
    "PaginatedResults",
    "RepositorySelector",
    "RunShardedEventsCursor",
    "Sequence",
    "TypingAny",
    "local_file_manager",
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


class FileHandle(ABC):
    """Stands for a file that a file manager keeps."""

    @property
    @abstractmethod
    def path_desc(self) -> str:
        """Where the file is, for people."""


class LocalFileHandle(FileHandle):
    """A file on this machine."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def path(self) -> str:
        """Its path."""
        return self._path

    @property
    def path_desc(self) -> str:
        """Its path."""
        return self._path


class LocalFileManager:
    """Keeps files in a folder of this machine; what `local_file_manager` gives to steps."""

    def __init__(self, base_dir: str) -> None:
        self.base_dir = base_dir
        self._temporary: list[str] = []
        Path(base_dir).mkdir(parents=True, exist_ok=True)

    def copy_handle_to_local_temp(self, file_handle: LocalFileHandle) -> str:
        """Path of a copy that goes when the resource does."""
        descriptor, path = tempfile.mkstemp()
        os.close(descriptor)
        shutil.copyfile(file_handle.path, path)
        self._temporary.append(path)
        return path

    @contextlib.contextmanager
    def read(self, file_handle: LocalFileHandle, mode: str = "rb") -> Generator[IO[Any]]:
        """The file, open for reading."""
        with Path(file_handle.path).open(mode) as file:
            yield file

    def read_data(self, file_handle: LocalFileHandle) -> bytes:
        """What is in the file."""
        return Path(file_handle.path).read_bytes()

    def write(
        self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None, key: str | None = None
    ) -> LocalFileHandle:
        """Keep what an open file holds."""
        data = file_obj.read()
        return self.write_data(data if isinstance(data, bytes) else data.encode(), ext, key)

    def write_data(self, data: bytes, ext: str | None = None, key: str | None = None) -> LocalFileHandle:
        """Keep bytes under a key (default: one that is free)."""
        if key is None:
            descriptor, path = tempfile.mkstemp(dir=self.base_dir, suffix=f".{ext}" if ext else "")
            os.close(descriptor)
        else:
            path = str(Path(self.base_dir, f"{key}.{ext}" if ext else key))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)
        return LocalFileHandle(path)

    def delete_local_temp(self) -> None:
        """Let go of the copies."""
        for path in self._temporary:
            Path(path).unlink(missing_ok=True)
        self._temporary.clear()


def _local_file_manager(init_context: Any) -> Iterator[LocalFileManager]:
    config: Mapping[str, Any] = init_context.resource_config or {}
    given = config.get("base_dir")
    manager = LocalFileManager(given or tempfile.mkdtemp(prefix="rostrum-files-"))
    try:
        yield manager
    finally:
        manager.delete_local_temp()


local_file_manager = rostrum.resource(config_schema={"base_dir": rostrum.Field(str, is_required=False)})(
    _local_file_manager
)
"""Resource: a `LocalFileManager` over the folder `base_dir` (default: a temporary one)."""


@contextlib.contextmanager
def raise_execution_interrupts() -> Generator[None]:
    """A block in which a request to end raises; user code is always in one."""
    yield
