#!/usr/bin/env python3
# ===- plant-faults.py - breaks real passes; the laboratory has to notice ----------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""./dev faults: edits a copy of a pass's C++ source the way a slip would, compiles it, links libIgnisCompiler.so anew
with it (the build itself is not touched), runs an order with the broken pass on a tiny model, and asks

* the correctness check: do the compiled logits have the bits of the unbroken compiler's?
* blame: which pass does `ignis.blame` name, and how many ops does the reduced module have?

Every fault must be caught and blamed on the right pass: exit code 0, else 1. `--list` names the faults, arguments
choose some of them.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("IGNIS_BUILD_DIR") or ROOT / "build").resolve()
FUSIONS = "lib/Dialect/Ignis/Transforms"
TAIL = ("ignis-bufferize-pipeline,func.func(ignis-materialize-rounding,ignis-decompose-attention,"
        "ignis-plan-memory{planner=best-of-greedy})")
PLAIN = f"builtin.module({TAIL})"
ROUNDING = (f"builtin.module(func.func(ignis-fuse-rms-norm,ignis-fuse-swiglu),"
            f"{TAIL.replace('ignis-materialize-rounding,', 'ignis-materialize-rounding,ignis-fuse-rounding,')})")


def behind(passes: str) -> str:
    return f"builtin.module(func.func({passes}),{TAIL})"


# name: (source, text, its broken form, pipeline, pass to blame). The text stands in the source once.
FAULTS = {
    "norm-eps": (f"{FUSIONS}/FuseRmsNorm.cpp", "normalize.getEpsAttr()", "rewriter.getF32FloatAttr(0.1f)",
                 behind("ignis-fuse-rms-norm,ignis-fuse-swiglu"), "ignis-fuse-rms-norm"),
    "swiglu-swapped": (f"{FUSIONS}/FuseSwiglu.cpp", "silu.getX(), other,", "other, silu.getX(),",
                       behind("ignis-fuse-rms-norm,ignis-fuse-swiglu"), "ignis-fuse-swiglu"),
    "linear-swiglu-swapped": (f"{FUSIONS}/FuseLinearSwiglu.cpp", "gate.getWeight(), up.getWeight(),\n",
                              "up.getWeight(), gate.getWeight(),\n",
                              behind("ignis-fuse-swiglu,ignis-fuse-linear-swiglu,ignis-fuse-qkv"), "ignis-fuse-linear-swiglu"),
    "qkv-swapped": (f"{FUSIONS}/FuseLinearGroup.cpp", "    auto group = LinearGroupOp",
                    "    if (biases)\n      std::swap(weights[1], weights[2]);\n    auto group = LinearGroupOp",
                    behind("ignis-fuse-rms-norm,ignis-fuse-qkv,ignis-fuse-swiglu"), "ignis-fuse-qkv"),
    "gate-up-doubled": (f"{FUSIONS}/FuseLinearGroup.cpp", "weights.push_back(linear.getWeight());",
                        "weights.push_back(biases ? linear.getWeight() : layers.front().getWeight());",
                        behind("ignis-fuse-residual,ignis-fuse-gate-up"), "ignis-fuse-gate-up"),
    "residual-stale": (f"{FUSIONS}/FuseResidual.cpp", "linear.getBias(), residual,",
                       "linear.getBias(), add->getParentOfType<func::FuncOp>().getArgument(0),",
                       behind("ignis-fuse-swiglu,ignis-fuse-residual"), "ignis-fuse-residual"),
    "rope-cache-layer": (f"{FUSIONS}/FuseRopeCache.cpp", "attention.getLayerAttr());\n    auto attend",
                         "rewriter.getIntegerAttr(attention.getLayerAttr().getType(), 0));\n    auto attend",
                         behind("ignis-fuse-rope-cache,ignis-fuse-qkv"), "ignis-fuse-rope-cache"),
    "shared-rounding-stale": (f"{FUSIONS}/ShareRounding.cpp", "Value &shared = rounded[{x, rows}];",
                              "Value key = x;\n        for (auto &entry : rounded)\n          if (entry.first.first.getType() == x.getType())\n"
                              "            key = entry.first.first;\n        Value &shared = rounded[{key, rows}];",
                              behind("ignis-fuse-rms-norm,ignis-share-rounding"), "ignis-share-rounding"),
    "rounding-stale": (f"{FUSIONS}/MaterializeRounding.cpp",
                       "rounded[rootOf(x)];\n    if (share)\n      for (RoundOp round : ofRoot)\n        if (round.getX() == x &&",
                       "rounded[Value()];\n    if (share)\n      for (RoundOp round : ofRoot)\n"
                       "        if (round.getX().getType() == x.getType() &&",
                       behind("ignis-fuse-rms-norm"), "ignis-materialize-rounding"),
    "last-row-at-first-position": (f"{FUSIONS}/NarrowRows.cpp", "position->set(lastPosition(position->get()));", "(void)position;",
                                   behind("ignis-fuse-rope-cache,ignis-narrow-rows"), "ignis-narrow-rows"),
    "first-row-for-last": ("lib/Conversion/IgnisToVector/Elementwise.cpp", "Value row = e.addI(rowsInUse(e, op), -1),", "Value row = e.index(0),",
                           behind("ignis-fuse-rope-cache,ignis-narrow-rows"), "ignis-lower-ops"),
    "keys-as-values": ("lib/Conversion/Driver/DecomposeAttention.cpp", "op.getK(), op.getV(),", "op.getV(), op.getK(),",
                       behind("ignis-fuse-swiglu"), "ignis-decompose-attention"),
    "places-overlap": ("lib/Transforms/PlanMemory.cpp", "ConstantIndexOp::create(builder, old->getLoc(), offset);",
                       "ConstantIndexOp::create(builder, old->getLoc(), offset / 128 * 64);",
                       behind("ignis-fuse-rms-norm"), "ignis-plan-memory"),
    "last-residual-dropped": (f"{FUSIONS}/FuseResidual.cpp", "linear.getBias(), residual,",
                              "linear.getBias(), cast<StringAttr>(linear.getWeight().getDefiningOp<WeightOp>().getNames()[0]).getValue() == "
                              "\"blk.1.ffn_down.weight\" ? Value() : residual,",
                              behind("ignis-fuse-rms-norm,ignis-fuse-residual"), "ignis-fuse-residual"),
    "first-layers-gate": (f"{FUSIONS}/FuseLinearSwiglu.cpp", "gate.getWeight(), up.getWeight(),\n",
                          "[&]() -> Value {\n for (auto weight : swiglu->getBlock()->getOps<WeightOp>())\n"
                          "   if (cast<StringAttr>(weight.getNames()[0]).getValue().ends_with(\"ffn_gate.weight\")) return weight;\n"
                          " return gate.getWeight(); }(), up.getWeight(),\n",
                          behind("ignis-fuse-swiglu,ignis-fuse-linear-swiglu"), "ignis-fuse-linear-swiglu"),
    "last-row-overlaps": ("lib/Transforms/PlanMemory.cpp", "ConstantIndexOp::create(builder, old->getLoc(), offset);",
                          "ConstantIndexOp::create(builder, old->getLoc(), offset > 4096 ? offset - 256 : offset);",
                          behind("ignis-fuse-rms-norm"), "ignis-plan-memory"),
    "read-before-write-unordered": ("lib/Analysis/Barriers.cpp", "meets(writes, range) || (isWrite && meets(reads, range))",
                                    "meets(writes, range) || (isWrite && range.begin < 0)",
                                    behind("ignis-fuse-rms-norm"), "ignis-insert-barriers"),
    "scores-scaled-twice": ("lib/Conversion/IgnisToVector/Attention.cpp", "1.0f / std::sqrt(static_cast<float>(d))",
                            "1.0f / static_cast<float>(d)", behind("ignis-fuse-rms-norm"), "ignis-lower-ops"),
    "rounds-what-cannot": (f"{FUSIONS}/FuseRounding.cpp", "!compute.canRound(*init)", "!init", ROUNDING, "ignis-fuse-rounding"),
    "rounds-into-first-row": ("lib/Conversion/IgnisToVector/Norm.cpp", "width, out, row, one, zero,", "width, out, zero, one, zero,",
                              ROUNDING, "ignis-lower-ops"),
}
# Whole chunks of 16 rows, and the last position.
GATE = {"prompts": [[5, 17, 290, 33, 8, 120, 77, 4, 9, 250, 31, 6, 44, 45, 46, 47, 48, 49], [11, 12, 13, 14],
                    [(7 * at + 3) % 300 for at in range(64)]], "decode": 3, "chunk": 16}


def judge(model_path: str, pipeline: str, reference: str) -> dict:
    """Runs in a process of its own, which loads the broken library."""
    import ignis
    import numpy as np
    from ignis import blame, work
    model = ignis.Model(model_path)
    module = model.import_module(context=64, chunk=16, entries=["embed", "decode", "prefill"])
    try:
        final, *_ = ignis.run_pipeline(module, pipeline)
        work.judge_places(final)
        logits = work.gate_logits(ignis.Session(ignis.compile(model, final), threads=2), GATE)
    except Exception as error:
        caught, reason = True, work.first_line(error)
    else:
        if not Path(reference).exists():
            np.save(reference, logits)
            return {}
        right, reason, _ = work.compare(logits, np.load(reference), 0.0)
        caught = not right
    verdict = blame.reduce(model_path, module, blame.steps_of(pipeline))
    ops = None if verdict.reduced is None else sum(len(function["ops"]) for function in verdict.reduced.describe().values())
    return {"caught": caught, "reason": reason, "blamed": verdict.blamed, "why": verdict.reason, "ops": ops}


def broken_library(name: str, folder: Path) -> None:
    """libIgnisCompiler.so in `folder`, with the edited source in place of its own."""
    source, text, broken, _, _ = FAULTS[name]
    path = ROOT / source
    content = path.read_text()
    if content.count(text) != 1:
        raise SystemExit(f"{source}: expected {text!r} once, found it {content.count(text)} times")
    copy = folder / path.name
    copy.write_text(content.replace(text, broken))
    entry = next(entry for entry in json.loads((BUILD / "compile_commands.json").read_text()) if entry["file"] == str(path))
    command, made = shlex.split(entry["command"]), folder / "broken.o"
    built = command[command.index("-o") + 1]
    command[command.index("-o") + 1] = str(made)
    command[command.index(str(path))] = str(copy)
    subprocess.run([*command, "-iquote", str(path.parent)], cwd=entry["directory"], check=True)
    link = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", "IgnisCompiler"], check=True, capture_output=True,
                          text=True).stdout.splitlines()[-1]
    words = [str(made) if word == built else word for word in shlex.split(link) if word not in (":", "&&")]
    words[words.index("-o") + 1] = str(folder / "libIgnisCompiler.so")
    subprocess.run(words, cwd=BUILD, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Breaks real passes; all must be caught and blamed.")
    parser.add_argument("faults", nargs="*", help="some faults (all)")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--judge", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        print(json.dumps(judge(*options.judge)))
        return 0
    if options.list:
        print("\n".join(f"{name:24} {FAULTS[name][4]:28} {FAULTS[name][0]}" for name in FAULTS))
        return 0
    unknown = set(options.faults) - set(FAULTS)
    if unknown:
        parser.error(f"no fault {' '.join(sorted(unknown))}; --list names them")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "IGNIS_BUILD_DIR": str(BUILD)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model, reference = str(folder / "tiny.gguf"), str(folder / "reference.npy")
        subprocess.run([sys.executable, "-m", "ignis.synthesize", model, "--shape",
                        "hidden=64,layers=2,heads=2,kv=1,ffn=96,vocab=300,tied=1,head_dim=32", "--type", "q8_0", "--seed", "3"],
                       env=environment, check=True, capture_output=True)

        def run(pipeline: str, **more: str) -> subprocess.CompletedProcess:
            return subprocess.run([sys.executable, __file__, "--judge", model, pipeline, reference], env=environment | more,
                                  capture_output=True, text=True)
        if (made := run(PLAIN)).returncode:
            raise SystemExit(made.stderr)
        good = 0
        chosen = options.faults or list(FAULTS)
        for name in chosen:
            _, _, _, pipeline, expected = FAULTS[name]
            unbroken = json.loads(run(pipeline).stdout or "null")
            broken_library(name, folder)
            made = run(pipeline, LD_LIBRARY_PATH=str(folder))
            found = json.loads(made.stdout) if made.returncode == 0 else {"caught": True, "reason": f"died: {made.returncode}", "blamed": None}
            right = bool(unbroken and not unbroken["caught"] and not unbroken["blamed"] and found["caught"] and found["blamed"] == expected)
            good += right
            print(f"{'ok  ' if right else 'FAIL'} {name}: {found['reason'] or 'not caught'}; blamed {found['blamed'] or 'nobody'}"
                  f" ({found.get('why')}), reduced to {found.get('ops')} ops"
                  + ("" if unbroken and not unbroken["caught"] else f"; the unbroken order: {unbroken}"), flush=True)
        print(f"{good} of {len(chosen)} faults caught and blamed on the right pass")
        return 0 if good == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
