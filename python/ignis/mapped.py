# ===- mapped.py - files as memory ------------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Read-only mappings of large files."""

from __future__ import annotations

import mmap
import os
import stat

from .errors import InputError


def map_file(path: str | os.PathLike, what: str) -> mmap.mmap:
    """Maps a whole regular file; `what` says in messages what it should have been."""
    # Asked before opening: opening a pipe would wait for its other end.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise InputError(f"{os.fspath(path)}: expected {what}, got no regular file")
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise InputError(f"{os.fspath(path)}: expected {what}, got an empty file")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def release(mapping: mmap.mmap, begin: int, end: int) -> None:
    """Tells the system that these bytes will not be read again soon, so that what is resident
    does not grow with the file. They stay readable."""
    if hasattr(mapping, "madvise"):
        first = begin // mmap.PAGESIZE * mmap.PAGESIZE
        mapping.madvise(mmap.MADV_DONTNEED, first, end - first)
