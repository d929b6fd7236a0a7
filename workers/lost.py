"""Mapped files that become shorter while this process plays them.

What lay behind the new end is no memory any more: to read it is a SIGBUS, which ends a process without a word. A worker
of a pool may die of it. In the process of a caller such pages read as zeros instead while `reading` says so, and the
slab knows that it lost them. The signal comes to the thread that reads, in the middle of machine code that holds no
lock, so that what handles it may be a function of Python; it works in any thread.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workers.slab import Slab

SA_SIGINFO = 4
ADDRESS_AT = 16
"""Where the address stands that could not be read, in what the system tells of a SIGBUS (64 bits)."""
HANDLED = sys.platform == "linux"

_libc = ctypes.CDLL(None, use_errno=True)
_lock = threading.Lock()
_slabs: list[Slab] = []
"""Those that are being read, each once for every thread."""


class Action(ctypes.Structure):
    """What is to be done on a signal, as the C library of Linux lays it out."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_uint64 * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


_before = Action()
"""What was done before `reading`."""


def _on_bus_error(_number: int, told: int, _context: int) -> None:
    address = ctypes.c_int64.from_address(told + ADDRESS_AT).value
    for slab in _slabs:
        if slab.lose(address):
            return
    # Not ours: it comes again, to whoever saw to it before.
    _libc.sigaction(int(signal.SIGBUS), ctypes.byref(_before), None)


_entry = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)(_on_bus_error)
_ours = Action(ctypes.cast(_entry, ctypes.c_void_p), flags=SA_SIGINFO)


@contextmanager
def reading(slab: Slab) -> Iterator[None]:
    """While it lasts, pages of the slab that its files have lost read as zeros, and `slab.lost` names the file."""
    if not HANDLED:
        yield
        return
    with _lock:
        if not _slabs:
            _libc.sigaction(int(signal.SIGBUS), ctypes.byref(_ours), ctypes.byref(_before))
        _slabs.append(slab)
    try:
        yield
    finally:
        with _lock:
            _slabs.remove(slab)
            if not _slabs:
                _libc.sigaction(int(signal.SIGBUS), ctypes.byref(_before), None)
