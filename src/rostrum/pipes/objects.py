"""Orchestrating side: context and messages as objects of S3, Google Cloud Storage or Azure, for processes that share no
disk with the step: a context injector and a message reader for all three.

The other side uses the loader and the writer of its store (`PipesS3ContextLoader`, `PipesS3MessageWriter`, and those of
GCS and Azure), with a client of its own.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from rostrum.model.errors import ArgumentError
from rostrum.object_store.store import ObjectStore
from rostrum.pipes.injectors import PipesContextInjector
from rostrum.pipes.protocol import PipesContextData
from rostrum.pipes.readers import PipesBlobStoreMessageReader, PipesLogReader

_WITH_BUCKET = ("s3", "s3a", "gs", "az", "azure", "memory")


class PipesObjectStoreContextInjector(PipesContextInjector):
    """Writes the context to an object below `url` (`s3://bucket/prefix`, `gs://...`, `az://container/prefix`), which is
    gone at the end. `options`: credentials and more, as in `ObjectStoreIOManager`.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        self._bucket, self._prefix = _bucket_and_prefix(url)
        self._store = ObjectStore(url, options)

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives `bucket` and `key`."""
        key = f"{_fresh_folder()}/context.json"
        self._store.put(key, json.dumps(context_data).encode("utf-8"))
        try:
            yield {"bucket": self._bucket, "key": f"{self._prefix}{key}"}
        finally:
            self._store.delete(key)

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to inject context via an object below {self._store.url}."


class PipesObjectStoreMessageReader(PipesBlobStoreMessageReader):
    """Reads messages from objects below `url`, each when it is there; they are deleted at the end unless
    `keep_messages`. `include_stdio_in_messages`: with the output of the process.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any] | None = None,
        *,
        interval: float = 2,
        log_readers: Sequence[PipesLogReader] | None = None,
        include_stdio_in_messages: bool = False,
        keep_messages: bool = False,
    ) -> None:
        super().__init__(interval=interval, log_readers=log_readers)
        self._bucket, self._prefix = _bucket_and_prefix(url)
        self._store = ObjectStore(url, options)
        self._include_stdio, self._keep = include_stdio_in_messages, keep_messages

    @contextmanager
    def read_messages(self, handler: Any) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives `bucket` and `key_prefix`; in it messages are passed to the handler."""
        with super().read_messages(handler) as params:
            yield params
        if not self._keep:
            self._store.delete(*self._store.keys(params["key_prefix"].removeprefix(self._prefix)))

    @contextmanager
    def get_params(self) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives `bucket` and `key_prefix`."""
        yield {
            "bucket": self._bucket,
            "key_prefix": f"{self._prefix}{_fresh_folder()}",
            "include_stdio_in_messages": self._include_stdio,
        }

    def download_messages_chunk(self, index: int, params: Mapping[str, Any]) -> str | None:
        """One object, None where there is none yet."""
        folder = str(params["key_prefix"]).removeprefix(self._prefix)
        data = self._store.get(f"{folder}/{index}.json")
        return bytes(data).decode("utf-8") if data is not None else None

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to read messages from objects below {self._store.url}."


def _bucket_and_prefix(url: str) -> tuple[str, str]:
    """What the other side's client is told: bucket (or container), and the prefix with `/` at its end."""
    parts = urlsplit(url)
    if parts.scheme not in _WITH_BUCKET or not parts.netloc:
        raise ArgumentError(f"{url!r}: Pipes need an object store here, such as s3://bucket/prefix, gs:// or az://.")
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix and parts.scheme != "memory" else ""


def _fresh_folder() -> str:
    return f"rostrum-pipes/{secrets.token_hex(15)}"
