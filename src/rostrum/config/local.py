"""Runs in the calling process that are kept in an instance: `rostrum materialize` and `materialize(instance=...)`.
Without queue, gateway or code server.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import msgspec

from rostrum.config.dead_runs import end_dead_runs
from rostrum.config.deployment import Deployment, open_control, pool_rules
from rostrum.config.instance import Component, InstanceSettings, find_home, read_instance
from rostrum.config.local_gateway import LocalSteps
from rostrum.config.targets import select
from rostrum.control.deletion import delete_run
from rostrum.control.manifests import LoadedManifest
from rostrum.control.run_queries import answer_query, change_partitions
from rostrum.control.run_session import StoreSession
from rostrum.control.runs import SubmitRequest
from rostrum.definitions.events.outcome import ExecutionResult
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.encoding import encoded
from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.local import LocalRunner
from rostrum.interfaces.launching import WorkerRef
from rostrum.interfaces.locations import ManifestReply
from rostrum.interfaces.runs import RunAnswer, RunQuery, RunSession
from rostrum.interfaces.storage import Session
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.events import Event
from rostrum.model.manifest import ASSET_JOB, Manifest
from rostrum.model.manifest_parts import manifest_hash
from rostrum.model.runs import Run, RunFilter, Trigger
from rostrum.service.processes import boot_id, host_name, start_time


def executable(target: CodeTarget) -> Definitions:
    """Import the user's code. Raises DefinitionError naming file and line."""
    return load_definitions(target)


class LocalInstance:
    """See `interfaces.instances.InstanceStore`. `location`: whose runs these are; None for what a script makes up."""

    def __init__(self, deployment: Deployment, location: str | None = None, trigger: str = "script") -> None:
        self.deployment = deployment
        self._location, self._trigger = location, trigger

    @property
    def values_folder(self) -> str:
        """The home folder's."""
        return str(self.deployment.home.storage)

    @property
    def is_ephemeral(self) -> bool:
        """Whether the database is in memory."""
        return self.deployment.settings.storage.name == "memory"

    def now(self) -> datetime:
        """The clock's."""
        return self.deployment.clock.now()

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that only reads."""
        return self.deployment.storage.begin()

    def report(self, event: Event) -> None:
        """Record an event of no run, in a stream of its own."""
        stream = f"report/{self.deployment.clock.new_id()}"
        self.deployment.events.append("", None, [msgspec.structs.replace(event, stream=stream, sequence=1)])

    def wipe_assets(self, keys: Sequence[AssetKey]) -> None:
        """Forget what is known of assets: older events do not count any more."""
        with self.deployment.events.transaction() as session:
            last = session.events.last_id()
            for key in keys:
                session.partitions.clear(key)
            session.assets.put([AssetState(key, wiped_id=last) for key in keys])

    def delete_run(self, run_id: str) -> None:
        """Delete a finished run with its events and its captured output."""
        deployment = self.deployment
        delete_run(deployment.storage, deployment.runs, deployment.log_store, run_id)

    def open_run(self, run: Run, manifest: Manifest) -> tuple[Run, RunSession]:
        """Create the run and claim it for this process in the same transaction: no daemon can start it too."""
        deployment = self.deployment
        data = encoded(manifest)
        loaded = LoadedManifest(manifest_hash(data), manifest)
        target = msgspec.structs.replace(run.target, location=self._location or run.target.location)
        parent, origins = self.run(run.parent_run_id) if run.parent_run_id else None, {}
        if parent is not None:
            with self.reading() as session:
                origins = deployment.reruns.origins_for(session, parent, loaded, target)
        request = SubmitRequest(
            target=target,
            parent_run_id=run.parent_run_id,
            root_run_id=(parent.root_run_id or parent.run_id) if parent is not None else None,
            output_origins=origins,
            config=run.config,
            tags=run.tags,
            trigger=Trigger("manual", self._trigger),
            run_id=run.run_id,
        )
        with deployment.events.transaction() as session:
            session.locations.put_manifest(loaded.manifest_hash, data)
            stored = deployment.runs.submit_in(session, [request], loaded)[0]
            stored = deployment.runs.mark_starting(session, stored)
        stored = deployment.runs.mark_launched(stored.run_id, stored.epoch, _this_process(stored, self._trigger))
        steps = LocalSteps(deployment, stored.run_id, stored.epoch)
        return stored, StoreSession(
            deployment.events,
            deployment.storage,
            deployment.log_store,
            stored.run_id,
            stored.epoch,
            deployment.clock,
            pools=pool_rules(deployment.settings),
            on_refused=lambda: end_dead_runs(deployment),
            batch=True,
            steps=steps,
            on_close=steps.close,
        )

    def unfinished_steps(self, run_id: str) -> Sequence[str]:
        """Read from the run's events."""
        with self.reading() as session:
            return self.deployment.reruns.unfinished_steps(session, run_id)

    def read(self, query: RunQuery) -> RunAnswer:
        """Answer from the database."""
        with self.deployment.storage.begin() as session:
            return answer_query(session, query)

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Add keys to a dynamic partitions definition."""
        self.deployment.events.call(lambda session: change_partitions(session, name, keys, ())).result()

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Remove a key."""
        self.deployment.events.call(lambda session: change_partitions(session, name, (), (key,))).result()

    def run(self, run_id: str) -> Run | None:
        """A run."""
        with self.deployment.storage.begin() as session:
            return session.runs.get(run_id)

    def runs(self, where: RunFilter, limit: int) -> Sequence[Run]:
        """Runs, newest first."""
        with self.deployment.storage.begin() as session:
            return session.runs.list(where, limit=limit).runs

    def close(self) -> None:
        """Let go of the database."""
        self.deployment.storage.close()


def _this_process(run: Run, launcher: str) -> WorkerRef:
    pid = os.getpid()
    return WorkerRef(
        launcher=launcher,
        run_id=run.run_id,
        epoch=run.epoch,
        host=host_name(),
        pid=pid,
        start_time=start_time(pid),
        boot_id=boot_id(),
    )


def persistent_instance(home: str | os.PathLike[str] | None = None) -> LocalInstance:
    """The instance of a home folder, found as the command line finds it."""
    found = find_home(os.fspath(home) if home is not None else None)
    return LocalInstance(open_control(found, read_instance(found), for_children=False))


def ephemeral_instance() -> LocalInstance:
    """An instance in memory; logs and values are in a temporary folder that goes with it."""
    folder = tempfile.mkdtemp(prefix="rostrum-")
    instance = LocalInstance(
        open_control(find_home(folder), InstanceSettings(storage=Component("memory")), for_children=False)
    )
    weakref.finalize(instance, shutil.rmtree, folder, ignore_errors=True)
    return instance


def make_known(deployment: Deployment, location: str, manifest: Manifest) -> None:
    """Record a code location as it is in this process."""
    data = encoded(manifest)
    deployment.locations.add(location)
    deployment.locations.record(location, ManifestReply(manifest_hash=manifest_hash(data), data=data))


def materialize_here(
    deployment: Deployment,
    location: str,
    definitions: Definitions,
    selection: str,
    *,
    stop: threading.Event,
    **options: Any,
) -> ExecutionResult:
    """Make the assets of a selection text in this process. `options` are those of `LocalRunner`.

    The location becomes known with these definitions. Raises NotFound when the text selects nothing that can be made.
    """
    manifest = definitions.manifest()
    keys = select(manifest, selection)
    make_known(deployment, location, manifest)
    return LocalRunner().execute(
        definitions,
        job=ASSET_JOB,
        asset_selection=keys,
        instance=LocalInstance(deployment, location, "cli"),
        stop=stop,
        raise_on_error=False,
        keep_values=False,
        **options,
    )
