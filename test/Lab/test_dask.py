# ===- test_dask.py - an exploration over two workers, one of which is killed ------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""A Dask scheduler, and two workers in network namespaces of their own, joined by a bridge: as far from the explorer
as other machines are. One is killed during the exploration. Wants root; `./dev lab` runs it."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from ignis import experiment
from ignis.executors import DaskExecutor
from ignis.explore import Explorer
from ignis.results import Results
from laboratory import QUOTED, ROOT, TESTS, explore, facts_known, lines_of, unique, write

PORT = 18786
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces want root")


def ip(*arguments, check=True):
    subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


@pytest.fixture
def network():
    """Names of two network namespaces; the explorer's side is 10.77.0.1, theirs .2 and .3."""
    tag = f"ig{os.getpid() % 10000}"
    names = [f"{tag}w{number}" for number in (1, 2)]
    with contextlib.ExitStack() as stack:
        stack.callback(ip, "link", "del", f"{tag}br", check=False)
        ip("link", "add", f"{tag}br", "type", "bridge")
        ip("addr", "add", "10.77.0.1/24", "dev", f"{tag}br")
        ip("link", "set", f"{tag}br", "up")
        for number, name in enumerate(names, 2):
            stack.callback(ip, "netns", "del", name, check=False)
            ip("netns", "add", name)
            ip("link", "add", f"{tag}v{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
            stack.callback(ip, "link", "del", f"{tag}v{number}", check=False)
            ip("link", "set", f"{tag}v{number}", "master", f"{tag}br", "up")
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names


@pytest.fixture
def cluster(network, tmp_path):
    """(address, processes of the workers, folder of marks)."""
    marks = tmp_path / "marks"
    marks.mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{TESTS}", "IGNIS_MARKS": str(marks)}
    processes = []

    def start(*command):
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True,
                                          stdout=open(tmp_path / f"{len(processes)}.log", "w"), stderr=subprocess.STDOUT))
    try:
        start(sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "10.77.0.1", "--port", str(PORT), "--no-dashboard")
        for name in network:
            start("ip", "netns", "exec", name, sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://10.77.0.1:{PORT}",
                  "--nthreads", "1", "--nworkers", "1", "--no-dashboard", "--local-directory", str(tmp_path / name))
        executor = DaskExecutor(f"tcp://10.77.0.1:{PORT}", timeout=60)
        executor.client.wait_for_workers(2, timeout=60)
        addresses = sorted(worker["host"] for worker in executor.client.scheduler_info()["workers"].values())
        assert addresses == ["10.77.0.2", "10.77.0.3"]
        executor.shutdown(cancel_futures=True)
        yield f"tcp://10.77.0.1:{PORT}", processes[1:], marks
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_worker_is_killed(tiny, cluster, tmp_path):
    address, workers, marks = cluster
    steps = f'{{python = "{TESTS}/faulty.py:mark", requires = ["tensors"]}}, ' + QUOTED
    path = write(tmp_path / "e.toml", tiny, steps)
    local, results = tmp_path / "local.jsonl", tmp_path / "dask.jsonl"
    explore(path, local)
    total = lines_of(local)
    command = [sys.executable, "-m", "ignis", "explore", str(path), "-o", str(results), "--dask", address, "-q"]
    explorer = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    while explorer.poll() is None and lines_of(results) < total // 3:
        time.sleep(0.01)
    before = lines_of(results)
    os.killpg(workers[0].pid, signal.SIGKILL)  # the worker and what watches it
    output, error = explorer.communicate(timeout=300)
    assert explorer.returncode == 0, error
    assert before < total - 5, "killed too late to show anything"
    namespaces = {name.split(".")[0] for name in os.listdir(marks)}
    assert len(namespaces) == 2 and os.readlink("/proc/self/ns/net").strip("net:[]") not in namespaces
    unique(results)
    assert facts_known(results) == facts_known(local)
    assert Results(results).known.done[-1]["complete"] and "0 wrong" in output
    print(f"{total} records, {before} of them before the worker was killed")


def test_a_crash_is_a_result_there_too(tiny, cluster, tmp_path):
    """A step that takes its worker with it, again and again: a failing edge, and all else is done."""
    address, _, _ = cluster
    steps = "".join(f'{{python = "{TESTS}/faulty.py:{name}", group = "fault", requires = ["tensors"]}}, ' for name in ("segfault", "fine"))
    path, results = write(tmp_path / "e.toml", tiny, steps, ""), tmp_path / "r.jsonl"
    executor = DaskExecutor(address)
    explorer = Explorer(experiment.load(path), results, executor=executor, quiet=True, limit=60)
    try:
        explorer.explore()
    finally:
        explorer.close()
        executor.shutdown(cancel_futures=True)
    unique(results)
    edges = {step: edge for (_, step), edge in Results(results).known.edges.items() if step in ("segfault", "fine")}
    assert edges["segfault"]["error"] == "its workers died" and "to" in edges["fine"]
    assert all(record["ok"] for record in Results(results).known.measures.values())
    assert Results(results).known.done[-1]["complete"]
