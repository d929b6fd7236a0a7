"""The words by which workers and this process know of each other: halt and stop, and what each worker is at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers import cores
from workers.futex import wake_sleepers
from workers.wire import CONTROL_STRIDE, WORKER_WORDS, Control

Ints = NDArray[np.int64]
FIRST_WORKER = CONTROL_STRIDE * int(Control.FIRST_WORKER)
PARKED, TASKS_DONE, STOOD_NS = CONTROL_STRIDE, 2 * CONTROL_STRIDE, 2 * CONTROL_STRIDE + 1
"""Of a worker's words, after CLAIM."""


def control_bytes(workers: int) -> int:
    """Bytes of the control words of so many workers."""
    return 8 * (FIRST_WORKER + workers * WORKER_WORDS)


class WorkerWords:
    """A view of an arena's control words, int64, as `workers.wire` names them; of none before there is an arena."""

    def __init__(self, workers: int, words: Ints | None = None) -> None:
        self.workers = workers
        self.words: Ints = np.zeros(FIRST_WORKER + workers * WORKER_WORDS, np.int64) if words is None else words

    def of_workers(self, word: int) -> Ints:
        """A word of every worker."""
        each: Ints = self.words[FIRST_WORKER + word :: WORKER_WORDS][: self.workers]
        return each

    def claims(self) -> list[int]:
        """The task that each worker has claimed, or -1."""
        return [claim - 1 for claim in self.of_workers(0).tolist()]

    def claim(self, worker: int) -> int:
        """The task that a worker has claimed, or -1."""
        return int(self.words[FIRST_WORKER + worker * WORKER_WORDS]) - 1

    def forget(self, worker: int) -> None:
        """Another worker takes the place of a dead one: no claim, not parked."""
        base = FIRST_WORKER + worker * WORKER_WORDS
        self.words[base] = self.words[base + PARKED] = 0

    def parked(self) -> frozenset[int]:
        """Workers that stand at a task boundary."""
        return frozenset(np.flatnonzero(self.of_workers(PARKED)).tolist())

    def waited_s(self) -> float:
        """Seconds that workers waited for this process."""
        return float(self.of_workers(STOOD_NS).sum()) * 1e-9

    def tasks_done(self) -> tuple[int, ...]:
        """Tasks that each worker has done."""
        return tuple(self.of_workers(TASKS_DONE).tolist())

    @property
    def halted(self) -> bool:
        """Whether workers are to park."""
        return bool(self.words[CONTROL_STRIDE * Control.HALT])

    @property
    def stopped(self) -> bool:
        """Whether workers are to leave."""
        return bool(self.words[CONTROL_STRIDE * Control.STOP])

    def begin(self) -> None:
        """Clears all words of a new arena, in which workers park at once."""
        self.words[:] = 0
        self.words[CONTROL_STRIDE * Control.HALT] = 1

    def stop(self) -> None:
        """Has workers leave the arena."""
        self.words[CONTROL_STRIDE * Control.STOP] = 1
        self.wake_all()

    def halt(self) -> None:
        """Parks workers."""
        self.words[CONTROL_STRIDE * Control.HALT] = 1
        self.wake_all()

    def resume(self) -> None:
        """Lets parked workers go on."""
        self.words[CONTROL_STRIDE * Control.HALT] = 0
        self.wake_all()

    def wake_all(self) -> None:
        """Wakes every worker, whatever it sleeps on."""
        self.words[CONTROL_STRIDE * Control.WAKE] += 1
        if not cores.portable():
            base = int(self.words.ctypes.data)
            for word in (Control.WAKE, Control.HALT):
                wake_sleepers(base + 8 * CONTROL_STRIDE * int(word))
