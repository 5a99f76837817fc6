#!/usr/bin/python3
# ===- arm-instructions.py - instructions that the NEON kernels execute, counted by emulation --=== #
# SPDX-License-Identifier: Apache-2.0
"""utils/arm-instructions.py [--sysroot DIR] [--features N] [--k K] [--rows R]

A second witness beside utils/arm-throughput.py: whole kernel calls instead of inner loops, with the copying of rows,
the conversion of scales and the tails. The kernels are linked into a static AArch64 program (arm-instructions.cpp), and
qemu-aarch64-static runs it one instruction at a time and logs each one inside the kernel's functions. Prints instructions
per output, that is per block of 32 values, output feature and activation row. An emulator that counts knows nothing of time.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LLVM = "/usr/lib/llvm-22/bin/"
FLAGS = {"neon": [], "dotprod": ["-march=armv8.2-a+dotprod"], "i8mm": ["-march=armv8.2-a+dotprod+i8mm"]}
OPTIONS = "-std=c++17 -O3 -ffreestanding -fno-stack-protector -fno-rtti -fno-exceptions -ffp-contract=off -fno-math-errno"


def build(directory, sysroot):
    compiler = ["clang++-22", "--target=aarch64-linux-gnu", f"--sysroot={sysroot}", f"-I{ROOT}/include"]
    sources = [(source, FLAGS[variant]) for variant in FLAGS for source in (ROOT / "lib/Kernels/ARM64").glob(f"*_{variant}.cpp")]
    sources += [(ROOT / "lib/Kernels" / name, []) for name in
                ("Scalar/Q8_0MatMul_scalar.cpp", "Scalar/Q8_0Round_scalar.cpp", "Soft/Fma.cpp", "Soft/Half.cpp")]
    objects = []
    for source, flags in sources:
        objects.append(directory / (source.stem + ".o"))
        subprocess.run([*compiler, *OPTIONS.split(), *flags, "-c", source, "-o", objects[-1]], check=True)
    have = [f"-DIGNIS_KERNELS_HAVE_{variant.upper()}=1" for variant in FLAGS]
    program = directory / "count"
    subprocess.run([*compiler, "-std=c++17", "-O2", *have, "-static", "-fuse-ld=lld", ROOT / "utils/arm-instructions.cpp",
                    ROOT / "lib/Kernels/Dispatch.cpp", ROOT / "lib/Kernels/CPUFeatures.cpp", *objects, "-o", program], check=True)
    return program


def count(program, variant, kernel, features, k, rows, directory):
    """Instructions inside the variant's matvec and matmul and what only they call."""
    text = subprocess.run([LLVM + "llvm-nm", "-S", "--defined-only", program], check=True, capture_output=True, text=True).stdout
    ranges = [f"0x{a}+0x{size}" for a, size, name in re.findall(r"^(\w+) (\w+) [tT] (\S+)", text, re.M)
              if f"7kernels{len(variant)}{variant}1" in name and "q8_0" in name and "round" not in name or "multiply" in name]
    log = directory / "log"
    subprocess.run(["qemu-aarch64-static", "-singlestep", "-d", "exec,nochain", "-dfilter", ",".join(ranges), "-D", log,
                    program, variant, kernel, str(features), str(k), str(rows)], check=True)
    with log.open() as lines:
        return sum(line.startswith("Trace") for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sysroot", default=ROOT / "build-arm/sysroot", help="arm64 libraries (utils/arm-sysroot.sh)")
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--k", type=int, default=896)
    parser.add_argument("--rows", type=int, default=64, help="of matmul")
    arguments = parser.parse_args()
    print(f"| k = {arguments.k}, {arguments.features} features | matvec | matmul, {arguments.rows} rows |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        program = build(directory, arguments.sysroot)
        for variant in FLAGS:
            cells = []
            for kernel, rows in (("matvec", 1), ("matmul", arguments.rows)):
                total = count(program, variant, kernel, arguments.features, arguments.k, rows, directory)
                cells.append(f"{total / (arguments.features * arguments.k / 32 * rows):.2f}")
            print(f"| {variant} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
