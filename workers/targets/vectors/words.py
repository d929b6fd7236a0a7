"""What lowered kernels and loops use besides `workers.simd`: words of memory, atomic ones, sleeping on them, calls."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from workers.levels import Instruction
from workers.targets.vectors import target
from workers.targets.vectors.lanes import I32, I64, call, declare, index_of, pointer_to

BYTES = ir.IntType(8).as_pointer()


def _read_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    pointer = builder.inttoptr(builder.add(args[0], builder.shl(index, I64(3))), I64.as_pointer())
    return builder.load(pointer, align=8, typ=I64)


def _write_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    pointer = builder.inttoptr(builder.add(args[0], builder.shl(index, I64(3))), I64.as_pointer())
    builder.store(index_of(context, builder, args[2], sig.args[2]), pointer, align=8)
    return context.get_dummy_value()


def _read_small(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    return builder.sext(builder.load(pointer_to(builder, args[0], index, I32), align=4, typ=I32), I64)


def _write_small(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    index = index_of(context, builder, args[1], sig.args[1])
    value = builder.trunc(index_of(context, builder, args[2], sig.args[2]), I32)
    builder.store(value, pointer_to(builder, args[0], index, I32), align=4)
    return context.get_dummy_value()


def _fetch_ahead(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    # To be written, into all caches, as data.
    call(builder, "llvm.prefetch.p0i8", ir.VoidType(), [builder.inttoptr(args[0], BYTES), I32(1), I32(3), I32(1)])
    return context.get_dummy_value()


def _call_address(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind = ir.FunctionType(ir.VoidType(), [I64])
    builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1]])
    return context.get_dummy_value()


read_word = declare(types.int64, _read_word, 2)
write_word = declare(types.void, _write_word, 3)
read_small = declare(types.int64, _read_small, 2)
write_small = declare(types.void, _write_small, 3)
fetch_ahead = declare(types.void, _fetch_ahead, 1)
call_address = declare(types.void, _call_address, 2)


def instructed(builder: Any, instruction: Instruction) -> None:
    """An instruction of this level's processor."""
    given = []
    if instruction.word is not None:
        word = ir.Constant(ir.IntType(instruction.bits), instruction.word)
        if instruction.by_address:
            word = builder.bitcast(cgutils.alloca_once_value(builder, word), ir.IntType(8).as_pointer())
        given.append(word)
    call(builder, instruction.intrinsic, ir.VoidType(), given)


@intrinsic
def default_rounding(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        instructed(builder, target.level.processor.default_rounding)
        return context.get_dummy_value()

    return types.void(), emit


CLOCK_MONOTONIC = 1
"""The clock that `time.monotonic_ns` reads on Linux. Read without a system call: 25 ns."""


@intrinsic
def clock_ns(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        b = builder
        span = cgutils.alloca_once(b, ir.ArrayType(I64, 2))
        function = cgutils.get_or_insert_function(b.module, ir.FunctionType(I32, [I32, I64]), "clock_gettime")
        b.call(function, [I32(CLOCK_MONOTONIC), b.ptrtoint(span, I64)])
        seconds, nanoseconds = (b.load(b.gep(span, [I32(0), I32(word)]), typ=I64) for word in (0, 1))
        return b.add(b.mul(seconds, I64(1_000_000_000)), nanoseconds)

    return types.int64(), emit


@intrinsic
def clock_ticks(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(I64, [])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.readcyclecounter"), [])

    return types.int64(), emit


whole = read_word

# Atomic words, and sleeping on them (Linux futex).


def _shared_pointer(builder: Any, address: Any, index: Any) -> Any:
    return builder.inttoptr(builder.add(address, builder.shl(index, I64(3))), I64.as_pointer())


def _load_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], index_of(context, builder, args[1], sig.args[1]))
    return builder.load_atomic(pointer, "acquire", 8, typ=I64)


def _store_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], index_of(context, builder, args[1], sig.args[1]))
    builder.store_atomic(index_of(context, builder, args[2], sig.args[2]), pointer, "release", 8)
    return context.get_dummy_value()


def _add_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], index_of(context, builder, args[1], sig.args[1]))
    return builder.atomic_rmw("add", pointer, index_of(context, builder, args[2], sig.args[2]), "seq_cst")


def _swap_shared(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _shared_pointer(builder, args[0], index_of(context, builder, args[1], sig.args[1]))
    expected, value = (index_of(context, builder, args[i], sig.args[i]) for i in (2, 3))
    return builder.extract_value(builder.cmpxchg(pointer, expected, value, "seq_cst", "seq_cst"), 0)


load_shared = declare(types.int64, _load_shared, 2)
store_shared = declare(types.void, _store_shared, 3)
add_shared = declare(types.int64, _add_shared, 3)
swap_shared = declare(types.int64, _swap_shared, 4)


@intrinsic
def pause(typing: Any) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        instructed(builder, target.level.processor.pause)
        return context.get_dummy_value()

    return types.void(), emit


FUTEX_WAIT, FUTEX_WAKE = 0, 1
"""Operations of Linux's futex (shared between processes)."""


def _futex(builder: Any, arguments: list[Any]) -> Any:
    numbers = [I64(target.level.processor.futex), *arguments]
    kind = ir.FunctionType(I64, [I64] * 7)
    function = cgutils.get_or_insert_function(builder.module, kind, "syscall")
    return builder.call(function, numbers + [I64(0)] * (7 - len(numbers)))


def _sleep_while(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    b = builder
    word = b.add(args[0], b.shl(index_of(context, b, args[1], sig.args[1]), I64(3)))
    expected = b.and_(index_of(context, b, args[2], sig.args[2]), I64(0xFFFFFFFF))
    span = cgutils.alloca_once(b, ir.ArrayType(I64, 2))
    nanoseconds = index_of(context, b, args[3], sig.args[3])
    b.store(b.udiv(nanoseconds, I64(1_000_000_000)), b.gep(span, [I32(0), I32(0)]))
    b.store(b.urem(nanoseconds, I64(1_000_000_000)), b.gep(span, [I32(0), I32(1)]))
    _futex(b, [word, I64(FUTEX_WAIT), expected, b.ptrtoint(span, I64)])
    return context.get_dummy_value()


def _wake(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    b = builder
    word = b.add(args[0], b.shl(index_of(context, b, args[1], sig.args[1]), I64(3)))
    _futex(b, [word, I64(FUTEX_WAKE), index_of(context, b, args[2], sig.args[2])])
    return context.get_dummy_value()


def _doze(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind = ir.FunctionType(I32, [I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "usleep")
    builder.call(function, [builder.trunc(index_of(context, builder, args[0], sig.args[0]), I32)])
    return context.get_dummy_value()


sleep_while = declare(types.void, _sleep_while, 4)
wake = declare(types.void, _wake, 3)
doze = declare(types.void, _doze, 1)
