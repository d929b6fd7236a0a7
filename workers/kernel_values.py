"""What the expressions of a kernel are, and which ones a kernel may not hold."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field
from types import FunctionType
from typing import Any, Literal

from workers import simd
from workers.definitions import Definition, NodeError, Shape
from workers.kernel_source import KernelSource, assigned_names, hints
from workers.kernel_words import (
    BUILT_IN,
    BY_ANNOTATION,
    CONSTANT_MAKERS,
    INSTEAD,
    KNOWN,
    NAMES,
    OF_THE_LOOP,
    OPERATORS,
    ROWS,
    SHARED,
    VECTORS,
    VOCABULARY,
    Kind,
    annotated,
    python_name,
    returned,
)
from workers.records import record
from workers.words import clock_ns, clock_ticks

CLOCKS = (clock_ns, clock_ticks)

Part = Literal["kernel", "seek", "shared"]


@record()
class Values:
    """Reads the expressions of one function; `names`: what its arguments and, as they are met, its own names are."""

    source: KernelSource
    scope: Mapping[str, Any]
    names: dict[str, Kind]
    role: Part
    definition: Definition | None = None
    counters: set[str] = field(default_factory=set)
    """Loop variables that run over the frames of a call one by one."""
    called: dict[FunctionType, None] = field(default_factory=dict)
    found: list[NodeError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.own = self.names.keys() | assigned_names(self.source.tree)

    def refuse(self, node: ast.AST, message: str) -> None:
        self.found.append(self.source.error(node, message))

    def kind(self, node: ast.expr) -> Kind:
        """What an expression is; refuses what it may not hold."""
        match node:
            case ast.Constant(value=bool() | int()):
                return "whole"
            case ast.Constant(value=float() | complex() as value):
                self.refuse(node, f"{value} is a scalar float: write F({value})")
                return "floats"
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.Attribute(value=ast.Name(id="state"), attr=attr) if self.names.get("state") == "state":
                return self.field(node, attr)
            case ast.Attribute(value=ast.Name(id=module), attr=attr) if module not in self.own:
                hint = f": write {INSTEAD[attr]}" if attr in INSTEAD else ": kernels have their own functions"
                self.refuse(node, f"{module}.{attr} differs between machines{hint}")
                return "unknown"
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(node, left, op, right)
            case ast.UnaryOp(op=op, operand=operand):
                return self.unary(node, op, operand)
            case ast.Compare(ops=ops, left=left, comparators=others):
                return self.compared(node, ops, [left, *others])
            case ast.BoolOp(values=values):
                kinds = [self.kind(value) for value in values]
                if any(kind in VECTORS for kind in kinds):
                    word, sign = ("and", "&") if isinstance(node.op, ast.And) else ("or", "|")
                    self.refuse(node, f"`{word}` is about whole numbers: write (a) {sign} (b) between truth values")
                    return "mask"
                return "whole" if all(kind == "whole" for kind in kinds) else "unknown"
            case ast.IfExp(test=test, body=body, orelse=other):
                self.condition(test)
                return self.joined(self.kind(body), self.kind(other))
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name in self.names:
                return self.row(node, name, index)
            case ast.Subscript(value=value):
                self.kind(value)
                return "unknown"
            case ast.Tuple(elts=parts):
                for part in parts:
                    self.kind(part)
                return "several"
            case ast.Call():
                return self.call(node)
        self.refuse(node, f"`{ast.unparse(node)}` is not of the kernels' vocabulary")
        return "unknown"

    def name(self, node: ast.Name, name: str) -> Kind:
        known = self.names.get(name)
        if known in ROWS:
            self.refuse(node, f"`{name}` is a signal: write {name}[i]")
            return ROWS[known]
        if known == "out":
            self.refuse(node, f"`{name}` is only written: {name}[i] = ...")
        elif known in ("state", "ring"):
            parts = "ring.read(i, frames_ago) and ring.write(i, value)" if known == "ring" else "its fields: state.x"
            self.refuse(node, f"`{name}` is used by {parts}")
        elif known is not None:
            return known
        if known is not None or name in self.own:
            return "unknown"
        value = self.scope.get(name, python_name(name))
        if isinstance(value, int):
            return "whole"
        if isinstance(value, float):
            self.refuse(node, f"{name} is a scalar float: write F({name})")
            return "floats"
        self.strange(node, name, value)
        return "unknown"

    def strange(self, node: ast.AST, name: str, value: Any) -> None:
        """Refuses a name that kernels cannot use."""
        if value is None:
            from difflib import get_close_matches

            near = get_close_matches(name, [*self.own, *KNOWN, *SHARED], 1)
            hint = f"did you mean `{near[0]}`?" if near else "kernels know their arguments and workers.simd"
            self.refuse(node, f"there is no `{name}` here: {hint}")
            return
        module = (getattr(value, "__module__", None) or "builtins").partition(".")[0]
        hint = f": write {INSTEAD[name]}" if name in INSTEAD else ""
        if name == "float":
            self.refuse(node, f"float() gives a scalar float{hint}")
        elif module in ("math", "numpy", "scipy", "random"):
            self.refuse(node, f"{name} of {module} differs between machines{hint}")
        else:
            self.refuse(
                node, f"`{name}` is not of the kernels' vocabulary{hint or ': numbers and plain functions are'}"
            )

    def field(self, node: ast.AST, attr: str) -> Kind:
        """A field of the state."""
        if self.definition is None:
            return "unknown"
        fields: dict[str, Kind] = {f.name: "floats" if f.dtype == "f4" else "words" for f in self.definition.state}
        if attr not in fields:
            self.refuse(node, f"state has no field `{attr}`: state=({', '.join(map(repr, [*fields, attr]))},)")
        return fields.get(attr, "unknown")

    def row(self, node: ast.Subscript, name: str, index: ast.expr) -> Kind:
        """`name[index]`."""
        known = self.names[name]
        if known in ROWS:
            self.index(node, index)
            return ROWS[known]
        if known == "out":
            self.refuse(node, f"`{name}` is only written: keep the value under a name")
        elif known in ("floats", "words", "mask", "whole"):
            self.refuse(node, f"`{name}` is one value for the whole call: write {name}")
            return known
        elif known == "memory":
            self.refuse(node, f"`{name}` is memory: load({name}, index), splat({name}, index), whole({name}, index)")
        else:
            self.kind(index)
        return "unknown"

    def index(self, node: ast.AST, index: ast.expr) -> None:
        """The frame of a signal. One of another call is not there: what is past is state, or in a ring."""
        if self.definition is not None and self.definition.shape is Shape.CHANNELS:
            parts = index.elts if isinstance(index, ast.Tuple) else []
            bounds = [
                part for one in parts for part in ((one.lower, one.upper) if isinstance(one, ast.Slice) else (one,))
            ]
            for part in bounds:
                if part is not None:
                    self.whole(part, "a frame or channel is a whole number")
            if len(parts) != 2:
                self.refuse(node, "in nodes of shape CHANNELS a signal is read by frame and channel: x[i, channel]")
            return
        text = ast.unparse(index)
        known = isinstance(index, ast.Name) and index.id in self.counters
        if not known and text not in ("0", "frames - 1"):
            self.refuse(
                node,
                f"[{text}] is no frame of this call: `for i in range(frames)` gives [i]; what is past is kept in state"
                " or a ring",
            )

    def whole(self, node: ast.expr, why: str) -> None:
        before = len(self.found)
        kind = self.kind(node)
        if kind not in ("whole", "unknown") and len(self.found) == before:
            self.refuse(node, f"{why}, not {NAMES.get(kind, kind)}")

    def must_be(self, node: ast.expr, kind: Kind, wanted: Kind, why: str) -> None:
        if kind == wanted or "unknown" in (kind, wanted):
            return
        self.refuse(node, f"{why}, not {NAMES.get(kind, kind)}: write {self.turned(node, kind, wanted)}")

    def turned(self, node: ast.expr, kind: Kind, wanted: Kind) -> str:
        """How a value of one kind is written as one of another."""
        text = ast.unparse(node)
        forms: dict[tuple[Kind, Kind], str] = {
            ("whole", "floats"): f"F({text})",
            ("whole", "words"): f"U({text})" if isinstance(node, ast.Constant) else f"word({text})",
            ("words", "floats"): f"to_float({text})",
            ("floats", "words"): f"to_int({text})",
            ("mask", "floats"): f"select({text}, F(1.0), F(0.0))",
            ("mask", "words"): f"select({text}, U(1), U(0))",
        }
        return forms.get((kind, wanted), f"something that gives {NAMES.get(wanted, wanted)}")

    def condition(self, test: ast.expr) -> None:
        before = len(self.found)
        if self.kind(test) != "whole" and len(self.found) == before:
            self.refuse(test, f"`{ast.unparse(test)}` is not about whole numbers: use select(condition, yes, no)")

    def joined(self, a: Kind, b: Kind) -> Kind:
        return a if a == b else "unknown"

    def binary(self, node: ast.BinOp, left: ast.expr, op: ast.operator, right: ast.expr) -> Kind:
        a, b = self.kind(left), self.kind(right)
        sign = ast.unparse(ast.BinOp(ast.Name("a"), op, ast.Name("b")))[2:-2]
        if isinstance(op, ast.Pow):
            self.refuse(node, "** differs between machines: write x * x, or exp2(y * log2(x))")
            return b if a == "whole" else a
        if a == b == "whole":
            if isinstance(op, ast.Div):
                self.refuse(node, f"division of whole numbers gives a scalar float: write {ast.unparse(left)} // ...")
            return "whole"
        for one, kind, other in ((left, a, b), (right, b, a)):
            if (kind == "whole" and other in ("floats", "words")) or (kind, other) == ("words", "floats"):
                self.must_be(one, kind, other, f"`{sign}` is between vectors of one kind, here {NAMES[other]}")
                return other
        if "unknown" in (a, b):
            return b if a == "unknown" else a
        if a != b or a not in OPERATORS:
            self.refuse(node, f"`{sign}` is not between {NAMES.get(a, a)} and {NAMES.get(b, b)}")
        elif not isinstance(op, OPERATORS[a]):
            self.refuse(node, f"`{sign}` between {NAMES[a]} is not of the kernels' vocabulary")
        return a if a in VECTORS else b

    def unary(self, node: ast.UnaryOp, op: ast.unaryop, operand: ast.expr) -> Kind:
        if isinstance(operand, ast.Constant) and isinstance(operand.value, float):
            self.refuse(node, f"{ast.unparse(node)} is a scalar float: write F({ast.unparse(node)})")
            return "floats"
        kind = self.kind(operand)
        text = ast.unparse(operand)
        if kind in VECTORS:
            zero = "F(0.0)" if kind == "floats" else "U(0)"
            instead = f"{zero} - {text}" if isinstance(op, ast.USub) else "select the other way round"
            self.refuse(node, f"`{ast.unparse(node)}` is not of the kernels' vocabulary: write {instead}")
        return kind

    def compared(self, node: ast.Compare, ops: list[ast.cmpop], parts: list[ast.expr]) -> Kind:
        kinds = [self.kind(part) for part in parts]
        if all(kind == "whole" for kind in kinds):
            return "whole"
        if len(ops) > 1:
            self.refuse(node, "one comparison at a time between vectors: (a < b) & (b < c)")
            return "mask"
        vectors = [kind for kind in kinds if kind in VECTORS]
        if vectors and not isinstance(ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq):
            self.refuse(node, f"`{ast.unparse(node)}` is not of the kernels' vocabulary: vectors have < <= > >= ==")
            return "mask"
        if "whole" in kinds and vectors:
            number = kinds.index("whole")
            self.must_be(parts[number], "whole", vectors[0], f"this compares {NAMES[vectors[0]]}")
        elif len(vectors) == 2 and (vectors[0] != vectors[1] or vectors[0] == "mask"):
            self.refuse(node, f"{NAMES[vectors[0]]} are not compared with {NAMES[vectors[1]]}")
        return "mask" if vectors else "unknown"

    # Calls.

    def call(self, node: ast.Call) -> Kind:
        if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
            self.refuse(node, "kernels call by position, without keywords and *")
        match node.func:
            case ast.Name(id=name) if name in CONSTANT_MAKERS and name not in self.own:
                for argument in node.args:
                    self.constant(argument, name)
                return "floats" if name == "F" else "words"
            case ast.Name(id=name) if name in BUILT_IN and name not in self.own and name not in self.scope:
                for argument in node.args:
                    better = {"min": ": write minimum(a, b)", "max": ": write maximum(a, b)"}.get(name, "")
                    self.whole(argument, f"{name}() is for whole numbers{better}")
                return "whole"
            case ast.Attribute(value=ast.Name(id="ring"), attr="read" | "write" as attr) if (
                self.names.get("ring") == "ring"
            ):
                return self.ring(node, attr)
            case ast.Attribute():
                self.kind(node.func)
            case ast.Name(id=name) if name not in self.own:
                function = KNOWN.get(name, self.scope.get(name))
                if name in OF_THE_LOOP or function in OF_THE_LOOP.values():
                    self.of_the_loop(node, name, function)
                elif name in KNOWN and self.scope.get(name) is not KNOWN[name]:
                    self.misnamed(node, name)
                elif isinstance(function, FunctionType):
                    return self.function(node, function)
                else:
                    self.strange(node.func, name, self.scope.get(name, python_name(name)))
            case _:
                self.refuse(node, f"`{ast.unparse(node.func)}` cannot be called: kernels call functions by their name")
        for argument in node.args:
            self.kind(argument)
        return "unknown"

    def of_the_loop(self, node: ast.Call, name: str, function: Any) -> None:
        """A word that the loop over tasks is written with: none of them is for nodes, least of all the clock."""
        if function in CLOCKS or name in [clock.__name__ for clock in CLOCKS]:
            message = f"`{name}` tells the time, and a node gives the same frames whenever it runs: `age` counts frames"
        else:
            message = f"`{name}` is a word of the loop that calls kernels: call yours otherwise, or use workers.simd"
        self.refuse(node.func, message)

    def misnamed(self, node: ast.Call, name: str) -> None:
        """A word of the vocabulary that is something else in this file, or is not imported."""
        module = KNOWN[name].__module__
        found = self.scope.get(name)
        if found is not None and not isinstance(found, FunctionType):
            self.strange(node.func, name, found)
        elif found is not None:
            self.refuse(node.func, f"`{name}` is a word of the kernels' vocabulary ({module}): call yours otherwise")
        else:
            self.refuse(node.func, f"`{name}` is not imported: from {module} import {name}")

    def function(self, node: ast.Call, function: FunctionType) -> Kind:
        """A call of a function of the vocabulary, or of a shared one, which is then held to the rules too."""
        vocabulary = function.__module__ == simd.__name__
        if vocabulary and VOCABULARY.get(function.__name__) is not function:
            self.refuse(node.func, f"`{ast.unparse(node.func)}` is not of the kernels' vocabulary")
            return "unknown"
        if vocabulary and isinstance(node.func, ast.Name) and node.func.id != function.__name__:
            self.refuse(node.func, f"words of the vocabulary keep their names: {function.__name__}")
        if not vocabulary:
            self.called[function] = None
        wanted = annotated(function)
        if len(node.args) != len(wanted):
            self.refuse(node, f"{function.__name__}() takes {len(wanted)} arguments, not {len(node.args)}")
            return returned(function)
        either: list[Kind] = []
        for argument, (name, kind) in zip(node.args, wanted.items(), strict=True):
            found = self.kind(argument)
            if hints(function).get(name) == "Either":
                either.append(found)
            elif kind in VECTORS and (found in VECTORS or found == "whole"):
                self.must_be(argument, found, kind, f"{function.__name__}() takes {NAMES[kind]} for `{name}`")
            elif kind == "whole" and found in VECTORS:
                self.refuse(argument, f"{function.__name__}() takes a whole number for `{name}`, not {NAMES[found]}")
        return self.chosen(node, either) if either else returned(function)

    def chosen(self, node: ast.Call, kinds: list[Kind]) -> Kind:
        """What `select` gives."""
        known = [kind for kind in kinds if kind != "unknown"]
        for argument, kind in zip(node.args[-len(kinds) :], kinds, strict=True):
            if kind == "whole":
                other: Kind = next((one for one in known if one in VECTORS), "floats")
                self.must_be(argument, kind, other, "both sides of select() are vectors")
                return other
        if len(set(known)) > 1 or "mask" in known:
            said = " and ".join(NAMES.get(kind, kind) for kind in known)
            self.refuse(node, f"both sides of select() are floats, or both words, not {said}")
        return known[0] if known else "unknown"

    def ring(self, node: ast.Call, attr: str) -> Kind:
        """`ring.read(i, frames_ago)`, `ring.write(i, value)`."""
        form = "ring.read(i, frames_ago)" if attr == "read" else "ring.write(i, value)"
        if len(node.args) != 2:
            self.refuse(node, f"written as {form}")
            return "floats"
        frame, value = node.args
        if not (isinstance(frame, ast.Name) and frame.id in self.counters):
            self.refuse(frame, f"written as {form}, with the `i` of `for i in range(frames)`")
        if attr == "read":
            self.must_be(value, self.kind(value), "words", "frames_ago is a word")
            return "floats"
        self.must_be(value, self.kind(value), "floats", "a ring holds floats")
        return "nothing"

    def constant(self, node: ast.expr, maker: str) -> None:
        """What stands in `F(...)`: numbers that are known before any frame is computed, or whole ones."""
        match node:
            case ast.Constant(value=int() | float()):
                return
            case ast.Name(id=name) if name not in self.own and isinstance(self.scope.get(name), int | float):
                return
            case ast.BinOp(left=left, right=right):
                self.constant(left, maker)
                self.constant(right, maker)
                return
            case ast.UnaryOp(operand=operand):
                self.constant(operand, maker)
                return
        before = len(self.found)
        kind = self.kind(node)
        if kind not in ("whole", "unknown") and len(self.found) == before:
            instead = f": write {self.turned(node, kind, 'floats')}" if maker == "F" and kind != "floats" else ""
            self.refuse(node, f"{maker}() takes a number, not {NAMES.get(kind, kind)}{instead}")

    def kinds_returned(self, value: ast.expr, count: int) -> list[Kind]:
        """What the parts of a returned tuple are."""
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            function = KNOWN.get(value.func.id, self.scope.get(value.func.id))
            hint = hints(function).get("return", "") if isinstance(function, FunctionType) else ""
            if hint.startswith("tuple[") and hint.endswith("]"):
                parts = [part.strip() for part in hint[6:-1].split(",")]
                parts = parts[:1] * count if parts[-1] == "..." else parts
                if len(parts) != count:
                    self.refuse(value, f"{value.func.id}() gives {len(parts)} values, not {count}")
                    return ["unknown"] * count
                return [BY_ANNOTATION.get(part, "unknown") for part in parts]
        return ["unknown"] * count
