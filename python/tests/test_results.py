# ===- test_results.py - append-only results ---------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to the writer, every whole line stays, and no line is counted that is not whole."""

import json
import os
import subprocess
import sys

import pytest

from ignis import results
from ignis.errors import InputError
from ignis.results import Results
from laboratory import ROOT

IDENTITY = {"model": "m", "space": "s"}


def write(path):
    with Results(path, IDENTITY) as made:
        made.append("run", identity=IDENTITY, question="", experiment="e.toml", model_path="m.gguf", model="m", plugins=[],
                    default=["a"], steps={}, command=["ignis"])
        made.append("edge", **{"from": "r", "step": "a", "to": "s"})
        made.append("edge", **{"from": "r", "step": "b", "error": "why"})
        made.append("order", order=["a"], hash="s")
        made.append("measure", hash="s", ok=True, reason=None, facts={})
        made.append("timing", hash="s", default="s", pairs={"decode": [[1.0, 2.0]], "prefill": [[1.0, 2.0]]})
        made.append("timing", hash="s", default="s", pairs={"decode": [[1.0, 2.0]], "prefill": [[1.0, 2.0]]})
        made.append("done", complete=True)
        made.sync()
    return path.read_bytes()


def test_what_is_written_is_known(tmp_path):
    path = tmp_path / "r.jsonl"
    data = write(path)
    known = Results(path).known
    assert known.edges["r", "a"]["to"] == "s" and known.edges["r", "b"]["error"] == "why"
    assert known.orders[("a",)]["hash"] == "s" and known.measures["s"]["ok"] and len(known.timings["s"]) == 2
    assert len(known.runs) == len(known.done) == 1
    with Results(path, IDENTITY) as again:  # opening adds nothing
        assert again.known == known
    assert path.read_bytes() == data
    assert [json.loads(line)["kind"] for line in data.splitlines()][0] == "run"


def test_cut_anywhere(tmp_path):
    """A writer that died at any byte: whole lines count, what follows goes on from there."""
    data = write(tmp_path / "whole.jsonl")
    path = tmp_path / "r.jsonl"
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        whole = data[:size].count(b"\n")
        assert len(list(results.read(path))) == whole
        Results(path)
        assert path.read_bytes() == data[:size], "reading changes nothing"
        with Results(path, IDENTITY) as made:
            made.append("done", complete=False)
        lines = path.read_bytes().splitlines(keepends=True)
        assert b"".join(lines[:whole]) == data[:data[:size].rfind(b"\n") + 1] and len(lines) == whole + 1


def test_errors(tmp_path):
    path = tmp_path / "r.jsonl"
    write(path)
    with pytest.raises(InputError, match="made with another space; expected the same"):
        Results(path, IDENTITY | {"space": "other"})
    with Results(path, IDENTITY):
        with pytest.raises(InputError, match="another exploration is writing it"):
            Results(path, IDENTITY)
        assert len(Results(path).known.edges) == 2
    with Results(path, IDENTITY):
        pass  # the lock is gone
    with open(path, "ab") as file:
        file.write(b"garbage\n")
    with pytest.raises(InputError, match=r"r\.jsonl:9: not a JSON record"):
        Results(path)
    path.write_bytes(b"[1]\n")
    with pytest.raises(InputError, match=r"r\.jsonl:1: expected an object with the key 'kind'"):
        Results(path)
    with pytest.raises(OSError):
        Results(tmp_path / "nowhere.jsonl")


def test_provenance():
    made = results.provenance("hash", 7)
    assert made["model"] == "hash" and made["seed"] == 7 and made["llvm"].startswith("22.")
    assert made["cpu"] and made["cores"] >= 1 and made["command"] and len(made["compiler"]) == 16
    assert "commit" in made and made["python"].startswith("3.")
    json.dumps(made)


@pytest.mark.parametrize("line, reason", [
    ('{"kind":"edge"}', "expected a string for 'from' in a record of kind 'edge', got none"),
    ('{"kind":"edge","from":"r","step":3}', "expected a string for 'step' in a record of kind 'edge', got 3"),
    ('{"kind":"edge","from":"r","step":"a"}', "expected a string for 'to' or 'error'"),
    ('{"kind":"edge","from":"r","step":"a","to":[0]}', "expected a string for 'to' or 'error'"),
    ('{"kind":"measure","hash":"s","ok":"yes"}', "expected true or false for 'ok' in a record of kind 'measure', got 'yes'"),
    ('{"kind":"measure","hash":"s","ok":true}', "expected a string or null for 'reason' in a record of kind 'measure', got none"),
    ('{"kind":"measure","hash":"s","ok":true,"reason":null,"facts":{"decode":{"total_ops":null,"barriers":1,"arena":1}}}',
     "expected facts of entry points for 'facts'"),
    ('{"kind":"run"}', "expected an object of strings for 'identity' in a record of kind 'run', got none"),
    ('{"kind":"timing","hash":"s","default":"s","pairs":[]}', "expected pairs of seconds for decode and prefill for 'pairs'"),
    ('{"kind":"timing","hash":"s","default":"s","pairs":{"decode":[[1,2]],"prefill":[[1,"2"]]}}', "expected pairs of seconds"),
    ('{"kind":"timing","hash":"s","default":"s","pairs":{"decode":[[1,0]],"prefill":[[1,2]]}}', "expected pairs of seconds"),
    ('{"kind":"timing","hash":"s","default":"s","pairs":{"decode":[],"prefill":[[1,2]]}}', "expected pairs of seconds"),
    ('{"kind":"order","order":"a","hash":null}', "expected a list of strings for 'order'"),
    ("[]", "expected an object with the key 'kind'"), ("{", "not a JSON record"), ("\x00", "not a JSON record"),
])
def test_a_wrong_record_is_named(tmp_path, line, reason):
    path = tmp_path / "r.jsonl"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + line.encode() + b"\n" + b"".join(lines[3:]))
    with pytest.raises(InputError) as caught:
        Results(path)
    assert str(caught.value).startswith(f"{path}:4: ") and reason in str(caught.value)


def test_a_full_disk_names_the_file(tmp_path):
    """Whole lines stay, and the next run goes on behind them."""
    path = tmp_path / "r.jsonl"
    made = subprocess.run(["bash", "-c", 'ulimit -f 4; trap "" XFSZ; exec "$@"', "-", sys.executable, "-c", """
import sys
from ignis import errors
from ignis.results import Results
def work():
    with Results(sys.argv[1], {}) as made:
        for number in range(1000):
            made.append("edge", **{"from": "r", "step": str(number), "to": "x" * 100})
sys.exit(errors.run(work))
""", path], capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    assert (made.returncode, made.stderr) == (1, f"error: {path}: File too large\n")
    whole = path.read_bytes().count(b"\n")
    with Results(path, {}) as again:
        assert len(again.known.edges) == whole > 5
        again.append("edge", **{"from": "r", "step": "next", "to": "y"})
    assert len(Results(path).known.edges) == whole + 1


def test_a_device_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", tmp_path / "pipe"):
        with pytest.raises(InputError, match="expected a regular file, got a device or pipe"):
            Results(path, IDENTITY)


@pytest.mark.parametrize("content, kept", [(b"a note without an end", True), (b'{"kind":"edge"}\n{"kin', False), (b'{"kind":"edge","fr\0\0', False)])
def test_a_file_of_someone_elses_stays(tmp_path, content, kept):
    """Only what a writer that died leaves at the end is taken away."""
    path = tmp_path / "note.txt"
    path.write_bytes(content.replace(b'"edge"}', b'"done"}'))
    if kept:
        with pytest.raises(InputError, match="note.txt: expected records of results, got b'a note"):
            Results(path, IDENTITY)
        assert path.read_bytes() == content
    else:
        Results(path, IDENTITY).close()
        assert path.read_bytes() in (b"", b'{"kind":"done"}\n')
