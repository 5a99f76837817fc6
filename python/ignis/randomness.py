# ===- randomness.py - weights by counter -----------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Random weights that are the same on every machine and with every version of NumPy.

The generator is SplitMix64 as a function of a counter: word i of a stream is mix(start + i *
GAMMA), computed in uint64 vectors, so any part of a tensor can be made on its own. A matrix is
made in the form of Q8_0: random int8 q, one random float16 scale for each 32, and one q of each
block at -127 or 127, so that quantising the values gives the same q and scale back. So the f32
and q8_0 files of a seed hold the same numbers, and f16 and bf16 their roundings.
"""

from __future__ import annotations

import numpy as np

from .quants import BLOCK, Q8_0_BLOCK

_GAMMA = 0x9E3779B97F4A7C15
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1
_WORDS = 4  # of 64 bits in a block of 32 bytes
# Root mean square of q * scale over 127 times the mean scale: of 31 even values in -127 .. 127 and
# one at the end, and of scales from 2/3 to 4/3: sqrt((31 * 0.33855 + 1) / 32 * (1 + 1 / 27)).
_SPREAD = 0.6103


def _mix(words: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser, in place."""
    words ^= words >> np.uint64(30)
    words *= _MIX1
    words ^= words >> np.uint64(27)
    words *= _MIX2
    words ^= words >> np.uint64(31)
    return words


def stream(seed: int, name: str) -> int:
    """Where the stream of a tensor starts: FNV-1a of its name, mixed with the seed."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & _MASK
    pair = np.array([value, (seed ^ value) & _MASK], np.uint64)
    return int(_mix(pair)[0] ^ pair[1])


def words(start: int, begin: int, count: int) -> np.ndarray:
    """Words begin .. begin + count of a stream, uint64."""
    first = (start + begin * _GAMMA) & _MASK
    return _mix(np.arange(count, dtype=np.uint64) * np.uint64(_GAMMA) + np.uint64(first))


def unit(start: int, begin: int, count: int) -> np.ndarray:
    """Numbers from 0 to below 1, float64 with 53 random bits."""
    return (words(start, begin, count) >> np.uint64(11)) * 2.0**-53


def blocks(start: int, begin: int, count: int, deviation: float) -> np.ndarray:
    """Q8_0 blocks begin .. begin + count of a matrix whose values have about this standard
    deviation. Scales vary by a third around their mean, so that no two rows are alike."""
    out = np.empty(count, Q8_0_BLOCK)
    # A word for four blocks: in 16 bits, 10 of scale, 5 of place and 1 of sign of the largest q.
    # The stream of these words is the complement of the start.
    first, last = begin // 4, -(-(begin + count) // 4)
    extra = words(start ^ _MASK, first, last - first).astype("<u8").view("<u2")
    extra = extra[begin - 4 * first:][:count]
    out["d"] = (2.0 / 3 + (extra >> 6) * (2.0 / 3 / 1024)) * (deviation / (127 * _SPREAD))
    q = words(start, begin * _WORDS, count * _WORDS).astype("<u8").view("i1").reshape(-1, BLOCK)
    np.maximum(q, np.int8(-127), out=q)
    q[np.arange(count), extra >> 1 & 31] = 127 - 254 * (extra & 1).astype(np.int16)
    out["q"] = q
    return out
