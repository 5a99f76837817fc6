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

Nothing is imported here, so that each module loads only what it needs.
"""

__version__ = "0.1.0"
