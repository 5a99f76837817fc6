# ===- test_lsp.py - the dialect in editors ------------------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# What an editor says to ignis-lsp-server, and what it hears.

import json
import subprocess


class Editor:
    def __init__(self, tools):
        self.server = subprocess.Popen([tools.bin / "ignis-lsp-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def say(self, method, params, **more):
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def hear(self):
        length = 0
        while (line := self.server.stdout.readline().strip()) or not length:
            assert line or self.server.poll() is None
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.server.stdout.read(length))


def test_a_mistake_is_shown_where_it_is(tools):
    text = tools.text("ignis-run", tools.model, "--emit", "import", "--ctx", "16")
    editor = Editor(tools)
    editor.say("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
    assert editor.hear()["result"]["capabilities"]["hoverProvider"]
    document = {"uri": "file:///tale.mlir", "languageId": "mlir", "version": 1, "text": text}
    editor.say("textDocument/didOpen", {"textDocument": document})
    assert editor.hear()["params"]["diagnostics"] == []
    editor.say("textDocument/didChange", {"textDocument": {"uri": document["uri"], "version": 2},
                                          "contentChanges": [{"text": text.replace("layer = 3 ", "layer = 99 ")}]})
    first, *_ = editor.hear()["params"]["diagnostics"]
    assert "'ignis.attention' op has layer 99, expected 0 to 23" in first["message"]
    assert "layer = 3 " in text.splitlines()[first["range"]["start"]["line"]]
    editor.say("shutdown", None, id=2)
    assert editor.hear()["id"] == 2
    editor.say("exit", None)
    assert editor.server.wait(timeout=60) == 0
