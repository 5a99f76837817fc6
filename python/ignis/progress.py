# ===- progress.py - how far the work is ------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Progress on stderr or in a notebook: tqdm where it is installed, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

from .errors import note


class Bar:
    """Counts towards `total` (None: not known)."""

    def __init__(self, text: str, total: int | None = None, quiet: bool = False):
        self.text, self.total, self.count, self.quiet = text, total, 0, quiet
        self._shown = time.monotonic()
        self._tqdm = None
        if not quiet:
            try:
                from tqdm.auto import tqdm
                if sys.stderr.isatty() or "ipykernel" in sys.modules:
                    self._tqdm = tqdm(total=total, desc=text, leave=False)
            except ImportError:
                pass

    def advance(self, count: int = 1, total: int | None = None, extra: str = "") -> None:
        self.count += count
        if total is not None:
            self.total = total
        if self.quiet:
            return
        if self._tqdm is not None:
            self._tqdm.total = self.total
            if extra:
                self._tqdm.set_postfix_str(extra, refresh=False)
            self._tqdm.update(count)
        elif time.monotonic() - self._shown >= 10:
            self._shown = time.monotonic()
            note(f"{self.text}: {self.count:,}{f' of {self.total:,}' if self.total else ''} {extra}".rstrip())

    def close(self) -> None:
        if self._tqdm is not None:
            self._tqdm.close()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()
