"""Reload when files of the user's code change: for development."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from importlib.machinery import PathFinder
from pathlib import Path

import msgspec

from rostrum.codeserver.reads import changed_at, home_folder, may_hold_code
from rostrum.codeserver.supervisor import Version

_log = logging.getLogger(__name__)
_SOURCES = (".py", ".pyi", ".sql", ".yaml", ".yml")
"""Are code wherever they come up: modules, components, models. What has another name is none, since runs write such
files, too - unless loading has read it.
"""
_MOST_FOLDERS = 4096
"""Watched at once; a system has some ten thousand watches for all that runs on it."""
_LOOK_MS = 250
_SETTLE_SECONDS = 0.1
"""An editor may write several files."""
_WAIT_SECONDS = 0.2


class FileWatcher:
    """A thread that watches the folders of the imported files: sources in them, and what else the load has read. It
    stops when asked, within about a second.
    """

    def __init__(self, reload: Callable[[], None], version: Callable[[], Version]) -> None:
        self._reload, self._version = reload, version
        self._seen = 0.0
        self._seen_data: dict[str, int] = {}
        """Changes of read files for which a reload was asked: each counts once, whatever becomes of it."""
        self._asked_at = -1
        """Revision at which a reload was asked last."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        import watchfiles  # of the extra `server`; code servers that do not watch go without

        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of every file, of values too

        while not self._stop.is_set():
            version = self._version()
            above = roots(version.files)
            if not above:
                self._stop.wait(_WAIT_SECONDS)
                continue
            self._catch_up()
            changes = watchfiles.watch(
                *folders(above),
                watch_filter=self.is_of_interest,
                debounce=1,  # tell at the end of the step in which something changed
                step=_LOOK_MS,
                stop_event=self._stop,
                rust_timeout=2000,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
            )
            for changed in changes:
                if code := {path for _, path in changed if _is_source(path)} | self.changed_data():
                    self._stop.wait(_SETTLE_SECONDS)
                    self.ask(code)
                elif not changed:
                    self._catch_up()
                if any(Path(path).is_dir() for _, path in changed) or roots(self._version().files) != above:
                    break  # there are other folders now

    def _catch_up(self) -> None:
        """Reload for what changed while nobody watched: a file is newer than the load that read it."""
        version = self._version()
        known = max(version.began, self._seen)
        if code := {file for file in version.files if _seconds(file) > known} | self.changed_data():
            self.ask(code)

    def ask(self, changed: set[str]) -> None:
        """Reload because of these files."""
        names = sorted(Path(file).name for file in changed)
        _log.info("Reloading: %s changed", ", ".join(names[:3]))
        version = self._version()
        # Once for each change: it may not load, or lie in the future.
        self._seen = max(self._seen, *(_seconds(file) for file in version.files), 0.0)
        self._seen_data = {file: changed_at(file) for file in version.data}
        self._asked_at = version.revision
        self._reload()

    def changed_data(self) -> set[str]:
        """Files that the load has read and that are others by now. None while the load that was asked for goes on: it
        may write them itself.
        """
        version = self._version()
        if version.revision == self._asked_at:
            return set()
        return {file for file, at in version.data.items() if changed_at(file) not in (at, self._seen_data.get(file))}

    def is_of_interest(self, _change: object, path: str) -> bool:
        """Whether what happens to this file or folder is looked at."""
        return (
            _is_source(path) or path in self._version().data or (may_hold_code(Path(path).name) and Path(path).is_dir())
        )


def _seconds(file: str) -> float:
    return changed_at(file) / 1e9


def target_files(target: bytes) -> list[str]:
    """Files of a `CodeTarget` (JSON) that are known without importing anything: what an endless import is mended in."""
    wanted: dict[str, str | None] = msgspec.json.decode(target)
    folder = wanted.get("working_directory") or os.getcwd()  # noqa: PTH109 - joined to paths as they are
    if file := wanted.get("python_file"):
        return [str(Path(folder, file).resolve())]
    name = (wanted.get("module_name") or "").partition(".")[0]
    found = PathFinder.find_spec(name, [folder, *sys.path]) if name else None
    return [found.origin] if found is not None and found.origin else []


def roots(files: Iterable[str]) -> list[Path]:
    """Folders of the files, without folders below others."""
    found = sorted({Path(file).resolve().parent for file in files})
    return [folder for folder in found if folder.is_dir() and not any(other in folder.parents for other in found)]


def folders(above: Iterable[Path]) -> list[Path]:
    """These folders and those below them that may hold code: one watch each.

    Not those of environments and packages, no hidden ones, nor the instance's home, in which every run writes.
    """
    left_out = home_folder()
    found: list[Path] = []
    for top in above:
        for folder, below, files in os.walk(top):
            place = Path(folder)
            if "pyvenv.cfg" in files or place.resolve() == left_out:
                below.clear()
                continue
            below[:] = filter(may_hold_code, below)
            found.append(place)
            if len(found) == _MOST_FOLDERS:
                return found
    return found


def _is_source(path: str) -> bool:
    file = Path(path)
    return file.suffix in _SOURCES and may_hold_code(file.name)
