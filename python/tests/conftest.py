# ===- conftest.py - fixtures shared by the Python tests --------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Paths of the source tree, and a way to run a command as its users do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import broken, terminal, tiny, whole  # noqa: F401

# A shell's background jobs ignore Ctrl-C, those of nohup a hang-up too, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root():
    """The source tree."""
    return ROOT


@pytest.fixture
def command():
    """command("convert", ...) runs `python -m ignis.convert ...` to its end."""
    def run(module, *arguments):
        return subprocess.run([sys.executable, "-m", f"ignis.{module}", *map(str, arguments)],
                              env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
                              capture_output=True, text=True, timeout=60)
    return run
