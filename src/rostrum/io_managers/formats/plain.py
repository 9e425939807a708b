"""Text, bytes, arrays of numpy, and pickles."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar, cast

from rostrum.io_managers.formats.format import Format, FormatError, Stored, Wanted, engine, library_class


class Text(Format):
    """UTF-8."""

    name: ClassVar[str] = "text"
    suffix: ClassVar[str] = ".txt"

    def kind_of(self, value: Any) -> str | None:
        """Texts, not classes made from it."""
        return "str" if type(value) is str else None

    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Write a text."""
        if not isinstance(value, str):
            raise FormatError("it is no text (str).")
        file.write(value.encode("utf-8", "surrogatepass"))
        return {}

    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Read a text."""
        return bytes(stored.data()).decode("utf-8", "surrogatepass")


class Bytes(Format):
    """Bytes as they are."""

    name: ClassVar[str] = "bytes"
    suffix: ClassVar[str] = ".bin"

    def kind_of(self, value: Any) -> str | None:
        """Bytes."""
        return "bytes" if type(value) is bytes else None

    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Write bytes."""
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise FormatError("it is no bytes.")
        file.write(cast("Any", value))
        return {}

    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Read bytes, as a `bytearray` or `memoryview` where that is declared."""
        target = wanted.annotation if wanted.annotation in (bytearray, memoryview) else bytes
        return target(stored.data())


class Npy(Format):
    """Arrays of numpy, never with pickled objects in them."""

    name: ClassVar[str] = "npy"
    suffix: ClassVar[str] = ".npy"

    def kind_of(self, value: Any) -> str | None:
        """Arrays and scalars of numpy, other than of objects."""
        numpy = sys.modules.get("numpy")
        if numpy is None or getattr(value, "dtype", None) is None:
            return None
        if isinstance(value, numpy.generic):
            return "scalar"
        plain = type(value) is numpy.ndarray and not value.dtype.hasobject
        return "array" if plain else None

    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Write an array; tells its shape."""
        numpy = engine("numpy", "formats")
        array = numpy.asarray(value)
        if array.dtype.hasobject:
            raise FormatError("it is an array of Python objects, which only a pickle holds: give it another dtype.")
        numpy.lib.format.write_array(file, array, allow_pickle=False)
        return {"shape": str(tuple(array.shape)), "dtype": str(array.dtype)}

    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Read an array."""
        numpy = engine("numpy", "formats")
        if stored.path is not None:
            array = numpy.load(stored.path, allow_pickle=False)
        else:
            array = _array_of(numpy, stored.data())
        is_scalar = kind == "scalar" or library_class(wanted.annotation) == ("builtins", "float")
        return array[()] if is_scalar and array.ndim == 0 else array


_NPY_HEADER_BYTES = 65_536 + 12


def _array_of(numpy: Any, data: Any) -> Any:
    """The array that the bytes are; numpy's own reader would copy them once more."""
    header = io.BytesIO(bytes(data[:_NPY_HEADER_BYTES]))
    version = numpy.lib.format.read_magic(header)
    read = numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = read(header)
    if dtype.hasobject:
        raise FormatError("it is an array of Python objects, which is not loaded: unpickling runs code.")
    count = int(numpy.prod(shape, dtype=numpy.int64))
    flat = numpy.frombuffer(data, dtype=dtype, count=count, offset=header.tell()) if count else numpy.empty(0, dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C").copy(order="K")


class Pickle(Format):
    """Any value. Unpickling runs code: only where that is allowed by name."""

    name: ClassVar[str] = "pickle"
    suffix: ClassVar[str] = ".pickle"

    def kind_of(self, value: Any) -> str | None:
        """Never by the type of a value: a pickle must be chosen."""
        del value
        return None

    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Pickle a value."""
        pickle.dump(value, file, protocol=5)
        return {}

    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Unpickle a value."""
        return pickle.loads(stored.data())  # noqa: S301 - the manager has checked that pickles are allowed
