# ===- output.py - files that appear whole or not at all, and progress ------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Writing large files: atomically, and with someone watching."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO, Iterator

from .errors import InputError, note, printable


@contextlib.contextmanager
def atomic(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Opens a new file for writing that replaces `path` when the block ends without an exception.

    Until then `path` keeps what it held; after an exception (Ctrl-C too) nothing is left behind.
    A symbolic link is followed, so that the file it names is replaced.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError(f"{path}: expected a file to write, got a directory")
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: expected a regular file, got a device or pipe")
    if not target.parent.is_dir():
        raise InputError(f"{path}: the directory {target.parent} does not exist")
    temporary = target.parent / f".{target.name}.{os.getpid()}.partial"
    try:
        # Exclusive creation under the umask: the file gets ordinary permissions.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as file:
            yield file
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):  # a write knows no name
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


class Progress:
    """Says on stderr how much of `total` bytes is done: a line that is rewritten on a terminal, a
    line for every tenth elsewhere, nothing if `quiet`."""

    def __init__(self, total: int, quiet: bool = False):
        self.total, self.done, self.quiet = max(total, 1), 0, quiet
        self.start = self.shown = time.monotonic()
        self.tenth = 0
        self.terminal = sys.stderr.isatty()

    def advance(self, count: int, what: str) -> None:
        """Counts `count` more bytes, of the thing called `what`."""
        self.done += count
        if self.quiet:
            return
        share = min(self.done / self.total, 1.0)
        text = f"{share:4.0%}  {self.done / 1e6:,.1f} of {self.total / 1e6:,.1f} MB  {what}"
        if self.terminal:
            now = time.monotonic()
            if now - self.shown >= 0.1:
                self.shown = now
                print("\r\x1b[K" + printable(text), end="", file=sys.stderr, flush=True)
        elif int(share * 10) > self.tenth:
            self.tenth = int(share * 10)
            note(text)

    def clear(self) -> None:
        """Removes the rewritten line, before something else is printed."""
        if self.terminal and not self.quiet:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start
