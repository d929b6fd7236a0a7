"""Memory, an address and an index in floats: loads and stores, look-ups, delay lines."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from workers.targets.vectors import target
from workers.targets.vectors.lanes import (
    F32,
    FLOATS,
    I32,
    I64,
    LANES,
    WORDS,
    Vec,
    call,
    constant,
    declare,
    index_of,
    order,
    pointer_to,
    spread,
)


def _loader(vector: Vec) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = index_of(context, builder, args[1], sig.args[1])
        pointer = pointer_to(builder, args[0], index, vector.llvm)
        return builder.load(pointer, align=4, typ=vector.llvm)

    return declare(vector, emit, 2)


def _storer(vector: Vec) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = index_of(context, builder, args[1], sig.args[1])
        builder.store(args[2], pointer_to(builder, args[0], index, vector.llvm), align=4)
        return context.get_dummy_value()

    return declare(types.void, emit, 3)


load, load_words = _loader(FLOATS), _loader(WORDS)
store, store_words = _storer(FLOATS), _storer(WORDS)


def _strided(builder: Any, base: Any, index: Any, stride: Any) -> Any:
    vector = ir.Constant(FLOATS.llvm, ir.Undefined)
    for lane in range(LANES):
        at = builder.add(index, builder.mul(stride, I64(lane)))
        vector = builder.insert_element(
            vector, builder.load(pointer_to(builder, base, at, F32), align=4, typ=F32), I32(lane)
        )
    return vector


def _load_strided(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, stride = (index_of(context, builder, args[i], sig.args[i]) for i in (1, 2))
    return _strided(builder, args[0], index, stride)


def _store_strided(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, stride = (index_of(context, builder, args[i], sig.args[i]) for i in (1, 2))
    for lane in range(LANES):
        at = builder.add(index, builder.mul(stride, I64(lane)))
        builder.store(builder.extract_element(args[3], I32(lane)), pointer_to(builder, args[0], at, F32), align=4)
    return context.get_dummy_value()


load_strided = declare(FLOATS, _load_strided, 3)
store_strided = declare(types.void, _store_strided, 4)


def _store_some(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, count = index_of(context, builder, args[1], sig.args[1]), index_of(context, builder, args[3], sig.args[3])
    for lane in range(LANES):
        with builder.if_then(builder.icmp_signed("<", I64(lane), count)):
            pointer = pointer_to(builder, args[0], builder.add(index, I64(lane)), F32)
            builder.store(builder.extract_element(args[2], I32(lane)), pointer, align=4)
    return context.get_dummy_value()


def _load_some(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index, count = index_of(context, builder, args[1], sig.args[1]), index_of(context, builder, args[2], sig.args[2])
    slot = cgutils.alloca_once_value(builder, constant(0.0))
    for lane in range(LANES):
        with builder.if_then(builder.icmp_signed("<", I64(lane), count)):
            value = builder.load(pointer_to(builder, args[0], builder.add(index, I64(lane)), F32), align=4, typ=F32)
            builder.store(builder.insert_element(builder.load(slot), value, I32(lane)), slot)
    return builder.load(slot)


def _splat_memory(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    return spread(builder, FLOATS.llvm, builder.load(pointer_to(builder, args[0], index, F32), align=4, typ=F32))


store_some = declare(types.void, _store_some, 4)
load_some = declare(FLOATS, _load_some, 3)
splat = declare(FLOATS, _splat_memory, 2)


def _gather(builder: Any, base: Any, index: Any, offsets: Any) -> Any:
    vector = ir.Constant(FLOATS.llvm, ir.Undefined)
    for lane in range(LANES):
        at = builder.add(index, builder.zext(builder.extract_element(offsets, I32(lane)), I64))
        vector = builder.insert_element(
            vector, builder.load(pointer_to(builder, base, at, F32), align=4, typ=F32), I32(lane)
        )
    return vector


def _lookup(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _gather(builder, args[0], index_of(context, builder, args[1], sig.args[1]), args[2])


def _near_lookup(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    permute = target.level.permute
    if permute is None:
        return _gather(builder, args[0], index, args[2])
    near = builder.load(pointer_to(builder, args[0], index, FLOATS.llvm), align=4, typ=FLOATS.llvm)
    return call(builder, permute, FLOATS.llvm, [near, args[2]])


def _along(context: Any, builder: Any, sig: Any, args: Any, count: int) -> list[Any]:
    """`count` neighbours from each of eight places, lanes j and j + 4 one after the other in vector j."""
    head, pace = (index_of(context, builder, args[i], sig.args[i]) for i in (1, 2))
    few = ir.VectorType(F32, count)
    rows = []
    for lane in range(LANES):
        at = builder.ashr(builder.add(head, builder.mul(pace, I64(lane))), I64(24))
        rows.append(builder.load(pointer_to(builder, args[0], at, few), align=4, typ=few))
    return [builder.shuffle_vector(rows[j], rows[j + 4], order(*range(2 * count))) for j in range(4)]


def _two_along(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = _along(context, builder, sig, args, 2)
    low, high = (builder.shuffle_vector(rows[j], rows[j + 1], order(0, 1, 4, 5, 2, 3, 6, 7)) for j in (0, 2))
    masks = (order(0, 2, 8, 10, 4, 6, 12, 14), order(1, 3, 9, 11, 5, 7, 13, 15))
    return context.make_tuple(builder, sig.return_type, [builder.shuffle_vector(low, high, mask) for mask in masks])


def _four_along(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = _along(context, builder, sig, args, 4)
    low, high = order(0, 8, 1, 9, 4, 12, 5, 13), order(2, 10, 3, 11, 6, 14, 7, 15)
    pairs = [builder.shuffle_vector(rows[i], rows[i + 1], mask) for mask in (low, high) for i in (0, 2)]
    low, high = order(0, 1, 8, 9, 4, 5, 12, 13), order(2, 3, 10, 11, 6, 7, 14, 15)
    taps = [builder.shuffle_vector(pairs[i], pairs[i + 1], mask) for i in (0, 2) for mask in (low, high)]
    return context.make_tuple(builder, sig.return_type, taps)


def _zero_at(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    bits = builder.load(pointer_to(builder, args[0], index, I32), align=4, typ=I32)
    return builder.icmp_unsigned("==", builder.shl(bits, I32(1)), I32(0))


def _prefetch(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    byte = ir.IntType(8).as_pointer()
    pointer = builder.bitcast(pointer_to(builder, args[0], index, F32), byte)
    kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
    to_read, into_every_cache, data = I32(0), I32(3), I32(1)
    builder.call(function, [pointer, to_read, into_every_cache, data])
    return context.get_dummy_value()


def _lookup_bytes(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    byte, stride = (index_of(context, builder, args[i], sig.args[i]) for i in (1, 3))
    vector = ir.Constant(WORDS.llvm, ir.Undefined)
    for lane in range(LANES):
        offset = builder.zext(builder.extract_element(args[2], I32(lane)), I64)
        at = builder.add(builder.add(args[0], byte), builder.mul(offset, stride))
        one = builder.load(builder.inttoptr(at, I32.as_pointer()), align=1, typ=I32)
        vector = builder.insert_element(vector, one, I32(lane))
    return vector


lookup = declare(FLOATS, _lookup, 3)
lookup_bytes = declare(WORDS, _lookup_bytes, 4)
near_lookup = declare(FLOATS, _near_lookup, 3)
two_along = declare(types.UniTuple(FLOATS, 2), _two_along, 3)  # type: ignore[attr-defined]
four_along = declare(types.UniTuple(FLOATS, 4), _four_along, 3)  # type: ignore[attr-defined]
zero_at = declare(types.boolean, _zero_at, 2)
prefetch = declare(types.void, _prefetch, 2)


def _ring_read(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """(address, mask, frame, since, i, frames_ago): each lane's value `frames_ago` frames before; 0 before `since`."""
    b = builder
    base, mask, frame, since, step, ago = args
    now = b.add(index_of(context, b, frame, sig.args[2]), index_of(context, b, step, sig.args[4]))
    age = b.sub(spread(b, WORDS.llvm, b.trunc(now, I32)), since)
    first = b.extract_element(ago, I32(0))
    same = b.icmp_unsigned("==", ago, spread(b, WORDS.llvm, first))
    all_same = b.icmp_unsigned("==", b.bitcast(same, ir.IntType(8)), ir.IntType(8)(255))
    slot = cgutils.alloca_once(b, FLOATS.llvm)
    with b.if_else(all_same, likely=True) as (then, otherwise):
        with then:
            at = b.mul(b.and_(b.sub(now, b.zext(first, I64)), mask), I64(LANES))
            b.store(b.load(pointer_to(b, base, at, FLOATS.llvm), align=4, typ=FLOATS.llvm), slot)
        with otherwise:
            vector = ir.Constant(FLOATS.llvm, ir.Undefined)
            for lane in range(LANES):
                then_frame = b.sub(now, b.zext(b.extract_element(ago, I32(lane)), I64))
                at = b.add(b.mul(b.and_(then_frame, mask), I64(LANES)), I64(lane))
                vector = b.insert_element(vector, b.load(pointer_to(b, base, at, F32), align=4, typ=F32), I32(lane))
            b.store(vector, slot)
    return b.select(b.icmp_signed("<", age, ago), constant(0.0), b.load(slot))


def _ring_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    base, mask, frame, step, value = args
    now = builder.add(index_of(context, builder, frame, sig.args[2]), index_of(context, builder, step, sig.args[3]))
    at = builder.mul(builder.and_(now, mask), I64(LANES))
    builder.store(value, pointer_to(builder, base, at, FLOATS.llvm), align=4)
    return context.get_dummy_value()


ring_read = declare(FLOATS, _ring_read, 6)
ring_write = declare(types.void, _ring_write, 5)
