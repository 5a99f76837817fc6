# ===- hf_tokenizer.py - vocabulary of a Hugging Face Qwen2 checkpoint ------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Reads tokenizer.json, or vocab.json with merges.txt, and the files around them: added tokens,
special tokens, chat templates. A tokenizer that encodes otherwise than Qwen2's is refused by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import InputError, note
from .model import TokenType, Vocabulary
from .safetensors import load_object

# The pre-tokeniser that GGUF calls "qwen2".
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet() -> list[str]:
    """The character that stands for each of the 256 bytes in token texts, as GPT-2 defined it:
    printable ones for themselves, the others from U+0100 on."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    shifted = iter(range(0x100, 0x200))
    return [chr(byte if byte in plain else next(shifted)) for byte in range(256)]


def _optional(path: Path) -> dict[str, Any]:
    return load_object(path) if path.exists() else {}


# --- tokenizer.json -------------------------------------------------------------------------
def _kinds(part: Any, inner: str) -> list[dict[str, Any]]:
    """The steps of a normaliser or pre-tokeniser, sequences taken apart."""
    if part is None:
        return []
    if isinstance(part, dict) and part.get("type") == "Sequence":
        items = part.get(inner)
        if isinstance(items, list):
            return [step for item in items for step in _kinds(item, inner)]
    return [part if isinstance(part, dict) else {"type": part}]


def _check_tokenizer(path: Path, data: dict[str, Any]) -> bool:
    """Refuses what is not Qwen2's byte-level BPE; tells whether text is normalised to NFC."""
    def refuse(what: str, expected: str, got: Any) -> None:
        raise InputError(f"{path}: {what}: expected {expected}, got {got!r}")

    model: Any = data.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE":
        refuse("model", "a BPE", model.get("type") if isinstance(model, dict) else model)
    for key in ("continuing_subword_prefix", "end_of_word_suffix", "byte_fallback",
                "ignore_merges", "dropout"):
        if model.get(key):
            refuse(f"model.{key}", "none", model[key])
    normaliser = [step.get("type") for step in _kinds(data.get("normalizer"), "normalizers")]
    if normaliser not in ([], ["NFC"]):
        refuse("normalizer", "none or NFC", normaliser)
    steps = _kinds(data.get("pre_tokenizer"), "pretokenizers")
    if [step.get("type") for step in steps] != ["Split", "ByteLevel"]:
        refuse("pre_tokenizer", "Split and ByteLevel", [step.get("type") for step in steps])
    split, bytes_ = steps
    pattern = split.get("pattern")
    pattern = pattern.get("Regex") if isinstance(pattern, dict) else pattern
    if pattern != PATTERN:
        refuse("pre_tokenizer", "the pattern of Qwen2", pattern)
    if split.get("behavior") != "Isolated" or split.get("invert"):
        refuse("pre_tokenizer", "isolated matches", split.get("behavior"))
    if bytes_.get("add_prefix_space", True) or bytes_.get("use_regex", True):
        refuse("pre_tokenizer", "ByteLevel without prefix space and pattern", bytes_)
    return normaliser == ["NFC"]


# --- Vocabulary and merges ------------------------------------------------------------------
def _tokens(path: Path, vocab: Any, what: str) -> dict[str, int]:
    if not isinstance(vocab, dict) or not vocab:
        raise InputError(f"{path}: {what}: expected tokens and their ids")
    for text, index in vocab.items():
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            raise InputError(f"{path}: token '{text}': expected an id, got {index!r}")
    return vocab


def _merges(path: Path, merges: Any, vocab: dict[str, int]) -> list[str]:
    """Merges, as texts or pairs, to "left right"; their parts and results must be tokens."""
    if not isinstance(merges, list):
        raise InputError(f"{path}: merges: expected a list, got {type(merges).__name__}")
    out = []
    for number, merge in enumerate(merges):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2 or not all(
                isinstance(part, str) and part and " " not in part for part in pair):
            raise InputError(f"{path}: merge {number}: expected two tokens, got {merge!r}")
        for part in (*pair, "".join(pair)):
            if part not in vocab:
                raise InputError(f"{path}: merge {number}: expected tokens of the vocabulary, "
                                 f"got '{part}'")
        out.append(" ".join(pair))
    return out


def _read_merges(path: Path) -> list[str]:
    # Only the newline ends a line: other line separators are part of tokens.
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8, got an error: {error}") from None
    if lines[0].startswith("#version"):
        lines = lines[1:]
    return [line.rstrip("\r") for line in lines if line.rstrip("\r")]


def _added(directory: Path, data: dict[str, Any], settings: dict[str, Any]) -> dict[int, tuple]:
    """Added tokens: id -> (text, is special). From tokenizer.json, tokenizer_config.json and
    added_tokens.json, which must not contradict each other."""
    found: dict[int, tuple[str, bool]] = {}

    def add(path: Path, index: Any, text: Any, special: Any) -> None:
        number = -1
        if isinstance(index, int) and not isinstance(index, bool):
            number = index
        elif isinstance(index, str) and index.isdecimal() and len(index) < 20:
            number = int(index)
        if number < 0 or not isinstance(text, str) or not text:
            raise InputError(f"{path}: added token {index!r}: expected an id and a text, "
                             f"got {text!r}")
        if number in found and found[number][0] != text:
            raise InputError(f"{path}: added token {number}: expected '{found[number][0]}', "
                             f"got '{text}'")
        found.setdefault(number, (text, bool(special)))

    fast = data.get("added_tokens") or []
    if not isinstance(fast, list) or not all(isinstance(row, dict) for row in fast):
        raise InputError(f"{directory / 'tokenizer.json'}: added_tokens: expected objects")
    for row in fast:
        add(directory / "tokenizer.json", row.get("id"), row.get("content"), row.get("special"))
    rows = settings.get("added_tokens_decoder") or {}
    for index, row in rows.items() if isinstance(rows, dict) else ():
        if isinstance(row, dict):
            add(directory / "tokenizer_config.json", index, row.get("content"), row.get("special"))
    path = directory / "added_tokens.json"
    for text, index in _optional(path).items():
        add(path, index, text, False)
    return found


def _text(token: Any) -> str | None:
    """A special token's text; it may be written as an object."""
    token = token.get("content") if isinstance(token, dict) else token
    return token if isinstance(token, str) and token else None


def _add_missing(sources: list[dict[str, Any]], vocab: dict[str, int],
                 added: dict[int, tuple[str, bool]]) -> None:
    """Special tokens that are named but have no id get the next ones, as in Qwen2Tokenizer."""
    wanted = []
    for kind, default in (("bos", None), ("eos", "<|endoftext|>"), ("unk", "<|endoftext|>"),
                          ("pad", "<|endoftext|>")):
        found = [_text(source.get(f"{kind}_token")) for source in sources]
        wanted.append(next(filter(None, found), default))
    for source in sources:
        more = source.get("additional_special_tokens")
        wanted += map(_text, more if isinstance(more, list) else [])
    known = {*vocab, *(text for text, _ in added.values())}
    following = max([*vocab.values(), *added]) + 1
    for text in dict.fromkeys(wanted):
        if text and text not in known:
            added[following] = (text, True)
            following += 1


def _type_of(text: str, special: bool) -> TokenType:
    # Like llama.cpp's converter: some checkpoints forget to mark tokens that look special.
    if special or (text.startswith("<|") and text.endswith("|>")):
        return TokenType.CONTROL
    return TokenType.USER_DEFINED


# --- Special tokens and templates -----------------------------------------------------------
def _special(kind: str, sources: list[dict[str, Any]], configs: list[dict[str, Any]],
             ids: dict[str, int], size: int) -> list[int]:
    """Ids of a kind of special token ("eos"): named in tokenizer files first, then by id."""
    found: list[int] = []
    for source in sources:
        text = _text(source.get(f"{kind}_token"))
        if text in ids:
            found.append(ids[text])
    for config in configs:
        value = config.get(f"{kind}_token_id")
        for index in value if isinstance(value, list) else [value]:
            if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < size:
                found.append(index)
    return list(dict.fromkeys(found))


def _templates(directory: Path, settings: dict[str, Any]) -> dict[str, str]:
    """Chat templates by name. A file of its own wins over tokenizer_config.json."""
    value = settings.get("chat_template")
    found: dict[str, str] = {}
    if isinstance(value, str):
        found["default"] = value
    elif isinstance(value, list):
        for row in value:
            if not isinstance(row, dict) or not isinstance(row.get("name"), str) \
                    or not isinstance(row.get("template"), str):
                raise InputError(f"{directory / 'tokenizer_config.json'}: chat_template: expected "
                                 "names and templates")
            found[row["name"]] = row["template"]
    text = _optional(directory / "chat_template.json").get("chat_template")
    if isinstance(text, str):
        found["default"] = text
    path = directory / "chat_template.jinja"
    if path.exists():
        try:
            found["default"] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: expected UTF-8, got an error: {error}") from None
    return found


def read_vocabulary(directory: Path, rows: int) -> Vocabulary:
    """The checkpoint's vocabulary, padded to `rows`, the rows of its embedding."""
    path, data = directory / "tokenizer.json", {}
    if path.exists():
        data = load_object(path)
        nfc = _check_tokenizer(path, data)
        vocab = _tokens(path, data["model"].get("vocab"), "model.vocab")
        merges = _merges(path, data["model"].get("merges"), vocab)
    elif (directory / "vocab.json").exists() and (directory / "merges.txt").exists():
        path = directory / "vocab.json"
        vocab = _tokens(path, load_object(path), "vocabulary")
        lines = directory / "merges.txt"
        merges = _merges(lines, _read_merges(lines), vocab)
        nfc = True  # what Qwen2Tokenizer does
    else:
        raise InputError(f"{directory}: expected tokenizer.json, or vocab.json and merges.txt, "
                         "got neither")
    settings = _optional(directory / "tokenizer_config.json")
    names = [settings, _optional(directory / "special_tokens_map.json")]
    added = _added(directory, data, settings)
    if not data:
        _add_missing(names, vocab, added)

    texts: dict[int, str] = {}
    types: dict[int, TokenType] = {}
    for text, index in [*vocab.items(), *((text, index) for index, (text, _) in added.items())]:
        if index >= rows:
            raise InputError(f"{path}: token '{text}': expected an id below {rows}, the rows of "
                             f"the embedding, got {index}")
        if texts.setdefault(index, text) != text:
            raise InputError(f"{path}: id {index}: expected one token, got '{texts[index]}' and "
                             f"'{text}'")
        types[index] = _type_of(*added[index]) if index in added else TokenType.NORMAL
    ids = {text: index for index, text in texts.items()}
    if len(ids) != len(texts):
        twice = next(text for index, text in texts.items() if ids[text] != index)
        raise InputError(f"{path}: token '{twice}': expected one id, got two")
    try:
        "".join(ids).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{path}: expected tokens of Unicode text, got a lone surrogate") from None
    if not ids.keys() >= set(byte_alphabet()):
        note(f"warning: {path}: not all 256 bytes are tokens: some text cannot be encoded")

    configs = [_optional(directory / name) for name in ("generation_config.json", "config.json")]
    special = {kind: _special(kind, names, configs, ids, rows) for kind in ("eos", "bos", "pad")}
    found = range(rows)
    return Vocabulary(
        tokens=[texts.get(i, f"[PAD{i}]") for i in found],
        types=[types.get(i, TokenType.UNUSED) for i in found],
        merges=merges, nfc=nfc, eos=special["eos"],
        bos=next(iter(special["bos"]), None), pad=next(iter(special["pad"]), None),
        add_bos=settings.get("add_bos_token") is True,
        templates=_templates(directory, settings))
