# ===- lit.cfg.py - how the compiler's tests run ----------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# `build/bin/ignis-lit build/test`, or one file: `build/bin/ignis-lit test/Dialect/Ignis/IR/ops.mlir`.

import os

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

if not hasattr(config, "ignis_obj_root"):  # A path in the source tree: ignis-lit says which build it belongs to.
    lit_config.load_config(config, os.environ["IGNIS_LIT_SITE"])
    raise SystemExit

config.name = "ignis"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Lab", "Tools", "Unit", "data", "fuzz", "lib"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ignis_obj_root, "test")

llvm_config.use_default_substitutions()  # FileCheck
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)  # not, count
binaries = os.path.join(config.ignis_obj_root, "bin")
# Every module that a test reads is also written as text and as bytecode and read back.
arguments = {"ignis-opt": ["--verify-roundtrip"], "ignis-plan": [], "ignis-run": []}
if config.emulator:  # Programs of another processor.
    llvm_config.with_environment("QEMU_CPU", os.environ.get("QEMU_CPU", "max"))
    substitutions = [
        ToolSubst(name, command=" ".join([*config.emulator, os.path.join(binaries, name), *extra]))
        for name, extra in arguments.items()
    ]
else:
    substitutions = [ToolSubst(name, unresolved="fatal", extra_args=extra) for name, extra in arguments.items()]
llvm_config.add_tool_substitutions(substitutions, [binaries, config.llvm_tools_dir])
config.substitutions.append(("%model", os.path.join(config.test_source_root, "..", "models", "fairy-tales-20m-q8_0.gguf")))
config.available_features.add(config.processor)  # x86_64 or aarch64
config.substitutions.append(("%contract-plugin", os.path.join(config.ignis_obj_root, "test", "lib", "IgnisContractPlugin.so")))
# Any function without ops of the dialect, down to what mlir-runner takes.
to_llvm = (
    "--convert-linalg-to-loops --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-arith-to-llvm "
    "--finalize-memref-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts"
)
config.substitutions.append(("%to-llvm", to_llvm))
