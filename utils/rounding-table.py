#!/usr/bin/env python3
# ===- rounding-table.py - what rounding activations costs in perplexity -----------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Perplexity of a text with float activations, one 8-bit scale per block of 32, and one per row.

    PYTHONPATH=python python3 utils/rounding-table.py models/fairy-tales-20m-q8_0.gguf \\
        test/data/reference/held-out-tales.txt

The forward pass is python/ignis/reference.py (NumPy); ids come from build/bin/ignis-run. Windows of
512 tokens, of which the last 255 are scored, as `ignis-run --perplexity` does it.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np

from ignis import reference

ROOT = Path(__file__).resolve().parent.parent
WINDOW, FIRST = 512, 257


def round_rows(x):
    scale = np.abs(x).max(axis=-1, keepdims=True) / np.float32(127)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(scale > 0, np.rint(x / scale), 0)
    return (np.clip(q, -127, 127) * scale).astype(np.float32)


def perplexity(path, ids, rounding):
    model = reference.Model(path, rounded=rounding is not None)
    if rounding is not None:
        reference.round_activations = rounding
    total, count = 0.0, 0
    for begin in range(0, len(ids) // WINDOW * WINDOW, WINDOW):
        window = np.asarray(ids[begin:begin + WINDOW])
        model.reset()
        rows = model.logits(window)[FIRST - 1:-1].astype(np.float64)
        rows -= rows.max(axis=1, keepdims=True)
        chosen = rows[np.arange(len(rows)), window[FIRST:]]
        total += (np.log(np.exp(rows).sum(axis=1)) - chosen).sum()
        count += len(rows)
    return np.exp(total / count)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model")
    parser.add_argument("text")
    options = parser.parse_args()
    ids = json.loads(subprocess.run(
        [ROOT / "build/bin/ignis-run", options.model, "--tokenize", "-f", options.text],
        check=True, text=True, capture_output=True).stdout)
    blocks = reference.round_activations
    base = None
    for name, rounding in (("float32", None), ("8 bits, a scale per block of 32", blocks),
                           ("8 bits, a scale per row", round_rows)):
        value = perplexity(options.model, ids, rounding)
        base = base or value
        print(f"| {name} | {value:.3f} | {100 * (value / base - 1):+.2f} % |", flush=True)


if __name__ == "__main__":
    main()
