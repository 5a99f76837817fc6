# ===- __init__.py - the Python package of ignis ----------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Tools around ignis, the compiler for Qwen2 language models.

Modules that need NumPy alone:

* ``ignis.gguf``       GGUF files: a checked, memory-mapped reader and a writer
* ``ignis.quants``     tensor encodings F32, F16, BF16 and Q8_0
* ``ignis.model``      hyper-parameters, tensors and vocabulary of a Qwen2 file
* ``ignis.convert``    ``python -m ignis.convert HF_DIR OUT.gguf``: Hugging Face to GGUF
* ``ignis.synthesize`` ``python -m ignis.synthesize OUT.gguf``: models with random weights
* ``ignis.reference``  the forward pass in plain NumPy, the referee of the compiled ones

Modules that need the compiler (`ignis._native`, built beside the tools):

* ``ignis.pipeline``   passes and pipelines as values
* ``ignis.space``      which orders of passes are legal, how many, and one drawn at random
* ``ignis.explore``    ``python -m ignis explore EXPERIMENT.toml``: run, check, measure, compare
* ``ignis.report``     ``python -m ignis report RESULTS.jsonl``: one HTML page
* ``ignis.blame``      ``python -m ignis reduce``: which pass is wrong, and the smallest module that shows it

What most programs need is here: ``ignis.Model``, ``ignis.Module``, ``ignis.run_pipeline``,
``ignis.compile``, ``ignis.Session``, ``ignis.plan_memory``. Each is imported when it is first used, so
that every module loads only what it needs.
"""

from __future__ import annotations

import os as _os
from pathlib import Path as _Path

__version__ = "0.1.0"

# In the source tree the native module lies in the build directory, beside the library it loads.
_build = _Path(_os.environ.get("IGNIS_BUILD_DIR") or _Path(__file__).resolve().parents[2] / "build")
if (_build / "python" / "ignis").is_dir():
    __path__.append(str(_build / "python" / "ignis"))

_NATIVE = ("Compiled", "Model", "Module", "Session", "check_pipeline", "compile", "emit", "load_plugin",
           "plan_bound", "plan_memory", "plan_parse", "plan_svg", "plan_verify", "planners",
           "run_pipeline")


def __getattr__(name: str) -> object:
    if name in _NATIVE:
        try:
            from . import _native
        except ImportError as error:
            raise ImportError(f"ignis.{name} needs the native module: build it (./dev build) or install the "
                              f"package with the compiler ({error})") from error
        return getattr(_native, name)
    raise AttributeError(f"module 'ignis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NATIVE])
