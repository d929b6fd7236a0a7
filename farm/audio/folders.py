"""Folders with sound files: which files are such, and where below a folder they are."""

from __future__ import annotations

import os
from pathlib import Path

from farm.audio.decode import shown
from farm.errors import SampleError
from workers.records import record

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc"})
"""What makes a file a sound file, in lower case."""
OTHER_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        "m4a m4b mp4 aac alac wma mp1 mp2 mpc ape wv tta tak shn ac3 dts amr caf au snd w64 rf64 bwf voc sd2 8svx iff"
        " mka ra ram rm spx dsf dff rex rx2 gsm vox sph avr pvf paf xi sds mat htk"
    ).split()
)
"""Of sound files that are not played."""
ACCEPTED = "WAV, FLAC, OGG, MP3 or AIFF (.wav .flac .ogg .oga .opus .mp3 .aiff .aif .aifc)"
"""What is played, for people."""

DEEPEST = 8
"""How many folders below a sample folder one may lie that is found."""
MOST_FOLDERS = 20_000
"""How many folders below a sample folder are looked at."""


@record(frozen=True, slots=True)
class Tree:
    """The folders with sound files below one: by name, those least deep first, then by path.

    `passed_over`: others that cannot be listed, are too deep or too many.
    """

    folders: dict[str, tuple[str, ...]]
    passed_over: tuple[str, ...]


def tree(root: Path) -> Tree:
    """What is below a folder. Links to folders are banks themselves where they stay inside, and are not gone into.

    Raises SampleError where the folder itself cannot be listed.
    """
    folders: dict[str, list[str]] = {}
    passed_over: list[str] = []
    level, looked_at = [""], 0
    for _ in range(DEEPEST + 1):
        below: list[str] = []
        for within in level:
            looked_at += 1
            entries = None if looked_at > MOST_FOLDERS else listed(root, within)
            if entries is None:
                passed_over.append(within)
                continue
            name = os.path.basename(within) or name_of(root)
            if is_plain(name) and any(map(is_sound, entries)):
                folders.setdefault(name, []).append(within)
            if not os.path.islink(root / within) or not within:
                below += [os.path.join(within, one) for one in folders_among(entries, root)]
        level = sorted(below, key=os.fsencode)
    return Tree({name: tuple(found) for name, found in folders.items()}, (*passed_over, *level))


def listed(root: Path, within: str) -> list[os.DirEntry[str]] | None:
    """What is in a folder; None: it cannot be listed. Raises SampleError for `root` itself."""
    try:
        return [*os.scandir(root / within)]
    except OSError as error:
        if within:
            return None
        raise unlistable(root, error) from error


def folders_among(entries: list[os.DirEntry[str]], root: Path) -> list[str]:
    """The names of visible folders; links out of `root` are left out."""
    folders = (one for one in entries if is_plain(one.name) and one.is_dir())
    return [one.name for one in folders if not one.is_symlink() or inside(one.path, root)]


def sub_directories(folder: Path) -> list[str]:
    """The names of the visible folders in one. Raises SampleError."""
    try:
        return [entry.name for entry in os.scandir(folder) if is_plain(entry.name) and entry.is_dir()]
    except OSError as error:
        raise unlistable(folder, error) from error


def unlistable(folder: Path, error: OSError) -> SampleError:
    """The error for a sample folder that cannot be listed."""
    return SampleError(f"cannot list the sample folder {shown(folder)}: {error.strerror or error}")


def is_sound(entry: os.DirEntry[str]) -> bool | None:
    """Whether a sound file is one that is played; None: it is no sound file, or a hidden one.

    Some systems keep attributes in `._name.wav` beside `name.wav`.
    """
    suffix = os.path.splitext(entry.name)[1].lower()
    if entry.name.startswith(".") or suffix not in SUFFIXES | OTHER_SUFFIXES or not entry.is_file():
        return None
    return suffix in SUFFIXES


def others_in(folder: Path) -> list[str]:
    """The sound files in a folder that are of kinds that are not played, sorted. Raises OSError."""
    return sorted((entry.name for entry in os.scandir(folder) if is_sound(entry) is False), key=os.fsencode)


def is_plain(name: str) -> bool:
    """Whether `name` is one visible component of a path, on any system."""
    return bool(name) and not name.startswith(".") and not any(sign in name for sign in "/\\\0")


def name_of(folder: Path) -> str:
    """What a folder's own files are called: its name, also that of `.`, without dots before it."""
    return os.path.basename(os.path.abspath(folder)).lstrip(".")


def inside(path: str | Path, parent: Path) -> bool:
    """Whether a path, all links followed, lies below a folder."""
    real, root = os.path.realpath(path), os.path.realpath(parent)
    return os.path.commonpath((real, root)) == root and real != root
