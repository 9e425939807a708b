"""IO manager that pickles values into files: the default between steps in different processes.

Unpickling runs code: what is read here was written by the user's own runs into the user's own folder. The control
plane never reads it.
"""

# Paths are text here: half the cost of storing a small value would be making Path objects.
# ruff: noqa: PTH100, PTH118, PTH123

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.io_managers.folder import replacing
from rostrum.io_managers.places import covered_partitions, place_parts
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, NotFound
from rostrum.model.metadata import PathMetadata


class PickledFilesIOManager:
    """Stores each value in a file of its own below `base_dir` (default: `$ROSTRUM_HOME/storage`, else
    `~/.rostrum/storage`).

    Assets: `<segments of the key>`, with partitions `<segments>/<partition>` (one folder a dimension); values between
    ops: `<run id>/<step>/<output>[/<mapping key>]`. A file is replaced as a whole: readers see the old value or the
    new one.
    """

    def __init__(self, base_dir: str | os.PathLike[str] | None = None) -> None:
        self._base_dir = str(base_dir) if base_dir is not None else None
        self._base: str | None = None

    def __repr__(self) -> str:
        return f"PickledFilesIOManager(base_dir={self._base_dir!r})"

    @property
    def base_dir(self) -> str:
        """Folder under which all files are. The environment is read at first use, so that it is the worker's."""
        if self._base is None:
            home = os.environ.get("ROSTRUM_HOME") or str(Path.home() / ".rostrum")
            self._base = os.path.abspath(
                self._base_dir if self._base_dir is not None else os.path.join(home, "storage")
            )
        return self._base

    def path(self, context: OutputContext | InputContext, partition: str | None = None) -> str:
        """File of the value, or of one partition of it."""
        return os.path.join(self.base_dir, *place_parts(context, partition))

    def handle_output(self, context: OutputContext, value: Any) -> None:
        """Pickle the value. One value for several partitions at once cannot be split, and is refused."""
        partition, partitions = None, covered_partitions(context)
        if partitions is not None:
            if len(partitions) != 1:
                raise ArgumentError(
                    f"{context.asset_key}: one value was returned for {len(partitions)} partitions, and a file "
                    "is for one. Store the partitions in the function and return None (annotate it `-> None`), use an "
                    "IO manager that splits values, or give the asset backfill_policy=BackfillPolicy.multi_run() for "
                    "runs of one partition."
                )
            partition = partitions[0]
        path = self.path(context, partition)
        _write(path, value)
        if value is not None:
            context.add_output_metadata({"path": PathMetadata(path)})

    def load_input(self, context: InputContext) -> Any:
        """Unpickle the value; a dict by partition key where several partitions (or none) are asked for."""
        partitions, key = covered_partitions(context), context.asset_key if context.has_asset_key else None
        if partitions is None:
            return _read(self.path(context), key)
        if len(partitions) != 1:
            return {partition: _read(self.path(context, partition), key) for partition in partitions}
        return _read(self.path(context, partitions[0]), key)


def _write(path: str, value: Any) -> None:
    with replacing(path) as file:
        pickle.dump(value, file, protocol=5)


def _read(path: str, key: AssetKey | None) -> Any:
    try:
        with open(path, "rb") as file:
            return pickle.load(file)  # noqa: S301 - see the module's docstring
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        what = f"asset {key}" if key is not None else "the value"
        raise ValueNotStored(
            f"{what} has no stored value at {path}. Materialize it first, or select it in the same run. (A function "
            "annotated `-> None` stores nothing: name it in deps to depend on it.)",
            path,
        ) from None


FilesystemIOManager = PickledFilesIOManager
"""The name under which execution finds it. In definitions it is bound as `configurable.FilesystemIOManager`."""


class ValueNotStored(NotFound, FileNotFoundError):
    """There is no file with the value of an input."""

    def __init__(self, message: str, path: str) -> None:
        NotFound.__init__(self, message)
        self.filename = path

    def __str__(self) -> str:
        return str(self.args[0])
