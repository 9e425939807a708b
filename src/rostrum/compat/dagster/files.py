"""File managers: where ops of the classic style keep files."""

from __future__ import annotations

import io
import shutil
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from rostrum.definitions.resources.lifecycle import InitResourceContext, resource


class FileHandle(ABC):
    """A file that a file manager keeps."""

    @property
    @abstractmethod
    def path_desc(self) -> str:
        """Where it is, in words."""


class LocalFileHandle(FileHandle):
    """A file of this machine."""

    def __init__(self, path: str) -> None:
        self._path = str(path)

    @property
    def path(self) -> str:
        """Its path."""
        return self._path

    @property
    def path_desc(self) -> str:
        """Its path."""
        return self._path


class LocalFileManager:
    """Keeps files in a folder."""

    def __init__(self, base_dir: str) -> None:
        self.base_dir = base_dir

    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        """Path of a temporary copy."""
        with self.read(file_handle, "rb") as source, NamedTemporaryFile(delete=False) as target:
            shutil.copyfileobj(source, target)
            return target.name

    @contextmanager
    def read(self, file_handle: FileHandle, mode: str = "rb") -> Generator[Any]:
        """The file, opened."""
        with Path(file_handle.path_desc).open(mode) as file:
            yield file

    def read_data(self, file_handle: FileHandle) -> bytes:
        """Its bytes."""
        return Path(file_handle.path_desc).read_bytes()

    def write_data(self, data: bytes, ext: str | None = None, key: str | None = None) -> LocalFileHandle:
        """Keep bytes."""
        return self.write(io.BytesIO(data), "wb", ext, key)

    def write(self, file_obj: Any, mode: str = "wb", ext: str | None = None, key: str | None = None) -> LocalFileHandle:
        """Keep what can be read from an object."""
        folder = Path(self.base_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if key is None:
            with NamedTemporaryFile(dir=folder, prefix="", suffix=f".{ext}" if ext else "", delete=False) as made:
                path = Path(made.name)
        else:
            path = folder / (f"{key}.{ext}" if ext else key)
        with path.open(mode) as file:
            shutil.copyfileobj(file_obj, file)
        return LocalFileHandle(str(path))

    def delete_local_temp(self) -> None:
        """Nothing is kept that could be deleted."""


@resource(config_schema=dict, description="Keeps files in `base_dir`.")
def local_file_manager(init_context: InitResourceContext) -> LocalFileManager:
    """Keeps files in `base_dir` of its config, else in the working directory's `storage/file_manager`."""
    config: dict[str, Any] = init_context.resource_config or {}
    return LocalFileManager(config.get("base_dir") or str(Path("storage") / "file_manager"))
