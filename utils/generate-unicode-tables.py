#!/usr/bin/env python3
# ===- generate-unicode-tables.py - what the tokenizer freezes of Unicode ---------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Writes lib/Tokenizer/UnicodeTables.inc: where the referee, the Python package tokenizers, and
other libraries may differ about a character.

    python3.11 -m venv /tmp/referee && /tmp/referee/bin/pip install tokenizers==0.23.3
    /tmp/referee/bin/python utils/generate-unicode-tables.py > lib/Tokenizer/UnicodeTables.inc

Python 3.11 for its tables of Unicode 14, the version of PCRE2 10.42 (libpcre2-8.so.0, which is asked
too). Nothing of this is needed to build ignis.
"""

import ctypes
import itertools
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def referee_class(pattern):
    """Code points that the referee's regular expressions put in a class."""
    split = pre_tokenizers.Split(Regex(f"[^{pattern}]+"), "removed")
    text = "".join(map(chr, POINTS))
    return {ord(c) for part, _ in split.pre_tokenize_str(text) for c in part}


def pcre2_class(pattern):
    """The same of PCRE2 in UTF and UCP mode."""
    library = ctypes.CDLL("libpcre2-8.so.0")
    library.pcre2_compile_8.restype = ctypes.c_void_p
    library.pcre2_match_data_create_8.restype = ctypes.c_void_p
    library.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
    utf_ucp, no_check = 0x000A0000, 0x40000000
    source, number, offset = f"[{pattern}]+".encode(), ctypes.c_int(), ctypes.c_size_t()
    code = ctypes.c_void_p(library.pcre2_compile_8(
        source, ctypes.c_size_t(len(source)), utf_ucp, ctypes.byref(number), ctypes.byref(offset),
        None))
    data = ctypes.c_void_p(library.pcre2_match_data_create_8(1, None))
    span = library.pcre2_get_ovector_pointer_8(data)
    text, found, at = "".join(map(chr, POINTS)).encode(), set(), 0
    while library.pcre2_match_8(code, text, ctypes.c_size_t(len(text)), ctypes.c_size_t(at),
                                no_check, data, None) > 0:
        found.update(map(ord, text[span[0]:span[1]].decode()))
        at = span[1]
    return found


def classify(query):
    classes = {}
    for name, pattern in (("L", r"\p{L}"), ("N", r"\p{N}"), ("S", r"\s")):
        for point in query(pattern):
            classes[point] = name
    return classes


def reclassified():
    """Characters whose class PCRE2 has not as the referee, or that another version of it may not
    have: all that Unicode 14 does not assign. Value: the referee's class."""
    referee, pcre2 = classify(referee_class), classify(pcre2_class)
    rows = {}
    for c in POINTS:
        if referee.get(c, "O") != pcre2.get(c, "O") or unicodedata.category(chr(c)) == "Cn":
            rows[c] = referee.get(c, "O")
            if rows[c] == "S" or c < 0x300:
                sys.exit(f"U+{c:04X}: not foreseen in Unicode.cpp")
    return rows


def compositions():
    """Second characters of canonical compositions, each with a first one that it may join."""
    firsts = {second: 0x1100 for second in range(0x1161, 0x1176)}  # Hangul: vowels, finals
    firsts.update({second: 0xAC00 for second in range(0x11A8, 0x11C3)})
    for c in POINTS:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            first, second = (chr(int(part, 16)) for part in parts)
            if unicodedata.normalize("NFC", first + second) == chr(c):
                firsts.setdefault(ord(second), ord(first))
    return firsts


def unstable():
    """Characters that the referee's NFC changes, reorders or joins with the one before. Its tables
    are older than Unicode 14: later marks are ordinary characters to it."""
    normalize, firsts, found = normalizers.NFC().normalize_str, compositions(), {}
    for c in POINTS:
        char = chr(c)
        marks = f"a\u0345{char}\u0334"  # a mark moves, whatever its class
        pair = chr(firsts.get(c, 0x61)) + char
        if (normalize(char) != char or normalize(pair) != pair
                or unicodedata.combining(char)
                and normalize(marks) == unicodedata.normalize("NFC", marks)):
            found[c] = ""
            if c < 0x300:
                sys.exit(f"U+{c:04X}: not foreseen in Unicode.cpp")
    return found


def ranges(rows):
    """Runs of neighbours with one value: first, last, value."""
    for _, run in itertools.groupby(enumerate(sorted(rows)), lambda x: (x[1] - x[0], rows[x[1]])):
        points = [point for _, point in run]
        yield points[0], points[-1], rows[points[0]]


def table(declaration, rows):
    cells = [f"{{0x{first:x}, 0x{last:x}{value and ', ' + value}}}," for first, last, value in rows]
    lines = [""]
    for cell in cells:
        if len(lines[-1]) + len(cell) > 97:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "   ") + cell
    print(f"constexpr {declaration}[] = {{", *(f" {line}" for line in lines), "};", sep="\n")


def main():
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"expected Python 3.11, with Unicode 14, got {unicodedata.unidata_version}")
    print("""\
//===- UnicodeTables.inc - made by utils/generate-unicode-tables.py ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Do not edit. The referee is""", f"tokenizers {tokenizers.__version__}.")
    print("\n// What Unicode 14 or PCRE2 10.42 may see otherwise than the referee: first, last, class.")
    table("ClassRange reclassifiedRanges", ranges(reclassified()))
    print("\n// What the referee's NFC changes, moves or joins with the character before it.")
    table("Range unstableRanges", ranges(unstable()))


if __name__ == "__main__":
    main()
