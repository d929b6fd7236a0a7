"""Rules for the source of kernels, seeks and the functions they call, read from their syntax trees.

A kernel computes with whole numbers (counters, places) and with vectors: of floats, of words, of truth values. Refused
is what would not give the same bits on every target, or what the compiler could not read: scalar floats, `math` and
`numpy`, branches on vectors, vectors of different kinds in one operation, names that are neither the kernel's own nor
of the vocabulary. Each refusal says what to write instead.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from types import FunctionType
from typing import Any

from workers.definitions import Definition, NodeError, Shape, Unit
from workers.kernel_source import assignments, source_of
from workers.kernel_values import Part, Values
from workers.kernel_words import (
    FLOAT_FIXTURES,
    LOWERED,
    NAMES,
    ROWS,
    WHOLE_FIXTURES,
    Kind,
    annotated,
)


def problems(definition: Definition) -> list[NodeError]:
    """What the kernel, its seek and the functions they call do that they may not, in the order of their files."""
    found: list[NodeError] = []
    waiting: list[FunctionType] = []
    own: list[tuple[Any, dict[str, Kind], Part]] = [(definition.kernel, kernel_arguments(definition), "kernel")]
    if definition.seek is not None:
        own.append((definition.seek, seek_arguments(definition), "seek"))
    for function, arguments, role in own:
        reader = Reader(source_of(function), function.__globals__, arguments, role, definition)
        found += reader.problems()
        waiting += reader.called
        if function.__closure__:
            names = ", ".join(f"`{name}`" for name in function.__code__.co_freevars)
            message = f"{names} belongs to a function around it: kernels stand alone"
            found.append(reader.source.error(reader.source.tree, message))
    done: set[FunctionType] = set()
    while waiting:
        one = waiting.pop()
        if one not in done:
            done.add(one)
            wrong, called = read_shared(one)
            found += wrong
            waiting += called
    unique = {(one.path, one.line, one.column, one.message): one for one in found}
    return sorted(unique.values(), key=lambda one: (one.path, one.line, one.column))


@cache
def read_shared(function: FunctionType) -> tuple[tuple[NodeError, ...], tuple[FunctionType, ...]]:
    """What a function that kernels share does that it may not, and what it calls."""
    reader = Reader(source_of(function), function.__globals__, annotated(function), "shared")
    return tuple(reader.problems()), tuple(reader.called)


def kernel_arguments(definition: Definition) -> dict[str, Kind]:
    """What each argument of a kernel is."""
    kinds: dict[str, Kind] = {
        **dict.fromkeys(WHOLE_FIXTURES, "whole"),
        **dict.fromkeys(FLOAT_FIXTURES, "floats"),
        **dict.fromkeys(definition.numbers, "whole"),
        **dict.fromkeys(("lines", "line_lengths", "cells", "samples"), "memory"),
        "seed": "words",
        "age": "word ports",
        "time": "word ports",
        "out": "out",
        "state": "state",
        "ring": "ring",
    }
    moving = definition.shape in (Shape.LANES, Shape.CHANNELS)
    kinds |= dict.fromkeys((port.name for port in definition.ports), "float ports" if moving else "memory")
    kinds |= dict.fromkeys((column.name for column in definition.columns), "memory")
    kinds |= {param.name: "word ports" if is_word(param.as_unit) else "float ports" for param in definition.params}
    if not moving:
        kinds["out"] = "memory"
    return {name: kinds.get(name, "unknown") for name in definition.needs}


def seek_arguments(definition: Definition) -> dict[str, Kind]:
    """What each argument of a seek is."""
    kinds: dict[str, Kind] = {"state": "state", "frames": "words"}
    kinds |= {param.name: "words" if is_word(param.as_unit) else "floats" for param in definition.params}
    assert definition.seek is not None
    return {name: kinds.get(name, "unknown") for name in inspect.signature(definition.seek).parameters}


def is_word(unit: Unit) -> bool:
    """Whether kernels get such a number as a word."""
    return unit in (Unit.PHASE, Unit.WORD)


class Reader(Values):
    """Reads one function, statement by statement."""

    def problems(self) -> list[NodeError]:
        """What the function does that it may not."""
        tree = self.source.tree
        self.find_whole_names()
        for _ in range(2):  # a loop's body may use what its end assigned
            self.found, self.called = [], {}
            for statement in tree.body:
                self.statement(statement)
        if tree.args.vararg or tree.args.kwarg or tree.args.defaults or tree.args.kwonlyargs:
            self.refuse(tree, f"`{tree.name}` takes each argument by its name, without defaults or *")
        return self.found

    # Names.

    def find_whole_names(self) -> None:
        """Loop counters, and names that only whole numbers are assigned to."""
        given = dict(self.names)
        values = assignments(self.source.tree)
        whole = {name for name in values if given.get(name, "whole") == "whole"}
        while True:
            self.names = {**given, **dict.fromkeys(whole, "whole")}
            wrong = {name for name in whole if not all(self.is_whole(value) for value in values[name])}
            if not wrong:
                break
            whole -= wrong
        self.names = {name: kind for name, kind in self.names.items() if name in given or name in whole}

    def is_whole(self, node: ast.expr) -> bool:
        quiet = Values(self.source, self.scope, self.names, self.role, self.definition)
        return quiet.kind(node) == "whole"

    def set_name(self, node: ast.AST, name: str, kind: Kind) -> None:
        if self.role != "shared" and (name in LOWERED or name.startswith(("p_", "state_"))):
            self.refuse(node, f"`{name}` has a meaning of its own in kernels: call it otherwise")
        known = self.names.get(name)
        if known in ("float ports", "word ports", "out", "state", "ring"):
            self.refuse(node, f"`{name}` is an argument: give the result a name of its own")
        elif known is None or known == "unknown":
            self.names[name] = kind
        elif kind not in (known, "unknown"):
            self.names[name] = "unknown"

    # Statements.

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self.assign(target, value)
            case ast.Assign(targets=targets):
                self.refuse(node, f"one name at a time: {ast.unparse(targets[0])} = ...")
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                self.assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                self.augmented(node, target, op, value)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range")) as turns, orelse=[]):
                self.loop(name, turns, node.body)
            case ast.For():
                self.refuse(node, "loops run over whole numbers: for i in range(frames)")
            case ast.While(test=test, orelse=[]) | ast.If(test=test):
                self.condition(test)
                for one in (*node.body, *node.orelse):
                    self.statement(one)
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass() | ast.Break() | ast.Continue():
                pass
            case ast.Expr(value=ast.Call() as value):
                self.kind(value)
            case ast.Return(value=value):
                self.ending(node, value)
            case ast.Expr():
                self.refuse(node, "this computes something and drops it: out[i] = ..., or a name")
            case _:
                self.refuse(node, "kernels only compute: assignments, `for`, `while`, `if` and calls")

    def ending(self, node: ast.Return, value: ast.expr | None) -> None:
        if value is not None:
            self.kind(value)
        if self.role == "shared":
            return
        if value is not None:
            self.refuse(node, "a kernel returns nothing: write out[i] = ...")
        elif "state" in self.names:
            self.refuse(node, "a kernel with state runs to its end: what state holds here would be lost")

    def loop(self, name: str, turns: ast.Call, body: list[ast.stmt]) -> None:
        for argument in turns.args:
            self.whole(argument, "range() counts whole numbers")
        if ast.unparse(turns) in ("range(frames)", "range(0, frames)"):
            self.counters.add(name)
        self.set_name(turns, name, "whole")
        for one in body:
            self.statement(one)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        kind = self.kind(value)
        match target:
            case ast.Name(id=name):
                self.set_name(target, name, kind)
            case ast.Tuple(elts=parts) if isinstance(value, ast.Tuple) and len(value.elts) == len(parts):
                for part, one in zip(parts, value.elts, strict=True):
                    self.store(part, self.kind(one), one)
            case ast.Tuple(elts=parts):
                for part, found in zip(parts, self.kinds_returned(value, len(parts)), strict=True):
                    self.store(part, found, value)
            case ast.Subscript(value=ast.Name(id=name), slice=index) if self.names.get(name) == "out":
                self.index(target, index)
                self.must_be(value, kind, "floats", f"`{name}` is written floats")
            case _:
                self.store(target, kind, value)

    def store(self, target: ast.expr, kind: Kind, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.set_name(target, name, kind)
            case ast.Attribute(value=ast.Name(id="state"), attr=attr) if self.names.get("state") == "state":
                wanted = self.field(target, attr)
                self.must_be(value, kind, wanted, f"state.{attr} holds {NAMES.get(wanted, wanted)}")
            case ast.Subscript(value=ast.Name(id=name)) if self.names.get(name) == "out":
                self.refuse(target, f"{name}[...] is written in a line of its own")
            case ast.Subscript(value=ast.Name(id=name)) if self.names.get(name) in ROWS:
                self.refuse(target, f"`{name}` is read only: results go to out[i]")
            case _:
                self.refuse(target, f"`{ast.unparse(target)}` cannot be written: names, state.x and out[i] can")

    def augmented(self, node: ast.AugAssign, target: ast.expr, op: ast.operator, value: ast.expr) -> None:
        kind = self.kind(value)
        if isinstance(target, ast.Name) and self.names.get(target.id) == "whole" and kind == "whole":
            if isinstance(op, ast.Div | ast.Pow):
                self.kind(ast.copy_location(ast.BinOp(target, op, value), node))
            return
        written = ast.unparse(ast.BinOp(target, op, value))
        self.refuse(node, f"only whole numbers are changed in place: {ast.unparse(target)} = {written}")
