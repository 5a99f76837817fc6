# ===- interpreter.py - what IR means, at any stage before lowering ---------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Evaluates functions of ignis ops on tensors or on memrefs, one op after the other, in NumPy.

It is the judge that no pass can bribe: the same formulas for a fused op and for what it was fused from,
so that two states of a module that mean the same give the same bits, before and after bufferization and
planning. (The bits are not those of docs/Numerics.md: products are summed in float64.)

Memory is bytes, as the plan lays it out: buffers that share bytes do overwrite each other, and bytes
that nobody wrote are NaN. With `check_barriers` ops between two ignis.barrier must not touch what
another of them writes; with `compute` off that is all that is looked at.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from .errors import InputError

_TYPES = {"f32": np.float32, "f16": np.float16, "i32": np.int32, "f64": np.float64, "i8": np.uint8,
          "bf16": np.uint16}


def size_in_bytes(shape: Sequence[int], element: str) -> int:
    count = int(np.prod(shape, dtype=np.int64))
    if element == "!ignis.q8_act":
        return count // 32 * 40
    if element == "!ignis.q8_0":
        return count // 32 * 34
    if element not in _TYPES:
        raise InputError(f"no interpretation of element type {element}")
    return count * np.dtype(_TYPES[element]).itemsize


def shaped(data: np.ndarray, shape: Sequence[int], element: str) -> np.ndarray:
    """Bytes as an array: rounded rows as (rows, blocks, 40) bytes."""
    if element == "!ignis.q8_act":
        return data.reshape(shape[0], shape[1] // 32, 40)
    return data.view(_TYPES[element]).reshape(shape)


def poisoned(shape: Sequence[int], element: str) -> np.ndarray:
    """New memory that nobody wrote: NaN for floats."""
    return shaped(np.full(size_in_bytes(shape, element), 0xFF, np.uint8), shape, element)


def round_rows(x: np.ndarray) -> np.ndarray:
    """float32 (rows, width) to records: per block 32 int8, the scale, 4 bytes that are not read."""
    blocks = x.reshape(len(x), -1, 32)
    most = np.abs(blocks).max(axis=2)
    scale = np.where(most < np.float32(2.0 ** -100), np.float32(0), most / np.float32(127)).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(scale > 0, np.float32(1) / scale, np.float32(0)).astype(np.float32)
        q = np.clip(np.rint(blocks * inverse[:, :, None]), -127, 127)
    out = np.zeros((*scale.shape, 40), np.uint8)
    out[:, :, :32] = np.nan_to_num(q).astype(np.int8).view(np.uint8)
    out[:, :, 32:36] = np.ascontiguousarray(np.where(np.isnan(most), np.float32(np.nan), scale)[:, :, None]).view(np.uint8)
    return out


def rounded_values(records: np.ndarray) -> np.ndarray:
    """float32 (rows, width) of records."""
    q = np.ascontiguousarray(records[:, :, :32]).view(np.int8).astype(np.float32)
    scale = np.ascontiguousarray(records[:, :, 32:36]).view(np.float32)
    return (q * scale).reshape(len(records), -1)


def _exp(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.exp(x.astype(np.float64))


def silu(x: np.ndarray) -> np.ndarray:
    return (x / (1 + _exp(-x))).astype(np.float32)


_KEEP = 1 << 22  # elements of a matrix that is kept in float64 too


class Weight:
    """A matrix or vector of the model: float32 values, and whether inputs are rounded for it."""

    def __init__(self, values: np.ndarray, quantised: bool):
        self.values, self.quantised = np.ascontiguousarray(values, np.float32), quantised
        self._wide: np.ndarray | None = None

    def times(self, x: np.ndarray) -> np.ndarray:
        wide = self._wide
        if wide is None:
            wide = np.ascontiguousarray(self.values.T, np.float64)
            if wide.size <= _KEEP:
                self._wide = wide
        return (x.astype(np.float64) @ wide).astype(np.float32)


# Inputs whose place an op may take: row by row or element by element, it reads before it writes.
_IN_PLACE = {"ignis.rms_normalize": (0,), "ignis.scale": (0,), "ignis.rms_norm": (0,), "ignis.rope": (0,),
             "ignis.silu": (0,), "ignis.add": (0, 1), "ignis.add_rms_norm": (0, 1), "ignis.mul": (0, 1), "ignis.swiglu": (0, 1)}


_CACHED = ("ignis.attention", "ignis.cache_write", "ignis.rope_cache", "ignis.attend")


class Hazard(InputError):
    """Two ops that no barrier separates touch the same bytes."""


class Interpreter:
    """Runs functions of `description` (Module.describe()). `weight(names, type)` gives a Weight."""

    def __init__(self, description: dict, weight: Callable[[list[str], dict], Weight | None], check_barriers: bool = False,
                 compute: bool = True):
        self.functions, self.weight, self.check_barriers, self.compute = description, weight, check_barriers, compute

    def run(self, name: str, arguments: Sequence[Any]) -> list[Any]:
        """Calls a function. Memref arguments are arrays that are written in place; the results are those
        of func.return."""
        function = self.functions.get(name)
        if function is None:
            raise InputError(f"no function {name!r}")
        if not function["simple"]:
            raise InputError(f"function {name!r} has several blocks or nested regions")
        self.values: dict[int, Any] = {}
        self.types: dict[int, dict] = {}
        for argument, value in zip(function["arguments"], arguments, strict=True):
            self.values[argument["id"]] = value
            self.types[argument["id"]] = argument["type"]
        self.pending: list[tuple[int, int, bool, int]] = []
        for number, op in enumerate(function["ops"]):
            if op["name"] == "func.return":
                return [self.values[value] for value in op["operands"]]
            try:
                self._op(op, number)
            except InputError as error:
                raise type(error)(f"{name}, op {number}, {op['name']}: {error}") from None
            except (IndexError, ValueError) as error:  # NumPy's: a position beyond the caches, shapes that do not fit
                raise InputError(f"{name}, op {number}, {op['name']}: {error}") from None
        return []

    # --- Ops --------------------------------------------------------------------------------------

    def _op(self, op: dict, number: int) -> None:
        kind = op["name"]
        if kind.startswith("ignis.") and kind not in ("ignis.weight", "ignis.barrier"):
            return self._compute(op, number)
        results = op["results"]
        for result in results:
            self.types[result["id"]] = result["type"]
        operands = [self.values[value] for value in op["operands"]]
        type_ = results[0]["type"] if results else {}
        if kind in ("tensor.empty", "memref.alloc", "memref.alloca", "bufferization.alloc_tensor"):
            value = poisoned(type_["shape"], type_["element"])
        elif kind == "arith.constant":
            value = op["attributes"]["value"]
        elif kind in ("arith.addi", "arith.subi"):
            value = operands[0] + operands[1] if kind == "arith.addi" else operands[0] - operands[1]
        elif kind == "ignis.weight":
            value = self.weight(op["attributes"]["names"], type_)
        elif kind == "ignis.barrier":
            self.pending.clear()
            return
        elif kind == "memref.view":
            start = int(operands[1])
            source = operands[0].reshape(-1).view(np.uint8)
            size = size_in_bytes(type_["shape"], type_["element"])
            if start < 0 or start + size > source.size:
                raise InputError(f"a view of bytes {start} to {start + size} of {source.size}")
            value = shaped(source[start:start + size], type_["shape"], type_["element"])
        elif kind in ("memref.cast", "bufferization.to_buffer", "bufferization.to_tensor",
                      "bufferization.materialize_in_destination", "tensor.cast"):
            value = operands[0]
        elif kind in ("memref.copy",):
            operands[1][...] = operands[0]
            return
        elif kind == "memref.dealloc":
            return
        else:
            raise InputError("no interpretation")
        self.values[results[0]["id"]] = value

    def _compute(self, op: dict, number: int) -> None:
        inits = op["inits"]
        operands = [self.values[value] for value in op["operands"]]
        onTensors = bool(op["results"])
        if onTensors:  # Values do not change: destinations are copies.
            for at, result in zip(inits, op["results"], strict=True):
                operands[at] = operands[at].copy()
                self.values[result["id"]] = operands[at]
                self.types[result["id"]] = result["type"]
        elif self.check_barriers:
            self._hazards(operands, inits, number)
        if not onTensors:
            self._overlaps(op["name"], operands, inits)
        if not self.compute:
            return
        method = getattr(self, "_" + op["name"].removeprefix("ignis."), None)
        if method is None:
            raise InputError("no interpretation")
        segments = op["attributes"].get("operandSegmentSizes")
        if segments:
            parts, at = [], 0
            for size in segments:
                parts.append(operands[at:at + size])
                at += size
            if op["name"] in _CACHED:
                *single, sequences = [part[0] if part else None for part in parts]
                method(op["attributes"], *single, sequences=sequences)
            else:
                method(op["attributes"], *parts)
        else:
            method(op["attributes"], *operands)

    def _hazards(self, operands: list, inits: list[int], number: int) -> None:
        touched = []
        for at, operand in enumerate(operands):
            if isinstance(operand, np.ndarray) and operand.size:
                begin, end = np.byte_bounds(operand)
                touched.append((begin, end, at in inits, number))
        for begin, end, writes, _ in touched:
            for other, otherEnd, otherWrites, earlier in self.pending:
                if (writes or otherWrites) and begin < otherEnd and other < end:
                    raise Hazard(f"touches bytes that op {earlier} {'writes' if otherWrites else 'reads'}, and no "
                                 "barrier stands between")
        self.pending.extend(touched)

    def _overlaps(self, kind: str, operands: list, inits: list[int]) -> None:
        """An output may lie on an input only where each element needs no other."""
        arrays = [(at, *np.byte_bounds(x)) for at, x in enumerate(operands) if isinstance(x, np.ndarray) and x.size]
        for at, begin, end in arrays:
            for other, otherBegin, otherEnd in arrays:
                if at not in inits or other == at or not (begin < otherEnd and otherBegin < end):
                    continue
                if other in inits:
                    raise Hazard("two outputs share bytes")
                allowed = _IN_PLACE.get(kind, ())
                same = (begin, end) == (otherBegin, otherEnd)
                residual = kind == "ignis.linear" and operands[other] is not operands[0]
                if not (same and (other in allowed or residual)):
                    raise Hazard(f"its output shares bytes with operand {other}, which it still reads")

    def _input(self, x: np.ndarray, weight: Weight, rows: slice | list) -> np.ndarray:
        if x.ndim == 3:
            return rounded_values(x[rows])
        return rounded_values(round_rows(x[rows])) if weight.quantised else x[rows]

    @staticmethod
    def _rows(out: np.ndarray, rows: Any) -> int:
        count = len(out) if rows is None else int(rows)
        if not 0 <= count <= len(out):
            raise InputError(f"{count} rows of {len(out)} in use")
        return count

    @staticmethod
    def _store(out: np.ndarray, values: np.ndarray) -> None:
        """The first rows of `out`, rounded if those are records."""
        out[:len(values)] = round_rows(values) if out.ndim == 3 else values

    def _embed(self, attributes: dict, tokens: Any, table: Weight, out: np.ndarray, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = table.values[tokens[:n]]

    def _last_row(self, attributes: dict, x: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(x, rows)
        out[:] = x[n - 1:n]

    def _normalized(self, x: np.ndarray, eps: float) -> np.ndarray:
        mean = (x.astype(np.float64) ** 2).mean(axis=1, keepdims=True)
        return (x * (1 / np.sqrt(mean + np.float32(eps))).astype(np.float32)).astype(np.float32)

    def _rms_normalize(self, attributes: dict, x: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = self._normalized(x[:n], attributes["eps"])

    def _scale(self, attributes: dict, x: Any, weight: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = x[:n] * _vector(weight)

    def _rms_norm(self, attributes: dict, x: Any, weight: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        self._store(out, self._normalized(x[:n], attributes["eps"]) * _vector(weight))

    def _add_rms_norm(self, attributes: dict, a: Any, b: Any, weight: Any, total: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        total[:n] = a[:n] + b[:n]
        self._store(out, self._normalized(total[:n], attributes["eps"]) * _vector(weight))

    def _round(self, attributes: dict, x: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        self._store(out, x[:n])

    def _linear(self, attributes: dict, x: list, weight: list, bias: list, residual: list, out: list,
                rows: list) -> None:
        last = str(attributes.get("select", "")) in ("1", "last") or "last" in str(attributes.get("select", ""))
        n = self._rows(x[0], rows[0] if rows else None)
        used: Any = slice(n - 1, n) if last else slice(0, n)
        y = weight[0].times(self._input(x[0], weight[0], used))
        if bias:
            y = y + _vector(bias[0])
        if residual:
            y = y + residual[0][:n]
        out[0][:len(y)] = y

    def _linear_group(self, attributes: dict, x: list, weights: list, biases: list, outs: list, rows: list) -> None:
        n = self._rows(outs[0], rows[0] if rows else None)
        results = [weight.times(self._input(x[0], weight, slice(0, n))) for weight in weights]
        for number, (out, y) in enumerate(zip(outs, results, strict=True)):
            out[:n] = y + _vector(biases[number]) if biases else y

    def _linear_swiglu(self, attributes: dict, x: Any, gate: Weight, up: Weight, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        given = self._input(x, gate, slice(0, n))
        self._store(out, silu(gate.times(given)) * up.times(given))

    def _rotated(self, x: np.ndarray, table: np.ndarray, position: Any) -> np.ndarray:
        rows, d = len(x), table.shape[1]
        angle = table[_positions(position, rows, len(table))][:, None, :]
        cos, sin = angle[:, :, :d // 2], angle[:, :, d // 2:]
        heads = x.reshape(rows, -1, d)
        low, high = heads[:, :, :d // 2], heads[:, :, d // 2:]
        return np.concatenate((low * cos - high * sin, high * cos + low * sin), axis=2).reshape(rows, -1)

    def _rope(self, attributes: dict, x: Any, table: Any, position: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = self._rotated(x[:n], table, position)

    def _write(self, layer: int, k: np.ndarray, v: np.ndarray, position: Any, keys: Any, values: Any,
               sequences: Any) -> None:
        groups, _, d = values.shape[-3:]
        for row, at in enumerate(_positions(position, len(k), values.shape[-2])):
            owned, kept = _cache(keys, values, sequences, row)
            owned[layer, :, at // 16, :, at % 16] = k[row].reshape(groups, d)
            kept[layer, :, at, :] = v[row].reshape(groups, d)

    def _read(self, layer: int, q: np.ndarray, position: Any, keys: Any, values: Any, sequences: Any) -> np.ndarray:
        groups, _, d = values.shape[-3:]
        out = np.empty_like(q)
        for row, at in enumerate(_positions(position, len(q), values.shape[-2])):
            owned, kept = _cache(keys, values, sequences, row)
            count = int(at) + 1
            heads = q[row].reshape(groups, -1, d).astype(np.float64)
            k = owned[layer].transpose(0, 1, 3, 2).reshape(groups, -1, d)[:, :count].astype(np.float64)
            v = kept[layer, :, :count].astype(np.float64)
            scores = (heads @ k.transpose(0, 2, 1)) * np.float64(np.float32(1 / np.sqrt(d)))
            weights = np.exp(scores - scores.max(axis=2, keepdims=True))
            out[row] = ((weights / weights.sum(axis=2, keepdims=True)) @ v).reshape(-1)
        return out

    def _cache_write(self, attributes: dict, k: Any, v: Any, position: Any, keys: Any, values: Any,
                     rows: Any = None, sequences: Any = None) -> None:
        n = self._rows(k, rows)
        self._write(attributes["layer"], k[:n], v[:n], position, keys, values, sequences)

    def _rope_cache(self, attributes: dict, k: Any, v: Any, table: Any, position: Any, keys: Any, values: Any,
                    rows: Any = None, sequences: Any = None) -> None:
        n = self._rows(k, rows)
        self._write(attributes["layer"], self._rotated(k[:n], table, position), v[:n], position, keys, values, sequences)

    def _attend(self, attributes: dict, q: Any, keys: Any, values: Any, position: Any, out: Any,
                rows: Any = None, sequences: Any = None) -> None:
        n = self._rows(out, rows)
        self._store(out, self._read(attributes["layer"], q[:n], position, keys, values, sequences))

    def _attention(self, attributes: dict, q: Any, k: Any, v: Any, position: Any, out: Any, keys: Any, values: Any,
                   rows: Any = None, sequences: Any = None) -> None:
        n = self._rows(out, rows)
        self._write(attributes["layer"], k[:n], v[:n], position, keys, values, sequences)
        out[:n] = self._read(attributes["layer"], q[:n], position, keys, values, sequences)

    def _add(self, attributes: dict, a: Any, b: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = a[:n] + b[:n]

    def _mul(self, attributes: dict, a: Any, b: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = a[:n] * b[:n]

    def _silu(self, attributes: dict, x: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = silu(x[:n])

    def _swiglu(self, attributes: dict, gate: Any, up: Any, out: Any, rows: Any = None) -> None:
        n = self._rows(out, rows)
        out[:n] = silu(gate[:n]) * up[:n]


def _positions(position: Any, rows: int, most: int) -> np.ndarray:
    """Of each row: consecutive ones from an index on, or those given one by one."""
    at = position[:rows] if np.ndim(position) else int(position) + np.arange(rows)
    if rows and not (0 <= at.min() and at.max() < most):
        raise InputError(f"rows at positions {at.min()} to {at.max()} of {most}")
    return at


def _cache(keys: Any, values: Any, sequences: Any, row: int) -> tuple[Any, Any]:
    """The caches of a row's sequence."""
    if sequences is None:
        return keys, values
    if not 0 <= sequences[row] < len(keys):
        raise InputError(f"row {row} is of sequence {sequences[row]} of {len(keys)}")
    return keys[sequences[row]], values[sequences[row]]


def _vector(value: Any) -> np.ndarray:
    return value.values if isinstance(value, Weight) else value
