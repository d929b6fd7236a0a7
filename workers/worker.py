"""A worker's life: it obeys its pipe.

("attach", path, bytes, words, kernels, parts, codes, ring) maps an arena and the files of the slab, sets the words of
its record and sees to its kernels, of which `codes` are in no cache; what it does is noted in a ring of a stats file,
(path, offset), if it is given one. ("work",) runs `work` until STOP and answers "stopped"; ("leave",) ends it.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import sys
import time
from multiprocessing.connection import Connection

import numpy as np

from workers import cores, slab, stats
from workers.lifeline import Errand
from workers.targets import objects
from workers.targets.objects import LOOP_ENTRIES
from workers.wire import RingHead, Run, Schedule

PR_SET_NAME = 15
MADV_POPULATE_WRITE = 23
RECORD_WORDS = max(len(Run) + 1, max(Schedule) + 1)
SAMPLE_LOST = 66
"""Exit status of a worker that cannot map a sample's file (EX_NOINPUT)."""
MEMORY_LOST = 71
"""Exit status of a worker that cannot map the arena (EX_OSERR)."""


def name_process(name: str) -> None:
    """Sets what ps and top call this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def worker_main(errand: Errand, pipe: Connection, code: objects.MachineCode | None) -> None:
    """What a worker does until its coordinator sends it home."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    name_process(f"farm-worker-{errand.number}")
    if errand.cpu is not None:
        cores.pin(errand.cpu)
    loaded = [code] if code is not None else []
    known = dict(code.addresses) if code is not None else {}
    record = np.zeros(RECORD_WORDS, np.int64)
    mapped: dict[tuple[str, int], mmap.mmap] = {}
    samples: slab.Slab | None = None
    ring: stats.StatsRing | None = None
    told_ns = 0
    """CPU time that is told already, or was spent in the loop."""
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if message[0] == "leave":
            os._exit(0)
        if message[0] == "attach":
            _, path, size, words, kernels, parts, codes, noted = message
            lacking = [name for name in (*kernels, *LOOP_ENTRIES) if name not in known]
            if lacking:
                objects.take_over(codes, errand.level)
                loaded.append(objects.provide(lacking, errand.level))
                known.update(loaded[-1].addresses)
            try:
                samples = slab.mapped(parts, samples)
            except OSError:
                os._exit(SAMPLE_LOST)
            addresses = np.array([samples.address, *(known[name] for name in kernels)], np.int64)
            # From render to render it is often the same one.
            if (path, size) not in mapped:
                try:
                    mapped = {(path, size): attach(path, size, errand.number, errand.count)}
                except OSError:
                    os._exit(MEMORY_LOST)
            base = ctypes.addressof(ctypes.c_char.from_buffer(mapped[path, size]))
            for index, (value, relative) in words.items():
                record[index] = value + (base if relative else 0)
            record[Run.KERNELS] = addresses[1:].ctypes.data
            record[Schedule.WORKER] = errand.number
            ring = ring_of(noted, ring)
            record[Run.STATS] = ring.address if ring is not None else 0
        else:
            if ring is not None:
                ring.words[RingHead.SETUP_NS] += time.process_time_ns() - told_ns
            ctypes.CFUNCTYPE(None, ctypes.c_int64)(known["work"])(int(record.ctypes.data))
            told_ns = time.process_time_ns()
            pipe.send("stopped")


def ring_of(noted: tuple[str, int] | None, before: stats.StatsRing | None) -> stats.StatsRing | None:
    """The ring that is meant, `before` if that is it; None where its file has gone: a render goes on without."""
    if noted is None or (before is not None and (before.path, before.offset) == noted):
        return None if noted is None else before
    try:
        return stats.mapped(*noted)
    except (OSError, ValueError):
        return None


def attach(path: str, size: int, number: int, count: int) -> mmap.mmap:
    """Maps an arena, for worker `number` of `count`. It is not registered anywhere: only its creator unlinks it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        mapped = mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
    # Faulted in now, each worker a share; an older kernel does it page by page as they are used.
    share = -(-size // count // mmap.PAGESIZE) * mmap.PAGESIZE
    with contextlib.suppress(OSError, ValueError):
        mapped.madvise(MADV_POPULATE_WRITE, number * share, min(share, size - number * share))
    return mapped
