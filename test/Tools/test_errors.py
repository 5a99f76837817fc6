# ===- test_errors.py - one clear line, the right exit code ------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Exit 1 for bad input, 2 for bad usage; nothing on standard output.

import pytest


@pytest.mark.parametrize("arguments, words", [
    ([], "no model given"),
    (["MODEL"], "nothing to do"),
    (["MODEL", "--nonsense"], "unknown option '--nonsense'"),
    (["MODEL", "-p"], "wants a value"),
    (["MODEL", "-p", "x", "-n", "many"], "expected an integer"),
    (["MODEL", "-p", "x", "--temp", "-1"], "expected a number"),
    (["MODEL", "-p", "x", "--kv", "q4"], "expected f16|f32"),
    (["MODEL", "-p", "x", "-f", "y"], "exclude each other"),
    (["MODEL", "x", "-p", "y"], "one model wanted"),
    (["MODEL", "--logits", "x.npy", "-p", "x"], "--logits wants --ids"),
    (["MODEL", "-o", "x", "-p", "x"], "-o wants --emit"),
    (["MODEL", "--tokenize"], "--tokenize wants a prompt"),
    (["MODEL", "--tokenize", "-p", "x", "--emit", "plan"], "--emit and --tokenize exclude each other"),
    (["MODEL", "--ids", "1", "-p", "x"], "--ids and a prompt (-p, -f) exclude each other"),
    (["MODEL", "--sed", "1"], "unknown option '--sed' (did you mean '--seed'?)"),
    (["MODEL", "--perplexty=x"], "did you mean '--perplexity'?"),
    (["MODEL", "-x"], "unknown option '-x' (see --help)"),
    (["MODEL", "-p", "x", "-q=1"], "-q takes no value"),
    (["MODEL", "-p", "x", "--stop", ""], "--stop: expected a text that is not empty"),
    (["MODEL", "-p", "x", "--emit", "nothing"], "--emit: expected import|fuse|bufferize|plan|lower|llvm|asm|obj|so, got 'nothing'"),
    *[(["MODEL", "-p", "x", name, ""], f"{name}: expected") for name in ("--ids", "--emit", "--perplexity", "-f", "-o", "--module",
                                                                      "--pass-pipeline", "--dump-ir", "--logits", "--kernels")],
    (["MODEL", "--ids", "1", "--logits", "-"], "--logits: expected the name of a file, got '-'"),
    (["MODEL", "-p", "x", "--batch", "2"], "--batch wants --emit"),
    (["MODEL", "--emit", "plan", "--json"], "--emit and --json exclude each other"),
    (["MODEL", "--chat", "--profile"], "--profile wants a prompt"),
    (["MODEL", "--ids", "1", "--trace", "x"], "--profile wants a prompt"),
    (["MODEL", "-p", "x", "--module", "x.mlir", "--ctx", "32"], "--ctx has no effect on a module (--module=x.mlir)"),
    (["MODEL", "--ids", "1", "--module", "x.mlir", "--kv", "f32"], "--kv has no effect on a module"),
    *[(["MODEL", "-p", "x", *option.split()], words) for option, words in [
        ("-n -2", "expected an integer from -1 on, got '-2'"), ("-n 99999999999999999999", "expected an integer"),
        ("-t 0", "from 1 to 256, got '0'"), ("-t -1", "got '-1'"), ("-t 100000", "from 1 to 256, got '100000'"),
        ("--temp nan", "expected a number"), ("--temp inf", "expected a number"), ("--temp 1e7", "expected a number"),
        ("--top-p 0", "expected a number"), ("--top-p 2", "expected a number"), ("--top-p nan", "expected a number"),
        ("--top-k -1", "expected an integer"), ("--min-p 1.1", "from 0 to 1"), ("--min-p -0.1", "from 0 to 1"),
        ("--repeat-penalty 0", "expected a number"), ("--frequency-penalty nan", "expected a number"),
        ("--repeat-last-n -2", "expected an integer from -1"),
        ("--seed -1", "expected an integer"), ("--seed 18446744073709551616", "expected an integer"),
        ("--ctx 0", "expected an integer"), ("--ctx 99999999", "expected an integer"), ("--chunk 0", "expected an integer"),
        ("--logit-bias x=1", "expected ID=X"), ("--logit-bias 1=nan", "expected ID=X"), ("--logit-bias -1=1", "expected ID=X"),
    ]],
])
def test_usage(tools, arguments, words):
    assert words in tools.error(*[tools.model if a == "MODEL" else a for a in arguments], expect=2)


@pytest.mark.parametrize("arguments, words", [
    (["-f", "/nonexistent"], "No such file"),
    (["--ids", "1,x"], "expected integers"),
    (["--ids", "1,-1"], "outside the vocabulary"),
    (["--ids", "99999999"], "outside the vocabulary"),
    (["-p", "x", "--kernels", "none"], "--kernels"),
    (["-p", "x", "--cpu", "i486sx9"], "unknown CPU"),
    (["-p", "x", "--pass-pipeline", "builtin.module()"], "'embed' cannot become a driver: it returns values; bufferize it first (ignis-bufferize-pipeline)"),
    (["-p", "x", "--pass-pipeline", "ignis-bufferize-pipeline{x=1}"], "no such option x"),
    (["-p", "x", "--pass-pipeline", "no-such-pass"], "no-such-pass"),
    (["-p", "x", "--module", "/nonexistent.mlir"], "/nonexistent.mlir"),
    (["-p", "x", "--module", "/nonexistent.so"], "/nonexistent.so"),
    (["--ids", "1,2", "--logits", "/nonexistent/x.npy"], "cannot write /nonexistent/x.npy"),
    (["--emit", "plan", "-o", "/nonexistent/x"], "cannot write /nonexistent/x"),
    (["--ids", "1,"], "expected integers"),
    (["--ids", "[1,2"], "expected integers"),
    (["--ids", "[]"], "at least one token id"),
    (["--ids", "@/dev/null"], "at least one token id"),
    (["--ids", "@/nonexistent"], "/nonexistent: No such file"),
    (["--ids", "99999999999"], "expected integers"),
    (["-f", "."], ".: Is a directory"),
    (["--perplexity", "/dev/null"], "/dev/null: the text has 0 tokens, expected at least 512"),
    (["-p", "x", "--dump-ir", "/proc/x", "--no-cache"], "cannot write to /proc/x"),
    (["-p", "x", "--dump-ir", "/proc", "--no-cache"], "cannot write to /proc"),
    (["--emit", "fuse", "--dump-ir", "/dev/null"], "cannot write to /dev/null: Not a directory"),
    (["-p", "x", "--logit-bias", "8192=1"], "expected an id below 8192"),
    (["-p", "x", "--ctx", "16777216"], "cannot get 103079215104 bytes for caches"),
    (["-p", "x", "--module", "."], ".: Is a directory"),
])
def test_input(tools, arguments, words):
    assert words in tools.error(tools.model, *arguments)


def test_ids(tools, tmp_path):
    """The best token of the last position, however the ids are given."""
    path = tmp_path / "ids"
    path.write_text("[1, 2,\n 3]\n")
    best = str(int(tools.logits(tmp_path / "x.npy", [1, 2, 3])[-1].argmax())) + "\n"
    for ids in ("1,2,3", "[1, 2, 3]", f"@{path}"):
        assert tools.text("ignis-run", tools.model, "--ids", ids) == best


def test_what_greedy_decoding_does_not_look_at_is_said(tools):
    arguments = ["-p", "x", "-n", "1", "--top-k", "40", "--seed", "1"]
    done = tools("ignis-run", tools.model, *arguments)
    assert done.stderr.decode().splitlines()[0] == "warning: without --temp the best token is taken: no effect of --top-k, --seed"
    assert tools("ignis-run", tools.model, *arguments, "-q").stderr == b""
    assert b"warning" not in tools("ignis-run", tools.model, *arguments, "--temp", "1").stderr


def test_a_dash_is_standard_output(tools, tmp_path):
    tools("ignis-run", tools.model, "--emit", "import", "-o", tmp_path / "x")
    assert tools("ignis-run", tools.model, "--emit", "import", "-o", "-").stdout == (tmp_path / "x").read_bytes()


def test_options_end(tools):
    assert tools.text("ignis-run", "-p", "x", "-n", "1", "--", tools.model) == "i\n"


def test_a_context_beyond_the_models(tools):
    done = tools("ignis-run", tools.model, "-p", "x", "-n", "1", "--ctx", "4096")
    assert "--ctx 4096 is more than the 2048 positions" in done.stderr.decode().splitlines()[0]
    assert tools("ignis-run", tools.model, "-p", "x", "-n", "1", "--ctx", "4096", "-q").stderr == b""


def test_context_is_full(tools):
    assert "context of 16 positions is full" in tools.error(tools.model, "--ids", ",".join(["5"] * 17), "--ctx", 16)


def test_damaged_model(tools, tmp_path):
    data = tools.model.read_bytes()
    path = tmp_path / "cut.gguf"
    for size in (0, 3, 100, 5000, len(data) - 1000):
        path.write_bytes(data[:size])
        assert str(path) in tools.error(path, "--ids", "1")


def test_damaged_modules(tools, tmp_path):
    path = tmp_path / "x.mlir"
    path.write_text("module { func.func @decode( }")
    assert "x.mlir:1:" in tools.error(tools.model, "--ids", "1", "--module", path)
    path = tmp_path / "x.so"
    path.write_bytes(b"\x7fELF nonsense")
    assert "cannot load module" in tools.error(tools.model, "--ids", "1", "--module", path)
