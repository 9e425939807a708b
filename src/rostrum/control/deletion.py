"""Deleting a run with all that belongs to it: its captured output first, then its events and the run itself.

In this order a failure in the middle leaves a run without output, which can be deleted again; never output that nobody
knows of.
"""

from __future__ import annotations

from rostrum.control.runs import Runs
from rostrum.interfaces.logs import LogStore
from rostrum.interfaces.storage import Storage


def delete_run(storage: Storage, runs: Runs, logs: LogStore, run_id: str) -> None:
    """Delete a finished run, its events and its log files; what it made stays true. Raises NotFound, Conflict while it
    goes on, Unavailable where its output cannot be deleted now (then it is all there still, or can be deleted again).
    """
    with storage.begin() as session:
        run = session.runs.get(run_id)
    if run is not None and run.is_finished:
        logs.delete(run_id)
    runs.delete(run_id)
