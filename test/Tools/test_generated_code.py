# ===- test_generated_code.py - what hot functions are made of ---------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The code that passes make calls the kernel table's rows and the barrier and nothing else, and its loops are
# vectorised, for every type of weights, on AArch64 and on every level of x86-64 that has vectors worth the name.

import re
import subprocess
import sys

import pytest

from conftest import ARM

LLVM = "/usr/lib/llvm-22/bin/"
KERNELS = {"ignis_barrier", "ignis_matmul_q8_0", "ignis_matvec_q8_0", "ignis_round_q8_0"}
OPERATION = r"= (?:fadd|fsub|fmul|fdiv|fptrunc|fpext|sitofp) |call [^@]*@llvm\.(?:fma|fmuladd|sqrt|exp|maxnum)"
SCALAR = re.compile(rf"(?:{OPERATION})(?!.*<\d+ x (?:float|half|i8|i32)>)")
VECTOR = re.compile(rf"(?:{OPERATION}).*<\d+ x (?:float|half)>")


def innermost_loops(path):
    """{function: [labels of the blocks of an innermost loop, ...]}, as LLVM finds them."""
    text = subprocess.run([LLVM + "opt", "-passes=print<loops>", "-disable-output", path], check=True, text=True,
                          capture_output=True).stderr
    loops, function, depths = {}, None, []
    for line in text.splitlines():
        if match := re.match(r"Loop info for function '(.*)'", line):
            function = match[1]
            loops[function], depths = [], []
        elif match := re.match(r" *Loop at depth (\d+) containing: (.*)", line):
            if depths and int(match[1]) > depths[-1]:
                loops[function].pop()  # The one before has an inner loop.
            depths.append(int(match[1]))
            loops[function].append({block.split("<")[0].strip("%") for block in match[2].split(",")})
    return loops


def blocks(path):
    """{function: {label: [instructions]}}"""
    functions, current, label = {}, None, None
    for line in path.read_text().splitlines():
        if match := re.match(r"define [^@]*@\"?([\w.]+)\"?\(", line):
            current = functions.setdefault(match[1], {})
            label = "entry"
        elif line == "}":
            current = None
        elif current is not None and (match := re.match(r'"?([\w.]+)"?:', line)):
            label = match[1]
        elif current is not None:
            current.setdefault(label, []).append(line)
    return functions


def scalar_loops(path):
    """Innermost loops with floating-point arithmetic, none of it on vectors: (function, instructions)."""
    code, found, vectorised = blocks(path), [], 0
    for function, loops in innermost_loops(path).items():
        for loop in loops:
            lines = [line for label in loop for line in code[function].get(label, [])]
            vector = any(VECTOR.search(line) for line in lines)
            vectorised += vector
            if not vector and any(SCALAR.search(line) for line in lines):
                found.append((function, lines))
    return found, vectorised


@pytest.fixture(scope="module", params=["q8_0", "f16", "bf16", "f32"])
def model(request, root, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.gguf"
    subprocess.run([sys.executable, "-m", "ignis.synthesize", path, "--type", request.param, "--seed", "1", "--shape",
                    "hidden=128,layers=1,heads=2,kv=1,ffn=256,vocab=300,head_dim=64"], check=True, capture_output=True, cwd=root / "python")
    return path


@pytest.mark.parametrize("cpu", ["generic", "neoverse-v2"] if ARM else ["x86-64-v3", "x86-64-v4"])
def test_no_scalar_loops_and_no_library_calls(tools, model, tmp_path, cpu):
    path = tmp_path / "model.ll"
    tools("ignis-run", model, "--emit", "llvm", "--cpu", cpu, "-o", path)
    found, vectorised = scalar_loops(path)
    assert found == []
    assert vectorised >= 20
    tools("ignis-run", model, "--emit", "obj", "--cpu", cpu, "-o", tmp_path / "model.o")
    lines = subprocess.run([LLVM + "llvm-nm", "-u", tmp_path / "model.o"], check=True, text=True, capture_output=True).stdout
    assert {line.split()[-1] for line in lines.splitlines() if line.strip()} <= KERNELS


def test_the_check_sees_the_loops_of_the_oracle(tools, model, tmp_path):
    path = tmp_path / "model.ll"
    tools("ignis-run", model, "--emit", "llvm", "--lowering", "reference", "-o", path)
    assert scalar_loops(path)[0]
