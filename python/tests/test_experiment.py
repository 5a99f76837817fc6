# ===- test_experiment.py - the keys of an experiment, and what is said about wrong ones --------=== #
# SPDX-License-Identifier: Apache-2.0
"""docs/Experiments.md and the parser know the same keys, types and defaults; every wrong one is one clear line."""

import os
import re
import subprocess
import sys

import pytest

from ignis import experiment, keys
from ignis.errors import InputError
from laboratory import ROOT

DOCUMENT = ROOT / "docs/Experiments.md"
EXPERIMENTS = sorted([*(ROOT / "python/experiments").glob("*.toml"), ROOT / "examples/python-pass/python-pass.toml"])
SPACE = """
[space]
steps = ["ignis-fuse-rms-norm", {pipeline = "ignis-bufferize-pipeline,ignis-plan-pipeline", key = "finish", required = true}]
default = ["finish"]
"""
EVERYTHING = """
question = "?"
model = "m.gguf"
plugins = []
[import]
context = 32
chunk = 8
kv = "f32"
entries = ["embed", "decode", "prefill", "score"]
[space]
steps = ["ignis-fuse-swiglu",
  {pass = "ignis-plan-memory", options = {alignment = 128, planner = "slots", partial = false}, key = "plan", group = "p", required = true, tolerance = 0.5, requires = ["buffers"], establishes = ["planned"], invalidates = ["barriers"]},
  {pipeline = "ignis-bufferize-pipeline,func.func(ignis-materialize-rounding,ignis-decompose-attention)", key = "b"},
  {python = "passes.py:f", requires = ["tensors"]}]
default = ["f", "b", "plan"]
cleanup = "canonicalize,cse"
initial = ["tensors", "planned", "barriers", "descriptors"]
goal = ["planned"]
[search]
strategy = "local"
orders = 10
seconds = 0.5
seed = 3
entry = "prefill"
objective = {arena = 1, total_ops = 0.5}
reference = ["b", "plan"]
[gate]
prompts = ["Once"]
long = 20
decode = 1
chunk = 4
threads = 1
perplexity = "text.txt"
[timing]
top = 1
confirm = 0
rounds = 3
threads = 1
decode_calls = 1
decode_depth = 0
prefill_calls = 1
prefill_rows = 4
"""


def names():
    return {f"{table}.{key}" if table else key: about for table, inside in keys.KEYS.items() for key, about in inside.items()}


def documented():
    rows = {}
    for line in DOCUMENT.read_text().splitlines():
        match = re.fullmatch(r"\| `([\w.]+)` \| (.+?) \| (.*?) ?\| (.+) \|", line)
        if match:
            assert match[1] not in rows, f"{match[1]} stands there twice"
            rows[match[1]] = match[2], match[3]
    return rows


def default_of(about):
    if about.default is keys.REQUIRED:
        return "required"
    if about.default is keys.NONE:
        return ""
    return f"`{about.default.key if isinstance(about.default, keys.Same) else keys.shown(about.default)}`"


def test_the_document_has_the_parsers_keys():
    rows = documented()
    assert set(rows) == set(names())
    for name, about in names().items():
        assert rows[name] == (about.kind.text, default_of(about)), name


def test_every_key_is_read(tmp_path):
    """A file with every key loads, and each value arrives; without a key its default does."""
    (tmp_path / "passes.py").write_text("def f(module):\n    return module\n")
    path = tmp_path / "e.toml"
    path.write_text(EVERYTHING)
    for name in names():
        assert re.search(rf"\b{name.rsplit('.', 1)[-1]} = ", EVERYTHING), f"{name} is not in the file of this test"
    made = experiment.load(path)
    assert made.question == "?" and made.model_path == tmp_path / "m.gguf"
    assert made.imports == {"context": 32, "chunk": 8, "kv": "f32", "entries": ["embed", "decode", "prefill", "score"]}
    plan, b, f = (made.space.steps[key] for key in ("plan", "b", "f"))
    assert "alignment=128" in plan.text and "partial=false" in plan.text and plan.text.endswith(",canonicalize,cse")
    assert (plan.group, plan.required, plan.tolerance, plan.contract.requires) == ("p", True, 0.5, {"buffers"})
    assert b.contract.requires == frozenset() and f.text == f"python:{tmp_path}/passes.py:f" and f.contract.requires == {"tensors"}
    assert made.default == ("f", "b", "plan") and made.reference_order() == ("b", "plan") and made.space.goal == {"planned"}
    assert made.search == {"strategy": "local", "orders": 10, "seconds": 0.5, "seed": 3, "entry": "prefill",
                           "objective": {"arena": 1, "total_ops": 0.5}, "reference": ["b", "plan"]}
    assert made.gate == {"prompts": ["Once"], "long": 20, "decode": 1, "chunk": 4, "threads": 1, "perplexity": "text.txt"}
    assert made.timing == {"top": 1, "confirm": 0, "rounds": 3, "threads": 1, "decode_calls": 1, "decode_depth": 0,
                           "prefill_calls": 1, "prefill_rows": 4}
    path.write_text('model = "m.gguf"\n[import]\ncontext = 48\nchunk = 12' + SPACE)
    made = experiment.load(path)
    assert made.gate == {"long": 48, "decode": 3, "chunk": 12, "threads": 2} and made.timing["prefill_rows"] == 12
    assert made.search["strategy"] == "exhaustive" and made.search["orders"] == 1000 and made.imports["kv"] == "f16"


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.name)
def test_shipped_experiments_load(path):
    made = experiment.load(path)
    assert made.space.check(made.default) is None and made.question.endswith("?")


WRONG = {"string": "3", "integer": '"many"', "number": '"many"', "boolean": '"yes"', "scalar": "[1]", "step": "3"}


@pytest.mark.parametrize("name", names())
def test_a_wrong_type_says_what_was_expected(tmp_path, name):
    table, _, key = name.rpartition(".")
    kind = names()[name].kind
    values = [WRONG[kind.of]] if not kind.container else ["3"] if kind.of == "scalar" else ["3", "[3.5]", '{a = "b"}']
    for value in values:
        text = f"{key} = {value}\n" if not table else f"[{table}]\n{key} = {value}\n"
        if table == "space.steps":
            text = f"[space]\nsteps = [{{{key} = {value}}}]\n"
        path = tmp_path / "e.toml"
        path.write_text(text)
        shown = name.replace("space.steps.", "space.steps[0].")
        with pytest.raises(InputError) as caught:
            experiment.load(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: {shown}: expected {kind.text}, got ") and "\n" not in message, message


def merged(change):
    """SPACE with a line in a table."""
    table, line = change.split(" ", 1)
    if table == "space":
        return 'model = "m.gguf"' + SPACE + line
    return f'model = "m.gguf"\n[{table}]\n{line}\n' + SPACE


@pytest.mark.parametrize("text, reason", [
    (merged("search ordrs = 3"), "unknown key search.ordrs, expected one of strategy, orders, seconds"),
    (merged("tempo top = 3"), "unknown key tempo, expected one of question, model, plugins, import"),
    ("search = 3" + SPACE, "search: expected a table, got integer 3"),
    (merged("import context = 60"), "import.context: expected a multiple of 16, got 60"),
    (merged("import chunk = 65"), "import.chunk: expected import.context, 64, at most, got 65"),
    (merged("import chunk = true"), "import.chunk: expected integer, 1 or more, got boolean true"),
    (merged("import chunk = 0"), "import.chunk: expected integer, 1 or more, got integer 0"),
    (merged("import kv = 'f8'"), 'import.kv: expected one of f16, f32, got string "f8"'),
    (merged("import entries = ['embed', 'decode']"), "import.entries: expected prefill among them"),
    (merged("import entries = ['embed', 'decode', 'prefill', 'scor']"), "import.entries: expected list of embed, decode, prefill, score"),
    (merged("search entry = 'score'"), "search.entry: expected one of decode, prefill, got 'score'"),
    (merged("search strategy = 'magic'"), "search.strategy: expected one of exhaustive, random, local, evolutionary"),
    (merged("search seconds = 0"), "search.seconds: expected number above 0, got integer 0"),
    (merged("search seconds = inf"), "search.seconds: expected number above 0, got number inf"),
    (merged("search seconds = nan"), "search.seconds: expected number above 0, got number nan"),
    (merged("search objective = {speed = 1}"), "unknown key search.objective.speed, expected one of total_ops"),
    (merged("search reference = ['ignis-fuse-rms-norm']"), "search.reference: in the end"),
    (merged("gate long = 65"), "gate.long: expected import.context, 64, at most, got 65"),
    (merged("gate chunk = 17"), "gate.chunk: expected import.chunk, 16, at most, got 17"),
    (merged("gate prompts = []"), "gate.prompts: expected list of strings, not empty, got list []"),
    (merged("timing prefill_rows = 17"), "timing.prefill_rows: expected import.chunk, 16, at most, got 17"),
    (merged("timing decode_depth = 64"), "timing.decode_depth: expected import.context - 1, 63, at most, got 64"),
    (merged("gate threads = 100000000000000000000"), "gate.threads: expected integer, 1 or more below 2^31, got integer 100000000000000000000"),
    (merged(f"search seconds = {10 ** 400}"), "search.seconds: expected number above 0 below 2^31, got integer 1000"),
    (merged("timing rounds = 2024-01-01"), "timing.rounds: expected integer, 1 or more, got date or time 2024-01-01"),
    (merged("space cleanup = 'cse,no-such'"), "space.cleanup: pass pipeline: "),
    (merged("space initial = ['tensor']"), "space.initial: unknown fact 'tensor', expected one of the compiler's, attention-split,"),
    (merged("space goal = ['plannd']"), "space.goal: unknown fact 'plannd', expected one of"),
    ("model = 'm'\n[space]\nsteps = ['cse', {pass = 'cse', key = 'c', requires = ['tensor']}]", "space.steps[1].requires: unknown fact 'tensor'"),
    ("model = 'm'\n[space]\nsteps = [{pass = 'ignis-plan-memory', options = {plan = 'x'}}]",
     "space.steps[0].pass: ignis-plan-memory: unknown option 'plan', expected one of alignment"),
    ("model = 'm'\n[space]\nsteps = [{pass = 'ignis-plan-memory', options = {alignment = 'x'}}]",
     "space.steps[0].pass: ignis-plan-memory: option alignment: expected an integer, got 'x'"),
    ("model = 'm'\n[space]\nsteps = [{pass = 'ignis-plan-memory', options = {planner = ['slots']}}]",
     'space.steps[0].options: expected table of strings, numbers and booleans, got table {planner = ["slots"]}'),
    ("model = 'm'\n[space]\nsteps = [{pass = 'canonicalize', options = {max-iterations = 'x'}}]",
     "space.steps[0].pass: pass pipeline: failed to add `canonicalize`"),
    ("model = 'm'\n[space]\nsteps = [{pipeline = 'ignis-plan-pipeline', options = {a = 1}}]",
     "space.steps[0].options: expected only beside pass, got it beside pipeline"),
    ("model = 'm'\n[space]\nsteps = [{pass = 'cse', pipeline = 'cse'}]", "space.steps[0]: expected one of pass, pipeline and python, got pass and pipeline"),
    ("model = 'm'\n[space]\nsteps = [{pipeline = 'func.func(cse'}]", "a bracket or quote is not closed"),
    ("model = 'm'\n[space]\nsteps = [{pipeline = ''}]", "space.steps[0].pipeline: '': expected a pass or more"),
    ("model = 'm'\n[space]\nsteps = ['cse', 'cse']", "space.steps: two steps have one key, 'cse'"),
    ("model = 'm'\n[space]\nsteps = [{python = 'wrong.py:f'}]", "wrong.py: line 2: ZeroDivisionError: division by zero"),
    ("model = 'm'\n[space]\nsteps = [{python = 'bad.py:f'}]", "SyntaxError"),
    ("model = 'm'\n[space]\nsteps = [{python = 'no_such_module:f'}]", "ModuleNotFoundError: No module named 'no_such_module'"),
    (SPACE, "model is missing"),
    ("model = 'm'", "space.steps is missing, expected list of strings and tables, not empty"),
])
def test_one_clear_line(tmp_path, text, reason):
    """From the command, with exit status 1 and nothing on stdout."""
    (tmp_path / "wrong.py").write_text("def f(module): return module\n1 / 0\n")
    (tmp_path / "bad.py").write_text("def f(module:\n")
    path = tmp_path / "e.toml"
    path.write_text(text)
    made = subprocess.run([sys.executable, "-m", "ignis", "explore", "e.toml", "--count"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    assert (made.returncode, made.stdout) == (1, ""), made.stderr
    line = made.stderr.splitlines()[-1]  # LLVM's option parser says its own line first
    assert line.startswith("error: e.toml: ") and reason in line, made.stderr
    assert len(made.stderr.splitlines()) == 1 or "canonicalize" in text, made.stderr


@pytest.mark.parametrize("name, reason", [("none.txt", "none.txt: No such file or directory"), ("latin.txt", "latin.txt: 'utf-8' codec can't decode")])
def test_a_text_that_cannot_be_read(tmp_path, tiny, name, reason):
    """Before anything runs, and before there is a results file."""
    (tmp_path / "latin.txt").write_bytes(b"\xe4\n")
    path = tmp_path / "e.toml"
    path.write_text(f'model = "{tiny}"\n[gate]\nperplexity = "{name}"\n' + SPACE)
    made = subprocess.run([sys.executable, "-m", "ignis", "explore", "e.toml"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    assert (made.returncode, made.stdout) == (1, "") and made.stderr.splitlines()[-1].startswith(f"error: {tmp_path}/{reason}"), made.stderr
    assert not (tmp_path / "e.jsonl").exists()
