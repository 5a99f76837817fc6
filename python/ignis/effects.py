# ===- effects.py - which pass matters, and which order ---------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Statistics over all legal orders, computed on the graph of states: every order counts once, though no
order is looked at by itself.

* marginal     mean of a fact over the orders that take a pass, less the mean over those that do not
* pair         mean over the orders that take A before B, less the mean over those that take B before A
* commutation  share of the places (node and state) where both A, B and B, A are legal in which both end in
               the same IR
"""

from __future__ import annotations

from collections import defaultdict
from typing import Callable

from .graph import Graph
from .space import Node

Value = Callable[[str], float | None]  # a fact of a final state, None if it has none (wrong, not measured)


def final_nodes(graph: Graph) -> dict[tuple[Node, str], int]:
    """Orders that end at each (node, state)."""
    ends: dict[tuple[Node, str], int] = {}
    layer: dict[tuple[Node, str], int] = {(graph.space.start, graph.root): 1}
    while layer:
        following: dict[tuple[Node, str], int] = defaultdict(int)
        for (node, state), ways in layer.items():
            if graph.space.final(node):
                ends[node, state] = ends.get((node, state), 0) + ways
            for after, target in graph.successors(node, state):
                if target is not None:
                    following[after, target] += ways
        layer = following
    return ends


def _mean(pairs: list[tuple[int, float]]) -> float | None:
    weight = sum(ways for ways, _ in pairs)
    return sum(ways * value for ways, value in pairs) / weight if weight else None


def marginal(graph: Graph, value: Value) -> dict[str, tuple[float | None, float | None]]:
    """For every step (mean with it, mean without it); alternatives of one group count as one step."""
    ends = [(node[0], ways, value(state)) for (node, state), ways in final_nodes(graph).items()]
    groups: dict[str, int] = {}
    for key in graph.space.steps:
        groups.setdefault(graph.space.group_of(key), graph.space._bit[key])
    result = {}
    for group, bit in groups.items():
        taken = [(ways, number) for used, ways, number in ends if number is not None and used & bit]
        left = [(ways, number) for used, ways, number in ends if number is not None and not used & bit]
        result[group] = (_mean(taken), _mean(left))
    return result


def pairs(graph: Graph, value: Value) -> dict[tuple[str, str], tuple[float, float]]:
    """For groups A, B with orders both ways: (mean with A before B, mean with B before A)."""
    bits: dict[str, int] = {}
    for key in graph.space.steps:
        bits.setdefault(graph.space.group_of(key), graph.space._bit[key])
    names = list(bits)
    # The distinct layers once, as plain lists, since every pair walks them.
    layers: list[list[tuple[Node, str, bool, list[tuple[Node, str]]]]] = []
    layer = {(graph.space.start, graph.root)}
    while layer:
        rows, following = [], set()
        for node, state in sorted(layer, key=lambda item: (item[0][0], item[1])):
            targets = [(after, target) for after, target in graph.successors(node, state) if target is not None]
            rows.append((node, state, graph.space.final(node), targets))
            following.update(targets)
        layers.append(rows)
        layer = following
    result = {}
    for at, first in enumerate(names):
        for second in names[at + 1:]:
            a, b = bits[first], bits[second]
            ways: dict[tuple[Node, str], list[int]] = {(graph.space.start, graph.root): [1, 0, 0]}
            sums = [[0, 0.0], [0, 0.0]]
            for rows in layers:
                following: dict[tuple[Node, str], list[int]] = {}
                for node, state, final, targets in rows:
                    count = ways.get((node, state))
                    if count is None:
                        continue
                    if final and node[0] & a and node[0] & b:
                        number = value(state)
                        if number is not None:
                            for way in (0, 1):
                                sums[way][0] += count[way + 1]
                                sums[way][1] += count[way + 1] * number
                    for after, target in targets:
                        into = following.setdefault((after, target), [0, 0, 0])
                        new = after[0] & ~node[0]
                        if new == a and not node[0] & b:
                            into[1] += count[0]
                        elif new == b and not node[0] & a:
                            into[2] += count[0]
                        else:
                            for way in range(3):
                                into[way] += count[way]
                            continue
                        into[1] += count[1]
                        into[2] += count[2]
                ways = following
            if sums[0][0] and sums[1][0]:
                result[first, second] = (sums[0][1] / sums[0][0], sums[1][1] / sums[1][0])
    return result


def commutation(graph: Graph) -> dict[tuple[str, str], tuple[int, int]]:
    """For groups A, B: (places where A, B and B, A end in the same IR, places where both are legal)."""
    result: dict[tuple[str, str], list[int]] = {}
    seen = {(graph.space.start, graph.root)}
    queue = list(seen)
    order = {key: number for number, key in enumerate(graph.space.steps)}
    places: set[tuple[str, str, str]] = set()
    while queue:
        node, state = queue.pop()
        moves = [(step.key, after) for step, after in graph.space.moves(node) if graph.space.count(after)]
        for key, after in moves:
            edge = graph.edge(state, key)
            if not edge or "to" not in edge:
                continue
            if (after, edge["to"]) not in seen:
                seen.add((after, edge["to"]))
                queue.append((after, edge["to"]))
            for other, otherAfter in moves:
                if order[other] <= order[key] or graph.space.group_of(other) == graph.space.group_of(key):
                    continue
                otherEdge = graph.edge(state, other)
                if not otherEdge or "to" not in otherEdge or (state, key, other) in places:
                    continue
                one, two = graph.edge(edge["to"], other), graph.edge(otherEdge["to"], key)
                if one and two and "to" in one and "to" in two:
                    places.add((state, key, other))
                    pair = graph.space.group_of(key), graph.space.group_of(other)
                    entry = result.setdefault(pair, [0, 0])
                    entry[0] += one["to"] == two["to"]
                    entry[1] += 1
    return {pair: (same, count) for pair, (same, count) in result.items()}
