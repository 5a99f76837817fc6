# ===- space.py - which orders of passes are legal --------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""A space of orders: steps, of which each may be taken at most once, in any order that the contracts
allow, until the goal holds. Orders are counted and drawn uniformly without running a pass.

A step is a pass with its options, several passes that belong together, or a Python function from
Module to Module. Steps of one group are alternatives (the planners of ignis-plan-memory, say): an
order takes at most one of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import Callable, Iterator, Sequence

from .contracts import Contract, Facts
from .errors import InputError

Order = tuple[str, ...]  # keys of steps
Node = tuple[int, Facts]  # groups used so far (a bit each), facts that hold


@dataclass(frozen=True)
class Step:
    """One thing that an order may do."""

    key: str
    text: str  # for --pass-pipeline, anchored; of a Python function: python:MODULE:FUNCTION
    contract: Contract = Contract()
    group: str = ""  # "": the key
    required: bool = False
    tolerance: float = 0.0  # largest difference of a logit that its rounding may make; 0: same bits
    function: Callable | None = field(default=None, compare=False)


class Space:
    """Steps, what holds before the first, and what must hold after the last."""

    def __init__(self, steps: Sequence[Step], initial: Facts, goal: Facts = frozenset()):
        self.steps = {step.key: step for step in steps}
        for number, step in enumerate(steps):
            if any(step.key == other.key for other in steps[:number]):
                raise InputError(f"two steps have one key, {step.key!r}")
        self.initial, self.goal = frozenset(initial), frozenset(goal)
        names = list(dict.fromkeys(step.group or step.key for step in steps))
        self._bit = {step.key: 1 << names.index(step.group or step.key) for step in steps}
        self._required = 0
        for step in steps:
            if step.required:
                self._required |= self._bit[step.key]
        self._counts: dict[Node, int] = {}

    @property
    def start(self) -> Node:
        return 0, self.initial

    def final(self, node: Node) -> bool:
        """Whether an order may end here."""
        return self.goal <= node[1] and node[0] & self._required == self._required

    def moves(self, node: Node) -> Iterator[tuple[Step, Node]]:
        """The steps that are legal next, in the order of their definition."""
        used, facts = node
        for step in self.steps.values():
            bit = self._bit[step.key]
            if not used & bit and step.contract.allows(facts):
                yield step, (used | bit, step.contract.after(facts))

    def count(self, node: Node | None = None) -> int:
        """Legal orders (from a node on), exactly."""
        node = node or self.start
        known = self._counts.get(node)
        if known is None:
            known = int(self.final(node)) + sum(self.count(after) for _, after in self.moves(node))
            self._counts[node] = known
        return known

    def draw(self, source: random.Random) -> Order:
        """One legal order, each with the same probability."""
        if not self.count():
            raise InputError("the space has no legal order")
        node, order = self.start, []
        while True:
            pick = source.randrange(self.count(node))
            if self.final(node):
                if pick == 0:
                    return tuple(order)
                pick -= 1
            for step, after in self.moves(node):
                count = self.count(after)
                if pick < count:
                    order.append(step.key)
                    node = after
                    break
                pick -= count

    def orders(self) -> Iterator[Order]:
        """All legal orders, depth first. There may be very many: see count()."""
        stack: list[tuple[Node, Order]] = [(self.start, ())]
        while stack:
            node, order = stack.pop()
            if self.final(node):
                yield order
            moves = [(after, order + (step.key,)) for step, after in self.moves(node) if self.count(after)]
            stack.extend(reversed(moves))

    def check(self, order: Order) -> str | None:
        """None if the order is legal, else why it is not."""
        node = self.start
        for key in order:
            step = self.steps.get(key)
            if step is None:
                return f"no step {key!r}"
            if node[0] & self._bit[key]:
                return f"{key}: this step or an alternative to it was taken before"
            missing = step.contract.requires - node[1]
            if missing:
                makers = sorted(other.key for other in self.steps.values() if missing & other.contract.establishes)
                hint = f" (established by {', '.join(makers)})" if makers else ""
                return f"{key} requires {' '.join(sorted(missing))}{hint}"
            node = node[0] | self._bit[key], step.contract.after(node[1])
        if self.goal - node[1]:
            return f"in the end {' '.join(sorted(self.goal - node[1]))} does not hold"
        if not self.final(node):
            wanted = [key for key, step in self.steps.items() if step.required and not node[0] & self._bit[key]]
            return f"required, but not taken: {' '.join(wanted)}"
        return None

    def group_of(self, key: str) -> str:
        return self.steps[key].group or key

    def tolerance(self, order: Order) -> float:
        return sum(self.steps[key].tolerance for key in order)

    def pipeline(self, order: Order) -> str:
        """The text to paste after --pass-pipeline=."""
        return f"builtin.module({','.join(self.steps[key].text for key in order)})"

    @cached_property
    def sizes(self) -> dict[str, int]:
        """What is known before a run: steps, groups, legal orders and contract states."""
        return {"steps": len(self.steps), "groups": len(set(self._bit.values())), "orders": self.count(),
                "contract_states": len(self._counts)}
