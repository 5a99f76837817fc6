# ===- test_commands.py - the commands as their users run them --------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Exit codes, messages, and files that appear whole or not at all."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from checkpoints import write_checkpoint
from conftest import ROOT
from ignis.gguf import File
from ignis.output import atomic

SMALL = "hidden=64,layers=1,heads=2,kv=1,ffn=64,vocab=300"


def one_line(result, code, message):
    """Bad input: nothing on stdout, one line on stderr, the exit code."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1 and message in result.stderr, result.stderr


def test_convert_says_how_far_it_is(command, tmp_path):
    write_checkpoint(tmp_path / "hf")
    result = command("convert", tmp_path / "hf", tmp_path / "m.gguf", "--type", "f16")
    assert result.returncode == 0 and result.stdout == ""
    lines = result.stderr.splitlines()
    assert "100%" in lines[-2] and "output_norm.weight" in lines[-2]
    assert "m.gguf: " in lines[-1] and "26 tensors" in lines[-1]
    first = (tmp_path / "m.gguf").read_bytes()
    result = command("convert", tmp_path / "hf", tmp_path / "m.gguf", "--type", "f16", "--quiet")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "m.gguf").read_bytes() == first


def test_progress_on_a_terminal_is_one_line_that_is_rewritten(terminal):
    ours, theirs = terminal
    code = "import sys; from ignis.output import Progress; p = Progress(100)\n" \
           "for i in range(4): p.shown = 0; p.advance(25, 'x\\n')\n" \
           "p.clear()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "python", stderr=theirs, check=True)
    text = os.read(ours, 4096).decode()
    assert "\n" not in text and text.count("\r\x1b[K") == 5 and "100%" in text
    assert text.endswith("\r\x1b[K")


def test_bad_input_is_one_line_and_1(command, tmp_path):
    out = tmp_path / "m.gguf"
    one_line(command("convert", tmp_path / "none", out), 1, "expected a directory")
    (tmp_path / "hf").mkdir()
    one_line(command("convert", tmp_path / "hf", out), 1, "config.json: No such file")
    write_checkpoint(tmp_path / "hf", model_type="lla\nma\x1b[31m")
    one_line(command("convert", tmp_path / "hf", out), 1, "got 'lla\\nma\\x1b[31m'")
    write_checkpoint(tmp_path / "hf")
    one_line(command("convert", tmp_path / "hf", tmp_path), 1, "got a directory")
    weights = tmp_path / "hf" / "model.safetensors"
    one_line(command("convert", tmp_path / "hf", weights), 1, "no part of the checkpoint")
    os.mkfifo(tmp_path / "pipe")
    one_line(command("reference", tmp_path / "pipe", "--ids", "1"), 1, "got no regular file")
    one_line(command("convert", tmp_path / "hf", "/dev/null"), 1, "expected a regular file")
    one_line(command("convert", tmp_path / "hf", tmp_path / "no" / "m"), 1, "does not exist")
    one_line(command("synthesize", out, "--shape", "0.5b,ffn=33", "--quiet"), 1, "ffn")
    one_line(command("reference", tmp_path / "hf" / "config.json", "--ids", "1"), 1, "magic")
    assert not out.exists()


@pytest.mark.parametrize("arguments", [
    ("convert",), ("convert", "a", "b", "--type", "q4_0"), ("convert", "a", "b", "--fast"),
    ("synthesize", "m.gguf"), ("synthesize", "m.gguf", "--shape", "0.6b"),
    ("synthesize", "m.gguf", "--shape", "0.5b", "--seed", "-1"),
    ("reference", "m.gguf", "--ids", "1,x"),
])  # fmt: skip
def test_bad_usage_is_2(command, arguments):
    result = command(*arguments)
    assert result.returncode == 2 and "usage: python -m ignis." in result.stderr


def test_help(command):
    result = command("synthesize", "--help")
    assert result.returncode == 0 and "--header-only" in result.stdout


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_interruption_leaves_nothing(tmp_path, number, code):
    (tmp_path / "m.gguf").write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-m", "ignis.synthesize", tmp_path / "m.gguf", "--shape", "7b,vocab=300",
         "--type", "f32"], cwd=ROOT / "python", stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == code and "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]
    assert (tmp_path / "m.gguf").read_text() == "old"


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    result = subprocess.run(
        ["bash", "-c", 'ulimit -f 500; trap "" XFSZ; exec "$@"', "-", sys.executable, "-m",
         "ignis.synthesize", tmp_path / "m.gguf", "--shape",
         "hidden=256,layers=4,heads=4,kv=4,ffn=512,vocab=300", "--quiet"],
        cwd=ROOT / "python", capture_output=True, text=True, timeout=60)
    one_line(result, 1, "File too large")
    assert not list(tmp_path.iterdir())


def test_output_follows_links_and_keeps_the_umask(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    old = os.umask(0o027)
    try:
        with atomic(tmp_path / "link") as file:
            file.write(b"new")
            assert (tmp_path / "real").read_text() == "old"
    finally:
        os.umask(old)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_reference_command(command, tmp_path):
    assert command("synthesize", tmp_path / "m.gguf", "--shape", SMALL, "--quiet").returncode == 0
    result = command("reference", tmp_path / "m.gguf", "--ids", "1,2", "--logits",
                     tmp_path / "x.npy")
    rows = np.load(tmp_path / "x.npy")
    assert rows.shape == (2, 300) and rows.dtype == np.float32
    first = result.stdout.splitlines()[0].split("\t")
    assert int(first[0]) == rows[1].argmax() and float(first[1]) == pytest.approx(rows[1].max())


def test_shipped_model_is_ours(root):
    file = File(root / "models" / "fairy-tales-20m-q8_0.gguf")
    assert len(file.tensors) == 290 and file.metadata["ignis.tokenizer.nfc"] is False
    assert file.metadata["tokenizer.ggml.eos_token_id"] == 8189
    assert len(file.metadata["tokenizer.ggml.tokens"]) == 8192
