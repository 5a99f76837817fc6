# ===- test_notebook.py - the laboratory in a notebook's kernel ---------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""A real kernel (Debian's python3-ipykernel): a long exploration shows a bar in the cell's output and takes it away,
and the notebook's stop button ends every long native call and leaves the kernel usable."""

import os
import time

import pytest
from jupyter_client.manager import start_new_kernel

from laboratory import ROOT, write

PRELUDE = """
import random, ignis
source = random.Random(1)
HARD = [(str(i), b, b + source.randint(1, 60), source.randint(1, 4000), source.choice((1, 64, 4096)))
        for i, b in ((i, source.randint(0, 120)) for i in range(400))]
model = ignis.Model("{model}")
module = model.import_module(context=512, chunk=16)
MANY = ",".join(["canonicalize", "cse"] * 3000)
session = ignis.Session(ignis.compile(model, context=512, chunk=16), threads=2)
"""
EXPLORE = """
from ignis import experiment
from ignis.explore import Explorer, summary
chosen = experiment.load("{path}")
chosen.timing["rounds"] = {rounds}
explorer = Explorer(chosen, "{results}", workers=2)
try:
    explorer.explore()
    print(summary(explorer))
finally:
    explorer.close()
"""
CALLS = {"passes": "ignis.run_pipeline(module, MANY)", "planner": "ignis.plan_memory(HARD, 'exact', budget=60)",
         "time": "session.time(10**9)", "perplexity": "session.perplexity([i % 300 for i in range(4000000)])",
         "generate": "while True:\n    session.rewind()\n    session.generate([1], 400, ignore_end=True)"}


class Kernel:
    def __init__(self):
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}/python", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        self.manager, self.client = start_new_kernel(kernel_name="python3", startup_timeout=120, env=environment)

    def run(self, code, interrupt=None):
        """Messages of a cell; `interrupt` seconds after it began the stop button is pressed."""
        request = self.client.execute(code, stop_on_error=False)
        begin, messages, pressed = time.monotonic(), [], None
        while time.monotonic() - begin < 300:
            if interrupt is not None and pressed is None and time.monotonic() - begin > interrupt:
                self.manager.interrupt_kernel()
                pressed = time.monotonic()
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except Exception:  # none yet
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                self.seconds = time.monotonic() - (pressed or begin)
                return messages
        raise AssertionError("the cell does not end")


def of(messages, kind):
    return [message["content"] for message in messages if message["msg_type"] == kind]


@pytest.fixture(scope="module")
def kernel(tiny):
    made = Kernel()
    errors = of(made.run(PRELUDE.format(model=tiny)), "error")
    assert not errors, errors
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def test_a_bar_in_the_cell(kernel, tiny, tmp_path):
    path = write(tmp_path / "e.toml", tiny)
    messages = kernel.run(EXPLORE.format(path=path, results=tmp_path / "r.jsonl", rounds=3))
    assert not of(messages, "error")
    text = "".join(part["text"] for part in of(messages, "stream") if part["name"] == "stdout")
    assert "legal orders      70" in text and "0 wrong" in text
    states = {}  # what each output of the cell shows in turn
    for message in messages:
        if message["msg_type"] in ("display_data", "update_display_data"):
            content = message["content"]
            states.setdefault(content["transient"]["display_id"], []).append(content["data"]["text/html"])
    assert len(states) >= 3, "states, checks, times"
    assert all(pages[-1] == "" for pages in states.values()), "no bar is left"
    bars = [page for pages in states.values() for page in pages if page]
    assert any("<progress" in page and 'max="8"' in page and "checking: " in page for page in bars), bars
    assert any("distinct" in page for page in bars)


@pytest.mark.parametrize("name", CALLS)
def test_the_stop_button(kernel, name):
    messages = kernel.run(CALLS[name], interrupt=1.0)
    error, = of(messages, "error")
    assert error["ename"] == "KeyboardInterrupt" and kernel.seconds < 5
    again = kernel.run("session.rewind(); print(session.feed([1, 2]).shape)")
    assert of(again, "stream")[0]["text"] == "(300,)\n"


def test_the_stop_button_during_an_exploration(kernel, tiny, tmp_path):
    """It ends with its workers, and goes on in the next cell."""
    path = write(tmp_path / "e.toml", tiny)
    messages = kernel.run(EXPLORE.format(path=path, results=tmp_path / "r.jsonl", rounds=10**7), interrupt=8.0)
    error, = of(messages, "error")
    assert error["ename"] == "KeyboardInterrupt" and kernel.seconds < 20
    left = kernel.run("import multiprocessing, time\ntime.sleep(1)\nprint(len(multiprocessing.active_children()))")
    assert of(left, "stream")[0]["text"] == "0\n"
    messages = kernel.run(EXPLORE.format(path=path, results=tmp_path / "r.jsonl", rounds=3))
    assert not of(messages, "error") and "0 wrong" in of(messages, "stream")[-1]["text"]
