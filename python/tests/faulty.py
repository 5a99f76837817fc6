# ===- faulty.py - steps and tasks that go wrong -----------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Python steps of an experiment (`python:faulty.py:NAME`), and tasks for a pool. Each fails in one way."""

import ctypes
import multiprocessing.connection
import os
import signal
import sys
import time


def fine(module):
    return module


def segfault(module):
    ctypes.string_at(8)


def hang(module):
    """Holds the interpreter's lock in C, so that nothing in the process can stop it."""
    ctypes.PyDLL(None).sleep(3600)


def hog(module):
    """Takes memory without end."""
    held = []
    while True:
        held.append(b"x" * (32 << 20))


def abort(module):
    os.abort()


def leave(module):
    sys.exit(3)


def leave_at_once(module):
    os._exit(3)


def fail(module):
    raise ValueError("a reason\nwith a second line")


def forget(module):
    """Returns nothing."""


def kill_once(path):
    """Kills its process the first time, works the second."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "worked"
    os.kill(os.getpid(), signal.SIGKILL)


def kill_while_sending(path):
    """Kills its process the first time, within the result that it sends."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "worked"

    def send(self, data, write=os.write):
        write(self.fileno(), data[:len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    multiprocessing.connection.Connection._send = send
    return "x" * 1000


def length(data):
    time.sleep(0.05)
    return len(data)


def square(number):
    time.sleep(0.01)
    return number * number


def nap(seconds):
    time.sleep(seconds)
    return "rested"


def task(item):
    """(name of a function above, argument)."""
    return globals()[item[0]](item[1])


def mark(module):
    """Leaves a file named after the network namespace and the process that it ran in, in $IGNIS_MARKS."""
    folder = os.environ.get("IGNIS_MARKS")
    if folder:
        name = os.readlink("/proc/self/ns/net").strip("net:[]")
        open(os.path.join(folder, f"{name}.{os.getpid()}"), "w").close()
    return module
