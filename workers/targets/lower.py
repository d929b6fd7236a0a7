"""Rewrites a kernel's syntax tree into the flat function that the numba target compiles.

`port[i]` becomes a vector load (or the vector itself where the port is constant), `out[i] = v` a store, `state.x` a
local variable that is loaded at the start and stored at the end, `age[i]` and `time[i]` integer arithmetic. In kernels
of shape CHANNELS `port[i, channel]` becomes one value in every lane and `port[i : i + 8, channel]` eight frames. The
rest of the source, and so its meaning, stays as written. Pure: text in, text out.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from workers.calls import Form, form
from workers.definitions import Definition, Shape, Unit

LANE_STRIDE = 8
"""Floats from one frame of a lanes signal to the next."""
FIELD_STRIDE = 16
"""Floats from one state field or constant to the next: a slice has 16 lanes."""
CLOCKS = {"age": "since", "time": "origin"}
"""What counts frames, and the constant that it counts from."""
WORD_FIXTURES = ("since", "origin", "seed")
"""Constants that are words, not floats."""


def _parse(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _first(index: ast.expr) -> str:
    """The start of `i : i + 8`, or the index itself."""
    if not isinstance(index, ast.Slice):
        return ast.unparse(index)
    assert index.lower is not None and index.upper is not None
    if ast.unparse(index.upper) != f"{ast.unparse(index.lower)} + {LANE_STRIDE}":
        raise TypeError(f"frames are taken one at a time or as [i : i + {LANE_STRIDE}], not [{ast.unparse(index)}]")
    return ast.unparse(index.lower)


class _Rewrite(ast.NodeTransformer):
    def __init__(self, form: Form) -> None:
        self.roles = {word.name: word.role for word in form.words}
        self.units = dict(form.units)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "state":
            return ast.copy_location(ast.Name(f"state_{node.attr}", node.ctx), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "ring":
            arguments = ", ".join(ast.unparse(argument) for argument in node.args)
            if called.attr == "read":
                return _expression(f"ring_read(p_ring, ring_mask, frame, since, {arguments})")
            return _expression(f"ring_write(p_ring, ring_mask, frame, {arguments})")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Name):
            return node
        name = node.value.id
        if isinstance(node.slice, ast.Tuple):
            return self.channel_frames(name, node.slice) if name in self.roles else node
        index = ast.unparse(node.slice)
        if name in CLOCKS:
            return _expression(f"word(frame + ({index})) - {CLOCKS[name]}")
        role = self.roles.get(name)
        if role == "constant":
            return ast.Name(name, ast.Load())
        if role in ("input", "signal"):
            loaded = f"load(p_{name}, ({index}) * {LANE_STRIDE})"
            unit = self.units.get(name, Unit.PLAIN)
            if unit is Unit.PHASE:
                loaded = f"phase_step({loaded}, period_s)"
            elif unit is Unit.FRAMES:
                loaded = f"frames_of({loaded}, rate_hz)"
            return _expression(loaded)
        return node

    def channel_frames(self, name: str, index: ast.Tuple) -> ast.expr:
        """`name[i, channel]`: one value in every lane; `name[i : i + 8, channel]`: eight frames."""
        frame, channel = (_first(part) for part in index.elts)
        if self.roles[name] == "constant":
            return _expression(f"splat(p_{name}, {channel})")
        loader, stride = ("load_strided", f", {LANE_STRIDE}") if isinstance(index.elts[0], ast.Slice) else ("splat", "")
        return _expression(f"{loader}(p_{name}, ({frame}) * {LANE_STRIDE} + {channel}{stride})")

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == "out":
            if isinstance(target.slice, ast.Tuple):
                value = ast.unparse(self.visit(node.value))
                frame, channel = (_first(part) for part in target.slice.elts)
                at = f"p_out, ({frame}) * {LANE_STRIDE} + {channel}"
                if isinstance(target.slice.elts[0], ast.Slice):
                    return _parse(f"store_strided({at}, {LANE_STRIDE}, {value})")[0]
                return _parse(f"store_some({at}, {value}, 1)")[0]
            value = ast.unparse(self.visit(node.value))
            index = ast.unparse(self.visit(target.slice))
            return _parse(f"store(p_out, ({index}) * {LANE_STRIDE}, {value})")[0]
        self.generic_visit(node)
        return node


def lower(definition: Definition, variant: str) -> str:
    """Source of the flat function `kernel(call)` for a variant ("constant", "signal" or "seek")."""
    function: Any = definition.seek if variant == "seek" else definition.kernel
    return lowered(form(definition, variant), inspect.getsource(function))


def lowered(form: Form, source: str) -> str:
    """The same from a kernel's source and its form, and from nothing else: a kernel's key covers these two."""
    variant = form.variant
    tree = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    rewrite = _Rewrite(form)
    before: list[str] = []
    phase = {name for name, unit in form.units if unit in (Unit.PHASE, Unit.WORD)}
    params = {name for name, _ in form.units}
    uses_state = False
    for position, word in enumerate(form.words):
        address = f"read_word(call, {position})"
        if word.role in ("frames", "frame", "ring_mask", "line_mask", "channels", "number"):
            if not (variant == "seek" and word.role == "frames"):
                before.append(f"{word.name} = {address}")
        elif word.role == "constant" and form.shape is Shape.CHANNELS and word.name in params:
            before.append(f"p_{word.name} = {address}")
        elif word.role == "constant":
            integer = word.name in phase or word.name in WORD_FIXTURES or (variant == "seek" and word.name == "frames")
            before.append(f"{word.name} = {'load_words' if integer else 'load'}({address}, 0)")
        elif word.role in ("lines", "line_lengths", "samples", "column") or word.name == "cells":
            before.append(f"{word.name} = {address}")
        elif word.role == "state":
            uses_state = True
            before.append(f"p_state = {address}")
        elif form.shape is not Shape.LANES and word.role in ("input", "out"):
            before.append(f"{word.name} = {address}")
            before.append(f"p_{word.name} = {address}")
        else:
            before.append(f"p_{word.name} = {address}")
    after: list[str] = []
    if uses_state:
        for index, field in enumerate(form.state):
            local = f"state_{field.name}"
            address = f"p_state, {index * FIELD_STRIDE}"
            if field.dtype == "f4":
                before.append(f"{local} = load({address})")
                if variant != "seek":
                    before += ["if frame & 63 == 0:", f"    {local} = settle({local})"]
                after.append(f"store({address}, {local})")
            else:
                before.append(f"{local} = load_words({address})")
                after.append(f"store_words({address}, {local})")
    body = [statement for statement in tree.body if not _is_docstring(statement)]
    body = [rewrite.visit(statement) for statement in body]
    tree.body = _parse("\n".join(before)) + body + (_parse("\n".join(after)) if after else [])
    tree.name = "kernel"
    tree.args = ast.arguments([], [ast.arg("call")], None, [], [], None, [])
    tree.returns = None
    tree.decorator_list = []
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
