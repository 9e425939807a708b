"""Keys of assets and checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from rostrum.model.errors import ArgumentError


class _Keys(type(msgspec.Struct)):
    """Lets the segments be given as `path=`, although they are kept as `parts`."""

    def __call__(cls, path: str | Sequence[str]) -> Any:
        return super().__call__(path)

    @property
    def __signature__(cls) -> Any:
        import inspect  # only tools ask

        return inspect.Signature([inspect.Parameter("path", inspect.Parameter.POSITIONAL_OR_KEYWORD)])


class AssetKey(msgspec.Struct, metaclass=_Keys, frozen=True, gc=False, order=True):
    """Key of an asset: one or more segments.

    `AssetKey("a/b")` is one segment, `AssetKey(["a", "b"])` two; `AssetKey.of("a/b")` reads the text form and splits at
    the slash.
    """

    parts: tuple[str, ...] = msgspec.field(name="path")

    if TYPE_CHECKING:

        def __init__(self, path: str | Sequence[str]) -> None: ...

    def __post_init__(self) -> None:
        parts: Any = self.parts
        if type(parts) is not tuple:
            parts = (parts,) if isinstance(parts, str) else tuple(parts)
            msgspec.structs.force_setattr(self, "parts", parts)
        for part in cast("tuple[Any, ...]", parts):
            if type(part) is not str and not isinstance(part, str):
                raise ArgumentError(f"{part!r} is no segment of an asset key: segments are text.")

    @staticmethod
    def of(text: str) -> AssetKey:
        """Read the text form, segments joined by `/`."""
        return AssetKey(tuple(text.split("/")))

    @staticmethod
    def from_user_string(text: str) -> AssetKey:
        """As `of`."""
        return AssetKey(tuple(text.split("/")))

    @staticmethod
    def from_coercible(key: str | Sequence[str] | AssetKey) -> AssetKey:
        """The key of a string (one segment), of a sequence of segments, or the key itself."""
        return key if isinstance(key, AssetKey) else AssetKey(key)

    @staticmethod
    def from_db_string(text: str) -> AssetKey:
        """Read what `to_string` wrote: a JSON list of segments."""
        return AssetKey(msgspec.json.decode(text, type=tuple[str, ...]))

    def __str__(self) -> str:
        return "/".join(self.parts)

    def __repr__(self) -> str:
        return f"AssetKey({list(self.parts)!r})"

    @property
    def path(self) -> list[str]:
        """Segments, as a list of its own."""
        return list(self.parts)

    @property
    def name(self) -> str:
        """Last segment."""
        return self.parts[-1]

    @property
    def step_key(self) -> str:
        """Name of the op that makes the asset: segments joined by `__`, `-` and `.` replaced by `_`."""
        return "__".join(self.parts).replace("-", "_").replace(".", "_")

    def to_user_string(self) -> str:
        """The text form: segments joined by `/`."""
        return "/".join(self.parts)

    def to_string(self) -> str:
        """Segments as a JSON list."""
        return "[" + ", ".join(msgspec.json.encode(part).decode() for part in self.parts) + "]"

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """A Python name of the key: segments joined by `__`, other characters as `_`."""
        given = (*self.parts, suffix) if suffix is not None else self.parts
        return "__".join(re.sub(r"\W", "_", part) for part in given)

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """Key below `prefix`."""
        return AssetKey(((prefix,) if isinstance(prefix, str) else tuple(prefix)) + self.parts)

    def has_prefix(self, prefix: str | Sequence[str]) -> bool:
        """Say whether the key begins with these segments."""
        given = (prefix,) if isinstance(prefix, str) else tuple(prefix)
        return self.parts[: len(given)] == given


class CheckKey(msgspec.Struct, frozen=True, gc=False, order=True):
    """Key of an asset check: its asset and its name."""

    asset_key: AssetKey
    name: str

    def __str__(self) -> str:
        return f"{self.asset_key}:{self.name}"

    @staticmethod
    def from_user_string(user_string: str) -> CheckKey:
        """Read the text form, `<asset>:<check>`."""
        asset, _, name = user_string.rpartition(":")
        return CheckKey(AssetKey.of(asset), name)

    @staticmethod
    def from_db_string(db_string: str) -> CheckKey | None:
        """Read what `to_db_string` wrote; None for anything else."""
        try:
            read = msgspec.json.decode(db_string, type=dict[str, Any])
            return CheckKey(AssetKey.from_db_string(read["asset_key"]), read["check_name"])
        except (msgspec.DecodeError, KeyError, TypeError):
            return None

    @staticmethod
    def from_graphql_input(graphql_input: dict[str, Any]) -> CheckKey:
        """Read the form of queries: `{assetKey: {path: [...]}, name: ...}`."""
        return CheckKey(AssetKey(graphql_input["assetKey"]["path"]), graphql_input["name"])

    def to_user_string(self) -> str:
        """The text form, `<asset>:<check>`."""
        return str(self)

    def to_db_string(self) -> str:
        """Both parts as JSON."""
        return msgspec.json.encode({"asset_key": self.asset_key.to_string(), "check_name": self.name}).decode()

    def replace_asset_key(self, asset_key: AssetKey) -> CheckKey:
        """The check of that name of another asset."""
        return CheckKey(asset_key, self.name)

    def with_asset_key_prefix(self, prefix: str | Sequence[str]) -> CheckKey:
        """The check of the asset's key below `prefix`."""
        return CheckKey(self.asset_key.with_prefix(prefix), self.name)
