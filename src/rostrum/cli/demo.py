"""What `rostrum dev --demo` launches: sources without partitions, then a month of the job with the most partitioned
assets, then what reads them all.
"""

from __future__ import annotations

import sys
import threading

import click

from rostrum.config.deployment import Deployment
from rostrum.control.manifests import LoadedManifest
from rostrum.control.runs import SubmitRequest
from rostrum.model.assets import AssetKey
from rostrum.model.errors import Unavailable
from rostrum.model.manifest import ASSET_JOB, JobNode
from rostrum.model.runs import RunStatus, RunTarget, Trigger
from rostrum.planning.partitions import partitions_of

DEMO_PARTITIONS = 31
_BY = Trigger(kind="manual", name="demo")


def launch_demo(deployment: Deployment, locations: list[str], stop: threading.Event, seconds: float) -> None:
    """Launch the demonstration in the first location. Raises Unavailable when its code does not load in time."""
    loaded = _loaded(deployment, locations[0], stop, seconds)
    if loaded is None:
        return
    assets = {node.key: node for node in loaded.manifest.assets if node.op is not None}
    job = max(
        loaded.manifest.jobs,
        key=lambda node: sum(bool(assets[k].partitions) for k in node.asset_selection if k in assets),
        default=None,
    )
    sources = tuple(key for key, node in assets.items() if not node.partitions and not node.deps)
    if sources:
        run = deployment.runs.submit(SubmitRequest(target=_target(locations[0], sources), trigger=_BY))
        _wait(deployment, [run.run_id], stop)
    if job is not None and any(assets[key].partitions for key in job.asset_selection if key in assets):
        keys = _month(
            deployment,
            loaded,
            job,
            assets[next(k for k in job.asset_selection if assets[k].partitions)].partitions or "",
        )
        backfill, runs = deployment.backfills.create(RunTarget(location=locations[0], job=job.name), keys, by="demo")
        click.echo(f"  demo  {len(runs)} partitions of {job.name} queued (backfill {backfill.backfill_id[:8]})")
        _wait(deployment, [run.run_id for run in runs], stop)
    last = tuple(key for key, node in assets.items() if not node.partitions and node.deps)
    if last and not stop.is_set():
        run = deployment.runs.submit(SubmitRequest(target=_target(locations[0], last), trigger=_BY))
        _wait(deployment, [run.run_id], stop)
    if not stop.is_set():
        click.echo("  demo  done: look around; Ctrl-C stops")


def _target(location: str, keys: tuple[AssetKey, ...]) -> RunTarget:
    return RunTarget(location=location, job=ASSET_JOB, asset_selection=tuple(sorted(keys)))


def _loaded(deployment: Deployment, location: str, stop: threading.Event, seconds: float) -> LoadedManifest | None:
    bell = deployment.doorbell.count("locations")
    deadline = deployment.clock.now().timestamp() + seconds
    while not stop.is_set():
        found = deployment.manifests.active().get(location)
        if found is not None:
            return found
        if deployment.clock.now().timestamp() > deadline:
            raise Unavailable(
                f"{location} has not loaded within {seconds:.0f} s; its error is shown above and in the UI"
            )
        bell = deployment.doorbell.wait("locations", bell, 0.5)
    return None


def _month(deployment: Deployment, loaded: LoadedManifest, job: JobNode, name: str) -> list[str]:
    """The first month of keys: the beginning of a year has the gaps that the checks are about."""
    spec = loaded.manifest.partitions[job.partitions or name]
    keys = partitions_of(spec).keys(deployment.clock.now())
    return [key for _, key in zip(range(DEMO_PARTITIONS), keys, strict=False)]


def _wait(deployment: Deployment, run_ids: list[str], stop: threading.Event) -> None:
    """Until these runs have ended, telling how many."""
    done: dict[str, RunStatus] = {}
    told = -1
    bell = deployment.doorbell.count("runs")
    while not stop.is_set():
        with deployment.storage.begin() as session:
            for run_id in run_ids:
                run = session.runs.get(run_id) if run_id not in done else None
                if run is not None and run.is_finished:
                    done[run_id] = run.status
        ended = len(done) == len(run_ids)
        if len(run_ids) > 1 and len(done) != told and (sys.stdout.isatty() or ended):
            told = len(done)
            click.echo(f"\r  demo  {told} of {len(run_ids)} runs have ended", nl=ended)
        if ended:
            failed = [run_id for run_id, status in done.items() if status is not RunStatus.SUCCESS]
            if failed:
                click.secho(f"  demo  {len(failed)} runs did not succeed, e.g. {failed[0]}", fg="red")
            return
        bell = deployment.doorbell.wait("runs", bell, 0.5)
