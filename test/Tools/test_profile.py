# ===- test_profile.py - ignis-run --profile -----------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The table and the trace: every op of every call is there, once for each thread, and costs what its shape says.

import collections
import json


def test_profile(tools, tmp_path):
    flags = [tools.model, "-p", "Once upon a time", "-n", 4, "-t", 2]
    plain = tools("ignis-run", *flags)
    done = tools("ignis-run", *flags, "--trace", tmp_path / "trace.json")
    assert done.stdout == plain.stdout
    lines = [line.split() for line in done.stderr.decode().splitlines()]
    table = {(line[0], " ".join(line[1:-6])): line[-6:] for line in lines if line and line[0] in ("embed", "decode", "prefill")}
    # The head of the shipped model: 8192 rows of 256 values, 34 bytes for 32 of them; three tokens are decoded.
    calls, ms, share, megabytes, gbs, gflops = table["decode", "linear 8192x256"]
    assert calls == "3" and share.endswith("%") and float(ms) > 0
    assert abs(float(megabytes) - 3 * (8192 * 256 / 32 * 34 + 8192 * 4 + 256 * 5 / 4) * 1e-6) < 0.01

    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert all(event["ph"] == "X" and event["dur"] >= 0 and event["ts"] >= 0 for event in events)
    counts = collections.Counter((event["tid"], event["cat"]) for event in events if event["name"].startswith("attend"))
    assert counts[0, "decode"] == 3 * 24 and counts[0, "prefill"] == 24
    head = next(event for event in events if event["cat"] == "decode" and event["name"] == "linear 8192x256")
    assert head["args"]["flops"] == 2 * 8192 * 256 and head["args"]["weights"] == "token_embd.weight"
    # Prefill computes the last layer for the last of its four rows, which attends to four positions; the others to ten.
    down = [event["args"] for event in events if (event["tid"], event["cat"], event["name"]) == (0, "prefill", "linear 256x704")]
    assert [args["flops"] for args in down] == 23 * [4 * 2 * 256 * 704] + [2 * 256 * 704]
    attend = [event["args"]["flops"] for event in events if event["tid"] == 0 and event["cat"] == "prefill" and event["name"].startswith("attend")]
    rounding = 2 * 256  # of a row
    assert set(attend[:23]) == {(attend[23] - rounding) * 10 / 4 + 4 * rounding}
    row = [event["args"]["bytes"] for event in events if (event["tid"], event["name"]) == (0, "last_row 256")]
    assert row == [2 * 4 * 256]
    queries = [event["args"]["flops"] for event in events if (event["tid"], event["cat"], event["name"]) == (0, "prefill", "linear 256x256")]
    assert queries == 23 * [4 * 2 * 256 * 256] + 2 * [2 * 256 * 256]  # Behind attention, and of the last layer before it.
    # On a thread, one thing after the other.
    for thread in {event["tid"] for event in events}:
        mine = sorted((event["ts"], event["dur"]) for event in events if event["tid"] == thread)
        assert all(a[0] + a[1] <= b[0] + 1e-3 for a, b in zip(mine, mine[1:]))


def test_module_without_profile(tools, tmp_path):
    tools("ignis-run", tools.model, "--emit", "so", "-o", tmp_path / "model.so")
    message = tools.error(tools.model, "-p", "Once", "-n", 1, "--module", tmp_path / "model.so", "--trace", tmp_path / "trace.json")
    assert message == "ignis-run: --profile: the module was not compiled for profiling"
    assert not (tmp_path / "trace.json").exists()
