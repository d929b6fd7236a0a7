"""Lane vectors: their types, their arithmetic, and what moves values between lanes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8
I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
F32, F64 = ir.FloatType(), ir.DoubleType()
ELEMENTS = {"f": F32, "u": I32, "m": I1}


class Vec(types.Type):
    """8 lanes of kind "f" (float32), "u" (uint32) or "m" (truth)."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"Vec({kind}8)")

    @property
    def llvm(self) -> Any:
        return ir.VectorType(ELEMENTS[self.kind], LANES)


@register_model(Vec)
class VecModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, fe_type.llvm)


FLOATS, WORDS, MASK = Vec("f"), Vec("u"), Vec("m")
Emit = Callable[..., Any]


def overload(op: Any, operands: Vec, result: Vec, emit: Emit, arity: int = 2) -> None:
    """Gives a Python operator its meaning between lane vectors."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == arity and all(arg == operands for arg in args):
                return signature(result, *args)
            return None

    infer_global(op)(Template)

    @lower_builtin(op, *([operands] * arity))
    def lowered(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, *args)


for _op, _name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv")):
    overload(_op, FLOATS, FLOATS, lambda b, x, y, name=_name: getattr(b, name)(x, y))
for _op, _name in (
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.mul, "mul"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
    (operator.lshift, "shl"),
    (operator.rshift, "lshr"),
):
    overload(_op, WORDS, WORDS, lambda b, x, y, name=_name: getattr(b, name)(x, y))
for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    overload(_op, FLOATS, MASK, lambda b, x, y, sign=_sign: b.fcmp_ordered(sign, x, y))
    overload(_op, WORDS, MASK, lambda b, x, y, sign=_sign: b.icmp_unsigned(sign, x, y))
for _op, _name in ((operator.and_, "and_"), (operator.or_, "or_")):
    overload(_op, MASK, MASK, lambda b, x, y, name=_name: getattr(b, name)(x, y))


def spread(builder: Any, vector: Any, value: Any) -> Any:
    """One value in every lane."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, I32(0))
    zeros = ir.Constant(ir.VectorType(I32, LANES), [I32(0)] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def order(*lanes: int) -> Any:
    """The constant that tells a shuffle which lanes to take."""
    return ir.Constant(ir.VectorType(I32, len(lanes)), [I32(lane) for lane in lanes])


def pointer_to(builder: Any, address: Any, index: Any, element: Any) -> Any:
    """Pointer to element `index` (in 4-byte units) from an address."""
    floats = builder.inttoptr(address, F32.as_pointer())
    return builder.bitcast(builder.gep(floats, [index]), element.as_pointer())


def index_of(context: Any, builder: Any, value: Any, value_type: Any) -> Any:
    """A whole number of any type as int64."""
    return context.cast(builder, value, value_type, types.int64)


def call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    """Calls a function by its name in LLVM or C."""
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [arg.type for arg in args]), name)
    return builder.call(function, args)


def declare(result: Any, emit: Emit, arity: int) -> Any:
    """An intrinsic of `arity` arguments; `emit(context, builder, signature, args)`; `result` a type or f(arg types)."""
    names = ", ".join("abcdefgh"[:arity])
    scope: dict[str, Any] = {"result": result, "emit": emit}
    body = (
        f"def declared(typing, {names}):\n"
        f"    given = ({names},)\n"
        "    made = result(*given) if callable(result) and not hasattr(result, 'mangling_args') else result\n"
        "    return made(*given), emit\n"
    )
    exec(body, scope)
    return intrinsic(scope["declared"])


@intrinsic
def F(typing: Any, value: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        scalar = context.cast(builder, args[0], sig.args[0], types.float64)
        return spread(builder, FLOATS.llvm, builder.fptrunc(scalar, F32))

    return FLOATS(value), emit


@intrinsic
def word(typing: Any, value: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        scalar = context.cast(builder, args[0], sig.args[0], types.int64)
        return spread(builder, WORDS.llvm, builder.trunc(scalar, I32))

    return WORDS(value), emit


def _select(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.select(*args)


everywhere = declare(
    types.boolean, lambda c, b, s, a: b.icmp_unsigned("==", b.bitcast(a[0], ir.IntType(8)), ir.IntType(8)(255)), 1
)
select = declare(lambda condition, yes, no: yes, _select, 3)
minimum = declare(FLOATS, lambda c, b, s, a: b.select(b.fcmp_ordered("<", a[0], a[1]), a[0], a[1]), 2)
maximum = declare(FLOATS, lambda c, b, s, a: b.select(b.fcmp_ordered("<", a[1], a[0]), a[0], a[1]), 2)
absolute = declare(FLOATS, lambda c, b, s, a: call(b, "llvm.fabs.v8f32", FLOATS.llvm, [a[0]]), 1)
sqrt = declare(FLOATS, lambda c, b, s, a: call(b, "llvm.sqrt.v8f32", FLOATS.llvm, [a[0]]), 1)
floor = declare(FLOATS, lambda c, b, s, a: call(b, "llvm.floor.v8f32", FLOATS.llvm, [a[0]]), 1)
to_float = declare(FLOATS, lambda c, b, s, a: b.sitofp(a[0], FLOATS.llvm), 1)
from_bits = declare(FLOATS, lambda c, b, s, a: b.bitcast(a[0], FLOATS.llvm), 1)
to_bits = declare(WORDS, lambda c, b, s, a: b.bitcast(a[0], WORDS.llvm), 1)
signed_less = declare(MASK, lambda c, b, s, a: b.icmp_signed("<", a[0], a[1]), 2)
signed_maximum = declare(WORDS, lambda c, b, s, a: b.select(b.icmp_signed("<", a[1], a[0]), a[0], a[1]), 2)


def constant(value: float) -> Any:
    """A float32 constant in every lane."""
    return ir.Constant(FLOATS.llvm, [F32(value)] * LANES)


def _round(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return call(builder, "llvm.floor.v8f32", FLOATS.llvm, [builder.fadd(args[0], constant(0.5))])


def _to_int(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    b, x = builder, args[0]
    high, low = constant(2147483520.0), constant(-2147483520.0)
    x = b.select(b.fcmp_ordered("==", x, x), x, constant(0.0))
    x = b.select(b.fcmp_ordered("<", x, high), x, high)
    x = b.select(b.fcmp_ordered("<", low, x), x, low)
    return b.fptosi(x, WORDS.llvm)


round_half_up = declare(FLOATS, _round, 1)
to_int = declare(WORDS, _to_int, 1)


@intrinsic
def iota(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return order(*range(LANES))

    return WORDS(), emit


def _lanes_sum(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    vector = args[0]
    for half in (4, 2, 1):
        undefined = ir.Constant(vector.type, ir.Undefined)
        low = builder.shuffle_vector(vector, undefined, order(*range(half)))
        high = builder.shuffle_vector(vector, undefined, order(*range(half, 2 * half)))
        vector = builder.fadd(low, high)
    return spread(builder, FLOATS.llvm, builder.extract_element(vector, I32(0)))


lanes_sum = declare(FLOATS, _lanes_sum, 1)


def _transpose(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = list(args)
    low, high = order(0, 8, 1, 9, 4, 12, 5, 13), order(2, 10, 3, 11, 6, 14, 7, 15)
    pairs = [builder.shuffle_vector(rows[i], rows[i + 1], m) for i in (0, 2, 4, 6) for m in (low, high)]
    low, high = order(0, 1, 8, 9, 4, 5, 12, 13), order(2, 3, 10, 11, 6, 7, 14, 15)
    quads = []
    for i in (0, 4):
        for j in (0, 1):
            quads += [builder.shuffle_vector(pairs[i + j], pairs[i + j + 2], m) for m in (low, high)]
    low, high = order(0, 1, 2, 3, 8, 9, 10, 11), order(4, 5, 6, 7, 12, 13, 14, 15)
    columns = [builder.shuffle_vector(quads[i], quads[i + 4], m) for m in (low, high) for i in range(4)]
    return context.make_tuple(builder, sig.return_type, columns)


transpose = declare(types.UniTuple(FLOATS, 8), _transpose, 8)  # type: ignore[attr-defined]


def _lane_of(value: Any) -> int:
    lane = getattr(value, "literal_value", None)
    if not isinstance(lane, int):
        raise TypeError("the lane must be a literal")
    return lane


@intrinsic(prefer_literal=True)
def pair(typing: Any, left: Any, right: Any, lane: Any) -> Any:
    number = _lane_of(lane)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        both = builder.shuffle_vector(args[0], args[1], order(number, 8 + number, 8, 8, 8, 8, 8, 8))
        return builder.shuffle_vector(both, constant(0.0), order(0, 1, 8, 8, 8, 8, 8, 8))

    return FLOATS(left, right, lane), emit


@intrinsic(prefer_literal=True)
def mean_pair(typing: Any, left: Any, right: Any, lane: Any) -> Any:
    number = _lane_of(lane)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = builder.fadd(
            builder.extract_element(args[0], I32(number)), builder.extract_element(args[1], I32(number))
        )
        return spread(builder, FLOATS.llvm, builder.fmul(total, F32(0.5)))

    return FLOATS(left, right, lane), emit
