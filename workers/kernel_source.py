"""The source of kernels: syntax trees of functions as they stand in their files."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import cache
from types import FunctionType
from typing import Any

from workers import simd
from workers.definitions import NodeError
from workers.records import record


@record(frozen=True, slots=True)
class KernelSource:
    """The syntax tree of a function as it stands in its file."""

    tree: ast.FunctionDef
    path: str

    def error(self, node: ast.AST, message: str) -> NodeError:
        """A refusal at a part of the tree."""
        line, column = getattr(node, "lineno", self.tree.lineno), getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", None)
        length = end - column if end is not None and getattr(node, "end_lineno", line) == line else 1
        return NodeError(message, self.path, line, column + 1, max(length, 1))


@cache
def functions_of(text: str) -> dict[int, ast.FunctionDef]:
    """The functions of a file by the line on which they begin, decorators included. Raises SyntaxError."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {min([node.lineno, *(one.lineno for one in node.decorator_list)]): node for node in found}


def neighbours(function: Any) -> list[ast.FunctionDef]:
    """The functions of a function's file that stand by themselves."""
    whole = functions_of(file_text(function.__code__.co_filename))
    return [one for one in whole.values() if one.col_offset == 0]


def file_text(path: str) -> str:
    """A source file as Python knows it; "" where there is none."""
    linecache.checkcache(path)
    return "".join(linecache.getlines(path))


def source_of(function: Any) -> KernelSource:
    """The source of a function. Raises NodeError where it cannot be read, or is not one `def`."""
    path, first = function.__code__.co_filename, function.__code__.co_firstlineno
    text = file_text(path)
    if not text:
        raise NodeError(f"the source of `{function.__name__}` cannot be read: a kernel stands in a file", path)
    tree = functions_of(text).get(first)
    if tree is None or tree.name != function.__code__.co_name:
        raise NodeError("a kernel is a plain function: def name(input, out, frames): ...", path, first)
    return KernelSource(tree, path)


def assignments(tree: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Every value that is assigned to a name of a function, by name; of loops the range."""
    found: dict[str, list[ast.expr]] = {}

    def note(target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Name(id=name), _:
                found.setdefault(name, []).append(value)
            case ast.Tuple(elts=parts), ast.Tuple(elts=values) if len(parts) == len(values):
                for part, one in zip(parts, values, strict=True):
                    note(part, one)
            case ast.Tuple(elts=parts), _:
                for part in parts:
                    note(part, value)

    for node in ast.walk(tree):
        match node:
            case ast.For(target=target, iter=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                note(target, value)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    note(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                note(target, ast.copy_location(ast.BinOp(target, op, value), node))
    return found


def assigned_names(tree: ast.FunctionDef) -> set[str]:
    """Names of a function's own."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def calls(function: Any) -> Iterator[FunctionType]:
    """Shared functions that a function calls by name."""
    for node in ast.walk(source_of(function).tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            value = function.__globals__.get(node.func.id)
            if isinstance(value, FunctionType) and value.__module__ != simd.__name__:
                yield value


def hints(function: Any) -> dict[str, str]:
    """The annotations of a function as they are written."""
    said = function.__annotations__
    if all(isinstance(hint, str) for hint in said.values()):
        return dict(said)
    tree = source_of(function).tree
    written = {one.arg: one.annotation for one in (*tree.args.args, *tree.args.kwonlyargs)} | {"return": tree.returns}
    return {name: ast.unparse(hint) for name, hint in written.items() if hint is not None}
