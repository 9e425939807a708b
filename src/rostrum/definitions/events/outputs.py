"""What user functions return, yield, log or raise. Raw metadata is turned into values by whoever records the event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from enum import Enum
from os import PathLike
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, cast

from rostrum.definitions.assets.data_versions import DataVersion, version_text
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.records import Record
from rostrum.model.errors import ArgumentError, DefinitionError, InvariantError, kind_of
from rostrum.model.keys import AssetKey
from rostrum.model.metadata import MetadataValue, PathMetadata, metadata_values
from rostrum.model.reserved_names import DATA_VERSION_TAG
from rostrum.model.texts import storable

if TYPE_CHECKING:
    # Bare `Output` is `Output[Any]`. The standard library's TypeVar has no defaults yet, and only checkers need them.
    from typing import Self

    from typing_extensions import TypeVar

    T_co = TypeVar("T_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    T_co = TypeVar("T_co", covariant=True)


class NoValue:
    """Stands for the value that a result without one has."""

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE = NoValue()
MAX_DESCRIPTION = 64 * 1024
"""Characters of a description; a longer one is cut, with a note."""
DATA_VERSION_TAGS = ("rostrum/data_version", DATA_VERSION_TAG)
"""Tags of an observation that tell the data version."""


class Output(Record, Generic[T_co]):
    """A value of an output, with metadata. Returned or yielded."""

    __slots__ = ("data_version", "metadata", "output_name", "tags", "value")

    def __init__(
        self,
        value: T_co,
        output_name: str | None = "result",
        metadata: Mapping[str, Any] | None = None,
        data_version: DataVersion | str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.value, self.output_name = value, output_name
        self.metadata = metadata_values(dict(metadata or {}))
        self.data_version, self.tags = version_text(data_version), dict(tags or {})

    def __class_getitem__(cls, item: Any) -> Any:
        """`Output[int]`: an annotation whose inner type is checked."""
        return GenericAlias(cls, item)

    def __repr__(self) -> str:
        return f"Output({self.value!r})"


def check_mapping_key(key: Any) -> str:
    """The key of an item when it is allowed: letters, digits and underscores. Raises DefinitionError."""
    if not isinstance(key, str) or not key.replace("_", "a").isalnum() or not key.isascii():
        raise DefinitionError(
            f"{key!r} is not a valid mapping_key: use letters, digits and underscores only, since it becomes a part of "
            "the step's name."
        )
    return key


class DynamicOutput(Generic[T_co]):
    """One item of a dynamic output."""

    __slots__ = ("mapping_key", "metadata", "output_name", "value")

    def __init__(
        self, value: T_co, mapping_key: str, output_name: str = "result", metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.value, self.output_name = value, output_name
        self.mapping_key = check_mapping_key(mapping_key)
        self.metadata = metadata_values(dict(metadata or {}))

    def __class_getitem__(cls, item: Any) -> Any:
        """`DynamicOutput[int]`: an annotation whose inner type is checked for each item."""
        return GenericAlias(cls, item)

    def __repr__(self) -> str:
        return f"DynamicOutput({self.value!r}, mapping_key={self.mapping_key!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DynamicOutput) and all(
            getattr(self, name) == getattr(cast("Any", other), name) for name in self.__slots__
        )

    __hash__ = None  # type: ignore[assignment]


class AssetCheckSeverity(Enum):
    """How bad a failed check is."""

    WARN = "WARN"
    ERROR = "ERROR"

    @classmethod
    def _missing_(cls, value: object) -> AssetCheckSeverity | None:
        """Small letters are read, too."""
        return cls.__members__.get(value.upper()) if isinstance(value, str) else None


class RawMetadata(dict[str, Any]):
    """Values as they were given to `_replace`, read back as such; made metadata values when the event is recorded."""


def recorded(metadata: dict[str, Any]) -> dict[str, MetadataValue]:
    """Metadata of a result as it is stored. Raises MetadataError for what cannot be."""
    return metadata_values(metadata) if type(metadata) is RawMetadata else metadata


class Replaceable(Record):
    """A record that is never changed: another one is made of it, with other values of some arguments."""

    __slots__ = ()

    def _replace(self, **changes: Any) -> Self:
        """The same with other values, taken as they are, as of a named tuple, which users know these records as."""
        made = copy(self)
        for name, value in changes.items():
            slot = f"_{name}" if hasattr(made, f"_{name}") else name
            setattr(made, slot, RawMetadata(value or {}) if name == "metadata" else value)
        return made


_BOOLS = ("bool", "bool_")
"""Names of the types of libraries of arrays that are True or False, too."""


class AssetCheckResult(Replaceable):
    """Verdict of a check."""

    __slots__ = ("asset_key", "check_name", "description", "metadata", "passed", "severity")

    def __init__(
        self,
        *,
        passed: bool,
        asset_key: KeyLike | None = None,
        check_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
    ) -> None:
        if not isinstance(passed, bool) and type(passed).__name__ not in _BOOLS:
            raise ArgumentError(
                f"AssetCheckResult: passed takes True or False, and got {kind_of(passed)} ({passed!r:.80})."
            )
        self.passed = bool(passed)
        self.asset_key: AssetKey | None = asset_key_of(asset_key) if asset_key is not None else None
        self.check_name, self.severity = check_name, AssetCheckSeverity(severity)
        self.description = storable(description, MAX_DESCRIPTION) if description else description
        self.metadata = metadata_values(dict(metadata or {}))

    def with_metadata(self, metadata: Mapping[str, Any]) -> AssetCheckResult:
        """The same verdict with other metadata."""
        return AssetCheckResult(
            passed=self.passed,
            asset_key=self.asset_key,
            check_name=self.check_name,
            metadata=metadata,
            severity=self.severity,
            description=self.description,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetCheckResult) and all(
            getattr(self, name) == getattr(other, name) for name in AssetCheckResult.__slots__
        )

    def __hash__(self) -> int:
        return hash((self.asset_key, self.check_name, self.passed))

    def __repr__(self) -> str:
        return f"AssetCheckResult(passed={self.passed}, check_name={self.check_name!r})"


class MaterializeResult(Replaceable, Generic[T_co]):
    """An asset has been made. Without `value` no IO manager is called."""

    __slots__ = ("asset_key", "check_results", "data_version", "metadata", "tags", "value")

    def __init__(
        self,
        asset_key: KeyLike | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Iterable[AssetCheckResult] | None = None,
        data_version: DataVersion | str | None = None,
        tags: Mapping[str, str] | None = None,
        value: T_co = cast("Any", NO_VALUE),
    ) -> None:
        self.asset_key: AssetKey | None = asset_key_of(asset_key) if asset_key is not None else None
        self.metadata = metadata_values(dict(metadata or {}))
        self.check_results = list(check_results or ())
        self.data_version, self.tags, self.value = version_text(data_version), dict(tags or {}), value

    def __class_getitem__(cls, item: Any) -> Any:
        """`MaterializeResult[int]`: an annotation whose inner type is checked."""
        return GenericAlias(cls, item)

    @property
    def has_value(self) -> bool:
        """True when a value was given, which then goes through the IO manager."""
        return self.value is not NO_VALUE


class ObserveResult(Replaceable):
    """An asset has been looked at. Returned or yielded by the functions of observable assets."""

    __slots__ = ("asset_key", "check_results", "data_version", "metadata", "tags")

    def __init__(
        self,
        asset_key: KeyLike | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Iterable[AssetCheckResult] | None = None,
        data_version: DataVersion | str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.asset_key: AssetKey | None = asset_key_of(asset_key) if asset_key is not None else None
        self.metadata = metadata_values(dict(metadata or {}))
        self.check_results = list(check_results or ())
        self.data_version, self.tags = version_text(data_version), dict(tags or {})

    def check_result_named(self, check_name: str) -> AssetCheckResult:
        """The verdict of that name. Raises InvariantError where there is none."""
        return _named(self.check_results, check_name)


def _named(results: Sequence[AssetCheckResult], name: str) -> AssetCheckResult:
    for each in results:
        if each.check_name == name:
            return each
    raise InvariantError(f"there is no check result named {name!r}.")


class AssetMaterialization(Replaceable):
    """Tells that an asset was made, outside of the step's own outputs. Logged or yielded."""

    __slots__ = ("asset_key", "description", "metadata", "partition", "tags")

    def __init__(
        self,
        asset_key: KeyLike,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.asset_key = asset_key_of(asset_key)
        self.description = storable(description, MAX_DESCRIPTION) if description else description
        self.partition = partition
        self.tags = dict(tags) if tags is not None else None
        self.metadata = metadata_values(metadata)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetMaterialization) and _fields(self) == _fields(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"AssetMaterialization({str(self.asset_key)!r})"

    @property
    def label(self) -> str:
        """Segments of the key, joined by blanks."""
        return " ".join(self.asset_key.parts)

    @staticmethod
    def file(
        path: str | PathLike[str], description: str | None = None, asset_key: KeyLike | None = None
    ) -> AssetMaterialization:
        """A file has been made: its path is metadata `path`, and the key unless one is given."""
        text = str(path)
        key = asset_key if asset_key is not None else AssetKey((text,))
        return AssetMaterialization(key, description, {"path": PathMetadata(text)})

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> AssetMaterialization:
        """The same with other metadata."""
        return AssetMaterialization(self.asset_key, self.description, metadata, self.partition, self.tags)


class AssetObservation(Replaceable):
    """Tells something of an asset without making it. Logged or yielded."""

    __slots__ = ("_data_version", "asset_key", "description", "metadata", "partition", "tags")

    def __init__(
        self,
        asset_key: KeyLike,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
        data_version: DataVersion | str | None = None,
    ) -> None:
        self.asset_key = asset_key_of(asset_key)
        self.description = storable(description, MAX_DESCRIPTION) if description else description
        self.partition, self._data_version, self.tags = partition, version_text(data_version), dict(tags or {})
        self.metadata = metadata_values(metadata)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetObservation) and _fields(self) == _fields(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"AssetObservation({str(self.asset_key)!r})"

    @property
    def label(self) -> str:
        """Segments of the key, joined by blanks."""
        return " ".join(self.asset_key.parts)

    @property
    def data_version(self) -> str | None:
        """Data version that was seen, given as such or as the tag `DATA_VERSION_TAG`."""
        return self._data_version or next((self.tags[tag] for tag in DATA_VERSION_TAGS if tag in self.tags), None)

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> AssetObservation:
        """The same with other metadata."""
        return AssetObservation(
            self.asset_key, self.description, metadata, self.partition, self.tags, self._data_version
        )


def _fields(event: AssetMaterialization | AssetObservation) -> list[Any]:
    return [getattr(event, name) for name in event.__slots__]


class Failure(Exception):
    """Raised by user code to fail the step with a description and metadata; `allow_retries=False` bypasses retry
    policies.
    """

    def __init__(
        self, description: str | None = None, metadata: Mapping[str, Any] | None = None, allow_retries: bool = True
    ) -> None:
        super().__init__(description or "the step was failed on purpose")
        self.description = description
        self.metadata = metadata_values(dict(metadata or {}))
        self.allow_retries = allow_retries is not False  # None leaves it open, as projects write it


class RetryRequested(Exception):
    """Raised by user code to have the step tried again after `seconds_to_wait`, a year at most.

    Raises ArgumentError for what are no numbers.
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float | None = None) -> None:
        # Told here, in the step's own code: the engine could only fail the whole run.
        if not isinstance(cast("object", max_retries), int):
            raise ArgumentError(f"RetryRequested: max_retries takes a whole number, and got {kind_of(max_retries)}.")
        if seconds_to_wait is not None and not isinstance(cast("object", seconds_to_wait), (int, float)):
            raise ArgumentError(f"RetryRequested: seconds_to_wait takes a number, and got {kind_of(seconds_to_wait)}.")
        super().__init__(f"retry requested (at most {max_retries})")
        self.max_retries, self.seconds_to_wait = max_retries, seconds_to_wait


_RESULTS = (Output, MaterializeResult, AssetCheckResult, DynamicOutput)


def inner_type(annotation: Any, missing: Any) -> Any:
    """Type of the value under `Output[T]`, `MaterializeResult[T]`; `missing` for those classes bare and for
    sequences of results.
    """
    if isinstance(annotation, GenericAlias) and annotation.__origin__ in _RESULTS:
        return annotation.__args__[0]
    if annotation in _RESULTS:
        return missing
    return annotation


def item_type(annotation: Any, missing: Any) -> Any:
    """Type of the items of a dynamic output: of `list[DynamicOutput[int]]`, `Iterator[DynamicOutput[int]]`."""
    while getattr(annotation, "__origin__", None) is not DynamicOutput:
        inner = getattr(annotation, "__args__", None)
        if not inner:
            return missing
        annotation = inner[0]
    return annotation.__args__[0]


Results = Sequence[MaterializeResult]
