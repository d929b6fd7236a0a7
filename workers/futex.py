"""Waking who sleeps on a word of shared memory, from outside the native loop. Linux on x86-64."""

from __future__ import annotations

import ctypes
from functools import cache

SYS_FUTEX, FUTEX_WAKE = 202, 1
EVERYBODY = 1 << 20


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def wake_sleepers(address: int) -> None:
    """Wakes every process that sleeps on the word at an address."""
    _libc().syscall(SYS_FUTEX, ctypes.c_void_p(address), FUTEX_WAKE, EVERYBODY, None, None, 0)
