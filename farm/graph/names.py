"""Names that a score can call, and what is said of one that it cannot."""

from __future__ import annotations

from farm.errors import Loc, ScoreError, suggestion
from farm.graph.later import comes_later, later_links, later_name, later_names
from farm.graph.nodes import language
from farm.graph.scope import Scope
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS, ONE_SHOT, VALUE_SOURCES
from farm.pattern.notes import note_number
from farm.pattern.register import transforms
from farm.score.elsewhere import OUTSIDE, form_of
from farm.score.syntax import Name, PatternRef, TemplateRef

PLUGINS = tuple(OUTSIDE)
NAMES_NOWHERE = "`farm nodes` lists what there is"
"""The hint for a name that resembles none."""


def function_names() -> frozenset[str]:
    """Every name that a score can call."""
    return frozenset({*language(), *transforms(), *EVENT_SOURCES, *VALUE_SOURCES, *MODIFIERS, ONE_SHOT})


def refused_links() -> frozenset[str]:
    """Names that can follow `#` and are an error there: a line that begins with one is no comment."""
    return later_links() | frozenset(PLUGINS)


def is_known(scope: Scope, name: str) -> bool:
    """Whether a name can be called, or is a bus without its tilde."""
    defined = scope.evaluator.defined
    return name in scope.bound or name in function_names() or name in defined.by_name or name in defined.broken


def unknown(scope: Scope, name: str, loc: Loc, *, chained: bool) -> ScoreError:
    """The error for a name that means nothing here; `chained`: behind a `#`."""
    defined = scope.evaluator.defined
    if name in PLUGINS:
        return out_of_scope(name, loc)
    if name in transforms():
        example = f'"..." $ {transforms()[name].signature}'
        return ScoreError(f"`{name}` is a transform", loc=loc, hint=f"apply it with `$`: {example}")
    if name in EVENT_SOURCES or name in MODIFIERS:
        what = "an event source" if name in EVENT_SOURCES else "a modifier of voices"
        where = f'it stands after `#`: s "bd" # {name}'
        if chained:
            where = f'it stands first and gives the rhythm: {name} "bd*4" # n "0 .. 3"'
        return ScoreError(f"`{name}` is {what}", loc=loc, hint=where)
    if name in defined.broken:
        return defined.broken[name]
    if name in later_names():
        return later_name(name, loc)
    if name.startswith("~"):
        return ScoreError(f"`{name}` takes no arguments: it is a bus, not a function", loc=loc)
    close = suggestion(name, [*function_names(), *defined.by_name, *scope.bound])
    hint = form_of(name) or close or NAMES_NOWHERE
    return ScoreError(f"there is no function `{name}`", loc=loc, hint=hint)


def check_word(scope: Scope, owner: str, word: Name) -> None:
    """Looks at a bare word as an argument of `owner` that is to be a number. Raises ScoreError if it means nothing."""
    name, loc = word.name, word.loc
    if is_known(scope, name) or name in (*later_names(), *PLUGINS):
        return
    if note_number(name) is not None:
        raise ScoreError(f"`{name}` is a note, and stands in quotes", loc=loc, hint=f'write "{name}"')
    error = unknown(scope, name, loc, chained=False)
    if error.hint == NAMES_NOWHERE:
        hint = f"numbers are written in digits; a bus has its tilde, `~{name}`, and a pattern its quotes"
        error = ScoreError(f"`{owner}` needs a number, not `{name}`", loc=loc, hint=hint)
    raise error


def undefined(scope: Scope, expr: PatternRef | TemplateRef) -> ScoreError:
    """The error for a `%name` or `@name`: that of its definition, if there is one."""
    name = written(expr)
    return scope.evaluator.defined.broken.get(name) or comes_later(f"`{name}`", expr.loc)


def written(expr: PatternRef | TemplateRef) -> str:
    """`%name` or `@name`."""
    return f"{'%' if isinstance(expr, PatternRef) else '@'}{expr.name}"


def out_of_scope(name: str, loc: Loc) -> ScoreError:
    """The error for what needs a plugin or a MIDI instrument."""
    hint = "farm plays samples and its own nodes (`farm nodes`); with --lenient the score is rendered without it"
    return ScoreError(f"`{name}`: plugins and MIDI are out of farm's scope", loc=loc, hint=hint)
