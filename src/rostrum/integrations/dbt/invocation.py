"""A dbt command that runs in a process of its own, and the stream of what it tells."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from rostrum.integrations.dbt.errors import DbtCliRuntimeError
from rostrum.integrations.dbt.manifest import Manifest, held, load_manifest
from rostrum.integrations.dbt.messages import DbtCliEventMessage, Event, StepAssets, from_run_results, results
from rostrum.integrations.dbt.tables import with_facts
from rostrum.integrations.dbt.translator import DbtTranslator

GRACE_SECONDS = 20.0
"""How long dbt may take to cancel its queries before it is killed."""
_TOLD_ERRORS = 20


@dataclass(frozen=True)
class Command:
    """A dbt command: what is called, where, and with which environment besides this process's."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    target_path: Path
    show: Sequence[str] = field(default=())
    """Executable and options by which `dbt show` reads the same database."""

    def start(self) -> subprocess.Popen[str]:
        """Start it. What it writes to either stream is one stream."""
        return subprocess.Popen(
            list(self.arguments),
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )


class DbtCliInvocation:
    """A dbt command that has been started. Iterate `stream()` in assets, or call `wait()`.

    When the run is cancelled, or the stream is dropped, dbt gets an interrupt, cancels its queries, and is killed if it
    takes longer than twenty seconds.
    """

    def __init__(
        self,
        command: Command,
        *,
        manifest: Manifest | None,
        dagster_dbt_translator: DbtTranslator,
        step: StepAssets | None = None,
        raise_on_error: bool = True,
        context: Any = None,
    ) -> None:
        self.command, self.raise_on_error, self.context = command, raise_on_error, context
        self.dagster_dbt_translator = dagster_dbt_translator
        self.relations: dict[str, Mapping[str, Any]] = {}
        """What results were of, in the database, by unique id."""
        self._manifest, self._step = manifest, step
        self._errors: list[str] = []
        self._is_read = False
        self.process = command.start()

    @property
    def project_dir(self) -> Path:
        """Folder of the project."""
        return self.command.folder

    @property
    def target_path(self) -> Path:
        """Folder of the artifacts of this command."""
        return self.command.target_path

    @property
    def manifest(self) -> Manifest:
        """The manifest that was given, else the one that the command has written."""
        if self._manifest is None:
            self._manifest = load_manifest(self.target_path / "manifest.json")
        return self._manifest

    # --- what it tells

    def stream(self) -> DbtEventIterator:
        """Events of assets and checks as dbt gets on, to be yielded. Raises DbtCliRuntimeError at the end where dbt
        failed, unless `raise_on_error=False`.
        """
        return DbtEventIterator(self._events(), self)

    def stream_raw_events(self) -> Iterator[DbtCliEventMessage]:
        """Every message of dbt. Their texts are written to the log of the step. Raises as `stream` does."""
        yield from self._messages()
        self._raise_if_failed()

    def _events(self) -> Generator[Event, None, None]:
        seen: set[str] = set()
        messages = self._messages()
        try:
            for message in messages:
                if message.is_result_event:
                    yield from self._results(message, seen)
        finally:
            messages.close()
        if (self.target_path / "run_results.json").exists():
            for message in from_run_results(self.get_artifact("run_results.json"), seen, self.manifest):
                yield from self._results(message, seen)
        self._raise_if_failed()

    def _results(self, message: DbtCliEventMessage, seen: set[str]) -> Iterator[Event]:
        unique_id = str(message.unique_id)
        if unique_id not in seen:
            seen.add(unique_id)
            self.relations[unique_id] = held(message.node, "node_relation")
            yield from results(message, self.manifest, self.dagster_dbt_translator, self._step)

    def _messages(self) -> Generator[DbtCliEventMessage, None, None]:
        """Messages that have not been read yet. However this is left, the process has ended."""
        if self._is_read:
            return
        self._is_read = True
        out = self.process.stdout
        assert out is not None
        try:
            for line in out:
                message = _message(line)
                _tell(line.rstrip("\n") if message is None else str(message))
                if message is None:
                    self._errors.append(line.rstrip())  # a traceback, or a command that does not exist
                    continue
                if message.is_error and str(message).strip():
                    self._errors.append(str(message).strip())
                yield message
            self.process.wait()
        finally:
            self._end()

    def _end(self) -> None:
        """Interrupt, and kill after the grace period."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    # --- how it ends

    def wait(self) -> DbtCliInvocation:
        """Wait for the end. Raises DbtCliRuntimeError where dbt failed, unless `raise_on_error=False`."""
        for _ in self._messages():
            pass
        self._raise_if_failed()
        return self

    def is_successful(self) -> bool:
        """Wait for the end; whether dbt succeeded."""
        for _ in self._messages():
            pass
        return self.process.wait() == 0

    def get_error(self) -> Exception | None:
        """Wait for the end; what `wait` raises, or None."""
        if self.is_successful():
            return None
        said = [line for line in dict.fromkeys(self._errors) if line][-_TOLD_ERRORS:]
        told = "\n".join(said) or "It told no reason: see the log of the step."
        return DbtCliRuntimeError(
            f"The dbt command `{self.shown}` failed with exit code {self.process.returncode}.\n\n{told}",
            metadata={"dbt_command": self.shown, "dbt_log": str(self.target_path / "dbt.log")},
        )

    def _raise_if_failed(self) -> None:
        if self.raise_on_error and (error := self.get_error()) is not None:
            raise error

    @property
    def shown(self) -> str:
        """The command as one would type it."""
        return shlex.join(["dbt", *self.command.arguments[1:]])

    def get_artifact(self, artifact: str) -> dict[str, Any]:
        """A file that the command has written, read: `manifest.json`, `run_results.json`, `catalog.json`,
        `sources.json`. Waits for the end. Raises DbtCliRuntimeError where there is none.
        """
        self.is_successful()
        path = self.target_path / artifact
        if not path.exists():
            there = ", ".join(sorted(each.name for each in self.target_path.glob("*.json"))) or "none"
            raise DbtCliRuntimeError(f"`{self.shown}` wrote no {artifact} (it wrote {there}).")
        return json.loads(path.read_bytes())

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query (with dbt's Jinja in it), through dbt's own connection. Raises DbtCliRuntimeError."""
        target = self.target_path / "queries"
        target.mkdir(exist_ok=True)
        arguments = [*self.command.show, "--inline", sql, "--output", "json", "--limit", "-1"]
        environment = {**self.command.environment, "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
        done = subprocess.run(
            arguments,
            cwd=self.command.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        messages = [message for line in done.stdout.splitlines() if (message := _message(line)) is not None]
        for message in messages:
            if message.name == "ShowNode":
                return json.loads(message.raw_event["data"]["preview"])
        said = "\n".join(str(message) for message in messages if message.is_error) or done.stdout + done.stderr
        raise DbtCliRuntimeError(f"dbt could not answer a query of Rostrum:\n{said.strip()}")


class DbtEventIterator(Iterator[Event]):
    """Events of a dbt command. `fetch_row_counts` and `fetch_column_metadata` add metadata to those of tables."""

    def __init__(
        self, events: Iterator[Event], dbt_cli_invocation: DbtCliInvocation, rows: bool = False, columns: bool = False
    ) -> None:
        self._invocation, self._rows, self._columns = dbt_cli_invocation, rows, columns
        self._source = events
        self._events = with_facts(events, dbt_cli_invocation, rows, columns) if rows or columns else events

    def __next__(self) -> Event:
        return next(self._events)

    def __iter__(self) -> DbtEventIterator:
        return self

    def fetch_row_counts(self) -> DbtEventIterator:
        """The same with `dagster/row_count` for what was made, views apart. The rows are counted by one query when dbt
        has ended, so assets are reported then; checks at once.
        """
        return DbtEventIterator(self._source, self._invocation, True, self._columns)

    def fetch_column_metadata(self, with_column_lineage: bool = False) -> DbtEventIterator:
        """The same with `dagster/column_schema` as the database has it. As with `fetch_row_counts`, assets are reported
        when dbt has ended; both together need one query. Column lineage is not derived: `with_column_lineage` is
        accepted and does nothing.
        """
        del with_column_lineage
        return DbtEventIterator(self._source, self._invocation, self._rows, True)


def _message(line: str) -> DbtCliEventMessage | None:
    if not line.startswith("{"):
        return None
    try:
        event: Any = json.loads(line)
    except ValueError:
        return None
    return DbtCliEventMessage(cast("dict[str, Any]", event)) if isinstance(event, dict) and "info" in event else None


def _tell(text: str) -> None:
    """Into the log of the step, as whatever a step writes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
