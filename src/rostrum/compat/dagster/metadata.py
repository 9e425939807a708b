"""Dagster's names of metadata values.

A class here makes the value of Rostrum's kind and is `isinstance`-true for it; the value's own attributes have
Dagster's names too (`.text`, `.url`, `.md_str`, `.data`, `.path`, ...), so nothing is wrapped.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, runtime_checkable

import rostrum
from rostrum.definitions.events.metadata import Constructors
from rostrum.model import metadata as model
from rostrum.model.errors import ArgumentError
from rostrum.model.metadata import CodeReferencesMetadata, LocalFileCodeReference, UrlCodeReference, metadata_values
from rostrum.model.tables import TableColumnLineage, TableRecord, TableSchema


class _More:
    """Constructors beside those of Rostrum."""

    @staticmethod
    def dagster_run(run_id: str) -> model.RunMetadata:
        """A link to a run."""
        return rostrum.MetadataValue.run(run_id)

    @staticmethod
    def code_location_reconstruction(data: str) -> model.TextMetadata:
        """What a code location needs to be loaded again; kept as text."""
        return model.TextMetadata(data)


if TYPE_CHECKING:

    class _ConstructorsOfClass(_More, Constructors, ABCMeta): ...

    @runtime_checkable
    class MetadataValue(Protocol, metaclass=_ConstructorsOfClass):
        """Constructors of metadata values."""

        @property
        def value(self) -> Any: ...

else:

    class MetadataValue(_More, rostrum.MetadataValue):
        """Constructors of metadata values."""


class TextMetadataValue(MetadataValue):
    """Plain text."""

    native = model.TextMetadata
    text: Any = model.TextMetadata.text
    value: Any = property(lambda self: self.text)

    def __new__(cls, text: str) -> Any:
        """The value."""
        return MetadataValue.text(text)


class IntMetadataValue(MetadataValue):
    """A whole number."""

    native = model.IntMetadata

    def __new__(cls, value: int) -> Any:
        """The value."""
        return MetadataValue.int(value)


class FloatMetadataValue(MetadataValue):
    """A number."""

    native = model.FloatMetadata

    def __new__(cls, value: float) -> Any:
        """The value."""
        return MetadataValue.float(value)


class BoolMetadataValue(MetadataValue):
    """Yes or no."""

    native = model.BoolMetadata

    def __new__(cls, value: bool) -> Any:
        """The value."""
        return MetadataValue.bool(value)


class NullMetadataValue(MetadataValue):
    """Nothing."""

    native = model.NullMetadata

    def __new__(cls) -> Any:
        """The value."""
        return MetadataValue.null()


class JsonMetadataValue(MetadataValue):
    """What can be written as JSON."""

    native = model.JsonMetadata
    data = model.JsonMetadata.data

    def __new__(cls, data: Any) -> Any:
        """The value."""
        return MetadataValue.json(data)


class MarkdownMetadataValue(MetadataValue):
    """Markdown."""

    native = model.MarkdownMetadata
    md_str = model.MarkdownMetadata.md_str

    def __new__(cls, md_str: str) -> Any:
        """The value."""
        return MetadataValue.md(md_str)


class UrlMetadataValue(MetadataValue):
    """A link."""

    native = model.UrlMetadata
    url: Any = model.UrlMetadata.url

    def __new__(cls, url: str) -> Any:
        """The value."""
        return rostrum.MetadataValue.url(url)


class PathMetadataValue(MetadataValue):
    """A path."""

    native = model.PathMetadata
    path: Any = model.PathMetadata.path
    fspath = model.PathMetadata.fspath

    def __new__(cls, path: Any) -> Any:
        """The value."""
        return rostrum.MetadataValue.path(path)


class NotebookMetadataValue(MetadataValue):
    """Path of a notebook."""

    native = model.NotebookMetadata
    path: Any = model.NotebookMetadata.path
    fspath = model.NotebookMetadata.fspath

    def __new__(cls, path: Any) -> Any:
        """The value."""
        return MetadataValue.notebook(path)


class TimestampMetadataValue(MetadataValue):
    """A moment, in seconds since 1970."""

    native = model.TimestampMetadata

    def __new__(cls, value: float) -> Any:
        """The value."""
        return MetadataValue.timestamp(value)


class DagsterAssetMetadataValue(MetadataValue):
    """A link to an asset."""

    native = model.AssetMetadata
    asset_key = model.AssetMetadata.asset_key

    def __new__(cls, asset_key: Any) -> Any:
        """The value."""
        return MetadataValue.asset(asset_key)


class DagsterRunMetadataValue(MetadataValue):
    """A link to a run."""

    native = model.RunMetadata
    run_id = model.RunMetadata.run_id

    def __new__(cls, run_id: str) -> Any:
        """The value."""
        return MetadataValue.run(run_id)


class DagsterJobMetadataValue(MetadataValue):
    """A link to a job."""

    native = model.JobMetadata
    job_name = property(lambda self: self.job_name)
    location_name = property(lambda self: self.location_name)
    repository_name = property(lambda self: self.repository_name)

    def __new__(cls, job_name: str, location_name: str, repository_name: str | None = None) -> Any:
        """The value."""
        return MetadataValue.job(job_name, location_name, repository_name=repository_name)


class PoolMetadataValue(MetadataValue):
    """A pool of slots."""

    native = model.PoolMetadata
    pool: Any = model.PoolMetadata.pool
    name = model.PoolMetadata.name

    def __new__(cls, pool: str) -> Any:
        """The value."""
        return rostrum.MetadataValue.pool(pool)


class PythonArtifactMetadataValue(MetadataValue):
    """A class or function."""

    native = model.PythonArtifactMetadata
    module = property(lambda self: self.module)
    name = property(lambda self: self.name)

    def __new__(cls, module: str, name: str) -> Any:
        """The value."""
        return model.PythonArtifactMetadata(module, name)


class TableMetadataValue(MetadataValue):
    """A small table."""

    native = model.TableMetadata
    records = model.TableMetadata.records
    schema = property(lambda self: self.schema)

    def __new__(cls, records: Sequence[TableRecord], schema: TableSchema | None) -> Any:
        """The value."""
        return MetadataValue.table(records, schema)

    @staticmethod
    def infer_column_type(value: object) -> str:
        """Type of a column with such values."""
        return MetadataValue.table([{"value": value}]).schema.columns[0].type


class TableSchemaMetadataValue(MetadataValue):
    """Columns of a table."""

    native = model.TableSchemaMetadata
    schema = model.TableSchemaMetadata.schema

    def __new__(cls, schema: TableSchema) -> Any:
        """The value."""
        return MetadataValue.table_schema(schema)


class TableColumnLineageMetadataValue(MetadataValue):
    """Which columns upstream the columns of a table were made of."""

    native = model.TableColumnLineageMetadata
    column_lineage: Any = model.TableColumnLineageMetadata.column_lineage
    lineage = model.TableColumnLineageMetadata.lineage

    def __new__(cls, column_lineage: TableColumnLineage) -> Any:
        """The value."""
        return rostrum.MetadataValue.column_lineage(column_lineage)


class CodeReferencesMetadataValue(MetadataValue):
    """Where the code of a definition is."""

    native = CodeReferencesMetadata
    code_references = property(lambda self: self.code_references)

    def __new__(cls, *, code_references: Sequence[LocalFileCodeReference | UrlCodeReference]) -> Any:
        """The value."""
        return CodeReferencesMetadata(list(code_references))


class _Entry(NamedTuple):
    label: str
    description: str | None = None
    entry_data: Any = None


class MetadataEntry(_Entry):
    """A labelled value: the form that metadata had before they were dicts. `value` is the newer `entry_data`."""

    def __new__(cls, label: str, description: str | None = None, entry_data: Any = None, value: Any = None) -> Self:
        """Raises ArgumentError when there are two values, or none."""
        if (entry_data is None) == (value is None):
            raise ArgumentError(f"MetadataEntry {label!r}: give its value, as `value` or as `entry_data`.")
        return super().__new__(cls, label, description, entry_data if value is None else value)

    @property
    def value(self) -> Any:
        """The value."""
        return self.entry_data


class _MetadataSet:
    """A few reserved keys as arguments; `dict(set)` gives the metadata. Not given ones are left out."""

    _namespace = "dagster"
    _keys: tuple[str, ...] = ()

    def __init__(self, **values: Any) -> None:
        unknown = sorted(set(values) - set(self._keys))
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {', '.join(unknown)}; it has {', '.join(self._keys)}.")
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name in self._keys:
            return self.__dict__.get("_values", {}).get(name)
        raise AttributeError(name)

    @classmethod
    def namespace(cls) -> str:
        """What the keys begin with."""
        return cls._namespace

    def keys(self) -> list[str]:
        """Full names of the given keys."""
        return [f"{self._namespace}/{key}" for key in self._keys if self._values.get(key) is not None]

    def __getitem__(self, key: str) -> Any:
        return self._values[key.removeprefix(f"{self._namespace}/")]

    @classmethod
    def extract(cls, metadata: Mapping[str, Any]) -> Any:
        """The set that is in a dict of metadata."""
        found: dict[str, Any] = {}
        for key in cls._keys:
            value = metadata.get(f"{cls._namespace}/{key}")
            if value is not None:
                found[key] = getattr(value, "value", None) if isinstance(value, model.KINDS) else value
        return cls(**found)


class TableMetadataSet(_MetadataSet):
    """Reserved metadata of tables."""

    _keys = (
        "column_schema", "column_lineage", "row_count", "partition_row_count", "table_name", "relation_identifier",
        "storage_kind",
    )  # fmt: skip


class CodeReferencesMetadataSet(_MetadataSet):
    """Reserved metadata of code."""

    _keys = ("code_references",)


def normalize_metadata(metadata: Mapping[str, Any], allow_invalid: bool = False) -> dict[str, Any]:
    """Raw values as metadata values. With `allow_invalid` what cannot be one becomes text."""
    if not allow_invalid:
        return dict(metadata_values(metadata))
    return {key: value if isinstance(value, model.KINDS) else _lenient(key, value) for key, value in metadata.items()}


def _lenient(key: str, value: Any) -> Any:
    try:
        return model.metadata_value(key, value)
    except rostrum.RostrumError:
        return model.TextMetadata(str(value))
