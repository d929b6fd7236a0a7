"""`farm stems`: a score to a file for each of its outputs, and one of their mix."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from farm.cli import values
from farm.cli.completion import folders
from farm.cli.labelling import label_names, labels_option
from farm.cli.options import (
    Command,
    backend_option,
    file_options,
    json_option,
    options,
    options_of,
    score_argument,
    setting,
    sounding_options,
)
from farm.cli.settings import Configurable, in_command_line
from farm.cli.sounding import sounded

if TYPE_CHECKING:
    from pathlib import Path

    from farm.rendering.stems import StemOptions

STEMS = "stems"
"""The heading of their options."""
STEM_OPTIONS = ("by", "solo", "mute", "name", "keep_silent", "stem_tap")


def stem_options(command: Command) -> Command:
    """The options of stems."""
    several = options(
        setting(
            "--by",
            group=STEMS,
            type=values.Choice(["output", "bus"]),
            help="A stem for each output, or for each bus too that an output hears.  [output]",
        ),
        setting(
            "--solo",
            group=STEMS,
            type=values.names,
            multiple=True,
            metavar="A,B",
            help="Outputs that alone are heard.  [all]",
        ),
        setting(
            "--mute",
            group=STEMS,
            type=values.names,
            multiple=True,
            metavar="A,B",
            help="Outputs that are not heard.  [none]",
        ),
        setting(
            "--name",
            group=STEMS,
            metavar="TEMPLATE",
            help="Of the files, within the folder.  [{score}_{index:02}_{stem}.{ext}]",
        ),
        setting("--keep-silent", group=STEMS, is_flag=True, help="Write stems too in which nothing sounds.  [off]"),
        setting(
            "--stem-tap",
            group=STEMS,
            type=values.Choice(["post", "pre", "master"]),
            help="Where stems are taken: after gain and fades, before the limiter; before gain and fades, and compared"
            " with the mix there; or each behind all that the mix passes through, limited by itself.  [post]",
        ),
    )
    return several(command)


@click.command(cls=Configurable)
@score_argument
@click.argument("folder", metavar="DIR", shell_complete=folders)
@sounding_options
@backend_option
@file_options
@stem_options
@click.option("--format", "ext", metavar="EXT", help="Of the files: wav, flac, aiff or ogg.  [wav]")
@labels_option
@setting("--quiet", is_flag=True, help="Say errors and warnings only.  [off]")
@json_option
def stems(score: str, folder: str, ext: str | None, quiet: bool, as_json: bool, **given: Any) -> None:
    """Render SCORE to a file for each output, and one of their mix.

    They stand in the folder DIR, which is made. All come from one pass, begin with the same frame and have the same
    length; none is made louder or quieter than the others. What their sum lacks of the mix before its limiter (with
    --stem-tap pre: before gain and fades) is told at the end, with --by bus for outputs and for buses. A stem in which
    nothing sounds is left out, and told of. Older files are never deleted; those called like stems are told of. A
    muted output is in no file, but goes on choking voices where a `cut` group or --max-voices spans several outputs.

    \b
    farm stems song.ph stems
    farm stems song.ph stems --by bus --format flac
    farm stems song.ph stems --mute o2,o3 --name "{stem}.{ext}" --bits 32f
    """
    labels = label_names(given.pop("labels"))
    asked = stem_options_of(given, ext or "wav", as_json)
    sounding = options_of(given)

    def rendered(session: Any, loaded: Any, observer: Any) -> Any:
        check_score(score, loaded, folder)
        return session.stems(loaded, folder, sounding, replace(asked, labels=labels), observer)

    sounded(score, sounding, quiet, as_json, rendered)


def check_score(score: str, loaded: Any, folder: str) -> None:
    """Raises UsageError where the folder is the score itself."""
    from farm.errors import UsageError

    if os.path.exists(score) and os.path.exists(folder) and os.path.samefile(score, folder):
        raise UsageError(f"DIR {folder} is the score itself", hint="name a folder for the stems")


def stem_options_of(given: dict[str, Any], ext: str, hashed: bool) -> StemOptions:
    """What is asked of stems, taken out of what is `given`. Raises UsageError."""
    from farm.rendering.stems import StemOptions

    asked = {name: given.pop(name) for name in STEM_OPTIONS}
    chosen = {name: value for name, value in asked.items() if value}
    for name in ("solo", "mute"):
        if name in chosen:
            chosen[name] = tuple(one for several in chosen[name] for one in several)
    return StemOptions(format=ext, hashed=hashed, **chosen)


def without_stems(given: dict[str, Any]) -> None:
    """Takes the options of stems out of what is `given` where there are no stems.

    Raises UsageError for any that the command line itself has.
    """
    from farm.errors import UsageError

    for name in STEM_OPTIONS:
        if given.pop(name) and in_command_line(name):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is about stems, and there are none", hint="--stems DIR writes them beside OUT")


def ext_of(target: Path) -> str:
    """The extension of stems beside a file."""
    return target.suffix[1:].lower()
