"""What dead workers leave on disk: stored, then removed, never trusted."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostrum.config.deployment import Deployment, open_control
from rostrum.config.instance import InstanceSettings, find_home
from rostrum.config.spools import discard, drain, spool_dir, sweep
from rostrum.control.deletion import delete_run
from rostrum.interfaces.logs import LogChunk
from rostrum.model.errors import Conflict, NotFound, Unavailable
from rostrum.model.events import RunFailed, RunStarted, RunStarting
from rostrum.model.runs import Run, RunTarget
from rostrum.rpc.masks_file import MasksFile
from rostrum.rpc.spool import Spool, logs_directory, output_is_left
from rostrum.storage.logs import LocalLogStore

KEY = "load.1.1"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory(prefix="rst") as folder:
        deployment = open_control(find_home(folder), InstanceSettings())
        yield deployment
        deployment.storage.close()


def started(deployment: Deployment) -> Run:
    """A run whose worker has spooled its start and some output."""
    now = deployment.clock.now()
    run = Run(run_id=deployment.clock.new_id(), target=RunTarget("here", "job"), created_at=now)
    with deployment.events.transaction() as session:
        session.runs.add([run])
        run = deployment.events.append_control(session, run, RunStarting(at=now, epoch=1))
    spool = Spool(spool_dir(deployment, run), 1)
    spool.append([RunStarted(run_id=run.run_id, stream="worker/1", sequence=1, at=now, epoch=1)])
    spool.close()
    logs = logs_directory(spool_dir(deployment, run))
    logs.mkdir(mode=0o700)
    (logs / f"{KEY}.err").write_bytes(b"to err")
    (logs / f"{KEY}.out").write_bytes(b"to out")
    return run


def fail(deployment: Deployment, run: Run) -> None:
    deployment.runs.record(run.run_id, RunFailed(at=deployment.clock.now(), reason="worker_died"))


def age(folder: str, deployment: Deployment) -> None:
    at = (deployment.clock.now() - timedelta(hours=2)).timestamp()
    for path in [*Path(folder).rglob("*"), Path(folder)]:
        os.utime(path, (at, at), follow_symlinks=False)


def test_a_spool_is_removed_when_all_of_it_is_stored_and_the_run_has_its_end(deployment: Deployment) -> None:
    run = started(deployment)
    folder = Path(spool_dir(deployment, run))
    assert drain(deployment, run)
    discard(deployment, run)
    assert folder.exists(), "the run has no end yet"
    fail(deployment, run)
    discard(deployment, run)
    assert not folder.exists()
    for stream in ("out", "err"):
        chunk = deployment.log_store.read(run.run_id, KEY, stream, 0, 100)
        assert (chunk.data, chunk.complete) == (f"to {stream}".encode(), True)
    with deployment.storage.begin() as session:
        assert "run_started" in [stored.event.kind for stored in session.events.read(run.run_id)]


def test_only_regular_files_are_read(deployment: Deployment) -> None:
    """User code can write to the folder: a link would show a file of ours in the UI, a pipe would hold the monitor."""
    run = started(deployment)
    logs = logs_directory(spool_dir(deployment, run))
    secret = deployment.home.folder / "secret"
    secret.write_text("secret")
    (logs / "link.1.1.out").symlink_to(secret)
    os.mkfifo(logs / "pipe.1.1.out")
    (logs / "folder.1.1.out").mkdir()
    assert drain(deployment, run)
    for key in ("link.1.1", "pipe.1.1", "folder.1.1"):
        assert deployment.log_store.read(run.run_id, key, "out", 0, 100).data == b""


def test_what_was_left_is_swept_when_nobody_delivers_it_any_more(deployment: Deployment) -> None:
    going, ended, fresh = (started(deployment) for _ in range(3))
    fail(deployment, ended)
    fail(deployment, fresh)
    unknown = deployment.home.spool / "deleted.1"
    unknown.mkdir()
    others = deployment.home.spool / "notes"
    others.mkdir()
    for folder in (spool_dir(deployment, going), spool_dir(deployment, ended), str(unknown), str(others)):
        age(folder, deployment)
    sweep(deployment)
    left = {path.name for path in deployment.home.spool.iterdir()}
    assert left == {f"{going.run_id}.1", f"{fresh.run_id}.1", "notes"}
    assert deployment.log_store.read(ended.run_id, KEY, "out", 0, 100).data == b"to out"


def test_a_log_store_that_is_away_does_not_keep_a_run_from_its_end(deployment: Deployment) -> None:
    """Events are stored, output stays, until somebody tidies up: not for the hour that a live worker is given."""
    run = started(deployment)
    folder = Path(spool_dir(deployment, run))
    away = dataclasses.replace(deployment, log_store=AwayStore())
    assert not drain(away, run)
    fail(deployment, run)
    discard(away, run)
    assert folder.exists()
    with deployment.storage.begin() as session:
        assert "run_started" in [stored.event.kind for stored in session.events.read(run.run_id)]
    sweep(away)
    assert folder.exists()
    sweep(deployment)
    assert not folder.exists()
    assert deployment.log_store.read(run.run_id, KEY, "err").data == b"to err"


def test_a_look_in_between_takes_only_what_is_left_to_it(deployment: Deployment) -> None:
    old, left = started(deployment), started(deployment)
    for run in (old, left):
        fail(deployment, run)
        age(spool_dir(deployment, run), deployment)
    output_is_left(spool_dir(deployment, left)).touch()
    sweep(deployment, whole=False)
    assert [path.name for path in deployment.home.spool.iterdir()] == [f"{old.run_id}.1"]
    sweep(deployment)
    assert not list(deployment.home.spool.iterdir())


def test_output_of_a_worker_that_another_one_followed_is_stored(deployment: Deployment) -> None:
    """Also where the log store was away when the first one was given up."""
    run = started(deployment)
    folder = Path(spool_dir(deployment, run))
    assert not drain(dataclasses.replace(deployment, log_store=AwayStore()), run)
    deployment.runs.resume(run.run_id, "lost", "lost", epoch=1)
    sweep(deployment)
    assert not folder.exists()
    assert deployment.log_store.read(run.run_id, KEY, "out").data == b"to out"


class AwayStore(LocalLogStore):
    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def read(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 1_000_000) -> LogChunk:
        raise Unavailable("it is away")


def test_output_is_covered_by_whoever_takes_it(deployment: Deployment) -> None:
    run = started(deployment)
    folder = Path(spool_dir(deployment, run))
    MasksFile(folder, 1, deployment.run_tokens.mint(run.run_id, 1)).add(["to err"])
    assert drain(deployment, run)
    assert deployment.log_store.read(run.run_id, KEY, "err").data == b"******"
    assert deployment.log_store.read(run.run_id, KEY, "out").data == b"to out"


def test_logs_go_with_their_run(deployment: Deployment) -> None:
    run = started(deployment)
    assert drain(deployment, run)
    with pytest.raises(Conflict):
        delete_run(deployment.storage, deployment.runs, deployment.log_store, run.run_id)
    assert deployment.log_store.files(run.run_id) == [KEY]
    fail(deployment, run)
    delete_run(deployment.storage, deployment.runs, deployment.log_store, run.run_id)
    assert deployment.log_store.files(run.run_id) == []
    with pytest.raises(NotFound):
        delete_run(deployment.storage, deployment.runs, deployment.log_store, run.run_id)
