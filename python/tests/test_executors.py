# ===- test_executors.py - a task that dies is a result ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Whatever a task does to its process, every other task ends once, and the explorer goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool

import faulty
import pytest

from laboratory import ROOT
from ignis.errors import InputError
from ignis.executors import Crash, DaskExecutor, Pool, total_memory
from ignis.processes import Processes

GIB = 1 << 30


def run(pool, tasks):
    outcomes = {}
    try:
        for task, outcome in pool.run(faulty.task, iter(tasks)):
            assert task not in outcomes, "twice"
            outcomes[task] = outcome
    finally:
        pool.close()
    return outcomes


@pytest.mark.parametrize("name, reason", [
    ("segfault", "died of SIGSEGV"), ("abort", "died of SIGABRT"), ("leave_at_once", "ended with status 3"),
    ("hang", "took longer than its limit of 2 seconds"), ("hog", "GiB of memory, more than its limit of 0.5 GiB"),
])
def test_a_death_among_others(name, reason):
    tasks = [("square", number) for number in range(6)] + [(name, None)] + [("square", number) for number in range(6, 12)]
    outcomes = run(Pool(2, limit=2 if name == "hang" else 60, memory=GIB // 2), tasks)
    assert len(outcomes) == 13
    assert all(outcomes["square", number] == number * number for number in range(12))
    assert isinstance(outcomes[name, None], Crash) and reason in outcomes[name, None].reason


def test_innocent_suspects_are_run_again(tmp_path):
    """A process that dies without fault of its task (the machine was out of memory, say) costs nothing."""
    pool = Pool(1, limit=20)
    assert run(pool, [("kill_once", str(tmp_path / "once")), ("square", 3)]) == \
        {("kill_once", str(tmp_path / "once")): "worked", ("square", 3): 9}
    assert run(Pool(1), []) == {}


def test_a_sleeping_machine_is_no_fault_of_a_task(tmp_path):
    """The explorer is stopped together with its workers, as by a machine that sleeps, until the time is over."""
    code = """
import faulty
from ignis.executors import Pool
if __name__ == "__main__":
    pool = Pool(1, limit=4)
    print("ready", flush=True)
    print(pool._alone(faulty.task, ("nap", 2)), pool.lost)
"""
    script = tmp_path / "explorer.py"
    script.write_text(code)
    explorer = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True,
                                env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT / 'python/tests'}"})
    assert explorer.stdout.readline() == "ready\n"
    time.sleep(1)
    os.killpg(explorer.pid, signal.SIGSTOP)
    time.sleep(4.5)
    os.killpg(explorer.pid, signal.SIGCONT)
    assert explorer.communicate(timeout=600)[0].split()[0] == "rested"
    assert explorer.returncode == 0


def test_a_death_within_a_result(tmp_path):
    """Who waits for the rest of the result does not wait for ever; the others' results are there."""
    tasks = [("square", 1), ("kill_while_sending", str(tmp_path / "once")), ("square", 2), ("square", 3)]
    assert run(Pool(2), tasks) == {tasks[0]: 1, tasks[1]: "worked", tasks[2]: 4, tasks[3]: 9}


def test_no_thread_outlives_its_pool():
    """One that did closed a pipe while the interpreter, on its way out, wrote to it."""
    before = threading.enumerate()
    run(Pool(2), [("square", number) for number in range(4)])
    assert threading.enumerate() == before
    run(Pool(1), [("square", 1), ("abort", None)])
    assert threading.enumerate() == before


def test_tasks_that_nobody_reads_any_more(tmp_path):
    """Of a pool that broke: they fill a pipe, and who writes them would wait for ever."""
    script = tmp_path / "explorer.py"
    script.write_text("""
import faulty
from ignis.executors import Pool
if __name__ == "__main__":
    pool = Pool(2)
    tasks = [("length", b"x" * 300_000), ("leave_at_once", None)] + [("length", b"x" * 300_000)] * 4
    print(sorted(str(outcome) for _, outcome in pool.run(faulty.task, tasks)))
    for task in pool.run(faulty.task, tasks[-3:]):
        break
    pool.close()
""")
    out = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300,
                         env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT / 'python/tests'}"})
    assert (out.returncode, out.stderr) == (0, "")
    assert out.stdout == "['300000', '300000', '300000', '300000', '300000', " \
                         "\"Crash(reason='the process ended with status 3')\"]\n"


def test_a_process_that_begins_while_another_dies(monkeypatch):
    """It gets pipes that the pool has closed."""
    pool = Processes(1)

    def spawn():
        pool._broken = "another died"
        raise OSError("handle is closed")
    monkeypatch.setattr(pool, "_spawn_process", spawn)
    with pytest.raises(BrokenProcessPool, match="handle is closed"):
        pool.submit(faulty.task, ("square", 1))
    pool.end()


def test_an_exception_of_the_task_comes_out():
    with pytest.raises(ValueError, match="a reason"):
        run(Pool(1), [("fail", None)])


def test_stopping_early():
    """A listener that leaves: the generator ends and the pool can be used again."""
    pool = Pool(1)
    for _ in pool.run(faulty.task, (("square", number) for number in range(1000))):
        break
    assert dict(pool.run(faulty.task, [("square", 5)])) == {("square", 5): 25}
    pool.close()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_workers_end_with_the_explorer(tmp_path):
    """After SIGKILL of the explorer no process is left behind."""
    code = """
import faulty, sys
from ignis.executors import Pool
if __name__ == "__main__":
    pool = Pool(2)
    for task, outcome in pool.run(faulty.task, (("square", number) for number in range(10**9))):
        print(*pool._pool._processes, flush=True)
"""
    script = tmp_path / "explorer.py"
    script.write_text(code)
    explorer = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT / 'python/tests'}"})
    pids = [int(pid) for pid in explorer.stdout.readline().split()]
    assert pids and all(alive(pid) for pid in pids)
    explorer.send_signal(signal.SIGKILL)
    explorer.wait()
    explorer.stdout.close()
    end = time.monotonic() + 20
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end, "workers outlive the explorer"
        time.sleep(0.05)


def test_memory_of_the_machine():
    assert GIB // 4 < total_memory() < 1 << 50
    assert Pool(4).memory == total_memory() * 3 // 4 // 4


def test_the_exit_code_that_another_thread_took():
    """Between waitpid and the note of its result a process has no exit code for others."""
    class Process:
        pid, looks = 1, 0

        def join(self, timeout):
            pass  # at once: it has ended

        @property
        def exitcode(self):
            self.looks += 1
            return None if self.looks < 4 else 3
    assert Pool(1)._exit_reason([Process()]) == "the process ended with status 3"


@pytest.mark.parametrize("address", ["foo", "tcp://", "tcp://host", "host:", ""])
def test_an_address_that_is_none(address):
    with pytest.raises(InputError, match="install python3-distributed|expected tcp://HOST:PORT"):
        DaskExecutor(address)


def test_dask_without_a_scheduler():
    with pytest.raises(InputError, match="install python3-distributed|no scheduler answers"):
        DaskExecutor("tcp://127.0.0.1:1", timeout=0.5)
