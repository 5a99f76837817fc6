# ===- processes.py - processes that run tasks, and how they end ------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`ProcessPoolExecutor` with an end that leaves nothing behind, whatever its processes and threads are at.

A pool has two threads in this process. Left to themselves they go wrong in three ways when processes die:

* one closes a pipe while the interpreter, on its way out, writes to it: OSError, Bad file descriptor
* one writes tasks into a full pipe that nobody reads any more, and the interpreter waits for it for ever
* one waits for the rest of a result whose process died while it sent it
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, resource_tracker
from typing import Any, Callable, Iterator


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes that begin within do not hear Ctrl-C, not even before `_begin_worker`."""
    resource_tracker.ensure_running()  # It would lift the mask on its way.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin_worker() -> None:
    """Ctrl-C in a terminal reaches workers too: the explorer ends them in good order. If the explorer
    itself is killed, they end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


class Processes(ProcessPoolExecutor):
    """`workers` processes that do not hear Ctrl-C and end with this one."""

    def __init__(self, workers: int):
        super().__init__(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)
        self._dead_since: float | None = None
        # Tasks that no process will read: a way to them that no thread of the pool closes.
        self._unread = connection.Connection(os.dup(self._call_queue._reader.fileno()), writable=False)

    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        try:
            with _deaf():
                return super().submit(function, *arguments, **named)
        except OSError as error:  # A process died while another began, and the pipes of both were closed.
            if not self._broken:
                raise
            raise BrokenProcessPool(str(error)) from None

    def processes(self) -> list[Any]:
        return list((self._processes or {}).values())

    def look(self, patience: float = 5.0) -> None:
        """Ends the pool if it has not noticed for so many seconds that a process is dead: it waits for the rest
        of a result."""
        if not connection.wait([process.sentinel for process in self.processes()], 0):
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = time.monotonic()
        elif time.monotonic() - self._dead_since > patience:
            self.end()

    def end(self, patience: float = 10.0) -> None:
        """Ends processes and threads."""
        thread, results = self._executor_manager_thread, self._result_queue
        for process in self.processes():
            process.kill()
        self.shutdown(wait=False, cancel_futures=True)
        if results is not None:
            results._writer.close()  # The last one: who waits for the rest of a result sees its end.
        end = time.monotonic() + patience
        while thread is not None and thread.is_alive() and time.monotonic() < end:
            thread.join(0.01)
            if self._unread.poll():
                os.read(self._unread.fileno(), 1 << 16)
        if not self._unread.closed:
            self._unread.close()
