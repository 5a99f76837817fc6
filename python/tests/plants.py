# ===- plants.py - twelve broken passes --------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Each function does what a pass does and then breaks its result the way a slip in the pass would. All
still verify; only the meaning is wrong. They serve as steps `python:plants.py:NAME` of an experiment.
"""

import re

import ignis


def _run(module, text, change):
    """The module after `text`, its text changed; a plant that changes nothing is a mistake of its own."""
    after, _, _, _ = ignis.run_pipeline(module, text)
    before = str(after)
    broken = change(before)
    assert broken != before, f"nothing to break after {text}"
    return ignis.Module.parse(broken)


def _last(pattern, replace):
    """Changes the last match alone, so that little of the model shows it."""
    def change(text):
        match = list(re.finditer(pattern, text))[-1]
        return text[:match.start()] + match.expand(replace) + text[match.end():]
    return change


def rms_norm_eps(module):
    """The norm loses its eps."""
    return _run(module, "func.func(ignis-fuse-rms-norm)",
                lambda text: re.sub(r"(ignis\.rms_norm .*?eps = )[\d.eE+-]+", r"\g<1>1.0e-01", text))


def swiglu_swapped(module):
    """silu of up times gate."""
    return _run(module, "func.func(ignis-fuse-swiglu)",
                _last(r"ignis\.swiglu ins\((%\w+), (%\w+)", r"ignis.swiglu ins(\2, \1"))


def linear_swiglu_swapped(module):
    """The weights of gate and up change places."""
    return _run(module, "func.func(ignis-fuse-swiglu,ignis-fuse-linear-swiglu)",
                _last(r"ignis\.linear_swiglu ins\((%\w+), (%\w+), (%\w+)", r"ignis.linear_swiglu ins(\1, \3, \2"))


def qkv_swapped(module):
    """The weights of keys and values change places."""
    return _run(module, "func.func(ignis-fuse-qkv)",
                _last(r"weights\((%\w+), (%\w+), (%\w+)", r"weights(\1, \3, \2"))


def gate_up_doubled(module):
    """Both layers of the group get the first one's weight."""
    return _run(module, "func.func(ignis-fuse-gate-up)",
                _last(r"weights\((%\w+), (%\w+) :", r"weights(\1, \1 :"))


def residual_stale(module):
    """The residual of the last layer is the function's input instead of the stream."""
    return _run(module, "func.func(ignis-fuse-residual)", _last(r"residual\((%\w+) :", "residual(%arg0 :"))


def rope_cache_layer(module):
    """Keys of the last layer go to the cache of the first."""
    return _run(module, "func.func(ignis-fuse-rope-cache)",
                _last(r"(ignis\.rope_cache .*?)layer = [1-9]\d*", r"\g<1>layer = 0"))


def rounding_stale(module):
    """A linear layer reads the rounding of another value of the same shape."""
    def change(text):
        function = text[text.index("func.func @decode"):]
        roundings = re.findall(r"(%\w+) = ignis\.round ins\(%\w+ : (tensor<\w+>)\)", function)
        kind = roundings[0][1]
        same = [name for name, other in roundings if other == kind]
        first, last = same[0], same[-1]
        at = text.index("func.func @decode")
        return text[:at] + re.sub(rf"(ignis\.linear ins\(){re.escape(last)},", rf"\g<1>{first},", function)
    return _run(module, "func.func(ignis-share-rounding)", change)


def attention_reordered(module):
    """The cache is read before it is written."""
    def change(text):
        lines = text.splitlines(keepends=True)
        at = max(number for number, line in enumerate(lines) if "ignis.cache_write" in line)
        reads = next(number for number in range(at, len(lines)) if "ignis.attend" in lines[number])
        lines[at], lines[reads] = lines[reads], lines[at]
        return "".join(lines)
    return _run(module, "func.func(ignis-decompose-attention)", change)


def plan_overlap(module):
    """One buffer is placed where others live."""
    def change(text):
        offsets = [int(number) for number in re.findall(r"arith\.constant (\d+) : index", text)]
        first = min(offset for offset in offsets if offset)
        return re.sub(rf"arith\.constant {first} : index", "arith.constant 0 : index", text)
    return _run(module, "func.func(ignis-plan-memory{planner=none})", change)


def rope_stale(module):
    """The last rope of queries turns them as if they stood at position 0."""
    return _run(module, "func.func(ignis-fuse-rope-cache)",
                _last(r"\n( *%\w+ = ignis\.rope [^\n]*?)position\(%arg\d+\)",
                      r"\n    %stale = arith.constant 0 : index\n\1position(%stale)"))


def last_row_shared(module):
    """A buffer of whole chunks begins in the last row of the one before it; shorter chunks do not show it."""
    def change(text):
        views = re.findall(r"memref\.view %\w+\[(%\w+)\].*? to memref<16x64xf32>", text)
        offset = {name: int(value) for name, value in re.findall(r"(%\w+) = arith\.constant (\d+) : index", text)}
        name = sorted({name for name in views if offset[name] >= 256}, key=offset.__getitem__)[2]
        return re.sub(rf"({name} = arith\.constant )\d+ :", rf"\g<1>{offset[name] - 256} :", text)
    return _run(module, "func.func(ignis-plan-memory{planner=none})", change)


# name: (what it stands for, the order that it is planted in, with PLANT in its place)
ORDERS = {
    "rms_norm_eps": ("ignis-fuse-rms-norm", "PLANT ignis-fuse-swiglu bufferize rounding attention plan"),
    "swiglu_swapped": ("ignis-fuse-swiglu", "ignis-fuse-rms-norm PLANT bufferize rounding attention plan"),
    "linear_swiglu_swapped": ("ignis-fuse-linear-swiglu", "ignis-fuse-qkv PLANT bufferize rounding attention plan"),
    "qkv_swapped": ("ignis-fuse-qkv", "ignis-fuse-rms-norm PLANT ignis-fuse-swiglu bufferize rounding attention plan"),
    "gate_up_doubled": ("ignis-fuse-gate-up", "ignis-fuse-residual PLANT bufferize rounding attention plan"),
    "residual_stale": ("ignis-fuse-residual", "ignis-fuse-swiglu PLANT bufferize rounding attention plan"),
    "rope_cache_layer": ("ignis-fuse-rope-cache", "PLANT ignis-fuse-qkv bufferize rounding attention plan"),
    "rounding_stale": ("ignis-share-rounding", "ignis-fuse-rms-norm PLANT bufferize rounding attention plan"),
    "attention_reordered": ("ignis-decompose-attention", "ignis-fuse-swiglu bufferize rounding PLANT plan"),
    "rope_stale": ("ignis-fuse-rope-cache", "ignis-fuse-rms-norm PLANT bufferize rounding attention plan"),
    "last_row_shared": ("ignis-plan-memory", "ignis-fuse-rms-norm bufferize rounding attention PLANT"),
    "plan_overlap": ("ignis-plan-memory", "ignis-fuse-rms-norm bufferize rounding attention PLANT"),
}
