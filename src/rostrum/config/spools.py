"""Spools of run workers on this host: where they are, what dead workers left in them, and their end."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from rostrum.config.deployment import Deployment
from rostrum.interfaces.logs import LogStore
from rostrum.model.errors import Conflict, RostrumError, Unavailable
from rostrum.model.runs import Run
from rostrum.rpc.captured import CapturedFile
from rostrum.rpc.gateway_session import PATIENCE_SECONDS
from rostrum.rpc.masks_file import read_masks
from rostrum.rpc.spool import logs_directory, output_is_left, read_spool

_log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_LOG_FILE = re.compile(r"([A-Za-z0-9_.-]+)\.(out|err)")
_FOLDER = re.compile(r"([A-Za-z0-9_-]+)\.([0-9]+)")
_TIDY_SECONDS = 300.0
_HANDOVER_SECONDS = 10.0
"""How soon output that a worker has left to the daemon is looked at."""
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
    try:
        return _drain_logs(deployment, run, folder)
    except Unavailable as error:  # of the log store: the run has its end all the same, and the output stays here
        _log.warning("output of run %s stays in %s for now: %s", run.run_id, folder, error)
        with contextlib.suppress(OSError):
            output_is_left(folder).touch()
        return False


def _drain_logs(deployment: Deployment, run: Run, folder: str) -> bool:
    logs = Path(logs_directory(folder))
    present = sorted(logs.iterdir()) if logs.is_dir() else []
    files = [(path, named) for path in present if (named := _LOG_FILE.fullmatch(path.name))]
    if not files:
        return True
    masks = read_masks(folder, run.epoch, deployment.run_tokens.sealing_key)
    whole = True
    for path, named in files:
        place = (run.run_id, named.group(1), named.group(2))
        whole = _drain_log(deployment.log_store, CapturedFile(path, masks), place) and whole
    for file_key in dict.fromkeys(named.group(1) for _, named in files):
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


def sweep(deployment: Deployment, *, whole: bool = True) -> None:
    """Look at what earlier lives have left: spools of runs that have ended, and that nobody delivers any more. Cheap
    without `whole`: those only of which it is said.
    """
    before = (deployment.clock.now() - timedelta(seconds=_LEFT_SECONDS)).timestamp()
    for folder in sorted(deployment.home.spool.iterdir()):
        named = _FOLDER.fullmatch(folder.name)
        if named is None or folder.is_symlink() or not folder.is_dir():
            continue
        if not output_is_left(folder).exists() and (not whole or _touched_at(folder) > before):
            continue
        try:
            _sweep_one(deployment, folder, named.group(1), int(named.group(2)))
        except RostrumError as error:
            _log.warning("the spool %s is left for later: %s", folder, error)


class Tidying:
    """The loop that sweeps; more often what workers have left to it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._swept_at: datetime | None = None

    def run_once(self, now: datetime) -> float:
        """Sweep; returns the seconds until the next time."""
        whole = self._swept_at is None or (now - self._swept_at).total_seconds() >= _TIDY_SECONDS
        sweep(self._deployment, whole=whole)
        self._swept_at = now if whole else self._swept_at
        return _HANDOVER_SECONDS


def _sweep_one(deployment: Deployment, folder: Path, run_id: str, epoch: int) -> None:
    with deployment.storage.begin() as session:
        run = session.runs.get(run_id)
    if run is None:
        shutil.rmtree(folder, ignore_errors=True)
    elif run.epoch > epoch or (run.is_finished and run.epoch == epoch):
        # Of a worker that was shut out, too: its events are evidence, its output has files of its own.
        discard(deployment, msgspec.structs.replace(run, epoch=epoch))


def _touched_at(folder: Path) -> float:
    newest = folder.lstat().st_mtime
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            newest = max(newest, path.lstat().st_mtime)
    return newest


def _drain_log(store: LogStore, file: CapturedFile, place: tuple[str, str, str]) -> bool:
    """Store the end of one captured file; False when the store has less than its beginning. What is no regular file was
    not made by us (user code may write here): it is nothing to read.
    """
    try:
        file.look(file.path.lstat().st_size)
    except FileNotFoundError:
        return True
    file.stored = store.read(*place, 0, 1).size
    while (part := file.part(store.limits, _CHUNK, ended=True)) is not None:
        try:
            file.stored = store.append(*place, part.offset, part.data, leave_out=part.leave_out)
        except Conflict:
            return False
    return True
