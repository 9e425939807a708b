"""Captured output on the terminal: of a run, a step, an attempt; followed while it grows. And the debug bundle."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from rostrum.interfaces.logs import STREAMS, left_out_note
from rostrum.model.errors import ConfigError, NotFound, Unavailable
from rostrum.model.runs import Run
from rostrum.planning.dynamic import base_of

POLL_SECONDS = 0.25
_MOST_NAMES = 20
LAST_SECONDS = 5.0
"""After its run has ended, a file that is not complete is waited for so long."""


def print_output(control: Any, run_id: str, *, step: str | None, attempt: int | None, follow: bool) -> None:
    """Print what was written, file by file; with `follow` until the run has ended and all of it is there. Raises
    NotFound where there is no such step or attempt.
    """
    printer = _Printer(control, run_id, step, attempt)
    bell = control.doorbell.count("logs")
    ended_at = None
    while True:
        with control.storage.begin() as session:
            run = session.runs.get(run_id)
            files = printer.files(session)
        ended = run is None or run.is_finished
        if not files and not follow:
            printer.require_known(ended)
        complete = printer.print_new(files)
        if not follow or (ended and complete):
            return
        if ended:
            ended_at = ended_at or control.clock.now()
            if (control.clock.now() - ended_at).total_seconds() > LAST_SECONDS:
                return
        bell = control.doorbell.wait("logs", bell, POLL_SECONDS)


class _Printer:
    def __init__(self, control: Any, run_id: str, step: str | None, attempt: int | None) -> None:
        self._control, self._run_id, self._step, self._attempt = control, run_id, step, attempt
        self._offsets: dict[tuple[str, str], int] = {}
        self._printed: tuple[str, str] | None = None

    def files(self, session: Any) -> list[dict[str, Any]]:
        """The files that are asked for."""
        found = self._of_step(session)
        if self._attempt is not None:
            found = [file for file in found if file["attempt"] == self._attempt]
        return found

    def _of_step(self, session: Any) -> list[dict[str, Any]]:
        """Of the step that is asked for, if one is; of one with items, all of them."""
        from rostrum.web.logs import log_files

        found = log_files(session, self._control.log_store, self._run_id)
        if self._step is None:
            return found
        found = [file for file in found if any(map(self._is_meant, file["stepKeys"]))]
        own = [file for file in found if all(map(self._is_meant, file["stepKeys"]))]
        return own or found  # of a step that shares its process: its own lines, else the whole process's

    def _is_meant(self, step_key: str) -> bool:
        return self._step in (step_key, base_of(step_key))

    def require_known(self, ended: bool) -> None:
        """Raises NotFound telling what there is."""
        if self._step is None and self._attempt is None:
            return
        attempt = f" of attempt {self._attempt}" if self._attempt is not None else ""
        step = f" of step {self._step}" if self._step is not None else ""
        with self._control.storage.begin() as session:
            there = self._of_step(session)
            told = self._attempts(there) if there else self._steps(session)
        raise NotFound(f"nothing was captured{attempt}{step}{'' if ended else ' yet'}; {told}")

    def _attempts(self, files: list[dict[str, Any]]) -> str:
        """Of what there is output, where not of this attempt."""
        found = sorted({file["attempt"] for file in files if file["attempt"] is not None})
        if not found:
            return "what it wrote is in the output of its process, of all attempts together: leave --attempt out"
        return f"there is output of attempt{'s' if len(found) > 1 else ''} {', '.join(map(str, found))}"

    def _steps(self, session: Any) -> str:
        """Of what there is output, where not of this step."""
        from difflib import get_close_matches

        wanted, self._step = self._step or "", None
        known = sorted({base_of(key) for file in self._of_step(session) for key in file["stepKeys"]})
        if not known:
            return "no step has written anything"
        close = get_close_matches(wanted, known, n=1)
        return f"did you mean {close[0]}?" if close else f"there is output of {', '.join(known[:_MOST_NAMES])}"

    def print_new(self, files: list[dict[str, Any]]) -> bool:
        """Print what is new; whether all files are complete."""
        complete = True
        for file in files:
            for stream in STREAMS:
                complete = self._print(file, stream, titled=len(files) > 1) and complete
        return complete

    def _print(self, file: dict[str, Any], stream: str, *, titled: bool) -> bool:
        key = (file["fileKey"], stream)
        target = sys.stdout if stream == "out" else sys.stderr
        try:
            while True:
                offset = self._offsets.get(key, 0)
                chunk = self._control.log_store.read(self._run_id, *key, offset)
                if not chunk.data:
                    return chunk.complete
                if titled and self._printed != key:
                    click.secho(
                        f"--- {_title(file)}, standard {'output' if stream == 'out' else 'error'}", dim=True, err=True
                    )
                    self._printed = key
                if chunk.offset > offset:
                    target.write(left_out_note(chunk.offset - offset))
                target.flush()
                target.buffer.write(chunk.data)
                target.flush()
                self._offsets[key] = chunk.offset + len(chunk.data)
        except Unavailable as error:
            click.secho(str(error), fg="yellow", err=True)
            return False


def _title(file: dict[str, Any]) -> str:
    steps: list[str] = file["stepKeys"]
    if len(steps) != 1:
        return f"process of {len(steps)} steps ({file['fileKey']})" if steps else str(file["fileKey"])
    return steps[0] + (f", attempt {file['attempt']}" if (file["attempt"] or 1) > 1 else "")


def write_bundle(control: Any, run: Run, output: str | None) -> None:
    """Write a run's debug bundle. Raises ConfigError where the file is there already, or cannot be written."""
    import msgspec

    from rostrum.config.deployment import version
    from rostrum.control.bundles import BundleSources, bundle, bundle_name

    settings = msgspec.to_builtins(control.settings)
    sources = BundleSources(control.storage, control.log_store, control.manifests, settings, version())
    parts = bundle(sources, run, control.clock.now())
    if output == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
        return
    path = Path(output or bundle_name(run))
    size = 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            for part in parts:
                size += file.write(part)
    except FileExistsError:
        raise ConfigError(f"{path} exists already; give another file with -o") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    click.echo(
        f"{path}, {size} bytes. README.md in it says how to read it. Look through the logs before handing it on."
    )
