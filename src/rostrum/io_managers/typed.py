"""The IO manager of typed formats: each value in the format of its type, in a folder or an object store, with
partitions in the path, a record beside it, and versions where they are wanted.

A value is written before the record that tells of it, each as a whole: whenever a process ends, readers find the old
value or the new one. Writing again (a step that is tried again) leads to the same objects.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, cast, get_args, get_origin

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.resources.io import IOManager
from rostrum.interfaces.objects import Data, Objects
from rostrum.io_managers.filesystem import ValueNotStored
from rostrum.io_managers.folder import replacing
from rostrum.io_managers.formats.choice import (
    AUTO,
    FORMAT_METADATA,
    FORMATS,
    PICKLE,
    check_format,
    chosen,
    readable,
)
from rostrum.io_managers.formats.format import Format, FormatError, Wanted, plain_annotation, type_name
from rostrum.io_managers.places import StorageContext, covered_partitions, named, place_parts
from rostrum.io_managers.records import Place, Record, text_or_none
from rostrum.model.errors import ArgumentError, RostrumError, Unavailable
from rostrum.model.metadata import PathMetadata
from rostrum.model.reserved_names import PARTITION_ROW_COUNT_METADATA, ROW_COUNT_METADATA

COLUMNS, VERSION, ALLOW_MISSING = "columns", "version", "allow_missing_partitions"
"""Metadata of an input: the columns to load, the version to load, whether partitions that are not there are left out.
"""
SIZE = "size_bytes"
"""Metadata that are told of an output."""
_AT_ONCE = 8
"""Partitions that are fetched from an object store at the same time."""
_BARE = "bare"
"""Kind of a pickle without suffix and record, as the manager of pickles keeps them."""

_MISSING: Any = object()


class TypedIOManager(IOManager):
    """Keeps values as objects: `<segments of the key>[/<partition>]<suffix>`, one folder a dimension; values between
    ops at `<run>/<step>/<output>[/<mapping key>]<suffix>`.

    `format`: `auto` (by the type of the value) or the name of one; an output's metadata `rostrum/format` goes before
    it. `versions`: the value of each run is kept. `trusted`: pickles may be written and loaded.
    """

    def __init__(self, objects: Objects, *, format: str = AUTO, versions: bool = False, trusted: bool = False) -> None:
        self.objects = objects
        self._format, self._versions, self._trusted = check_format(format), versions, trusted

    def __repr__(self) -> str:
        return f"TypedIOManager({self.objects!r}, format={self._format!r})"

    def place(self, context: StorageContext, partition: str | None = None) -> Place:
        """Where a value, or one partition of it, is kept."""
        return Place(self.objects, place_parts(context, partition))

    # --- storing

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store a value. For several partitions at once it must be a dict with a value for each."""
        partitions = covered_partitions(context)
        if partitions is None:
            context.add_output_metadata(self._store(context, None, obj))
        elif len(partitions) == 1:
            told = self._store(context, partitions[0], obj)
            if ROW_COUNT_METADATA in told:
                told[PARTITION_ROW_COUNT_METADATA] = told.pop(ROW_COUNT_METADATA)
            context.add_output_metadata(told)
        else:
            values = _by_partition(context, partitions, obj)
            sizes = [self._store(context, partition, values[partition])[SIZE] for partition in partitions]
            where = PathMetadata(self.objects.address(self.place(context).key))
            context.add_output_metadata({"path": where, SIZE: sum(sizes)})

    def _store(self, context: OutputContext, partition: str | None, value: Any) -> dict[str, Any]:
        """Store one value; what is to be told of it."""
        place = self.place(context, partition)
        wish = context.definition_metadata.get(FORMAT_METADATA, self._format)
        try:
            form, kind = chosen(value, str(wish), trusted=self._trusted)
            version = context.run_id if self._versions and context.has_asset_key else None
            key = place.value_key(form.suffix, version)
            size, told = _write(self.objects, key, form, value, context.definition_metadata)
            before = place.record_to_replace() if context.has_asset_key else None
            place.write(
                Record(
                    format=form.name,
                    kind=kind,
                    version=version,
                    run_id=context.run_id,
                    step_key=vars(context).get("step_key", ""),
                    code_version=context.version,
                    data_version=context.data_version,
                    size=size,
                )
            )
            self._forget(place, before, form)
        except Exception as error:
            raise _explained(error, f"{named(context, partition)}: a {type_name(value)} could not be stored") from error
        return {"path": PathMetadata(self.objects.address(key)), SIZE: size, **told}

    def _forget(self, place: Place, before: Record | None, form: Format) -> None:
        """Delete the value before, where it is in another format and no version."""
        old = FORMATS.get(before.format) if before is not None and before.version is None else None
        if old is not None and (old.name != form.name or self._versions):
            self.objects.delete(place.value_key(old.suffix, None))

    # --- loading

    def load_input(self, context: InputContext) -> Any:
        """Load a value; a dict by partition key where several partitions (or none) are asked for."""
        partitions = covered_partitions(context)
        annotation = plain_annotation(context.annotation)
        if partitions is None:
            return self._load(context, None, annotation)
        if len(partitions) == 1 and not _is_mapping_of_tables(annotation):
            return self._load(context, partitions[0], annotation)
        return self._load_all(context, partitions, _of_each(annotation))

    def _load_all(self, context: InputContext, partitions: list[str], annotation: Any) -> dict[str, Any]:
        """Values by partition; those of an object store are fetched several at once."""

        def load(partition: str) -> tuple[str, Any]:
            try:
                return partition, self._load(context, partition, annotation)
            except ValueNotStored:
                if not context.definition_metadata.get(ALLOW_MISSING):
                    raise
                return partition, _MISSING

        if len(partitions) < 2 or self.objects.local_path("") is not None:
            found = [load(partition) for partition in partitions]
        else:
            with ThreadPoolExecutor(min(_AT_ONCE, len(partitions)), "load") as threads:
                found = list(threads.map(load, partitions))
        return {partition: value for partition, value in found if value is not _MISSING}

    def _load(self, context: InputContext, partition: str | None, annotation: Any) -> Any:
        place, what = self.place(context, partition), named(context, partition)
        wish = context.definition_metadata.get(VERSION)
        columns = context.definition_metadata.get(COLUMNS)
        wanted = Wanted(annotation, tuple(columns) if columns is not None else None)
        for attempt in itertools.count():
            record = self._record(place, text_or_none(wish), what)
            stored: Any = _Stored(self.objects, record, place)
            try:
                return readable(record.format, trusted=self._trusted).load(stored, record.kind, wanted)
            except FileNotFoundError as error:
                if attempt:  # at first it may have been replaced, between its record and the value
                    raise self._missing(place, what) from error
            except Exception as error:
                where = f"{what} could not be loaded from {stored.address}"
                raise _explained(error, where) from error
        raise AssertionError

    def _record(self, place: Place, wish: str | None, what: str) -> Record:
        """The record of the value to load."""
        if wish is not None:
            return self._version(place, wish, what)
        record = place.record()
        if record is not None:
            return record
        found = [each for each in FORMATS.values() if self.objects.size(place.value_key(each.suffix, None)) is not None]
        if len(found) == 1:  # a file that somebody else has put there
            return Record(found[0].name)
        if not found and self._trusted and self.objects.size(place.key) is not None:
            return Record(PICKLE, kind=_BARE)
        if not found:
            raise self._missing(place, what)
        names = ", ".join(self.objects.address(place.value_key(each.suffix, None)) for each in found)
        raise FormatError(
            f"{what} could not be loaded: there is no record of which of {names} it is. Keep one of them."
        )

    def _version(self, place: Place, wish: str, what: str) -> Record:
        """The version of a run, or the last one with this data version."""
        record = place.record(wish)
        if record is not None:
            return record
        kept = place.versions()
        found = [each for each in kept if each.data_version == wish]
        if found:
            return found[-1]
        names = ", ".join(str(each.version) for each in kept[-5:]) or "none"
        raise ValueNotStored(
            f"{what} has no version {wish!r} at {self.objects.address(place.key)}: kept are {names} (the last five). "
            "Versions are kept with versions=True on the IO manager; ask for one by its run id or data version.",
            self.objects.address(place.key),
        )

    def _missing(self, place: Place, what: str) -> ValueNotStored:
        address = self.objects.address(place.key)
        return ValueNotStored(
            f"{what} has no stored value at {address}. Materialize it first, or select it in the same run. (A function "
            "annotated `-> None` stores nothing: name it in deps to depend on it.)",
            address,
        )


class _Stored:
    """A stored value as its format sees it."""

    def __init__(self, objects: Objects, record: Record, place: Place) -> None:
        form = FORMATS.get(record.format)
        self._objects = objects
        suffix = form.suffix if form is not None and record.kind != _BARE else ""
        self._key = place.value_key(suffix, record.version)

    @property
    def address(self) -> str:
        return self._objects.address(self._key)

    @property
    def path(self) -> str | None:
        return self._objects.local_path(self._key)

    def data(self) -> Data:
        found = self._objects.get(self._key)
        if found is None:
            raise FileNotFoundError(self.address)
        return found

    def file(self) -> BinaryIO:
        found = self._objects.open(self._key)
        if found is None:
            raise FileNotFoundError(self.address)
        return found


def _write(
    objects: Objects, key: str, form: Format, value: Any, options: Mapping[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Write a value; its size, and what its format tells of it. Files are written where they will be: not through
    memory.
    """
    path = objects.local_path(key)
    if path is not None:
        with replacing(path) as file:
            told = form.dump(value, file, options)
            return file.tell(), told
    buffer = io.BytesIO()
    told = form.dump(value, buffer, options)
    with buffer.getbuffer() as data:
        objects.put(key, data)
        return len(data), told


def _by_partition(context: OutputContext, partitions: list[str], value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        values = cast("Mapping[str, Any]", value)
        if set(values) == set(partitions):
            return values
    raise ArgumentError(
        f"{context.asset_key}: {len(partitions)} partitions are made at once ({partitions[0]} to {partitions[-1]}), "
        f"and a {type_name(value)} was returned. Return a dict with a value for each of their keys; or store them in "
        "the function and return None (annotate it `-> None`); or give the asset "
        "backfill_policy=BackfillPolicy.multi_run() for runs of one partition."
    )


def _is_mapping_of_tables(annotation: Any) -> bool:
    """A dict by partition is declared, such as `dict[str, pl.DataFrame]`, which is what one partition cannot be."""
    origin = get_origin(annotation)
    if not (isinstance(origin, type) and issubclass(origin, Mapping)):
        return False
    return getattr(get_args(annotation)[-1], "__module__", "").partition(".")[0] in ("pandas", "polars", "pyarrow")


def _of_each(annotation: Any) -> Any:
    """What each partition is declared as: `X` of `dict[str, X]`."""
    origin = get_origin(annotation)
    is_mapping = isinstance(origin, type) and issubclass(origin, Mapping)
    return plain_annotation(get_args(annotation)[-1]) if is_mapping else None


def _explained(error: Exception, what: str) -> Exception:
    """An error with what it is about. Ours say how to mend it; those of libraries follow as they are."""
    if isinstance(error, (RostrumError, ImportError)):
        kind = type(error)
        return kind(f"{what}: {error}") if kind.__init__ in (RostrumError.__init__, ImportError.__init__) else error
    if isinstance(error, OSError):
        return Unavailable(f"{what}: {error}. Trying again is safe.")
    return FormatError(f"{what}: {type(error).__name__}: {error}")
