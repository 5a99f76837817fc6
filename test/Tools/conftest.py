# ===- conftest.py - where the tools are ------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Tools come from $IGNIS_BUILD_DIR (default: build/); a missing tool is a failure, not a skip. $IGNIS_EMULATOR is what
# to put before their names, as `./dev arm` does for programs of another processor.

import os
import pathlib
import platform
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python/tests"))
from fixtures import terminal  # noqa: E402, F401

# A shell's background jobs ignore Ctrl-C, those of nohup a hang-up too, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("IGNIS_BUILD_DIR", ROOT / "build"))
EMULATOR = shlex.split(os.environ.get("IGNIS_EMULATOR", ""))
ARM = bool(EMULATOR) or platform.machine() in ("aarch64", "arm64")


class Tools:
    """Runs the tools; `model` is the shipped one."""

    def __init__(self, cache):
        self.bin = BUILD / "bin"
        self.model = ROOT / "models" / "fairy-tales-20m-q8_0.gguf"
        self.env = dict(os.environ, IGNIS_CACHE_DIR=str(cache))

    def run(self, tool, *arguments, input=None):
        return subprocess.run(
            [*EMULATOR, self.bin / tool, *map(str, arguments)], capture_output=True, env=self.env, input=input, timeout=300
        )

    def usable_kernels(self):
        """Names of the variants that this processor runs, and of those that it does not."""
        listing = self.text("ignis-run", "--print-kernels").splitlines()[1:]
        names = [line[2:].split()[0] for line in listing]
        usable = [name for name in names if self.run("ignis-run", "--print-kernels", "--kernels", name).returncode == 0]
        return usable, [name for name in names if name not in usable]

    def __call__(self, tool, *arguments, expect=0, input=None):
        done = self.run(tool, *arguments, input=input)
        assert expect is None or done.returncode == expect, f"{tool} {arguments}: {done.returncode}\n{done.stderr.decode()}"
        return done

    def text(self, tool, *arguments, **keywords):
        return self(tool, *arguments, **keywords).stdout.decode()

    def error(self, *arguments, expect=1):
        """The one line that a mistake costs."""
        done = self("ignis-run", *arguments, expect=expect)
        lines = done.stderr.decode().splitlines()
        assert done.stdout == b"" and len(lines) == 1, (done.stdout, lines)
        return lines[0]

    def logits(self, path, ids, *arguments, model=None):
        """float32 [len(ids), vocabulary]."""
        self("ignis-run", model or self.model, "--ids", ",".join(map(str, ids)), "--logits", path, *arguments)
        return np.load(path)


@pytest.fixture(scope="session")
def tools(tmp_path_factory):
    return Tools(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def root():
    return ROOT
