# ===- meaning.py - do two states of a module mean the same? -----------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Evaluates the entry points of a module as the runtime would call them, and single functions on made-up
inputs, with the interpreter. Two states mean the same if all that they are asked for has the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import InputError
from .gguf import File
from .interpreter import Hazard, Interpreter, Weight, poisoned, shaped, size_in_bytes
from .model import ModelConfig

Outputs = dict[str, np.ndarray]


class Weights:
    """Tensors of a GGUF file as the interpreter wants them. Inputs of quantised ones are rounded, as kernels do it, or
    not, as --lowering=reference has it."""

    def __init__(self, path: str, rounded: bool = True):
        self.path, self.rounded = path, rounded
        self.file = File(path)
        self.config = ModelConfig.from_file(self.file)
        self._made: dict[tuple[str, ...], Weight] = {}

    def __call__(self, names: list[str], type_: dict) -> Weight:
        key = tuple(names)
        if key not in self._made:
            for name in names:
                if name not in self.file.tensors:
                    raise InputError(f"no tensor {name!r} in the file")
            values = np.concatenate([np.asarray(self.file.array(name), np.float32) for name in names])
            if list(values.shape) != type_["shape"]:
                raise InputError(f"{' '.join(names)}: shape {list(values.shape)}, the module says {type_['shape']}")
            self._made[key] = Weight(values, self.rounded and type_["element"] == "!ignis.q8_0")
        return self._made[key]


def rope_table(config: Any, positions: int, base: float) -> np.ndarray:
    pair = np.arange(config.head_dim // 2)
    angle = np.arange(positions)[:, None] * np.float64(np.float32(base)) ** (-2.0 * pair / config.head_dim)
    return np.concatenate((np.cos(angle), np.sin(angle)), axis=1).astype(np.float32)


class Machine:
    """Calls a module's entry points in turn, as a session does. With the entry `batch` there are several
    sequences; `decode`, `prefill` and `score` see the caches of sequence 0."""

    def __init__(self, module: Any, weights: Weights | None, check_barriers: bool = False):
        """Without weights nothing is computed; only what ops touch is looked at."""
        self.functions = module.describe()
        self.interpreter = Interpreter(self.functions, weights or (lambda names, type_: None), check_barriers, weights is not None)
        self.config = weights.config if weights else None
        self.caches: dict[str, np.ndarray] = {}  # [sequences, layers, ...]
        self.sequences = self._sequences()
        self.positions = [0] * self.sequences

    def _sequences(self) -> int:
        for argument in self.functions.get("batch", {"arguments": []})["arguments"]:
            if argument["attributes"].get("ignis.role") == "k_cache":
                return argument["type"]["shape"][0]
        return 1

    @property
    def position(self) -> int:
        return self.positions[0]

    def _argument(self, argument: dict, given: dict[str, Any], arena: np.ndarray | None) -> Any:
        role, type_ = argument["attributes"].get("ignis.role"), argument["type"]
        if role in ("position", "rows"):
            return given[role]
        if role in ("k_cache", "v_cache"):
            all_of_them = len(type_["shape"]) == {"k_cache": 6, "v_cache": 5}[role]
            if role not in self.caches:
                shape = type_["shape"] if all_of_them else [self.sequences, *type_["shape"]]
                self.caches[role] = poisoned(shape, type_["element"])
            return self.caches[role] if all_of_them else self.caches[role][0]
        if role == "rope_table" and self.config:
            return rope_table(self.config, type_["shape"][0], argument["attributes"]["ignis.rope_base"])
        if role == "arena":
            return arena
        offset = argument["attributes"].get("ignis.arena_offset")
        if offset is not None and arena is not None:
            size = size_in_bytes(type_["shape"], type_["element"])
            if offset < 0 or offset + size > arena.size:
                raise InputError(f"argument {role} lies at bytes {offset} to {offset + size} of an arena of {arena.size}")
            value = shaped(arena[offset:offset + size], type_["shape"], type_["element"])
        else:
            value = poisoned(type_["shape"], type_["element"])
        if role in given:
            rows = np.asarray(given[role])
            value[:len(rows)] = rows
        return value

    def call(self, name: str, **given: Any) -> dict[str, np.ndarray]:
        """Values of the arguments by role after the call (of the results, on tensors)."""
        function = self.functions[name]
        arena = None
        for argument in function["arguments"]:
            if argument["attributes"].get("ignis.role") == "arena":
                arena = np.full(argument["type"]["shape"], 0xFF, np.uint8)
        arguments = [self._argument(argument, given, arena) for argument in function["arguments"]]
        results = self.interpreter.run(name, arguments)
        values = {argument["attributes"].get("ignis.role"): value
                  for argument, value in zip(function["arguments"], arguments)}
        if results:  # on tensors: the destinations' new values
            names = ["embedded"] if name == "embed" else ["logits", "k_cache", "v_cache"]
            values.update(zip(names, results))
        if results:
            for role in ("k_cache", "v_cache"):
                if role in values:
                    (self.caches[role] if name == "batch" else self.caches[role][0])[...] = values[role]
        return values

    def forward(self, name: str, ids: list[int]) -> np.ndarray:
        """Logits of one call of an entry point with these ids."""
        embedded = self.call("embed", tokens=np.asarray(ids, np.int32), rows=len(ids))["embedded"]
        values = self.call(name, input=embedded[:len(ids)], position=self.position, rows=len(ids))
        self.positions[0] += len(ids)
        logits = values["logits"]
        return logits[:len(ids)].copy() if len(logits) > 1 else logits.copy()

    def step(self, sequences: list[int], ids: list[int]) -> np.ndarray:
        """Logits of one call of `batch`: one id for each of these sequences, of which some may stand twice."""
        embedded = self.call("embed", tokens=np.asarray(ids, np.int32), rows=len(ids))["embedded"]
        positions = []
        for sequence in sequences:
            positions.append(self.positions[sequence])
            self.positions[sequence] += 1
        values = self.call("batch", input=embedded[:len(ids)], rows=len(ids), positions=np.asarray(positions, np.int32),
                           sequences=np.asarray(sequences, np.int32))
        return values["logits"][:len(ids)].copy()

    def cache(self) -> Outputs:
        """The positions of the caches that were written, of one sequence after the other."""
        keys, values = self.caches["k_cache"], self.caches["v_cache"]
        flat = keys.transpose(0, 1, 2, 3, 5, 4).reshape(*values.shape)

        def written(cache: np.ndarray) -> np.ndarray:
            return np.concatenate([cache[number, :, :, :count] for number, count in enumerate(self.positions)], axis=2)
        return {"keys": written(flat), "values": written(values)}


FILLED = 256  # positions that evaluate() fills at most


def ids_of(count: int, vocabulary: int) -> list[int]:
    return [(7919 * (number + 1)) % vocabulary for number in range(count)]


def calls_of(functions: dict) -> list[tuple[str, int]]:
    """(entry point, rows) of the calls of evaluate() but for batch: a few rows, then whole chunks up to the last
    position of the caches, or FILLED, whose row is decode's. "rewind" goes back to position 0."""
    most = functions["embed"]["arguments"][0]["type"]["shape"][0]
    calls = [("prefill", min(5, most)), ("prefill", min(3, most)), ("decode", 1), ("score", min(4, most)), ("decode", 1)]
    calls = [call for call in calls if call[0] in functions]
    caches = [argument["type"]["shape"] for name, _ in calls for argument in functions[name]["arguments"]
              if argument["attributes"].get("ignis.role") == "v_cache"]
    context = min((shape[-2] for shape in caches), default=0)
    at, end = sum(count for _, count in calls), min(context, FILLED) - 6 * ("batch" in functions)  # which goes on from here
    last = int("decode" in functions)
    for number in range(at + last, end, most):
        name = [name for name in ("prefill", "score", "prefill") if name in functions]
        if name:
            calls.append((name[(number // most) % len(name)], min(most, end - number)))
    while calls and sum(count for _, count in calls) > max(context, 1):
        calls.pop()  # caches of a few positions
    calls += [("decode", 1)] * bool(last and sum(count for _, count in calls) < end)
    many = next((name for name in ("prefill", "score") if name in functions), None)
    if many and max(count for _, count in calls) < most <= context:  # no room for a whole chunk behind the few rows
        calls += [("rewind", 0), (many, most)]
    return calls


def evaluate(module: Any, weights: Weights, check_barriers: bool = False) -> Outputs:
    """Logits and caches of a few calls of every entry point that the module has."""
    machine = Machine(module, weights, check_barriers)
    if "embed" not in machine.functions or len(machine.functions) == 1:
        raise InputError("expected a module with the entry point embed and another one")
    outputs: Outputs = {}
    plan = calls_of(machine.functions)
    ids = ids_of(sum(count for _, count in plan) + 64, weights.config.vocabulary)
    for number, (name, count) in enumerate(plan):
        if name == "rewind":
            machine.positions = [0] * machine.sequences
            continue
        at = machine.position
        outputs[f"{number} {name}"] = machine.forward(name, ids[at:at + count])
    if "batch" in machine.functions:
        most = machine.functions["batch"]["arguments"][0]["type"]["shape"][0]
        last, at = machine.sequences - 1, sum(count for _, count in plan)
        for number, sequences in enumerate(([0, last], [last], [last, 0, last])):
            sequences = sequences[:most]
            outputs[f"{len(plan) + number} batch"] = machine.step(sequences, ids[at:at + len(sequences)])
            at += len(sequences)
    outputs.update({f"cache {key}": value for key, value in machine.cache().items()})
    return outputs


def check_places(module: Any) -> None:
    """Hazard if an op of an entry point writes over what it still reads, or if no barrier separates two ops that touch
    the same bytes. On buffers, with barriers; what the interpreter does not know is not judged."""
    machine = Machine(module, None, check_barriers=True)
    for name in machine.functions:
        try:
            machine.call(name, position=0, rows=0)
        except Hazard:
            raise
        except InputError:
            pass


def difference(got: Outputs, wanted: Outputs) -> tuple[str | None, float]:
    """(what differs first, by how much at most); (None, 0) if all bits agree."""
    for key, value in wanted.items():
        other = got.get(key)
        if other is None or other.shape != value.shape:
            return f"{key} is missing or has another shape", float("inf")
        if other.tobytes() != value.tobytes():
            with np.errstate(invalid="ignore"):
                worst = np.abs(other.astype(np.float64) - value.astype(np.float64)).max()
            return key, float("inf") if np.isnan(worst) else float(worst)
    return None, 0.0


def made_up(argument: dict, number: int, functions_rows: int = 0) -> Any:
    """An input for a function without roles: the same for the same type and place."""
    type_ = argument["type"]
    if type_["kind"] == "index":
        return 2
    source = np.random.default_rng(number + 1)
    shape, element = type_["shape"], type_["element"]
    if element == "i32":  # ids, positions or sequences: valid as any of them, each row another one
        return source.permutation(shape[0]).astype(np.int32) if shape[0] > 1 else np.full(shape, 3, np.int32)
    if element == "!ignis.q8_act":
        from .interpreter import round_rows
        return round_rows(source.standard_normal(shape).astype(np.float32))
    if element == "!ignis.q8_0":
        return Weight(source.standard_normal(shape), True)
    value = poisoned(shape, element)
    if element == "i8":  # an arena
        return value
    if element not in ("f32", "f16"):
        raise InputError(f"no made-up values of type {element}")
    value[...] = source.standard_normal(shape)
    return value


def evaluate_functions(module: Any, weights: Weights, check_barriers: bool = False) -> Outputs:
    """Each function by itself on made-up inputs: results and memrefs afterwards."""
    functions = module.describe()
    outputs: Outputs = {}
    for name, function in functions.items():
        arguments = [made_up(argument, number) for number, argument in enumerate(function["arguments"])]
        results = Interpreter(functions, weights, check_barriers).run(name, arguments)
        outputs.update({f"{name}, result {number}": np.asarray(value).copy() for number, value in enumerate(results)})
        for number, (argument, value) in enumerate(zip(function["arguments"], arguments)):
            if argument["type"]["kind"] == "memref" and isinstance(value, np.ndarray):
                outputs[f"{name}, argument {number}"] = value.copy()
    return outputs


__all__ = ["Hazard", "Machine", "Outputs", "Weights", "check_places", "difference", "evaluate", "evaluate_functions"]
