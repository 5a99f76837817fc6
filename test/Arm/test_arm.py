# ===- test_arm.py - what only an AArch64 build can show ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# `./dev arm` runs this, `./dev test` does not: instructions in the programs, static throughput of the kernels' loops,
# larger pages and small stacks.

import collections
import importlib.util
import json
import os
import pathlib
import re
import shlex
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["IGNIS_BUILD_DIR"])
EMULATOR = shlex.split(os.environ["IGNIS_EMULATOR"])
LLVM = "/usr/lib/llvm-22/bin/"
MODEL = ROOT / "models/fairy-tales-20m-q8_0.gguf"
OBJECTS = BUILD / "lib/Kernels/CMakeFiles/IgnisKernels.dir/ARM64"


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


throughput = load("throughput", ROOT / "utils/arm-throughput.py")
digests = load("digests", ROOT / "test/Tools/digests.py")


# Instructions


def newer_instructions(path, cpu):
    """{function: number of instructions that `cpu` does not have}"""
    text = subprocess.run([LLVM + "llvm-objdump", "-d", "--no-show-raw-insn", f"--mcpu={cpu}", path], check=True, text=True,
                          capture_output=True).stdout
    found, function, lines = collections.Counter(), None, 0
    for line in text.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.*)>:", line):
            function = match[1]
        elif "<unknown>" in line:
            found[function] += 1
        lines += 1
    assert lines > 20
    return found


@pytest.mark.parametrize("variant, cpu", [("neon", "cortex-a72"), ("dotprod", "cortex-a76"), ("i8mm", "neoverse-n2")])
def test_kernels_use_no_newer_instructions_than_they_ask_for(variant, cpu):
    objects = sorted(OBJECTS.glob(f"*_{variant}.cpp.o"))
    assert len(objects) == 4
    for path in objects:
        assert newer_instructions(path, cpu) == {}, path.name
    if variant != "neon":  # The check sees them.
        before = {"dotprod": "cortex-a72", "i8mm": "cortex-a76"}[variant]
        assert sum(newer_instructions(OBJECTS / f"Q8_0MatMul_{variant}.cpp.o", before).values()) > 100


@pytest.mark.parametrize("program", ["bin/ignis-run", "bin/ignis-opt", "bin/ignis-plan", "lib/libIgnisCompiler.so"])
def test_programs_have_newer_instructions_in_those_kernels_alone(program):
    variants = [path for name in ("dotprod", "i8mm") for path in OBJECTS.glob(f"*_{name}.cpp.o")]
    symbols = subprocess.run([LLVM + "llvm-nm", "--defined-only", *variants], check=True, text=True, capture_output=True).stdout
    kernels = set(re.findall(r" [tT] (\S+)", symbols))
    found = set(newer_instructions(BUILD / program, "cortex-a72"))
    # Atomics of libgcc ask the processor first.
    assert {name for name in found - kernels if not name.startswith("__aarch64_")} == set()
    if program == "bin/ignis-run":
        assert found & kernels


# Throughput by LLVM's models


@pytest.mark.parametrize("kernel", throughput.KERNELS, ids=lambda kernel: kernel.name)
def test_loops_are_near_their_bounds(kernel, tmp_path):
    listing = throughput.compile_kernel(kernel, BUILD.parent / "sysroot", tmp_path / "kernel.s")
    body = throughput.find_loop(listing, kernel.mark, kernel.marks)
    assert throughput.row(kernel.name, body, kernel.outputs, kernel.cpus, kernel.work) <= throughput.SLACK


# Systems with larger pages and smaller stacks


def digest(path, cache, kernels, environment, *flags):
    ids = digests.MODELS["fairy-tales-20m"][1][0]
    done = subprocess.run([*EMULATOR, BUILD / "bin/ignis-run", MODEL, "--ids", ",".join(map(str, ids)), "--logits", path,
                           "--kernels", kernels, "--cache-dir", cache, "-t", "2", *flags],
                          env=dict(os.environ, **environment), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return digests.digest(np.load(path))


EXPECTED = json.loads(digests.FILE.read_text())["fairy-tales-20m"][0]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("size", [16384, 65536])
def test_larger_pages(tmp_path, cache, size):
    assert digest(tmp_path / "x.npy", cache, "i8mm", {"QEMU_PAGESIZE": str(size)}) == EXPECTED


@pytest.mark.parametrize("kernels", ["i8mm", "dotprod", "neon"])
def test_kernels_fit_a_stack_of_512_kib(tmp_path, cache, kernels):
    """As macOS gives a thread. The compiler needs more: the first run leaves its module in the cache."""
    digest(tmp_path / "x.npy", cache, kernels, {})
    assert digest(tmp_path / "x.npy", cache, kernels, {"QEMU_STACK_SIZE": str(512 << 10)}) == EXPECTED


# macOS, as far as a compiler alone can tell: no SDK, nothing is linked or run


def compile_for(flags, source, tmp_path, *more):
    command = ["clang++-22", "-std=c++17", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", f"-I{ROOT}/include", *flags,
               *more, source]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_kernels_become_objects_of_macos(tmp_path):
    (tmp_path / "cstdint").write_text("#include <stdint.h>\n")
    sources = sorted((ROOT / "lib/Kernels/ARM64").glob("*.cpp"))
    assert len(sources) == 12
    flags = {"neon": [], "dotprod": [throughput.DOTPROD], "i8mm": [throughput.I8MM]}
    for source in sources:
        compile_for(["--target=arm64-apple-macos13", "-nostdinc++", f"-I{tmp_path}", *throughput.OPTIONS], source, tmp_path,
                    *flags[source.stem.split("_")[-1]], "-c", "-o", tmp_path / "kernel.o")
        assert (tmp_path / "kernel.o").read_bytes()[:4] == b"\xcf\xfa\xed\xfe"


SHIMS = {
    "sys/sysctl.h": "extern \"C\" int sysctlbyname(const char *, void *, unsigned long *, void *, unsigned long);\n",
    "machine/endian.h": "#include <endian.h>\n",
    "shim.h": "#pragma once\n#include <pthread.h>\nenum qos_class_t { QOS_CLASS_USER_INITIATED = 0x19 };\n"
              "extern \"C\" int pthread_attr_set_qos_class_np(pthread_attr_t *, qos_class_t, int);\n",
}


def test_branches_for_macos_compile(tmp_path):
    """Sources with branches for systems, with those for macOS: __APPLE__ for __linux__, on headers of Linux."""
    for name, text in SHIMS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    sysroot = BUILD.parent / "sysroot"
    flags = ["--target=aarch64-linux-gnu", f"--sysroot={sysroot}", "-U__linux__", "-U__linux", "-Ulinux", "-D__APPLE__", "-isystem",
             tmp_path, "-include", tmp_path / "shim.h", "-isystem", sysroot / "usr/lib/llvm-22/include", "-fsyntax-only"]
    sources = [path for folder in ("lib", "tools") for path in sorted((ROOT / folder).rglob("*.cpp"))
               if re.search(r"__linux__|__APPLE__|Sleep\.h|StartThread\.h", path.read_text())]
    assert len(sources) >= 8
    for source in sources:
        compile_for(flags, source, tmp_path)
