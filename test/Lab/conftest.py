# ===- conftest.py - fixtures of the laboratory's own target ------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""What `./dev lab` runs; it shares the helpers of python/tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python/tests"))

from fixtures import broken, tiny, whole  # noqa: E402, F401
