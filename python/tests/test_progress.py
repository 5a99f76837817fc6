# ===- test_progress.py - which bar is shown where ---------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Modules that stand in for IPython, ipywidgets and tqdm: no notebook is needed (test/Lab/test_notebook.py has a real
one)."""

import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from ignis import progress
from laboratory import ROOT


class Tqdm:
    made = []

    def __init__(self, **named):
        self.n, self.closed, self.extra, self.named = 0, False, "", named
        self.total = named["total"]
        Tqdm.made.append(self)

    def update(self, count):
        self.n += count

    def set_postfix_str(self, text, refresh):
        self.extra = text

    def close(self):
        self.closed = True


@pytest.fixture
def world(monkeypatch):
    """world(kernel=..., widgets=..., tqdm=..., terminal=...) makes these modules or their absence."""
    def make(kernel=None, widgets=None, tqdm=False, terminal=False):
        shown = []

        def display(thing, display_id):
            shown.append(thing)
            return SimpleNamespace(update=shown.append)
        for name in ("IPython", "IPython.display", "ipywidgets", "tqdm", "tqdm.notebook"):
            monkeypatch.setitem(sys.modules, name, None)  # importing it is an ImportError
        if kernel is None:
            monkeypatch.delitem(sys.modules, "IPython")
        else:
            shell = SimpleNamespace(config=kernel) if kernel else None
            for name, content in (("IPython", {"get_ipython": lambda: shell}), ("IPython.display", {"display": display})):
                module = ModuleType(name)
                vars(module).update(content)
                monkeypatch.setitem(sys.modules, name, module)
        if widgets:
            module = ModuleType("ipywidgets")
            module.__version__ = widgets
            monkeypatch.setitem(sys.modules, "ipywidgets", module)
        for name in ("tqdm", "tqdm.notebook") if tqdm else ():
            module = ModuleType(name)
            module.tqdm = type("Of" + name.replace(".", ""), (Tqdm,), {})
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: terminal, write=lambda text: None, flush=lambda: None))
        Tqdm.made.clear()
        return shown
    return make


KERNEL = {"IPKernelApp": {}}


@pytest.mark.parametrize("kernel, widgets, tqdm, terminal, expected", [
    (KERNEL, "8.1.9", True, False, "Oftqdmnotebook"),
    (KERNEL, "7.0.0", True, False, "Oftqdmnotebook"),
    (KERNEL, "6.0.0", True, False, "HtmlView"),  # Debian 12's
    (KERNEL, "8.1.9", False, False, "HtmlView"),
    (KERNEL, "?", True, False, "HtmlView"),
    (KERNEL, None, True, True, "HtmlView"),
    ({"TerminalIPythonApp": {}}, "8.1.9", True, True, "Oftqdm"),  # IPython in a terminal
    ({"TerminalIPythonApp": {}}, "8.1.9", True, False, "NoteView"),
    ({}, "8.1.9", True, True, "Oftqdm"),  # IPython is imported, but this is no shell of its
    (None, "8.1.9", True, True, "Oftqdm"),
    (None, None, False, True, "LineView"),
    (None, "8.1.9", True, False, "NoteView"),
])
def test_the_view_fits_the_place(world, kernel, widgets, tqdm, terminal, expected):
    world(kernel, widgets, tqdm, terminal)
    view = progress.view_of("x", 3)
    made = type(Tqdm.made[0]).__name__ if Tqdm.made else type(view).__name__
    assert made == expected


def test_a_bar_in_a_notebook(world):
    shown = world(KERNEL)
    with progress.Bar("states <b>", 4) as bar:
        bar._view.drawn = 0
        bar.advance(2, extra="2\x1b[31m & more")
        bar._view.drawn = 0
        bar.advance(total=9)
    pages = [thing._repr_html_() for thing in shown]
    assert pages[0] == pages[-1] == "" and 'value="2" max="4"' in pages[2] and 'value="3" max="9"' in pages[3]
    assert "states &lt;b&gt;: 2 of 4" in pages[2] and "2\\x1b[31m &amp; more" in pages[2] and repr(shown[2]).startswith("states <b>: 2")
    shown = world(KERNEL)
    with progress.Bar("quick", 10**6) as bar:
        for _ in range(100000):
            bar.advance()
    assert 2 < len(shown) < 50, "not every step is drawn"


def test_a_bar_of_tqdm_counts_and_is_closed(world):
    world(terminal=True, tqdm=True)
    with pytest.raises(KeyboardInterrupt), progress.Bar("x", None) as bar:
        bar.advance(3, extra="e")
        bar.advance(1, total=8)
        raise KeyboardInterrupt
    made, = Tqdm.made
    assert (made.n, made.total, made.extra, made.closed) == (4, 8, "e", True)
    assert made.named == {"total": None, "desc": "x", "leave": False}


def test_quiet_is_quiet(world):
    shown = world(KERNEL, "8.0.0", True, True)
    with progress.Bar("x", 3, quiet=True) as bar:
        bar.advance()
    assert not shown and not Tqdm.made


CODE = """
import sys
sys.modules["tqdm"] = None
from ignis import progress
with progress.Bar("states", 3) as bar:
    bar._view.drawn = 0
    bar.advance(extra="x\\ny")
    bar.advance()
"""


def test_a_terminals_line_is_rewritten_and_removed(terminal):
    ours, theirs = terminal
    subprocess.run([sys.executable, "-c", CODE], cwd=ROOT / "python", stderr=theirs, check=True)
    text = os.read(ours, 4096).decode()
    assert "\n" not in text and text.count("\r\x1b[K") == 3 and "states: 1 of 3" in text and text.endswith("\r\x1b[K")


def test_no_terminal_no_bar():
    """A file gets nothing at once, then a whole line from time to time."""
    made = subprocess.run([sys.executable, "-c", CODE.replace("bar._view.drawn = 0", "")], cwd=ROOT / "python", capture_output=True,
                          text=True, check=True)
    assert (made.stdout, made.stderr) == ("", "")
    made = subprocess.run([sys.executable, "-c", CODE.replace("bar._view.drawn = 0", "bar._view.every = 0")], cwd=ROOT / "python",
                          capture_output=True, text=True, check=True)
    assert made.stderr.splitlines() == ["states: 1 of 3, 0 s  x\\ny", "states: 2 of 3, 0 s"]
