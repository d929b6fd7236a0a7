"""Recorded sound: which file a bank's name and index mean.

Only sub-directories that are asked for are listed, and no file is opened here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from farm.audio.decode import shown
from farm.errors import SampleError
from workers.records import record

BUILT_IN = Path(__file__).parent.parent / "bank"
"""The folder of the built-in bank."""

STAND_INS = frozenset(
    {"alphabet", "amen", "amencutup", "birds", "breaks125", "breaks152", "casio", "em2", "gtr", "industrial"}
)
"""Built-in banks that only stand in for recordings of other sounds; a render that uses one says so."""

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".aif", ".aiff"})
"""What makes a file a sound file, in lower case."""

ACCEPTED = "WAV, FLAC, OGG or AIFF (.wav .flac .ogg .oga .aiff .aif)"
"""The same for people."""

BESIDE = "samples"
"""The folder of banks beside a score."""
VARIABLE = "FARM_SAMPLES"
"""The variable that names folders of banks, separated like those of PATH."""


@record(frozen=True, slots=True)
class Bank:
    """The sound files of one sub-directory of `parent`, sorted by the bytes of their names; never empty.

    `refused`: files that are left out because they are links to somewhere outside `parent`.
    """

    name: str
    parent: Path
    names: tuple[str, ...]
    refused: tuple[str, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether it belongs to the built-in bank."""
        return self.parent == BUILT_IN

    @property
    def folder(self) -> Path:
        """The sub-directory."""
        return self.parent / self.name

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

    A name is one component of a path, and a link is followed only to places inside its folder, so that neither a score
    nor a bank reaches anything outside these folders. A library belongs to one render or one look at a score: it
    remembers the banks that it found.
    """

    folders: tuple[Path, ...] = ()
    known: dict[str, Bank] = field(default_factory=dict, compare=False, repr=False)

    def bank(self, name: str) -> Bank | None:
        """The first bank called `name`, or None. A sub-directory without sound files does not count.

        Raises SampleError if a folder does not exist or cannot be listed, or if the name is a link out of its folder.
        """
        if name in self.known:
            return self.known[name]
        if not _is_plain(name):
            return None
        for parent in (*self.folders, BUILT_IN):
            _check_folder(parent)
            bank = _bank(parent, name)
            if bank is not None:
                self.known[name] = bank
                return bank
        return None

    def without_sounds(self, name: str) -> Path | None:
        """The first sub-directory called `name` if no folder has such a bank: it holds no sound file."""
        places = [parent / name for parent in self.folders] if _is_plain(name) else []
        return next((place for place in places if os.path.isdir(place)), None)

    def loose(self, name: str) -> Path | None:
        """A sound file called `name` that stands in a folder of banks itself, where no bank finds it."""
        for parent in self.folders if _is_plain(name) else ():
            for suffix in sorted(SUFFIXES):
                if os.path.isfile(parent / f"{name}{suffix}"):
                    return parent / f"{name}{suffix}"
        return None

    def banks(self) -> tuple[Bank, ...]:
        """All banks that a score can name, sorted; links out of a folder are none. Raises as `bank` does."""
        found: dict[str, Bank] = {}
        for parent in (*self.folders, BUILT_IN):
            for name in _names(parent):
                if name in found:
                    continue
                try:
                    bank = _bank(parent, name)
                except SampleError:
                    continue
                if bank is not None:
                    found[name] = bank
        return tuple(found[name] for name in sorted(found, key=os.fsencode))

    def names(self) -> tuple[str, ...]:
        """The names of all banks, sorted. Raises SampleError as `bank` does."""
        return tuple(bank.name for bank in self.banks())


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


def _is_plain(name: str) -> bool:
    """Whether `name` is one visible component of a path, on any system."""
    return bool(name) and not name.startswith(".") and not any(sign in name for sign in "/\\\0")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise SampleError(
            f"the sample folder {shown(folder)} {what}",
            hint=f"--samples and {VARIABLE} name folders with one sub-directory a bank",
        )


def _names(parent: Path) -> list[str]:
    """The sub-directories of a folder."""
    _check_folder(parent)
    try:
        return [entry.name for entry in os.scandir(parent) if _is_plain(entry.name) and entry.is_dir()]
    except OSError as error:
        raise SampleError(f"cannot list the sample folder {shown(parent)}: {error.strerror or error}") from error


def _bank(parent: Path, name: str) -> Bank | None:
    """The bank in a sub-directory, None where there is none."""
    folder = parent / name
    sounds: list[str] = []
    refused: list[str] = []
    try:
        for entry in os.scandir(folder):
            if not _is_sound_file(entry):
                continue
            kept = sounds if not entry.is_symlink() or _inside(entry.path, parent) else refused
            kept.append(entry.name)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return None
        raise SampleError(f"cannot list the bank {shown(folder)}: {error.strerror or error}") from error
    if (sounds or refused) and not _inside(folder, parent):
        raise SampleError(
            f"the bank {shown(folder)} is a link to {shown(os.path.realpath(folder))}, outside its sample folder",
            hint="copy the bank into the folder, or name the other folder with --samples",
        )
    if refused and not sounds:
        raise SampleError(
            f"every sound file of the bank {shown(folder)} is a link out of the sample folder",
            hint="copy the files into the folder",
        )
    if not sounds:
        return None
    return Bank(name, parent, tuple(sorted(sounds, key=os.fsencode)), tuple(sorted(refused, key=os.fsencode)))


def _is_sound_file(entry: os.DirEntry[str]) -> bool:
    """Hidden files are not: some systems keep attributes in `._name.wav` beside `name.wav`."""
    if entry.name.startswith(".") or os.path.splitext(entry.name)[1].lower() not in SUFFIXES:
        return False
    return entry.is_file()


def _inside(path: str | Path, parent: Path) -> bool:
    """Whether a path, all links followed, lies below a folder."""
    real, root = os.path.realpath(path), os.path.realpath(parent)
    return os.path.commonpath((real, root)) == root and real != root
