"""What every node keeps to, checked when it is defined: its declaration here, its source in `workers.kernel_rules`.

`check` refuses a definition with the file, the line and what to write. It is run when a node outside of `workers.nodes`
is defined, when a kernel is compiled, and by the tests for all nodes: a start that loads known nodes pays nothing.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from workers.definitions import (
    CARRIED,
    FIXTURES,
    STATELESS,
    UNITS,
    Column,
    Definition,
    Kernel,
    Memory,
    MemoryByPort,
    NodeError,
    Param,
    Port,
    Ring,
    Role,
    Shape,
    Unit,
)
from workers.kernel_rules import problems as kernel_problems
from workers.kernel_source import neighbours, source_of

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WRITTEN = {
    "ports": (Port, 'ports=(Port("input"),)'),
    "params": (Param, 'params=(Param("amount", "1", 0.5, 0.0, 1.0, "how much"),)'),
    "state": (str, 'state=("last",)'),
    "columns": (Column, 'columns=(Column("gain", "f4"),)'),
    "numbers": (str, 'numbers=("count",)'),
    "aliases": (str, 'aliases=("other_name",)'),
}
"""What tuples of a definition hold, and how they are written."""
SUFFIXES = {"hz": "Hz", "s": "s", "db": "dB"}
"""Units that stand at the end of a param's name."""
SHAPED = {
    "state": (Shape.LANES,),
    "ring": (Shape.LANES,),
    "age": (Shape.LANES,),
    "time": (Shape.LANES,),
    "cells": (Shape.CHANNELS,),
    "channels": (Shape.CHANNELS,),
    "lines": (Shape.CHANNELS,),
    "line_mask": (Shape.CHANNELS,),
    "line_lengths": (Shape.CHANNELS,),
    "samples": (Shape.FOLD,),
}
"""Arguments of kernels that only nodes of these shapes have."""


class Declaration:
    """Where the parts of a definition stand in its file."""

    def __init__(self, kernel: Kernel) -> None:
        self.source = source_of(kernel)
        calls = [one for one in self.source.tree.decorator_list if isinstance(one, ast.Call)]
        self.keywords = {key.arg: key.value for call in calls for key in call.keywords}

    def error(self, message: str, keyword: str = "", text: str = "") -> NodeError:
        """A refusal at a keyword of the decorator, at `text` in it if it is written there; else at the function."""
        node: ast.AST = self.keywords.get(keyword, self.source.tree)
        for one in ast.walk(node) if text and keyword in self.keywords else ():
            if isinstance(one, ast.Constant) and one.value == text:
                node = one
                break
        if node is self.source.tree:
            return NodeError(message, self.source.path, self.source.tree.lineno)
        return self.source.error(node, message)


def check_given(kernel: Any, path: str, line: int, given: Mapping[str, Any]) -> None:
    """Raises NodeError for what is no kernel, or for arguments of `node` that are of another type than they should.

    `path` and `line`: where the definition stands, for what has no source of its own.
    """
    if not isinstance(kernel, FunctionType):
        raise NodeError("a kernel is a plain function: @node(...) stands directly above its `def`", path, line)
    where = Declaration(kernel)
    for name, (kind, written) in WRITTEN.items():
        if not isinstance(given[name], tuple) or not all(isinstance(one, kind) for one in given[name]):
            raise where.error(f"{name} is a tuple: write {written}", name)
    memory = given["memory"]
    if not isinstance(memory, Memory | MemoryByPort):
        message = "memory is STATELESS, CARRIED, CLOSED_FORM(seek) or by_port(...)"
        raise where.error(f"{message}, not {getattr(memory, '__name__', memory)!r}", "memory")
    for name, kinds, message in (
        ("role", str, f"role is one of {', '.join(Role)}, in quotes"),
        ("ring", Ring | None, "ring is a Ring: write ring=Ring(max_s=1.0)"),
        ("shape", Shape, "shape is one of " + ", ".join(f"Shape.{one.name}" for one in Shape)),
        ("cost_ns", int | float, "cost_ns is a number of nanoseconds a lane and frame: write cost_ns=0.5"),
        ("example", str, "example is a line of a score in quotes"),
        ("name", str | None, "name is a word in quotes"),
        ("longer", Definition | None, "longer is a node that is defined above this one"),
        ("operator", str, 'operator is a sign in quotes: operator="+"'),
        ("quality", str, "quality is a word in quotes"),
        ("span", FunctionType | None, "span is a function of the spans of inputs and params: write span=lambda x: x"),
    ):
        if not isinstance(given[name], kinds):
            raise where.error(message, name)
    for param in given["params"]:
        numbers = [param.low, param.high, *([] if param.default is None else [param.default])]
        texts = [param.name, param.unit, param.about, *param.also]
        if not all(isinstance(one, int | float) for one in numbers) or not all(isinstance(one, str) for one in texts):
            raise where.error(f"`{param.name}`: write {WRITTEN['params'][1]}", "params", str(param.name))
        if not isinstance(param.also, tuple) or not isinstance(param.as_unit, Unit):
            raise where.error(f'`{param.name}`: write Unit.PLAIN and also=("name",)', "params", param.name)


def check(definition: Definition) -> None:
    """Raises NodeError for the first rule that a definition breaks, with the others in `also`."""
    found = problems(definition)
    if found:
        first, *others = found
        first.also = tuple(others)
        raise first


def problems(definition: Definition) -> list[NodeError]:
    """Every rule that a definition breaks: those of its declaration first."""
    where = Declaration(definition.kernel)
    found = [
        where.error(message, keyword, text)
        for rules in (named, told, parameters, arguments, remembered, delayed, meant)
        for message, keyword, text in rules(definition)
    ]
    # What the kernel does with an argument is only clear once the declaration is, what it computes once it may.
    found = found or kernel_problems(definition)
    return found or [where.error(message, "memory") for message in tried(definition)]


Refusal = tuple[str, str, str]
"""What is wrong, in which keyword, at which text in it."""


def named(definition: Definition) -> Iterator[Refusal]:
    """Role and names."""
    if definition.role not in set(Role):
        yield f"role is one of {', '.join(Role)}, not `{definition.role}`", "role", ""
    for name in (definition.name, *definition.aliases):
        if not NAME.fullmatch(name):
            yield f"`{name}` is no name of the language: letters, digits and _", "aliases", name
    same = [one.lineno for one in neighbours(definition.kernel) if one.name == definition.kernel.__name__]
    if len(same) > 1:
        yield (
            f"`{definition.kernel.__name__}` is defined twice in this file, in lines {' and '.join(map(str, same))}",
            (""),
            "",
        )
    if len({definition.name, *definition.aliases}) <= len(definition.aliases):
        yield "each alias stands once, and is not the name itself", "aliases", ""
    spans = 0 if definition.span is None else len(inspect.signature(definition.span).parameters)
    if spans > len(definition.ports) + len(definition.params):
        yield "span takes more spans than there are inputs and params", "span", ""
    if definition.ends_voice and definition.role != Role.EFFECT:
        yield "ends_voice is for effects", "ends_voice", ""
    if definition.role == Role.EFFECT and not definition.ports:
        yield 'an effect has an input: write ports=(Port("input"),)', "role", ""
    if definition.role in (Role.SOURCE, Role.CONTROL) and definition.ports:
        yield f'a {definition.role} has no ports: write role="effect"', "role", ""
    if definition.role != Role.INTERNAL and definition.shape not in (Shape.LANES, Shape.CHANNELS):
        yield "nodes of the language have shape LANES or CHANNELS", "shape", ""


def told(definition: Definition) -> Iterator[Refusal]:
    """What people read: docstring, example, cost."""
    if not definition.doc.strip():
        yield f'`{definition.name}` needs a docstring: what it is, and where it comes from: """..."""', "", ""
    if not (definition.cost_ns > 0.0 and math.isfinite(definition.cost_ns)):
        yield f"cost_ns is above 0 (nanoseconds a lane and frame), not {definition.cost_ns}", "cost_ns", ""
    if definition.role == Role.INTERNAL:
        return
    words = set(NAME.findall(definition.example))
    if not definition.example.strip():
        yield f'an example is missing: write example="out: {definition.name} ..."', "example", ""
    elif words.isdisjoint((definition.name, *definition.aliases)):
        yield f"the example does not use `{definition.name}`", "example", ""


def parameters(definition: Definition) -> Iterator[Refusal]:
    """Names, ranges and units of the params."""
    keywords: dict[str, str] = {}
    optional = ""
    for param in definition.params:
        name = param.name
        for keyword in {name, short(name), *param.also}:
            if keyword in keywords and keywords[keyword] != name:
                yield f"`{keyword}` would mean `{keywords[keyword]}` and `{name}`", "params", name
            keywords[keyword] = name
        if param.unit not in UNITS:
            yield f"`{param.unit}` is no unit: one of {', '.join(repr(one) for one in UNITS)}", "params", param.unit
        wanted = SUFFIXES.get(name.rpartition("_")[2]) if "_" in name else None
        if wanted is not None and param.unit != wanted:
            yield f"`{name}` is in {wanted}, not in {param.unit!r}", "params", name
        if param.as_unit is Unit.PHASE and param.unit != "Hz":
            yield f"`{name}`: Unit.PHASE is a frequency, in Hz", "params", name
        if param.as_unit is Unit.FRAMES and param.unit != "s":
            yield f"`{name}`: Unit.FRAMES is a time, in s", "params", name
        if param.as_unit is Unit.WORD and definition.role != Role.INTERNAL:
            yield f"`{name}`: Unit.WORD is for internal nodes", "params", name
        if definition.shape is Shape.CHANNELS and param.as_unit is not Unit.PLAIN:
            yield f"`{name}`: nodes of shape CHANNELS take numbers as they are: Unit.PLAIN", "params", name
        if not (math.isfinite(param.low) and math.isfinite(param.high) and param.low < param.high):
            yield f"`{name}`: its range {param.low:g} to {param.high:g} is empty or endless", "params", name
        elif param.default is not None and not param.low <= param.default <= param.high:
            outside = f"its default {param.default:g} is outside {param.low:g} to {param.high:g}"
            yield f"`{name}`: {outside}", "params", name
        if not param.about.strip():
            yield f"`{name}` does not say what it is: the last argument of Param", "params", name
        if param.default is None and optional:
            yield f"`{name}` must be given and stands behind `{optional}`, which need not be", "params", name
        optional = name if param.default is not None else optional


def arguments(definition: Definition) -> Iterator[Refusal]:
    """The kernel's arguments: each is declared, each declaration has one, no two are called alike."""
    declared = [
        *(("ports", one.name) for one in definition.ports),
        *(("params", one.name) for one in definition.params),
        *(("columns", one.name) for one in definition.columns),
        *(("numbers", one) for one in definition.numbers),
    ]
    seen: set[str] = set()
    for keyword, name in declared:
        if not NAME.fullmatch(name):
            yield f"`{name}` is no name: letters, digits and _", keyword, name
        elif name in FIXTURES:
            yield f"`{name}` means something else in every kernel: call it otherwise", keyword, name
        elif name in seen:
            yield f"two of its arguments are called `{name}`", keyword, name
        elif name not in definition.needs:
            yield f"the kernel does not take `{name}`: def {definition.name}(..., {name}, ...)", keyword, name
        seen.add(name)
    for name in definition.needs:
        if name in SHAPED and definition.shape not in SHAPED[name]:
            yield f"a node of shape {definition.shape.name} has no `{name}`", "shape", ""
        elif name not in FIXTURES and name not in seen:
            known = ", ".join([*dict.fromkeys(seen), *FIXTURES])
            yield f"the kernel takes `{name}`, which is no port, param or one of: {known}", "", ""
    for name in ("out", "frames"):
        if name not in definition.needs and definition.role != Role.INTERNAL:
            yield f"the kernel takes no `{name}`: def {definition.name}(..., out, frames)", "", ""
    for keyword, given, shape in (
        ("columns", definition.columns, Shape.FOLD),
        ("numbers", definition.numbers, definition.shape if definition.role == Role.INTERNAL else Shape.STEREO),
    ):
        if given and definition.shape is not shape:
            yield f"{keyword} are for internal nodes that the planner fills in", keyword, ""


def remembered(definition: Definition) -> Iterator[Refusal]:
    """Memory that fits state and delay lines."""
    names = [field.name for field in definition.state]
    for field in definition.state:
        if not NAME.fullmatch(field.name) or names.count(field.name) > 1:
            yield f"`{field.name}` is no name of a field, or is one twice", "state", ""
        if field.dtype not in ("f4", "u4"):
            yield f'`{field.name}:{field.dtype}`: a field is "name" (float32) or "name:u4" (uint32)', "state", ""
    memory = definition.memory
    kinds = [memory.steps, memory.signal] if isinstance(memory, MemoryByPort) else [memory]
    if isinstance(memory, MemoryByPort):
        for port in sorted(memory.ports - {param.name for param in definition.params}):
            yield f"by_port names `{port}`, which is no param", "memory", port
        if not memory.ports:
            yield 'by_port needs the params it goes by: by_port("freq_hz", steps=..., signal=...)', "memory", ""
    remembers = [*(["state"] if names else []), *(["a ring"] if definition.ring is not None else [])]
    for kind in kinds:
        if kind is STATELESS and remembers:
            also = ", or CLOSED_FORM(seek)" if names and definition.ring is None else ""
            yield (
                f"memory=STATELESS remembers nothing, and there is {' and '.join(remembers)}: write CARRIED{also}",
                ("memory"),
                "",
            )
        elif kind is CARRIED and not remembers:
            yield "memory=CARRIED carries state or a ring, and there is neither: write STATELESS", "memory", ""
        elif kind.seek is not None:
            yield from sought(definition, kind.seek)
        elif kind is not STATELESS and kind is not CARRIED:
            yield "memory is STATELESS, CARRIED, CLOSED_FORM(seek) or by_port(...)", "memory", ""
    if len(kinds) > 1 and kinds[1].seek is not None:
        yield "what a signal feeds has no formula: by_port(..., signal=CARRIED)", "memory", ""
    holder = "cells" if definition.shape is Shape.CHANNELS else "state"
    if names and holder not in definition.needs:
        yield f"there is state, and the kernel does not take `{holder}`", "state", ""
    elif not names and holder in definition.needs:
        yield f'the kernel takes `{holder}`, and there is none: write state=("last",)', "", ""


def sought(definition: Definition, seek: Any) -> Iterator[Refusal]:
    """CLOSED_FORM: a function that moves the state on."""
    if not isinstance(seek, FunctionType):
        yield "CLOSED_FORM takes a function: def advance(state, freq_hz, frames)", "memory", ""
        return
    if not definition.state or definition.ring is not None:
        yield "memory=CLOSED_FORM is a formula for state, without a ring", "memory", ""
    given = list(inspect.signature(seek).parameters)
    for name in ("state", "frames"):
        if name not in given:
            yield f"the seek `{seek.__name__}` takes no `{name}`: def {seek.__name__}(state, ..., frames)", "memory", ""
    unknown = [one for one in given if one not in ("state", "frames", *(param.name for param in definition.params))]
    for name in unknown:
        yield f"the seek `{seek.__name__}` takes `{name}`, which is no param", "memory", ""


def tried(definition: Definition) -> Iterator[str]:
    """A formula for state that holds."""
    if definition.seek is None or definition.shape is not Shape.LANES:
        return
    from workers.trial import FRAMES, lost

    try:
        fields = lost(definition)
    except Exception as error:  # noqa: BLE001
        yield f"a trial of the kernel ended with {type(error).__name__}: {error}"
        return
    seek = getattr(definition.seek, "__name__", "")
    for name in fields:
        yield f"the seek `{seek}` gives another state.{name} than {FRAMES} frames of the kernel: write CARRIED"


def delayed(definition: Definition) -> Iterator[Refusal]:
    """Delay lines: how long they are, and who uses them."""
    ring = definition.ring
    user = "lines" if definition.shape is Shape.CHANNELS else "ring"
    if ring is None:
        if "ring" in definition.needs or "lines" in definition.needs:
            yield f"the kernel takes `{user}`, and there is none: write ring=Ring(max_s=1.0)", "", ""
        return
    if user not in definition.needs:
        yield f"there is a ring, and the kernel does not take `{user}`", "ring", ""
    if definition.shape is Shape.CHANNELS:
        if not ring.line_frames or min(ring.line_frames) < 1 or ring.max_s or ring.port:
            yield "lines of shape CHANNELS have fixed lengths: Ring(line_frames=(1116, 1188))", "ring", ""
        elif not 0 <= ring.short_lines < len(ring.line_frames) or ring.spread_frames < 0:
            yield "short_lines are some of the lines, and spread_frames is not below 0", "ring", ""
        return
    if ring.line_frames or ring.short_lines or ring.spread_frames:
        yield "lines of fixed lengths are for shape CHANNELS: Ring(max_s=1.0)", "ring", ""
    elif not (ring.max_s > 0.0 and math.isfinite(ring.max_s)):
        yield "a ring has a length: Ring(max_s=1.0)", "ring", ""
    if ring.port is not None:
        param = next((one for one in definition.params if one.name == ring.port), None)
        if param is None or param.unit != "s":
            yield f"the ring's port `{ring.port}` is no param in seconds", "ring", ""
        elif param.high > ring.max_s:
            yield f"`{ring.port}` may be {param.high:g} s, and the ring holds {ring.max_s:g} s", "ring", ""


def meant(definition: Definition) -> Iterator[Refusal]:
    """What a definition tells the graph fits what it is."""
    first = definition.params[0] if definition.params else None
    pitched = first is not None and first.as_unit is Unit.PHASE
    longer = definition.longer
    if definition.tuned and not (definition.role == Role.SOURCE and pitched and first and first.default is not None):
        yield "tuned is for sources whose first param is a frequency (Unit.PHASE) with a default", "tuned", ""
    if definition.tuned and any(param.name == "offset" for param in definition.params):
        yield "a tuned node has an argument called `offset` besides its params", "tuned", ""
    if definition.strikes and not (definition.role == Role.SOURCE and pitched):
        yield "strikes is for sources whose first param is a frequency (Unit.PHASE)", "strikes", ""
    if definition.envelope and definition.role != Role.CONTROL:
        yield "envelope is for controls", "envelope", ""
    if definition.product and len(definition.ports) + len(definition.params) != 2:
        yield "product is for two arguments, one times the other", "product", ""
    if definition.quality and definition.shape is not Shape.FOLD:
        yield "quality is for nodes that play samples, of shape FOLD", "quality", ""
    if definition.operator and not (definition.role == Role.INTERNAL and len(definition.ports) == 2):
        yield "operator is for internal nodes with two ports", "operator", ""
    if longer is not None:
        names, more = ([param.name for param in one.params] for one in (definition, longer))
        if longer.role != Role.INTERNAL or longer.ports != definition.ports or more[: len(names)] != names:
            yield f"longer is an internal node with {names} as its first params, and more", "longer", ""
        elif len(more) == len(names):
            yield f"`{longer.name}` has no more params than `{definition.name}`", "longer", ""


def short(name: str) -> str:
    """A param's name without its unit."""
    stem, _, last = name.rpartition("_")
    return stem if stem and last in SUFFIXES else name
