# ===- safetensors.py - reader of Hugging Face checkpoints ------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Safetensors files, one or many shards, memory-mapped.

A file is a u64 length, that many bytes of JSON (name -> dtype, shape, data_offsets) and the data.
Files are untrusted: every length is compared with the file before it is used, and a shard's name
never leaves the checkpoint's directory.
"""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable

import numpy as np

from . import quants
from .errors import InputError
from .mapped import map_file, release

MAX_HEADER = 100 << 20  # the format's own limit, in bytes
_DTYPES: dict[str, Any] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


def load_json(text: bytes | str, where: str | Path) -> Any:
    """Parses JSON; one that is malformed or nested beyond reason, or repeats a key, is an
    InputError."""
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            key = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise InputError(f"{where}: expected the key '{key}' once, got it twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: expected JSON, got an error: {error}") from None


def load_object(path: Path) -> dict[str, Any]:
    """Reads a JSON file that holds an object."""
    value = load_json(path.read_bytes(), path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value


@dataclass(frozen=True)
class Tensor:
    """A tensor of a checkpoint, still in its file."""

    name: str
    where: str  # its file, for messages
    dtype: str  # F32, F16 or BF16
    data: np.ndarray  # mapped, in the tensor's shape; BF16 as uint16
    release: Callable[[], None]  # gives the tensor's memory back; it stays readable

    def rows(self, begin: int, end: int) -> np.ndarray:
        """Rows (or, of a vector, elements) as float32."""
        part = self.data[begin:end]
        return quants.bf16_to_f32(part) if self.dtype == "BF16" else part.astype(np.float32)


def _natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _read_header(path: Path, data: Any, size: int) -> tuple[dict[str, Any], int]:
    """The JSON header and where the data begins."""
    if bytes(data[:7]) == b"version":
        raise InputError(f"{path}: expected a safetensors file, got a Git LFS pointer "
                         "(git lfs pull fetches the file)")
    if size < 8:
        raise InputError(f"{path}: expected at least 8 bytes, got {size}")
    (length,) = struct.unpack_from("<Q", data)
    if length > min(size - 8, MAX_HEADER):
        raise InputError(f"{path}: header length: expected at most {min(size - 8, MAX_HEADER)}, "
                         f"got {length}")
    header = load_json(data[8:8 + length], path)
    if not isinstance(header, dict):
        raise InputError(f"{path}: header: expected a JSON object, got {type(header).__name__}")
    header.pop("__metadata__", None)
    return header, 8 + length


def read_file(path: Path) -> dict[str, Tensor]:
    """Maps one safetensors file: name -> Tensor."""
    data = map_file(path, "a safetensors file")
    size = len(data)
    header, base = _read_header(path, data, size)
    found: dict[str, Tensor] = {}
    for name, row in header.items():
        what = f"{path}: tensor '{name}'"
        if not isinstance(row, dict):
            raise InputError(f"{what}: expected a JSON object, got {type(row).__name__}")
        dtype, shape, span = row.get("dtype"), row.get("shape"), row.get("data_offsets")
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise InputError(f"{what}: expected F32, F16 or BF16, got {dtype} (a quantised "
                             "checkpoint? convert the original one)")
        if not isinstance(shape, list) or not all(map(_natural, shape)) or len(shape) > 4:
            raise InputError(f"{what}: shape: expected up to 4 sizes, got {shape}")
        if not isinstance(span, list) or len(span) != 2 or not all(map(_natural, span)):
            raise InputError(f"{what}: data_offsets: expected two offsets, got {span}")
        begin, end = span
        count, kind = math.prod(shape), _DTYPES[dtype]
        if not begin <= end <= size - base:
            raise InputError(f"{what}: data_offsets: expected at most {size - base}, the bytes of "
                             f"data in the file, got {span} (an incomplete download?)")
        if end - begin != count * kind.itemsize:
            raise InputError(f"{what}: expected {count * kind.itemsize} bytes for shape {shape} of "
                             f"{dtype}, got {end - begin}")
        values = np.frombuffer(data, kind, count, base + begin) if count else np.empty(0, kind)
        found[name] = Tensor(name, str(path), dtype, values.reshape(shape),
                             partial(release, data, base + begin, base + end))
    return found


def read_checkpoint(directory: Path) -> dict[str, Tensor]:
    """All tensors of model.safetensors, or of the shards that its index names."""
    single, index = directory / "model.safetensors", directory / "model.safetensors.index.json"
    if single.exists():
        return read_file(single)
    if not index.exists():
        other = sorted(directory.glob("*.safetensors")) or sorted(directory.glob("*.bin"))
        got = f"got {other[0].name}" if other else "got neither"
        raise InputError(f"{directory}: expected model.safetensors or {index.name}, {got}")
    weights = load_object(index).get("weight_map")
    if not isinstance(weights, dict) or not weights:
        raise InputError(f"{index}: weight_map: expected tensor names and their files")
    shards: dict[str, dict[str, Tensor]] = {}
    found: dict[str, Tensor] = {}
    for name, shard in weights.items():
        if not isinstance(shard, str) or Path(shard).name != shard or set(shard) & {"\0"} \
                or shard == "..":
            raise InputError(f"{index}: tensor '{name}': expected a file name, got {shard!r}")
        if shard not in shards:
            shards[shard] = read_file(directory / shard)
        if name not in shards[shard]:
            raise InputError(f"{directory / shard}: expected the tensor '{name}' that the index "
                             "places here, got none")
        found[name] = shards[shard][name]
    return found
