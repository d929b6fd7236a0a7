"""The vocabulary of `workers.simd` as LLVM vectors for Numba: 8 float32, 8 uint32 and 8 truth values.

Only `targets/numba.py` imports this. Every name of `VOCABULARY` means exactly what `workers.simd` says; memory is an
address (int64) and an index in floats.
"""

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

LEVEL_HAS_PERMUTE = True
"""Set by the compiling process: whether the CPU level has AVX2's vpermps (the wrong instruction aborts LLVM)."""


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


def _operator(op: Any, operands: Vec, result: Vec, emit: Emit, arity: int = 2) -> None:
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
    _operator(_op, FLOATS, FLOATS, lambda b, x, y, name=_name: getattr(b, name)(x, y))
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
    _operator(_op, WORDS, WORDS, lambda b, x, y, name=_name: getattr(b, name)(x, y))
for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(_op, FLOATS, MASK, lambda b, x, y, sign=_sign: b.fcmp_ordered(sign, x, y))
    _operator(_op, WORDS, MASK, lambda b, x, y, sign=_sign: b.icmp_unsigned(sign, x, y))
for _op, _name in ((operator.and_, "and_"), (operator.or_, "or_")):
    _operator(_op, MASK, MASK, lambda b, x, y, name=_name: getattr(b, name)(x, y))


def _splat(builder: Any, vector: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, I32(0))
    zeros = ir.Constant(ir.VectorType(I32, LANES), [I32(0)] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _mask(*lanes: int) -> Any:
    return ir.Constant(ir.VectorType(I32, len(lanes)), [I32(lane) for lane in lanes])


def _pointer(builder: Any, address: Any, index: Any, element: Any) -> Any:
    """Pointer to element `index` (in 4-byte units) from an address."""
    floats = builder.inttoptr(address, F32.as_pointer())
    return builder.bitcast(builder.gep(floats, [index]), element.as_pointer())


def _index(context: Any, builder: Any, value: Any, value_type: Any) -> Any:
    return context.cast(builder, value, value_type, types.int64)


def _call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [arg.type for arg in args]), name)
    return builder.call(function, args)


def _declare(result: Any, emit: Emit, arity: int) -> Any:
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
        return _splat(builder, FLOATS.llvm, builder.fptrunc(scalar, F32))

    return FLOATS(value), emit


@intrinsic
def word(typing: Any, value: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        scalar = context.cast(builder, args[0], sig.args[0], types.int64)
        return _splat(builder, WORDS.llvm, builder.trunc(scalar, I32))

    return WORDS(value), emit


def _select(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.select(*args)


select = _declare(lambda condition, yes, no: yes, _select, 3)
minimum = _declare(FLOATS, lambda c, b, s, a: b.select(b.fcmp_ordered("<", a[0], a[1]), a[0], a[1]), 2)
maximum = _declare(FLOATS, lambda c, b, s, a: b.select(b.fcmp_ordered("<", a[1], a[0]), a[0], a[1]), 2)
absolute = _declare(FLOATS, lambda c, b, s, a: _call(b, "llvm.fabs.v8f32", FLOATS.llvm, [a[0]]), 1)
sqrt = _declare(FLOATS, lambda c, b, s, a: _call(b, "llvm.sqrt.v8f32", FLOATS.llvm, [a[0]]), 1)
floor = _declare(FLOATS, lambda c, b, s, a: _call(b, "llvm.floor.v8f32", FLOATS.llvm, [a[0]]), 1)
to_float = _declare(FLOATS, lambda c, b, s, a: b.sitofp(a[0], FLOATS.llvm), 1)
from_bits = _declare(FLOATS, lambda c, b, s, a: b.bitcast(a[0], FLOATS.llvm), 1)
to_bits = _declare(WORDS, lambda c, b, s, a: b.bitcast(a[0], WORDS.llvm), 1)
signed_less = _declare(MASK, lambda c, b, s, a: b.icmp_signed("<", a[0], a[1]), 2)
signed_maximum = _declare(WORDS, lambda c, b, s, a: b.select(b.icmp_signed("<", a[1], a[0]), a[0], a[1]), 2)


def _constant(value: float) -> Any:
    return ir.Constant(FLOATS.llvm, [F32(value)] * LANES)


def _round(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _call(builder, "llvm.floor.v8f32", FLOATS.llvm, [builder.fadd(args[0], _constant(0.5))])


def _to_int(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    b, x = builder, args[0]
    high, low = _constant(2147483520.0), _constant(-2147483520.0)
    x = b.select(b.fcmp_ordered("==", x, x), x, _constant(0.0))
    x = b.select(b.fcmp_ordered("<", x, high), x, high)
    x = b.select(b.fcmp_ordered("<", low, x), x, low)
    return b.fptosi(x, WORDS.llvm)


round_half_up = _declare(FLOATS, _round, 1)
to_int = _declare(WORDS, _to_int, 1)


@intrinsic
def iota(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _mask(*range(LANES))

    return WORDS(), emit


# Memory.


def _loader(vector: Vec) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = _index(context, builder, args[1], sig.args[1])
        pointer = _pointer(builder, args[0], index, vector.llvm)
        return builder.load(pointer, align=4, typ=vector.llvm)

    return _declare(vector, emit, 2)


def _storer(vector: Vec) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = _index(context, builder, args[1], sig.args[1])
        builder.store(args[2], _pointer(builder, args[0], index, vector.llvm), align=4)
        return context.get_dummy_value()

    return _declare(types.void, emit, 3)


load, load_words = _loader(FLOATS), _loader(WORDS)
store, store_words = _storer(FLOATS), _storer(WORDS)


def _strided(builder: Any, base: Any, index: Any, stride: Any) -> Any:
    vector = ir.Constant(FLOATS.llvm, ir.Undefined)
    for lane in range(LANES):
        at = builder.add(index, builder.mul(stride, I64(lane)))
        vector = builder.insert_element(
            vector, builder.load(_pointer(builder, base, at, F32), align=4, typ=F32), I32(lane)
        )
    return vector


def _load_strided(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, stride = (_index(context, builder, args[i], sig.args[i]) for i in (1, 2))
    return _strided(builder, args[0], index, stride)


def _store_strided(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, stride = (_index(context, builder, args[i], sig.args[i]) for i in (1, 2))
    for lane in range(LANES):
        at = builder.add(index, builder.mul(stride, I64(lane)))
        builder.store(builder.extract_element(args[3], I32(lane)), _pointer(builder, args[0], at, F32), align=4)
    return context.get_dummy_value()


load_strided = _declare(FLOATS, _load_strided, 3)
store_strided = _declare(types.void, _store_strided, 4)


def _store_some(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, count = _index(context, builder, args[1], sig.args[1]), _index(context, builder, args[3], sig.args[3])
    for lane in range(LANES):
        with builder.if_then(builder.icmp_signed("<", I64(lane), count)):
            pointer = _pointer(builder, args[0], builder.add(index, I64(lane)), F32)
            builder.store(builder.extract_element(args[2], I32(lane)), pointer, align=4)
    return context.get_dummy_value()


def _load_some(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, count = _index(context, builder, args[1], sig.args[1]), _index(context, builder, args[2], sig.args[2])
    slot = cgutils.alloca_once_value(builder, _constant(0.0))
    for lane in range(LANES):
        with builder.if_then(builder.icmp_signed("<", I64(lane), count)):
            value = builder.load(_pointer(builder, args[0], builder.add(index, I64(lane)), F32), align=4, typ=F32)
            builder.store(builder.insert_element(builder.load(slot), value, I32(lane)), slot)
    return builder.load(slot)


def _splat_memory(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    return _splat(builder, FLOATS.llvm, builder.load(_pointer(builder, args[0], index, F32), align=4, typ=F32))


store_some = _declare(types.void, _store_some, 4)
load_some = _declare(FLOATS, _load_some, 3)
splat = _declare(FLOATS, _splat_memory, 2)


def _gather(builder: Any, base: Any, index: Any, offsets: Any) -> Any:
    vector = ir.Constant(FLOATS.llvm, ir.Undefined)
    for lane in range(LANES):
        at = builder.add(index, builder.zext(builder.extract_element(offsets, I32(lane)), I64))
        vector = builder.insert_element(
            vector, builder.load(_pointer(builder, base, at, F32), align=4, typ=F32), I32(lane)
        )
    return vector


def _lookup(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _gather(builder, args[0], _index(context, builder, args[1], sig.args[1]), args[2])


def _near_lookup(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    if not LEVEL_HAS_PERMUTE:
        return _gather(builder, args[0], index, args[2])
    near = builder.load(_pointer(builder, args[0], index, FLOATS.llvm), align=4, typ=FLOATS.llvm)
    return _call(builder, "llvm.x86.avx2.permps", FLOATS.llvm, [near, args[2]])


def _along(context: Any, builder: Any, sig: Any, args: Any, count: int) -> list[Any]:
    """`count` neighbours from each of eight places, lanes j and j + 4 one after the other in vector j."""
    place, pace = (_index(context, builder, args[i], sig.args[i]) for i in (1, 2))
    few = ir.VectorType(F32, count)
    rows = []
    for lane in range(LANES):
        at = builder.ashr(builder.add(place, builder.mul(pace, I64(lane))), I64(24))
        rows.append(builder.load(_pointer(builder, args[0], at, few), align=4, typ=few))
    return [builder.shuffle_vector(rows[j], rows[j + 4], _mask(*range(2 * count))) for j in range(4)]


def _two_along(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = _along(context, builder, sig, args, 2)
    low, high = (builder.shuffle_vector(rows[j], rows[j + 1], _mask(0, 1, 4, 5, 2, 3, 6, 7)) for j in (0, 2))
    masks = (_mask(0, 2, 8, 10, 4, 6, 12, 14), _mask(1, 3, 9, 11, 5, 7, 13, 15))
    return context.make_tuple(builder, sig.return_type, [builder.shuffle_vector(low, high, mask) for mask in masks])


def _four_along(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = _along(context, builder, sig, args, 4)
    low, high = _mask(0, 8, 1, 9, 4, 12, 5, 13), _mask(2, 10, 3, 11, 6, 14, 7, 15)
    pairs = [builder.shuffle_vector(rows[i], rows[i + 1], mask) for mask in (low, high) for i in (0, 2)]
    low, high = _mask(0, 1, 8, 9, 4, 5, 12, 13), _mask(2, 3, 10, 11, 6, 7, 14, 15)
    taps = [builder.shuffle_vector(pairs[i], pairs[i + 1], mask) for i in (0, 2) for mask in (low, high)]
    return context.make_tuple(builder, sig.return_type, taps)


def _zero_at(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    bits = builder.load(_pointer(builder, args[0], index, I32), align=4, typ=I32)
    return builder.icmp_unsigned("==", builder.shl(bits, I32(1)), I32(0))


def _lookup_bytes(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    byte, stride = (_index(context, builder, args[i], sig.args[i]) for i in (1, 3))
    vector = ir.Constant(WORDS.llvm, ir.Undefined)
    for lane in range(LANES):
        offset = builder.zext(builder.extract_element(args[2], I32(lane)), I64)
        at = builder.add(builder.add(args[0], byte), builder.mul(offset, stride))
        one = builder.load(builder.inttoptr(at, I32.as_pointer()), align=1, typ=I32)
        vector = builder.insert_element(vector, one, I32(lane))
    return vector


lookup = _declare(FLOATS, _lookup, 3)
lookup_bytes = _declare(WORDS, _lookup_bytes, 4)
near_lookup = _declare(FLOATS, _near_lookup, 3)
two_along = _declare(types.UniTuple(FLOATS, 2), _two_along, 3)  # type: ignore[attr-defined]
four_along = _declare(types.UniTuple(FLOATS, 4), _four_along, 3)  # type: ignore[attr-defined]
zero_at = _declare(types.boolean, _zero_at, 2)


def _lanes_sum(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    vector = args[0]
    for half in (4, 2, 1):
        undefined = ir.Constant(vector.type, ir.Undefined)
        low = builder.shuffle_vector(vector, undefined, _mask(*range(half)))
        high = builder.shuffle_vector(vector, undefined, _mask(*range(half, 2 * half)))
        vector = builder.fadd(low, high)
    return _splat(builder, FLOATS.llvm, builder.extract_element(vector, I32(0)))


lanes_sum = _declare(FLOATS, _lanes_sum, 1)


def _transpose(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = list(args)
    low, high = _mask(0, 8, 1, 9, 4, 12, 5, 13), _mask(2, 10, 3, 11, 6, 14, 7, 15)
    pairs = [builder.shuffle_vector(rows[i], rows[i + 1], m) for i in (0, 2, 4, 6) for m in (low, high)]
    low, high = _mask(0, 1, 8, 9, 4, 5, 12, 13), _mask(2, 3, 10, 11, 6, 7, 14, 15)
    quads = []
    for i in (0, 4):
        for j in (0, 1):
            quads += [builder.shuffle_vector(pairs[i + j], pairs[i + j + 2], m) for m in (low, high)]
    low, high = _mask(0, 1, 2, 3, 8, 9, 10, 11), _mask(4, 5, 6, 7, 12, 13, 14, 15)
    columns = [builder.shuffle_vector(quads[i], quads[i + 4], m) for m in (low, high) for i in range(4)]
    return context.make_tuple(builder, sig.return_type, columns)


transpose = _declare(types.UniTuple(FLOATS, 8), _transpose, 8)  # type: ignore[attr-defined]


def _lane_of(value: Any) -> int:
    lane = getattr(value, "literal_value", None)
    if not isinstance(lane, int):
        raise TypeError("the lane must be a literal")
    return lane


@intrinsic(prefer_literal=True)
def pair(typing: Any, left: Any, right: Any, lane: Any) -> Any:
    number = _lane_of(lane)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        both = builder.shuffle_vector(args[0], args[1], _mask(number, 8 + number, 8, 8, 8, 8, 8, 8))
        return builder.shuffle_vector(both, _constant(0.0), _mask(0, 1, 8, 8, 8, 8, 8, 8))

    return FLOATS(left, right, lane), emit


@intrinsic(prefer_literal=True)
def mean_pair(typing: Any, left: Any, right: Any, lane: Any) -> Any:
    number = _lane_of(lane)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = builder.fadd(
            builder.extract_element(args[0], I32(number)), builder.extract_element(args[1], I32(number))
        )
        return _splat(builder, FLOATS.llvm, builder.fmul(total, F32(0.5)))

    return FLOATS(left, right, lane), emit


# What lowered kernels use besides the vocabulary.


def _read_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    pointer = builder.inttoptr(builder.add(args[0], builder.shl(index, I64(3))), I64.as_pointer())
    return builder.load(pointer, align=8, typ=I64)


def _write_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    pointer = builder.inttoptr(builder.add(args[0], builder.shl(index, I64(3))), I64.as_pointer())
    builder.store(_index(context, builder, args[2], sig.args[2]), pointer, align=8)
    return context.get_dummy_value()


def _read_small(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    return builder.sext(builder.load(_pointer(builder, args[0], index, I32), align=4, typ=I32), I64)


def _write_small(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = _index(context, builder, args[1], sig.args[1])
    value = builder.trunc(_index(context, builder, args[2], sig.args[2]), I32)
    builder.store(value, _pointer(builder, args[0], index, I32), align=4)
    return context.get_dummy_value()


def _call_address(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind = ir.FunctionType(ir.VoidType(), [I64])
    builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1]])
    return context.get_dummy_value()


read_word = _declare(types.int64, _read_word, 2)
write_word = _declare(types.void, _write_word, 3)
read_small = _declare(types.int64, _read_small, 2)
write_small = _declare(types.void, _write_small, 3)
call_address = _declare(types.void, _call_address, 2)


@intrinsic
def default_rounding(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        control = cgutils.alloca_once_value(builder, I32(0x1F80))
        byte = builder.bitcast(control, ir.IntType(8).as_pointer())
        _call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [byte])
        return context.get_dummy_value()

    return types.void(), emit


def _ring_read(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """(address, mask, frame, origin, i, frames_ago): each lane's value `frames_ago` frames before; 0 before origin."""
    b = builder
    base, mask, frame, origin, step, ago = args
    now = b.add(_index(context, b, frame, sig.args[2]), _index(context, b, step, sig.args[4]))
    age = b.sub(_splat(b, WORDS.llvm, b.trunc(now, I32)), origin)
    first = b.extract_element(ago, I32(0))
    same = b.icmp_unsigned("==", ago, _splat(b, WORDS.llvm, first))
    all_same = b.icmp_unsigned("==", b.bitcast(same, ir.IntType(8)), ir.IntType(8)(255))
    slot = cgutils.alloca_once(b, FLOATS.llvm)
    with b.if_else(all_same, likely=True) as (then, otherwise):
        with then:
            at = b.mul(b.and_(b.sub(now, b.zext(first, I64)), mask), I64(LANES))
            b.store(b.load(_pointer(b, base, at, FLOATS.llvm), align=4, typ=FLOATS.llvm), slot)
        with otherwise:
            vector = ir.Constant(FLOATS.llvm, ir.Undefined)
            for lane in range(LANES):
                then_frame = b.sub(now, b.zext(b.extract_element(ago, I32(lane)), I64))
                at = b.add(b.mul(b.and_(then_frame, mask), I64(LANES)), I64(lane))
                vector = b.insert_element(vector, b.load(_pointer(b, base, at, F32), align=4, typ=F32), I32(lane))
            b.store(vector, slot)
    return b.select(b.icmp_signed("<", age, ago), _constant(0.0), b.load(slot))


def _ring_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    base, mask, frame, step, value = args
    now = builder.add(_index(context, builder, frame, sig.args[2]), _index(context, builder, step, sig.args[3]))
    at = builder.mul(builder.and_(now, mask), I64(LANES))
    builder.store(value, _pointer(builder, base, at, FLOATS.llvm), align=4)
    return context.get_dummy_value()


ring_read = _declare(FLOATS, _ring_read, 6)
ring_write = _declare(types.void, _ring_write, 5)
whole = read_word

# Atomic words, and sleeping on them (Linux futex).


def _shared_pointer(builder: Any, address: Any, index: Any) -> Any:
    return builder.inttoptr(builder.add(address, builder.shl(index, I64(3))), I64.as_pointer())


def _load_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], _index(context, builder, args[1], sig.args[1]))
    return builder.load_atomic(pointer, "acquire", 8, typ=I64)


def _store_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], _index(context, builder, args[1], sig.args[1]))
    builder.store_atomic(_index(context, builder, args[2], sig.args[2]), pointer, "release", 8)
    return context.get_dummy_value()


def _add_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], _index(context, builder, args[1], sig.args[1]))
    return builder.atomic_rmw("add", pointer, _index(context, builder, args[2], sig.args[2]), "seq_cst")


def _swap_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], _index(context, builder, args[1], sig.args[1]))
    expected, value = (_index(context, builder, args[i], sig.args[i]) for i in (2, 3))
    return builder.extract_value(builder.cmpxchg(pointer, expected, value, "seq_cst", "seq_cst"), 0)


load_shared = _declare(types.int64, _load_shared, 2)
store_shared = _declare(types.void, _store_shared, 3)
add_shared = _declare(types.int64, _add_shared, 3)
swap_shared = _declare(types.int64, _swap_shared, 4)


@intrinsic
def pause(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _call(builder, "llvm.x86.sse2.pause", ir.VoidType(), [])
        return context.get_dummy_value()

    return types.void(), emit


FUTEX, FUTEX_WAIT, FUTEX_WAKE = 202, 0, 1
"""Linux x86-64 system call and operations (shared between processes)."""


def _system_call(builder: Any, numbers: list[Any]) -> Any:
    kind = ir.FunctionType(I64, [I64] * 7)
    function = cgutils.get_or_insert_function(builder.module, kind, "syscall")
    return builder.call(function, numbers + [I64(0)] * (7 - len(numbers)))


def _sleep_while(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    b = builder
    word = b.add(args[0], b.shl(_index(context, b, args[1], sig.args[1]), I64(3)))
    expected = b.and_(_index(context, b, args[2], sig.args[2]), I64(0xFFFFFFFF))
    span = cgutils.alloca_once(b, ir.ArrayType(I64, 2))
    nanoseconds = _index(context, b, args[3], sig.args[3])
    b.store(b.udiv(nanoseconds, I64(1_000_000_000)), b.gep(span, [I32(0), I32(0)]))
    b.store(b.urem(nanoseconds, I64(1_000_000_000)), b.gep(span, [I32(0), I32(1)]))
    _system_call(b, [I64(FUTEX), word, I64(FUTEX_WAIT), expected, b.ptrtoint(span, I64)])
    return context.get_dummy_value()


def _wake(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    b = builder
    word = b.add(args[0], b.shl(_index(context, b, args[1], sig.args[1]), I64(3)))
    _system_call(b, [I64(FUTEX), word, I64(FUTEX_WAKE), _index(context, b, args[2], sig.args[2])])
    return context.get_dummy_value()


def _doze(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind = ir.FunctionType(I32, [I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "usleep")
    builder.call(function, [builder.trunc(_index(context, builder, args[0], sig.args[0]), I32)])
    return context.get_dummy_value()


sleep_while = _declare(types.void, _sleep_while, 4)
wake = _declare(types.void, _wake, 3)
doze = _declare(types.void, _doze, 1)

VOCABULARY: dict[str, Any] = {
    name: value
    for name, value in dict(globals()).items()
    if not name.startswith("_") and type(value).__name__ in ("_Intrinsic", "intrinsic", "Intrinsic")
}
VOCABULARY["U"] = word
