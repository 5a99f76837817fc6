# ===- test_browser.py - the report in headless Chromium ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Opens the page as a person does, clicks, and looks at what is there; `./dev lab` runs it. Screenshots of every
width and colour scheme are left in build/lab."""

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from ignis import report
from ignis.results import Results

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("IGNIS_BUILD_DIR", ROOT / "build")) / "lab"


def chromium(page, *options, fragment=""):
    """Chromium without a network, on its own profile; what it prints."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed (./dev lab installs it)"
    made = subprocess.run([program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                           f"--user-data-dir={page.parent / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
                           "--virtual-time-budget=10000", "--enable-logging=stderr", *options,
                           f"{page.as_uri()}{fragment}"], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    errors = [line for line in made.stderr.splitlines() if "CONSOLE" in line]
    assert not errors, errors
    return made.stdout


def after(page, script):
    """What `script` (of an async function) returns in the page."""
    probe = page.with_name("probe.html")
    probe.write_text(page.read_text().replace("</body>", """<script>
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
(async () => {
  let result;
  try { await wait(200); result = await (async () => { """ + script + """ })(); } catch (error) { result = {error: String(error)}; }
  document.body.innerHTML = '<pre id=result></pre>';
  document.getElementById('result').textContent = JSON.stringify(result);
})();
</script></body>"""))
    out = chromium(probe, "--dump-dom")
    text = re.search(r'<pre id="result">(.*?)</pre>', out, re.DOTALL)[1]
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, char)
    result = json.loads(text)
    assert not (isinstance(result, dict) and "error" in result), result
    return result


@pytest.fixture(scope="module")
def page(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "r.html"
    report.write(str(whole[1]), path)
    return path


@pytest.fixture(scope="module")
def rows(whole):
    return Results(whole[1]).known.measures


def test_table_sorts(page, rows):
    found = after(page, """
const cells = name => { const heads = [...document.querySelectorAll('#table th')].map(head => head.textContent.replace(/ [▾▴]/, ''));
  return [...document.querySelectorAll('#table tbody tr')].map(row => row.children[heads.indexOf(name)].textContent); };
const click = name => [...document.querySelectorAll('#table th')].find(head => head.textContent.startsWith(name)).click();
const first = cells('decode ×');
click('ops'); const up = cells('ops'); click('ops'); const down = cells('ops');
return {first, up, down, tags: document.querySelectorAll('.tag').length, rows: document.querySelectorAll('#table tbody tr').length};
""")
    ops = sorted(record["facts"]["decode"]["total_ops"] for record in rows.values())
    assert list(map(int, found["up"])) == ops and list(map(int, found["down"])) == ops[::-1]
    assert found["tags"] == 1 and found["rows"] == len(rows)
    speeds = [float(text.split()[0]) for text in found["first"] if text]
    assert speeds and speeds == sorted(speeds, reverse=True), "the fastest comes first"


def test_an_order_opens(page, rows):
    found = after(page, """
document.querySelectorAll('#table tbody tr')[1].click();
await wait(300);
const steps = [...document.querySelectorAll('#steps button')];
const heads = [], changed = [], texts = [];
for (const step of steps) {
  step.click(); await wait(150);
  heads.push(document.getElementById('diffhead').textContent);
  texts.push(document.querySelector('.diff').textContent);
  changed.push(document.querySelectorAll('.diff .del, .diff .add').length);
}
return {pipeline: document.getElementById('pipeline').textContent, steps: steps.map(step => step.textContent), heads, changed,
        figures: document.querySelectorAll('#pictures svg').length, rects: document.querySelectorAll('#pictures rect').length,
        captions: [...document.querySelectorAll('figcaption')].map(caption => caption.textContent),
        bars: document.querySelectorAll('#bars .bar').length, texts};
""")
    assert found["pipeline"].startswith("builtin.module(") and "ignis-bufferize-pipeline" in found["pipeline"]
    assert found["steps"][0] == "import" and len(found["steps"]) == found["bars"] >= 4
    assert found["heads"][0] == "the import" and found["changed"][0] == 0
    assert any(count > 0 for count in found["changed"][1:])
    assert found["figures"] == 2 and found["rects"] >= 20 and len(found["captions"]) == 2
    numbers = [int(re.search(r": ([\d,]+) bytes", text)[1].replace(",", "")) for text in found["captions"]]
    assert numbers[0] > numbers[1] > 0
    assert "func.func @decode" in found["texts"][0] and "ignis.rms_normalize" in found["texts"][0]
    assert "memref.view" in found["texts"][-1] or "lines alike" in found["texts"][-1]


def test_plot_points_open(page, rows):
    found = after(page, """
const point = document.querySelector('#pareto g[data-hash]:not(.default)') || document.querySelector('#pareto g[data-hash]');
point.dispatchEvent(new MouseEvent('click', {bubbles: true})); await wait(200);
return {hash: point.dataset.hash, title: document.querySelector('#detail h2').textContent, default: document.querySelectorAll('#pareto g.default').length,
        heat: document.querySelectorAll('#marginal td').length, pairs: document.querySelectorAll('#pairs').length};
""")
    assert found["hash"] in rows and found["title"] == f"Order {found['hash'][:12]}"
    assert found["default"] == 1 and found["heat"] > 3 and found["pairs"] == 1


def test_address_names_a_state(page, rows):
    state = sorted(rows)[0]
    assert f"Order {state[:12]}" in chromium(page, "--dump-dom", fragment=f"#state={state[:8]}&step=2")


def test_wrong_orders(broken, tmp_path):
    path = tmp_path / "b.html"
    report.write(str(broken[1]), path)
    found = after(path, """
const wrong = document.querySelector('tr.wrong'); wrong.click(); await wait(200);
return {row: wrong.textContent, detail: document.getElementById('detail').textContent, list: document.getElementById('wrong').textContent};
""")
    assert "logits differ" in found["row"] and "Wrong: logits differ" in found["detail"]
    assert "fail fails: a reason" in found["list"]


SCHEMES = {"light": [], "dark": ["--force-dark-mode"]}


@pytest.mark.parametrize("width", [1300, 500])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_looks(page, width, scheme):
    """Nothing sticks out of the window, and text and background are those of the scheme; a screenshot is left."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"report-{width}-{scheme}.png"
    chromium(page, f"--window-size={width},4000", f"--screenshot={picture}", *SCHEMES[scheme])
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (width, 4000) and len(data) > 50_000
    probe = page.with_name("looks.html")
    probe.write_text(page.read_text().replace("</body>", """<script>
setTimeout(() => { const style = getComputedStyle(document.body);
  document.body.dataset.looks = [document.documentElement.scrollWidth, innerWidth, style.backgroundColor, style.color].join(';'); }, 500);
</script></body>"""))
    out = chromium(probe, f"--window-size={width},1000", "--dump-dom", *SCHEMES[scheme])
    scroll, inner, paper, ink = re.search(r'data-looks="([^"]*)"', out)[1].split(";")
    assert int(scroll) <= int(inner) == width
    light, dark = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in ((paper, ink) if scheme == "light" else (ink, paper)))
    assert light > 640 and dark < 150
