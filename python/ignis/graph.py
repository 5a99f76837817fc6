# ===- graph.py - the graph of IR states, memoised by hash ------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Nodes are IR states, known by the hash of their text; edges are steps. An edge is run once, whatever
number of orders goes over it, so millions of orders cost what their distinct states cost.

Edges live in the results file; IR is kept packed in memory and, after a restart, made again from the
nearest state that is there.
"""

from __future__ import annotations

from collections import deque
from typing import Iterable, Iterator

from . import work
from .executors import Crash, Pool
from .results import Results
from .space import Node, Order, Space


class Graph:
    """The states that steps of `space` reach from `root` (a Module)."""

    def __init__(self, space: Space, root: object, results: Results, pool: Pool, plugins: list[str] = []):
        self.space, self.results, self.pool = space, results, pool
        self.root = root.hash
        self.plugins = plugins
        self._packed: dict[str, bytes] = {self.root: work.pack(root)}
        self._parents: dict[str, tuple[str, str]] = {}
        self._states = {self.root}
        for (origin, key), edge in results.known.edges.items():
            if "to" in edge:
                self._parents.setdefault(edge["to"], (origin, key))
                self._states.add(edge["to"])
        self.run_steps = 0  # steps that were run, not remembered

    # --- Edges ------------------------------------------------------------------------------------

    def edge(self, origin: str, key: str) -> dict | None:
        """What is known of a step from a state: {"to": hash} or {"error": reason}."""
        return self.results.known.edges.get((origin, key))

    def states(self) -> frozenset[str]:
        """All states that were reached, the root among them."""
        return frozenset(self._states)

    def size(self) -> int:
        """How many states were reached."""
        return len(self._states)

    def path(self, state: str) -> list[str]:
        """Steps from the root to a state, the first way that was found."""
        keys: list[str] = []
        while state != self.root:
            state, key = self._parents[state]
            keys.append(key)
        return keys[::-1]

    def _task(self, state: str, keys: Iterable[str]) -> dict:
        chain: list[str] = []
        at = state
        while at not in self._packed:
            at, key = self._parents[at]
            chain.append(self.space.steps[key].text)
        return {"hash": state, "module": self._packed[at], "chain": chain[::-1], "plugins": self.plugins,
                "steps": {key: self.space.steps[key].text for key in keys}}

    def packed(self, state: str) -> bytes:
        """The IR of a state, packed."""
        if state not in self._packed:
            task = self._task(state, ())
            made = work.expand(task)
            self._packed[state] = made["module"] or task["module"]
        return self._packed[state]

    def need(self, wanted: dict[str, set[str]]) -> Iterator[str]:
        """Runs the steps (keys by state) that are not known yet; yields each state that got edges."""
        missing = {}
        for state, keys in wanted.items():
            left = [key for key in keys if (state, key) not in self.results.known.edges]
            if left:
                missing[state] = left
        def split(task: dict) -> list[dict]:
            return [task | {"steps": {key: text}} for key, text in task["steps"].items()]

        for task, outcome in self.pool.run(work.expand, (self._task(s, k) for s, k in missing.items()), split):
            if isinstance(outcome, Crash):
                self._record(task["hash"], {key: {"error": outcome.reason} for key in task["steps"]})
            else:
                if outcome["module"]:
                    self._packed[task["hash"]] = outcome["module"]
                self._record(task["hash"], outcome["edges"])
            yield task["hash"]

    def _record(self, state: str, edges: dict[str, dict]) -> None:
        for key, edge in edges.items():
            module = edge.pop("module", None)
            self.run_steps += 1
            self.results.append("edge", **{"from": state, "step": key}, **edge)
            if "to" in edge:
                if module is not None:
                    self._packed.setdefault(edge["to"], module)
                self._parents.setdefault(edge["to"], (state, key))
                self._states.add(edge["to"])

    # --- Orders -----------------------------------------------------------------------------------

    def follow(self, order: Order) -> tuple[str | None, int, str | None]:
        """(state, steps taken, error) as far as edges are known: all taken and no error is the end."""
        state = self.root
        for number, key in enumerate(order):
            edge = self.edge(state, key)
            if edge is None:
                return state, number, None
            if "error" in edge:
                return None, number, edge["error"]
            state = edge["to"]
        return state, len(order), None

    def walk(self, orders: list[Order]) -> None:
        """Runs whatever is missing to follow all of `orders` to their end."""
        while True:
            wanted: dict[str, set[str]] = {}
            for order in orders:
                state, number, error = self.follow(order)
                if error is None and number < len(order):
                    wanted.setdefault(state, set()).add(order[number])
            if not wanted:
                return
            for _ in self.need(wanted):
                pass

    def sweep(self) -> Iterator[tuple[int, int]]:
        """Walks all orders of the space; yields (nodes done, nodes seen) as it goes."""
        start = (self.space.start, self.root)
        seen, queue, done = {start}, deque([start]), 0
        while queue:
            layer = list(queue)
            queue.clear()
            wanted: dict[str, set[str]] = {}
            for node, state in layer:
                for step, after in self.space.moves(node):
                    if self.space.count(after):
                        wanted.setdefault(state, set()).add(step.key)
            for _ in self.need(wanted):
                yield done, len(seen)
            for node, state in layer:
                done += 1
                for after, target in self.successors(node, state):
                    if target is not None and (after, target) not in seen:
                        seen.add((after, target))
                        queue.append((after, target))
            yield done, len(seen)

    def successors(self, node: Node, state: str) -> Iterator[tuple[Node, str | None]]:
        """Nodes after one more step; None for a step that fails (or is not known)."""
        for step, after in self.space.moves(node):
            if self.space.count(after):
                edge = self.edge(state, step.key)
                yield after, edge.get("to") if edge else None

    def tally(self) -> tuple[dict[str, int], int, int]:
        """(legal orders by the final state that they end in, orders that a failing step ends, distinct
        nodes), of all orders of the space; those that were not walked are in neither. Counted over the
        graph, not one by one."""
        finals: dict[str, int] = {}
        failing = nodes = 0
        layer: dict[tuple[Node, str], int] = {(self.space.start, self.root): 1}
        while layer:
            following: dict[tuple[Node, str], int] = {}
            for (node, state), ways in layer.items():
                nodes += 1
                if self.space.final(node):
                    finals[state] = finals.get(state, 0) + ways
                for step, after in self.space.moves(node):
                    count = self.space.count(after)
                    edge = self.edge(state, step.key) if count else None
                    if edge is None:
                        continue
                    if "to" not in edge:
                        failing += ways * count
                        continue
                    following[after, edge["to"]] = following.get((after, edge["to"]), 0) + ways
            layer = following
        return finals, failing, nodes

    def witness(self, wanted: Iterable[str]) -> dict[str, Order]:
        """For each final state one shortest order that ends in it."""
        left, found = set(wanted), {}
        start = (self.space.start, self.root)
        queue: deque[tuple[Node, str, Order]] = deque([(*start, ())])
        seen = {start}
        while queue and left:
            node, state, order = queue.popleft()
            if state in left and self.space.final(node):
                found[state] = order
                left.discard(state)
            for step, after in self.space.moves(node):
                edge = self.edge(state, step.key)
                target = edge.get("to") if edge else None
                if target is not None and (after, target) not in seen and self.space.count(after):
                    seen.add((after, target))
                    queue.append((after, target, order + (step.key,)))
        return found
