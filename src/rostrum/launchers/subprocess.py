"""Run workers as processes on the host of the run's code location, forked by its zygote.

When the code server does not answer, workers on this host are still found and killed by their identity, so that a
cancel always comes to an end.
"""

from __future__ import annotations

import contextlib

import msgspec

from rostrum.interfaces.launching import HostProcesses, LaunchSpec, WorkerRef, WorkerStatus
from rostrum.interfaces.locations import CodeLocation, CodeLocations
from rostrum.model.errors import RostrumError, Unavailable

_LOCATION = "location"


class SubprocessLauncher:
    """`Launcher` by means of the code locations. `processes` is this host; without it there is no fallback."""

    def __init__(self, locations: CodeLocations, processes: HostProcesses | None = None) -> None:
        self._locations, self._processes = locations, processes

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a worker in the run's code location. Idempotent by (run, epoch). Raises Unavailable or RostrumError."""
        name = spec.run.target.location
        return _of(self._locations.get(name).launch(spec), name)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker to end (`force`: kill its session). Raises Unavailable only for a worker of another host."""
        try:
            self._location(ref).terminate(ref, force=force)
        except RostrumError:
            if self._processes is None or not self._processes.is_here(ref):
                raise
            self._processes.terminate(ref, force=force)

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of the worker now."""
        try:
            return self._location(ref).inspect(ref)
        except RostrumError as error:
            if self._processes is not None and self._processes.is_here(ref):
                return self._processes.status(ref)
            return WorkerStatus(state="unknown", reason=str(error))

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Living workers of these runs in all locations that answer."""
        found: dict[tuple[str, int], WorkerRef] = {}
        for name in self._locations.names():
            with contextlib.suppress(Unavailable):
                for ref in self._locations.get(name).adopt(run_ids):
                    found[(ref.run_id, ref.epoch)] = _of(ref, name)
        return list(found.values())

    def _location(self, ref: WorkerRef) -> CodeLocation:
        """Raises NotFound for a location that has been removed."""
        return self._locations.get(ref.details.get(_LOCATION, ""))


def _of(ref: WorkerRef, location: str) -> WorkerRef:
    """The ref, remembering the location that can be asked about it."""
    return msgspec.structs.replace(ref, details={**ref.details, _LOCATION: location})
