# ===- test_gguf.py - reader and writer of GGUF files -----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Round trips, the layout byte by byte, and files that are damaged everywhere."""

import os
import struct

import numpy as np
import pytest
from ignis import quants
from ignis.errors import InputError
from ignis.gguf import File, ValueType, Writer
from ignis.quants import TensorType


def sample(path, alignment=32):
    """A file with every value type, an array of each kind and a tensor of each type."""
    writer = Writer(alignment)
    for kind, value in SCALARS.items():
        writer.add(f"scalar.{kind.name}", kind, value)
    writer.add_array("array.strings", ValueType.STRING, ["", "Ġt", "日本"])
    writer.add_array("array.ints", ValueType.I32, [-1, 2, 3])
    values = {}
    for kind in TensorType:
        values[kind.name] = np.random.default_rng(kind).standard_normal((3, 64)).astype(np.float32)
        writer.add_tensor(kind.name, kind, (3, 64))
    writer.write(path, ([quants.encode(kind, values[kind.name])] for kind in TensorType))
    return values


SCALARS = {
    ValueType.U8: 255, ValueType.I8: -128, ValueType.U16: 65535, ValueType.I16: -32768,
    ValueType.U32: 2**32 - 1, ValueType.I32: -(2**31), ValueType.F32: 0.5, ValueType.BOOL: True,
    ValueType.STRING: "naïve", ValueType.U64: 2**64 - 1, ValueType.I64: -(2**63),
    ValueType.F64: 0.1,
}  # fmt: skip


@pytest.mark.parametrize("alignment", [32, 64, 4096])
def test_round_trip(tmp_path, alignment):
    values = sample(tmp_path / "m.gguf", alignment)
    file = File(tmp_path / "m.gguf")
    for kind, value in SCALARS.items():
        assert file.metadata[f"scalar.{kind.name}"] == value
        assert file.types[f"scalar.{kind.name}"] == kind
    assert file.metadata["array.strings"] == ["", "Ġt", "日本"]
    assert file.metadata["array.ints"].tolist() == [-1, 2, 3]
    for kind in TensorType:
        assert file.tensors[kind.name].offset % alignment == 0
        expected = quants.decode(kind, quants.encode(kind, values[kind.name])).reshape(3, 64)
        assert np.array_equal(file.array(kind.name), expected)
        assert np.array_equal(file.array(kind.name, np.array([2, 0])), expected[[2, 0]])


def test_layout_byte_by_byte(tmp_path):
    writer = Writer()
    writer.add("k", ValueType.U32, 7)
    writer.add_tensor("t", TensorType.F32, (2, 3))
    writer.write(tmp_path / "m.gguf", [[np.arange(6, dtype="<f4").view(np.uint8)]])
    header = (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 1) + b"k"
              + struct.pack("<II", 4, 7) + struct.pack("<Q", 1) + b"t"
              + struct.pack("<IQQIQ", 2, 3, 2, 0, 0))
    header += bytes(-len(header) % 32)
    data = struct.pack("<6f", *range(6)) + bytes(8)
    assert (tmp_path / "m.gguf").read_bytes() == header + data


def test_header_alone_is_a_file_without_data(tmp_path):
    sample(tmp_path / "whole.gguf")
    writer = Writer()
    writer.add_tensor("t", TensorType.F32, (2, 32))
    writer.write(tmp_path / "m.gguf", None)
    with pytest.raises(InputError, match="bytes of data"):
        File(tmp_path / "m.gguf")
    file = File(tmp_path / "m.gguf", require_data=False)
    assert file.tensors["t"].shape == (2, 32)
    with pytest.raises(InputError, match="not in the file"):
        file.array("t")


def test_every_truncation_is_an_error(tmp_path):
    path = tmp_path / "m.gguf"
    sample(path)
    spans = [(t.offset, t.offset + t.bytes) for t in File(path).tensors.values()]
    start, end = min(spans)[0], max(spans)[1]
    # In the data every byte is like another.
    for size in [end - 1, *range(end - 50, start, -50), *range(start, -1, -1)]:
        os.truncate(path, size)
        with pytest.raises(InputError):
            File(path)


def test_every_damaged_byte_of_the_header_is_an_error_or_a_file(tmp_path):
    """Nothing but InputError, and nothing that takes long or allocates by a wrong length."""
    sample(tmp_path / "m.gguf")
    whole = (tmp_path / "m.gguf").read_bytes()
    start = min(t.offset for t in File(tmp_path / "m.gguf").tensors.values())
    refused = 0
    with open(tmp_path / "m.gguf", "r+b", buffering=0) as damaged:
        for at in range(start):
            for flip in (0x01, 0xFF):
                os.pwrite(damaged.fileno(), bytes([whole[at] ^ flip]), at)
                try:
                    file = File(tmp_path / "m.gguf")
                    for name in file.tensors:
                        file.array(name)
                except InputError:
                    refused += 1
            os.pwrite(damaged.fileno(), whole[at:at + 1], at)
    assert start / 2 < refused < 2 * start


@pytest.mark.parametrize("data, message", [
    (b"", "got an empty file"), (b"GG", "magic"), (b"PK\x03\x04" + bytes(50), "magic"),
    (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version: expected 2 or 3, got 1"),
    (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0), "tensors"),
    (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**64 - 1), "key-values"),
    (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**63) + bytes(20), "key length"),
])  # fmt: skip
def test_malformed_headers(tmp_path, data, message):
    (tmp_path / "m.gguf").write_bytes(data)
    with pytest.raises(InputError, match=message):
        File(tmp_path / "m.gguf")


def test_wrong_amount_of_data_is_our_mistake_and_leaves_nothing(tmp_path):
    writer = Writer()
    writer.add_tensor("t", TensorType.F32, (4,))
    with pytest.raises(ValueError, match="8 of 16 bytes"):
        writer.write(tmp_path / "m.gguf", [[bytes(8)]])
    assert not list(tmp_path.iterdir())
