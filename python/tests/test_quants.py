# ===- test_quants.py - tensor encodings ------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Encodings against definitions written out value by value."""

import math
import struct

import numpy as np
import pytest
from ignis import quants
from ignis.quants import TensorType


def rounded(x):
    """C's roundf: to nearest, halves away from zero, on exact doubles."""
    return math.copysign(math.floor(abs(float(x)) + 0.5), x)


def q8_0_by_definition(values):
    """ggml's quantize_row_q8_0_ref, one value at a time in float32."""
    out = b""
    for block in values.reshape(-1, 32):
        d = np.float32(np.float32(max(abs(block))) / np.float32(127))
        inverse = np.float32(1) / d if d else np.float32(0)
        out += struct.pack("<e", d) + bytes(int(rounded(x * inverse)) & 0xFF for x in block)
    return out


def test_q8_0_is_ggmls_rounding_bit_for_bit():
    random = np.random.default_rng(1)
    values = random.standard_normal(32 * 200).astype(np.float32)
    values *= np.repeat(10.0 ** random.integers(-7, 4, 200), 32).astype(np.float32)
    values[:32] = 0
    # A scale of exactly 1 makes every half a tie.
    values[32:64] = np.concatenate(([127], np.arange(31) - 15.5)).astype(np.float32)
    assert quants.encode(TensorType.Q8_0, values).tobytes() == q8_0_by_definition(values)


def test_q8_0_rounds_next_to_every_half_as_roundf():
    halves = np.arange(-126.5, 127, dtype=np.float32)
    near = np.concatenate([np.nextafter(halves, np.float32(-200)), halves,
                           np.nextafter(halves, np.float32(200)), [0.49999997, -0.49999997]])
    near = np.concatenate([near, np.zeros(-len(near) % 31)]).astype(np.float32)
    blocks = np.insert(near.reshape(-1, 31), 0, 127, axis=1)
    found = quants.quantize_q8_0(blocks)["q"]
    assert found.tolist() == [[int(rounded(x)) for x in row] for row in blocks]


def test_q8_0_error_is_at_most_half_a_step():
    values = np.random.default_rng(2).standard_normal(32 * 100).astype(np.float32)
    back = quants.decode(TensorType.Q8_0, quants.encode(TensorType.Q8_0, values))
    step = np.abs(values.reshape(-1, 32)).max(axis=1) / 127
    # Rounding the scale to float16 moves a value by at most 127 * 2^-11 of a step more.
    assert (np.abs(back - values).reshape(-1, 32) <= step[:, None] * (0.5 + 127 / 2048)).all()


def test_tiny_blocks_become_zero_without_a_warning():
    values = np.full(32, 1e-42, np.float32)
    assert not quants.decode(TensorType.Q8_0, quants.encode(TensorType.Q8_0, values)).any()


def test_bf16_rounds_to_nearest_even():
    one = np.float32(1)
    ulp = np.float32(2.0**-7)
    values = np.array([one, one + ulp / 2, one + ulp * 1.5, one + ulp * 0.51, -one - ulp / 2],
                      np.float32)
    back = quants.decode(TensorType.BF16, quants.encode(TensorType.BF16, values))
    assert back.tolist() == [1, 1, 1 + 2 * ulp, 1 + ulp, -1]


@pytest.mark.parametrize("kind", TensorType)
def test_decoded_values_encode_to_the_same_bytes(kind):
    values = np.random.default_rng(3).standard_normal(64 * 20).astype(np.float32)
    data = quants.encode(kind, values)
    assert len(data) == quants.row_bytes(kind, values.size)
    again = quants.decode(kind, quants.encode(kind, quants.decode(kind, data)))
    if kind == TensorType.Q8_0:  # amax / 127 may round away from the stored scale
        np.testing.assert_allclose(again, quants.decode(kind, data), rtol=1e-3)
    else:
        assert np.array_equal(again, quants.decode(kind, data))


@pytest.mark.parametrize("kind, limit", [(TensorType.F16, 65504.0), (TensorType.BF16, 3.3895e38),
                                         (TensorType.Q8_0, 65504.0 * 127)])
def test_values_beyond_the_range_of_a_type_are_refused(kind, limit):
    values = np.zeros(32, np.float32)
    values[5] = -limit
    assert np.isfinite(quants.decode(kind, quants.encode(kind, values))).all()
    values[5] = -limit * 1.003
    with pytest.raises(ValueError, match="beyond the range"):
        quants.encode(kind, values)


@pytest.mark.parametrize("kind", TensorType)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(kind, bad):
    values = np.ones(64, np.float32)
    values[40] = bad
    with pytest.raises(ValueError, match="NaN or infinite"):
        quants.encode(kind, values)
