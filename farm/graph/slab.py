"""The slab as a score fills it: which sounds it has named so far, and where each lies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from farm.audio.decode import shown
from farm.audio.folders import ACCEPTED, others_in
from farm.audio.keeping import Planes
from farm.audio.lock import check_locked
from farm.audio.planes import kept, planes_of
from farm.audio.samples import STAND_INS, Bank, SampleLibrary
from farm.errors import FileError, Loc, Notice, SampleError, suggestion
from farm.score.elsewhere import bank_of
from workers.records import record
from workers.slab import Extract, size_of


class SampleSpan(NamedTuple):
    """Where a sound lies: index of its first frame in the slab, frames, from there to its right plane (0: mono).

    With a `coding` (`workers.wire.coding`) that is not 0, start and spread count bytes.
    """

    start: int
    frames: int
    spread: int
    coding: int = 0


@record(eq=False)
class SampleFiles:
    """The files of a session's samples, in the order in which they were named: only ever added to."""

    rate: int
    library: SampleLibrary = field(default_factory=SampleLibrary)
    lenient: bool = False
    """Whether a file that is cut short or damaged is played as far as it goes."""
    parts: list[Extract] = field(default_factory=list)
    spans: dict[tuple[Path, bool], SampleSpan] = field(default_factory=dict)
    named: dict[tuple[str, int, bool], SampleSpan] = field(default_factory=dict)
    numbers: dict[Path | str | None, int] = field(default_factory=dict)
    """Numbers of what voices play, from 1 on: of a file, or of a bus."""
    banks: dict[str, Bank] = field(default_factory=dict)
    """Banks in use."""
    silent: SampleSpan | None = None
    notices: list[Notice] = field(default_factory=list)
    places_told: set[tuple[str, Loc | None]] = field(default_factory=set)
    """What was warned of, and where."""
    loading_s: float = 0.0
    """Seconds spent finding, reading and resampling files,"""
    loading_cpu_s: float = 0.0
    """and how many of them of a CPU."""

    def span(self, name: str, index: int, backwards: bool, loc: Loc | None) -> SampleSpan:
        """Where a sound of a bank lies. Raises SampleError for a missing bank or a file that cannot be played."""
        known = self.named.get((name, index, backwards))
        if known is not None:
            return known
        started, cpu_s = time.perf_counter(), time.thread_time()
        try:
            span = self.named[name, index, backwards] = self.find(name, index, backwards, loc)
        except (SampleError, FileError) as error:
            raise type(error)(error.message, loc=error.loc or loc, hint=error.hint) from error
        finally:
            self.loading_s += time.perf_counter() - started
            self.loading_cpu_s += time.thread_time() - cpu_s
        return span

    def find(self, name: str, index: int, backwards: bool, loc: Loc | None) -> SampleSpan:
        """The same for a sound that was not asked for yet."""
        bank = self.banks.get(name) or self.library.bank(name)
        if bank is None:
            raise no_bank(name, self.library)
        file = bank.file(index)
        if (file, backwards) not in self.spans:
            check_locked(bank, file)
            planes = planes_of(file, self.rate, backwards, self.lenient)
            self.spans[file, backwards] = self.put(planes)
            if (file, not backwards) not in self.spans:
                self.notices += file_notices(file, planes.notices, loc)
        # A bank counts once something of it sounds: --lenient leaves out what cannot be read.
        if name not in self.banks:
            self.banks[name] = bank
            if bank.built_in and name in STAND_INS:
                self.notices.append(Notice(f"`{name}` is a synthetic stand-in of the built-in bank", loc))
            alike = written_alike(name, bank, self.library)
            if alike is not None:
                self.notices.append(replace(alike, loc=loc))
            self.notices += bank_notices(bank, loc)
        return self.spans[file, backwards]

    def file(self, name: str, index: int) -> Path | None:
        """The file of a sound that was placed; None for one that is left out."""
        bank = self.banks.get(name)
        return None if bank is None else bank.file(index)

    def number_of(self, played: Path | str | None) -> int:
        """The number of a file or a bus, given when it is first asked for."""
        return self.numbers.setdefault(played, len(self.numbers) + 1)

    def tell(self, what: str, notice: Notice) -> None:
        """Notes a warning about voices; of those about the same thing only the first at a place."""
        if (what, notice.loc) not in self.places_told:
            self.places_told.add((what, notice.loc))
            self.notices.append(notice)

    def silence(self) -> SampleSpan:
        """The place of a single silent frame. Raises FileError."""
        if self.silent is None:
            self.silent = self.add(np.zeros(1, np.float32))
        return self.silent

    def add(self, frames: NDArray[np.float32], loops: bool = False) -> SampleSpan:
        """Adds frames (n,) that stand in no file; around a loop the guards continue it. Raises FileError."""
        return self.put(kept(frames, loops))

    def put(self, planes: Planes) -> SampleSpan:
        """Adds a file's planes."""
        part = Extract(os.path.abspath(planes.path), size_of(self.parts), planes.first, planes.last, planes.known)
        self.parts.append(part)
        start, unit = part.start + planes.left - planes.first, 1 if planes.coding else 4
        return SampleSpan(start // unit, planes.frames, planes.spread_bytes // unit, planes.coding)


def bank_notices(bank: Bank, loc: Loc | None) -> list[Notice]:
    """What is to be said where a bank is used: what of it cannot be, and what else has its name."""
    found = []
    if bank.refused:
        message = f"left out of the bank `{bank.name}`, because they are links out of its sample folder: "
        found.append(Notice(message + few(bank.refused), loc, "copy the files into the folder"))
    if bank.skipped:
        files = "1 file is" if len(bank.skipped) == 1 else f"{len(bank.skipped)} files are"
        message = f"{files} left out of the bank `{bank.name}`, because farm does not play their kind: "
        found.append(Notice(message + few(bank.skipped), loc, f"it plays {ACCEPTED}"))
    if bank.shadowed:
        others = few([str(bank.parent / within) for within in bank.shadowed])
        message = f"several folders are called `{bank.name}`: {shown(bank.folder)} is played, not {others}"
        found.append(Notice(message, loc, "rename one of them, or name the folder it lies in with --samples"))
    return found


def file_notices(file: Path, said: Iterable[str], loc: Loc | None) -> list[Notice]:
    """What is to be said of a sample's file, as a bank plays it."""
    return [Notice(f"the sample {shown(file)}: {one}", loc) for one in said]


def few(names: Sequence[str]) -> str:
    """The first names of many."""
    return ", ".join(shown(one) for one in names[:3]) + ", ..." * (len(names) > 3)


def written_alike(name: str, bank: Bank, library: SampleLibrary) -> Notice | None:
    """A warning for a name that several banks are written as, of which none is called so: the first one plays."""
    others = library.written(name)[1:] if bank.name != name else ()
    if not others:
        return None
    message = f"`{name}` is how {shown(bank.folder)} is written, which plays, and {shown(others[0].folder)} too"
    return Notice(message, hint="rename one of the folders")


def no_bank(name: str, library: SampleLibrary) -> SampleError:
    """The error for a bank that nobody has: no folder, one without sound files, or a file where a folder should be."""
    folder, loose = library.without_sounds(name), library.loose(name)
    if folder is not None:
        others = others_in(folder)
        but = f" that farm plays, but {len(others)} of other kinds: {few(others)}" if others else ""
        return SampleError(f"the bank {shown(folder)} holds no sound file{but}", hint=f"a bank's files are {ACCEPTED}")
    if loose is not None:
        bank, index = loose
        hint = f"a bank is a folder: the file is `{bank.name}:{index}`"
        return SampleError(f"there is no sample bank `{name}`, but a file {shown(bank.file(index))}", hint=hint)
    names = library.names()
    hint = bank_of(name, names) or suggestion(name, names) or f"the banks: {', '.join(map(shown, names))}"
    passed_over = [str(root / within) for root, tree in library.trees.items() for within in tree.passed_over]
    if passed_over:
        hint += f"; folders that were not looked at: {few(passed_over)}"
    return SampleError(f"there is no sample bank `{name}`", hint=hint)
