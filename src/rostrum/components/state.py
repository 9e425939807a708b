"""Components whose definitions follow from state that is fetched once and kept, such as the tables of a service."""

from __future__ import annotations

import asyncio
import os
import shutil
from abc import abstractmethod
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from rostrum.components.component import Component
from rostrum.components.context import ComponentLoadContext
from rostrum.components.resolution import ResolutionContext
from rostrum.components.resolvable import Model
from rostrum.components.resolvers import Resolver
from rostrum.definitions.location.definitions import Definitions

STATE_FOLDER = ".local_defs_state"
"""Folder in the project that keeps state; not to be checked in."""
REFRESH = "ROSTRUM_REFRESH_STATE"
"""Environment variable: fetch state anew at each load. The development server sets it."""


class DefsStateManagementType(Enum):
    """Where state is kept."""

    LOCAL_FILESYSTEM = "LOCAL_FILESYSTEM"
    VERSIONED_STATE_STORAGE = "VERSIONED_STATE_STORAGE"
    LEGACY_CODE_SERVER_SNAPSHOTS = "LEGACY_CODE_SERVER_SNAPSHOTS"


class DefsStateConfigArgs(Model):
    """What YAML says of state."""

    key: str | None = None
    management_type: DefsStateManagementType
    refresh_if_dev: bool = True

    @classmethod
    def local_filesystem(cls) -> DefsStateConfigArgs:
        """In a folder of the project."""
        return cls(management_type=DefsStateManagementType.LOCAL_FILESYSTEM)

    @classmethod
    def versioned_state_storage(cls) -> DefsStateConfigArgs:
        """In the state store."""
        return cls(management_type=DefsStateManagementType.VERSIONED_STATE_STORAGE)

    @classmethod
    def legacy_code_server_snapshots(cls) -> DefsStateConfigArgs:
        """Nowhere: it is fetched at each load."""
        return cls(management_type=DefsStateManagementType.LEGACY_CODE_SERVER_SNAPSHOTS)


@dataclass(frozen=True)
class DefsStateConfig:
    """Key of the state, where it is kept, and whether the development server fetches it anew."""

    key: str
    management_type: DefsStateManagementType
    refresh_if_dev: bool = True

    @classmethod
    def from_args(cls, args: DefsStateConfigArgs, default_key: str) -> DefsStateConfig:
        """From what YAML says."""
        return cls(args.key or default_key, args.management_type, args.refresh_if_dev)


def _args(context: ResolutionContext, value: Any) -> DefsStateConfigArgs:
    if isinstance(value, DefsStateConfigArgs):
        return DefsStateConfigArgs(**context.resolve_value(value))
    return context.resolve_value(value)


ResolvedDefsStateConfig = Annotated[DefsStateConfigArgs, Resolver(_args, model_field_type=DefsStateConfigArgs)]
"""State in YAML: `{key: ..., management_type: LOCAL_FILESYSTEM}`."""


class StateBackedComponent(Component):
    """A component whose `build_defs` reads a file that `write_state_to_path` has written, perhaps long ago."""

    @property
    @abstractmethod
    def defs_state_config(self) -> DefsStateConfig:
        """Key and kind of the state."""

    @abstractmethod
    def write_state_to_path(self, state_path: Path) -> Awaitable[None] | None:
        """Fetch the state and write it to a file. May be `async`."""

    @abstractmethod
    def build_defs_from_state(self, context: ComponentLoadContext, state_path: Path | None) -> Definitions:
        """The definitions. `state_path` is None where no state has been fetched."""

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """The definitions of the state that is there; it is fetched first where the configuration says so."""
        config = self.defs_state_config
        path = state_path(context.project_root, config.key)
        fetched_at_load = config.management_type is DefsStateManagementType.LEGACY_CODE_SERVER_SNAPSHOTS
        if fetched_at_load or (config.refresh_if_dev and os.environ.get(REFRESH) == "1"):
            self.refresh_state(context.project_root)
        return self.build_defs_from_state(context, path if path.exists() else None)

    def refresh_state(self, project_root: Path) -> str:
        """Fetch the state and keep it; what was kept before stays where that fails. Returns its key."""
        path = state_path(project_root, self.defs_state_config.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name("state.new")
        fresh.unlink(missing_ok=True)
        pending = self.write_state_to_path(fresh)
        if pending is not None:
            asyncio.run(_awaited(pending))
        if path.is_dir():
            shutil.rmtree(path)
        fresh.replace(path)
        return self.defs_state_config.key


async def _awaited(pending: Awaitable[None]) -> None:
    await pending


def state_path(project_root: Path, key: str) -> Path:
    """The file that keeps the state of a key."""
    safe = "".join(each if each.isalnum() or each in "-_." else "_" for each in key)
    return Path(project_root) / STATE_FOLDER / safe / "state"
