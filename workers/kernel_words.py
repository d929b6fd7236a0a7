"""What kernels are written with: kinds of values, the operators between them, the names that mean something."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from types import FunctionType
from typing import Any, Literal

from workers import simd, words
from workers.dsp.math import settle
from workers.dsp.units import frames_of, phase_step
from workers.kernel_source import hints

Kind = Literal[
    "whole",
    "floats",
    "words",
    "mask",
    "memory",
    "several",
    "nothing",
    "unknown",
    "float ports",
    "word ports",
    "out",
    "state",
    "ring",
]
"""What a name or an expression is. A port, param or `age` is a row of vectors, one a frame; `several`: a tuple."""
VECTORS = ("floats", "words", "mask")
ROWS: dict[str, Kind] = {"float ports": "floats", "word ports": "words"}
NAMES = {"whole": "a whole number", "floats": "floats", "words": "words", "mask": "truth values", "memory": "memory"}
BY_ANNOTATION: dict[str, Kind] = {
    "int": "whole",
    "bool": "whole",
    "Floats": "floats",
    "Words": "words",
    "Mask": "mask",
    "Memory": "memory",
}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult)
OPERATORS: dict[Kind, tuple[type[ast.operator], ...]] = {
    "floats": (*ARITHMETIC, ast.Div),
    "words": (*ARITHMETIC, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift),
    "mask": (ast.BitAnd, ast.BitOr),
}
"""What the vocabulary has between two vectors of a kind."""
CONSTANT_MAKERS = ("F", "U", "word")
WHOLE_FIXTURES = ("frames", "frame", "channels", "line_mask")
FLOAT_FIXTURES = ("past", "gate_frames", "period_s", "rate_hz", "side")
BUILT_IN = ("range", "min", "max")
"""What kernels may use of Python itself, with whole numbers."""
LOWERED = (
    *("call", "kernel", "origin", "since", "ring_mask", "read_word", "ring_read", "ring_write", "load_words"),
    *("store_words", "load", "store", "splat", "word", "load_strided", "store_strided", "store_some"),
    *("settle", "phase_step", "frames_of"),
)
"""Names that the compiler's text of a kernel uses, so that the kernel has no other use for them."""
INSTEAD = {
    "abs": "absolute(x)",
    "round": "round_half_up(x)",
    "pow": "exp2(y * log2(x)), or x * x",
    "sqrt": "sqrt(x), of workers.simd",
    "float": "F(...), or to_float(...) of a word",
    "int": "to_int(x)",
    "bool": "select(condition, x, y)",
    "sum": "x + y",
    "where": "select(condition, x, y)",
    "clip": "minimum(maximum(x, low), high)",
    "floor": "floor(x), of workers.simd",
    "fabs": "absolute(x)",
    "sin": "sin_turns(x / 2 pi) or sin_phase(phase), of workers.dsp.math",
    "cos": "cos_turns(x / 2 pi), of workers.dsp.math",
    "tan": "tan_half_turns or tan_fraction, of workers.dsp.math",
    "exp": "exp2(x * F(1.442695)), of workers.dsp.math",
    "log": "log2(x) * F(0.6931472), of workers.dsp.math",
    "pi": "F(3.141592653589793)",
    "random": "rand(place, age[i]), of workers.dsp.chance",
}
"""What stands in kernels for a name that is usual elsewhere."""


def _of_module(module: Any) -> dict[str, FunctionType]:
    return {n: f for n, f in vars(module).items() if isinstance(f, FunctionType) and f.__module__ == module.__name__}


VOCABULARY: dict[str, FunctionType] = {n: f for n, f in _of_module(simd).items() if n[0] != "_"}
OF_THE_LOOP = _of_module(words)
"""What the loop over tasks is written with: memory by its address, words that processes share, the clock."""
SHARED = _of_module(sys.modules[settle.__module__])
"""The functions of `workers.dsp.math`."""
KNOWN: dict[str, Any] = {**VOCABULARY, "settle": settle, "phase_step": phase_step, "frames_of": frames_of}
"""Names that mean one thing in every kernel: the compiler goes by the name."""


def annotated(function: Any) -> dict[str, Kind]:
    """What a shared function says its arguments are."""
    said = hints(function)
    return {name: BY_ANNOTATION.get(said.get(name, ""), "unknown") for name in inspect.signature(function).parameters}


def returned(function: Any) -> Kind:
    """What a function says that it returns."""
    hint = hints(function).get("return", "")
    return "several" if hint.startswith("tuple[") else BY_ANNOTATION.get(hint, "unknown")


def python_name(name: str) -> Any:
    """What Python itself calls so; None if nothing."""
    return getattr(builtins, name, None)
