"""`farm check`: what is wrong in a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.cli.options import config_option, json_option, lenient_option, samples_option, score_argument, set_option
from farm.cli.settings import Configurable

if TYPE_CHECKING:
    from farm.errors import FarmError, Notice
    from farm.score.setting import Settings


@click.command(cls=Configurable)
@score_argument
@samples_option
@set_option
@lenient_option
@config_option
@json_option
def check(
    score: str, samples: tuple[str, ...], lenient: bool, as_json: bool, **given: tuple[tuple[str, str], ...]
) -> int:
    """Say what is wrong in SCORE, without rendering it.

    Exit status 3 when there are errors; warnings alone are status 0. With --lenient there are no errors: the warnings
    say what a render with --lenient leaves out.

    \b
    farm check song.ph
    farm check song.ph --json
    farm check song.ph --lenient
    """
    from farm.options import RenderOptions
    from farm.printer.streams import problem_as_json, say, say_json, tell, tell_problems
    from farm.quantities import counted

    settings = RenderOptions(set=given["set"]).set
    errors, warnings = ([], left_out(score, samples, settings)) if lenient else problems_of(score, samples, settings)
    status = min((error.status for error in errors), default=0)
    if as_json:
        lists = {"errors": [*map(problem_as_json, errors)], "warnings": [*map(problem_as_json, warnings)]}
        say_json({"ok": not errors, "status": status, **lists})
        return status
    tell_problems([*errors, *warnings])
    found = counted(len(errors), "error") if errors else "no errors"
    # What was found and how much of it stand together.
    (tell if errors or warnings else say)(f"{found}, {counted(len(warnings), 'warning')}" if warnings else found)
    return status


def left_out(score: str, samples: tuple[str, ...], settings: Settings) -> list[Notice]:
    """The warnings of a score that is rendered with --lenient. Raises FileError."""
    from farm.graph.score import load

    return [*load(score, lenient=True, samples=samples).bound(settings).notices]


def problems_of(score: str, samples: tuple[str, ...], settings: Settings) -> tuple[list[FarmError], list[Notice]]:
    """Errors and warnings of a score, each in the order of the text.

    Raises FileError, ScoreError if it is no text, or UsageError for a setting that it does not have.
    """
    import os

    from farm.audio.samples import VARIABLE, library
    from farm.graph.complaints import complaints
    from farm.score import read_source

    return complaints(read_source(score), library(samples, score, os.environ.get(VARIABLE)), settings)
