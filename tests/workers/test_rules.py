"""Reads the syntax trees of all kernels and holds them to the rules that make every target give the same bits.

Refused: `math.*`, `np.*`, `**`, scalar floats outside `F()`, a branch on anything but whole numbers, true division of
whole numbers. A function is held to them when it is a kernel, a seek, or is called by one.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import workers
from workers import simd
from workers.catalog import Definition, catalog
from workers.dsp import chance, math, units

KEEPS_WHOLE = {"min", "max", "range", "whole", "len"}
CONSTANT_MAKERS = {"F", "U", "word"}


@dataclass
class Rules:
    """Checks one function; `scope` holds the module's names, `integer_columns` names whose items are whole."""

    function: ast.FunctionDef
    scope: Mapping[str, Any]
    integer_columns: frozenset[str] = frozenset()
    whole_names: set[str] = field(default_factory=set)

    def problems(self) -> list[str]:
        """What the function does that it may not, each with its line."""
        self.find_whole_names()
        found: list[str] = []
        for statement in self.function.body:
            self.visit(statement, False, found)
        return found

    def is_whole(self, node: ast.expr) -> bool:
        """Whether an expression is a whole number or a truth value about whole numbers."""
        match node:
            case ast.Constant(value=value):
                return isinstance(value, int)
            case ast.Name(id=name):
                return name in self.whole_names or isinstance(self.scope.get(name), int)
            case ast.BinOp(left=left, op=op, right=right):
                return not isinstance(op, ast.Div | ast.Pow) and self.is_whole(left) and self.is_whole(right)
            case ast.UnaryOp(operand=operand):
                return self.is_whole(operand)
            case ast.Compare(left=left, comparators=others):
                return all(self.is_whole(part) for part in (left, *others))
            case ast.BoolOp(values=values):
                return all(self.is_whole(part) for part in values)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return all(self.is_whole(part) for part in (test, body, orelse))
            case ast.Subscript(value=ast.Name(id=name)):
                return name in self.integer_columns
            case ast.Call(func=ast.Name(id=name), args=args):
                called = self.scope.get(name)
                if name in ("min", "max"):
                    return all(self.is_whole(part) for part in args)
                return name in KEEPS_WHOLE or getattr(called, "__annotations__", {}).get("return") in ("int", "bool")
        return False

    def find_whole_names(self) -> None:
        """Arguments that are declared int, loop counters, and names that only whole numbers are assigned to."""
        arguments = [*self.function.args.args, *self.function.args.kwonlyargs]
        declared = {a.arg for a in arguments if a.annotation is not None and ast.unparse(a.annotation) == "int"}
        assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.function):
            match node:
                case ast.For(target=ast.Name(id=name), iter=source):
                    assigned.setdefault(name, []).append(source)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    assigned.setdefault(name, []).append(value)
                case ast.AugAssign(target=ast.Name(id=name), value=value):
                    assigned.setdefault(name, []).append(value)
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=value):
                    for part in parts:
                        if isinstance(part, ast.Name):
                            assigned.setdefault(part.id, []).append(value)
        self.whole_names = declared | set(assigned)
        while True:
            wrong = {name for name in self.whole_names if not all(map(self.is_whole, assigned.get(name, [])))}
            if not wrong:
                return
            self.whole_names -= wrong

    def visit(self, node: ast.AST, constant: bool, found: list[str]) -> None:
        """Collects problems; `constant` inside `F(...)`, where numbers are folded into one vector constant."""

        def refuse(why: str) -> None:
            found.append(f"{self.function.name}, line {getattr(node, 'lineno', 0)}: {why}")

        match node:
            case ast.Call(func=ast.Name(id=name), args=args) if name in CONSTANT_MAKERS:
                for argument in args:
                    self.visit(argument, True, found)
                return
            case ast.Attribute(value=ast.Name(id=("math" | "np" | "numpy" | "scipy") as module)):
                refuse(f"{module}.{node.attr} differs between machines")
            case ast.BinOp(op=ast.Pow()) if not constant:
                refuse("** differs between machines")
            case ast.BinOp(op=ast.Div(), left=left, right=right) if self.is_whole(left) and self.is_whole(right):
                refuse("division of whole numbers gives a scalar float")
            case ast.Constant(value=float() | complex()) if not constant:
                refuse(f"{node.value} is a scalar float: write F({node.value})")
            case ast.Name(id="float"):
                refuse("float() gives a scalar float")
            case ast.Name(id=name) if isinstance(self.scope.get(name), float) and not constant:
                refuse(f"{name} is a scalar float: write F({name})")
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if not self.is_whole(test):
                refuse(f"`{ast.unparse(test)}` is not about whole numbers: use select")
            case ast.Assert() | ast.Try() | ast.Raise() | ast.With():
                refuse("kernels only compute")
        for child in ast.iter_child_nodes(node):
            self.visit(child, constant, found)


def tree_of(function: Any) -> ast.FunctionDef:
    """Syntax tree of one function, its lines numbered as in its file."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse("".join(lines)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return ast.increment_lineno(tree, first - 1)


def called_by(function: FunctionType) -> Iterable[FunctionType]:
    """Functions of nodes and dsp that a function calls by name."""
    for node in (node for statement in tree_of(function).body for node in ast.walk(statement)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            value = function.__globals__.get(node.func.id)
            if isinstance(value, FunctionType) and value.__module__ != simd.__name__:
                yield value


def held_to_the_rules() -> dict[FunctionType, frozenset[str]]:
    """Every kernel, seek and shared function, with the names of its integer columns."""
    held: dict[FunctionType, frozenset[str]] = {}
    pending: list[Any] = []
    for node in catalog().values():
        held[node.kernel] = frozenset(c.name for c in node.columns if c.dtype == "i8")  # type: ignore[index]
        pending.append(node.kernel)
        if node.seek is not None:
            pending.append(node.seek)
    for module in (math, chance, units):
        pending += [f for f in vars(module).values() if isinstance(f, FunctionType) and f.__module__ == module.__name__]
    seen: set[FunctionType] = set()
    while pending:
        function = pending.pop()
        if function not in seen:
            seen.add(function)
            held.setdefault(function, frozenset())
            pending += called_by(function)
    return held


FUNCTIONS = held_to_the_rules()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f"{f.__module__.rpartition('.')[2]}.{f.__name__}")
def test_kernels_keep_the_rules(function: FunctionType) -> None:
    found = Rules(tree_of(function), function.__globals__, FUNCTIONS[function]).problems()
    assert not found, "\n".join(found)


def test_every_dsp_module_is_read() -> None:
    folder = Path(workers.__file__ or "").parent / "dsp"
    names = {f"workers.dsp.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"}
    assert names <= {function.__module__ for function in FUNCTIONS}


def test_kernels_import_only_the_vocabulary() -> None:
    for module_name in sorted({function.__module__ for function in FUNCTIONS}):
        if not module_name.startswith(("workers.nodes.", "workers.dsp.")):
            continue
        source = inspect.getsource(sys.modules[module_name])
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                allowed = ("workers.", "typing", "__future__")
                assert node.module and node.module.startswith(allowed), f"{module_name} imports {node.module}"
            assert not isinstance(node, ast.Import), f"{module_name} imports by `import`"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("x = math.sin(a[0])", "math.sin differs"),
        ("x = np.where(a[0] < a[1], a[0], a[1])", "np.where differs"),
        ("x = a[0] ** F(2.0)", "** differs"),
        ("x = a[0] * 0.5", "0.5 is a scalar float"),
        ("x = F(1.0) + HALF", "HALF is a scalar float"),
        ("x = float(frames)", "float() gives"),
        ("x = frames / 2", "division of whole numbers"),
        ("if a[0] < F(0.5):\n        x = F(0.0)", "not about whole numbers"),
        ("x = a[0]\n    while x < F(1.0):\n        x = x + x", "not about whole numbers"),
        ("x = F(1.0) if state.x < F(0.0) else F(2.0)", "not about whole numbers"),
        ("n = 0\n    n = a[0]\n    if n > 3:\n        n = 1", "not about whole numbers"),
        ("n = floats(frames)\n    if n > 3:\n        n = 1", "not about whole numbers"),
    ],
)
def test_the_rules_can_be_broken(body: str, why: str) -> None:
    source = f"def kernel(a, state, frames: int):\n    {body}\n"
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)

    def floats(count: int) -> simd.Floats:
        return simd.F(count)

    found = Rules(tree, {"HALF": 0.5, "floats": floats}).problems()
    assert any(why in problem for problem in found), found


@pytest.mark.parametrize(
    "body",
    [
        "x = a[0] * F(2.0**-24) + F(HALF)",
        "if frame & 63 == 0 and frames > COUNT:\n        x = F(0.0)",
        "i = 0\n    while i < frames:\n        i += 8",
        "n = min(frames, 8)\n    if n >= 8:\n        x = F(n)",
        "for i in range(frames):\n        if i == 3:\n            x = a[i] / F(3.0)",
        "if column[0] > 3:\n        x = F(0.0)",
    ],
)
def test_what_the_rules_allow(body: str) -> None:
    tree = ast.parse(f"def kernel(a, column, frame: int, frames: int):\n    {body}\n").body[0]
    assert isinstance(tree, ast.FunctionDef)
    assert not Rules(tree, {"HALF": 0.5, "COUNT": 3}, frozenset({"column"})).problems()


def test_definitions_are_what_kernels_hang_on() -> None:
    assert all(isinstance(node, Definition) for node in catalog().values())
    assert catalog()["lpf"].kernel in FUNCTIONS
    assert any(function.__name__ == "svf_weights" for function in FUNCTIONS)
