"""The slab: every sample that the score has named so far, one after another, with silent guards between them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.audio.samples import STAND_INS, SampleLibrary, load
from farm.errors import Loc, Notice, SampleError, suggestion

GUARD_FRAMES = 32


@dataclass(eq=False)
class Slab:
    """Decoded samples at the session's rate: `frames` grows at its end only, so that indices stay valid."""

    rate: int
    library: SampleLibrary = field(default_factory=SampleLibrary)
    parts: list[NDArray[np.float32]] = field(default_factory=list)
    length: int = 0
    places: dict[tuple[Path, bool], tuple[int, int]] = field(default_factory=dict)
    named: dict[tuple[str, int, bool], tuple[int, int]] = field(default_factory=dict)
    banks: dict[str, bool] = field(default_factory=dict)
    """Names of banks in use; True for a built-in one."""
    notices: list[Notice] = field(default_factory=list)
    loading_s: float = 0.0
    """Seconds spent reading and resampling files."""

    def place(self, name: str, index: int, backwards: bool, loc: Loc | None) -> tuple[int, int]:
        """(index of the first frame in the slab, length in frames). Raises SampleError for a missing bank."""
        known = self.named.get((name, index, backwards))
        if known is not None:
            return known
        bank = self.library.bank(name)
        if bank is None:
            hint = suggestion(name, self.library.names()) or f"the built-in banks: {', '.join(self.library.names())}"
            raise SampleError(f"there is no sample bank `{name}`", loc=loc, hint=hint)
        if name not in self.banks:
            self.banks[name] = bank.built_in
            if bank.built_in and name in STAND_INS:
                self.notices.append(Notice(f"`{name}` is a synthetic stand-in of the built-in bank", loc))
        place = self.named[name, index, backwards] = self.put(bank.file(index), backwards)
        return place

    def put(self, file: Path, backwards: bool) -> tuple[int, int]:
        """The place of a file's frames (mono), read now if they are not there yet."""
        key = (file, backwards)
        if key not in self.places:
            started = time.perf_counter()
            planes = load(file, self.rate).frames
            mono = planes[0] if len(planes) == 1 else np.add.reduce(planes, axis=0) / np.float32(len(planes))
            self.places[key] = self.add(mono[::-1] if backwards else mono)
            self.loading_s += time.perf_counter() - started
        return self.places[key]

    def add(self, frames: NDArray[np.float32], loops: bool = False) -> tuple[int, int]:
        """Appends frames (n,); around a loop the guards continue it."""
        guard = np.zeros(GUARD_FRAMES, np.float32)
        before, after = guard, guard
        if loops:
            before = frames.take(np.arange(-GUARD_FRAMES, 0), mode="wrap")
            after = frames.take(np.arange(GUARD_FRAMES), mode="wrap")
        self.parts += [before, np.ascontiguousarray(frames, np.float32), after]
        start = self.length + GUARD_FRAMES
        self.length = start + len(frames) + GUARD_FRAMES
        return start, len(frames)
