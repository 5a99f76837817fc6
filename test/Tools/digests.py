#!/usr/bin/python3
# ===- digests.py - SHA-256 of logits that no kernel may change ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""/usr/bin/python3 test/Tools/digests.py --write: makes test/data/logit-digests.json.

One SHA-256 per model and prompt, of the float32 logits of all positions (T x vocabulary, little-endian). They are made
with the scalar kernels, which are the definition (docs/Numerics.md); test_digests.py holds every variant of every
processor against them. A change of docs/Numerics.md makes new digests; nothing else does.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "test/data/logit-digests.json"
TALE = [5834, 590, 258, 573, 466, 309, 258, 1080, 446, 343, 258, 1574, 11, 275, 371, 309, 378, 1343, 316, 371]
# Of the synthetic models: as many rows as fill the kernels' tiles, and then some.
LONG = [(7 * i * i + 3 * i) % 300 for i in range(39)]
# Name: arguments of ignis.synthesize (none: the shipped model) and prompts, as token ids.
MODELS = {
    "fairy-tales-20m": (None, [TALE, TALE[3:8], [0]]),
    "grouped": (["--shape", "hidden=256,layers=2,heads=4,kv=2,ffn=512,vocab=300", "--seed", "11"], [LONG, LONG[5:12]]),
    "seven": (["--shape", "hidden=448,layers=1,heads=7,kv=1,ffn=608,vocab=301", "--seed", "12"], [LONG, LONG[9:11]]),
    "untied": (["--shape", "hidden=192,layers=2,heads=6,kv=2,ffn=416,vocab=310,tied=0", "--seed", "13"], [LONG, LONG[1:4]]),
}


def make_model(name, directory):
    arguments = MODELS[name][0]
    if arguments is None:
        return ROOT / "models/fairy-tales-20m-q8_0.gguf"
    path = pathlib.Path(directory) / f"{name}.gguf"
    subprocess.run([sys.executable, "-m", "ignis.synthesize", path, "--type", "q8_0", *arguments], check=True,
                   capture_output=True, cwd=ROOT / "python")
    return path


def digest(logits):
    return hashlib.sha256(logits.astype("<f4").tobytes()).hexdigest()


def main():
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    import conftest

    result = {}
    with tempfile.TemporaryDirectory() as directory:
        tools = conftest.Tools(directory)
        for name, (_, prompts) in MODELS.items():
            model = make_model(name, directory)
            result[name] = [digest(tools.logits(f"{directory}/x.npy", ids, "--kernels", "scalar", "--cpu", "generic", model=model))
                            for ids in prompts]
    FILE.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
