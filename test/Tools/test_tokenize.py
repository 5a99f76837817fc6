# ===- test_tokenizer.py - published vectors and NFC ---------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The vocabulary is the real one (data/tokenizers/qwen2); the model around it has no weights.

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def vocabulary(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "header.gguf"
    subprocess.run(
        [sys.executable, "-m", "ignis.synthesize", path, "--shape", "0.5b", "--type", "q8_0", "--seed", "1", "--header-only"],
        check=True, capture_output=True, cwd=root / "python",
    )
    return path


def test_published_vectors(tools, root, vocabulary, tmp_path):
    folder = root / "data" / "tokenizers" / "qwen2"
    texts = (folder / "vectors.inp").read_bytes().split(b"\n__ggml_vocab_test__\n")
    expected = [[int(id) for id in line.split()] for line in (folder / "vectors.out").read_text().split("\n")]
    assert len(texts) >= 47
    passed = 0
    for text, ids in zip(texts[:47], expected):
        path = tmp_path / "text"
        path.write_bytes(text)
        assert json.loads(tools.text("ignis-run", vocabulary, "--tokenize", "-f", path)) == ids, text
        passed += 1
    assert passed == 47


def tokenize(tools, model, path, data):
    path.write_bytes(data)
    return json.loads(tools.text("ignis-run", model, "--tokenize", "-f", path))


def test_nfc(tools, vocabulary, tmp_path):
    composed = tokenize(tools, vocabulary, tmp_path / "t", "é".encode())
    assert tokenize(tools, vocabulary, tmp_path / "t", "e\u0301".encode()) == composed
    # The shipped model's own tokenizer does not normalise.
    assert tokenize(tools, tools.model, tmp_path / "t", "e\u0301".encode()) != tokenize(tools, tools.model, tmp_path / "t", "é".encode())


def test_any_bytes(tools, vocabulary, tmp_path):
    for data in (b"\xff\xfe abc \x80", b"\xe2\x82", b"a\x00b", b"", bytes(range(256)) * 3):
        ids = tokenize(tools, vocabulary, tmp_path / "t", data)
        assert (len(ids) == 0) == (len(data) == 0)


def test_special_tokens_are_text(tools, vocabulary, tmp_path):
    assert len(tokenize(tools, vocabulary, tmp_path / "t", b"<|im_start|>")) > 1
