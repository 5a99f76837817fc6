# ===- test_native.py - the native module, function by function --------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""What every function of ignis._native returns, and that bad input is an InputError that says why. Threads
and Ctrl-C are in test_native_calls.py."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ignis
from ignis import _native, work
from ignis.errors import InputError
from ignis.reference import Model as Plain
from laboratory import ROOT

PLANNED = "ignis-bufferize-pipeline,ignis-plan-pipeline"
BUFFERS = [("a", 0, 2, 64, 64), ("b", 1, 3, 128, 64), ("c", 2, 4, 64, 64), ("d", 3, 5, 192, 64)]
IDS = [5, 17, 290, 33, 8, 120, 77, 4, 9, 250, 31, 6]


@pytest.fixture(scope="module")
def model(tiny):
    return ignis.Model(tiny)


@pytest.fixture(scope="module")
def module(model):
    return model.import_module(context=64, chunk=16)


@pytest.fixture(scope="module")
def planned(module):
    return ignis.run_pipeline(module, PLANNED)[0]


@pytest.fixture(scope="module")
def compiled(model):
    return ignis.compile(model, context=64, chunk=16)


@pytest.fixture
def session(compiled):
    return ignis.Session(compiled, threads=2)


# --- Models -----------------------------------------------------------------------------------------


def test_model(model, tiny):
    assert model.path == tiny
    assert {key: model.config[key] for key in ("layers", "embedding", "heads", "kv_heads", "head_dim", "vocabulary",
                                               "tied")} == \
        {"layers": 2, "embedding": 64, "heads": 2, "kv_heads": 1, "head_dim": 32, "vocabulary": 300, "tied": True}
    assert {"metadata", "tensors"} <= set(model.inspect())
    text = "Once upon a time"
    assert model.detokenize(model.tokenize(text)).decode() == text
    assert model.tokenize("") == [] and model.detokenize([]) == b""


def test_model_hash(model, tiny, tmp_path):
    data = bytearray(Path(tiny).read_bytes())
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(data)
    assert ignis.Model(str(copy)).hash() == model.hash() != model.hash(data=False)
    data[-1] ^= 1
    copy.write_bytes(data)
    assert ignis.Model(str(copy)).hash() != model.hash()
    assert ignis.Model(str(copy)).hash(data=False) == model.hash(data=False)


def test_model_errors(model, tiny, tmp_path):
    with pytest.raises(InputError, match="nowhere.gguf"):
        ignis.Model(str(tmp_path / "nowhere.gguf"))
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model at all")
    with pytest.raises(InputError, match="bad.gguf"):
        ignis.Model(str(bad))
    whole = Path(tiny).read_bytes()
    bad.write_bytes(whole[:-1000])
    with pytest.raises(InputError):
        ignis.Model(str(bad))
    assert ignis.Model(str(bad), require_data=False).import_module(context=64, chunk=16).functions
    with pytest.raises(InputError, match="f16 or f32"):
        model.import_module(kv="q4")
    with pytest.raises(InputError, match="context"):
        model.import_module(context=-16)
    with pytest.raises(InputError, match="nothing"):
        model.import_module(entries=["nothing"])
    assert model.detokenize([-1, 300, 2**31 - 1]) == b""  # ids without text
    with pytest.raises(TypeError):
        model.detokenize([2**40])


# --- IR ---------------------------------------------------------------------------------------------


def test_module_round_trips(module):
    assert module.functions == ["embed", "decode", "prefill", "score"]
    text = str(module)
    assert ignis.Module.parse(text).hash == module.hash
    assert ignis.Module.parse(module.bytecode()).hash == module.hash
    assert module.hash[:12] in repr(module) and len(module.hash) == 32
    module.verify()
    ops = module.describe()["decode"]["ops"]
    assert sum(op["name"] == "ignis.rms_normalize" for op in ops) == 5


def test_module_errors(module):
    with pytest.raises(InputError, match=r"x\.mlir:2:\d+: .*no_such_op"):
        ignis.Module.parse("func.func @f() {\n  no_such_op\n  return\n}", "x.mlir")
    with pytest.raises(InputError):
        ignis.Module.parse("")
        ignis.Module.parse("func.func private @f()").verify()
        ignis.Module.parse("}")
    data = module.bytecode()
    for size in (5, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(InputError):
            ignis.Module.parse(data[:size])
    with pytest.raises(TypeError):
        ignis.Module()


def test_memory(module, planned):
    assert module.memory("decode") is None  # on tensors
    buffers = ignis.run_pipeline(module, "ignis-bufferize-pipeline")[0].memory("decode")
    assert buffers["offsets"] is None and len(buffers["rounded"]) == len(buffers["buffers"]) > 0
    memory = planned.memory("decode")
    assert any(memory["rounded"]) and len(memory["offsets"]) == len(memory["buffers"])
    assert ignis.plan_verify(memory["buffers"], memory["offsets"]) >= ignis.plan_bound(memory["buffers"])
    with pytest.raises(InputError, match="no function 'nothing'"):
        planned.memory("nothing")
    for alignment in (0, -64):
        with pytest.raises(InputError, match="expected 1 or more"):
            planned.memory("decode", alignment)


def test_extract(module):
    ops = module.describe()["decode"]["ops"]
    at = next(number for number, op in enumerate(ops) if op["name"] == "ignis.rms_normalize")
    small = _native.extract(module, "decode", [at])
    small.verify()
    assert [op["name"] for op in small.describe()["decode"]["ops"] if op["name"].startswith("ignis.")] == \
        ["ignis.rms_normalize"]
    assert _native.extract(module, "decode", [-1, 10**9]).describe()["decode"]["ops"][0]["name"] == "func.return"
    with pytest.raises(InputError, match="no function 'nothing'"):
        _native.extract(module, "nothing", [0])


# --- Passes -----------------------------------------------------------------------------------------


def test_run_pipeline(module):
    before = str(module)
    after, report, seconds, notes = ignis.run_pipeline(module, "builtin.module(func.func(ignis-fuse-rms-norm))", report=True)
    assert str(module) == before and after.hash != module.hash
    passes = report["functions"]["decode"]["passes"]
    assert passes[0]["pass"] == "input" and passes[-1]["total_ops"] == passes[0]["total_ops"] - 5
    assert seconds > 0 and isinstance(notes, list)
    assert ignis.run_pipeline(module, "")[0].hash == module.hash


@pytest.mark.parametrize("pipeline, reason", [
    ("ignis-no-such-pass", "ignis-no-such-pass"),
    ("builtin.module(cse", "expected '\\)'"),
    ("func.func(ignis-plan-memory{unheard=1})", "unheard"),
    (")(", "pass pipeline"),
])
def test_pipeline_errors(module, pipeline, reason):
    with pytest.raises(InputError, match=reason):
        ignis.run_pipeline(module, pipeline)
    with pytest.raises(InputError, match=reason):
        ignis.check_pipeline(pipeline)


def test_failing_pass_says_why(module):
    """The diagnostic's text comes through, and the module goes on."""
    with pytest.raises(InputError, match="bufferize it first"):
        ignis.run_pipeline(module, "ignis-lower-pipeline")
    with pytest.raises(InputError, match="unknown planner 'magic'"):
        ignis.run_pipeline(module, "ignis-bufferize-pipeline,func.func(ignis-plan-memory{planner=magic})")
    assert ignis.run_pipeline(module, "func.func(ignis-fuse-swiglu)")[0].hash != module.hash


def test_check_pipeline():
    text = ignis.check_pipeline("func.func(ignis-plan-memory{planner=exact})")
    assert text.startswith("builtin.module(func.func(ignis-plan-memory{") and "planner=exact" in text
    assert ignis.check_pipeline(text) == text


def test_contracts_and_facts(module, planned):
    listed = _native.contracts()
    facts = {fact["name"] for fact in listed["facts"]}
    for entry in listed["passes"]:
        assert {*entry["requires"], *entry["establishes"], *entry["invalidates"]} <= facts, entry["name"]
        assert isinstance(entry["options"], dict) and entry["summary"]
    assert any(entry["name"] == "ignis-plan-pipeline" and entry["passes"] for entry in listed["pipelines"])
    assert "tensors" in _native.facts(module) and "tensors" not in _native.facts(planned)
    assert {"planned", "void-entries"} <= set(_native.facts(planned))


def test_names_of_the_build():
    assert Path(_native.compiler_library()).is_file()
    assert _native.llvm_version.startswith("22.") and _native.__version__ == ignis.__version__


def test_load_plugin(tmp_path):
    with pytest.raises(InputError, match="nowhere.so"):
        ignis.load_plugin(str(tmp_path / "nowhere.so"))
    empty = tmp_path / "empty.so"
    empty.write_bytes(b"")
    with pytest.raises(InputError, match="empty.so"):
        ignis.load_plugin(str(empty))


# --- Planning ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("planner", [name for name, _ in _native.planners()])
def test_planners(planner):
    plan = ignis.plan_memory(BUFFERS, planner, budget=1.0)
    assert ignis.plan_verify(BUFFERS, plan["offsets"]) == plan["height"] >= plan["bound"] == 256
    assert plan["planner"] == planner and plan["status"] in ("optimal", "feasible") and plan["seconds"] >= 0
    assert ignis.plan_bound(BUFFERS) == 256


def test_planning_errors():
    with pytest.raises(InputError, match="magic"):
        ignis.plan_memory(BUFFERS, "magic")
    for bad in ([("a", 3, 1, 64, 64)], [("a", 0, 1, -64, 64)], [("a", 0, 1, 64, 0)], [("a", 0, 1, 2**62, 64)] * 4):
        with pytest.raises(InputError):
            ignis.plan_memory(bad, "exact")
        with pytest.raises(InputError):
            ignis.plan_bound(bad)
    with pytest.raises(InputError, match="not a plan.*overlap"):
        ignis.plan_verify(BUFFERS, [0, 0, 0, 0])
    for offsets in ([], [0], [-64, 0, 0, 0], [1, 2, 3, 4], [2**62] * 4):
        with pytest.raises(InputError, match="not a plan"):
            ignis.plan_verify(BUFFERS, offsets)
        with pytest.raises(InputError, match="not a plan"):
            ignis.plan_svg(BUFFERS, offsets)
    with pytest.raises(TypeError):
        ignis.plan_memory([("a", 0, 1)], "exact")
    assert ignis.plan_memory([], "exact")["height"] == 0
    assert ignis.plan_memory(BUFFERS, "exact", capacity=255)["status"] == "infeasible"


def test_plan_text_and_picture():
    assert ignis.plan_parse("id,lower,upper,size,alignment\na,0,2,64,64\n") == [("a", 0, 2, 64, 64)]
    with pytest.raises(InputError, match="t.csv:2"):
        ignis.plan_parse("id,lower,upper,size\na,0,x,64\n", "t.csv")
    svg = ignis.plan_svg(BUFFERS, ignis.plan_memory(BUFFERS, "exact")["offsets"], "a <title>", 256)
    assert svg.count("<rect") >= 4 and "a &lt;title&gt;" in svg


# --- Compilation ------------------------------------------------------------------------------------


def test_compile(model, module, planned, compiled):
    assert compiled.seconds > 0 and not compiled.cached
    assert compiled.manifest["entries"]
    ids = np.array(IDS)
    expected = ignis.Session(compiled).score(ids)
    for source in (module, planned):
        assert np.array_equal(ignis.Session(ignis.compile(model, source)).score(ids), expected)


@pytest.mark.parametrize("options, reason", [
    ({"pipeline": "ignis-no-such-pass"}, "ignis-no-such-pass"), ({"cpu": "z80"}, "z80"), ({"kernels": "magic"}, "magic"),
    ({"lowering": "magic"}, "magic"), ({"kv": "q4"}, "q4"), ({"context": -1}, "context"), ({"chunk": -1}, "chunk"),
    ({"entries": ["nothing"]}, "nothing"),
])
def test_compile_errors(model, options, reason):
    with pytest.raises(InputError, match=reason):
        ignis.compile(model, **{"context": 64, "chunk": 16} | options)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of x86 processors")
@pytest.mark.parametrize("cpu", ["znver4", "sapphirerapids", "haswell"])
def test_a_processor_that_this_one_is_not(tiny, cpu):
    """Its code is refused where it would end the process."""
    made = subprocess.run([sys.executable, "-c", f"""
import ignis.errors
try:
    model = ignis.Model({str(tiny)!r})
    session = ignis.Session(ignis.compile(model, cpu={cpu!r}, context=64, chunk=16))
    print(session.score(list(range(16))).shape[0])
except ignis.errors.InputError as error:
    print(error)
"""], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    assert made.returncode == 0, made
    assert made.stdout == "16\n" or made.stdout.startswith(f"CPU {cpu!r}: this machine lacks "), made.stdout


def test_emit(model, module):
    assert ignis.Module.parse(ignis.emit(model, "import", context=64, chunk=16).decode()).hash == module.hash
    assert b"ignis.rms_norm" in ignis.emit(model, "fuse", context=64, chunk=16)
    assert b"define" in ignis.emit(model, "llvm", context=64, chunk=16, entries=["embed"])
    with pytest.raises(InputError, match="poetry"):
        ignis.emit(model, "poetry", context=64, chunk=16)


# --- Sessions ---------------------------------------------------------------------------------------


def test_session_computes_what_numpy_computes(session, tiny):
    scores = session.score(IDS)
    assert scores.shape == (len(IDS), 300) and scores.dtype == np.float32
    wanted = Plain(tiny, rounded=True, kv="f16").logits(IDS)
    assert np.sqrt(np.mean((scores - wanted) ** 2)) / np.std(wanted) < 0.03
    assert session.position == len(IDS)
    session.rewind()
    last = session.feed(IDS, chunk=5)
    assert np.array_equal(last, scores[-1]) and np.array_equal(session.last_logits(), last)
    session.rewind(3)
    assert np.array_equal(session.feed(np.array(IDS[3:], np.uint8 if max(IDS[3:]) < 256 else np.int64)), last)
    assert (session.context, session.chunk, session.vocabulary, session.threads) == (64, 16, 300, 2)
    assert all(session.memory()[key] >= 0 for key in ("weights_packed", "cache", "arena", "scratch", "other"))


@pytest.mark.parametrize("ids, reason", [
    ([], "no ids"), ([300], "id 300 at index 0: expected 0 to 299"), ([1, -1], "id -1 at index 1"), ([1.5], "float64"),
    ([2**32 + 5], "id 4294967301"), ([2**70], "object"), (["a"], "expected integers"), ([[1, 2]], "2 dimensions"),
    (7, "0 dimensions"), ([[1], [1, 2]], "expected integers"), ([0] * 65, "64 positions of the context are left"),
    (np.array([2**64 - 1], np.uint64), "expected 0 to 299"), ([True], "bool"), (None, "dimensions|integers"),
])
def test_bad_ids(session, ids, reason):
    for call in (session.feed, session.score):
        with pytest.raises(InputError, match=reason):
            call(ids)
    assert session.position == 0
    assert session.feed([1]).shape == (300,)


def test_session_errors(session, compiled):
    with pytest.raises(InputError, match="position 1: expected 0 to 0"):
        session.rewind(1)
    with pytest.raises(InputError):
        session.rewind(-1)
    for calls, rows, depth in ((0, 1, 0), (1, 0, 0), (1, 1, -1), (1, 1, 64), (1, 65, 0), (1, 2**62, 2**62), (1, 1, 2**63 - 1)):
        with pytest.raises(InputError, match="expected calls and rows"):
            session.time(calls, rows, depth)
    with pytest.raises(InputError, match="threads: expected 0 or more, but got -3"):
        ignis.Session(compiled, threads=-3)
    with pytest.raises(InputError):
        session.perplexity([1])
    for options in ({"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": -1}, {"top_p": -0.1}, {"top_p": 2.0}):
        with pytest.raises(InputError, match="temp|top"):
            session.generate([1, 2], 2, **options)
        session.rewind()
    with pytest.raises(InputError, match="empty"):
        session.generate("")
    with pytest.raises((InputError, TypeError)):
        session.generate({})


def test_time(session):
    session.feed([1, 2, 3])
    assert len(session.time(3)) == 3 and all(seconds > 0 for seconds in session.time(2, rows=4, depth=5))
    assert session.position == 5


def test_generate(session):
    pieces = []
    made = session.generate([5, 17], 8, ignore_end=True, progress=pieces.append)
    assert len(made["ids"]) == 8 and made["prompt_tokens"] == 2 and made["stop"]
    assert "".join(pieces) == made["text"] or "\ufffd" in made["text"]
    session.rewind()
    assert session.generate([5, 17], 8, ignore_end=True)["ids"] == made["ids"]
    session.rewind()
    warm = [session.rewind() or session.generate([5, 17], 8, temperature=1.0, seed=seed, ignore_end=True)["ids"]
            for seed in (1, 1, 2)]
    assert warm[0] == warm[1] != warm[2]


def test_generate_with_a_callback_that_raises(session):
    def fail(piece):
        raise ValueError(f"enough of {piece!r}")
    with pytest.raises(ValueError, match="enough of"):
        session.generate([5, 17], 30, ignore_end=True, progress=fail)

    reasons = []

    def call_again(piece):
        with pytest.raises(InputError, match="callback may not call"):
            session.feed([1])
        reasons.append(piece)
    session.rewind()
    session.generate([5, 17], 4, ignore_end=True, progress=call_again)
    assert reasons


def test_perplexity(model):
    session = ignis.Session(ignis.compile(model, context=512, chunk=64))
    ids = [(7 * number) % 300 for number in range(600)]
    value = session.perplexity(ids)
    assert 1 < value < 1e6
    assert session.perplexity(ids) == value


def test_work_is_the_same_as_the_pieces(module):
    made, _, _ = work.apply(module, "func.func(ignis-fuse-rms-norm)")
    assert work.unpack(work.pack(made)).hash == made.hash


def test_remarks_say_what_passes_did(tiny):
    """One per pass and function, of this run alone."""
    module = ignis.Model(tiny).import_module(context=64, chunk=16, entries=["embed", "decode", "prefill"])
    for _ in range(2):
        after, _, _, remarks = ignis.run_pipeline(module, "func.func(ignis-fuse-rms-norm,ignis-fuse-swiglu)", report=True)
        assert sorted(remark.split(" | ")[0] + remark[remark.index(" matches"):] for remark in remarks) == sorted(
            f"[Passed] {name} matches={count}" for name, counts in (("fuse-rms-norm", (0, 5, 5)), ("fuse-swiglu", (0, 2, 2)))
            for count in counts)
    assert ignis.run_pipeline(after, "canonicalize")[3] == []


def test_a_numpy_that_pybind11_does_not_know_is_refused(tmp_path):
    """With the pybind11 of Debian 12 and NumPy 2 arrays would come out wrong without a word."""
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy/__init__.py").write_text('__version__ = "2.4.6"\n')
    made = subprocess.run([sys.executable, "-c", "import ignis\nignis.Model"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'python'}"})
    if made.returncode == 0:
        return  # built with a pybind11 that knows NumPy 2
    assert "which needs NumPy 1; expected numpy<2, got 2.4.6" in made.stderr
    made = subprocess.run([sys.executable, "-m", "ignis", "explore", "e.toml"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'python'}"})
    assert made.returncode == 1 and made.stderr.count("\n") == 1, made.stderr


def test_without_the_native_module_commands_say_so(tmp_path):
    made = subprocess.run([sys.executable, "-m", "ignis", "explore", "e.toml"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "IGNIS_BUILD_DIR": str(tmp_path)})
    assert (made.returncode, made.stdout) == (1, "")
    assert made.stderr.startswith("error: no native module: build it (./dev build)") and made.stderr.count("\n") == 1
