"""IO managers as they are bound in definitions: with config, shown on screens, set by environment or at launch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.resources.lifecycle import InitResourceContext, io_manager
from rostrum.definitions.resources.resources import ConfigurableIOManagerFactory
from rostrum.io_managers.filesystem import PickledFilesIOManager
from rostrum.io_managers.folder import Folder
from rostrum.io_managers.formats.choice import PICKLE
from rostrum.io_managers.memory import InMemoryIOManager
from rostrum.io_managers.typed import TypedIOManager

FORMAT = "auto (by the type of each value), parquet, arrow, json, npy, text, bytes or pickle."
VERSIONS = "Keep the value of each run; inputs load one by the metadata `version`."
TRUSTED = "Pickles may be written and loaded, which runs the code in them: only where nobody else can write."


class KeptValues(ConfigurableIOManagerFactory[Any]):
    """An IO manager whose fields say where and how: what stores and loads is made of them, in a run and outside of
    one.
    """

    def make(self, context: InitResourceContext | None) -> Any:
        """The manager that stores and loads."""
        raise NotImplementedError

    def create_io_manager(self, context: InitResourceContext) -> Any:
        """What stores and loads."""
        return self.make(context)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store a value, outside of a run."""
        self.make(None).handle_output(context, obj)

    def load_input(self, context: InputContext) -> Any:
        """Load a value, outside of a run."""
        return self.make(None).load_input(context)


class FilesystemIOManager(KeptValues):
    """Keeps each value in a file below `base_dir`; without one below the instance's storage folder, else
    `$ROSTRUM_HOME/storage`, else `~/.rostrum/storage`.

    Values are pickled, unless `format` is `auto` (the format of the value's type: Parquet, npy, JSON, text, bytes) or
    names another. Unpickling runs code: with pickles nobody else may write into the folder.
    """

    base_dir: str | None = None
    format: str = Field(default=PICKLE, description=FORMAT)
    versions: bool = Field(default=False, description=VERSIONS)
    trusted: bool = Field(default=False, description=TRUSTED)

    def __init__(self, base_dir: Any = None, **data: Any) -> None:
        folder = str(base_dir) if isinstance(base_dir, Path) else base_dir
        super().__init__(**{"base_dir": folder, **data})

    def make(self, context: InitResourceContext | None) -> Any:
        """The manager that stores and loads."""
        pickles = PickledFilesIOManager(self.base_dir or (_instance_folder(context) if context is not None else None))
        if self.format == PICKLE and not self.versions:
            return pickles
        objects, trusted = Folder(pickles.base_dir), self.trusted or self.format == PICKLE
        return TypedIOManager(objects, format=self.format, versions=self.versions, trusted=trusted)


@io_manager(config_schema=dict, description="Pickles each value into a file; `base_dir` in its config.")
def fs_io_manager(init_context: InitResourceContext) -> PickledFilesIOManager:
    """Pickles each value into a file below `base_dir` of its config."""
    config: dict[str, Any] = init_context.resource_config or {}
    return PickledFilesIOManager(config.get("base_dir") or _instance_folder(init_context))


@io_manager(description="Keeps values in memory.")
def mem_io_manager(_: InitResourceContext) -> InMemoryIOManager:
    """Keeps values in memory."""
    return InMemoryIOManager()


class CustomPathIOManager(PickledFilesIOManager):
    """Pickles each value into the file that its definition's metadata names (`path`), below `base_dir`."""

    def path(self, context: OutputContext | InputContext, partition: str | None = None) -> str:
        """File that the metadata name."""
        del partition
        output = context if isinstance(context, OutputContext) else context.upstream_output
        named = (output.definition_metadata if output is not None else {}).get("path")
        if named is None:
            raise KeyError(f"{context.name!r} has no metadata 'path', which says where to store it.")
        return f"{self.base_dir}/{named}"


@io_manager(config_schema=dict, description="Pickles each value into the file that its metadata name.")
def custom_path_fs_io_manager(init_context: InitResourceContext) -> CustomPathIOManager:
    """Pickles each value into the file that metadata `path` of its output name, below `base_dir` of its config."""
    config: dict[str, Any] = init_context.resource_config or {}
    return CustomPathIOManager(config.get("base_dir") or _instance_folder(init_context))


def _instance_folder(context: InitResourceContext) -> str | None:
    folder: Any = getattr(context.instance, "storage_directory", None)
    return str(folder()) if callable(folder) else None
