"""Words of memory by address, as the runner and lowered kernels use them (python target: through ctypes)."""

from __future__ import annotations

import ctypes
import time


def read_word(address: int, index: int) -> int:
    """The int64 at address + 8 * index."""
    return ctypes.c_int64.from_address(address + 8 * index).value


def write_word(address: int, index: int, value: int) -> None:
    """Sets the int64 at address + 8 * index."""
    ctypes.c_int64.from_address(address + 8 * index).value = value


def read_small(address: int, index: int) -> int:
    """The int32 at address + 4 * index."""
    return ctypes.c_int32.from_address(address + 4 * index).value


def write_small(address: int, index: int, value: int) -> None:
    """Sets the int32 at address + 4 * index, modulo 2**32."""
    ctypes.c_uint32.from_address(address + 4 * index).value = value & 0xFFFFFFFF


def fetch_ahead(address: int) -> None:
    """Has the CPU fetch the cache line at an address, to be written soon. It waits for nothing."""


def call_address(address: int, argument: int) -> None:
    """Calls void(int64) machine code."""
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)(argument)


def default_rounding() -> None:
    """Machine code sets MXCSR to its default here (no flush to zero); Python code runs under it already."""


def clock_ns() -> int:
    """Nanoseconds of the system's monotonic clock, the same in all processes: for loops, which note when tasks ran."""
    return time.monotonic_ns()


def clock_ticks() -> int:
    """What the CPU counts, at a rate of its own: to be read in a fifth of the time."""
    return time.monotonic_ns()


# Atomic words. In Python they are plain: only one thread of one process runs the python target.


def load_shared(address: int, index: int) -> int:
    """The int64 at address + 8 * index, with everything that was written before it was stored (acquire)."""
    return read_word(address, index)


def store_shared(address: int, index: int, value: int) -> None:
    """Stores an int64 after everything written before (release)."""
    write_word(address, index, value)


def add_shared(address: int, index: int, value: int) -> int:
    """Adds to an int64; returns what was there before."""
    before = read_word(address, index)
    write_word(address, index, before + value)
    return before


def swap_shared(address: int, index: int, expected: int, value: int) -> int:
    """Stores `value` if `expected` is there; returns what was there before."""
    before = read_word(address, index)
    if before == expected:
        write_word(address, index, value)
    return before


def pause() -> None:
    """Tells the CPU that this is a waiting loop."""


def sleep_while(address: int, index: int, expected: int, nanoseconds: int) -> None:
    """Sleeps until somebody wakes the word (its low half no longer `expected`), or the time is over."""


def wake(address: int, index: int, count: int) -> None:
    """Wakes up to `count` sleepers of a word."""


def doze(microseconds: int) -> None:
    """Sleeps a while, where there is nothing to be woken by."""
