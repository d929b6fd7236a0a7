"""The nodes of the catalog as farm uses them: where a mistake in a node file becomes an error for people.

All of farm takes `catalog` and `language` from here. `workers` knows no scores: that a node's name is none of the
language's own words is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from farm.errors import DefinitionError, Loc
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS, ONE_SHOT, VALUE_SOURCES
from farm.pattern.register import transforms
from farm.score.elsewhere import OUTSIDE
from farm.score.statements import heads_statement
from workers import catalog as nodes
from workers.catalog import Definition, Listed, NodeError
from workers.named import Named

HINT = "mend the file, or unset FARM_NODES, which names its folder; `farm docs contributing` shows one"


@cache
def catalog() -> Named[Definition]:
    """Every definition by name, those of FARM_NODES among them; its file is imported when it is asked for first.

    Raises DefinitionError, when a definition is asked for too.
    """
    with told():
        for one in nodes.listed().values():
            check_names(one)
        found = nodes.catalog()
    return Named(found, lambda name: defined(found, name))


@cache
def language() -> Named[Definition]:
    """Definitions by every name that a score may use. Raises DefinitionError, when one is asked for too."""
    catalog()
    found = nodes.language()
    return Named(found, lambda name: defined(found, name))


def defined(found: Mapping[str, Definition], name: str) -> Definition:
    """A definition by name. Raises DefinitionError."""
    with told():
        return found[name]


@cache
def operators() -> dict[str, str]:
    """The nodes that operators of the language stand for, by their signs."""
    catalog()
    return {one.operator: one.name for one in nodes.listed().values() if one.operator}


@cache
def samplers() -> dict[str, str]:
    """The nodes that play samples, by --quality."""
    catalog()
    return {one.quality: one.name for one in nodes.listed().values() if one.quality}


def check_names(listed: Listed) -> None:
    """Raises NodeError for a name that means something else in a score."""
    own = listed.home.startswith(nodes.OWN_NODES)
    for name in listed.names:
        # Three nodes of farm's own are what a modifier does to a bus.
        what = word_of(name, own)
        if what is not None:
            raise nodes.misnamed(nodes.catalog()[listed.name], name, what)


def word_of(name: str, own: bool) -> str | None:
    """What a name is in scores beside nodes; None if it is free. `own`: modifiers may have it."""
    if name in EVENT_SOURCES or name == ONE_SHOT:
        return "an event source"
    if name in transforms():
        return "a transform"
    if name in VALUE_SOURCES or (name in MODIFIERS and not own):
        return "a modifier of voices"
    if name in OUTSIDE or heads_statement(name):
        return "a word that begins a statement"
    return None


@contextmanager
def told() -> Iterator[None]:
    """A mistake in a node file that leaves this block is an error for people."""
    try:
        yield
    except NodeError as error:
        shown = for_people(error)
        shown.hint = HINT
        shown.also = tuple(for_people(one) for one in error.also)
        raise shown from error


def for_people(error: NodeError) -> DefinitionError:
    """The error with its line."""
    if not error.line:
        return DefinitionError(f"{error.path}: {error.message}")
    import linecache

    text = linecache.getline(error.path, error.line).rstrip("\n")
    loc = Loc(error.path, error.line, max(error.column, 1), error.length, text)
    return DefinitionError(error.message, loc=loc)
