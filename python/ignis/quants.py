# ===- quants.py - tensor encodings: F32, F16, BF16, Q8_0 -------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Between float32 arrays and the bytes of a GGUF tensor.

Q8_0 stores a row as blocks of 32 values: a float16 scale d, then 32 int8 q; a value is q * d.
Rounding is that of ggml's quantize_row_q8_0_ref, bit for bit: d = max|x| / 127 in float32,
q = x * (1 / d) rounded to nearest, halves away from zero, and d is rounded to float16 only when
it is stored.
"""

from __future__ import annotations

import enum

import numpy as np


class TensorType(enum.IntEnum):
    """The element types ignis computes with, by their id in a GGUF file."""

    F32 = 0
    F16 = 1
    Q8_0 = 8
    BF16 = 30


BLOCK = 32  # values in a Q8_0 block
Q8_0_BLOCK = np.dtype([("d", "<f2"), ("q", "i1", BLOCK)])  # 34 bytes
_ITEM = {TensorType.F32: 4, TensorType.F16: 2, TensorType.BF16: 2}
# The largest float32 below a half. Adding it and truncating rounds halves away from zero; adding
# a half would carry 0.49999997 up to 1.
_ALMOST_HALF = np.float32(0.49999997)


def row_bytes(kind: TensorType, columns: int) -> int:
    """Bytes of a row of `columns` values. Q8_0 takes whole blocks only."""
    if kind != TensorType.Q8_0:
        return columns * _ITEM[kind]
    if columns % BLOCK:
        raise ValueError(f"a Q8_0 row is a multiple of {BLOCK} values, got {columns}")
    return columns // BLOCK * Q8_0_BLOCK.itemsize


def bf16_to_f32(bits: np.ndarray) -> np.ndarray:
    """Bfloat16 as uint16 to float32, exact."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def f32_to_bf16(values: np.ndarray) -> np.ndarray:
    """Float32 without NaN to bfloat16 as uint16, to nearest, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return ((bits + (np.uint32(0x7FFF) + odd)) >> np.uint32(16)).astype(np.uint16)


def quantize_q8_0(values: np.ndarray) -> np.ndarray:
    """Float32 of a multiple of 32 values to an array of Q8_0_BLOCK, in order."""
    blocks = np.ascontiguousarray(values, np.float32).reshape(-1, BLOCK)
    largest = np.abs(np.maximum(blocks.max(axis=1), -blocks.min(axis=1)))  # 0, never -0
    scale = largest / np.float32(127)
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.float32(1) / scale
        stored = scale.astype(np.float16)
    inverse[np.isinf(inverse)] = 0  # an all-zero block, or one that float16 cannot scale anyway
    scaled = blocks * inverse[:, None]
    out = np.empty(len(blocks), Q8_0_BLOCK)
    out["d"] = stored
    out["q"] = (scaled + np.copysign(_ALMOST_HALF, scaled)).astype(np.int8)
    return out


def encode(kind: TensorType, values: np.ndarray) -> np.ndarray:
    """Float32 values to the tensor's bytes (uint8, one dimension).

    Raises ValueError if a value is not finite or becomes infinite in the type.
    """
    values = np.ascontiguousarray(values, np.float32)
    if values.size == 0:
        return np.empty(0, np.uint8)
    largest = max(values.max(), -values.min())  # NaN if any value is
    if not np.isfinite(largest):
        raise ValueError("a value is NaN or infinite")
    with np.errstate(over="ignore"):
        if kind == TensorType.F32:
            out = values.astype("<f4", copy=False)
        elif kind == TensorType.F16:
            out = values.astype("<f2")
            fits = np.isfinite(np.float16(largest))
        elif kind == TensorType.BF16:
            out = f32_to_bf16(values).astype("<u2", copy=False)
            fits = np.isfinite(bf16_to_f32(f32_to_bf16(np.array([largest]))))[0]
        else:
            out = quantize_q8_0(values)
            fits = np.isfinite(np.float16(largest / np.float32(127)))
    if kind != TensorType.F32 and not fits:
        raise ValueError(f"the value {largest:g} is beyond the range of {kind.name}")
    return out.reshape(-1).view(np.uint8)


def decode(kind: TensorType, data: np.ndarray) -> np.ndarray:
    """The bytes of a tensor to its values, float32 of one dimension; exact."""
    data = np.ascontiguousarray(data, np.uint8)
    if kind == TensorType.F32:
        return data.view("<f4").astype(np.float32)
    if kind == TensorType.F16:
        return data.view("<f2").astype(np.float32)
    if kind == TensorType.BF16:
        return bf16_to_f32(data.view("<u2"))
    blocks = data.view(Q8_0_BLOCK)
    return (blocks["q"] * blocks["d"].astype(np.float32)[:, None]).reshape(-1)
