# ===- setup.py - the package with the native module ------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`pip install --no-build-isolation --no-deps --no-index ./python` (pip, setuptools and wheel from the system's
packages): builds the native module and the compiler with CMake, in IGNIS_BUILD_DIR (../build), and puts both beside
the package's modules. What is in the build already is used. The rest is in pyproject.toml."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

TREE = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("IGNIS_BUILD_DIR") or TREE / "build").resolve()


class BuildNative(build_ext):
    def build_extension(self, extension: Extension) -> None:
        if not (BUILD / "CMakeCache.txt").is_file():
            compilers = [f"-DCMAKE_{language}_COMPILER={program}" for language, name in (("C", "clang-22"), ("CXX", "clang++-22"))
                         if (program := shutil.which(name)) and {"C": "CC"}.get(language, language) not in os.environ]
            if shutil.which("ccache"):
                compilers += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
            subprocess.run(["cmake", "-G", "Ninja", "-S", TREE, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release",
                            "-DIGNIS_BUILD_TESTS=OFF", "-DIGNIS_BUILD_BENCHMARKS=OFF",
                            f"-DPython3_EXECUTABLE={sys.executable}", *compilers], check=True)
        subprocess.run(["cmake", "--build", BUILD, "--target", "ignis_native", "IgnisCompiler"], check=True)
        made = BUILD / "python/ignis" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
        if not made.is_file():
            raise SystemExit(f"{made}: not built; {BUILD} belongs to another Python, or has no pybind11")
        target = Path(self.get_ext_fullpath(extension.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        suffix = ".dylib" if sys.platform == "darwin" else ".so"
        for source in (made, BUILD / "lib" / f"libIgnisCompiler{suffix}"):
            shutil.copy2(source, target.parent)


# The source tree stays clean: what setuptools makes on its way is in the build directory too.
scratch = BUILD / "python" / "package"
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
vocabulary = sorted(path for path in (TREE / "data/tokenizers/qwen2").iterdir() if path.is_file())
os.chdir(Path(__file__).resolve().parent)
setup(data_files=[("share/ignis/tokenizers/qwen2", [os.path.relpath(path) for path in vocabulary])],
      ext_modules=[Extension("ignis._native", [])], cmdclass={"build_ext": BuildNative},
      options={"build": {"build_base": str(scratch)}, "egg_info": {"egg_base": str(scratch)}})
