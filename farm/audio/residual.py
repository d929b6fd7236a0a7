"""What is left of a mix when the stems that were written are taken away from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.audio.block import Block


class Residual:
    """Adds up the frames of stems as they stand in their files, and compares them with a mix, frame by frame.

    `coded`: for the path of each stem the bits of its whole numbers (`upper`: 24 in the upper three of four bytes), 0
    for floats. `mix` is the path of what they should add up to, as floats. Paths may be ahead of each other. `peak`:
    the greatest magnitude of the difference so far, full scale ±1.
    """

    def __init__(self, mix: int, coded: dict[int, int], upper: bool, channels: int = 2) -> None:
        self.peak = 0.0
        self._mix, self._coded, self._upper = mix, coded, upper
        self._bits = max(coded.values(), default=0)
        self._ends = dict.fromkeys((mix, *coded), -1)
        self._base = -1
        self._exact: NDArray[np.float64] = np.zeros((0, channels))
        self._whole: NDArray[np.int32] = np.zeros((0, channels), np.int32)

    def take(self, block: Block, values: NDArray[Any] | None = None) -> None:
        """Takes the next frames of a path; others than those that were named do not count. `values`: what a writer has
        made of them, where they are no whole numbers yet."""
        if block.path not in self._ends:
            return
        if self._base < 0:
            self._base = block.first
        self._reach(block.end)
        part = slice(block.first - self._base, block.end - self._base)
        if block.path == self._mix:
            self._exact[part] -= block.frames
        elif self._coded[block.path] and block.data is None and values is not None:
            self._whole[part] += values
        elif self._coded[block.path] and block.data is not None:
            self._whole[part] += self._numbers(block, self._coded[block.path])
        else:
            self._exact[part] += block.frames
        self._ends[block.path] = block.end
        self._settle()

    def _reach(self, end: int) -> None:
        """Makes room up to a frame."""
        lacking = end - self._base - len(self._exact)
        if lacking > 0:
            self._exact = np.concatenate([self._exact, np.zeros((lacking, self._exact.shape[1]))])
            self._whole = np.concatenate([self._whole, np.zeros((lacking, self._whole.shape[1]), np.int32)])

    def _settle(self) -> None:
        """Compares the frames that every path has given."""
        count = min(self._ends.values()) - self._base
        if count <= 0:
            return
        rest = self._whole[:count] * 2.0 ** (1 - self._bits) if self._bits else np.zeros(1)
        rest = rest + self._exact[:count]
        self.peak = max(self.peak, float(rest.max()), -float(rest.min()))
        self._base += count
        self._exact, self._whole = self._exact[count:], self._whole[count:]

    def _numbers(self, block: Block, bits: int) -> NDArray[np.int32]:
        """The whole numbers of a block: int32 (n, channels)."""
        assert block.data is not None
        shape = block.frames.shape
        data = np.ascontiguousarray(block.data).reshape(-1)
        if bits == 16:
            return data.view("<i2").astype(np.int32).reshape(shape)
        if self._upper:
            return (data.view("<i4") >> 8).reshape(shape)
        # Four bytes at each number, of which the upper one belongs to the next.
        count = len(data) // 3
        found = np.empty(count, np.int32)
        found[:-1] = np.ndarray((count - 1,), "<i4", data, 0, (3,))
        found[-1] = int.from_bytes(data[-3:].tobytes(), "little")
        found <<= 8
        found >>= 8
        return found.reshape(shape)
