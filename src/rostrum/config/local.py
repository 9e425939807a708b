"""A run in the calling process against the instance: what `rostrum materialize` does, without queue, gateway or code
server.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from rostrum.config.deployment import Deployment
from rostrum.config.registry import component
from rostrum.control.run_session import StoreSession
from rostrum.control.runs import SubmitRequest
from rostrum.definitions.definitions import Definitions
from rostrum.definitions.loading import CodeTarget, load_definitions
from rostrum.execution.worker import execute_run
from rostrum.interfaces.launching import WorkerRef
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.assets import AssetKey
from rostrum.model.errors import NotFound
from rostrum.model.events import Event
from rostrum.model.manifest import ASSET_JOB, encode_manifest, manifest_hash
from rostrum.model.runs import Run, RunTarget, Trigger
from rostrum.planning.graph import AssetGraph
from rostrum.planning.selection import resolve
from rostrum.service.processes import boot_id, host_name, start_time


def executable(target: CodeTarget) -> Definitions:
    """Import the user's code. Raises DefinitionError naming file and line."""
    return load_definitions(target)


class LocalRun:
    """Submits and executes runs of live definitions in this process."""

    def __init__(self, deployment: Deployment, location: str, definitions: Definitions) -> None:
        self._deployment = deployment
        self._location = location
        self._definitions = definitions
        self._manifest = definitions.manifest()
        data = encode_manifest(self._manifest)
        deployment.locations.add(location)
        deployment.locations.record(location, ManifestReply(manifest_hash=manifest_hash(data), data=data))

    def submit(self, selection: str, partition: str | None, config: dict[str, Any], tags: dict[str, str]) -> Run:
        """Create the run and claim it for this process in the same transaction: no daemon can start it too."""
        deployment = self._deployment
        keys = self.select(selection)
        target = RunTarget(location=self._location, job=ASSET_JOB, asset_selection=keys, partition_key=partition)
        request = SubmitRequest(target=target, config=config, tags=tags, trigger=Trigger(kind="manual", name="cli"))
        with deployment.events.transaction() as session:
            run = deployment.runs.submit_in(session, [request])[0]
            run = deployment.runs.mark_starting(session, run)
        ref = WorkerRef(
            launcher="cli",
            run_id=run.run_id,
            epoch=run.epoch,
            host=host_name(),
            pid=os.getpid(),
            start_time=start_time(os.getpid()),
            boot_id=boot_id(),
        )
        return deployment.runs.mark_launched(run.run_id, run.epoch, ref)

    def select(self, selection: str) -> tuple[AssetKey, ...]:
        """Assets of a selection text. Raises NotFound when it selects nothing that can be made."""
        graph = AssetGraph(self._manifest)
        chosen = set(resolve(selection, graph))
        keys = tuple(sorted(key for key in graph.executable if key in chosen))
        if not keys:
            raise NotFound(f"--select {selection!r} selects no asset that this code makes")
        return keys

    def execute(self, run: Run, executor: str, stop: threading.Event, watch: Callable[[Event], None]) -> bool:
        """Execute; True when it succeeded. `watch` sees every event."""
        deployment = self._deployment
        session = _Watched(deployment, run, watch)
        chosen = component("executors", executor)()
        try:
            return execute_run(self._definitions, run, session, executor=chosen, clock=deployment.clock, stop=stop)
        finally:
            session.close()


class _Watched(StoreSession):
    """A session that shows its events to somebody else too."""

    def __init__(self, deployment: Deployment, run: Run, watch: Callable[[Event], None]) -> None:
        super().__init__(
            deployment.events,
            deployment.storage,
            deployment.log_store,
            run.run_id,
            run.epoch,
            deployment.clock,
            batch=True,
        )
        self._watch = watch

    def append(self, events: Sequence[Event]) -> None:
        super().append(events)
        for event in events:
            self._watch(event)
