# ===- test_results.py - append-only results ---------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to the writer, every whole line stays, and no line is counted that is not whole."""

import json

import pytest

from ignis import results
from ignis.errors import InputError
from ignis.results import Results

IDENTITY = {"model": "m", "space": "s"}


def write(path):
    with Results(path, IDENTITY) as made:
        made.append("run", identity=IDENTITY)
        made.append("edge", **{"from": "r", "step": "a", "to": "s"})
        made.append("edge", **{"from": "r", "step": "b", "error": "why"})
        made.append("order", order=["a"], hash="s")
        made.append("measure", hash="s", ok=True)
        made.append("timing", hash="s", pairs={})
        made.append("timing", hash="s", pairs={})
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
