"""Values of secrets that a process knows, and how they are covered in what leaves it: in texts by `MASK`, in captured
output by as many asterisks as the value has bytes, so that the offsets of all that follows stay as they are.

`KNOWN` holds those of this process. Only what people read is covered: messages, descriptions, errors, metadata. Keys,
names and ids are how things are found again; a secret must not be one.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from rostrum.model.assets import AssetKey
from rostrum.model.events import Event, StepSkipped
from rostrum.model.secrets import MASK, looks_secret, named_value

E = TypeVar("E", bound=Event)

SHORTEST = 6
"""Characters of a value that is taken for a secret by the name of its variable or field: shorter ones are in every
text, and covering them would make it unreadable."""
SHORTEST_TOLD = 3
"""The same for a value that somebody has named as a secret."""
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_PLAIN = frozenset(("password", "passwd", "secret", "postgres", "default", "example", "changeme", "private", "public"))
"""Values that are words: they say nothing, and are in every other text."""
_SHOWN = frozenset(("message", "description", "error", "metadata"))
"""Fields of events that hold what people read."""


class Masks:
    """A set of secret values. Thread-safe; it only grows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: frozenset[str] = frozenset()
        self._texts: tuple[str, ...] = ()
        self._bytes: tuple[bytes, ...] = ()
        self._listeners: dict[str, Callable[[Sequence[str]], None]] = {}
        self.longest = 0
        """Bytes of the longest value."""

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def values(self) -> frozenset[str]:
        """The values as they were given."""
        return self._values

    def add(self, values: Iterable[str], *, shortest: int = SHORTEST_TOLD) -> None:
        """Cover these values from now on; those that are shorter than `shortest` are passed over. Listeners have been
        told when this returns.
        """
        wanted = {text for value in values if len(text := value.strip()) >= shortest}
        with self._lock:
            new = sorted(wanted - self._values)
            if not new:
                return
            forms = set(self._texts).union(*(_forms(value, shortest) for value in new))
            self._texts = tuple(sorted(forms, key=lambda text: (-len(text), text)))
            self._bytes = tuple(sorted((text.encode() for text in forms), key=lambda data: (-len(data), data)))
            self.longest = len(self._bytes[0]) if self._bytes else 0
            self._values |= wanted
            listeners = tuple(self._listeners.values())
        for listener in listeners:
            listener(new)

    def add_fields(self, fields: Mapping[str, Any]) -> None:
        """Cover values of fields whose names say that they are secrets, at any depth, and passwords in addresses."""
        self.add(_secrets_in(fields), shortest=SHORTEST)

    def add_environment(self, variables: Mapping[str, str] | None = None) -> None:
        """Cover values of variables whose names say that they are secrets, and passwords in addresses."""
        self.add_fields(os.environ if variables is None else variables)

    def listen(self, name: str, listener: Callable[[Sequence[str]], None] | None) -> None:
        """Have `listener` called with new values, before `add` returns, in the place of who listened under this name
        before; None ends it.
        """
        with self._lock:
            if listener is None:
                self._listeners.pop(name, None)
            else:
                self._listeners[name] = listener

    def forked(self) -> None:
        """In a process that was just forked: the values stay, who listened is in another process."""
        self._lock = threading.Lock()
        self._listeners = {}

    def text(self, text: str) -> str:
        """The text with values covered."""
        for value in self._texts:
            if value in text:
                text = text.replace(value, MASK)
        return text

    def data(self, data: bytes) -> bytes:
        """Bytes of captured output with values covered; as many as before."""
        for value in self._bytes:
            if value in data:
                data = data.replace(value, b"*" * len(value))
        return data

    def open_end(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of a value that goes on in what is not written yet."""
        for length in range(min(self.longest - 1, len(data)), 0, -1):
            end = data[-length:]
            if any(len(value) > length and value.startswith(end) for value in self._bytes):
                return length
        return 0

    def event(self, event: E) -> E:
        """The event with values covered in what people read of it; the same object where there are none."""
        if not self._texts:
            return event
        changes: dict[str, Any] = {}
        for name in _shown_fields(type(event)):
            value = getattr(event, name)
            if value:
                covered = self.anything(value)
                if covered is not value:
                    changes[name] = covered
        return msgspec.structs.replace(event, **changes) if changes else event

    def anything(self, value: Any) -> Any:
        """A value of plain data and structs with all texts in it covered; the same object where nothing is."""
        if isinstance(value, str):
            covered = self.text(value)
            return value if covered == value else covered
        if isinstance(value, Mapping):
            items = cast("Mapping[Any, Any]", value)
            made = {key: self.anything(each) for key, each in items.items()}
            return items if all(made[key] is items[key] for key in items) else made
        if isinstance(value, (list, tuple)):
            parts = cast("Sequence[Any]", value)
            found = [self.anything(each) for each in parts]
            same = all(new is old for new, old in zip(found, parts, strict=True))
            return cast("Any", value) if same else (found if isinstance(value, list) else tuple(found))
        if isinstance(value, msgspec.Struct) and not isinstance(value, AssetKey):
            changes = {
                name: covered
                for name in value.__struct_fields__
                if (covered := self.anything(before := getattr(value, name))) is not before
            }
            return msgspec.structs.replace(value, **changes) if changes else value
        return value


@functools.cache
def _shown_fields(kind: type[Event]) -> tuple[str, ...]:
    shown = _SHOWN | {"reason"} if kind is StepSkipped else _SHOWN  # of others it is one of our words
    return tuple(name for name in kind.__struct_fields__ if name in shown)


def _forms(value: str, shortest: int) -> set[str]:
    """How a value may be written: each of its lines, as it is, in JSON, as Python's `repr`, in an address."""
    quote = importlib.import_module("urllib.parse").quote  # costs more than all the rest of this module
    forms: set[str] = set()
    for line in value.splitlines():
        text = line.strip()
        if len(text) >= shortest and not text.startswith("-----"):
            forms |= {text, json.dumps(text)[1:-1], repr(text)[1:-1], quote(text, safe="")}
    return forms


def _secrets_in(value: Any, name: str = "") -> Iterable[str]:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        if set(fields) == {"env"} and isinstance(
            fields["env"], str
        ):  # a reference: what it stands for is secret if either of the names says so
            variable = fields["env"]
            yield from _secrets_in(os.environ.get(variable, ""), name if looks_secret(name) else variable)
            return
        assigned = named_value(fields)
        if assigned is not None:  # of a pod
            yield from _secrets_in(assigned[1], assigned[0])
        for key, each in fields.items():
            # What is below a secret's name is all secret.
            yield from _secrets_in(each, name if name and looks_secret(name) else str(key))
    elif isinstance(value, (list, tuple)):
        for each in cast("Sequence[Any]", value):
            yield from _secrets_in(each, name)
    elif hasattr(value, "get_secret_value"):
        yield str(value.get_secret_value())
    elif isinstance(value, str):
        if "://" in value:
            yield from _URL_PASSWORD.findall(value)
        assigned = None if looks_secret(name) else named_value(value)
        if assigned is not None and looks_secret(assigned[0]):
            yield from _secrets_in(assigned[1], assigned[0])
        if looks_secret(name) and value.lower() not in _PLAIN and not _is_file(value):
            yield value
            if value.startswith("{"):
                yield from _secrets_in(_json(value))


def _is_file(value: str) -> bool:
    """Variables such as `..._CREDENTIALS` often name a file, which is no secret."""
    return value.startswith("/") and len(value) < 4096 and "\0" not in value and Path(value).exists()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


KNOWN = Masks()
"""Secrets that this process knows."""
os.register_at_fork(after_in_child=KNOWN.forked)
