# ===- errors.py - what a command says when it cannot go on -----------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""One exception for bad input, and the exit codes every command keeps.

0 success, 1 bad input (one line on stderr), 2 bad usage (argparse), 130 after Ctrl-C.
"""

from __future__ import annotations

import signal
import sys
from typing import Callable, NoReturn


class InputError(Exception):
    """Input that cannot be used. The text says what, where, what was expected and what came."""


def printable(text: object) -> str:
    """`text` on one line: control and other unprintable characters become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
                   for c in str(text))


def note(text: object) -> None:
    """Prints one line about the work on stderr; stdout is for results alone."""
    print(printable(text), file=sys.stderr, flush=True)


def _terminated(signum: int, frame: object) -> NoReturn:
    sys.exit(128 + signum)  # unwinds, so that unfinished files are removed


def run(command: Callable[[], int | None]) -> int:
    """Runs a command and turns what it raises into an exit code and one line on stderr."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup's wish
            signal.signal(number, _terminated)
    try:
        return command() or 0
    except InputError as error:
        note(f"error: {error}")
    except KeyboardInterrupt:
        note("interrupted")
        return 130
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        note(f"error: {where}{error.strerror or error}")
    except ImportError as error:
        if "_native" not in str(error):
            raise
        note(f"error: no native module: build it (./dev build) or install the package with the compiler ({error})")
    except MemoryError as error:
        note(f"error: out of memory: {error}")
    return 1
