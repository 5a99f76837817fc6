# ===- _native.pyi - types of the native module ------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""The compiler, the planners and the runtime of ignis (python/native). Sizes are bytes, times are seconds, shapes are
(rows, columns). Bad input is ignis.errors.InputError; calls that last release the interpreter's lock and end with
Ctrl-C."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

__version__: str
llvm_version: str

Buffer = tuple[str, int, int, int, int]
"""(id, begin, end, bytes, alignment): live in [begin, end)."""
Ids = Sequence[int] | npt.NDArray[np.integer[Any]]
"""Ids of one dimension, each from 0 up to the vocabulary."""

class MemoryOf(TypedDict):
    buffers: list[Buffer]
    offsets: list[int] | None
    """Bytes of each in the arena; None before planning."""
    rounded: list[bool]
    """Whether each holds rounded activations."""

class Plan(TypedDict):
    planner: str
    offsets: list[int]
    """Bytes, one per buffer."""
    height: int
    """Bytes of the arena."""
    status: str
    """optimal, feasible or infeasible."""
    bound: int
    """Most bytes live at one time."""
    proven: int
    """Bytes that no plan goes below, as far as the search has shown."""
    seconds: float
    nodes: int
    """Of the search."""
    budget_hit: bool
    slots: list[int]
    """Bytes of the slots of a slot planner."""

class Generated(TypedDict):
    ids: list[int]
    text: str
    stop: str
    prompt_tokens: int
    prompt_seconds: float
    decoded_tokens: int
    decode_seconds: float

class Model:
    """An open GGUF file of a Qwen2 model."""

    def __init__(self, path: str, require_data: bool = True) -> None:
        """Opens and checks a file. Without require_data it may end after its tensor directory: enough to import and
        plan."""
    @property
    def path(self) -> str: ...
    @property
    def config(self) -> dict[str, Any]:
        """Hyper-parameters, by name."""
    def inspect(self) -> dict[str, Any]:
        """Metadata and tensors, as `ignis-run --inspect --json` prints them."""
    def hash(self, data: bool = True) -> str:
        """128 bits in hexadecimal of metadata, tensor directory and, with `data`, weights."""
    def tokenize(self, text: str, special: bool = False) -> list[int]:
        """Ids of a text."""
    def detokenize(self, ids: Sequence[int]) -> bytes:
        """Bytes of ids, perhaps not whole characters; ids without text give none."""
    def import_module(self, context: int = 2048, chunk: int = 512, kv: str = "f16",
                      entries: Sequence[str] = ..., sequences: int = 0) -> Module:
        """The unfused graph: entry points embed, decode, prefill and score (or those named) for caches of `context`
        positions (a multiple of 16) and calls of up to `chunk` rows; with `sequences` also batch, for so many
        sequences and rows."""

class Module:
    """A module of IR. It does not change; running passes makes a new one."""

    @staticmethod
    def parse(source: str | bytes, name: str = "<string>") -> Module:
        """From text (str) or bytecode (bytes). `name` stands in messages. Damaged bytecode may end the process: MLIR's
        reader trusts it more than text."""
    def __str__(self) -> str: ...
    @property
    def hash(self) -> str:
        """128 bits in hexadecimal: modules of one text have one hash."""
    @property
    def functions(self) -> list[str]:
        """Names of its functions, in order."""
    def bytecode(self) -> bytes:
        """The module as MLIR bytecode; parse() reads it."""
    def verify(self) -> None:
        """InputError if an op's rules are broken."""
    def describe(self) -> dict[str, Any]:
        """Functions, their arguments and ops as dictionaries and lists."""
    def memory(self, function: str, alignment: int = 64) -> MemoryOf | None:
        """Buffers of a function on memrefs, as a planning problem; None on tensors."""

class Compiled:
    """Code in memory, ready for sessions."""

    @property
    def manifest(self) -> dict[str, Any]:
        """What the code wants from the runtime (docs/Execution.md)."""
    @property
    def seconds(self) -> float:
        """Of the compilation."""
    @property
    def cached(self) -> bool:
        """Whether it came from the module cache."""

class Session:
    """One conversation: caches, arena, packed weights and threads. Its methods exclude each other."""

    def __init__(self, compiled: Compiled, threads: int = 0) -> None:
        """`threads` of 0: as many as the machine has cores."""
    def feed(self, ids: Ids, chunk: int = 0) -> npt.NDArray[np.float32]:
        """Appends ids, `chunk` per call (0: the module's most); float32 logits (vocabulary,) of the last."""
    def score(self, ids: Ids, chunk: int = 0) -> npt.NDArray[np.float32]:
        """Appends ids; float32 logits (ids, vocabulary) of each."""
    def last_logits(self) -> npt.NDArray[np.float32]:
        """float32 logits (vocabulary,) of the id that was fed last; empty before the first."""
    def generate(self, prompt: str | Ids, tokens: int = -1, *, temperature: float = 0.0, top_k: int = 0,
                 top_p: float = 1.0, seed: int = 0, stop: Sequence[str] = ..., ignore_end: bool = False,
                 progress: Callable[[str], object] | None = None) -> Generated:
        """Feeds a prompt (text or ids) and generates up to `tokens` ids (-1: until the context is full). `progress`
        gets each piece of text; what it raises ends the call."""
    def time(self, calls: int, rows: int = 1, depth: int = 0) -> list[float]:
        """Seconds of each of `calls` calls of `rows` ids at position `depth`: rows=1 is decoding."""
    def perplexity(self, ids: Ids) -> float:
        """Over windows of 512 ids, the last 255 of each scored."""
    def rewind(self, position: int = 0) -> None:
        """Forgets everything from this position on."""
    def memory(self) -> dict[str, int]:
        """Bytes held, by purpose."""
    @property
    def context(self) -> int:
        """Positions."""
    @property
    def chunk(self) -> int:
        """Most rows of one call."""
    @property
    def vocabulary(self) -> int: ...
    @property
    def position(self) -> int:
        """Ids so far."""
    @property
    def threads(self) -> int: ...

def compile(model: Model, module: Module | None = None, *, pipeline: str = "", cpu: str = "host", kernels: str = "",
            lowering: str = "kernels", kv: str = "f16", context: int = 0, chunk: int = 0, entries: Sequence[str] = ...,
            cache: str = "off") -> Compiled:
    """Compiles a module (or the model's import) for this machine. A module goes on from the phase that it is at.
    `context` and `chunk` of 0 are the model's; they count for the import alone."""

def emit(model: Model, phase: str, module: Module | None = None, *, pipeline: str = "", cpu: str = "host",
         kernels: str = "", lowering: str = "kernels", kv: str = "f16", context: int = 0, chunk: int = 0,
         entries: Sequence[str] = ...) -> bytes:
    """Text or bytes of a phase, as `ignis-run --emit` prints them."""

def run_pipeline(module: Module, pipeline: str, verify: bool = True,
                 report: bool = False) -> tuple[Module, dict[str, Any] | None, float, list[str]]:
    """(new module, report as ignis-opt --ignis-report writes it or None, seconds, remarks: what the passes say they
    did, "[Passed] fuse-rms-norm | ... matches=49" for each function, and warnings). InputError with the
    diagnostic if a pass fails; Ctrl-C skips the passes that are left."""

def check_pipeline(pipeline: str) -> str:
    """The pipeline in full, with every option's value; InputError if it is none."""

def contracts() -> dict[str, Any]:
    """Facts, passes (name, summary, options, requires, establishes, invalidates) and pipelines, as
    `ignis-opt --ignis-list-passes=json` prints them."""

def facts(module: Module) -> list[str]:
    """Names of the facts that hold of a module."""

def load_plugin(path: str) -> None:
    """Loads a pass plugin, as --load-pass-plugin of ignis-opt does."""

def compiler_library() -> str:
    """Path of the libIgnisCompiler.so that this process uses."""

def extract(module: Module, function: str, ops: Sequence[int]) -> Module:
    """A module with one function that holds the ops of these numbers (as describe() counts them): what they read
    becomes arguments, tensors that they make become results."""

def planners() -> list[tuple[str, str]]:
    """Names and descriptions of all planners, simple ones first."""

def plan_memory(buffers: Sequence[Buffer], planner: str = "exact", capacity: int | None = None, budget: float = 10.0,
                seed: int = 1) -> Plan:
    """Plans buffers. `capacity` is the bytes there are, `budget` the seconds that a search may take. Every plan has
    passed the independent verifier."""

def plan_bound(buffers: Sequence[Buffer]) -> int:
    """Bytes that no plan goes below: the most that is live at one time."""

def plan_verify(buffers: Sequence[Buffer], offsets: Sequence[int]) -> int:
    """The height in bytes of a plan; InputError with the rule it breaks if it is none."""

def plan_svg(buffers: Sequence[Buffer], offsets: Sequence[int], title: str = "", bound: int | None = None) -> str:
    """A picture of a plan: time to the right, addresses upwards."""

def plan_parse(text: str, name: str = "<string>") -> list[Buffer]:
    """Buffers of a CSV text (id,lower,upper,size[,alignment])."""
