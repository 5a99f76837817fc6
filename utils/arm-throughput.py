#!/usr/bin/python3
# ===- arm-throughput.py - cycles of the NEON kernels' inner loops by LLVM's scheduling models -=== #
# SPDX-License-Identifier: Apache-2.0
"""utils/arm-throughput.py [--sysroot DIR] [--peer FILE.s:LABEL:OUTPUTS:CPUS ...] [--asm DIR]

Compiles the kernels of lib/Kernels/ARM64 with clang as CMake does, finds the innermost loop of each, and has llvm-mca
simulate it for four processors. Prints one table row per kernel, in Markdown: cycles per output, that is per block of
32 values and output feature (and activation row), 'model's dispatch / ports alone', and the bound.

* A figure is the slope between 200 and 400 iterations, so start-up does not count.
* 'Ports alone' is -dispatch=16: execution ports and latencies limit, the front end does not. llvm-mca counts micro-ops
  of LLVM's model in the dispatch stage (2 for a q load of Neoverse N1, 3 for ldp of N2 and V2), which no processor's
  documentation confirms: judge by ports alone and by instructions (docs/Arm.md).
* The bound is that of the busiest kind of pipe if each kind were perfectly shared: vector pipes or loads, counted from
  the loop's own instructions and the model's resource use.

Nothing here is measured on hardware.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
CPUS = ["cortex-a72", "neoverse-n1", "neoverse-n2", "neoverse-v2"]
# The pipes that arithmetic on vectors may use, and how many operations the processor can start on all of them.
OPTIONS = ("-std=c++17 -O3 -ffreestanding -fno-stack-protector -fno-threadsafe-statics -fno-rtti -fno-exceptions "
           "-ffp-contract=off -fno-math-errno -fPIC").split()
DOTPROD, I8MM = "-march=armv8.2-a+dotprod", "-march=armv8.2-a+dotprod+i8mm"

Kernel = collections.namedtuple("Kernel", "name source flags mark marks outputs cpus")
# `marks` multiplications `mark` tell the loop that is meant from its tails; `outputs` is what one of its iterations adds to.
KERNELS = [
    Kernel("neon matvec", "Q8_0MatVec_neon.cpp", [], "smull", 32, 16, CPUS[:2]),
    Kernel("dotprod matvec", "Q8_0MatVec_dotprod.cpp", [DOTPROD], "sdot", 64, 32, CPUS[1:]),
    Kernel("i8mm matvec", "Q8_0MatVec_i8mm.cpp", [I8MM], "smmla", 64, 32, CPUS[2:]),
    Kernel("dotprod matmul", "Q8_0MatMul_dotprod.cpp", [DOTPROD], "sdot", 128, 64, CPUS[1:]),
    Kernel("i8mm matmul", "Q8_0MatMul_i8mm.cpp", [I8MM], "smmla", 64, 64, CPUS[2:]),
]


def compile_kernel(kernel, sysroot, out):
    command = ["clang++-22", "--target=aarch64-linux-gnu", f"--sysroot={sysroot}", f"-I{ROOT}/include", *OPTIONS,
               *kernel.flags, "-S", ROOT / "lib/Kernels/ARM64" / kernel.source, "-o", out]
    subprocess.run(command, check=True)
    return out.read_text()


def loops(assembly):
    """The straight loops of a listing, as lists of instructions: label to a branch back to it, no label in between."""
    label, body = None, []
    for line in assembly.splitlines():
        line = line.split("//")[0].strip()
        if match := re.fullmatch(r"(\.L\w+):", line):
            label, body = match.group(1), []
        elif re.match(r"[a-z]", line):
            body.append(line)
            # A branch on to a place in the same loop does not end it.
            if re.match(r"(b\.\w+|cbn?z|tbn?z)\b", line) and line.endswith(str(label)):
                yield label, body
                label, body = None, []


def count(body, mark):
    return sum(line.split()[0] == mark or line.split()[0] == mark + "2" for line in body)


def find_loop(assembly, mark, marks):
    found = [body for _, body in loops(assembly) if count(body, mark) and (not marks or count(body, mark) == marks)]
    if not found:
        raise SystemExit(f"no loop with {marks or 'any'} {mark}")
    return max(found, key=lambda body: count(body, mark))


def mca(body, cpu, dispatch, iterations, arguments=()):
    command = ["/usr/lib/llvm-22/bin/llvm-mca", "-mtriple=aarch64-linux-gnu", f"-mcpu={cpu}",
               "-mattr=+dotprod,+i8mm,+fp16fml", f"-iterations={iterations}", *arguments]
    if dispatch:
        command.append(f"-dispatch={dispatch}")
    return subprocess.run(command, input="\n".join(body) + "\n", capture_output=True, text=True, check=True).stdout


def cycles(body, cpu, dispatch=None):
    totals = [int(re.search(r"Total Cycles:\s+(\d+)", mca(body, cpu, dispatch, n)).group(1)) for n in (200, 400)]
    return (totals[1] - totals[0]) / 200


# Resources of the models that execute vector arithmetic, and those that load, by name.
VECTOR = {"cortex-a72": r"A57Unit[WX]$", "neoverse-n1": r"N1UnitV[01]$", "neoverse-n2": r"N2UnitV[01]$",
          "neoverse-v2": r"V2UnitV[0-3]$"}
LOAD = {"cortex-a72": r"A57UnitL$", "neoverse-n1": r"N1UnitL(\.\d)?$|N1UnitL$", "neoverse-n2": r"N2UnitL(01|2)(\.\d)?$",
        "neoverse-v2": r"V2UnitL(01|2)(\.\d)?$"}


def bound(body, cpu):
    """Cycles an iteration if the operations of each kind were shared evenly among the pipes of that kind."""
    text = mca(body, cpu, 16, 200)
    names = dict(re.findall(r"^\[([\d.]+)\]\s+-\s+(\S+)", text, re.M))
    header, values = re.search(r"Resource pressure per iteration:\n(.*)\n(.*)\n", text).groups()
    pressure = dict(zip(re.findall(r"\[([\d.]+)\]", header), values.split()))
    result = 0
    for pattern in (VECTOR[cpu], LOAD[cpu]):
        units = [key for key, name in names.items() if re.match(pattern, name)]
        if units:
            result = max(result, sum(0 if pressure[u] == "-" else float(pressure[u]) for u in units) / len(units))
    return result


def row(name, body, outputs, cpus):
    stack = sum(bool(re.match(r"(ldr|ldp|str|stp|ldur|stur)\b.*\[(sp|x29)", line)) for line in body)
    cells = []
    for cpu in CPUS:
        if cpu not in cpus:
            cells.append("-")
            continue
        model, ports = cycles(body, cpu) / outputs, cycles(body, cpu, 16) / outputs
        cells.append(f"{model:.2f} / {ports:.3f} ({bound(body, cpu) / outputs:.3f})")
    print(f"| {name} | {len(body) / outputs:.2f} | {stack} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sysroot", default=ROOT / "build-arm/sysroot", help="arm64 headers (utils/arm-sysroot.sh)")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME:FILE.s:FUNCTION:MARK:OUTPUTS",
                        help="another program's listing: its innermost loop with most MARK instructions")
    parser.add_argument("--asm", type=pathlib.Path, help="keep the listings there")
    parser.add_argument("--only", default="", help="kernels whose name contains this")
    arguments = parser.parse_args()
    print("| loop | instructions | stack | " + " | ".join(CPUS) + " |\n|---|---|---|" + "---|" * len(CPUS))
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.asm or pathlib.Path(temporary)
        directory.mkdir(exist_ok=True)
        for kernel in KERNELS:
            if arguments.only in kernel.name:
                listing = compile_kernel(kernel, arguments.sysroot, directory / (kernel.source + ".s"))
                row(kernel.name, find_loop(listing, kernel.mark, kernel.marks), kernel.outputs, kernel.cpus)
    for peer in arguments.peer:
        name, file, function, mark, outputs = peer.split(":")
        listing = pathlib.Path(file).read_text()
        listing = listing[re.search(rf"^{re.escape(function)}:", listing, re.M).start():].split(".cfi_endproc")[0]
        row(name, find_loop(listing, mark, 0), int(outputs), CPUS)


if __name__ == "__main__":
    sys.exit(main())
