# ===- progress.py - how far the work is ------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Progress where somebody looks:

* in a notebook a bar of tqdm's, if ipywidgets can show it (Debian 12's cannot: it is older than the protocol), else
  one of HTML, which every notebook shows
* in a terminal a bar of tqdm's, else a line that is rewritten
* elsewhere (a file, a pipe) no bar: a line every ten seconds
"""

from __future__ import annotations

import html
import sys
import time
from typing import Any, Protocol

from .errors import note, printable


class View(Protocol):
    """What a bar looks like."""

    def show(self, count: int, total: int | None, extra: str) -> None: ...
    def close(self) -> None: ...


class TqdmView:
    """tqdm's bar, of a notebook or of a terminal."""

    def __init__(self, tqdm: Any, text: str, total: int | None):
        self._bar = tqdm(total=total, desc=text, leave=False)

    def show(self, count: int, total: int | None, extra: str) -> None:
        self._bar.total = total
        if extra:
            self._bar.set_postfix_str(printable(extra), refresh=False)
        self._bar.update(count - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Rare:
    """A view that is drawn ten times a second at most."""

    def __init__(self, text: str, total: int | None):
        self.text, self.begin, self.drawn = text, time.monotonic(), 0.0
        self.show(0, total, "")

    def show(self, count: int, total: int | None, extra: str) -> None:
        now = time.monotonic()
        if now - self.drawn >= 0.1:
            self.drawn = now
            self.draw(count, total, line(self.text, count, total, now - self.begin, extra))

    def draw(self, count: int, total: int | None, text: str) -> None:
        raise NotImplementedError


class HtmlView(_Rare):
    """An output of a notebook's cell that is replaced, and empty in the end."""

    def __init__(self, text: str, total: int | None):
        from IPython.display import display
        self._handle = display(_Html("", ""), display_id=True)
        super().__init__(text, total)

    def draw(self, count: int, total: int | None, text: str) -> None:
        value = f' value="{min(count, total)}" max="{total}"' if total else ""
        self._handle.update(_Html(f"<progress{value}></progress> <code>{html.escape(text)}</code>", text))

    def close(self) -> None:
        self._handle.update(_Html("", ""))


class _Html:
    def __init__(self, page: str, text: str):
        self._page, self._text = page, text

    def _repr_html_(self) -> str:
        return self._page

    def __repr__(self) -> str:
        return self._text


class LineView(_Rare):
    """A terminal's line that is rewritten."""

    def draw(self, count: int, total: int | None, text: str) -> None:
        print("\r\x1b[K" + text, end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class NoteView:
    """A line every `every` seconds."""

    def __init__(self, text: str, every: float = 10.0):
        self.text, self.every = text, every
        self.begin = self.shown = time.monotonic()

    def show(self, count: int, total: int | None, extra: str) -> None:
        now = time.monotonic()
        if now - self.shown >= self.every:
            self.shown = now
            note(line(self.text, count, total, now - self.begin, extra))

    def close(self) -> None:
        pass


def line(text: str, count: int, total: int | None, seconds: float, extra: str) -> str:
    return printable(f"{text}: {count:,}{f' of {total:,}' if total else ''}, {seconds:.0f} s  {extra}".rstrip())


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    try:
        return "IPKernelApp" in sys.modules["IPython"].get_ipython().config
    except (KeyError, AttributeError, TypeError):
        return False


def view_of(text: str, total: int | None) -> View:
    """The view that this process can show."""
    if in_notebook():
        try:
            import ipywidgets
            if int(ipywidgets.__version__.split(".")[0]) >= 7:
                from tqdm.notebook import tqdm as notebook
                return TqdmView(notebook, text, total)
        except (ImportError, AttributeError, ValueError):
            pass
        return HtmlView(text, total)
    if not sys.stderr.isatty():
        return NoteView(text)
    try:
        from tqdm import tqdm as terminal
    except ImportError:
        return LineView(text, total)
    return TqdmView(terminal, text, total)


class Bar:
    """Counts towards `total` (None: not known)."""

    def __init__(self, text: str, total: int | None = None, quiet: bool = False):
        self.total, self.count = total, 0
        self._view = None if quiet else view_of(text, total)

    def advance(self, count: int = 1, total: int | None = None, extra: str = "") -> None:
        self.count += count
        if total is not None:
            self.total = total
        if self._view is not None:
            self._view.show(self.count, self.total, extra)

    def close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()
