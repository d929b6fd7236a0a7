"""The files of stems: how they are called, and which older ones stand among them."""

from __future__ import annotations

import glob
import os
import re
import string
from collections.abc import Iterable
from pathlib import Path

from farm.audio.formats import Format
from farm.errors import Notice, UsageError
from farm.graph.score import Score
from farm.rendering.templates import filled

NAME = "{score}_{index:02}_{stem}.{ext}"
MIX = "mix"
MOST_TOLD = 6
"""Older files that are told of by name."""


def folder_of(folder: object) -> Path:
    """The folder that is meant. Raises UsageError for what is no name of one."""
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder) or "\0" in str(os.fspath(folder)):
        raise UsageError(f"stems go into a folder, not {folder!r}", hint='for example "stems"')
    if os.fspath(folder) == "-":
        raise UsageError("stems go into a folder, not `-`: a pipe holds no stems", hint="./- is a folder of that name")
    return Path(os.fspath(folder))


def title(score: Score) -> str:
    """What {score} stands for: the name of its file without `.ph`."""
    name = os.path.basename(score.name)
    name = name[:-3] if name.lower().endswith(".ph") else name
    return name if name and not name.startswith("<") and name != "-" else "score"


def stem_file(folder: Path, template: str, ext: str, form: Format, score: str, index: int, stem: str) -> Path:
    """The file of a stem. Raises UsageError for a --name that names no file in the folder."""
    name = filled(template, {"score": score, "index": index, "stem": stem, "ext": ext}, "--name", NAME)
    place = os.path.normpath(name)
    if "\0" in name or not name or name.endswith("/"):
        raise UsageError(f"--name {template}: {name!r} is not the name of a file", hint=f"for example {NAME}")
    if os.path.isabs(name) or place == ".." or place.startswith(f"..{os.sep}"):
        raise UsageError(f"--name {template}: {name} lies outside of the folder", hint="name files within it")
    if any(part.startswith(".") for part in place.split(os.sep)):
        raise UsageError(f"--name {template}: {name} is a hidden file", hint=f"let no name begin with a dot: {NAME}")
    if Path(place).suffix.lower() not in form.extensions:
        raise UsageError(f"--name {template}: {name} does not end in .{ext}", hint="end it with .{ext}")
    return folder / place


def left_over(
    folder: Path, template: str, ext: str, score: str, takes: Iterable[str], written: Iterable[Path]
) -> list[str]:
    """The files in a folder that are called as stems of this score are, or as its mix, and were not `written` now.

    Where names have no {score}, only outputs and what is taken now count as stems: others may be anything.
    """
    template = os.path.normpath(template)
    names = "|".join(re.escape(one.removeprefix("~")) for one in takes)
    stems = r"\w+" if "{score}" in template else f"{MIX}|out|o[0-9]+|{names}"
    patterns = {"score": re.escape(score), "index": "[ 0-9.]+", "stem": f"(?:{stems})", "ext": re.escape(ext)}
    wanted, looked_for = "", ""
    for text, name, _, _ in string.Formatter().parse(template):
        wanted += re.escape(text) + patterns.get(name or "", "")
        looked_for += glob.escape(text) + ("*" if name else "")
    known = {os.path.realpath(file) for file in written}
    found = [os.path.normpath(one) for one in glob.glob(looked_for, root_dir=folder)]
    shape = re.compile(wanted, re.ASCII)
    return sorted(one for one in found if shape.fullmatch(one) and os.path.realpath(folder / one) not in known)


def left_over_notice(folder: Path, names: list[str]) -> list[Notice]:
    """A warning that names older files among new stems, if there are any."""
    if not names:
        return []
    which = ", ".join(names[:MOST_TOLD]) + (f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else "")
    what = (
        "an older file is called like a stem" if len(names) == 1 else f"{len(names)} older files are called like stems"
    )
    message = f"in {folder} {what} of this score, and {'was' if len(names) == 1 else 'were'} not written now: {which}"
    return [Notice(message, None, "take a folder of its own, or delete what is not wanted; nothing was deleted")]
