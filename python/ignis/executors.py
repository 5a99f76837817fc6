# ===- executors.py - where work runs, and what happens when a worker dies --------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Tasks go through `concurrent.futures.Executor`: processes of this machine, or a Dask cluster.

A pass may crash, never end or take all memory; that is a result. A task that takes longer than its limit
ends its process by a signal; the explorer ends a process that holds more memory than its limit. When a
process of this machine dies, all tasks that were on their way are suspects and run again one by one, each
in a process of its own; the one that dies again is `Crash`. Dask's scheduler gives a lost worker's tasks to
others, and gives up on a task that was near several deaths; such a task runs once more with no other
beside it, and is `Crash` if it dies again.
"""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator

from .errors import InputError
from .processes import Processes

POLL = 0.1  # seconds between two looks at the memory of the processes


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


def total_memory() -> int:
    """Bytes that this machine, or the control group that we are in, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as file:
                total = min(total, int(file.read()))
        except (OSError, ValueError):  # none, or "max"
            pass
    return total


def _held(pid: int) -> int:
    """Bytes of memory that a process has for itself (mapped files do not count); 0 if unknown."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith(b"RssAnon:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


class Pool:
    """Runs tasks and yields outcomes as they come.

    workers  processes of this machine
    limit    seconds that one task may take
    memory   bytes that one process may hold (Linux; 3/4 of the machine's, shared by the workers)
    extra    an Executor of someone else's (Dask's), instead of processes
    """

    def __init__(self, workers: int = 1, limit: float = 120.0, extra: Executor | None = None,
                 memory: int | None = None):
        self.workers, self.limit, self._extra = max(workers, 1), limit, extra
        self.memory = memory or total_memory() * 3 // 4 // self.workers
        self._pool: Processes | None = None
        self._ended: dict[int, str] = {}  # why we ended a process, by its id
        self._looks = 0  # at the processes, at most one every POLL seconds
        self.lost = 0  # processes that died

    # --- Processes of this machine ----------------------------------------------------------------

    def _executor(self) -> Executor:
        if self._extra is not None:
            return self._extra
        if self._pool is None:
            self._pool = Processes(self.workers)
        return self._pool

    def _watch(self, pool: Processes) -> None:
        """Ends processes that hold too much memory, and a pool that is stuck."""
        pool.look()
        for process in pool.processes():
            pid, held = process.pid, _held(process.pid)
            if held > self.memory and pid not in self._ended:
                self._ended[pid] = (f"held {held / 2**30:.1f} GiB of memory, more than its limit of "
                                    f"{self.memory / 2**30:.1f} GiB")
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def _wait(self, futures: Iterable[Future], pool: Processes | None) -> set[Future]:
        while True:
            done, _ = wait(futures, POLL if pool else None, FIRST_COMPLETED)
            if done:
                return done
            self._looks += 1
            self._watch(pool)

    def _exit_reason(self, processes: Iterable) -> str:
        for process in processes:
            # The pool's own thread waits for the process too: who comes second is told nothing until the first has
            # noted the code. 20 seconds of this process's own; a machine that slept took none of them.
            for _ in range(100):
                process.join(POLL)
                if process.exitcode is not None:
                    break
                time.sleep(POLL)
            code = process.exitcode
            if process.pid in self._ended:
                return self._ended[process.pid]
            if code == -signal.SIGALRM:
                return f"took longer than its limit of {self.limit:g} seconds"
            if code is not None and code < 0 and code != -signal.SIGTERM:
                try:
                    return f"the process died of {signal.Signals(-code).name}"
                except ValueError:
                    return f"the process died of signal {-code}"
            if code:
                return f"the process ended with status {code}"
        return "the process died"

    def _alone(self, function: Callable, task: Any, tries: int = 3) -> Any:
        """A suspect, in a process of its own. If its time ran out while this process slept too (the machine was
        suspended), that says nothing, and it is tried again."""
        pool = Processes(1)
        try:
            future = pool.submit(limited, self.limit, function, task)
            processes = pool.processes()
            looks = self._looks
            try:
                self._wait([future], pool)
                return future.result()
            except (BrokenProcessPool, CancelledError):
                self.lost += 1
                slept = (self._looks - looks) * POLL < self.limit / 2
                reason = self._exit_reason(processes)  # waits for the exit code
                if processes[0].exitcode == -signal.SIGALRM and slept and tries > 1:
                    return self._alone(function, task, tries - 1)
                return Crash(reason)
        finally:
            pool.end()

    # --- Tasks ------------------------------------------------------------------------------------

    def run(self, function: Callable, tasks: Iterable[Any],
            split: Callable[[Any], list[Any]] = lambda task: [task]) -> Iterator[tuple[Any, Any]]:
        """(task, outcome) for every task, in the order in which they end; of a suspect, for every part that
        `split` makes of it. Who stops listening leaves the tasks that are on their way undone."""
        source, pending, suspects = iter(tasks), {}, []
        depth = 2 * self.workers if self._extra is None else 64
        more = True
        try:
            while more or pending or suspects:
                while more and len(pending) < depth and not suspects:
                    try:
                        task = next(source)
                    except StopIteration:
                        more = False
                        break
                    try:
                        future = self._executor().submit(limited, self.limit, function, task)
                        pending[future] = task
                    except BrokenProcessPool:
                        suspects.append(task)
                for future in self._wait(pending, self._pool) if pending and not suspects else ():
                    task = pending.pop(future)
                    outcome = self._outcome(future)
                    if outcome is _BROKEN:
                        suspects.append(task)
                    else:
                        yield task, outcome
                if not suspects:
                    continue
                for future in list(pending):  # Of this machine all others broke too, or will.
                    task = pending.pop(future)
                    outcome = self._outcome(future)
                    if outcome is _BROKEN:
                        suspects.append(task)
                    else:
                        yield task, outcome
                self.close()  # It is broken; the next task makes another.
                parts, suspects = [part for task in suspects for part in split(task)], []
                for task in parts:
                    if self._extra is None:
                        yield task, self._alone(function, task)
                    else:
                        outcome = self._outcome(self._extra.submit(limited, self.limit, function, task))
                        yield task, Crash("its workers died") if outcome is _BROKEN else outcome
        finally:
            if self._extra is not None:  # A pool of this machine ends them itself (close), or finishes them.
                for future in pending:
                    future.cancel()

    def _outcome(self, future: Future) -> Any:
        try:
            return future.result()
        except BrokenProcessPool:
            return _BROKEN
        except CancelledError:
            if self._extra is None:
                return _BROKEN
            raise InputError("the Dask scheduler went away; what is done is in the results: run again to go on") from None
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                self.lost += 1
                return _BROKEN
            raise

    def close(self) -> None:
        if self._pool:
            self._pool.end()
            self._pool = None


_BROKEN = object()


class DaskExecutor(Executor):
    """A Dask cluster (Debian's python3-distributed). Workers need this package, the model, the plugins and the
    results' folder at the same paths, and one thread each: `dask-worker ADDRESS --nthreads 1`."""

    def __init__(self, address: str, timeout: float = 20.0):
        try:
            from distributed import Client
        except ImportError:
            raise InputError("--dask wants Dask's distributed scheduler: install python3-distributed") from None
        if not re.fullmatch(r"(\w+://)?[^/]+:\d+", address):
            raise InputError(f"--dask {address}: expected tcp://HOST:PORT")
        try:
            self.client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"--dask {address}: no scheduler answers ({str(error) or type(error).__name__})") from None
        self._executor = self.client.get_executor(pure=False)

    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        return self._executor.submit(function, *arguments, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait=wait and not cancel_futures)
        self.client.close()
