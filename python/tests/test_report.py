# ===- test_report.py - the page of an exploration ---------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""What the page holds, read as data; test/Lab/test_browser.py looks at it in a browser."""

import base64
import json
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser

import pytest

import ignis
from ignis import figures, report, work
from ignis.errors import InputError
from ignis.results import Results


class Reader(HTMLParser):
    """Checks that every tag that opens closes; keeps attributes and the scripts' text."""

    VOID = {"meta", "br", "line", "polyline", "circle", "rect"}

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.data, self.text = [], [], None, []

    def handle_starttag(self, tag, attributes):
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in self.VOID:
            self.open.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        if tag in ("p", "td", "th", "tr"):  # may be left out
            while self.open[-1][0] != tag and self.open[-1][0] in ("p", "td", "th", "tr"):
                self.open.pop()
        assert self.open and self.open[-1][0] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, text):
        if self.open and self.open[-1][1].get("id") == "data":
            self.data = json.loads(text)
        elif self.open and self.open[-1][0] not in ("style", "script"):
            self.text.append(text)


def read(path):
    reader = Reader()
    text = path.read_text()
    reader.feed(text)
    reader.close()
    assert [tag for tag, _ in reader.open if tag not in ("html", "body", "p")] == []
    return text, reader


@pytest.fixture(scope="module")
def page(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "r.html"
    before = whole[1].read_bytes()
    report.write(str(whole[1]), path)
    assert whole[1].read_bytes() == before
    return path


def unpack(data, name):
    return zlib.decompress(base64.b64decode(data["packed"][name])).decode()


def test_everything_is_inside(page):
    """Nothing is fetched: no address anywhere, but the name of SVG's space."""
    text, reader = read(page)
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+", re.sub(r"(?m)^\s*//.*$|// .*$", "", text)) == []
    assert not [item for item in reader.attributes if item[1] in ("src", "href", "srcset", "action", "background")]
    assert "@import" not in text and "url(" not in text


def test_data(page, whole):
    _, reader = read(page)
    data, known = reader.data, Results(whole[1]).known
    assert {row["hash"] for row in data["rows"]} == set(known.measures)
    assert sum(row["is_default"] for row in data["rows"]) == 1 and sum(row["orders"] for row in data["rows"]) == 70
    root = ignis.Model(known.runs[-1]["model_path"]).import_module(**known.runs[-1]["imports"])
    assert set(data["shown"]) == set(known.measures)
    for row in data["rows"]:
        shown = data["shown"][row["hash"]]
        assert shown["steps"][0]["name"] == "import"
        assert shown["steps"][-1]["ops"] and sum(shown["steps"][-1]["ops"].values()) == row["total_ops"]
        assert unpack(data, shown["steps"][0]["ir"]).startswith("func.func @decode(")
        assert "<svg" in unpack(data, shown["before"]) and shown["before_bytes"] > shown["after_bytes"] >= row["arena"]
        made, _, _ = work.apply(root, row["pipeline"])  # the pipeline to paste makes this state
        assert made.hash == row["hash"]
    speeds = [row["decode"] for row in data["rows"] if row["decode"]]
    assert speeds and all(low <= middle <= high for middle, low, high in speeds)


def test_text(page):
    _, reader = read(page)
    text = " ".join(reader.text)
    for part in ("Does it work?", "70 legal orders", "Bytes against speed", "Which pass matters", "Which order matters",
                 "fuse-rms-norm", "LLVM 22", "seed 7"):
        assert part in text, part
    assert "Wrong and failing" not in text


def test_wrong_and_failing(broken, tmp_path):
    path = tmp_path / "b.html"
    report.write(str(broken[1]), path)
    _, reader = read(path)
    text = " ".join(reader.text)
    assert "Wrong and failing" in text and "fail fails: a reason" in text and "logits differ" in text
    wrong = [row for row in reader.data["rows"] if not row["ok"]]
    assert wrong and all("logits differ" in row["reason"] for row in wrong)
    assert reader.data["rows"][-1]["hash"] in {row["hash"] for row in wrong}, "wrong ones come last"


def test_while_it_grows(whole, tmp_path):
    """A page of any beginning of a results file."""
    lines = whole[1].read_bytes().splitlines(keepends=True)
    path = tmp_path / "r.jsonl"
    path.write_bytes(lines[0][:30])
    with pytest.raises(InputError, match="no record of a run"):
        report.write(str(path), tmp_path / "r.html")
    for count in (1, len(lines) // 3, len(lines) - 3):
        path.write_bytes(b"".join(lines[:count]) + lines[count][:20])
        report.write(str(path), tmp_path / "r.html", top=2)
        read(tmp_path / "r.html")
    assert path.read_bytes().endswith(lines[count][:20])


def test_the_page_is_another_file_than_the_results(tmp_path):
    path = tmp_path / "r.html"
    path.write_bytes(b"{}\n")
    (tmp_path / "link.html").symlink_to(path)
    for output in (path, tmp_path / "link.html"):
        with pytest.raises(InputError, match="expected another file for the page than the results"):
            report.write(path, output)
    assert path.read_bytes() == b"{}\n"


def test_another_model_is_refused(whole, tmp_path):
    other = tmp_path / "other.gguf"
    subprocess.run([sys.executable, "-m", "ignis.synthesize", other, "--shape",
                    "hidden=64,layers=1,heads=2,kv=1,ffn=96,vocab=300,tied=1,head_dim=32", "--type", "q8_0", "--seed", "3"],
                   check=True, capture_output=True, env={"PYTHONPATH": str(report.Path(report.__file__).parents[1])})
    text = whole[1].read_text().replace(json.loads(whole[1].read_text().splitlines()[0])["model_path"], str(other))
    (tmp_path / "r.jsonl").write_text(text)
    with pytest.raises(InputError, match="made with another model"):
        report.write(str(tmp_path / "r.jsonl"), tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_ticks_are_round():
    assert figures._ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    for low, high in ((0.97, 1.04), (33088 - 1, 33089), (-3, 1e9), (1e-9, 2e-9)):
        ticks = figures._ticks(low, high)
        assert 2 <= len(ticks) <= 8 and all(low <= tick <= high for tick in ticks)
