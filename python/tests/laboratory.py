# ===- laboratory.py - small explorations for tests --------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""An experiment on a tiny model that takes seconds, and a way to run it in this process."""

import json
from pathlib import Path

from ignis import experiment
from ignis.explore import Explorer, summary
from ignis.results import Results, read

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parents[1]
HEAD = """
question = "Does it work?"
model = "{model}"
[import]
context = 64
chunk = 16
entries = ["embed", "decode", "prefill"]
[gate]
prompts = ["Once upon a time", "The"]
threads = 1
[timing]
threads = 1
top = 1
confirm = 1
rounds = 3
decode_calls = 2
prefill_calls = 1
[search]
seed = 7
[space]
steps = [{steps}
  {{pipeline = "ignis-bufferize-pipeline", key = "bufferize", required = true}},
  {{pass = "ignis-materialize-rounding", key = "rounding"}},
  {{pass = "ignis-decompose-attention", key = "attention"}},
  {{pass = "ignis-plan-memory", key = "plan", options = {{planner = "best-of-greedy"}}, required = true}},
]
default = [{default}"bufferize", "rounding", "attention", "plan"]
"""
FUSIONS = ("ignis-fuse-rms-norm", "ignis-fuse-swiglu", "ignis-share-rounding")
QUOTED = "".join(f'"{name}", ' for name in FUSIONS)
FAULTS = ("segfault", "hang", "hog", "abort", "leave", "leave_at_once", "fail", "forget")


def write(path, tiny, steps=QUOTED, default='"ignis-fuse-rms-norm", "ignis-fuse-swiglu", '):
    path.write_text(HEAD.format(model=tiny, steps=steps, default=default))
    return path


def explore(path, results, limit=60, **search):
    """An exploration in this process, to its end. (What hangs takes `limit` seconds twice.)"""
    chosen = experiment.load(path)
    chosen.search.update(search)
    explorer = Explorer(chosen, results, workers=2, quiet=True, limit=limit, memory=600 << 20)
    try:
        explorer.explore()
        return explorer, summary(explorer)
    finally:
        explorer.close()


def facts_known(path):
    """What a results file says, without times."""
    known = Results(path).known
    return ({key: edge.get("to") for key, edge in known.edges.items()},
            {key: (record["ok"], record["digest"], json.dumps(record["facts"], sort_keys=True))
             for key, record in known.measures.items()})


def unique(path):
    """Every line is a record, and no edge, measure or order is there twice."""
    keys = [(record["kind"], record.get("from"), record.get("step"), record.get("hash"), str(record.get("order")))
            for record in read(path) if record["kind"] in ("edge", "measure", "order")]
    assert len(keys) == len(set(keys))
    data = path.read_bytes()
    assert data.endswith(b"\n") and all(json.loads(line) for line in data.splitlines())


def lines_of(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0
