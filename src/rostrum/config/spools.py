"""Spools of run workers on this host: where they are, what dead workers left in them, and their end."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import stat
from datetime import timedelta
from pathlib import Path

from rostrum.config.deployment import Deployment
from rostrum.model.errors import Conflict, RostrumError
from rostrum.model.runs import Run
from rostrum.rpc.gateway_session import PATIENCE_SECONDS
from rostrum.rpc.spool import logs_directory, read_spool

_log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_LOG_FILE = re.compile(r"([A-Za-z0-9_.-]+)\.(out|err)")
_FOLDER = re.compile(r"([A-Za-z0-9_-]+)\.([0-9]+)")
_LEFT_SECONDS = PATIENCE_SECONDS + 600.0
"""A spool in which nothing has happened for so long has no worker that still tries to deliver it."""


def spool_dir(deployment: Deployment, run: Run) -> str:
    """Where the worker of this run and epoch spools."""
    return str(deployment.home.spool / f"{run.run_id}.{run.epoch}")


def drain(deployment: Deployment, run: Run) -> bool:
    """Store what a worker that died on this host had spooled: its events under its epoch, and the end of its output.

    Returns whether all of it is stored. Raises Unavailable while the database is away.
    """
    folder = spool_dir(deployment, run)
    deployment.events.drain(run.run_id, run.epoch, read_spool(folder, run.epoch))
    logs = Path(logs_directory(folder))
    whole = True
    keys: dict[str, None] = {}
    for path in sorted(logs.iterdir()) if logs.is_dir() else ():
        named = _LOG_FILE.fullmatch(path.name)
        if named:
            keys[named.group(1)] = None
            whole = _drain_log(deployment, run.run_id, path, named.group(1), named.group(2)) and whole
    for file_key in keys:
        deployment.log_store.complete(run.run_id, file_key)
    return whole


def discard(deployment: Deployment, run: Run) -> None:
    """Remove the spool of a worker that is known dead, if all of it is stored and the run has its end, or another
    worker.
    """
    with deployment.storage.begin() as session:
        stored = session.runs.get(run.run_id)
    over = stored is None or stored.is_finished or stored.epoch > run.epoch
    if over and drain(deployment, run):
        shutil.rmtree(spool_dir(deployment, run), ignore_errors=True)


def sweep(deployment: Deployment) -> None:
    """Look at what earlier lives have left: spools of runs that have ended, and that nobody delivers any more."""
    before = (deployment.clock.now() - timedelta(seconds=_LEFT_SECONDS)).timestamp()
    for folder in sorted(deployment.home.spool.iterdir()):
        named = _FOLDER.fullmatch(folder.name)
        if named is None or folder.is_symlink() or not folder.is_dir() or _touched_at(folder) > before:
            continue
        try:
            _sweep_one(deployment, folder, named.group(1), int(named.group(2)))
        except RostrumError as error:
            _log.warning("the spool %s is left for later: %s", folder, error)


def _sweep_one(deployment: Deployment, folder: Path, run_id: str, epoch: int) -> None:
    with deployment.storage.begin() as session:
        run = session.runs.get(run_id)
    if run is None:
        shutil.rmtree(folder, ignore_errors=True)
    elif run.is_finished and run.epoch == epoch:
        discard(deployment, run)
    elif run.epoch > epoch:  # of a worker that was shut out: its events are evidence, its output is not wanted
        deployment.events.drain(run_id, epoch, read_spool(folder, epoch))
        shutil.rmtree(folder, ignore_errors=True)


def _touched_at(folder: Path) -> float:
    newest = folder.lstat().st_mtime
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            newest = max(newest, path.lstat().st_mtime)
    return newest


def _drain_log(deployment: Deployment, run_id: str, path: Path, file_key: str, stream: str) -> bool:
    """Store the end of one captured file; False when the store has less than its beginning. What is no regular file was
    not made by us (user code may write here): it is nothing to read.
    """
    store = deployment.log_store
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        _log.warning("%s is passed over: %s", path, error.strerror)
        return True
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        _log.warning("%s is passed over: it is no regular file", path)
        return True
    with os.fdopen(descriptor, "rb") as captured:
        offset = store.read(run_id, file_key, stream, 0, 1).size
        captured.seek(offset)
        while data := captured.read(_CHUNK):
            try:
                offset = store.append(run_id, file_key, stream, offset, data)
            except Conflict:
                return False
    return True
