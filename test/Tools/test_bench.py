# ===- test_bench.py - the JSON of ignis-bench ------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Its keys and which results there are; no time is judged.

import json

import pytest

KEYS = {"kind", "tokens", "threads", "depth", "batch", "tokens_per_second", "seconds", "min", "max", "bytes_per_second",
        "share_of_bandwidth", "macs_per_second", "share_of_dot_product_peak"}


def results(tools, *flags):
    data = json.loads(tools.text("ignis-bench", tools.model, "--json", *flags))
    assert {"features", "kernels", "cpu", "read_bandwidth", "dot_product_peak", "peak_resident_bytes", "anonymous_bytes"} <= set(data["machine"])
    for result in data["results"]:
        assert KEYS <= set(result)
        assert 0 < result["min"] <= (result["tokens_per_second"] or result["seconds"]) <= result["max"]
    return data["machine"], data["results"]


def kinds(found):
    return [(r["kind"], r["tokens"], r["threads"], r["depth"], r["batch"]) for r in found]


def test_prefill_decode_and_batches(tools):
    machine, found = results(tools, "-p", "8,20", "-n", 4, "-t", "1,2", "-d", "0,16", "-b", "1,3", "-r", 2, "--no-probe")
    expected = []
    for threads in (1, 2):
        expected += [("compile", 0, threads, 0, 1), ("load", 0, threads, 0, 1), ("first_token", 4, threads, 0, 1),
                     ("pack", 0, threads, 0, 1)]
        for depth in (0, 16):
            expected += [("prefill", 8, threads, depth, 1), ("prefill", 20, threads, depth, 1),
                         ("decode", 4, threads, depth, 1), ("decode", 4, threads, depth, 3)]
    assert kinds(found) == expected
    assert machine["read_bandwidth"] == [] and all(r["share_of_bandwidth"] is None for r in found)
    for r in found:
        assert (r["seconds"] is None) == (r["kind"] in ("prefill", "decode"))
        assert (r["bytes_per_second"] is not None) == (r["kind"] == "decode")
        assert (r["macs_per_second"] is not None) == (r["kind"] == "prefill")
        if r["kind"] in ("prefill", "decode"):  # The median of two.
            assert r["tokens_per_second"] == pytest.approx((r["min"] + r["max"]) / 2, rel=1e-12)


def test_shares_of_the_probes(tools):
    machine, found = results(tools, "-p", 16, "-n", 4, "-t", 1, "-r", 1)
    by_kind = {r["kind"]: r for r in found}
    peak, read = machine["dot_product_peak"][0], machine["read_bandwidth"][0]
    prefill, decode = by_kind["prefill"], by_kind["decode"]
    assert prefill["share_of_dot_product_peak"] == prefill["macs_per_second"] / peak["macs_per_second"]
    assert decode["share_of_bandwidth"] == decode["bytes_per_second"] / read["bytes_per_second"]


def test_parts_can_be_left_out(tools):
    _, found = results(tools, "-p", 0, "-n", 3, "-t", 1, "-r", 1, "-b", 2, "--no-probe")
    assert kinds(found)[4:] == [("decode", 3, 1, 0, 2)]
    _, found = results(tools, "-p", 5, "-n", 0, "-t", 1, "-r", 1, "--no-probe")
    assert kinds(found)[4:] == [("prefill", 5, 1, 0, 1)]


def test_one_token_has_a_speed(tools):
    _, found = results(tools, "-p", 0, "-n", 1, "-t", 1, "-r", 1, "-b", "1,2", "--no-probe")
    assert kinds(found)[4:] == [("decode", 1, 1, 0, 1), ("decode", 1, 1, 0, 2)]


@pytest.mark.parametrize("flags, words", [(["-t", "257"], "-t: expected thread counts from 1 to 256"), (["-t", "0"], "-t: expected"),
                                          (["-p", "4,"], "-p: expected lengths"), (["-b", "4097"], "-b: expected"), (["-p", ""], "-p: expected")])
def test_usage(tools, flags, words):
    done = tools("ignis-bench", tools.model, *flags, expect=2)
    assert done.stdout == b"" and words in done.stderr.decode()


def test_module_and_kernels(tools, tmp_path):
    tools("ignis-run", tools.model, "--emit", "so", "--batch", 4, "--ctx", 64, "-o", tmp_path / "model.so")
    machine, found = results(tools, "--module", tmp_path / "model.so", "--kernels", "scalar", "-p", 4, "-n", 2, "-b", "1,4", "-t", 1, "-r", 1, "--no-probe")
    assert machine["kernels"] == "scalar" and kinds(found)[-1] == ("decode", 2, 1, 0, 4)
    done = tools("ignis-bench", tools.model, "--module", tmp_path / "model.so", "-p", 0, "-n", 2, "-b", 5, "-t", 1, "--no-probe", expect=1)
    assert "sequence is 4, expected 0 to 3" in done.stderr.decode()


def test_a_first_token_needs_no_packed_weights(tools):
    run = lambda *more: json.loads(tools.text("ignis-run", tools.model, "-p", "Once upon a time", "--temp", "0", "--json", *more))
    one, two = run("-n", "1"), run("-n", "2")
    assert one["pack_seconds"] == 0 < two["pack_seconds"]
    assert one["ids"] == two["ids"][:1]
