"""`sp bd` (language 10.2): a sample that plays when a product with impulses says so, `impulse 2 * sp bd`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from farm.errors import Loc, ScoreError
from farm.graph.nodes import catalog
from farm.graph.said import words_in
from farm.graph.terms import Bus, Constant, NodeTerm, Steps, Term, Voices
from farm.pattern.control import control, merge, scale_control, set_control
from farm.pattern.hap import Haps
from farm.pattern.pattern import HAPS_PER_CYCLE, Pattern, per_hap, pure
from farm.pattern.time import Ints
from farm.pattern.views import faster
from farm.score.syntax import Expr, Name, String
from workers.catalog import Param

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver


def one_shot(resolver: Resolver, arguments: tuple[Expr, ...], place: str, loc: Loc) -> Voices:
    """The sample of `sp bd` or `sp "bd:3"`; while nothing triggers it, it plays at the start of every cycle."""
    if len(arguments) != 1 or not isinstance(arguments[0], Name | String):
        raise ScoreError("`sp` takes the name of one sample", loc=loc, hint="for example: impulse 2 * sp bd")
    word = arguments[0]
    if isinstance(word, Name):
        pattern = pure(resolver.words.intern(word.name), resolver.words.add_loc(word.loc))
        names = {word.name: word.loc}
    else:
        steps = resolver.pattern(word, f"{place}/sp")
        pattern, names = steps.pattern, words_in(steps.said or ())
    voiced = control(pattern, "s", resolver.words)
    return Voices(voiced, (), "natural", (), place, word.loc, one_shot=True, names=tuple(names.items()))


def triggered(resolver: Resolver, left: Term, right: Term) -> Voices:
    """The product of a trigger and a one-shot: the sample at every impulse, as loud as the impulse is high."""
    shot, trigger = (right, left) if isinstance(right, Voices) and right.one_shot else (left, right)
    assert isinstance(shot, Voices)
    when = impulses(resolver, trigger)
    if when is None:
        raise ScoreError(
            "`sp` is triggered by an `impulse` with a plain frequency, or by a string",
            loc=trigger.loc,
            hint='for example: impulse 2 * sp bd, or "1 0 0.5 0" * sp bd; s "bd*4" plays a pattern',
        )
    pattern = set_control(merge(when, shot.pattern), "loc", float(resolver.words.add_loc(shot.loc)))
    return replace(shot, pattern=pattern, one_shot=False)


def impulses(resolver: Resolver, term: Term, within: frozenset[int] = frozenset()) -> Pattern | None:
    """A hap with a gain at every impulse of a term; None where only the signal itself knows.

    `within`: definitions that are being looked at; one may use itself.
    """
    if isinstance(term, Constant):
        return scale_control(pure(0), "gain", float(term.value))
    if isinstance(term, Steps):
        return per_hap(control(term.pattern, "gain", resolver.words), struck)
    if isinstance(term, Bus):
        if term.version in resolver.resolving or term.version in within:
            return None
        return impulses(resolver, resolver.term_of(term.version), within | {term.version})
    if not isinstance(term, NodeTerm):
        return None
    definition = catalog()[term.node]
    if definition.strikes:
        return regular(resolver, term, definition.params[0])
    values = [value for _, value in (*term.inputs, *term.params)]
    if definition.product and len(values) == 2:
        factor, inner = values if isinstance(values[0], Constant) else values[::-1]
        found = impulses(resolver, inner, within) if isinstance(factor, Constant) else None
        if found is not None and isinstance(factor, Constant):
            return scale_control(found, "gain", float(factor.value))
    return None


def struck(haps: Haps, _: Ints) -> Haps:
    """The haps whose gain is not 0; the gain is a factor that a later `# gain` keeps."""
    levels = haps.entries("gain")
    assert levels is not None
    return haps.with_column("*gain", levels).keep(levels.take(haps.key) != 0)


def regular(resolver: Resolver, term: NodeTerm, param: Param) -> Pattern | None:
    """A hap at every impulse of a plain frequency, `param`: the first at the start, then one every 1/f seconds."""
    plain = Constant(Fraction(param.default or 0), term.loc)
    frequency = dict(term.params).get(param.name, plain)
    if not isinstance(frequency, Constant):
        return None
    pace = frequency.value / resolver.cps
    if pace > HAPS_PER_CYCLE:
        message = f"this asks for {float(pace):,.0f} samples in one cycle, the limit is {HAPS_PER_CYCLE:,}"
        raise ScoreError(message, loc=frequency.loc)
    return faster(pace, scale_control(pure(0), "gain", 1.0))
