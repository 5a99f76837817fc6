# ===- test_fusion.py - what the transformations promise of each other -----------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Same bits behind every pass, on kernels and in the oracle; which orders commute and which do not; the ladder of bytes
# from the IR of a header-only file of the 0.5B shape.

import itertools
import json
import re
import subprocess
import sys

import pytest

IDS = [5834, 590, 258, 573, 466, 309, 258, 1080, 446, 343]
PASSES = (
    "ignis-fuse-rms-norm", "ignis-fuse-add-rms-norm", "ignis-fuse-swiglu", "ignis-fuse-linear-swiglu", "ignis-fuse-gate-up",
    "ignis-fuse-qkv", "ignis-fuse-residual", "ignis-fuse-rope-cache", "ignis-narrow-rows", "ignis-mark-in-place",
    "ignis-share-rounding",
)
# By contract: what has to come before a pass. Of such a pair one order alone is legal.
NEEDS = {"ignis-fuse-linear-swiglu": "ignis-fuse-swiglu", "ignis-fuse-add-rms-norm": "ignis-fuse-rms-norm"}
# The only pairs whose order shows in the IR, and why (docs/Fusion.md).
ORDER_SHOWS = {
    frozenset(("ignis-fuse-gate-up", "ignis-fuse-linear-swiglu")): "both want the gate and up layers",
    frozenset(("ignis-fuse-add-rms-norm", "ignis-fuse-residual")): "both want the add",
    frozenset(("ignis-fuse-add-rms-norm", "ignis-mark-in-place")): "the norm can lie over the product only as part of the add",
    frozenset(("ignis-fuse-rope-cache", "ignis-narrow-rows")): "an attention that writes the cache needs all rows",
    frozenset(("ignis-narrow-rows", "ignis-mark-in-place")): "what is written over is read whole",
    frozenset(("ignis-narrow-rows", "ignis-share-rounding")): "rounded rows stay as many as they are",
}
# These all commute with each other; the test tries every order of them.
COMMUTE = ("ignis-fuse-rms-norm", "ignis-fuse-swiglu", "ignis-fuse-qkv", "ignis-fuse-residual", "ignis-fuse-rope-cache")


@pytest.fixture(scope="module")
def imported(tools, tmp_path_factory):
    """The shipped model's entries."""
    path = tmp_path_factory.mktemp("import") / "import.mlir"
    tools("ignis-run", tools.model, "--emit", "import", "-o", path)
    return path


def run(tools, module, *passes):
    """The IR behind the passes, locations and names of values as printed."""
    return tools.text("ignis-opt", module, f"--pass-pipeline=builtin.module(func.func({','.join(passes)}))")


def graph(text):
    """The compute ops in order, with operands named by what makes them: where the text puts weights and empty tensors,
    and what it numbers them, does not count."""
    names, result, count = {}, [], 0
    for line in text.splitlines():
        if "func.func" in line:
            names = {}  # Each function numbers its values anew.
        match = re.match(r"\s*(%\w+)(?::\d+)? = (ignis\.weight|tensor\.empty)(.*)", line)
        if match:
            names[match[1]] = f"<{match[2]}{match[3]}>"
            continue
        line = re.sub(r"%\w+", lambda m: names.get(m[0], m[0]), line)
        match = re.match(r"\s*(%\w+)(?::\d+)? = ", line)
        if match:
            names[match[1]] = f"%op{count}"
            count += 1
            line = line.replace(match[1], names[match[1]], 1)
        result.append(line)
    return result


def needs(*passes):
    return tuple(NEEDS[name] for name in passes if name in NEEDS and NEEDS[name] not in passes)


def test_pairs_commute(tools, imported):
    wrong = []
    for first, second in itertools.combinations(PASSES, 2):
        pair = frozenset((first, second))
        if NEEDS.get(first) == second or NEEDS.get(second) == first:
            continue
        before = needs(first, second)
        one, other = (graph(run(tools, imported, *before, *order)) for order in ((first, second), (second, first)))
        if (one == other) != (pair not in ORDER_SHOWS):
            wrong.append((first, second))
    assert not wrong


def test_competing_pairs(tools, imported, tmp_path):
    """Both orders are legal, compute the same, and differ as docs/Fusion.md says."""
    expected = tools.logits(tmp_path / "logits.npy", IDS, "--module", imported).tobytes()
    layers = sum(re.match(r"\s*%\w+ = ignis\.silu", line) is not None for line in entry(imported.read_text(), "decode"))
    for pair, first_takes, count in (
        (("ignis-fuse-gate-up", "ignis-fuse-linear-swiglu"), ("ignis.linear_group", "ignis.linear_swiglu"), layers),
        (("ignis-fuse-add-rms-norm", "ignis-fuse-residual"), ("ignis.add_rms_norm", "residual("), 2 * layers),
    ):
        for order, taken, left in ((pair, *first_takes), (pair[::-1], *first_takes[::-1])):
            path = tmp_path / "passed.mlir"
            path.write_text(run(tools, imported, *needs(*pair), *order))
            text = "\n".join(entry(path.read_text(), "decode"))
            assert (text.count(taken), text.count(left)) == (count, 0), order
            assert tools.logits(tmp_path / "logits.npy", IDS, "--module", path).tobytes() == expected, order


def entry(text, name):
    """The lines of a function."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if f"func.func @{name}(" in line)
    return lines[start:next(at for at in range(start, len(lines)) if lines[at] == "  }")]


def test_every_order_of_those_that_commute(tools, imported):
    """To the same bytes."""
    results = {run(tools, imported, *order) for order in itertools.permutations(COMMUTE)}
    assert len(results) == 1


def test_passes_are_idempotent(tools, imported):
    for name in PASSES:
        assert run(tools, imported, *needs(name), name) == run(tools, imported, *needs(name), name, name), name


@pytest.mark.parametrize("lowering", ["kernels", "reference"])
def test_same_bits_after_every_pass(tools, imported, tmp_path, lowering):
    def logits(module):
        return tools.logits(tmp_path / "logits.npy", IDS, "--module", module, "--lowering", lowering, "--threads", "1")

    expected = logits(imported)
    for name in PASSES:
        path = tmp_path / "passed.mlir"
        path.write_text(run(tools, imported, *needs(name), name))
        if lowering == "reference" and name == "ignis-share-rounding":
            # The oracle's activations stay float: a module that rounds is not for it, and it says so.
            line = tools.error(tools.model, "--module", path, "--lowering", lowering, "--ids", "1", "--logits", tmp_path / "x")
            assert "'ignis.round' op has no reference lowering: the oracle's activations are floats" in line
        else:
            assert logits(path).tobytes() == expected.tobytes(), name


def test_same_bits_along_the_pipeline(tools, imported, tmp_path):
    """Behind every pass down to barriers; what follows has no entry functions any more."""
    expected = tools.logits(tmp_path / "logits.npy", IDS, "--module", imported).tobytes()
    module, path = imported, tmp_path / "next.mlir"
    for number, step in enumerate((
        "--ignis-fuse-rms-norm", "--ignis-fuse-swiglu", "--ignis-fuse-rope-cache", "--ignis-mark-in-place",
        "--one-shot-bufferize=bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map",
        "--ignis-drop-returned-arguments", "--canonicalize", "--ignis-materialize-rounding", "--ignis-decompose-attention",
        "--ignis-fuse-rounding", "--ignis-plan-memory=planner=slots", "--ignis-insert-barriers",
    )):
        path = tmp_path / f"{number}.mlir"
        tools("ignis-opt", module, step, "-o", path)
        module = path
        if step.startswith("--one-shot"):
            continue  # Entries still return their arguments.
        assert tools.logits(tmp_path / "logits.npy", IDS, "--module", path).tobytes() == expected, step


# The ladder. Numbers of the decode graph; a chunk of R rows takes R times as much, but for its one row of logits.
FUSED = ("ignis-fuse-rms-norm", "ignis-fuse-swiglu")
LADDER = [
    # passes, ops, buffers, bytes, bound without the logits
    ((), 435, 436, 3469312, 61952),
    (FUSED, 362, 363, 2826752, 61952),
    ((*FUSED, "ignis-mark-in-place"), 362, None, None, 46080),
    ((*FUSED, "ignis-fuse-linear-swiglu"), 314, 315, None, 26624),
    ((*FUSED, "ignis-fuse-linear-swiglu", "ignis-mark-in-place"), 314, None, None, 26624),
]
LOGITS, ROW = 151936 * 4, 896 * 4


@pytest.fixture(scope="module")
def header(root, tools, tmp_path_factory):
    path = tmp_path_factory.mktemp("header")
    subprocess.run(
        [sys.executable, "-m", "ignis.synthesize", path / "header.gguf", "--shape", "0.5b", "--type", "q8_0", "--seed", "1",
         "--header-only"], check=True, capture_output=True, cwd=root / "python")
    tools("ignis-run", path / "header.gguf", "--emit", "import", "-o", path / "import.mlir")
    return path / "import.mlir"


def plan(tools, module, tmp_path, passes, options):
    fuse = f"func.func({','.join(passes)})," if passes else ""
    done = tools("ignis-opt", module, f"--ignis-report={tmp_path / 'report.json'}", "-o", tmp_path / "out.mlir",
                 f"--pass-pipeline=builtin.module({fuse}ignis-bufferize-pipeline,func.func(ignis-plan-memory{{{options}}}))")
    assert done.stderr == b""
    return json.loads((tmp_path / "report.json").read_text())["functions"]


@pytest.mark.parametrize("passes, ops, buffers, size, body", LADDER, ids=["unfused", "fused", "in-place", "gate-up", "both"])
def test_ladder(tools, header, tmp_path, passes, ops, buffers, size, body):
    functions = plan(tools, header, tmp_path, passes, f"planner=best-of-greedy alignment=1 csv={tmp_path}/%f.csv")
    for entry, rows in (("decode", 1), ("prefill", 512)):
        planned = functions[entry]["passes"][-1]
        assert planned["total_ops"] == ops
        assert buffers is None or planned["buffers"] == buffers
        assert size is None or planned["bytes"] == rows * (size - LOGITS) + LOGITS
        assert planned["body_bound"] == rows * body
        assert planned["bound"] == max(rows * body, rows * ROW + LOGITS)
        assert planned["arena"] == planned["bound"], "an arena reaches the bound"
        # The body alone, without its head: the planners reach that bound too.
        lines = (tmp_path / f"{entry}.csv").read_text().splitlines()
        problem = "\n".join(line for line in lines if not line.startswith("logits")) + "\n"
        assert len(problem.splitlines()) == planned["buffers"]
        for planner in ("exact", "best-of-greedy"):
            answer = json.loads(tools.text("ignis-plan", "-", f"--planner={planner}", "--json", input=problem.encode()))
            assert answer["height"] == answer["bound"] == rows * body


def test_slots_of_a_chunk(tools, header, tmp_path):
    """The published policy on 512 rows: 5 slots as well."""
    prefill = plan(tools, header, tmp_path, FUSED, "planner=slots alignment=1")["prefill"]["passes"][-1]
    assert prefill["places"] == 5 and prefill["arena"] < 0.25 * prefill["bytes"]


@pytest.mark.parametrize("policy, arena", [
    ("slots", 653824), ("slots-first", 650752), ("slots-largest", 666624), ("slots-nearest", 653824)])
def test_policies_of_slots(tools, header, tmp_path, policy, arena):
    decode = plan(tools, header, tmp_path, FUSED, f"planner={policy} alignment=1")["decode"]["passes"][-1]
    assert (decode["places"], decode["arena"]) == (5, arena)


def test_columns_of_their_own(tools, header, tmp_path):
    """Rounded rows and scratch are planned and reported beside the rows of floats, never hidden in them."""
    module = tmp_path / "plan.mlir"
    tools("ignis-opt", header, "--ignis-fuse-pipeline", "--ignis-bufferize-pipeline", "--ignis-plan-pipeline",
          f"--ignis-report={tmp_path / 'report.json'}", "-o", module)
    decode = json.loads((tmp_path / "report.json").read_text())["functions"]["decode"]["passes"]
    by_pass = {entry["pass"]: entry for entry in decode}
    before, after = by_pass["canonicalize"], by_pass["ignis-plan-memory"]
    assert (before["buffers"], before["bytes"], before["activations_q8"]) == (after["buffers"], after["bytes"], 0)
    # Per layer one row for q, k and v, one for o, one for gate and up, one for down; one for the head. A block of 32
    # values takes 40 bytes.
    assert after["activations_q8"] == (24 * (896 + 896 + 896 + 4864) + 896) // 32 * 40
    tools("ignis-opt", header, "--ignis-fuse-pipeline", "--ignis-bufferize-pipeline", "--ignis-plan-pipeline=fuse-rounding=true",
          f"--ignis-report={tmp_path / 'report.json'}", "-o", module)
    decode = json.loads((tmp_path / "report.json").read_text())["functions"]["decode"]["passes"]
    rounding = {entry["pass"]: entry for entry in decode}["ignis-plan-memory"]
    # Norms and attention write no rows of floats any more, SwiGLU, which is no part of a layer here, does.
    assert rounding["buffers"] == after["buffers"] - (24 * 3 + 1)
    assert rounding["activations_q8"] == after["activations_q8"]
    # Every byte of scratch is an op's: attention keeps one tile of scores and sums.
    assert after["scratch"] > 0
    fused = tmp_path / "report2.json"
    tools("ignis-opt", header, "--ignis-fuse-pipeline", "--ignis-fuse-linear-swiglu", "--ignis-bufferize-pipeline",
          f"--ignis-report={fused}", "-o", module)
    assert json.loads(fused.read_text())["functions"]["decode"]["passes"][-1]["scratch"] >= after["scratch"]


def test_deterministic(tools, header, tmp_path):
    """Byte-identical over 20 runs: IR, plan, picture and report (but for its times)."""
    results = set()
    for _ in range(20):
        report = tmp_path / "report.json"
        tools("ignis-opt", header, "--ignis-fuse-pipeline", "--ignis-fuse-linear-swiglu", "--ignis-fuse-qkv",
              "--ignis-bufferize-pipeline", f"--ignis-plan-memory=planner=best-of-greedy svg={tmp_path}/%f.svg",
              f"--ignis-report={report}", "-o", tmp_path / "out.mlir")
        facts = re.sub(r'"seconds": [^,\n]*', "", report.read_text())
        results.add(((tmp_path / "out.mlir").read_bytes(), (tmp_path / "decode.svg").read_bytes(), facts))
    assert len(results) == 1


def test_remarks_have_the_report_s_numbers(tools, imported, tmp_path):
    done = tools("ignis-opt", imported, "--ignis-fuse-rms-norm", f"--ignis-report={tmp_path / 'report.json'}",
                 "--remarks-filter=ignis", "--remark-format=emitRemark", "-o", tmp_path / "out.mlir")
    remarks = done.stderr.decode()
    for name, function in json.loads((tmp_path / "report.json").read_text())["functions"].items():
        for entry in function["passes"]:
            assert re.search(rf"Function={name} \| ir_hash={entry['ir_hash']}, pass={entry['pass']}, .*"
                             rf"total_ops={entry['total_ops']}\n", remarks), (name, entry)
    # A fusion tells its matches.
    assert re.search(r"\[Passed\] fuse-rms-norm.*matches=\d+", remarks)


def test_the_default_has_the_least(tools):
    """docs/PassOrdering.md: gate and up in one group, the same in place, and the default, which fuses SwiGLU and rounding too."""
    def facts(*more):
        text = tools.text("ignis-run", tools.model, "--ctx", 128, "--emit=plan", *more)
        prefill = text[text.index("func.func @prefill"):]
        arena = re.search(r'memref<(\d+)xi8> \{ignis.role = "arena"\}', prefill)[1]
        return len(re.findall(r"ignis\.\w+ ins\(", text)), int(arena)

    def order(*more):
        passes = ("rms-norm", "swiglu", "qkv", "gate-up", "residual", "rope-cache")
        names = ",".join([f"ignis-fuse-{name}" for name in passes] + list(more))
        return facts("--pass-pipeline", f"func.func({names}),ignis-bufferize-pipeline,ignis-plan-pipeline")
    assert order() == (1018, 1212416)
    assert order("ignis-mark-in-place") == (1018, 892928)
    assert facts("--pass-pipeline", "ignis-fuse-pipeline,ignis-optimize-pipeline,ignis-bufferize-pipeline,ignis-plan-pipeline") == (948, 604160)
    assert facts() == (657, 434176)
