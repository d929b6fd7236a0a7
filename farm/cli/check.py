"""`farm check`: what is wrong in a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.cli.options import config_option, json_option, lenient_option, samples_option, score_argument
from farm.cli.settings import Configurable

if TYPE_CHECKING:
    from farm.errors import FarmError, Notice


@click.command(cls=Configurable)
@score_argument
@samples_option
@lenient_option
@config_option
@json_option
def check(score: str, samples: tuple[str, ...], lenient: bool, as_json: bool) -> int:
    """Say what is wrong in SCORE, without rendering it.

    Exit status 3 when there are errors; warnings alone are status 0. With --lenient there are no errors: the warnings
    say what a render with --lenient leaves out.

    \b
    farm check song.ph
    farm check song.ph --json
    farm check song.ph --lenient
    """
    from farm.printer.numbers import counted
    from farm.printer.streams import problem_as_json, say, say_json, tell_problems

    errors, warnings = ([], left_out(score, samples)) if lenient else problems_of(score, samples)
    status = errors[0].status if errors else 0
    if as_json:
        lists = {"errors": [*map(problem_as_json, errors)], "warnings": [*map(problem_as_json, warnings)]}
        say_json({"ok": not errors, "status": status, **lists})
        return status
    tell_problems([*errors, *warnings])
    found = counted(len(errors), "error") if errors else "no errors"
    say(f"{found}, {counted(len(warnings), 'warning')}" if warnings else found)
    return status


def left_out(score: str, samples: tuple[str, ...] = ()) -> list[Notice]:
    """The warnings of a score that is rendered with --lenient. Raises FileError."""
    import os

    from farm.audio.samples import VARIABLE, library
    from farm.graph.checks import problems
    from farm.graph.score import load

    loaded = load(score, lenient=True)
    leaving = loaded.graph.leaving
    assert leaving is not None
    for problem in problems(loaded.graph, library(samples, score, os.environ.get(VARIABLE))):
        leaving.leave(problem)
    return list(dict.fromkeys([*loaded.notices, *leaving.notices]))


def problems_of(score: str, samples: tuple[str, ...] = ()) -> tuple[list[FarmError], list[Notice]]:
    """Errors, in the order of the text, and warnings of a score. Raises FileError or ScoreError if it is no text.

    While a statement cannot be read it is not known what the others mean (a bus that seems to be missing may stand in
    that statement), so that the graph is asked for its errors when the text has none.
    """
    import os

    from farm.audio.samples import VARIABLE, library
    from farm.errors import ScoreError
    from farm.graph.build import build
    from farm.graph.calling import function_names, refused_links
    from farm.graph.checks import problems
    from farm.score import parse_all, read_source

    program, found = parse_all(read_source(score), function_names(), refused_links())
    errors: list[FarmError] = [*found]
    warnings = list(program.notices)
    if not errors:
        try:
            graph = build(program, seed=0, errors=errors)
            warnings += graph.notices
            if not errors:
                errors += problems(graph, library(samples, score, os.environ.get(VARIABLE)))
        except ScoreError as error:
            errors.append(error)
    errors = list({(error.loc, error.message): error for error in errors}.values())
    errors.sort(key=lambda error: (error.loc.line, error.loc.column) if error.loc else (0, 0))
    return errors, list(dict.fromkeys(warnings))
