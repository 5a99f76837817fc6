# ===- test_space.py - legal orders are counted and drawn right --------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Against brute force over all sequences, and by the laws of contracts."""

import itertools
import random
from collections import Counter

import pytest

from ignis import contracts, search
from ignis.contracts import Contract
from ignis.errors import InputError
from ignis.space import Space, Step

F = frozenset
STEPS = [
    Step("a", "a", Contract(F({"t"}))),
    Step("b", "b", Contract(F({"t"}), F({"b"}))),
    Step("c", "c", Contract(F({"b"}), F(), F({"b"}))),
    Step("x1", "x", Contract(F({"t"}), F({"goal"}), F({"t"})), group="x", required=True),
    Step("x2", "x", Contract(F({"t", "b"}), F({"goal"}), F({"t"})), group="x", required=True),
    Step("z", "z", Contract(F({"goal"})), tolerance=0.5),
]


def space():
    return Space(STEPS, F({"t"}), F({"goal"}))


def brute(made):
    """Every sequence of distinct keys that check() takes."""
    return {order for size in range(len(made.steps) + 1) for order in itertools.permutations(made.steps, size)
            if made.check(order) is None}


def test_count_orders_and_draw_agree_with_brute_force():
    made = space()
    legal = brute(made)
    assert made.count() == len(legal) == made.sizes["orders"] and made.sizes["groups"] == 5
    listed = list(made.orders())
    assert len(listed) == len(set(listed)) and set(listed) == legal
    source = random.Random(3)
    drawn = Counter(made.draw(source) for _ in range(100 * len(legal)))
    assert set(drawn) == legal  # each about 100 times: five standard deviations
    assert all(50 < times < 150 for times in drawn.values()), drawn


@pytest.mark.parametrize("seed", range(20))
def test_random_spaces_against_brute_force(seed):
    source = random.Random(seed)
    facts = "pqr"

    def some():
        return F(fact for fact in facts if source.random() < 0.3)
    steps = [Step(key, key, Contract(some(), some(), some()), source.choice(("", "", "g")), source.random() < 0.2)
             for key in "abcde"]
    made = Space(steps, some(), some())
    legal = brute(made)
    assert made.count() == len(legal) and set(made.orders()) == legal
    if legal:
        assert {made.draw(source) for _ in range(3)} <= legal
        order = min(legal)
        assert set(search.neighbours(made, order, source)) <= legal - {order}
    else:
        with pytest.raises(InputError, match="no legal order"):
            made.draw(source)


def test_check_says_why():
    made = space()
    assert made.check(("b", "x1")) is None
    assert "no step 'q'" in made.check(("q",))
    assert made.check(("x1", "x2")) == "x2: this step or an alternative to it was taken before"
    assert made.check(("c",)) == "c requires b (established by b)"
    assert made.check(("x1", "a")) == "a requires t"
    assert made.check(("a",)) == "in the end goal does not hold"
    required = Space([Step("a", "a", required=True), Step("b", "b")], F())
    assert required.check(("b",)) == "required, but not taken: a"
    assert made.tolerance(("b", "x1", "z")) == 0.5 and made.pipeline(("b", "x1")) == "builtin.module(b,x)"
    with pytest.raises(InputError, match="one key"):
        Space([STEPS[0], STEPS[0]], F())


def test_contract_of_a_sequence():
    """then() does what its parts do one after the other, for all contracts over two facts."""
    sets = [F(), F("p"), F("q"), F("pq")]
    made = [Contract(*parts) for parts in itertools.product(sets, repeat=3)]
    source = random.Random(1)
    for _ in range(3000):
        one, two, facts = source.choice(made), source.choice(made), source.choice(sets)
        if two.requires & (one.invalidates - one.establishes):
            with pytest.raises(InputError, match="required by a pass, but invalidated before it"):
                one.then(two)
            assert not two.allows(one.after(facts))
            continue
        both = one.then(two)
        assert both.allows(facts) == (one.allows(facts) and two.allows(one.after(facts)))
        if both.allows(facts):
            assert both.after(facts) == two.after(one.after(facts))


def test_registry():
    listed = contracts.registry()
    assert "tensors" in listed["ignis-fuse-rms-norm"].contract.requires
    assert listed["ignis-plan-memory"].contract.establishes >= {"planned"}
    assert dict(listed["ignis-plan-memory"].options)["planner"]
    assert contracts.require("ignis-fuse-swiglu").name == "ignis-fuse-swiglu"
    with pytest.raises(InputError, match="no pass 'cse' with a contract"):
        contracts.require("cse")
    inner = contracts.expanded("ignis-plan-pipeline")
    assert "ignis-plan-memory" in inner and contracts.expanded("cse") == ["cse"]
    assert contracts.COMPILABLE <= contracts.contract_of(contracts.expanded("ignis-bufferize-pipeline") + inner).establishes


@pytest.mark.parametrize("name", search.STRATEGIES)
def test_strategies_propose_legal_orders_once(name):
    """Each finds the best of a small space whose costs are known, and ends when it knows all orders."""
    made = space()
    legal = brute(made)
    start = ("x1",)

    def cost(order):
        return abs(len(order) - 4) + ("z" not in order) + (order[0] != "b")

    strategy = search.make(name, made, 1, start)
    seen = []
    for _ in range(400):
        orders = strategy.propose(8)
        assert len(orders) <= 8
        if not orders:
            break
        for order in orders:
            seen.append(order)
            strategy.observe(order, cost(order))
    assert len(seen) == len(set(seen)) and set(seen) <= legal
    assert min(map(cost, seen)) == min(map(cost, legal))
    assert not orders and set(seen) == legal
    if name != "random":
        assert seen[0] == start
    with pytest.raises(InputError, match="unknown strategy 'magic', expected exhaustive, random"):
        search.make("magic", made, 1, start)


def test_local_climbs():
    """Many steps in one order: random draws do not find it in so few tries."""
    keys = "abcdefgh"
    made = Space([Step(key, key, required=True) for key in keys], F())

    def cost(order):
        return sum(a > b for at, a in enumerate(order) for b in order[at + 1:])

    best = {}
    for name in search.STRATEGIES:
        strategy = search.make(name, made, 5, tuple(reversed(keys)))
        costs = []
        while len(costs) < 600:
            for order in strategy.propose(16):
                costs.append(cost(order))
                strategy.observe(order, costs[-1])
        best[name] = min(costs)
    assert best["local"] == 0 and best["evolutionary"] < best["random"], best
