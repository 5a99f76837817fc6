#!/usr/bin/env python3
# ===- compare-tokenizer.py - our ids against the referee's ------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Encodes texts with ignis and with the Python package tokenizers; ids and decoded text must agree.

    python3 -m venv /tmp/referee && /tmp/referee/bin/pip install tokenizers==0.23.3
    ninja ignis-tokenizer-server
    /tmp/referee/bin/python utils/compare-tokenizer.py bin/ignis-tokenizer-server MODEL.gguf \\
        HF_DIR [--texts N] [--seed N] [--only KIND]

    /tmp/referee/bin/python utils/compare-tokenizer.py --digest data/tokenizers/qwen2

prints the CRC-32 of the referee's ids of every code point in some surroundings, which a unit test
(test/Unit/Tokenizer/Qwen2Test.cpp) compares with ours.

MODEL.gguf holds the vocabulary of HF_DIR (tokenizer.json, or vocab.json and merges.txt), as the
converter or the synthesizer wrote it. Kinds of texts: every code point in several surroundings,
random ones of several sorts, long ones, special tokens, and FILES given with --files. Exit status 1
if any text differs.
"""

import argparse
import json
import random
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
# One %s: the code points, each in its own word or with neighbours that it may change.
SURROUNDINGS = ["%s", "a%s", "%sa", " %s", "%s ", "1%s", "%s1", "!%s", "%s!", "\n%s\n", "'%s", "'%ss",
                "a \t%s\t b", "a\u0301%s", "a%s\u0323", "a%s\u0301", "\u1100%s\u11a8", "\u0bc6%s\u0bbe",
                "e\u0345%s\u0334", "\r%s", "%s\r\n"]


# What Qwen2.5 adds to Qwen2's three special tokens, and the synthesizer too.
ADDED = ("<|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> <|quad_start|> <|quad_end|>"
         " <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|> <tool_call>"
         " </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|>"
         " <|file_sep|>").split()


def referee(directory):
    path = directory / "tokenizer.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    result = Tokenizer(models.BPE.from_file(str(directory / "vocab.json"),
                                            str(directory / "merges.txt")))
    result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    result.decoder = decoders.ByteLevel()
    config = json.loads((directory / "tokenizer_config.json").read_text())
    rows = sorted((int(i), row) for i, row in config["added_tokens_decoder"].items())
    for _, row in rows:
        token = AddedToken(row["content"], normalized=row["normalized"], special=row["special"])
        (result.add_special_tokens if row["special"] else result.add_tokens)([token])
    for text in ADDED:
        token = AddedToken(text, normalized=False, special=text[1] == "|")
        (result.add_special_tokens if text[1] == "|" else result.add_tokens)([token])
    return result


class Server:
    def __init__(self, program, model):
        self.process = subprocess.Popen([program, model], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def encode(self, text, special):
        text = text.encode()
        self.process.stdin.write(struct.pack("<II", special, len(text)) + text)
        self.process.stdin.flush()
        ids = struct.unpack(f"<{(n := self.word())}i", self.read(4 * n))
        return list(ids), self.read(self.word()).decode()

    def read(self, count):
        data = self.process.stdout.read(count)
        if len(data) != count:
            sys.exit("the server ended")
        return data

    def word(self):
        return struct.unpack("<I", self.read(4))[0]


# --- Texts ------------------------------------------------------------------------------------
def all_points(_random, _count):
    """Every code point in every surrounding; 64 to a text, apart, to save time."""
    for surrounding in SURROUNDINGS:
        for first in range(0, len(POINTS), 64):
            yield "\n\u3000x\n".join(surrounding % chr(c) for c in POINTS[first:first + 64])


def alphabets(rng):
    block = rng.choice(POINTS) & ~0x7F
    return rng.choice([
        lambda: chr(rng.choice(POINTS)),
        lambda: chr(rng.randrange(0x20, 0x7F)),
        lambda: chr(rng.randrange(0x20, 0x250)),
        lambda: chr(min(max(block, 0xE000) if 0xD800 <= block < 0xE000 else block, 0x10FF00)
                    + rng.randrange(0x80)),
        lambda: rng.choice(" \t\n\r\v\f\u0085\u00a0\u1680\u180e\u2003\u2028\u2029\u202f\u3000\ufeff"),
        lambda: rng.choice("'\u2019sStTrReEvVmMlLdD \u017f"),
        lambda: rng.choice("aeio\u0301\u0300\u0323\u0308\u0327\u0345\u0334\u3099\u05b0\u0f71\u0f72"),
        lambda: rng.choice("\u1100\u1161\u11a8\uac00\uac01\u1112\u1175\u11c2"),
        lambda: chr(rng.randrange(0x900, 0xE00)),
        lambda: chr(rng.choice([rng.randrange(0x4E00, 0xA000), rng.randrange(0xAC00, 0xD7A4),
                                rng.randrange(0x3040, 0x3100)])),
        lambda: rng.choice("\U0001f468\u200d\U0001f469\U0001f467\ufe0f\U0001f3fd\u2764\U0001f1e9"),
        lambda: rng.choice("0123456789\u0660\u00b2\u2167\u00bd,.+-%$"),
        lambda: rng.choice(["the", "ing", " a", "Once", " upon", "ation", "\n\n", "    ", "://", "_"]),
    ])


def mixed(rng, count):
    """Short runs of one sort of characters, runs of different sorts one after another."""
    for _ in range(count):
        text = []
        while rng.random() > 0.15:
            draw = alphabets(rng)
            text += [draw() for _ in range(rng.randrange(1, 12))]
        yield "".join(text)


def long_texts(rng, _count):
    """Runs of thousands of one character or sort: words that need the heap, long white space."""
    for run in ["A", "a", " ", "\n", "\r\n", "\t", "!", "0", "\u00e9", "e\u0301", "\U0001f468",
                "\u4e2d", "ab", "the", "=", "-", " \n", "\u0301", "\u0e33", "\u3000", "'s", "\u180e"]:
        for length in (31, 32, 33, 64, 1000, 20000):
            yield run * length
            yield "x " + run * length + "y"
    for _ in range(60):
        draw = alphabets(rng)
        yield "".join(draw() for _ in range(rng.randrange(100, 8000)))
    for _ in range(60):
        yield "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(5000))


def specials(rng, count):
    words = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_", "end|>", "<|", "|>", "<", "user\n",
             " ", "\n", "e", "\u0301", "hello", "<<|im_end|>>", "<tool_call>", "</tool_call>"]
    for _ in range(count):
        yield "".join(rng.choice(words) for _ in range(rng.randrange(1, 12)))


def files(paths):
    for path in paths:
        for text in path.read_bytes().decode("utf-8", "ignore").split("__ggml_vocab_test__"):
            yield text


def digest(theirs, before, after):
    crc = 0
    for first in range(0, len(POINTS), 64):
        text = "\n\u3000x\n".join(before + chr(c) + after for c in POINTS[first:first + 64])
        ids = theirs.encode(text, add_special_tokens=False).ids
        crc = zlib.crc32(struct.pack(f"<{len(ids)}i", *ids), crc)
    return crc


def print_digests(directory):
    theirs = referee(directory)
    theirs.encode_special_tokens = True
    for before, after in (("", "1"), ("'", "s"), ("e\u0345", "\u0334")):
        print(f"{ascii(before)} {ascii(after)} {digest(theirs, before, after):#010x}")


def main():
    if sys.argv[1:2] == ["--digest"]:
        return print_digests(Path(sys.argv[2]))
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("model")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--texts", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--files", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    theirs, ours, failures = referee(args.directory), Server(args.server, args.model), 0
    print(f"tokenizers {tokenizers.__version__}, {theirs.get_vocab_size()} tokens")
    kinds = {"points": all_points, "mixed": mixed, "long": long_texts, "specials": specials,
             "files": lambda _rng, _count: files(args.files)}
    for name, make in kinds.items():
        if args.only not in (None, name):
            continue
        start, texts, size = time.time(), 0, 0
        for text in make(random.Random(args.seed), args.texts):
            for special in (False, True) if name == "specials" else (False,):
                theirs.encode_special_tokens = not special
                expected = theirs.encode(text, add_special_tokens=False).ids
                back = theirs.decode(expected, skip_special_tokens=False)
                got = ours.encode(text, special)
                texts, size = texts + 1, size + len(text)
                if got != (expected, back):
                    failures += 1
                    if failures <= 10:
                        print(f"{name}: {ascii(text)[:300]} special={special}\n"
                              f"  expected {expected[:40]}\n  got      {got[0][:40]}")
        print(f"{name}: {texts} texts, {size} characters, {time.time() - start:.0f} s, "
              f"{failures} differ so far", flush=True)
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
