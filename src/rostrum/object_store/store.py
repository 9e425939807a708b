"""Object stores: S3 and what speaks like it, Google Cloud Storage, Azure, a folder, the memory of this process. The one
module that knows the library for it (`obstore`, extra `rostrum[object-store]`).

The library runs threads of its own from its first use on, and a process that is forked after that would wait for them
for ever: such a process is refused with an error instead.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import threading
from collections.abc import Generator, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from rostrum.interfaces.objects import Data
from rostrum.model.errors import ArgumentError, Denied, Unavailable

try:
    import obstore
    from obstore import exceptions, store

except ImportError:  # told where a store is opened
    obstore = exceptions = store = cast("Any", None)

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "https", "file", "memory")
"""What an address may begin with; a text without scheme is a folder."""
CLIENT_OPTIONS = frozenset(
    "allow_http allow_invalid_certificates connect_timeout default_headers http1_only http2_only proxy_url "
    "proxy_ca_certificate proxy_excludes root_certificate timeout read_timeout user_agent".split()
)
"""Options about the connection; all others are about the store and its credentials."""
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_PART_BYTES = 8 * 1024 * 1024
_BUFFER_BYTES = 256 * 1024
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist", re.IGNORECASE)
_CODE = re.compile(r"<Code>(\w+)</Code>")
_REFUSED: tuple[type[Exception], ...] = (
    (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError) if exceptions else ()
)
_FAILED: tuple[type[Exception], ...] = (exceptions.BaseError, OSError) if exceptions else ()
_memories: dict[str, Any] = {}
_memories_lock = threading.Lock()


class ObjectStore:
    """Objects below an address: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, a folder,
    `memory://name` (shared by all of this process that use the name).

    `options` are those of the library, by its names (`aws_access_key_id`, `endpoint`, `azure_storage_account_key`,
    `service_account`, `allow_http`, ...); what is not given is found in the environment, or by the machine's role.
    Nothing is connected until it is used. `patience_seconds`: how long a request that fails is tried again before it is
    given up; None leaves that to the library (minutes).
    """

    def __init__(
        self, url: str, options: Mapping[str, Any] | None = None, *, patience_seconds: float | None = None
    ) -> None:
        if obstore is None:
            raise ImportError(f"{shown_address(url)} needs the package obstore: pip install 'rostrum[object-store]'.")
        self.url = shown_address(url)
        self._store, self._folder = _opened(url, dict(options or {}), patience_seconds)

    def __repr__(self) -> str:
        return f"ObjectStore({self.url!r})"

    def put(self, key: str, data: Data) -> None:
        """Store an object, or replace it as a whole. Large ones go in parts, several at once."""
        view = memoryview(data).cast("B") if len(data) else b""
        with self._asking("write", key):
            obstore.put(self._store, key, view, chunk_size=_PART_BYTES, use_multipart=len(view) > 2 * _PART_BYTES)

    def get(self, key: str) -> Data | None:
        """The bytes of an object; None where there is none."""
        with contextlib.suppress(FileNotFoundError), self._asking("read", key):
            return memoryview(cast("Any", obstore.get(self._store, key).bytes()))
        return None

    def get_range(self, key: str, start: int, length: int) -> Data | None:
        """A part of the bytes, shorter where the object ends before; None where there is no object."""
        size = self.size(key)
        if size is None or start >= size or length <= 0:
            return None if size is None else b""
        return self.read_range(key, start, min(length, size - start))

    def read_range(self, key: str, start: int, length: int) -> Data | None:
        """As `get_range`, where it is known that the object has these bytes."""
        with contextlib.suppress(FileNotFoundError), self._asking("read", key):
            return memoryview(cast("Any", obstore.get_range(self._store, key, start=start, length=length)))
        return None

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None where there is none."""
        with contextlib.suppress(FileNotFoundError), self._asking("read", key):
            return int(obstore.head(self._store, key)["size"])
        return None

    def open(self, key: str) -> BinaryIO | None:
        """The object as a file that can be read from any position."""
        size = self.size(key)
        return io.BufferedReader(_Ranges(self, key, size), _BUFFER_BYTES) if size is not None else None

    def keys(self, prefix: str = "") -> Iterable[str]:
        """Keys below `prefix/`, in order."""
        with self._asking("list", prefix):
            pages: Any = obstore.list(self._store, prefix or None)
            return sorted(str(each["path"]) for page in pages for each in page)

    def delete(self, *keys: str) -> None:
        """Delete objects; those that do not exist are passed over."""
        for key in keys:
            with contextlib.suppress(FileNotFoundError), self._asking("delete", key):
                obstore.delete(self._store, key)

    def address(self, key: str) -> str:
        """Where an object is, for people."""
        return f"{self.url}/{key}" if key else self.url

    def local_path(self, key: str) -> str | None:
        """Path of the object where the store is a folder."""
        return str(self._folder.joinpath(*key.split("/"))) if self._folder is not None else None

    @contextlib.contextmanager
    def _asking(self, verb: str, key: str) -> Generator[None]:
        """Errors of the library as ours, with the address. (FileNotFoundError passes: each method knows its answer.)"""
        _refuse_fork(self.url)
        try:
            yield
        except FileNotFoundError as error:
            if verb in ("write", "list") or _NO_BUCKET.search(str(error)):
                raise self._no_bucket(verb, key) from error
            raise
        except _REFUSED as error:
            raise Denied(
                f"{self.address(key)}: may not {verb}: {_first_line(error)}. Check the credentials (the environment, "
                "the machine's role, or the options that were given) and what they may do."
            ) from error
        except _FAILED as error:
            if verb != "write" and "os error 20" in str(error):  # a file where the key has a folder
                raise FileNotFoundError(key) from error
            if _NO_BUCKET.search(str(error)):
                raise self._no_bucket(verb, key) from error
            raise Unavailable(
                f"{self.address(key)}: could not {verb}: {_first_line(error)}. Check that the bucket or folder exists "
                "and that this machine can reach it; trying again is safe."
            ) from error

    def _no_bucket(self, verb: str, key: str) -> Unavailable:
        return Unavailable(
            f"{self.address(key)}: could not {verb}: there is no such bucket or container. Create it, or correct the "
            "address."
        )


class _Ranges(io.RawIOBase):
    """An object as a file: every read is a request for a range."""

    def __init__(self, objects: ObjectStore, key: str, size: int) -> None:
        super().__init__()
        self._objects, self._key, self._size, self._at = objects, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._size - self._at)
        if length <= 0:
            return 0
        data = self._objects.read_range(self._key, self._at, length)
        if data is None:
            raise FileNotFoundError(self._objects.address(self._key))
        memoryview(buffer).cast("B")[:length] = memoryview(data).cast("B")
        self._at += length
        return length


def shown_address(url: str) -> str:
    """An address as it may be shown: without user, password, query, and `/` at its end."""
    if "://" not in url:
        return url.rstrip("/") or "/"
    parts = urlsplit(url)
    host = parts.netloc if parts.scheme in ("abfs", "abfss") else parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _opened(url: str, options: dict[str, Any], patience_seconds: float | None) -> tuple[Any, Path | None]:
    """The library's store, and its folder where it is one."""
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme and scheme not in SCHEMES:
        raise ArgumentError(
            f"{shown_address(url)!r} is no address of an object store: it begins with one of "
            f"{', '.join(f'{each}://' for each in SCHEMES)}, or is a folder."
        )
    if scheme == "memory":
        with _memories_lock:
            return _memories.setdefault(shown_address(url), store.MemoryStore()), None
    if scheme in ("", "file"):
        folder = Path(urlsplit(url).path if scheme else url).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return store.LocalStore(folder), folder
    client = {name: options.pop(name) for name in CLIENT_OPTIONS & options.keys()}
    named = ((name.lower(), value) for name, value in options.items())
    endpoint = next((str(value) for name, value in named if name.endswith(("endpoint", "base_url"))), None)
    if scheme.startswith("s3"):
        endpoint = endpoint or next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    if endpoint is not None and endpoint.startswith("http://"):
        client.setdefault("allow_http", True)  # whoever names such an address means it
    retry: Any = None if patience_seconds is None else {"retry_timeout": timedelta(seconds=patience_seconds)}
    try:
        given: Any = {"config": options, "client_options": client, "retry_config": retry}
        return store.from_url(url, **given), None
    except (*_FAILED, ValueError, TypeError) as error:
        raise ArgumentError(f"{shown_address(url)} cannot be opened: {_first_line(error)}.") from error


_used_by: list[int] = []
"""The process in which the library has been used first."""


def _refuse_fork(url: str) -> None:
    """Note the first use. Raises Unavailable in a process that was forked after it, which would hang."""
    if not _used_by:
        _used_by.append(os.getpid())
    elif _used_by[0] != os.getpid():
        raise Unavailable(
            f"{url}: an object store was used in the process that this one was forked from, and its library does not "
            "survive that. Do not use object stores while code is imported, or start fresh processes (executor option "
            "start_method: spawn, setting fork: never)."
        )


def _first_line(error: BaseException) -> str:
    """What the library says, without the body of the answer and its trailing debug output."""
    text = str(error).strip()
    code = _CODE.search(text)
    line = (text.splitlines() or [type(error).__name__])[0].partition("<")[0].rstrip(".: ")
    return f"{line}: {code.group(1)}" if code else line
