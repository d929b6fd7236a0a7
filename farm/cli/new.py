"""`farm new`: a score to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.cli.options import json_option

if TYPE_CHECKING:
    from pathlib import Path

SCORE = """\
-- A score to start from. What follows two dashes is for people.
-- Hear it:            farm render {name}
-- Find mistakes:      farm check {name}
-- What there is:      farm nodes, farm patterns, farm bank

-- Cycles a second: at 0.5, a cycle (one bar of what follows) lasts 2 seconds.
tempo: 0.5

-- Samples, in mini-notation: steps share the cycle, ~ is silence, [ ] groups, *4 repeats,
-- (3,8) spreads 3 hits over 8 steps, < > takes one step each cycle.
~drums: s "bd ~ [~ bd] ~, ~ sn ~ <sn [sn sn]>" # gain 0.9
~hats: s "hh*8" # gain "0.5 0.2 0.35 0.2" # pan "-0.4 0.4"

-- An instrument: a saw through a low-pass filter. Each note of the pattern below is a voice of its own.
~bass: saw 55 # lpf 700 1.5
~line: s "~bass(5,8)" # note "0 0 3 0 <7 5>" # adsr 0.005 0.12 0.4 0.08

-- A chord on every cycle, a voice for each of its notes, and echoes three eighths of a cycle apart.
~pad: saw 220 # lpf 1200 1
~chords: s "~pad" # note "<c4'min7 ab3'maj7>" # ar 0.3 1.6
~echo: ~chords * 0.25 # delay 0.75 0.4 0.3

-- What is heard: the sum. A transform ($) changes a pattern: in the first of every four cycles the claps come twice.
~fills: s "~ ~ ~ cp" $ every 4 (fast 2) # gain 0.4
out: ~drums * 0.8 + ~hats * 0.5 + ~fills + ~line * 0.35 + ~echo
"""


@click.command()
@click.argument("file")
@click.option("--force", is_flag=True, help="Overwrite FILE.  [off: an existing file is left alone]")
@json_option
def new(file: str, force: bool, as_json: bool) -> None:
    """Write a commented score to FILE, to start from.

    It renders as it is: drums, a bass line, chords with echoes. Without an extension, .ph is added.

    \b
    farm new song.ph
    farm render song.ph
    """
    import shlex

    from farm.printer.streams import say, say_json

    path = written(file, force)
    if as_json:
        say_json({"ok": True, "status": 0, "path": path})
    else:
        say(f"{path}: hear it with: farm render {shlex.quote(str(path))}")


def written(file: str, force: bool) -> Path:
    """Writes the score, whole or not at all. Raises UsageError for a file that is there already, FileError."""
    import os
    import shlex
    from pathlib import Path

    from farm.audio.partial import PartialFile
    from farm.errors import UsageError

    if not file or "\0" in file:
        raise UsageError("FILE is not the name of a file", hint="for example song.ph")
    if file.startswith("-"):
        raise UsageError(f"{file} would be read as an option later", hint="for example song.ph")
    path = Path(file) if Path(file).suffix else Path(f"{file}.ph")
    if os.path.isdir(file) or os.path.isdir(path) or file.endswith("/"):
        raise UsageError(f"{file} is a folder; FILE is a score", hint=f"for example {Path(file) / 'song.ph'}")
    if path.suffix != ".ph":
        raise UsageError(f"{path} does not end in .ph", hint=f"for example {path.with_suffix('.ph')}")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path} is there already, and is left as it is", hint="another name, or --force")
    # A name with a line's end would end the comment that it stands in.
    name = shlex.quote(path.name) if path.name.isprintable() else "SCORE"
    partial = PartialFile(path)
    partial.put(SCORE.format(name=name).encode())
    partial.commit()
    return path
