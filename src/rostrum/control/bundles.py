"""The debug bundle: all that is known of one run in one zip archive, to be looked at elsewhere or handed to somebody.

Secrets are covered: those that the worker covered already, config by the names of its fields, and once more what the
environment of this process knows. Nothing in it comes from a path that somebody has given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from rostrum.control.manifests import ManifestCache
from rostrum.control.zips import zipped
from rostrum.interfaces.logs import STREAMS, LogStore, left_out_note
from rostrum.interfaces.masks import Masks
from rostrum.interfaces.storage import Storage
from rostrum.model.environment import Environment
from rostrum.model.errors import NotFound, RostrumError, Unavailable
from rostrum.model.events import LogsCaptured, StoredEvent, UnknownEvent
from rostrum.model.manifest import Manifest
from rostrum.model.runs import Run
from rostrum.model.secrets import masked_config, masked_run, schema_without_secrets
from rostrum.planning.dynamic import known_items
from rostrum.planning.plan import build_plan

FORMAT = 1
LOG_BYTES = 5_000_000
"""Of one log file: half from its beginning, half from its end."""
TOTAL_BYTES = 200_000_000
"""Of all files together, before compression: what would go beyond is left out, and said to be."""
MOST_EVENTS = 200_000
_PAGE = 1000

README = """# Debug bundle of run {run_id}

Made by Rostrum {version} at {at}. Look at the files in this order:

| file | what it holds |
|---|---|
| `run.json` | the run: status, target, tags, error with stack and the user's source lines |
| `events.jsonl` | its events, one a line, in order |
| `logs/<file key>.out`, `.err` | captured standard output and error of each attempt; `logs.json` says whose they are |
| `config.json` | the run config |
| `plan.json` | the steps and what they depend on, from the definitions the run was started with |
| `manifest.json` | all definitions of the code location at that time, as data |
| `settings.json` | settings of the instance (only for administrators) |
| `versions.json` | Python, platform and packages where the code was loaded, and where the control plane runs |
| `bundle.json` | what is in here, how large it is, and what was left out |

The errors of failed steps, where `jq` is installed:

    jq -r 'select(.kind == "step_failed") | .step_key + ": " + .error.message' events.jsonl

Times are UTC. Secrets are covered by asterisks: by names of config fields, and wherever the worker knew their values.
Look through the logs all the same before you hand this on.
"""


@dataclass(frozen=True)
class BundleSources:
    """Where a bundle's parts come from."""

    storage: Storage
    logs: LogStore
    manifests: ManifestCache
    settings: Mapping[str, Any] | None = None
    """Settings of the instance as plain data; None leaves them out."""
    version: str = ""


def bundle_name(run: Run) -> str:
    """What the archive's file is called."""
    return f"rostrum-run-{run.run_id[-8:]}.zip"


def bundle(sources: BundleSources, run: Run, at: datetime) -> Iterator[bytes]:
    """The archive's bytes, made as they are read. `at`: the present time."""
    masks = Masks()
    masks.add_environment()
    return zipped(_Bundle(sources, run, at, masks).files(), at)


class _Bundle:
    def __init__(self, sources: BundleSources, run: Run, at: datetime, masks: Masks) -> None:
        self._sources, self._run, self._at, self._masks = sources, run, at, masks
        self._left = TOTAL_BYTES
        self._told: dict[str, dict[str, Any]] = {}

    def files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Names and contents. What cannot be had is told in `bundle.json`, not raised: half a bundle is of use."""
        run, sources = self._run, self._sources
        readme = README.format(run_id=run.run_id, version=sources.version or "(unknown)", at=self._at.isoformat())
        yield self._file("README.md", lambda: [readme.encode()])
        yield self._file("run.json", lambda: [_json(masked_run(run))])
        yield self._file("config.json", lambda: [_json(masked_config(run.config))])
        yield self._file("plan.json", lambda: [_json(self._plan())])
        yield self._file("events.jsonl", self._events)
        yield self._file("logs.json", lambda: [_json(self._log_files())])
        for file_key, stream in self._log_keys():
            yield self._file(f"logs/{file_key}.{stream}", lambda key=file_key, of=stream: self._log(key, of))
        yield self._file("manifest.json", lambda: [_json(_shown(self._loaded()))])
        if sources.settings is not None:
            settings = sources.settings
            yield self._file("settings.json", lambda: [_json(masked_config(settings))])
        yield self._file("versions.json", lambda: [_json(self._versions())])
        yield "bundle.json", self._summary()

    def _file(self, name: str, content: Callable[[], Iterable[bytes]]) -> tuple[str, Iterable[bytes]]:
        return name, self._counted(name, content)

    def _counted(self, name: str, content: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
        told = self._told[name] = {"bytes": 0}
        try:
            for part in content():
                if len(part) > self._left:
                    told["left_out"] = f"the bundle holds at most {TOTAL_BYTES} bytes"
                    return
                covered = self._masks.data(part)
                self._left -= len(covered)
                told["bytes"] += len(covered)
                yield covered
        except RostrumError as error:
            told["left_out"] = str(error)

    def _summary(self) -> Iterator[bytes]:
        summary = {"format": FORMAT, "run_id": self._run.run_id, "made_at": self._at, "files": self._told}
        yield _json(summary)

    def _loaded(self) -> Manifest:
        digest = self._run.manifest_hash
        if digest is None:
            raise NotFound("the run was started without stored definitions")
        return self._sources.manifests.get(digest).manifest

    def _versions(self) -> dict[str, Any]:
        code = self._loaded().environment if self._run.manifest_hash is not None else None
        return {"rostrum": self._sources.version, "code_location": code, "control_plane": Environment.here()}

    def _plan(self) -> Any:
        if self._run.manifest_hash is None:
            raise NotFound("the run was started without stored definitions")
        loaded = self._sources.manifests.get(self._run.manifest_hash)
        return build_plan(loaded.manifest, self._run.target, loaded.graph, known_items(self._run.output_origins))

    def _stored(self, kinds: tuple[str, ...] = ()) -> Iterator[list[StoredEvent]]:
        """Events in pages, each read in a short transaction of its own: whoever reads the bundle may be slow."""
        after = read = 0
        while read < MOST_EVENTS:
            with self._sources.storage.begin() as session:
                page = list(session.events.read(self._run.run_id, after=after, limit=_PAGE, kinds=kinds))
            if not page:
                return
            after, read = page[-1].id, read + len(page)
            yield page

    def _events(self) -> Iterator[bytes]:
        for page in self._stored():
            yield b"".join(_event_line(item) for item in page)

    def _log_files(self) -> list[dict[str, Any]]:
        told = [item.event for page in self._stored(("logs_captured",)) for item in page]
        return [
            {"file_key": event.file_key, "step_keys": event.step_keys, "attempt": event.attempt}
            for event in told
            if isinstance(event, LogsCaptured)
        ]

    def _log_keys(self) -> Iterator[tuple[str, str]]:
        try:
            keys = self._sources.logs.files(self._run.run_id)
        except Unavailable as error:
            self._told["logs"] = {"bytes": 0, "left_out": str(error)}
            return
        for file_key in keys:
            for stream in STREAMS:
                yield file_key, stream

    def _log(self, file_key: str, stream: str) -> Iterator[bytes]:
        """The first and the last part of a file."""
        logs, run_id, half = self._sources.logs, self._run.run_id, LOG_BYTES // 2
        offset = 0
        while (chunk := logs.read(run_id, file_key, stream, offset, min(half, 500_000))).data:
            if chunk.offset > offset:
                yield left_out_note(chunk.offset - offset).encode()
            yield chunk.data
            offset = chunk.offset + len(chunk.data)
            if half <= offset < chunk.size - half:  # on with the end
                yield f"\n[... {chunk.size - half - offset} bytes are not in this bundle ...]\n".encode()
                offset = chunk.size - half


def _event_line(item: StoredEvent) -> bytes:
    event = item.event
    fields = msgspec.msgpack.decode(event.raw) if isinstance(event, UnknownEvent) else event
    head = b'{"id":%d,' % item.id + (b'"evidence":true,' if item.evidence else b"")
    return head + msgspec.json.encode(fields)[1:] + b"\n"


def _shown(manifest: Manifest) -> Manifest:
    """Definitions without secrets in default config."""
    replace = msgspec.structs.replace
    return replace(
        manifest,
        ops=tuple(replace(op, config_schema=schema_without_secrets(op.config_schema)) for op in manifest.ops),
        jobs=tuple(replace(job, config=masked_config(job.config)) for job in manifest.jobs),
        schedules=tuple(replace(each, config=masked_config(each.config)) for each in manifest.schedules),
        resources=tuple(replace(each, config=masked_config(each.config)) for each in manifest.resources),
    )


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
