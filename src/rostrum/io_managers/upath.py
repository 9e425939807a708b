"""`UPathIOManager`: what users subclass to keep values as files of a format of their own, on any file system.

Needs the package `universal_pathlib` (extra `rostrum[upath]`).
"""

# pyright: reportPossiblyUnboundVariable=false
# Nothing here is called without the package: `__init__` refuses.

from __future__ import annotations

import asyncio
import inspect
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.resources.io import IOManager
from rostrum.io_managers.paths import segment
from rostrum.model.errors import ArgumentError, InvariantError
from rostrum.model.metadata import MetadataValue, PathMetadata

try:
    from upath import UPath
except ImportError:  # told where one is made: `from rostrum import *` needs the name only
    pass

ALLOW_MISSING = "allow_missing_partitions"
"""Metadata of an input: partitions that are not stored are left out."""


class UPathIOManager(IOManager):
    """Keeps each value at a path: `base/<segments of the key>[/<partition>]` for assets (one folder a dimension),
    `base/<run id>/<step>/<output>[/<mapping key>]` for values between ops, with `extension` at the end.

    Subclasses say how a value is written (`dump_to_path`) and read (`load_from_path`, which may be `async`: several
    partitions are then loaded at once); they may override how paths are made and which metadata are told.
    """

    extension: ClassVar[str | None] = None
    """Ending of file names, with its dot."""

    def __init__(self, base_path: UPath | None = None) -> None:
        if "UPath" not in globals():
            raise ImportError("UPathIOManager needs the package universal_pathlib: pip install 'rostrum[upath]'.")
        if self.extension is not None and "." not in self.extension:
            raise ArgumentError(f"{type(self).__name__}.extension is {self.extension!r}; it begins with a dot.")
        self._base_path: UPath = UPath(base_path) if base_path is not None else UPath(".")

    @abstractmethod
    def dump_to_path(self, context: OutputContext, obj: Any, path: UPath) -> None:
        """Write a value."""

    @abstractmethod
    def load_from_path(self, context: InputContext, path: UPath) -> Any:
        """Read a value."""

    # --- what may be overridden

    @property
    def fs(self) -> Any:
        """File system of the base path."""
        return self._base_path.fs

    @property
    def storage_options(self) -> dict[str, Any]:
        """Options of the file system."""
        return dict(self._base_path.storage_options)

    def get_metadata(self, context: OutputContext, obj: Any) -> Mapping[str, MetadataValue]:
        """Metadata to add, beside the path."""
        del context, obj
        return {}

    def make_directory(self, path: UPath) -> None:
        """Make a folder and those above it. Object stores need none."""
        path.mkdir(parents=True, exist_ok=True)

    def unlink(self, path: UPath) -> None:
        """Delete a file."""
        path.unlink()

    def path_exists(self, path: UPath) -> bool:
        """Whether there is a file."""
        return path.exists()

    def has_output(self, context: OutputContext) -> bool:
        """Whether the value is stored."""
        return self.path_exists(self._get_path(context))

    def get_path_for_partition(self, context: InputContext | OutputContext, path: UPath, partition: str) -> UPath:
        """Path of a partition, below the asset's. `partition` has one part a dimension, joined by `/`."""
        del context
        return path / partition

    def make_safe_partition_path(self, base_path: UPath, partition: str) -> UPath:
        """A path for a partition that cannot leave the asset's folder."""
        return base_path.joinpath(*map(segment, partition.split("/")))

    def get_asset_relative_path(self, context: InputContext | OutputContext) -> UPath:
        """Path of an asset below the base."""
        return UPath(*map(segment, context.asset_key.parts))

    def get_op_output_relative_path(self, context: InputContext | OutputContext) -> UPath:
        """Path of a value between ops below the base."""
        return UPath(*map(segment, context.get_identifier()))

    def get_loading_input_log_message(self, path: UPath) -> str:
        """What is logged when a value is read."""
        return f"Loading file from: {path} using {type(self).__name__}..."

    def get_writing_output_log_message(self, path: UPath) -> str:
        """What is logged when a value is written."""
        return f"Writing file at: {path} using {type(self).__name__}..."

    def get_loading_input_partition_log_message(self, path: UPath, partition_key: str) -> str:
        """What is logged when a partition is read."""
        return f"Loading partition {partition_key} from {path} using {type(self).__name__}..."

    def get_missing_partition_log_message(self, partition_key: str) -> str:
        """What is logged when a partition is not stored, and need not be."""
        return (
            f"Partition {partition_key} is not stored; it is left out, since the input's metadata has "
            f"{ALLOW_MISSING!r}."
        )

    # --- what an IO manager does

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write the value. One value for several partitions cannot be split, and raises ArgumentError."""
        if context.has_asset_key and context.has_asset_partitions and len(context.asset_partition_keys) != 1:
            raise ArgumentError(several_partitions(context))
        path = self._get_path(context)
        context.log.debug(self.get_writing_output_log_message(path))
        self.make_directory(path.parent)
        self.dump_to_path(context=context, obj=obj, path=path)
        context.add_output_metadata({"path": PathMetadata(str(path)), **self.get_metadata(context, obj)})

    def load_input(self, context: InputContext) -> Any:
        """Read the value; a dict by partition key where several partitions (or none) are asked for."""
        if context.has_asset_key and context.has_asset_partitions:
            keys = context.asset_partition_keys
            if len(keys) != 1:
                return self.load_partitions(context)
        path = self._get_path(context)
        context.log.debug(self.get_loading_input_log_message(path))
        return _awaited(self.load_from_path(context=context, path=path))

    def load_partitions(self, context: InputContext) -> dict[str, Any]:
        """Values of all partitions asked for, by key."""
        if inspect.iscoroutinefunction(self.load_from_path):
            return asyncio.run(self.load_partitions_async(context))
        found: dict[str, Any] = {}
        for key, path in self._partition_paths(context).items():
            context.log.debug(self.get_loading_input_partition_log_message(path, key))
            try:
                found[key] = self.load_from_path(context=context, path=path)
            except FileNotFoundError:
                self._missing(context, key)
        return found

    async def load_partitions_async(self, context: InputContext) -> dict[str, Any]:
        """As `load_partitions`, all at once."""

        async def load(key: str, path: UPath) -> tuple[str, Any, bool]:
            try:
                return key, await self.load_from_path(context=context, path=path), True
            except FileNotFoundError:
                self._missing(context, key)
                return key, None, False

        loads = [load(key, path) for key, path in self._partition_paths(context).items()]
        return {key: value for key, value, stored in await asyncio.gather(*loads) if stored}

    def _missing(self, context: InputContext, key: str) -> None:
        """Within the handling of FileNotFoundError: pass, or raise it again."""
        if not context.definition_metadata.get(ALLOW_MISSING):
            raise  # noqa: PLE0704 - of the caller
        context.log.debug(self.get_missing_partition_log_message(key))

    # --- paths

    def _get_path(self, context: InputContext | OutputContext) -> UPath:
        """Where the value of one partition, or of the asset, is. Users override it, and ask it in `get_metadata`."""
        if not context.has_asset_key:
            return self._ended(self._base_path.joinpath(*self.get_op_output_relative_path(context).parts))
        if context.has_asset_partitions:
            return next(iter(self._partition_paths(context).values()))
        return self._ended(self._asset_path(context))

    def _asset_path(self, context: InputContext | OutputContext) -> UPath:
        relative = self.get_asset_relative_path(context)
        if relative.is_absolute():
            raise InvariantError(f"get_asset_relative_path gave {relative}, which is not below the base path.")
        return self._base_path.joinpath(*relative.parts)

    def _partition_paths(self, context: InputContext | OutputContext) -> dict[str, UPath]:
        base = self._asset_path(context)
        return {
            key: self._ended(self.get_path_for_partition(context, base, _parts(key)))
            for key in context.asset_partition_keys
        }

    def _ended(self, path: UPath) -> UPath:
        return path.with_name(path.name + self.extension) if self.extension is not None else path


def several_partitions(context: OutputContext) -> str:
    """What is told when one value is given for several partitions."""
    return (
        f"{context.asset_key}: one value was returned for {len(context.asset_partition_keys)} partitions, and a file "
        "is for one. Store the partitions in the function and return None (annotate it `-> None`), launch a backfill "
        "with one run a partition, or use an IO manager that splits values."
    )


def _parts(key: str) -> str:
    dimensions: Mapping[str, str] | None = getattr(key, "keys_by_dimension", None)
    if dimensions is None:
        return segment(key)
    return "/".join(segment(dimensions[name]) for name in sorted(dimensions))


def _awaited(value: Any) -> Any:
    return asyncio.run(value) if inspect.iscoroutine(value) else value
