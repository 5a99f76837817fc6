# ===- executors.py - where work runs, and what happens when a worker dies --------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Tasks go through `concurrent.futures.Executor`: processes of this machine, or a Dask cluster.

A pass may crash or never end; that is a result. A task that takes longer than its limit ends its
process by a signal. When a process of this machine dies, all tasks that were on their way are suspects
and run again one by one, each in a process of its own; the one that dies again is `Crash`. Dask's
scheduler does the same by itself: it gives a lost worker's tasks to others, and gives up on a task that
took several workers with it.
"""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator

from .errors import InputError


@dataclass(frozen=True)
class Crash:
    """The outcome of a task whose process died."""

    reason: str


def limited(limit: float, function: Callable, task: Any) -> Any:
    """Runs in the worker: after `limit` seconds SIGALRM ends the process, whatever it does."""
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return function(task)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _ignore_interrupt() -> None:
    """Ctrl-C in a terminal reaches workers too: the explorer ends them in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _exit_reason(processes: Iterable) -> str:
    for process in processes:
        process.join(2)
        code = process.exitcode
        if code == -signal.SIGALRM:
            return "took longer than its time limit"
        if code is not None and code < 0 and code != -signal.SIGTERM:
            try:
                return f"the process died of {signal.Signals(-code).name}"
            except ValueError:
                return f"the process died of signal {-code}"
        if code:
            return f"the process ended with status {code}"
    return "the process died"


class Pool:
    """Runs tasks and yields outcomes as they come. `extra`: an Executor of someone else's (Dask's)."""

    def __init__(self, workers: int = 1, limit: float = 120.0, extra: Executor | None = None):
        self.workers, self.limit, self._extra = max(workers, 1), limit, extra
        self._pool: ProcessPoolExecutor | None = None
        self.lost = 0  # processes that died

    def _make(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"),
                                   initializer=_ignore_interrupt)

    def _executor(self) -> Executor:
        if self._extra is not None:
            return self._extra
        if self._pool is None:
            self._pool = self._make(self.workers)
        return self._pool

    def _drop(self) -> list:
        """Ends the broken pool; its processes, for their exit codes."""
        processes = list((self._pool._processes or {}).values()) if self._pool else []
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None
        return processes

    def _alone(self, function: Callable, task: Any) -> Any:
        """A suspect, in a process of its own."""
        with self._make(1) as pool:
            future = pool.submit(limited, self.limit, function, task)
            processes = list(pool._processes.values())
            try:
                return future.result()
            except BrokenProcessPool:
                self.lost += 1
                return Crash(_exit_reason(processes))

    def run(self, function: Callable, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """(task, outcome) for every task, in the order in which they end."""
        source, pending, suspects = iter(tasks), {}, []
        depth = 2 * self.workers if self._extra is None else 64
        more = True
        while more or pending or suspects:
            while more and len(pending) < depth:
                try:
                    task = next(source)
                except StopIteration:
                    more = False
                    break
                try:
                    pending[self._executor().submit(limited, self.limit, function, task)] = task
                except BrokenProcessPool:
                    suspects.append(task)
                    break
            if pending and not suspects:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
            else:
                done = set()
            for future in done:
                task = pending.pop(future)
                outcome = self._outcome(future)
                if outcome is _BROKEN:
                    suspects.append(task)
                else:
                    yield task, outcome
            if suspects:
                if self._extra is None:
                    for future in list(pending):  # All of them broke, or will.
                        task = pending.pop(future)
                        try:
                            outcome = self._outcome(future)
                        except Exception:  # cancelled
                            outcome = _BROKEN
                        if outcome is _BROKEN:
                            suspects.append(task)
                        else:
                            yield task, outcome
                    self._drop()
                for task in suspects:
                    yield task, self._alone(function, task)
                suspects = []

    def _outcome(self, future: Future) -> Any:
        try:
            return future.result()
        except BrokenProcessPool:
            return _BROKEN
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                return Crash("took several workers with it")
            raise

    def close(self) -> None:
        if self._pool:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


_BROKEN = object()


def dask_executor(address: str) -> Executor:
    """An executor on a Dask cluster (Debian's python3-distributed). Workers need this package, the
    model and the results' folder at the same paths, and one thread each."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--dask wants Dask's distributed scheduler: install python3-distributed") from None
    try:
        client = Client(address, timeout=20, set_as_default=False)
    except OSError as error:
        raise InputError(f"--dask {address}: no scheduler answers ({error})") from None
    return client.get_executor(pure=False)
