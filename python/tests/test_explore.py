# ===- test_explore.py - explorations, interrupted and resumed ---------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Small spaces on a tiny model, explored by every strategy, by count and by time, killed and resumed, with
steps that crash, hang, take all memory or compute something else."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import ignis
from ignis import effects, experiment, work
from ignis.errors import InputError
from ignis.explore import Explorer, ratio, reference_path
from ignis.results import Results
from ignis.search import STRATEGIES
from laboratory import FAULTS, ROOT, TESTS, explore, facts_known, lines_of, unique, write


def test_exhaustive(whole):
    path, results = whole
    unique(results)
    known = Results(results).known
    chosen = experiment.load(path)
    assert len(known.runs) == 1 and known.done[-1]["complete"]
    run = known.runs[0]
    assert run["seed"] == 7 and run["model"] == ignis.Model(run["model_path"]).hash() and run["llvm"] and run["command"]
    assert run["sizes"]["orders"] == str(chosen.space.count()) and chosen.space.count() == 70
    assert all(record["ok"] for record in known.measures.values())
    assert len({record["digest"] for record in known.measures.values()}) == 1, "all compute the same bits"
    # Orders run one by one end in the states that the graph says.
    explorer = Explorer(chosen, results, quiet=True)
    try:
        root = explorer.experiment.root(explorer.model)
        orders = list(chosen.space.orders())
        for order in orders[::len(orders) // 12]:
            module = root
            for key in order:
                module, _, _ = work.apply(module, chosen.space.steps[key].text)
            assert explorer.graph.follow(order) == (module.hash, len(order), None)
        tally, failing, _ = explorer.graph.tally()
        assert sum(tally.values()) == len(orders) and failing == 0 and set(tally) <= set(known.measures)
        direct = {}
        for order in orders:
            state = explorer.graph.follow(order)[0]
            direct[state] = direct.get(state, 0) + 1
        assert direct == tally
        witness = explorer.graph.witness(tally)
        assert all(explorer.graph.follow(order)[0] == state for state, order in witness.items())
        check_effects(explorer, orders)
    finally:
        explorer.close()


def check_effects(explorer, orders):
    """Effects that are counted over the graph are those that are counted over all orders."""
    def ops(state):
        return explorer.results.known.measures[state]["facts"]["decode"]["total_ops"]
    ends = {order: ops(explorer.graph.follow(order)[0]) for order in orders}

    def mean(values):
        return sum(values) / len(values) if values else None
    for name, (taken, left) in effects.marginal(explorer.graph, ops).items():
        assert taken == pytest.approx(mean([value for order, value in ends.items() if name in order]))
        without = mean([value for order, value in ends.items() if name not in order])
        assert left == (without if without is None else pytest.approx(without))
    for (first, second), (before, after) in effects.pairs(explorer.graph, ops).items():
        both = [(order.index(first) < order.index(second), value) for order, value in ends.items()
                if first in order and second in order]
        assert before == pytest.approx(mean([value for way, value in both if way]))
        assert after == pytest.approx(mean([value for way, value in both if not way]))


@pytest.mark.parametrize("name", STRATEGIES)
def test_strategies(whole, tmp_path, name):
    """With all measures known, a strategy only walks: legal orders, the right states, the same again with the
    same seed, others with another; a resumed one counts nothing twice."""
    path, known = whole
    results = tmp_path / "r.jsonl"
    shutil.copy(known, results)
    shutil.copy(known.with_suffix(".reference.npy"), results.with_suffix(".reference.npy"))
    before = len(Results(results).known.edges)
    explorer, text = explore(path, results, strategy=name, orders=40)
    unique(results)
    orders = Results(results).known.orders
    assert len(orders) == 40 and "sampled         40" in text
    space = explorer.space
    for order, record in orders.items():
        assert space.check(order) is None and explorer.graph.follow(order)[0] == record["hash"]
    assert len(Results(results).known.edges) == before and explorer.graph.run_steps == 0
    assert Results(results).known.done[-1] | {"kind": "done"} == \
        {"kind": "done", "seed": 7, "strategy": name, "complete": True}
    explore(path, results, strategy=name, orders=40)  # the same once more
    assert set(Results(results).known.orders) == set(orders)
    explore(path, results, strategy=name, orders=60)  # goes on
    more = Results(results).known.orders
    assert len(more) == 60 and set(orders) < set(more)
    explore(path, results, strategy=name, orders=40, seed=8)
    assert set(Results(results).known.orders) != set(more)
    best = min(explorer.cost(record["hash"]) for record in more.values())
    every = [explorer.cost(state) for state in explorer.results.known.measures]
    assert best == min(every) if name != "random" else best < max(every)
    unique(results)


def test_a_strategy_from_nothing(tiny, tmp_path):
    """Only what is asked for is run."""
    path = write(tmp_path / "e.toml", tiny)
    explorer, _ = explore(path, tmp_path / "r.jsonl", strategy="local", orders=5)
    known = Results(tmp_path / "r.jsonl").known
    assert len(known.orders) == 5 and len(known.edges) < 40 and len(known.measures) <= 6
    assert next(iter(known.orders)) == explorer.experiment.default
    assert all(record["hash"] in known.measures for record in known.orders.values())


@pytest.mark.parametrize("content", [None, b"", b"hello", "others"])
def test_reference_logits_belong_to_their_results(tiny, whole, tmp_path, content):
    """What lies there from results that were deleted, or is damaged, or gone, is made anew: nothing is wrong for it."""
    path, results = write(tmp_path / "e.toml", tiny), tmp_path / "r.jsonl"
    kept = results.with_suffix(".reference.npy")
    explore(path, results, strategy="local", orders=2)
    good = kept.read_bytes()
    if content == "others":
        results.unlink()
        logits = np.load(kept)
        np.save(kept, logits + 1)
    elif content is None:
        kept.unlink()
    else:
        kept.write_bytes(content)
    explore(path, results, strategy="local", orders=4)
    known = Results(results).known
    assert kept.read_bytes() == good and known.measures and all(record["ok"] for record in known.measures.values())
    unique(results)


@pytest.mark.parametrize("name", ["exhaustive", "random"])
def test_budget_of_time(tiny, whole, tmp_path, name):
    path = write(tmp_path / "e.toml", tiny)
    results = tmp_path / "r.jsonl"
    shutil.copy(whole[1].with_suffix(".reference.npy"), results.with_suffix(".reference.npy"))
    explore(path, results, strategy=name, orders=10**6, seconds=0.01)
    assert not Results(results).known.done[-1]["complete"]
    some, every = facts_known(results), facts_known(whole[1])
    assert len(some[0]) < len(every[0]) or len(some[1]) < len(every[1])
    explore(path, results, strategy="exhaustive")
    assert Results(results).known.done[-1]["complete"] and facts_known(results) == facts_known(whole[1])
    unique(results)


@pytest.mark.parametrize("sign, code", [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_killed_and_resumed(tiny, whole, tmp_path, sign, code):
    """The whole process group gets the signal, as from a terminal, again and again; nothing is lost or twice."""
    path, results = write(tmp_path / "e.toml", tiny), tmp_path / "r.jsonl"
    command = [sys.executable, "-m", "ignis", "explore", str(path), "-o", str(results), "--workers", "2", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    total, deaths = lines_of(whole[1]), 0
    for share in (0.1, 0.4, 0.8):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        had = lines_of(results)
        while process.poll() is None and lines_of(results) < max(share * total, had + 1):
            time.sleep(0.005)
        if process.poll() is None:
            if sign == signal.SIGKILL:
                process.kill()  # the explorer alone: its workers have to notice
            else:
                os.killpg(process.pid, sign)
            deaths += 1
        _, error = process.communicate(timeout=600)
        assert process.returncode in (code, 0), error
        # Of an explorer that was killed, a worker that had only just begun says that nobody is there.
        assert "Traceback" not in error or (sign == signal.SIGKILL and "spawn_main" in error)
        kept = [line for line in results.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        assert all(json.loads(line) for line in kept)
    assert deaths >= 2
    made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    assert facts_known(results) == facts_known(whole[1])
    unique(results)
    assert len(Results(results).known.runs) == 4 and Results(results).known.done[-1]["complete"]
    assert "0 wrong" in made.stdout


def test_faulty_steps_are_results(tiny, tmp_path):
    """One step segfaults, one hangs in C, one takes all memory, ...: each becomes an edge with its reason."""
    steps = "".join(f'{{python = "{TESTS}/faulty.py:{name}", group = "fault", requires = ["tensors"]}}, '
                    for name in (*FAULTS, "fine"))
    steps += f'{{python = "{TESTS}/plants.py:swiglu_swapped", group = "fault", requires = ["tensors"]}}, '
    path, results = write(tmp_path / "e.toml", tiny, steps, ""), tmp_path / "r.jsonl"
    explorer, text = explore(path, results, limit=15)
    unique(results)
    known = Results(results).known
    reasons = {step: edge.get("error") for (_, step), edge in known.edges.items() if step in (*FAULTS, "fine")}
    assert set(reasons) == {*FAULTS, "fine"} and reasons["fine"] is None
    for name, reason in {"segfault": "died of SIGSEGV", "hang": "longer than its limit of 15 seconds",
                         "hog": "GiB of memory, more than its limit", "abort": "died of SIGABRT", "leave": "3",
                         "leave_at_once": "ended with status 3", "fail": "a reason",
                         "forget": "returned NoneType, expected ignis.Module"}.items():
        assert reason in reasons[name], (name, reasons[name])
    wrong = [record for record in known.measures.values() if not record["ok"]]
    assert wrong and all("logits differ" in record["reason"] for record in wrong)
    assert sum(record["ok"] for record in known.measures.values()) >= 1
    assert known.done[-1]["complete"] and "end at a step that fails" in text
    runs = explorer.graph.run_steps
    explorer, _ = explore(path, results)  # nothing is run again
    assert runs > 0 and explorer.graph.run_steps == 0
    assert explorer.cost(wrong[0]["hash"]) == math.inf


def test_a_plan_that_is_wrong_for_whole_chunks_alone(tiny, tmp_path):
    """Every order with it is wrong, and no other one."""
    steps = (f'{{pass = "ignis-fuse-rms-norm", required = true}}, {{python = "{TESTS}/plants.py:last_row_shared", group = "plan", required = true, '
             'requires = ["buffers", "attention-split", "rounded"], '
             'establishes = ["planned"], invalidates = ["barriers"]}, ')
    path, results = write(tmp_path / "e.toml", tiny, steps, '"ignis-fuse-rms-norm", '), tmp_path / "r.jsonl"
    with pytest.raises(InputError, match="computes other logits than ignis.reference"):
        explore(path, results)  # the shortest order has the wrong plan: it is no reference
    right = ["ignis-fuse-rms-norm", "bufferize", "rounding", "attention", "plan"]
    explorer, _ = explore(path, results, reference=right)
    wrong = {state for state, record in explorer.results.known.measures.items() if not record["ok"]}
    ends = {order: explorer.graph.follow(order)[0] for order in explorer.space.orders()}
    assert wrong == {state for order, state in ends.items() if "last_row_shared" in order} and len(wrong) < len(set(ends.values()))
    assert all(explorer.results.known.measures[state]["reason"].startswith(("places: ", "logits differ")) for state in wrong)
    assert explorer.experiment.prompts(explorer.model)[-1] and len(explorer.experiment.prompts(explorer.model)[-1]) == 64


def test_commands(whole, tmp_path):
    """--count, show and a refusal, as one types them."""
    path, results = whole

    def run(*arguments):
        return subprocess.run([sys.executable, "-m", "ignis", *map(str, arguments)], capture_output=True, text=True, timeout=600,
                              env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, cwd=tmp_path)
    count = experiment.load(path).space.count()
    made = run("explore", path, "--count")
    assert made.stdout == f"{count}\n" and f"{count:,} legal orders" in made.stderr and list(tmp_path.iterdir()) == []
    made = run("show", results, "--sort", "total_ops", "--top", 3)
    lines = made.stdout.splitlines()
    assert made.returncode == 0 and len(lines) == 4 and lines[0].split()[0] == "hash"
    state = lines[1].split()[0]
    made = run("show", results, state)
    assert made.returncode == 0 and "--pass-pipeline='builtin.module(" in made.stdout
    made = run("show", results, "nothing")
    assert (made.returncode, made.stdout) == (1, "") and "0 final states begin with 'nothing'" in made.stderr
    moved = tmp_path / "moved.toml"
    lost = tmp_path / "lost.jsonl"
    lost.write_text(results.read_text().replace(str(path), str(tmp_path / "gone.toml")))
    for command in ("show", "report"):
        made = run(command, lost)
        assert made.returncode == 1 and "gone.toml is not there; --experiment FILE.toml names" in made.stderr and made.stderr.count("\n") == 1
    shutil.copy(path, moved)
    assert run("show", lost, "--experiment", moved).returncode == 0
    made = run("show", results, "--sort", "beauty")
    assert made.returncode == 1 and "unknown column 'beauty'" in made.stderr
    made = run("explore", path, "-o", tmp_path / "r.jsonl", "--strategy", "magic")
    assert made.returncode == 2 and "invalid choice: 'magic'" in made.stderr
    made = run("explore", tmp_path / "nowhere.toml")
    assert made.returncode == 1 and made.stderr.count("\n") == 1 and "nowhere.toml" in made.stderr
    assert run("explore").returncode == 2


@pytest.mark.parametrize("text, reason", [
    ("[space]\nsteps = 3", "space.steps"), ("model = 3", "model"), ("[space]\nsteps = ['no-such-pass']", "no-such-pass"),
    ("[space]\nsteps = [{}]", "expected one of pass, pipeline and python"), ("a = ", "e.toml"), ("[magic]", "unknown key magic"),
    ("[space]\nsteps = [{python = 'nowhere.py:f'}]", "nowhere.py: no such file"),
    ("[space]\nsteps = [{pass = 'ignis-fuse-swiglu', tolerance = 'much'}]", "tolerance"),
    ("[space]\nsteps = ['ignis-fuse-swiglu']\ndefault = ['ignis-fuse-qkv']", "no step 'ignis-fuse-qkv'"),
])
def test_bad_experiments(tmp_path, text, reason):
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        experiment.load(path)


def test_every_results_file_has_its_reference(tmp_path):
    names = ["r.jsonl", "r.a", "r.b", "s"]
    assert [reference_path(tmp_path / name).name for name in names] == [
        "r.reference.npy", "r.a.reference.npy", "r.b.reference.npy", "s.reference.npy"]


def test_ratio():
    """The median and an interval by order statistics that covers the true median as often as it says."""
    import random
    assert ratio([(2.0, 1.0)]) == (2.0, 2.0, 2.0)
    assert ratio([(1.0, 1.0), (3.0, 1.0), (2.0, 1.0)]) == (2.0, 1.0, 3.0)
    source, covered, times = random.Random(1), 0, 2000
    for _ in range(times):
        middle, low, high = ratio([(source.lognormvariate(0.1, 0.3), 1.0) for _ in range(15)])
        assert low <= middle <= high
        covered += low <= math.exp(0.1) <= high
    assert covered / times > 0.945  # the exact coverage for 15 is 96.5 %
