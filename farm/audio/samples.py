"""Recorded sound: which file a bank's name and index mean.

A sub-directory that is asked for is listed alone; all below a folder only for a name that none of its sub-directories
has (`farm.audio.folders`). No file is opened here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from farm.audio.decode import shown
from farm.audio.folders import Tree, inside, is_plain, is_sound, name_of, sub_directories, tree
from farm.audio.spelling import composed, spelled
from farm.errors import SampleError
from workers.records import record

BUILT_IN = Path(__file__).parent.parent / "bank"
"""The folder of the built-in bank."""

STAND_INS = frozenset(
    {"alphabet", "amen", "amencutup", "birds", "breaks125", "breaks152", "casio", "em2", "gtr", "industrial"}
)
"""Built-in banks that only stand in for recordings of other sounds; a render that uses one says so."""

BESIDE = "samples"
"""The folder of banks beside a score."""
VARIABLE = "FARM_SAMPLES"
"""The variable that names folders of banks, separated like those of PATH."""


@record(frozen=True, slots=True)
class Bank:
    """The sound files of one folder, sorted by the bytes of their names; never empty.

    It is `within` the sample folder `parent`: a sub-directory, one of a sub-directory, or "" for `parent` itself.
    `refused`: files that are left out because they are links to somewhere outside `parent`. `skipped`: sound files of
    kinds that are not played. `shadowed`: other folders of the name below `parent`, as far as they were looked for.
    """

    name: str
    parent: Path
    within: str
    names: tuple[str, ...]
    refused: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    shadowed: tuple[str, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether it belongs to the built-in bank."""
        return self.parent == BUILT_IN

    @property
    def folder(self) -> Path:
        """The folder that holds it."""
        return self.parent / self.within

    @property
    def files(self) -> tuple[Path, ...]:
        """All files in order."""
        return tuple(self.folder / name for name in self.names)

    def file(self, index: int) -> Path:
        """The file at `index`, which wraps around the bank both ways."""
        return self.folder / self.names[index % len(self.names)]


@record(frozen=True, slots=True)
class SampleLibrary:
    """Folders of banks, searched in order; the built-in bank comes last without being named.

    A folder's own files are a bank with its name, and each folder below it that holds some is one with its own; of
    several with one name the one that is least deep counts, then the first by its path. A name is one component of a
    path, and a link is followed only to places inside its folder, so that neither a score nor a bank reaches anything
    outside these folders. A library belongs to one render or one look at a score: it remembers the banks that it found.
    """

    folders: tuple[Path, ...] = ()
    trees: dict[Path, Tree] = field(default_factory=dict, compare=False, repr=False)
    """What is below folders, once it was asked for."""
    known: dict[str, Bank] = field(default_factory=dict, compare=False, repr=False)

    def bank(self, name: str) -> Bank | None:
        """The first bank called `name`, else the first that is written so in a score, or None.

        A sub-directory without sound files does not count. Raises SampleError if a folder does not exist or cannot be
        listed, or if the name is a link out of its folder.
        """
        if name in self.known:
            return self.known[name]
        if not is_plain(name):
            return None
        for parent in (*self.folders, BUILT_IN):
            _check_folder(parent)
            bank = self.bank_in(parent, name)
            if bank is not None:
                self.known[name] = bank
                return bank
        alike = self.written(name)
        if alike:
            self.known[name] = alike[0]
        return alike[0] if alike else None

    def written(self, word: str) -> tuple[Bank, ...]:
        """The banks that a score writes so, in the order of the search. Raises SampleError as `bank` does."""
        wanted = composed(word)
        found: dict[Path, Bank] = {}
        for parent in (*self.folders, BUILT_IN):
            for name in sorted((name for name, _ in self.named(parent)), key=os.fsencode):
                bank = self.bank_in(parent, name) if spelled(name) == wanted else None
                if bank is not None:
                    found[bank.folder] = bank
        return tuple(found.values())

    def bank_in(self, parent: Path, name: str) -> Bank | None:
        """The same of one folder."""
        if parent == BUILT_IN:
            return _bank(parent, name, name)
        if name_of(parent) != name:
            # One in the folder itself needs no look at what else there is.
            direct = _bank(parent, name, name)
            if direct is not None:
                return direct
        found = self.tree(parent).folders.get(name, ())
        for number, within in enumerate(found):
            bank = _bank(parent, name, within, found[number + 1 :])
            if bank is not None:
                return bank
        return None

    def tree(self, parent: Path) -> Tree:
        """What is below a folder."""
        if parent not in self.trees:
            self.trees[parent] = tree(parent)
        return self.trees[parent]

    def without_sounds(self, name: str) -> Path | None:
        """The first sub-directory called `name`, or written so: without a bank of that name it holds no sound file."""
        wanted = {name, composed(name)}
        folders = [
            parent / one for parent in self.folders for one in sub_directories(parent) if {one, spelled(one)} & wanted
        ]
        return min(folders, key=lambda one: (self.folders.index(one.parent), one.name != name), default=None)

    def loose(self, name: str) -> tuple[Bank, int] | None:
        """A bank, and the index in it, of a sound file called `name` that stands in a folder of banks itself."""
        for parent in self.folders if is_plain(name) else ():
            bank = _bank(parent, name_of(parent), "")
            stems = [] if bank is None else [os.path.splitext(file)[0] for file in bank.names]
            if bank is not None and name in stems:
                return bank, stems.index(name)
        return None

    def banks(self) -> tuple[Bank, ...]:
        """All banks that a score can name, sorted; links out of a folder are none. Raises as `bank` does."""
        found: dict[str, Bank] = {}
        for parent in (*self.folders, BUILT_IN):
            _check_folder(parent)
            for name, folders in self.named(parent):
                if name in found:
                    continue
                try:
                    banks = (_bank(parent, name, within, folders[n + 1 :]) for n, within in enumerate(folders))
                    bank = next((one for one in banks if one is not None), None)
                except SampleError:
                    continue
                if bank is not None:
                    found[name] = bank
        return tuple(found[name] for name in sorted(found, key=os.fsencode))

    def named(self, parent: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The names of a folder's banks, and the folders within it that each is the name of."""
        if parent == BUILT_IN:
            return ((name, (name,)) for name in sub_directories(parent))
        return iter(self.tree(parent).folders.items())

    def names(self) -> tuple[str, ...]:
        """All banks as a score writes them, sorted. Raises SampleError as `bank` does."""
        return tuple(dict.fromkeys(spelled(bank.name) for bank in self.banks()))


def library(asked: Sequence[str], score: str | None, environment: str | None) -> SampleLibrary:
    """The folders to search: those `asked` for, the last first; those of FARM_SAMPLES; `samples` beside the score.

    `score`: the score's file; None or "-": it has none. `environment`: the variable's value. Raises SampleError for a
    folder that does not exist.
    """
    folders = [Path(folder) for folder in reversed(asked)]
    folders += [Path(folder) for folder in (environment or "").split(os.pathsep) if folder]
    for folder in folders:
        _check_folder(folder)
    if score is not None and score != "-" and os.path.isfile(score):
        beside = Path(score).parent / BESIDE
        folders += [beside] if beside.is_dir() else []
    return SampleLibrary(tuple(dict.fromkeys(folders)))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise SampleError(
            f"the sample folder {shown(folder)} {what}",
            hint=f"--samples and {VARIABLE} name folders with one sub-directory a bank",
        )


def _bank(parent: Path, name: str, within: str, others: Sequence[str] = ()) -> Bank | None:
    """The bank in a folder, None where there is none."""
    folder = parent / within
    kinds: dict[str, list[str]] = {"played": [], "refused": [], "skipped": []}
    try:
        for entry in os.scandir(folder):
            played = is_sound(entry)
            if played is None:
                continue
            own = not entry.is_symlink() or inside(entry.path, parent)
            kinds["refused" if not own else "played" if played else "skipped"].append(entry.name)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return None
        raise SampleError(f"cannot list the bank {shown(folder)}: {error.strerror or error}") from error
    sounds, refused, skipped = (tuple(sorted(names, key=os.fsencode)) for names in kinds.values())
    if (sounds or refused) and within and not inside(folder, parent):
        raise SampleError(
            f"the bank {shown(folder)} is a link to {shown(os.path.realpath(folder))}, outside its sample folder",
            hint="copy the bank into the folder, or name the other folder with --samples",
        )
    if refused and not sounds:
        raise SampleError(
            f"every sound file of the bank {shown(folder)} is a link out of the sample folder",
            hint="copy the files into the folder",
        )
    return Bank(name, parent, within, sounds, refused, skipped, tuple(others)) if sounds else None
