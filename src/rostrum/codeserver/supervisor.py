"""Keeps a zygote with the newest good code up: loads, swaps, heals (law 6).

One long-lived thread starts every zygote. A new version is loaded beside the running one and becomes active only when
it has loaded; otherwise the old one keeps serving and the error is shown beside it. A zygote that dies is replaced at
once, then with backoff. Where nothing is active, loading is retried with backoff for ever; where an older version is,
when somebody asks.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence

import msgspec

from rostrum.codeserver.messages import Loaded, NotLoaded
from rostrum.codeserver.sources import keep_sources
from rostrum.codeserver.zygote_client import ZygoteProcess, ZygoteSettings
from rostrum.interfaces.clock import Clock
from rostrum.model.errors import ErrorInfo, Unavailable

_log = logging.getLogger(__name__)
_BACKOFF_FIRST_SECONDS = 1.0
_BACKOFF_LAST_SECONDS = 60.0
_SLACK_SECONDS = 0.01
"""After the next deadline: it has passed for sure."""
_END_SECONDS = 0.5
"""How long a zygote that failed a request is given to turn out dead."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What the code server serves now."""

    revision: int
    loaded: Loaded | None = None
    """The active version; stays known while its zygote is being healed."""
    error: ErrorInfo | None = None
    files: tuple[str, ...] = ()
    """The user's files that the newest load knew of."""
    data: dict[str, int] = {}
    """Other files that it read, with the time of their last change, see `rostrum.codeserver.reads`."""
    began: float = 0.0
    """When that load began (seconds since 1970): files changed later are not in it."""


class ZygoteSupervisor:
    """The thread that owns the zygotes. `start` and `stop` once each; all other methods from any thread."""

    def __init__(
        self,
        settings: ZygoteSettings,
        environment: Mapping[str, str],
        clock: Clock,
        *,
        max_age_seconds: float = 24 * 3600.0,
        files: Sequence[str] = (),
    ) -> None:
        """`files`: those that are sure to be imported, known before the first load has ended."""
        self._settings, self._environment, self._clock = settings, dict(environment), clock
        self._max_age_seconds = max_age_seconds
        self._changed = threading.Condition()
        # Revisions go on growing over restarts of the server: a waiting client must see a difference.
        now = clock.now().timestamp()
        self._version = Version(revision=int(now * 1000), files=tuple(files), began=now)
        self._zygote: ZygoteProcess | None = None
        self._loading: ZygoteProcess | None = None
        """It imports the user's code now, which may take for ever."""
        self._retired: list[ZygoteProcess] = []
        self._sources = -1
        self._began = 0.0
        self._is_stale = False
        """Files have changed since the load that runs began."""
        self._is_restored = False
        """The active version was brought back from kept sources."""
        self._wanted = 1
        """Loads asked for; `_done` of them have been made."""
        self._done = 0
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="zygote-supervisor", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def stop(self) -> None:
        """Retire the zygotes and end the thread. Run workers live on."""
        with self._changed:
            self._stopping = True
            self._wake.set()
            self._changed.notify_all()
            loading = self._loading
        if loading is not None:
            loading.abort()
        self._thread.join()

    def version(self) -> Version:
        """What is served now."""
        with self._changed:
            return self._version

    def wait_loaded(self, seconds: float) -> Version:
        """As `version`, after the first load has ended one way or the other."""
        with self._changed:
            self._changed.wait_for(lambda: self._done > 0 or self._stopping, seconds)
            return self._version

    def wait_for_change(self, revision: int, seconds: float) -> Version | None:
        """Wait until the revision differs from `revision`; None when time is up."""
        with self._changed:
            if self._changed.wait_for(lambda: self._is_news(revision) or self._stopping, seconds) and self._is_news(
                revision
            ):
                return self._version
            return None

    def _is_news(self, revision: int) -> bool:
        return self._done > 0 and self._version.revision != revision

    def reload(self) -> Version:
        """Load anew and wait for the outcome. Callers that come while a load runs share the next one."""
        with self._changed:
            self._wanted += 1
            mine = self._wanted
            self._wake.set()
            self._changed.wait_for(lambda: self._done >= mine or self._stopping)
            return self._version

    def ask_reload(self) -> None:
        """Load anew, since files have changed; do not wait. A load that runs is given up: it has read the old ones."""
        with self._changed:
            self._wanted += 1
            self._is_stale = True
            self._wake.set()
            loading = self._loading
        if loading is not None:
            loading.abort()

    def zygote(self, seconds: float = 10.0) -> ZygoteProcess:
        """The active zygote; waits a little for one that is being healed. Raises Unavailable."""
        with self._changed:
            self._changed.wait_for(lambda: self._zygote or self._stopping or self._is_hopeless(), seconds)
            if self._zygote is not None:
                return self._zygote
            error = self._version.error
        why = f": {error.first_line}" if error else ""
        raise Unavailable(f"the code of location {self._settings.location!r} has not loaded{why}")

    def _is_hopeless(self) -> bool:
        """Nothing has ever loaded, and the last attempt failed."""
        return self._version.loaded is None and self._version.error is not None

    def suspect(self, zygote: ZygoteProcess) -> None:
        """A request to this zygote failed: have a look at it now. (A killed process is not gone at once.)"""
        zygote.wait(_END_SECONDS)
        with self._changed:
            if not zygote.is_alive():
                zygote.retire()  # clears its folder
                if self._zygote is zygote:
                    self._zygote = None
            self._wake.set()

    # --- the thread ---

    def _run(self) -> None:
        failures = 0
        retry_at = 0.0
        born = 0.0
        while not self._stopping:
            asked = self._done < self._wanted
            lost = not self._holds_living_zygote()
            aged = not lost and time.monotonic() - born > self._max_age_seconds
            if asked or aged or (lost and time.monotonic() >= retry_at):
                # Healing brings back the same version; should that fail for ever, what is on disk is tried in turn.
                good = self._load(healing=not asked, kept=not asked and failures % 2 == 0)
                if good is None:
                    continue  # given up for a newer one, or for good
                # Zygotes that load and then die at once are retried slowly, too.
                short_lived = lost and time.monotonic() - born < _BACKOFF_LAST_SECONDS
                failures = 0 if good and not short_lived else failures + 1
                born = time.monotonic()
                delay = min(_BACKOFF_LAST_SECONDS, _BACKOFF_FIRST_SECONDS * 2 ** (failures - 1)) if failures else 0.0
                retry_at = time.monotonic() + delay * (0.5 + self._clock.random() / 2)
                continue
            next_at = retry_at if lost else born + self._max_age_seconds
            self._wake.wait(max(0.0, next_at - time.monotonic()) + _SLACK_SECONDS)  # the end of a zygote wakes, too
            self._wake.clear()
        self._end()

    def _holds_living_zygote(self) -> bool:
        self._retired = [zygote for zygote in self._retired if zygote.is_alive()]  # reaps those that ended
        with self._changed:
            zygote = self._zygote
            if zygote is not None and not zygote.is_alive():
                _log.warning(
                    "The zygote of %s (pid %d) has ended; starting another", self._settings.location, zygote.pid
                )
                self._zygote = None
                zygote.retire()
            return self._zygote is not None

    def _load(self, *, healing: bool, kept: bool) -> bool | None:
        """Start a zygote and, when it has loaded, make it the active one; None: the load was given up."""
        with self._changed:
            serving = self._wanted
            self._is_stale = False
            self._wake.clear()
        self._began = self._clock.now().timestamp()
        try:
            sources = self._sources if kept else -1
            fresh = ZygoteProcess(self._settings, self._environment, sources, on_end=self._wake.set)
        except OSError as error:
            crash = ErrorInfo(class_name="LoadCrash", message=f"no process could be started: {error}")
            self._settle(serving, None, NotLoaded(crash))
            return False
        outcome = self._outcome(fresh)
        if outcome is None:
            return None
        if isinstance(outcome, NotLoaded):
            fresh.retire()
            self._retired.append(fresh)
            self._settle(serving, None, outcome)
            _log.error("The code of %s did not load: %s", self._settings.location, outcome.error.first_line)
            return False
        if outcome.fork.startswith("fresh") and (
            self._version.loaded is None or self._version.loaded.fork != outcome.fork
        ):
            _log.warning(
                "%s starts work in fresh processes, not by forking: %s", self._settings.location, outcome.fork[7:]
            )
        # What was kept says nothing of what is on disk: the error of a newer version stays.
        self._is_restored = kept and self._sources >= 0
        if not self._is_restored:
            self._keep(outcome)
        old = self._zygote
        self._settle(serving, (fresh, outcome), None)
        if old is not None:
            old.retire()
            self._retired.append(old)
        _log.info("Loaded %s in %.2f s%s", self._settings.location, outcome.seconds, " (healed)" if healing else "")
        return True

    def _outcome(self, fresh: ZygoteProcess) -> Loaded | NotLoaded | None:
        """What becomes of a load; None when it was given up."""
        with self._changed:
            self._loading = None if self._is_stale or self._stopping else fresh
        outcome = fresh.describe(self._still_loading) if self._loading is not None else None
        with self._changed:
            self._loading = None
            given_up = self._is_stale or self._stopping
        if given_up:
            fresh.abort()
            return None
        return outcome

    def _still_loading(self, seconds: float) -> None:
        _log.warning("The code of %s is still being imported, for %.0f s now", self._settings.location, seconds)

    def _keep(self, loaded: Loaded) -> None:
        """Keep the sources of the version that becomes active, to bring the same one back when its zygote dies."""
        before, self._sources = self._sources, keep_sources(loaded.files)
        if before >= 0:
            os.close(before)

    def _settle(self, serving: int, good: tuple[ZygoteProcess, Loaded] | None, failure: NotLoaded | None) -> None:
        with self._changed:
            before = self._version
            after = msgspec.structs.replace(before, revision=before.revision + 1)
            told: Loaded | NotLoaded | None = failure
            if good is not None:
                self._zygote = good[0]
                after = msgspec.structs.replace(after, loaded=good[1])
                told = None if self._is_restored else good[1]
            if told is not None:
                error = told.error if isinstance(told, NotLoaded) else None
                after = msgspec.structs.replace(after, error=error, began=self._began)
                if told.files or error is None:
                    # (A load that ended its process tells no files: those of before are where it is mended.)
                    after = msgspec.structs.replace(after, files=told.files, data=told.data)
            self._version = after
            self._done = serving
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            zygote, self._zygote = self._zygote, None
            self._changed.notify_all()
        if zygote is not None:
            zygote.retire()
            zygote.wait(0.2)
