# ===- keys.py - the keys of an experiment ----------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Every key that an experiment may have, with its kind and default. docs/Experiments.md says what each means;
a test holds the document against this table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .errors import InputError

REQUIRED = object()
MOST = 1 << 31  # Integers are smaller.
NONE = object()  # no value: the document's column is empty, or says what happens then


@dataclass(frozen=True)
class Kind:
    """What a value may be. `of` is TOML's type, or for a list or table that of what it holds."""

    text: str
    of: str
    least: float = -math.inf
    above: float = -math.inf
    among: tuple[str, ...] = ()
    container: str = ""  # list, table or nothing
    filled: bool = False  # at least one element

    def wrong(self, value: Any) -> bool:
        if not self.container:
            return self._wrong(value)
        if toml_type(value) != self.container or (self.filled and not value):
            return True
        return any(self._wrong(item) for item in (value.values() if self.container == "table" else value))

    def _wrong(self, value: Any) -> bool:
        made = toml_type(value)
        if made == "integer" and self.of in ("integer", "number") and abs(value) >= MOST:
            return True
        if self.of == "number":
            return made not in ("integer", "number") or not (value >= self.least and value > self.above) or math.isinf(value)
        if self.of == "scalar":
            return made not in ("string", "integer", "number", "boolean")
        if self.of == "step":
            return made not in ("string", "table")
        return made != self.of or (made == "integer" and value < self.least) or \
            (made == "string" and bool(self.among) and value not in self.among)


def toml_type(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "list"), (dict, "table")):
        if isinstance(value, kind):
            return name
    return "date or time"


def shown(value: Any) -> str:
    """A value as TOML writes it, in short."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, list):
        text = f"[{', '.join(map(shown, value))}]"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) + "}"
    else:
        text = str(value)
    return text if len(text) <= 200 else text[:200] + " ..."


STRING, BOOLEAN, TABLE = (Kind("string", "string"), Kind("boolean", "boolean"),
                          Kind("table of strings, numbers and booleans", "scalar", container="table"))
TEXTS = Kind("list of strings", "string", container="list")


def integer(least: int) -> Kind:
    return Kind(f"integer, {least} or more", "integer", least=least)


def one_of(*among: str) -> Kind:
    return Kind(f"one of {', '.join(among)}", "string", among=among)


@dataclass(frozen=True)
class Key:
    kind: Kind
    default: Any = NONE  # Same: another key's value


@dataclass(frozen=True)
class Same:
    key: str


# By table; a table's own key stands in the table above it.
KEYS: dict[str, dict[str, Key]] = {
    "": {"question": Key(STRING, ""), "model": Key(STRING), "plugins": Key(TEXTS, [])},
    "import": {"context": Key(integer(16), 64), "chunk": Key(integer(1), 16), "kv": Key(one_of("f16", "f32"), "f16"),
               "entries": Key(Kind("list of embed, decode, prefill, score", "string", container="list",
                                   filled=True, among=("embed", "decode", "prefill", "score")), ["embed", "decode", "prefill"])},
    "space": {"steps": Key(Kind("list of strings and tables, not empty", "step", container="list", filled=True), REQUIRED),
              "default": Key(TEXTS, []), "cleanup": Key(STRING, ""), "initial": Key(TEXTS), "goal": Key(TEXTS)},
    "space.steps": {"pass": Key(STRING), "pipeline": Key(STRING), "python": Key(STRING), "options": Key(TABLE, {}),
                    "key": Key(STRING), "group": Key(STRING, ""), "required": Key(BOOLEAN, False),
                    "tolerance": Key(Kind("number, 0 or more", "number", least=0), 0), "requires": Key(TEXTS),
                    "establishes": Key(TEXTS), "invalidates": Key(TEXTS)},
    "search": {"strategy": Key(one_of("exhaustive", "random", "local", "evolutionary"), "exhaustive"),
               "orders": Key(integer(1), 1000), "seconds": Key(Kind("number above 0", "number", above=0)),
               "seed": Key(integer(0), 1), "entry": Key(STRING, "decode"),
               "objective": Key(Kind("table of numbers, not empty", "number", container="table", filled=True),
                                {"total_ops": 1, "barriers": 1}),
               "reference": Key(TEXTS)},
    "gate": {"prompts": Key(Kind("list of strings, not empty", "string", container="list", filled=True)),
             "long": Key(integer(0), Same("import.context")), "decode": Key(integer(0), 3),
             "chunk": Key(integer(1), Same("import.chunk")), "threads": Key(integer(1), 2), "perplexity": Key(STRING)},
    "timing": {"top": Key(integer(0), 12), "confirm": Key(integer(0), 2), "rounds": Key(integer(1), 15),
               "threads": Key(integer(1), 2), "decode_calls": Key(integer(1), 8), "decode_depth": Key(integer(0), 16),
               "prefill_calls": Key(integer(1), 2), "prefill_rows": Key(integer(1), Same("import.chunk"))},
}


def checked(value: Any, table: str, where: str, label: str = "") -> dict:
    """The table `value` of an experiment if it has no other keys and kinds than KEYS[table]. `where` begins messages;
    `label` names the table there (its own name)."""
    label = label or table
    if not isinstance(value, dict):
        raise InputError(f"{where}: {label}: expected a table, got {toml_type(value)} {shown(value)}")
    keys = KEYS[table]
    inner = [name for name in KEYS if name and "." not in name] if not table else []
    for key, item in value.items():
        name = f"{label}.{key}" if label else key
        if key in inner:
            continue
        if key not in keys:
            raise InputError(f"{where}: unknown key {name}, expected one of {', '.join([*keys, *inner])}")
        kind = keys[key].kind
        if kind.wrong(item):
            below = " below 2^31" if toml_type(item) == "integer" and abs(item) >= MOST else ""
            raise InputError(f"{where}: {name}: expected {kind.text}{below}, got {toml_type(item)} {shown(item)}")
    return value


def filled(data: dict, table: str, where: str) -> dict[str, Any]:
    """A table of an experiment, checked, with its defaults; tables that a default looks into come first."""
    given = checked(data.get(table, {}), table, where)
    result: dict[str, Any] = {}
    for key, about in KEYS[table].items():
        if key in given:
            result[key] = given[key]
        elif about.default is REQUIRED:
            raise InputError(f"{where}: {table}.{key} is missing, expected {about.kind.text}")
        elif isinstance(about.default, Same):
            other, _, name = about.default.key.partition(".")
            result[key] = filled(data, other, where)[name]
        elif about.default is not NONE:
            result[key] = about.default
    return result
