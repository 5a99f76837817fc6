# ===- test_tokenizer.py - vocabularies of Hugging Face checkpoints ---------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""What arrives in the file from tokenizer.json and from vocab.json with merges.txt."""

import json

import pytest
from checkpoints import (CONFIG, MERGES, SPECIAL, base_vocabulary, tokenizer_json,
                         write_checkpoint, write_json)
from ignis.convert import convert
from ignis.errors import InputError
from ignis.gguf import File
from ignis.hf_tokenizer import read_vocabulary
from ignis.model import TokenType
from ignis.quants import TensorType

NFC = {"type": "NFC"}


@pytest.fixture
def checkpoint(tmp_path):
    write_checkpoint(tmp_path / "hf")
    return tmp_path / "hf"


def metadata(directory):
    convert(directory, directory / "m.gguf", TensorType.Q8_0, quiet=True)
    return File(directory / "m.gguf").metadata


def slow_files(directory):
    """Replaces tokenizer.json by the files of the older tokenizer."""
    (directory / "tokenizer.json").unlink()
    write_json(directory / "vocab.json", base_vocabulary())
    (directory / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n",
                                          encoding="utf-8")
    rows = {str(i): {"content": t, "special": s} for i, (t, s) in SPECIAL.items()}
    write_json(directory / "tokenizer_config.json", {
        "added_tokens_decoder": rows, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
        "bos_token": None, "chat_template": "{{ messages }}"})


def test_tokens_types_and_merges(checkpoint):
    found = metadata(checkpoint)
    tokens, types = found["tokenizer.ggml.tokens"], found["tokenizer.ggml.token_type"].tolist()
    assert found["tokenizer.ggml.model"] == "gpt2" and found["tokenizer.ggml.pre"] == "qwen2"
    assert tokens[:262] == list(base_vocabulary()) and types[:262] == [TokenType.NORMAL] * 262
    assert tokens[262:290] == [f"[PAD{i}]" for i in range(262, 290)]
    assert types[262:290] == [TokenType.UNUSED] * 28
    assert tokens[290:296] == [text for text, _ in SPECIAL.values()] + ["[PAD295]"]
    # <tool_call> is text that is matched whole; <|fim_prefix|> looks special and counts as such.
    assert types[290:296] == [3, 3, 3, 4, 3, 5]
    assert len(tokens) == len(types) == 300
    assert found["tokenizer.ggml.merges"] == MERGES


def test_both_kinds_of_files_and_both_kinds_of_merges_agree(checkpoint):
    first = read_vocabulary(checkpoint, 300)
    write_json(checkpoint / "tokenizer.json", tokenizer_json(pairs=True))
    assert read_vocabulary(checkpoint, 300) == first
    slow_files(checkpoint)
    slow = read_vocabulary(checkpoint, 300)
    assert (slow.tokens, slow.types, slow.merges) == (first.tokens, first.types, first.merges)


@pytest.mark.parametrize("normalizer, expected", [
    (None, False), (NFC, True), ({"type": "Sequence", "normalizers": [NFC]}, True),
    ({"type": "Sequence", "normalizers": []}, False)])  # fmt: skip
def test_normalisation_is_recorded(checkpoint, normalizer, expected):
    write_json(checkpoint / "tokenizer.json", tokenizer_json(normalizer))
    assert metadata(checkpoint)["ignis.tokenizer.nfc"] is expected


def test_the_older_tokenizer_normalises(checkpoint):
    slow_files(checkpoint)
    assert metadata(checkpoint)["ignis.tokenizer.nfc"] is True


def test_special_tokens_by_name_come_before_those_by_id(checkpoint):
    slow_files(checkpoint)
    found = metadata(checkpoint)
    assert found["tokenizer.ggml.eos_token_id"] == 292
    assert found["tokenizer.ggml.padding_token_id"] == 290
    assert found["tokenizer.ggml.bos_token_id"] == 290  # of config.json
    assert found["tokenizer.ggml.add_bos_token"] is False
    assert found["tokenizer.chat_template"] == "{{ messages }}"


def test_special_tokens_map_and_objects(checkpoint):
    write_json(checkpoint / "special_tokens_map.json",
               {"eos_token": {"content": "<|im_end|>"}, "pad_token": "<|im_start|>"})
    found = metadata(checkpoint)
    assert found["tokenizer.ggml.eos_token_id"] == 292
    assert found["tokenizer.ggml.padding_token_id"] == 291


def test_every_end_of_text_of_generation_config(checkpoint):
    write_json(checkpoint / "generation_config.json", {"eos_token_id": [292, 290]})
    found = metadata(checkpoint)
    assert found["tokenizer.ggml.eos_token_id"] == 292
    assert found["tokenizer.ggml.eot_token_id"] == 290
    assert found["ignis.tokenizer.eos_token_ids"].tolist() == [292, 290]


def test_end_of_text_of_config_alone(checkpoint):
    found = metadata(checkpoint)
    assert found["tokenizer.ggml.eos_token_id"] == CONFIG["eos_token_id"]
    assert "tokenizer.ggml.eot_token_id" not in found
    assert "tokenizer.chat_template" not in found


def test_chat_template_of_its_own_file_wins(checkpoint):
    write_json(checkpoint / "tokenizer_config.json", {"chat_template": "old"})
    (checkpoint / "chat_template.jinja").write_bytes("{# née #}\r\n{{ x }}\n".encode())
    assert metadata(checkpoint)["tokenizer.chat_template"] == "{# née #}\r\n{{ x }}\n"


def test_several_chat_templates(checkpoint):
    rows = [{"name": "tool_use", "template": "b"}, {"name": "default", "template": "a"}]
    write_json(checkpoint / "tokenizer_config.json", {"chat_template": rows})
    found = metadata(checkpoint)
    assert found["tokenizer.chat_template"] == "a"
    assert found["tokenizer.chat_templates"] == ["tool_use"]
    assert found["tokenizer.chat_template.tool_use"] == "b"


def test_added_tokens_json(checkpoint):
    write_json(checkpoint / "added_tokens.json", {"<extra>": 295})
    found = metadata(checkpoint)
    assert found["tokenizer.ggml.tokens"][295] == "<extra>"
    assert found["tokenizer.ggml.token_type"][295] == TokenType.USER_DEFINED


def changed(path, value):
    """A tokenizer.json with one field changed, found by its path."""
    data = tokenizer_json()
    *parents, last = path
    part = data
    for key in parents:
        part = part[key]
    part[last] = value
    return data


@pytest.mark.parametrize("path, value, message", [
    (["model", "type"], "WordPiece", "model: expected a BPE, got 'WordPiece'"),
    (["model"], None, "model: expected a BPE"),
    (["model", "end_of_word_suffix"], "</w>", "end_of_word_suffix: expected none, got '</w>'"),
    (["model", "ignore_merges"], True, "ignore_merges"),
    (["model", "vocab"], [], "model.vocab: expected tokens"),
    (["model", "vocab", "hello"], -1, "token 'hello': expected an id, got -1"),
    (["model", "vocab", "hello"], 2.0, "token 'hello': expected an id, got 2.0"),
    (["model", "vocab", "hello"], 300, "token 'hello': expected an id below 300"),
    (["model", "vocab", "hello"], 5, "id 5: expected one token"),
    (["model", "vocab", "\ud800"], 270, "lone surrogate"),
    (["model", "merges"], ["h e", "q"], "merge 1: expected two tokens, got 'q'"),
    (["model", "merges"], ["h  e"], "merge 0: expected two tokens"),
    (["model", "merges"], [["h", "e", "l"]], "merge 0: expected two tokens"),
    (["model", "merges"], [["h", "q"]], "merge 0: expected tokens of the vocabulary, got 'hq'"),
    (["model", "merges"], None, "merges: expected a list"),
    (["normalizer"], {"type": "NFKC"}, "normalizer: expected none or NFC, got \\['NFKC'\\]"),
    (["pre_tokenizer"], None, "pre_tokenizer: expected Split and ByteLevel"),
    (["pre_tokenizer", "pretokenizers", 0, "pattern"], {"Regex": "\\p{N}{1,3}"}, "of Qwen2"),
    (["pre_tokenizer", "pretokenizers", 1, "add_prefix_space"], True, "without prefix space"),
    (["normalizer"], {"type": "Sequence", "normalizers": 1}, "normalizer: expected none or NFC"),
    (["added_tokens"], 1, "added_tokens: expected objects"),
    (["added_tokens", 0, "id"], 1e999, "added token inf"),
    (["added_tokens", 0, "id"], None, "added token None"),
    (["added_tokens", 0, "id"], 291, "added token 291: expected '<|endoftext|>'"),
    (["added_tokens", 0, "content"], "hello", "token 'hello': expected one id, got two"),
])  # fmt: skip
def test_tokenizers_that_are_refused(checkpoint, path, value, message):
    write_json(checkpoint / "tokenizer.json", changed(path, value))
    with pytest.raises(InputError, match=message.replace("|", r"\|")):
        metadata(checkpoint)


def test_special_tokens_without_ids_follow_the_vocabulary(checkpoint):
    slow_files(checkpoint)
    write_json(checkpoint / "tokenizer_config.json", {"eos_token": "<|im_end|>"})
    write_json(checkpoint / "special_tokens_map.json",
               {"additional_special_tokens": ["<|im_start|>", {"content": "<|im_end|>"}]})
    found = read_vocabulary(checkpoint, 300)
    assert found.tokens[262:266] == ["<|im_end|>", "<|endoftext|>", "<|im_start|>", "[PAD265]"]
    assert found.types[262:266] == [3, 3, 3, 5] and found.eos == [262, 290]


def test_text_that_is_not_unicode_is_refused(checkpoint):
    write_json(checkpoint / "tokenizer_config.json", {"chat_template": "a\ud800b"})
    with pytest.raises(InputError, match="tokenizer.chat_template: expected Unicode"):
        metadata(checkpoint)


def test_no_tokenizer(checkpoint):
    (checkpoint / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="expected tokenizer.json, or vocab.json and merges.txt"):
        metadata(checkpoint)


def test_merges_keep_line_separators_that_are_not_newlines(checkpoint):
    slow_files(checkpoint)
    vocab = {**base_vocabulary(), "a\u2028": 270, "\u2028": 271}
    write_json(checkpoint / "vocab.json", vocab)
    (checkpoint / "merges.txt").write_text("#version: 0.2\r\n# #\r\na \u2028\r\n", encoding="utf-8",
                                           newline="")
    assert read_vocabulary(checkpoint, 300).merges == ["# #", "a \u2028"]


def test_the_shipped_vocabulary(root):
    found = read_vocabulary(root / "data" / "tokenizers" / "qwen2", 151936)
    assert len(found.tokens) == 151936 and len(found.merges) == 151387
    assert found.nfc and found.tokens[151645] == "<|im_end|>" and found.eos[0] == 151645
    settings = json.loads((root / "data/tokenizers/qwen2/tokenizer_config.json").read_text())
    assert found.templates["default"] == settings["chat_template"]
