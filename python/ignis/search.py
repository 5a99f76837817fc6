# ===- search.py - strategies: which orders to try next ---------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""A strategy proposes orders and is told what became of them. `exhaustive` is none of these: it walks
the graph of states (Graph.sweep).

* random         legal orders, each with the same probability
* local          hill climbing from the default order: one step is moved, left out, put in or exchanged
                 for an alternative; starts anew from a random order where nothing gets better
* evolutionary   a population; children take steps of two parents in the parents' orders, then mutate
"""

from __future__ import annotations

import random
from typing import Iterator, Protocol

from .errors import InputError
from .space import Order, Space


class Strategy(Protocol):
    def propose(self, count: int) -> list[Order]:
        """Up to `count` orders to try; none: the strategy has no more."""

    def observe(self, order: Order, cost: float) -> None:
        """The cost of an order (less is better; infinite for a wrong one)."""


def neighbours(space: Space, order: Order, source: random.Random) -> Iterator[Order]:
    """All legal orders that one change makes, in random order."""
    candidates: list[Order] = []
    for at, key in enumerate(order):
        rest = order[:at] + order[at + 1:]
        candidates.append(rest)
        candidates.extend(rest[:to] + (key,) + rest[to:] for to in range(len(rest) + 1) if to != at)
        candidates.extend(order[:at] + (other,) + order[at + 1:] for other in space.steps
                          if other != key and space.group_of(other) == space.group_of(key))
    taken = {space.group_of(key) for key in order}
    for key in space.steps:
        if space.group_of(key) not in taken:
            candidates.extend(order[:at] + (key,) + order[at:] for at in range(len(order) + 1))
    candidates = list(dict.fromkeys(candidates))
    source.shuffle(candidates)
    for candidate in candidates:
        if candidate != order and space.check(candidate) is None:
            yield candidate


class Random:
    def __init__(self, space: Space, seed: int, start: Order):
        self.space, self.source = space, random.Random(seed)
        self.seen: set[Order] = set()

    def propose(self, count: int) -> list[Order]:
        orders: list[Order] = []
        total = self.space.count()
        for _ in range(50 * count):
            if len(orders) == count or len(self.seen) == total:
                break
            order = self.space.draw(self.source)
            if order not in self.seen:
                self.seen.add(order)
                orders.append(order)
        return orders

    def observe(self, order: Order, cost: float) -> None:
        pass


class Local:
    def __init__(self, space: Space, seed: int, start: Order):
        self.space, self.source = space, random.Random(seed)
        self.costs: dict[Order, float] = {}
        self._begin(start)

    def _begin(self, order: Order) -> None:
        self.current, self.left, self._tried = order, iter([order]), False
        self._round: list[Order] = []

    def propose(self, count: int) -> list[Order]:
        if self.current in self.costs:
            near = min((order for order in self._round if order in self.costs),
                       key=lambda order: (self.costs[order], order), default=None)
            if near is not None and self.costs[near] < self.costs[self.current]:
                self._begin(near)
        orders = []
        for _ in range(100):
            for order in self.left:
                if order not in self.costs:
                    orders.append(order)
                    if len(orders) == count:
                        break
            if orders:
                break
            if self.current in self.costs and not self._tried:
                self._tried = True
                self.left = neighbours(self.space, self.current, self.source)
            else:
                self._begin(self.space.draw(self.source))
        self._round = orders
        return orders

    def observe(self, order: Order, cost: float) -> None:
        self.costs[order] = cost


class Evolutionary:
    def __init__(self, space: Space, seed: int, start: Order, size: int = 24):
        self.space, self.source, self.size = space, random.Random(seed), size
        self.costs: dict[Order, float] = {}
        self.start: Order | None = start

    def propose(self, count: int) -> list[Order]:
        orders: list[Order] = []
        if self.start is not None:
            orders.append(self.start)
            self.start = None
        population = sorted(self.costs, key=lambda order: (self.costs[order], order))[:self.size]
        for _ in range(200 * count):
            if len(orders) >= count:
                break
            if len(population) < self.size // 2 or self.source.random() < 0.1:
                child = self.space.draw(self.source)
            else:
                first, second = (self._pick(population) for _ in range(2))
                child = self._cross(first, second)
                if child is None or self.source.random() < 0.7:
                    child = next(neighbours(self.space, child or first, self.source), child or first)
            if child not in self.costs and child not in orders:
                orders.append(child)
        return orders

    def _pick(self, population: list[Order]) -> Order:
        return population[min(self.source.randrange(len(population)) for _ in range(3))]

    def _cross(self, first: Order, second: Order) -> Order | None:
        """A prefix of one parent, then what it lacks in the order of the other."""
        prefix = first[:self.source.randrange(len(first) + 1)]
        taken = {self.space.group_of(key) for key in prefix}
        child = prefix + tuple(key for key in second if self.space.group_of(key) not in taken)
        return child if self.space.check(child) is None else None

    def observe(self, order: Order, cost: float) -> None:
        self.costs[order] = cost


STRATEGIES = {"random": Random, "local": Local, "evolutionary": Evolutionary}


def make(name: str, space: Space, seed: int, start: Order) -> Strategy:
    if name not in STRATEGIES:
        raise InputError(f"unknown strategy {name!r}, expected exhaustive, {', '.join(STRATEGIES)}")
    return STRATEGIES[name](space, seed, start)
