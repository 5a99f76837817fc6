#!/usr/bin/env python3
# ===- lint.py - rules of form and structure, checked -------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Checks what reviewers should not have to: banners, length, layers, format, clang-tidy.

    utils/lint.py                          banners, length of files, layers, links: a second
    utils/lint.py --format                 clang-format-22 too
    utils/lint.py --tidy --build build     clang-tidy-22 too (.clang-tidy has the checks): minutes
    utils/lint.py --tidy FILE...           clang-tidy-22 on these alone

The layers are the table in docs/Architecture.md. One line per finding, FILE:LINE: what; exit status 1
if there is one.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 600
CODE = {".cpp", ".h", ".td", ".inc", ".def"}
# Tables that a script made or that hold nothing but data.
LONG = {"lib/Tokenizer/UnicodeTables.inc"}


def tracked():
    """Files of the project, those not yet added included."""
    out = None
    if shutil.which("git"):
        out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                             capture_output=True)
    if out and out.returncode == 0:
        names = out.stdout.splitlines()
    else:  # A source archive, or no git.
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file()
                 and not p.relative_to(ROOT).parts[0].startswith(("build", "."))]
    return sorted(n for n in names if (ROOT / n).exists())


def banners(names):
    for name in names:
        suffix = Path(name).suffix
        if suffix not in CODE | {".py"} or name.startswith(("models/", "data/")):
            continue
        lines = (ROOT / name).read_text(errors="replace").splitlines()
        head = lines[:6]
        if suffix in CODE and not (head and head[0].startswith("//===- " + Path(name).name + " - ")):
            yield f"{name}:1: expected the banner '//===- {Path(name).name} - what it is ...'"
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head):
            yield f"{name}:1: no licence line"
        if len(lines) > MOST_LINES and name not in LONG:
            yield f"{name}:{len(lines)}: expected at most {MOST_LINES} lines"


def layers():
    """{library: (allowed libraries, MLIR allowed)} from the document."""
    text = (ROOT / "docs/Architecture.md").read_text()
    section = text.split("## Who may include whom", 1)[1].split("\n## ", 1)[0]
    table = {}
    for row in re.findall(r"^\| (.+?) \| (.*?) ?\| (yes|no) \|$", section, re.M):
        table[row[0]] = ({n.strip() for n in row[1].split(",") if n.strip()}, row[2] == "yes")
    return table


def library(path, names):
    """The library of include/ignis/PATH or lib/PATH."""
    return next((n for n in sorted(names, key=len, reverse=True) if path.startswith(n + "/")), None)


def layering(names):
    table = layers()
    libraries = [n for n in table if not n.endswith("(headers)")]
    for name in names:
        if Path(name).suffix not in CODE or not name.startswith(("lib/", "include/ignis/")):
            continue
        header = name.startswith("include/")
        path = name.removeprefix("include/ignis/").removeprefix("lib/")
        own = library(path, libraries)
        if own is None:
            if path not in ("InitAll.h",):
                yield f"{name}:1: no row in docs/Architecture.md for its library"
            continue
        rule = own + " (headers)" if header and own + " (headers)" in table else own
        allowed, mlir = table[rule]
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1):
            match = re.match(r'\s*#?include [<"]([^">]+)[">]', line)
            if not match:
                continue
            included = match[1]
            if included.startswith(("mlir/", "mlir-c/")) and not mlir:
                yield f"{name}:{number}: {rule} may not include MLIR"
            if not included.startswith("ignis/"):
                continue
            other = library(included.removeprefix("ignis/"), libraries)
            if other is None:
                if included == "ignis/InitAll.h" and own not in ("Execution", "Pipelines"):
                    yield f"{name}:{number}: InitAll.h is for tools, tests and Execution"
                continue
            public = other + " (headers)"
            if other != own and not {other, public} & allowed:
                yield f"{name}:{number}: {rule} may not include {other} (docs/Architecture.md)"


def references(names):
    """Names of documents (docs/*.md in any file, links of Markdown files) that lead nowhere."""
    for name in names:
        path = Path(name)
        if path.suffix not in CODE | {".py", ".md", ".sh", ".txt"} or name.startswith(("models/", "data/")):
            continue
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1):
            found = [(ROOT, t) for t in re.findall(r"(?<![\w/.-])docs/[\w/.-]+\.md", line)]
            if path.suffix == ".md":
                found += [((ROOT / name).parent, t) for t in re.findall(r"\]\(([^)#:\s]+)", line)]
            for base, target in found:
                if not (base / target).exists():
                    yield f"{name}:{number}: there is no {target}"


def run_on(command, files):
    """Runs command + [file] on each file, several at once; yields what failed."""
    def run(name):
        out = subprocess.run(command + [name], cwd=ROOT, text=True, capture_output=True)
        return out.returncode, out.stdout + out.stderr
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for status, text in pool.map(run, files):
            if status:
                found = [line for line in text.splitlines() if re.search(r": (error|warning): ", line)]
                yield from found or [text.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--format", action="store_true")
    parser.add_argument("--tidy", action="store_true")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    names = tracked()
    findings = list(banners(names)) + list(layering(names)) + list(references(names))
    if options.format:
        findings += run_on(["clang-format-22", "--dry-run", "-Werror"],
                           [n for n in names if n.endswith((".cpp", ".h"))])
    if options.tidy:
        database = (options.build / "compile_commands.json").read_text()
        files = options.files or [n for n in names if n.endswith(".cpp") and f"/{n}\"" in database]
        findings += run_on(["clang-tidy-22", "--quiet", "-p", str(options.build)], files)
    for finding in findings:
        print(finding.replace(str(ROOT) + "/", ""))
    print(f"lint: {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
