"""Runs in this process against a SQLite instance, put together as `rostrum materialize` does it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from benchmarks.measure import scratch
from rostrum import Definitions
from rostrum.config.deployment import Deployment, open_control
from rostrum.config.instance import find_home, read_instance
from rostrum.control.run_session import StoreSession
from rostrum.control.runs import SubmitRequest
from rostrum.execution.workers.run_worker import execute_run
from rostrum.interfaces.execution import Executor
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.assets import AssetKey
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.runs import Run, RunTarget, Trigger


@contextlib.contextmanager
def instance() -> Iterator[Deployment]:
    """A new instance in a temporary home."""
    with scratch() as folder:
        home = find_home(str(folder / "home"))
        os.environ["ROSTRUM_HOME"] = str(home.folder)
        control = open_control(home, read_instance(home))
        try:
            yield control
        finally:
            control.storage.close()


def register(control: Deployment, definitions: Definitions) -> None:
    """Make the definitions known to the control plane."""
    data = encode_manifest(definitions.manifest())
    control.locations.add("bench")
    control.locations.record("bench", ManifestReply(manifest_hash=manifest_hash(data), data=data))


def execute(
    control: Deployment, definitions: Definitions, executor: Executor, job: str, keys: tuple[AssetKey, ...] = ()
) -> Run:
    """Submit a run and execute it; the run as stored afterwards."""
    request = SubmitRequest(
        target=RunTarget(location="bench", job=job, asset_selection=keys), trigger=Trigger(kind="manual")
    )
    with control.events.transaction() as session:
        run = control.runs.submit_in(session, [request])[0]
        run = control.runs.mark_starting(session, run)
    session = StoreSession(
        control.events, control.storage, control.log_store, run.run_id, run.epoch, control.clock, batch=True
    )
    try:
        execute_run(definitions, run, session, executor=executor, clock=control.clock, stop=threading.Event())
    finally:
        session.close()
    with control.storage.begin() as reading:
        stored = reading.runs.get(run.run_id)
    assert stored is not None
    assert stored.status.value == "success", stored
    return stored
