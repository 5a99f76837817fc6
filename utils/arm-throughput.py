#!/usr/bin/python3
# ===- arm-throughput.py - cycles of the NEON kernels' inner loops by LLVM's scheduling models -=== #
# SPDX-License-Identifier: Apache-2.0
"""utils/arm-throughput.py [--sysroot DIR] [--peer NAME:FILE.s:FUNCTION:MARK:OUTPUTS ...] [--check]

Compiles the kernels of lib/Kernels/ARM64 with clang as CMake does, finds the innermost loop of each, and has llvm-mca
simulate it for four processors. Prints one table row per kernel, in Markdown: cycles per output, that is per block of
32 values and output feature (and activation row), as 'model's dispatch / ports alone'.

* A figure is the slope between 200 and 400 iterations, so start-up does not count.
* 'Ports alone' is -dispatch=16: execution ports and latencies limit, the front end does not. llvm-mca counts micro-ops
  of LLVM's model in the dispatch stage (2 for a q load of Neoverse N1, 3 for ldp of N2 and V2), so that figure depends
  on how loads are paired rather than on work: judge by ports alone and by the number of instructions.
* 'bound' is the vector work of the method (KERNELS below counts it) on all vector pipes, perfectly shared.

--check fails if a kernel needs more than 1.15 times its bound by ports alone. Nothing here is measured on hardware.
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
PIPES = {"cortex-a72": 2, "neoverse-n1": 2, "neoverse-n2": 2, "neoverse-v2": 4}  # for vector arithmetic
SLACK = 1.15
OPTIONS = ("-std=c++17 -O3 -ffreestanding -fno-stack-protector -fno-threadsafe-statics -fno-rtti -fno-exceptions "
           "-ffp-contract=off -fno-math-errno -fPIC").split()
DOTPROD, I8MM = "-march=armv8.2-a+dotprod", "-march=armv8.2-a+dotprod+i8mm"

# `marks` instructions `mark` tell the loop that is meant from its tails; `outputs` is what one of its iterations adds
# to; `work` is the least number of vector micro-operations an output that the method needs:
#   neon            4 multiplications, 2 sums of pairs, 3/4 addp, and (scvtf 2 + sshll 1 + fmul 2 + fmla 1) / 4 on Cortex-A72
#   dotprod, i8mm   2 sdot (smmla: 1 where both columns are rows of the matrix), and / 4: fsub, fmul, fmla, and for one row
#                   alone sshll; i8mm with one row also ext for every 4 outputs
Kernel = collections.namedtuple("Kernel", "name source flags mark marks outputs work cpus")
KERNELS = [
    Kernel("neon matvec", "Q8_0MatVec_neon.cpp", [], "smull", 32, 16, 4 + 2 + 3 / 4 + 6 / 4, CPUS[:1]),
    Kernel("dotprod matvec", "Q8_0MatVec_dotprod.cpp", [DOTPROD], "sdot", 64, 32, 2 + 4 / 4, CPUS[1:]),
    Kernel("i8mm matvec", "Q8_0MatVec_i8mm.cpp", [I8MM], "smmla", 64, 32, 2 + 5 / 4, CPUS[2:]),
    Kernel("dotprod matmul", "Q8_0MatMul_dotprod.cpp", [DOTPROD], "sdot", 128, 64, 2 + 3 / 4, CPUS[1:]),
    Kernel("i8mm matmul", "Q8_0MatMul_i8mm.cpp", [I8MM], "smmla", 64, 64, 1 + 3 / 4, CPUS[2:]),
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


def row(name, body, outputs, cpus, work=0):
    """Prints a row; the largest ratio to the bound."""
    stack = sum(bool(re.match(r"(ldr|ldp|str|stp|ldur|stur)\b.*\[(sp|x29)", line)) for line in body)
    cells, worst = [], 0
    for cpu in CPUS:
        if cpu not in cpus:
            cells.append("")
            continue
        model, ports = cycles(body, cpu) / outputs, cycles(body, cpu, 16) / outputs
        cell = f"{model:.2f} / {ports:.3f}"
        if work:
            bound = work / PIPES[cpu]
            cell += f", bound {bound:.3f}"
            worst = max(worst, ports / bound)
        cells.append(cell)
    print(f"| {name} | {len(body) / outputs:.2f} | {stack} | " + " | ".join(cells) + " |", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sysroot", default=ROOT / "build-arm/sysroot", help="arm64 headers (utils/arm-sysroot.sh)")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME:FILE.s:FUNCTION:MARK:OUTPUTS",
                        help="another program's listing: its innermost loop with most MARK instructions")
    parser.add_argument("--asm", type=pathlib.Path, help="keep the listings there")
    parser.add_argument("--only", default="", help="kernels whose name contains this")
    parser.add_argument("--check", action="store_true", help="fail if a kernel is too far from its bound")
    arguments = parser.parse_args()
    slow = []
    print("| loop | instructions | stack | " + " | ".join(CPUS) + " |\n|---|---|---|" + "---|" * len(CPUS))
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.asm or pathlib.Path(temporary)
        directory.mkdir(exist_ok=True)
        for kernel in KERNELS:
            if arguments.only in kernel.name:
                listing = compile_kernel(kernel, arguments.sysroot, directory / (kernel.source + ".s"))
                body = find_loop(listing, kernel.mark, kernel.marks)
                worst = row(kernel.name, body, kernel.outputs, kernel.cpus, kernel.work)
                if worst > SLACK:
                    slow.append(f"{kernel.name}: {worst:.3f} times its bound, expected at most {SLACK}")
    for peer in arguments.peer:
        name, file, function, mark, outputs = peer.split(":")
        listing = pathlib.Path(file).read_text()
        listing = listing[re.search(rf"^{re.escape(function)}:", listing, re.M).start():].split(".cfi_endproc")[0]
        body = find_loop(listing, mark, 0)
        # llvm-mca takes a load of D registers by ld1 for one that waits for their old contents; it does not.
        body = [line.replace(".8b", ".16b") if line.startswith("ld1") else line for line in body]
        first = {"smull": 0, "sdot": 1, "smmla": 2}[mark]
        row(name, body, int(outputs), CPUS[first:] if first else CPUS[:1])
    if arguments.check and slow:
        return "\n".join(slow)
    return 0


if __name__ == "__main__":
    sys.exit(main())
