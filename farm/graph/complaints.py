"""All mistakes of a score at once, each without the ones that only follow from it.

A score with a mistake is read as `--lenient` reads it: what is wrong is left out, and the rest is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from farm.audio.samples import SampleLibrary
from farm.errors import FarmError, Notice, ScoreError, in_order
from farm.graph.build import build
from farm.graph.checks import problems, warnings
from farm.graph.leaving import Leaving
from farm.graph.names import function_names, refused_links
from farm.pattern.depth import deep
from farm.score import Source, parse, parse_all
from farm.score.setting import Settings, bound


def complaints(source: Source, library: SampleLibrary, settings: Settings = ()) -> tuple[list[FarmError], list[Notice]]:
    """Errors and warnings of a score, each in the order of the text; of its patterns, in their first 64 cycles.

    `settings` are bound first. Raises UsageError for one that the score does not have.
    """
    with deep():
        return all_complaints(source, library, settings)


def all_complaints(source: Source, library: SampleLibrary, settings: Settings) -> tuple[list[FarmError], list[Notice]]:
    """The same, where patterns may be nested deeply."""
    names, links = function_names(), refused_links()
    said: list[Notice] = []
    try:
        graph = build(bound(parse(source, names, links), settings), seed=0)
        met = problems(graph, library, said)
        if not met:
            return [], in_order([*graph.notices, *said, *warnings(graph, library)])
    except ScoreError as error:
        met = [error]
    program, unreadable = parse_all(source, names, links)
    leaving = Leaving()
    for one in unreadable:
        leaving.leave(one)
    graph = build(bound(program, settings), 0, leaving)
    met += problems(graph, library)
    errors = in_order([*met, *leaving.errors])
    told = in_order([*graph.notices, *said, *warnings(graph, library)])
    return errors, apart([notice for notice in told if notice not in leaving.notices], errors)


def apart(notices: Iterable[Notice], errors: list[FarmError]) -> list[Notice]:
    """The warnings that cannot follow from an error: those of other lines."""
    lines = {error.loc[:2] for error in errors if error.loc is not None}
    return [one for one in notices if one.loc is not None and one.loc[:2] not in lines]
