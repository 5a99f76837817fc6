# ===- gguf.py - reader and writer of GGUF files ----------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""GGUF: metadata, a directory of tensors, then their data. Little-endian:

    header    "GGUF", u32 version, u64 tensors, u64 key-values
    key-value u64 length and bytes of the key, u32 type, value
    tensor    u64 length and bytes of the name, u32 rank, u64 ne[rank], u32 type, u64 offset
    padding to the alignment, then tensor data; a tensor's offset counts from there

`File` maps a file and checks every length before it is used; `Writer` lays one out. Shapes are
NumPy's (rows first); the file stores them the other way round.
"""

from __future__ import annotations

import enum
import math
import os
import struct
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Sequence

import numpy as np

from . import quants
from .errors import InputError
from .mapped import map_file
from .output import atomic
from .quants import TensorType

MAGIC, VERSION = b"GGUF", 3
MAX_KEY, MAX_NAME, MAX_STRING = 65535, 63, 16 << 20  # bytes, as ignis' own reader limits them


class ValueType(enum.IntEnum):
    """Types of metadata values, by their id in the file."""

    U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)


_SCALARS = {
    ValueType.U8: "B", ValueType.I8: "b", ValueType.U16: "H", ValueType.I16: "h",
    ValueType.U32: "I", ValueType.I32: "i", ValueType.F32: "f", ValueType.BOOL: "?",
    ValueType.U64: "Q", ValueType.I64: "q", ValueType.F64: "d",
}  # fmt: skip


@dataclass(frozen=True)
class TensorInfo:
    """A row of the tensor directory."""

    name: str
    type: TensorType
    shape: tuple[int, ...]  # rows first: a linear layer's weight is (outputs, inputs)
    offset: int  # of the data, from the start of the file (File) or of the data (Writer)

    @property
    def bytes(self) -> int:
        """Size of the tensor's data."""
        return math.prod(self.shape[:-1]) * quants.row_bytes(self.type, self.shape[-1])


class File:
    """A GGUF file, memory-mapped.

    metadata  key -> bool, int, float, str, list of str, or NumPy array
    types     key -> ValueType of the value, or of an array's elements
    tensors   name -> TensorInfo, in file order

    With `require_data=False` a file that ends after its directory is accepted. Raises InputError
    for anything malformed.
    """

    def __init__(self, path: str | os.PathLike, require_data: bool = True):
        self.path = os.fspath(path)
        self._map = map_file(path, "a GGUF file")
        self._bytes = np.frombuffer(self._map, np.uint8)
        self._at, self._size = 0, len(self._map)
        self.metadata: dict[str, Any] = {}
        self.types: dict[str, ValueType] = {}
        self.tensors: dict[str, TensorInfo] = {}
        self._read(require_data)

    # --- Tensors --------------------------------------------------------------------------
    def raw(self, name: str) -> np.ndarray:
        """The tensor's bytes in the mapped file, uint8."""
        tensor = self.tensor(name)
        if tensor.offset + tensor.bytes > self._size:
            raise InputError(f"{self.path}: tensor '{name}': its data is not in the file")
        return self._bytes[tensor.offset:tensor.offset + tensor.bytes]

    def tensor(self, name: str) -> TensorInfo:
        if name not in self.tensors:
            raise InputError(f"{self.path}: expected a tensor '{name}', got none")
        return self.tensors[name]

    def array(self, name: str, rows: slice | np.ndarray | None = None) -> np.ndarray:
        """The tensor's values as float32 in its shape; of a matrix, `rows` alone if given."""
        tensor, data = self.tensor(name), self.raw(name)
        if rows is None:
            return quants.decode(tensor.type, data).reshape(tensor.shape)
        columns = tensor.shape[-1]
        data = data.reshape(-1, quants.row_bytes(tensor.type, columns))[rows]
        return quants.decode(tensor.type, data.reshape(-1)).reshape(-1, columns)

    # --- Reading --------------------------------------------------------------------------
    def _fail(self, message: str, at: int | None = None) -> InputError:
        return InputError(f"{self.path}: offset {self._at if at is None else at:#x}: {message}")

    def _need(self, count: int, what: str) -> None:
        if count > self._size - self._at:
            raise self._fail(f"{what}: expected {count} bytes, got {self._size - self._at} "
                             "before the end of the file")

    def _scalar(self, code: str, what: str) -> Any:
        size = struct.calcsize("<" + code)
        self._need(size, what)
        (value,) = struct.unpack_from("<" + code, self._map, self._at)
        self._at += size
        return value

    def _string(self, what: str, limit: int = MAX_STRING) -> str:
        length = self._scalar("Q", what + " length")
        if length > limit:
            raise self._fail(f"{what} length: expected at most {limit}, got {length}", self._at - 8)
        self._need(length, what)
        self._at += length
        return self._map[self._at - length:self._at].decode("utf-8", "surrogateescape")

    def _type(self, what: str) -> ValueType:
        value = self._scalar("I", what)
        if value >= len(ValueType):
            raise self._fail(f"{what}: expected 0 to {len(ValueType) - 1}, got {value}")
        return ValueType(value)

    def _array(self, what: str) -> tuple[ValueType, Any]:
        kind = self._type(what + ": element type")
        count = self._scalar("Q", what + ": array length")
        if kind == ValueType.ARRAY:
            raise self._fail(f"{what}: expected an array of scalars or strings, got one of arrays")
        if kind == ValueType.STRING:
            self._need(count * 8, what)
            return kind, [self._string(what) for _ in range(count)]
        dtype = np.dtype("<" + _SCALARS[kind])
        self._need(count * dtype.itemsize, what)
        value = np.frombuffer(self._map, dtype, count, self._at).copy()
        self._at += value.nbytes
        return kind, value

    def _read(self, require_data: bool) -> None:
        self._need(4, "magic")
        if self._map[:4] != MAGIC:
            raise self._fail(f"magic: expected 'GGUF', got {self._map[:4]!r}")
        self._at = 4
        version = self._scalar("I", "version")
        if version not in (2, VERSION):
            raise self._fail(f"version: expected 2 or 3, got {version}", 4)
        tensors, entries = self._scalar("Q", "tensor count"), self._scalar("Q", "key-value count")
        if tensors * 33 + entries * 14 > self._size:  # the smallest records there can be
            raise self._fail(f"expected at most {self._size} bytes of records, got {tensors} "
                             f"tensors and {entries} key-values", 8)
        for _ in range(entries):
            key = self._string("key", MAX_KEY)
            what = f"key '{key}'"
            if not key or key in self.metadata:
                raise self._fail(f"{what}: expected a new name")
            kind = self._type(what + ": value type")
            if kind == ValueType.ARRAY:
                kind, value = self._array(what)
            elif kind == ValueType.STRING:
                value = self._string(what)
            else:
                value = self._scalar(_SCALARS[kind], what)
            self.metadata[key], self.types[key] = value, kind
        self._directory(tensors, require_data)

    def _directory(self, count: int, require_data: bool) -> None:
        alignment = self.metadata.get("general.alignment", 32)
        if alignment not in [1 << bit for bit in range(3, 17)]:
            raise self._fail(f"general.alignment: expected a power of two, got {alignment}")
        found: list[TensorInfo] = []
        for _ in range(count):
            start, name = self._at, self._string("tensor name", MAX_NAME)
            what = f"tensor '{name}'"
            rank = self._scalar("I", what + ": rank")
            if not name or not 1 <= rank <= 4:
                raise self._fail(f"{what}: expected a name and rank 1 to 4, got {rank}", start)
            shape = tuple(self._scalar("Q", what + ": shape") for _ in range(rank))[::-1]
            kind, offset = self._scalar("I", what + ": type"), self._scalar("Q", what + ": offset")
            if kind not in TensorType.__members__.values():
                raise self._fail(f"{what}: expected type F32 (0), F16 (1), Q8_0 (8) or BF16 (30), "
                                 f"got {kind}", start)
            if kind == TensorType.Q8_0 and shape[-1] % quants.BLOCK:
                raise self._fail(f"{what}: expected rows of whole blocks, got {shape[-1]}", start)
            if offset % alignment:
                raise self._fail(f"{what}: expected an aligned offset, got {offset}", start)
            found.append(TensorInfo(name, TensorType(kind), shape, offset))
        base = -(-self._at // alignment) * alignment
        for info in found:
            info = TensorInfo(info.name, info.type, info.shape, base + info.offset)
            if info.name in self.tensors:
                raise self._fail(f"tensor '{info.name}': expected once, got a second time")
            if require_data and info.offset + info.bytes > self._size:
                raise self._fail(f"tensor '{info.name}': expected {info.bytes} bytes of data, got "
                                 f"{max(self._size - info.offset, 0)}", info.offset)
            self.tensors[info.name] = info


class Writer:
    """Lays out a GGUF file: add metadata and tensors in order, then `write`.

    The same calls give the same bytes.
    """

    def __init__(self, alignment: int = 32):
        self.alignment = alignment
        self.tensors: list[TensorInfo] = []
        self._entries: dict[str, bytes] = {}
        self._end = 0  # of the data so far
        if alignment != 32:
            self.add("general.alignment", ValueType.U32, alignment)

    def add(self, key: str, kind: ValueType, value: Any) -> None:
        """Adds a scalar or a string."""
        self._put(key, struct.pack("<I", kind) + self._value(key, kind, value))

    def add_array(self, key: str, kind: ValueType, values: Sequence[Any]) -> None:
        """Adds an array of scalars or strings."""
        if kind == ValueType.STRING:
            body = b"".join(self._value(key, kind, value) for value in values)
        else:
            body = np.asarray(values).astype("<" + _SCALARS[kind]).tobytes()
        self._put(key, struct.pack("<IIQ", ValueType.ARRAY, kind, len(values)) + body)

    def add_tensor(self, name: str, kind: TensorType, shape: Sequence[int]) -> TensorInfo:
        """Adds a row to the directory; its data follows that of the tensors before it."""
        info = TensorInfo(name, kind, tuple(shape), self._end)
        self.tensors.append(info)
        self._end += self._padded(info.bytes)
        return info

    def _put(self, key: str, value: bytes) -> None:
        if key in self._entries:
            raise ValueError(f"key '{key}' was added before")
        self._entries[key] = value

    @staticmethod
    def _value(key: str, kind: ValueType, value: Any) -> bytes:
        if kind != ValueType.STRING:
            return struct.pack("<" + _SCALARS[kind], value)
        try:
            data = value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(f"{key}: expected Unicode text, got an error: {error}") from None
        if len(data) > MAX_STRING:
            raise InputError(f"{key}: expected a string of at most {MAX_STRING} bytes, "
                             f"got {len(data)}")
        return struct.pack("<Q", len(data)) + data

    def _padded(self, size: int) -> int:
        return -(-size // self.alignment) * self.alignment

    @property
    def data_bytes(self) -> int:
        """Size of all tensor data with its padding."""
        return self._end

    def header(self) -> bytes:
        """Everything before the tensor data, padded. By itself it is a file without data."""
        out = [MAGIC, struct.pack("<IQQ", VERSION, len(self.tensors), len(self._entries))]
        for key, value in self._entries.items():
            name = key.encode()
            out += [struct.pack("<Q", len(name)), name, value]
        for tensor in self.tensors:
            name = tensor.name.encode()
            out += [struct.pack("<Q", len(name)), name, struct.pack("<I", len(tensor.shape)),
                    struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape[::-1]),
                    struct.pack("<IQ", tensor.type, tensor.offset)]
        data = b"".join(out)
        return data + bytes(self._padded(len(data)) - len(data))

    def write(self, path: str | os.PathLike, data: Iterable[Iterator[Any]] | None) -> int:
        """Writes the file atomically and returns its size.

        `data` gives, for each tensor in order, an iterator over pieces of its bytes (uint8 arrays
        or bytes); None writes the header alone.
        """
        with atomic(path) as file:
            file.write(self.header())
            for tensor, pieces in zip(self.tensors, data or ()):
                written = sum(file.write(memoryview(piece)) for piece in pieces)
                if written != tensor.bytes:
                    raise ValueError(f"tensor '{tensor.name}': {written} of {tensor.bytes} bytes")
                file.write(bytes(self._padded(written) - written))
            return file.tell()
