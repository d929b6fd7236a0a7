"""The rules of nodes: kept by every node of farm, and told with file, line and what to write where one is broken."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

import farm
import workers
from farm.errors import DefinitionError
from workers.catalog import Definition, catalog
from workers.kernel_rules import read_shared
from workers.rules import problems

from .node_files import HEAD, Define, define, effect, last_line

__all__ = ["define"]

ROOT = Path(__file__).resolve().parents[2]
DSP = sorted(path.stem for path in (Path(workers.__file__ or "").parent / "dsp").glob("[a-z]*.py"))
NODES = [pytest.param(node, id=node.name) for node in catalog().values()]
RIGHT = "out[i] = input[i] * amount[i]"


@pytest.mark.parametrize("node", NODES)
def test_every_node_keeps_the_rules(node: Definition) -> None:
    assert [str(one) for one in problems(node)] == []


@pytest.mark.parametrize("module", DSP)
def test_functions_that_kernels_share_keep_the_rules(module: str) -> None:
    named = vars(importlib.import_module(f"workers.dsp.{module}"))
    functions = [one for one in named.values() if isinstance(one, FunctionType) and one.__module__.endswith(module)]
    assert functions
    assert [str(one) for function in functions for one in read_shared(function)[0]] == []


def test_kernels_import_only_the_vocabulary() -> None:
    for node in catalog().values():
        source = inspect.getsource(sys.modules[node.kernel.__module__])
        for statement in ast.walk(ast.parse(source)):
            if isinstance(statement, ast.ImportFrom):
                allowed = ("workers.", "typing", "collections.abc", "__future__")
                assert statement.module and statement.module.startswith(allowed), node.name
            assert not isinstance(statement, ast.Import), f"{node.name} imports by `import`"


# The six nodes: each was rendered, or ended in a traceback.


def test_a_node_that_lies_about_its_memory_is_refused(define: Define) -> None:
    text = effect(
        "state.last = input[i] + amount[i] * (state.last - input[i])\nout[i] = state.last",
        arguments="input, amount, state",
        state='("last",)',
    )
    [found] = define(text)
    assert found.line == text.splitlines().index("    memory=STATELESS,") + 1
    assert "STATELESS remembers nothing, and there is state: write CARRIED" in found.message
    assert define(text.replace("memory=STATELESS", "memory=CARRIED")) == []


def test_a_scalar_float_is_refused_where_it_stands(define: Define) -> None:
    text = effect("out[i] = input[i] * 0.5", params="", arguments="input")
    [found] = define(text)
    assert (found.line, found.message) == (last_line(text), "0.5 is a scalar float: write F(0.5)")
    assert found.error.loc is not None
    assert found.error.loc.text[found.error.loc.column - 1 :].startswith("0.5")
    assert f"a.py:{found.line}:" in str(found.error)
    assert define(text.replace("0.5\n", "F(0.5)\n")) == []


def test_math_is_refused(define: Define) -> None:
    text = effect("out[i] = math.sin(input[i]) * amount[i]").replace("from typing", "import math\nfrom typing")
    [found] = define(text)
    assert found.line == last_line(text)
    assert found.message.startswith("math.sin differs between machines: write sin_turns")


def test_a_branch_on_sound_is_refused(define: Define) -> None:
    text = effect("x = input[i]\nif x < F(0.0):\n    x = F(0.0) - x\nout[i] = x * amount[i]")
    [found] = define(text)
    assert found.line == last_line(text) - 2
    assert found.message == "`x < F(0.0)` is not about whole numbers: use select(condition, yes, no)"


def test_an_unknown_role_is_refused(define: Define) -> None:
    text = effect(RIGHT, role='"efect"')
    [found] = define(text)
    assert found.line == text.splitlines().index('    role="efect",') + 1
    assert found.message == "role is one of source, control, effect, internal, not `efect`"


def test_an_alias_that_is_a_node_is_refused(define: Define) -> None:
    text = effect(RIGHT, aliases='("sine",)')
    [found] = define(text)
    assert found.line == text.splitlines().index('    aliases=("sine",),') + 1
    assert found.message.startswith("`sine` is the name of a node already, in ")
    assert "workers/nodes/oscillators.py:" in found.message


# Their siblings: kernels.


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("out[i] = input[i] * amount[i] + HALF", "HALF is a scalar float: write F(HALF)"),
        ("out[i] = input[i] * amount[i] * -0.5", "-0.5 is a scalar float: write F(-0.5)"),
        ("out[i] = input[i] ** F(2.0) * amount[i]", "** differs between machines"),
        ("out[i] = input[i] * float(frames) * amount[i]", "float() gives a scalar float: write F(...)"),
        ("half = frames / 2\nout[i] = input[i] * amount[i]", "division of whole numbers gives a scalar float"),
        ("out[i] = np.tanh(input[i]) * amount[i]", "np.tanh differs between machines"),
        (
            "out[i] = sqrt(input[i]) * amount[i]",
            "sqrt of math differs between machines: write sqrt(x), of workers.simd",
        ),
        ("out[i] = abs(input[i]) * amount[i]", "`abs` is not of the kernels' vocabulary: write absolute(x)"),
        ("out[i] = tan(input[i]) * amount[i]", "there is no `tan` here"),
        ("out[i] = maxmum(input[i], amount[i])", "there is no `maxmum` here: did you mean `maximum`?"),
        ("out[i] = floor(input[i]) * amount[i]", "`floor` is not imported: from workers.simd import floor"),
        ("out[i] = inptu[i] * amount[i]", "did you mean `input`?"),
        ("print(input[i])\nout[i] = amount[i]", "`print` is not of the kernels' vocabulary"),
        ("out[i] = input[i] * TABLE[i] * amount[i]", "`TABLE` is not of the kernels' vocabulary"),
        ("out[i] = max(input[i], amount[i])", "max() is for whole numbers: write maximum(a, b), not floats"),
        ("while input[i] < amount[i]:\n    out[i] = input[i]", "is not about whole numbers"),
        ("out[i] = input[i] if input[i] < amount[i] else F(0.0)", "is not about whole numbers"),
        ("if input[i] > F(0.0) and i == 0:\n    out[i] = amount[i]", "`and` is about whole numbers"),
        ("out[i] = select(F(0.0) < input[i] < amount[i], F(0.0), F(1.0))", "one comparison at a time"),
        ("out[i] = select(not input[i] < amount[i], F(0.0), F(1.0))", "select the other way round"),
        ("out[i] = select(input[i] != amount[i], F(0.0), F(1.0))", "vectors have < <= > >= =="),
        ("out[i] = -input[i] * amount[i]", "write F(0.0) - input[i]"),
        ("out[i] = input[i] % amount[i]", "`%` between floats is not of the kernels' vocabulary"),
        ("out[i] = input[i] * 2 * amount[i]", "write F(2)"),
        ("out[i] = input[i] * i * amount[i]", "write F(i)"),
        ("out[i] = select(input[i] < 1, amount[i], F(0.0))", "write F(1)"),
        ("out[i] = to_int(input[i]) * amount[i]", "write to_float(to_int(input[i]))"),
        ("out[i] = to_int(input[i] * amount[i])", "`out` is written floats, not words"),
        ("out[i] = select(input[i] < amount[i], F(0.0), U(1))", "both sides of select() are floats, or both words"),
        ("out[i] = minimum(input[i], 1) * amount[i]", "minimum() takes floats for `b`, not a whole number: write F(1)"),
        ("out[i] = minimum(input[i]) * amount[i]", "minimum() takes 2 arguments, not 1"),
        ("out[i] = sin_phase(input[i]) * amount[i]", "sin_phase() takes words for `phase`"),
        ("out[i] = F(input[i]) * amount[i]", "F() takes a number, not floats"),
        ("out[i] = input * amount[i]", "`input` is a signal: write input[i]"),
        ("out[i] = input[i - 1] * amount[i]", "[i - 1] is no frame of this call"),
        ("out[i] = input[i] * amount[i]\nout[i] += input[i]", "only whole numbers are changed in place"),
        ("x = input[i]\nx += amount[i]\nout[i] = x", "only whole numbers are changed in place: x = x + amount[i]"),
        ("out[i] = input[i]\nout[i] = out[i] * amount[i]", "`out` is only written"),
        ("input[i] = amount[i]\nout[i] = input[i]", "`input` is read only: results go to out[i]"),
        ("x = out[i] = input[i] * amount[i]", "one name at a time"),
        ("out[i] = sum([input[i], amount[i]])", "`sum` is not of the kernels' vocabulary: write x + y"),
        ("out[i] = input[i].copy() * amount[i]", "is not of the kernels' vocabulary"),
        ("out[i] = (lambda x: x)(input[i]) * amount[i]", "kernels call functions by their name"),
        ("try:\n    out[i] = input[i] * amount[i]\nfinally:\n    pass", "kernels only compute"),
        ("assert i >= 0\nout[i] = input[i] * amount[i]", "kernels only compute"),
        ("for x in input:\n    out[i] = x * amount[i]", "loops run over whole numbers"),
        ("return input[i] * amount[i]", "a kernel returns nothing: write out[i] = ..."),
        ("frame = i\nout[i] = input[i] * amount[i] * frame", "write F(frame)"),
        ("since = input[i]\nout[i] = since * amount[i]", "`since` has a meaning of its own in kernels"),
        ("load = input[i]\nout[i] = load * amount[i]", "`load` has a meaning of its own in kernels"),
        ("out[i] = shared(input[i]) * amount[i]", "0.25 is a scalar float: write F(0.25)"),
        ("t = clock_ns()\nout[i] = input[i] * amount[i] * F(t)", "`clock_ns` tells the time"),
        ("t = clock_ticks()\nout[i] = input[i] * amount[i] * F(t)", "`clock_ticks` tells the time"),
        ("t = now()\nout[i] = input[i] * amount[i] * F(t)", "`now` tells the time"),
        ("out[i] = late(input[i]) * amount[i]", "`clock_ns` tells the time"),
        ("t = time.monotonic_ns()\nout[i] = input[i] * amount[i] * F(t)", "time.monotonic_ns differs between machines"),
        ("t = read_small(i, i)\nout[i] = input[i] * amount[i] * F(t)", "`read_small` is a word of the loop"),
        ("out[i] = clamped(input[i]) * amount[i]", "maximum() takes floats for `b`, not a whole number"),
    ],
)
def test_what_kernels_may_not_do(define: Define, body: str, said: str) -> None:
    further = (
        "from math import sqrt\nimport time\nimport numpy as np\nfrom workers.words import clock_ns, read_small\n"
        "from workers.words import clock_ns as now\n\nHALF = 0.5\nTABLE = (1.0, 2.0)\n\n\n"
        "def shared(x: Floats) -> Floats:\n    return x * 0.25\n\n\n"
        "def late(x: Floats) -> Floats:\n    return x * F(clock_ns())\n\n\n"
        "def clamped(x: Floats) -> Floats:\n    return maximum(x, 0)\n\n\n"
    )
    found = define(effect(body).replace("@node", f"{further}@node"))
    assert any(said in one.message for one in found), [one.message for one in found]
    assert all(one.line for one in found)


@pytest.mark.parametrize(
    "body",
    [
        "x = input[i] * F(2.0**-24) + F(HALF)\nout[i] = x * amount[i]",
        "out[i] = input[i] * amount[i]\nif i & 63 == 0 and frames > COUNT:\n    out[i] = F(0.0)",
        "n = min(frames, 8)\nif n >= 8:\n    n = n // 2\nout[i] = input[i] * F(n) * amount[i]",
        "x = input[i]\nfor k in range(3):\n    x = x * amount[i]\nout[i] = x",
        "inside = (F(0.0) < input[i]) & (input[i] < F(1.0))\nout[i] = select(inside, input[i], amount[i])",
        "a, b = input[i], amount[i]\na, b = b, a\nout[i] = a * b",
        "low, high = halves(input[i])\nout[i] = (low + high) * amount[i]",
        "value: Floats = input[i]\nout[i] = value * amount[i]",
        "out[i] = to_float(to_int(input[i]) & U(255) ^ word(i)) * amount[i]",
    ],
)
def test_what_kernels_may_do(define: Define, body: str) -> None:
    further = (
        "HALF, COUNT = 0.5, 3\n\n\ndef halves(x: Floats) -> tuple[Floats, Floats]:\n"
        "    return minimum(x, F(0.0)), maximum(x, F(0.0))\n\n\n"
    )
    assert [one.message for one in define(effect(body).replace("@node", f"{further}@node"))] == []


def test_kernels_count_frames(define: Define) -> None:
    body = "n = to_float(age[i]) + past\nout[i] = input[i] * rand(seed, time[i]) * amount[i] * n"
    text = effect(body, arguments="input, amount, age, past, time, seed")
    text = text.replace("@node", "from workers.dsp.chance import rand\n\n\n@node")
    assert define(text) == []
    [found] = define(text.replace("time[i]", "time"))
    assert found.message == "`time` is a signal: write time[i]"
    [found] = define(text.replace("+ past", "+ past[i]"))
    assert found.message == "`past` is one value for the whole call: write past"


def test_all_mistakes_of_a_kernel_are_told_at_once(define: Define) -> None:
    text = effect("x = input[i] * 0.5\ny = x * amount[i] * 0.25\nout[i] = -y")
    assert [one.line - last_line(text) for one in define(text)] == [-2, -1, 0]


def test_a_word_of_the_vocabulary_cannot_be_another_function(define: Define) -> None:
    own = "def absolute(x: Floats) -> Floats:\n    return x * x\n\n\n"
    [found] = define(effect("out[i] = absolute(input[i]) * amount[i]").replace("@node", f"{own}@node"))
    assert "`absolute` is a word of the kernels' vocabulary (workers.simd): call yours otherwise" in found.message


def test_a_kernel_with_state_runs_to_its_end(define: Define) -> None:
    text = effect(
        "state.last = input[i]\nout[i] = state.last * amount[i]\nif i == 3:\n    return",
        arguments="input, amount, state",
        state='("last",)',
        memory="CARRIED",
    )
    [found] = define(text)
    assert "what state holds here would be lost" in found.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "state.lost = input[i]\nout[i] = state.last * amount[i]",
            "state has no field `lost`: state=('last', 'lost',)",
        ),
        ("state.last = to_int(input[i])\nout[i] = amount[i]", "state.last holds floats, not words"),
        ("state.last = 1\nout[i] = state.last * amount[i]", "write F(1)"),
        ("x = state\nout[i] = input[i] * amount[i]", "`state` is used by its fields: state.x"),
        ("state.last += input[i]\nout[i] = state.last * amount[i]", "state.last = state.last + input[i]"),
    ],
)
def test_what_kernels_may_not_do_with_state(define: Define, body: str, said: str) -> None:
    arguments = "input, amount, state"
    found = define(effect(body, arguments=arguments, state='("last",)', memory="CARRIED"))
    assert any(said in one.message for one in found), [one.message for one in found]


# Declarations.

CARRYING = "state.last = input[i] * amount[i]\nout[i] = state.last"
RINGING = "ring.write(i, input[i])\nout[i] = ring.read(i, U(8)) * amount[i]"
SEEK = "def advance(state: Any, amount: Floats, frames: Words) -> None:\n    state.last = amount\n\n\n"
STATE = {"arguments": "input, amount, state", "state": '("last",)', "memory": "CARRIED"}
RING = {"arguments": "input, amount, ring", "ring": "Ring(max_s=1.0)", "memory": "CARRIED"}


@pytest.mark.parametrize(
    ("body", "changed", "said"),
    [
        (RIGHT, {"memory": "CARRIED"}, "carries state or a ring, and there is neither: write STATELESS"),
        (RINGING, {**RING, "memory": "STATELESS"}, "remembers nothing, and there is a ring: write CARRIED"),
        (RINGING, {**RING, "memory": "CLOSED_FORM(advance)"}, "is a formula for state, without a ring"),
        (RIGHT, {"memory": "CLOSED_FORM(advance)"}, "is a formula for state, without a ring"),
        (CARRYING, {**STATE, "memory": "CLOSED_FORM(None)"}, "memory is STATELESS, CARRIED, CLOSED_FORM(seek)"),
        (CARRYING, {**STATE, "memory": "CLOSED_FORM"}, "memory is STATELESS, CARRIED, CLOSED_FORM(seek) or by_port"),
        (CARRYING, {**STATE, "memory": '"CARRIED"'}, "memory is STATELESS, CARRIED, CLOSED_FORM(seek) or by_port"),
        (CARRYING, {**STATE, "memory": "CLOSED_FORM(lambda state: None)"}, "takes no `frames`"),
        (
            CARRYING,
            {**STATE, "memory": "CLOSED_FORM(lambda state, frames, rate: 0)"},
            "takes `rate`, which is no param",
        ),
        (CARRYING, {**STATE, "memory": 'by_port("amuont", steps=CLOSED_FORM(advance), signal=CARRIED)'}, "no param"),
        (CARRYING, {**STATE, "memory": "by_port(steps=CLOSED_FORM(advance), signal=CARRIED)"}, "needs the params"),
        (CARRYING, {**STATE, "memory": 'by_port("amount", steps=STATELESS, signal=CARRIED)'}, "remembers nothing"),
        (CARRYING, {**STATE, "memory": 'by_port("amount", steps=CARRIED, signal=CLOSED_FORM(advance))'}, "no formula"),
        (CARRYING, {**STATE, "state": ""}, 'and there is none: write state=("last",)'),
        (CARRYING, {**STATE, "state": '("last")'}, 'state is a tuple: write state=("last",)'),
        (CARRYING, {**STATE, "state": '("last:f8",)'}, '`last:f8`: a field is "name" (float32)'),
        (CARRYING, {**STATE, "state": '("last", "last")'}, "or is one twice"),
        (RIGHT, {"state": '("last",)', "memory": "CARRIED"}, "the kernel does not take `state`"),
        (RIGHT, {"ring": "Ring(max_s=1.0)", "memory": "CARRIED"}, "the kernel does not take `ring`"),
        (RINGING, {**RING, "ring": "", "memory": "STATELESS"}, "there is none: write ring=Ring(max_s=1.0)"),
        (RINGING, {**RING, "ring": "Ring()"}, "a ring has a length"),
        (RINGING, {**RING, "ring": "1.0"}, "ring is a Ring"),
        (RINGING, {**RING, "ring": 'Ring(max_s=1.0, port="amount")'}, "`amount` is no param in seconds"),
        (RINGING, {**RING, "ring": "Ring(line_frames=(100,))"}, "lines of fixed lengths are for shape CHANNELS"),
        (RIGHT, {"role": '"source"'}, "a source has no ports"),
        (RIGHT, {"ports": "()", "arguments": "amount"}, "an effect has an input"),
        (RIGHT, {"ports": 'Port("input")'}, 'ports is a tuple: write ports=(Port("input"),)'),
        (RIGHT, {"ports": '(Port("input"), Port("input"))'}, "two of its arguments are called `input`"),
        (RIGHT, {"ports": '(Port("frames"),)'}, "`frames` means something else in every kernel"),
        (RIGHT, {"ports": '(Port("input"), Port("other"))'}, "the kernel does not take `other`"),
        (RIGHT, {"arguments": "input, amount, other"}, "the kernel takes `other`, which is no port, param"),
        (RIGHT, {"arguments": "input, amount, samples"}, "a node of shape LANES has no `samples`"),
        (RIGHT, {"shape": '"LANES"'}, "shape is one of Shape.LANES"),
        (RIGHT, {"shape": "Shape.FOLD"}, "nodes of the language have shape LANES or CHANNELS"),
        (RIGHT, {"numbers": '("count",)', "arguments": "input, amount, count"}, "numbers are for internal nodes"),
        (RIGHT, {"params": '(Param("amount", "1", 5.0, 0.0, 1.0, "how"),)'}, "its default 5 is outside 0 to 1"),
        (RIGHT, {"params": '(Param("amount", "1", None, 1.0, 1.0, "how"),)'}, "its range 1 to 1 is empty"),
        (RIGHT, {"params": '(Param("amount", "1", None, 0.0, float("inf"), "how"),)'}, "is empty or endless"),
        (RIGHT, {"params": '(Param("amount", "Herz", None, 0.0, 1.0, "how"),)'}, "`Herz` is no unit: one of"),
        (RIGHT, {"params": '(Param("amount", "1", None, 0.0, 1.0),)'}, "`amount` does not say what it is"),
        (RIGHT, {"params": '(Param("amount", "1", None, 0.0, 1.0, "how", Unit.PHASE),)'}, "Unit.PHASE is a frequency"),
        (RIGHT, {"params": '(Param("amount", "1", None, 0.0, 1.0, "how", Unit.FRAMES),)'}, "Unit.FRAMES is a time"),
        (RIGHT, {"params": '(Param("amount", "1", None, 0.0, 1.0, "how", Unit.WORD),)'}, "Unit.WORD is for internal"),
        (RIGHT, {"params": '(Param("amount", "1", "half", 0.0, 1.0, "how"),)'}, "`amount`: write params="),
        (RIGHT, {"cost_ns": "0.0"}, "cost_ns is above 0"),
        (RIGHT, {"cost_ns": '"cheap"'}, "cost_ns is a number"),
        (RIGHT, {"example": ""}, "an example is missing"),
        (RIGHT, {"example": '"out: saw 110 # other 0.5"'}, "the example does not use `tried`"),
        (RIGHT, {"ends_voice": "True", "role": '"internal"'}, "ends_voice is for effects"),
        (RIGHT, {"aliases": '("two words",)'}, "`two words` is no name of the language"),
        (RIGHT, {"aliases": '("tried",)'}, "each alias stands once"),
        (RIGHT, {"aliases": '"other"'}, "aliases is a tuple"),
    ],
)
def test_what_definitions_may_not_say(define: Define, body: str, changed: dict[str, str], said: str) -> None:
    found = define(effect(body, **changed).replace("@node", f"{SEEK}@node"))
    assert any(said in one.message for one in found), [one.message for one in found]
    assert all(one.line for one in found)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("state.phase = state.phase + freq_hz * frames", ""),
        ("state.phase = state.phase + freq_hz", "gives another state.phase than 9 frames of the kernel"),
        ("state.phase = freq_hz * (frames + U(1))", "gives another state.phase"),
        ("state.phase = to_float(freq_hz)", "state.phase holds words, not floats"),
        ("pass", "gives another state.phase"),
    ],
)
def test_a_formula_for_state_holds(define: Define, formula: str, said: str) -> None:
    seek = f"def advance(state: Any, freq_hz: Words, frames: Words) -> None:\n    {formula}\n\n\n"
    text = effect(
        "out[i] = sin_phase(state.phase)\nstate.phase = state.phase + freq_hz[i]",
        role='"source"',
        ports="",
        arguments="freq_hz, state",
        params='(Param("freq_hz", "Hz", 440.0, 0.0, 20000.0, "frequency", Unit.PHASE),)',
        state='("phase:u4",)',
        memory='by_port("freq_hz", steps=CLOSED_FORM(advance), signal=CARRIED)',
        example='"out: tried 110"',
    )
    found = define(text.replace("@node", f"{seek}@node"))
    assert [said in one.message for one in found] == ([True] if said else []), found


def test_a_param_is_named_in_its_unit_and_once(define: Define) -> None:
    two = '(Param("cut_hz", "s", None, 0.0, 1.0, "one"), Param("cut", "1", None, 0.0, 1.0, "other"))'
    found = define(effect("out[i] = input[i] * cut_hz[i] * cut[i]", params=two, arguments="input, cut_hz, cut"))
    assert [one.message for one in found] == [
        "`cut_hz` is in Hz, not in 's'",
        "`cut` would mean `cut_hz` and `cut`",
    ]
    late = '(Param("a", "1", 0.5, 0.0, 1.0, "one"), Param("b", "1", None, 0.0, 1.0, "other"))'
    [found] = define(effect("out[i] = input[i] * a[i] * b[i]", params=late, arguments="input, a, b"))
    assert found.message == "`b` must be given and stands behind `a`, which need not be"


def test_a_ring_holds_what_its_port_may_ask_for(define: Define) -> None:
    ring = 'Ring(max_s=1.0, port="time_s")'
    text = effect(
        "ring.write(i, input[i])\nout[i] = ring.read(i, to_int(time_s[i]))",
        arguments="input, time_s, ring",
        params='(Param("time_s", "s", None, 0.0, 2.0, "how long", Unit.FRAMES),)',
        ring=ring,
        memory="CARRIED",
    )
    [found] = define(text)
    assert found.message == "`time_s` may be 2 s, and the ring holds 1 s"
    assert define(text.replace("max_s=1.0", "max_s=2.0")) == []


def test_what_was_edited_within_a_second_is_read(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both texts have one length, and Python may keep bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for low, high in (("0.1", "0.2"), ("0.3", "0.4"), ("0.5", "0.6")):
        for cost in (low, high):
            assert define(effect(RIGHT, cost_ns=cost)) == []
            assert catalog()["tried"].cost_ns == float(cost)


def test_a_docstring_is_needed(define: Define) -> None:
    [found] = define(effect(RIGHT).replace('    """A node of a test."""\n', ""))
    assert "`tried` needs a docstring" in found.message


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        ("class tried:\n    pass\n", "a kernel is a plain function"),
        (
            "tried = node(role='internal', memory=STATELESS, cost_ns=1.0)(lambda out, frames: None)\n",
            "a plain function",
        ),
        ("async def tried(input, amount, out, frames):\n    pass\n", "a kernel is a plain function"),
        ("@property\ndef tried(input, amount, out, frames):\n    pass\n", "a kernel is a plain function"),
        ('def tried(input, amount, out, frames=64):\n    """It."""\n    out[0] = input[0] * amount[0]\n', "defaults"),
        ('def tried(*input, amount, out, frames):\n    """It."""\n    out[0] = amount[0]\n', "without defaults or *"),
    ],
)
def test_what_is_no_kernel(define: Define, kernel: str, said: str) -> None:
    text = effect(RIGHT)
    if not kernel.startswith("tried"):
        kernel = text[: text.index("def tried")] + kernel
    else:
        kernel = HEAD + kernel
    found = define(kernel)
    assert any(said in one.message for one in found), [one.message for one in found]


# Names.


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sine", "the name of a node already"),
        ("white_noise", "the name of a node already"),
        ("fold", "the name of a node already"),
        ("gain", "the name of a node already"),
        ("fast", "a transform"),
        ("degrade_by", "a transform"),
        ("s", "an event source"),
        ("sp", "an event source"),
        ("note", "a modifier of voices"),
        ("speed", "a modifier of voices"),
        ("out", "a word that begins a statement"),
        ("o2", "a word that begins a statement"),
        ("tempo", "a word that begins a statement"),
        ("vst", "a word that begins a statement"),
    ],
)
def test_names_that_are_taken(define: Define, name: str, said: str) -> None:
    for text in (effect(RIGHT, aliases=f'("{name}",)'), effect(RIGHT, name=f'"{name}"', example=f'"out: {name} 1"')):
        if name == "fold" and "aliases" in text:
            continue  # internal nodes are no words of the language
        [found] = define(text)
        assert found.message.startswith(f"`{name}` is {said}")
        assert found.message.endswith("call yours otherwise")
        assert f'"{name}"' in text.splitlines()[found.line - 1]


def test_two_files_cannot_define_the_same_node(define: Define) -> None:
    assert define(effect(RIGHT)) == []
    [found] = define(effect(RIGHT), name="b.py")
    assert "`tried` is the name of a node already" in found.message
    assert "a.py:" in found.message


def test_a_file_defines_a_node_once(define: Define) -> None:
    text = effect(RIGHT)
    found = define(text + text.replace(HEAD, ""))
    assert "`tried` is defined twice in this file, in lines" in found[0].message


# Files.


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("def f(:\n", 1, "this is not Python: "),
        ("x = 1\n\nif x\n", 3, "this is not Python: expected ':'"),
        ("x = 1\ny = x / 0\n", 2, "this file cannot be imported: ZeroDivisionError: division by zero"),
        ("import nosuchmodule\n", 1, "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("import sys\n\nsys.exit()\n", 3, "this file cannot be imported: SystemExit"),
        ("raise KeyError('x')\n", 1, "this file cannot be imported: KeyError: 'x'"),
        (f"{HEAD}@node(rol='effect')\ndef f(out): pass\n", 6, "unexpected keyword argument 'rol'"),
        (f"{HEAD}@node(role='effect')\ndef f(out): pass\n", 6, "missing 2 required keyword-only arguments"),
        ("x = '\0'\n", 0, "null byte"),
        (f"{HEAD}A = Param('a', '1')\n", 6, "Param.__init__() missing"),
    ],
)
def test_files_that_cannot_be_used(define: Define, text: str, line: int, said: str) -> None:
    [found] = define(text)
    assert said in found.message
    assert found.line == line or "null" in said


def test_what_is_no_file(define: Define, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nodes" / "folder.py").mkdir()
    [found] = define(effect(RIGHT))
    assert found.message == f"{tmp_path}/nodes/folder.py: this is no file with nodes"
    (tmp_path / "nodes" / "folder.py").rmdir()
    (tmp_path / "nodes" / "gone.py").symlink_to("nowhere.py")
    assert "gone.py: this is no file with nodes" in define(effect(RIGHT))[0].message
    (tmp_path / "nodes" / "gone.py").unlink()
    os.mkfifo(tmp_path / "nodes" / "pipe.py")
    assert "pipe.py: this is no file with nodes" in define(effect(RIGHT))[0].message
    (tmp_path / "nodes" / "pipe.py").unlink()
    (tmp_path / "nodes" / ".#a.py").symlink_to("an editor's lock")
    assert define(effect(RIGHT)) == []
    monkeypatch.setenv("FARM_NODES", str(tmp_path / "nodes" / "a.py"))
    assert "this is a file, and FARM_NODES names folders" in define(effect(RIGHT))[0].message
    monkeypatch.setenv("FARM_NODES", str(tmp_path / "none"))
    assert "cannot be read: No such file or directory" in define(effect(RIGHT))[0].message


def test_a_file_that_may_not_be_read(define: Define, tmp_path: Path) -> None:
    path = tmp_path / "nodes" / "closed.py"
    path.write_text("", encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")
    assert define(effect(RIGHT))[0].message == f"{path}: this file cannot be read: Permission denied"


def test_a_folder_that_is_named_twice_is_read_once(
    define: Define, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_NODES", f"{tmp_path}/nodes:{tmp_path}/nodes/")
    assert define(effect(RIGHT)) == []


def test_load_raises_an_error_of_farms_tree(define: Define, tmp_path: Path) -> None:
    (tmp_path / "song.ph").write_text("out: saw 110\n", encoding="utf-8")
    define(effect("out[i] = input[i] * 0.5", params="", arguments="input"))
    with pytest.raises(farm.FarmError, match=r"a\.py:\d+:\d+: 0\.5 is a scalar float: write F\(0\.5\)") as caught:
        farm.load(tmp_path / "song.ph")
    assert isinstance(caught.value, DefinitionError)
    with pytest.raises(DefinitionError):
        farm.load(tmp_path / "song.ph", lenient=True)


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FARM_NODES": str(folder / "nodes")}
    command = [sys.executable, "-P", "-m", "farm", *args]
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (effect("out[i] = input[i] * 0.5", params="", arguments="input"), "0.5 is a scalar float: write F(0.5)"),
        (effect(RIGHT, aliases='("sine",)'), "`sine` is the name of a node already"),
        ("import sys\nsys.exit(0)\n", "this file cannot be imported: SystemExit: 0"),
    ],
)
def test_the_command_line_tells_without_a_traceback(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "a.py").write_text(text, encoding="utf-8")
    (tmp_path / "song.ph").write_text("out: saw 110\n", encoding="utf-8")
    for command in (["nodes"], ["check", "song.ph"], ["render", "song.ph", "song.wav"], ["warmup"]):
        done = run(tmp_path, *command)
        assert done.returncode == 2, command
        assert said in done.stderr, command
        assert f"{tmp_path}/nodes/a.py:" in done.stderr
        assert "Traceback" not in done.stderr + done.stdout
        assert "Error" not in done.stdout
    found = run(tmp_path, "doctor")
    assert said in found.stdout
    assert run(tmp_path, "--help").returncode == 0


COMPILE = "import os\nfrom workers.targets.numba import main\nmain([str(os.getppid()), str(os.pipe()[1]), 'v2', "


def compiled(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FARM_NODES": str(folder / "nodes")}
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def test_what_only_the_compiler_finds_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    odd = "def odd(x):\n    return x % x\n\n\n"
    text = effect("out[i] = odd(input[i]) * amount[i]").replace("@node", f"{odd}@node")
    (tmp_path / "nodes" / "a.py").write_text(text, encoding="utf-8")
    code = f"{COMPILE}'tried_constant'])"
    done = compiled(tmp_path, code)
    assert done.returncode == 1
    assert done.stderr.startswith("tried_constant: TypingError: ")
    assert done.stderr.count("\n") == 1
    assert "FARM_DEBUG=1" in done.stderr


def test_nodes_of_farm_are_held_to_the_rules_when_they_are_compiled(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    code = (
        "import dataclasses\n"
        "from workers.catalog import STATELESS, catalog\n"
        "catalog().made['lpf'] = dataclasses.replace(catalog()['lpf'], memory=STATELESS)\n"
        f"{COMPILE}'lpf_constant'])"
    )
    done = compiled(tmp_path, code)
    assert done.returncode == 1
    assert "workers/nodes/filters.py:" in done.stderr
    assert "memory=STATELESS remembers nothing, and there is state" in done.stderr
    assert done.stderr.count("\n") == 1
