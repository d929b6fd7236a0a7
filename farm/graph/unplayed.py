"""Definitions of buses that no output plays, neither by itself nor through another bus: a warning for each.

Where the evaluator did not come by all definitions, what a statement refers to is read from its text, so that a bus
counts wherever its name stands: in arithmetic, as the argument of a transform, in a pattern.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from farm.errors import Notice, ScoreError
from farm.graph.scope import Definitions, Scope
from farm.graph.terms import Function
from farm.pattern.mini_tokens import tokens_of
from farm.score.syntax import (
    BarePattern,
    BusRef,
    Call,
    Expr,
    Joined,
    ListExpr,
    Name,
    Negate,
    Number,
    OutputDef,
    Program,
    Section,
    String,
)


def unplayed(top: Scope, program: Program, played: Collection[int]) -> list[Notice]:
    """A warning for each definition that no output refers to; `played` are played without being written in one.

    Where such definitions use each other only those that none of the others uses are told. An output that a later one
    of its name replaces counts: that it is not heard is said of itself.
    """
    if not missed(top, program, played):
        return []
    versions = top.evaluator.defined.versions
    uses = {index: used(top, version.body, version.order) for index, version in enumerate(versions)}
    heard = set(played)
    for order, statement in enumerate(program.statements):
        if isinstance(statement, OutputDef):
            heard |= used(top, statement.body, order)
        elif isinstance(statement, BarePattern):
            heard |= used(top, statement.string, order)
    silent = uses.keys() - reached(heard, uses)
    told: list[int] = []
    for index in sorted(silent, key=lambda one: (any(one in uses[other] for other in silent - {one}), one)):
        if index not in reached(told, uses):
            told.append(index)
    return [notice(top, index) for index in sorted(told)]


def missed(top: Scope, program: Program, played: Collection[int]) -> set[int]:
    """The definitions that the evaluator did not come by on its way from the outputs."""
    versions = top.evaluator.defined.versions
    of_statement: dict[int, set[int]] = {}
    for order, index in top.evaluator.references:
        of_statement.setdefault(order, set()).add(index)
    uses = {index: of_statement.get(version.order, set()) for index, version in enumerate(versions)}
    heard = set(played)
    for order, statement in enumerate(program.statements):
        if isinstance(statement, OutputDef | BarePattern):
            heard |= of_statement.get(order, set())
    return uses.keys() - reached(heard, uses)


def reached(roots: Iterable[int], uses: Mapping[int, set[int]]) -> set[int]:
    """The roots, and all that they use."""
    found: set[int] = set()
    waiting = [*roots]
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting += uses[index]
    return found


def used(top: Scope, body: Expr, order: int) -> set[int]:
    """The definitions that a statement refers to; `order` is its number."""
    defined = top.evaluator.defined
    found: set[int] = set()
    for name, final in names_in(body, defined):
        indices = defined.by_name.get(name, ())
        if final or len(indices) < 2:
            found.update(indices[-1:])
        else:
            found.add(replace(top, order=order).version_here(indices))
    return found


def names_in(body: Expr, defined: Definitions) -> list[tuple[str, bool]]:
    """Names that may be buses, and whether each stands in a pattern, where it means the last definition."""
    found: list[tuple[str, bool]] = []
    waiting: list[Expr] = [body]
    while waiting:
        first = waiting.pop()
        if type(first) is Number:
            continue
        if type(first) is Call:
            name = first.name.removeprefix("~")
            if name in defined.by_name:
                found.append((name, False))
            waiting += first.args
            waiting += [value for _, value, _ in first.keywords]
        elif type(first) is String:
            found += [(word, True) for word in words_in(first, defined)]
        elif type(first) is BusRef or type(first) is Name:
            found.append((first.name, False))
        elif isinstance(first, Joined):
            waiting += (first.left, first.right)
        elif isinstance(first, Negate):
            waiting.append(first.operand)
        elif isinstance(first, Section):
            waiting.append(first.body)
        elif isinstance(first, ListExpr):
            waiting += first.items
    return found


def words_in(string: String, defined: Definitions) -> set[str]:
    """The buses that a pattern names."""
    if "~" not in string.text and not defined.synthdefs:
        return set()
    try:
        tokens, _ = tokens_of(string.text, string.loc)
    except ScoreError:
        return set()  # What cannot be read is told where the pattern is made.
    return {one.text.removeprefix("~") for one in tokens if one.kind == "bus" or one.text in defined.synthdefs}


def notice(top: Scope, index: int) -> Notice:
    """The warning for a definition."""
    defined = top.evaluator.defined
    version = defined.versions[index]
    later = [other for other in defined.by_name[version.name] if other > index]
    if later:
        line = defined.versions[later[0]].loc.line
        message = f"nothing plays this `~{version.name}`: line {line} defines it again before it is used"
        return Notice(message, version.loc, "each definition holds for what stands below it")
    return Notice(f"nothing plays `~{version.name}`: no output uses it", version.loc, how_to_play(top, index))


def how_to_play(top: Scope, index: int) -> str:
    """How a bus gets into an output."""
    version = top.evaluator.defined.versions[index]
    if version.kind == "#" or top.evaluator.is_modifier(index, top):
        return f"use it in a chain: # ~{version.name}"
    if isinstance(top.evaluator.known(index), Function):
        return f'use it as a transform: s "bd sn" $ ~{version.name}'
    return f"use it in an output, for example out: ~{version.name}"
