"""The loop of retries: when the time of a failed run has come, another one is queued that repeats it.

That a run is to be repeated, and when, has been decided in the transaction that failed it; this loop only does it. Any
number of daemons may: one transaction looks again, queues the one run under an idempotency key and notes it.
"""

from __future__ import annotations

import logging
from datetime import datetime

from rostrum.control.reruns import Reruns
from rostrum.interfaces.storage import Storage
from rostrum.model.errors import RostrumError

_log = logging.getLogger(__name__)


class RetryLoop:
    """Queues what is due. Called by one thread."""

    def __init__(self, storage: Storage, reruns: Reruns, *, idle_seconds: float = 5.0) -> None:
        self._storage, self._reruns, self._idle_seconds = storage, reruns, idle_seconds

    def run_once(self, now: datetime) -> float:
        """Queue the runs that are due; returns the seconds until the next look."""
        with self._storage.begin() as session:
            waiting = self._reruns.waiting(session)
        for run in waiting:
            assert run.retry_at is not None
            left = (run.retry_at - now).total_seconds()
            if left > 0:
                return min(self._idle_seconds, max(0.05, left))
            try:
                self._reruns.retry_by_itself(run.run_id)
            except RostrumError as error:  # the database is away
                _log.warning("run %s is not repeated yet: %s", run.run_id, error)
            except Exception:  # noqa: BLE001 - one run must not keep the others from being repeated
                _log.exception("run %s is not repeated yet", run.run_id)
        return self._idle_seconds
