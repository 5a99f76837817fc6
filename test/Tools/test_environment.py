# ===- test_environment.py - full disks, closed pipes, Ctrl-C, little memory ---------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# What happens around a run. Devices are reached through symbolic links in a directory of the test: a tool that
# replaced its target would replace the link alone.

import json
import os
import re
import resource
import signal
import struct
import subprocess
import time

import numpy as np
import pytest

PRINTING = [["-p", "Once", "-n", "4"], ["-p", "x", "-n", "2", "--json"], ["--inspect"], ["--inspect", "--json"],
            ["--tokenize", "-p", "x"], ["--emit", "import"], ["--ids", "1"], ["--print-kernels"], ["--help"], ["--version"]]


def start(tools, *arguments, tool="ignis-run", **keywords):
    keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.PIPE, "env": tools.env, **keywords}
    return subprocess.Popen([tools.bin / tool, *map(str, arguments)], **keywords)


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_that_cannot_be_written(tools, arguments):
    with open("/dev/full", "wb") as full:
        process = start(tools, tools.model, *arguments, stdout=full)
        error = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 1 and error == "ignis-run: cannot write to standard output: No space left on device\n"
    process = start(tools, tools.model, *arguments, stdout=None, preexec_fn=lambda: os.close(1))
    error = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 1 and error == "ignis-run: cannot write to standard output: Bad file descriptor\n"


BENCH = ["-p", "4", "-n", "2", "-r", "1", "--no-probe"]


@pytest.mark.parametrize("arguments", [BENCH, [*BENCH, "--json"], ["--help"], ["--version"]], ids=" ".join)
def test_figures_that_cannot_be_written(tools, arguments):
    with open("/dev/full", "wb") as full:
        process = start(tools, tools.model, *arguments, tool="ignis-bench", stdout=full)
        error = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 1 and error == "ignis-bench: cannot write to standard output: No space left on device\n"


def test_an_interrupted_measurement(tools):
    process = start(tools, tools.model, "-r", "1000", "--no-probe", tool="ignis-bench")
    listens_to_interrupts(process)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out, error) == (130, b"", b"")


def test_a_reader_that_goes_away_ends_generation(tools):
    process = start(tools, tools.model, "-p", "x", "--ignore-eos")
    process.stdout.read(4)
    process.stdout.close()
    assert process.wait(timeout=120) == 1
    assert process.stderr.read().decode() == "ignis-run: cannot write to standard output: Broken pipe\n"


@pytest.mark.parametrize("arguments", [["--emit", "import", "-o"], ["--ids", "1", "--logits"]], ids=" ".join)
def test_results_never_replace_what_is_no_file(tools, tmp_path, arguments):
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    assert f"cannot write {full}: No space left on device" in tools.error(tools.model, *arguments, full)
    assert full.is_symlink() and os.path.exists("/dev/full") and not os.path.isfile("/dev/full")
    assert f"cannot write {tmp_path}: Is a directory" in tools.error(tools.model, *arguments, tmp_path)
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    tools("ignis-run", tools.model, *arguments, link)
    assert link.is_symlink() and target.stat().st_size > 1000
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "copy", "wb") as copy:
        reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=copy)
    tools("ignis-run", tools.model, *arguments, tmp_path / "pipe")
    assert reader.wait(timeout=60) == 0
    assert (tmp_path / "copy").read_bytes() == target.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["copy", "full", "link", "pipe", "target"]


def listens_to_interrupts(process):
    """Waits until the process has begun to catch SIGINT."""
    deadline = time.time() + 60
    while time.time() < deadline:
        with open(f"/proc/{process.pid}/status") as status:
            caught = re.search(r"SigCgt:\s*([0-9a-f]+)", status.read())
        if int(caught.group(1), 16) >> (signal.SIGINT - 1) & 1:
            return
        time.sleep(0.005)
    raise TimeoutError


@pytest.mark.parametrize("arguments", [["-p", "x", "--ignore-eos", "-n", "2000"], ["-p", "x", "--no-cache"], ["--chat"]], ids=" ".join)
@pytest.mark.parametrize("after", [0.05, 0.6])
def test_interrupted(tools, tmp_path, arguments, after):
    process = start(tools, tools.model, *arguments)
    listens_to_interrupts(process)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    out.decode()  # Whole characters.


def test_an_interrupted_result_leaves_nothing(tools, root, tmp_path):
    ids = ",".join(["5"] * 2000)
    process = start(tools, tools.model, "--ids", ids, "--chunk", "1", "--logits", tmp_path / "x.npy")
    deadline = time.time() + 60
    while not list(tmp_path.iterdir()) and time.time() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("megabytes, arguments", [(24, ["--inspect"]), (30, ["-p", "x"]), (60, ["-p", "x"]),
                                                  (200, ["-p", "x", "--no-cache"])])
def test_little_memory(tools, megabytes, arguments):
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    tools("ignis-run", tools.model, "-p", "x", "-n", "1")  # The module is in the cache.
    process = start(tools, tools.model, *arguments, preexec_fn=limit)
    out, error = process.communicate(timeout=120)
    line = error.decode()
    assert process.returncode == 1 and out == b"" and line.count("\n") == 1
    assert re.search("out of memory|cannot (get|map|allocate) [0-9]+ bytes|cannot load the compiler", line), line


def test_a_file_that_shrinks(tools, tmp_path):
    path = tmp_path / "model.gguf"
    for options, expected in (([], 1), (["--no-mmap"], 0)):
        path.write_bytes(tools.model.read_bytes())
        process = start(tools, path, "--chat", "-n", "3", *options)
        process.stdin.write(b"Once upon a time\n")
        process.stdin.flush()
        assert process.stdout.readline()  # The model is loaded.
        os.truncate(path, 0)
        out, error = process.communicate(b"there was\n", timeout=120)
        assert process.returncode == expected
        if expected:
            assert out == b"" and error.decode().count("\n") == 1 and b"became shorter" in error


# --- the cache of compiled modules --------------------------------------------------------------------------


@pytest.mark.parametrize("directory", ["/proc/nowhere", "/dev/null", "/dev/null/x"])
def test_a_cache_that_cannot_be_written_is_none(tools, directory):
    assert tools.text("ignis-run", tools.model, "-p", "x", "-n", "2", "--cache-dir", directory) == "ii\n"


def test_a_damaged_cache_is_made_anew(tools, tmp_path):
    run = lambda: tools.text("ignis-run", tools.model, "-p", "x", "-n", "2", "--json", "--cache-dir", tmp_path)
    cached = lambda: json.loads(run())["cached"]
    assert not cached() and cached()
    (module,) = tmp_path.iterdir()
    good = module.read_bytes()
    for bad in (b"", good[:1000], good[:5000] + b"\xff\xff" + good[5002:]):
        module.write_bytes(bad)
        assert not cached() and module.read_bytes() == good
    module.unlink()
    module.mkdir()
    assert not cached()


def test_a_full_cache_loses_its_oldest_modules_and_nothing_else(tools, tmp_path):
    old, others = tmp_path / ("0" * 32 + ".so"), tmp_path / "libthing.so"
    for number, path in enumerate((others, old)):
        with open(path, "wb") as file:
            file.truncate(1 << 30)  # Sparse.
        os.utime(path, (number + 1, number + 1))
    tools("ignis-run", tools.model, "-p", "x", "-n", "1", "--cache-dir", tmp_path)
    assert others.exists() and not old.exists() and len(list(tmp_path.iterdir())) == 2


def test_two_processes_at_once(tools, tmp_path):
    both = [start(tools, tools.model, "-p", "x", "-n", "2", "--cache-dir", tmp_path) for _ in range(2)]
    assert [process.communicate(timeout=240)[0] for process in both] == [b"ii\n"] * 2
    assert len(list(tmp_path.iterdir())) == 1


# --- numbers that are none ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patched(tools, tmp_path_factory):
    """A function: the model with some bytes of a tensor replaced."""
    tensors = {t["name"]: t for t in json.loads(tools.text("ignis-run", tools.model, "--inspect", "--json"))["tensors"]}
    directory = tmp_path_factory.mktemp("patched")

    def patch(name, data, at=0):
        model = bytearray(tools.model.read_bytes())
        begin = tensors[name]["offset"] + at
        model[begin : begin + len(data)] = data
        path = directory / "patched.gguf"
        path.write_bytes(model)
        return path, begin

    return patch


@pytest.mark.parametrize("name, data, words", [
    ("output_norm.weight", struct.pack("<f", float("nan")), "value 0: expected a finite number"),
    ("blk.3.attn_q.bias", struct.pack("<f", float("-inf")), "value 0: expected a finite number"),
    ("blk.3.attn_q.weight", b"\x00\x7e", "block 0: expected a finite scale"),
    ("token_embd.weight", b"\x00\xfc", "block 0: expected a finite scale"),
])
def test_weights_that_are_no_numbers(tools, patched, name, data, words):
    path, offset = patched(name, data)
    line = tools.error(path, "-p", "x", "-n", "2")
    assert words in line and name in line and f"offset 0x{offset:x}".lower() in line.lower()


def test_values_that_overflow_end_the_run(tools, patched):
    path, _ = patched("output_norm.weight", np.full(256, 3e38, np.float32).tobytes())
    for arguments in (["-p", "x", "-n", "5"], ["-p", "x", "-n", "5", "--temp", "1"], ["--ids", "1,2"]):
        assert "are no numbers (NaN)" in tools.error(path, *arguments)


def test_all_zeros_are_a_tie(tools, tmp_path):
    begin = json.loads(tools.text("ignis-run", tools.model, "--inspect", "--json"))["data_offset"]
    data = tools.model.read_bytes()
    path = tmp_path / "zero.gguf"
    path.write_bytes(data[:begin] + bytes(len(data) - begin))
    assert tools.text("ignis-run", path, "-p", "x", "-n", "3", "-q") == "!!!\n"  # Token 0, the first of equals.
    path.write_bytes(data)
    denormal = tools.logits(tmp_path / "a.npy", [1, 2], model=path)
    assert np.isfinite(denormal).all()


# --- text ---------------------------------------------------------------------------------------------------


def bias(tools, *bytes_):
    """Options that make the model say a byte again and again."""
    ids = json.loads(tools("ignis-run", tools.model, "--tokenize", "-f", "-", input=bytes(bytes_)).stdout)
    assert len(ids) == len(bytes_)
    return [f"--logit-bias={i}=1000" for i in ids]


def test_a_character_that_never_ends_becomes_a_replacement(tools):
    # The first byte of an emoji, over and over; the last one is cut off by -n.
    assert tools.text("ignis-run", tools.model, "-p", "x", "-n", "3", *bias(tools, 0xF0)) == "\ufffd" * 3 + "\n"


def test_terminals_are_not_steered(tools, terminal):
    escape = bias(tools, 0x1B)
    assert tools.text("ignis-run", tools.model, "-p", "x", "-n", "2", *escape) == "\x1b\x1b\n"
    ours, theirs = terminal
    process = start(tools, tools.model, "-p", "x", "-n", "2", *escape, stdout=theirs)
    process.communicate(timeout=60)
    assert os.read(ours, 100) == b"\\x1b\\x1b\r\n"


@pytest.mark.parametrize("text", [b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff\xfe", b"a\0b",
                                  b"\xef\xbb\xbfx\r\n"], ids=repr)
def test_any_bytes_are_a_prompt(tools, tmp_path, text):
    path = tmp_path / "prompt"
    path.write_bytes(text)
    ids = json.loads(tools.text("ignis-run", tools.model, "--tokenize", "-f", path))
    assert json.loads(tools.text("ignis-run", tools.model, "-f", path, "-n", "1", "--json"))["prompt_ids"] == ids


@pytest.mark.parametrize("text", ["A", "\n", " ", "\U0001f600", "e\u0301", "7", "\0"], ids=ascii)
def test_a_megabyte_of_one_character(tools, tmp_path, text):
    path = tmp_path / "prompt"
    path.write_text(text * (1000000 // len(text.encode())))
    begin = time.time()
    assert "tokens, expected at most 2048: the context has 2048 positions" in tools.error(tools.model, "-f", path)
    assert time.time() - begin < 60


def test_users_do_not_end_their_turn(tools):
    assert len(json.loads(tools.text("ignis-run", tools.model, "--tokenize", "-p", "<|im_end|>"))) > 1


def test_conversations(tools):
    assert tools.text("ignis-run", tools.model, "--chat", input=b"") == ""
    lines = tools.text("ignis-run", tools.model, "--chat", "--json", "-n", "2", input=b"hello\n\nyou\n").splitlines()
    assert len(lines) == 3 and all(len(json.loads(line)["ids"]) <= 2 for line in lines)
