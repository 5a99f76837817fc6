# ===- test_native_calls.py - long calls: threads and Ctrl-C -----------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Long calls leave the interpreter to other threads, end with Ctrl-C and leave their objects usable; threads
may share models, modules and sessions."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ignis
from laboratory import ROOT

# What every script below starts with. HARD is a planning problem that no planner solves in a minute.
PRELUDE = """
import os, random, signal, sys, threading
import ignis
source = random.Random(1)
HARD = [(str(i), b, b + source.randint(1, 60), source.randint(1, 4000), source.choice((1, 64, 4096)))
        for i, b in ((i, source.randint(0, 120)) for i in range(400))]
model = ignis.Model(sys.argv[1])
module = model.import_module(context=512, chunk=16)
MANY = ",".join(["canonicalize", "cse"] * 3000)
session = ignis.Session(ignis.compile(model, context=512, chunk=16), threads=1)
LONG = [i % 300 for i in range(400000)]
"""
CALLS = {
    "passes": "ignis.run_pipeline(module, MANY)",
    "planner exact": "ignis.plan_memory(HARD, 'exact', budget=60)",
    "planner local": "ignis.plan_memory(HARD, 'local', budget=60)",
    "time": "session.time(10**9)",
    "perplexity": "session.perplexity(LONG)",
}


def child(tiny, code, timeout=600):
    made = subprocess.run([sys.executable, "-c", PRELUDE + code, tiny], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_ends_it_and_other_threads_run(tiny, name):
    """One after the other: while the call lasts another thread counts, then presses Ctrl-C."""
    out = child(tiny, f"""
state = {{"count": 0}}
def other():
    import time
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        state["count"] += 1
    os.kill(os.getpid(), signal.SIGINT)
thread = threading.Thread(target=other)
thread.start()
try:
    {CALLS[name]}
except KeyboardInterrupt:
    print("interrupted")
thread.join()
assert state["count"] > 100, state
session.rewind()
session.feed([1, 2])
print(ignis.run_pipeline(module, "cse")[0].functions[1])
""")
    assert out.split() == ["interrupted", "decode"]


def test_ctrl_c_during_a_compilation_and_generation(tiny):
    out = child(tiny, """
def press():
    os.kill(os.getpid(), signal.SIGINT)
for call in (lambda: ignis.compile(model, context=512, chunk=16),
             lambda: ignis.emit(model, "llvm", context=512, chunk=16)):
    timer = threading.Timer(0.02, press)
    timer.start()
    try:
        call()
    except KeyboardInterrupt:
        print("interrupted")
    timer.join()
try:
    session.generate([1], 400, ignore_end=True, progress=lambda piece: press())
except KeyboardInterrupt:
    print("interrupted")
print(ignis.compile(model, context=512, chunk=16).manifest["entries"] is not None)
""")
    assert out.split() == ["interrupted"] * 3 + ["True"]


def test_a_handler_of_ones_own_decides(tiny):
    """What the signal's handler raises comes out; one that raises nothing lets the call go on."""
    out = child(tiny, """
class Mine(Exception): pass
def handler(*unused): raise Mine("mine")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    session.time(10**9)
except Mine as error:
    print(error)
signal.signal(signal.SIGALRM, lambda *unused: print("heard"))
signal.setitimer(signal.ITIMER_REAL, 0.05)
import time
end, calls = time.monotonic() + 0.2, 0
while time.monotonic() < end:
    calls += len(session.time(100))
print(calls > 0)
""")
    assert out.split() == ["mine", "heard", "True"]


def test_threads_share_everything(tiny):
    """Eight threads on one model, one module and one session: the same results as alone, and no crash."""
    model = ignis.Model(tiny)
    module = model.import_module(context=64, chunk=16)
    fused = ignis.run_pipeline(module, "func.func(ignis-fuse-rms-norm)")[0]
    session = ignis.Session(ignis.compile(model, context=64, chunk=16), threads=2)
    bufferized = ignis.run_pipeline(module, "ignis-bufferize-pipeline")[0]
    memory = bufferized.memory("decode")
    ids = model.tokenize("Once upon a time")

    def work(number):
        assert ignis.run_pipeline(module, "func.func(ignis-fuse-rms-norm)")[0].hash == fused.hash
        assert ignis.Module.parse(str(fused)).hash == fused.hash
        assert bufferized.memory("decode") == memory
        assert module.describe()["decode"]["ops"] and module.functions[0] == "embed"
        assert model.tokenize("Once upon a time") == ids and model.detokenize(ids)
        session.rewind()
        session.score([number, 7])  # others feed in between: only that nothing breaks
        return session.last_logits().shape == (300,)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, list(range(8)) * 6))
    session.rewind()
    alone = session.score([3, 7])
    session.rewind()
    assert np.array_equal(session.score([3, 7]), alone)


def test_calls_of_one_session_do_not_mix(tiny):
    """Six threads append ids to one session: together they get the rows that one thread gets."""
    compiled = ignis.compile(ignis.Model(tiny), context=64, chunk=16)
    alone = ignis.Session(compiled, threads=2).score([5] * 60)
    session = ignis.Session(compiled, threads=2)
    with ThreadPoolExecutor(6) as pool:
        parts = list(pool.map(lambda _: session.score([5] * 5), range(12)))
    assert session.position == 60
    assert sorted(row.tobytes() for part in parts for row in part) == sorted(row.tobytes() for row in alone)
