"""Code locations within this process, for `rostrum dev --in-process`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rostrum.codeserver.in_process import InProcessLocation, MainThreadRuns
from rostrum.codeserver.watch import FileWatcher
from rostrum.config.targets import code_target
from rostrum.config.workspace import LocationSpec
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.locations import CodeLocation
from rostrum.model.errors import ConfigError, NotFound


class InProcessLocations:
    """`CodeLocations` whose code is imported here. Raises ConfigError for one that has a server elsewhere."""

    def __init__(self, specs: Sequence[LocationSpec], clock: Clock, *, watch: bool) -> None:
        served = [spec.name for spec in specs if spec.server is not None]
        if served:
            raise ConfigError(
                f"code location {served[0]} has a code server of its own (grpc_server): --in-process can debug only "
                "code that is imported here. Give the file or module (-f, -m), or leave --in-process out."
            )
        apart = [spec.name for spec in specs if spec.executable is not None]
        if apart:
            raise ConfigError(
                f"code location {apart[0]} has an interpreter of its own (executable_path): it cannot be imported into "
                "this process. Run `rostrum dev --in-process` with that interpreter."
            )
        self.runs = MainThreadRuns(clock)
        self._locations = {
            spec.name: InProcessLocation(
                spec.name, msgspec.Raw(msgspec.json.encode(code_target(spec))), self.runs, clock
            )
            for spec in specs
        }
        self._watchers = [FileWatcher(each.ask_reload, each.version) for each in self._locations.values() if watch]

    def start(self) -> None:
        """Import the code of all of them; then watch its files."""
        for location in self._locations.values():
            location.reload()
        for watcher in self._watchers:
            watcher.start()

    def stop(self) -> None:
        """Watch no more."""
        for watcher in self._watchers:
            watcher.stop()

    def names(self) -> list[str]:
        """All names, in order."""
        return list(self._locations)

    def get(self, name: str) -> CodeLocation:
        """A location. Raises NotFound naming those that there are."""
        if name not in self._locations:
            raise NotFound(f"there is no code location {name!r}; there are {', '.join(self._locations) or 'none'}")
        return self._locations[name]

    def close(self) -> None:
        """Nothing is held."""
