"""`sp bd` (language 10.2): a sample that plays when a product with impulses says so, `impulse 2 * sp bd`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from farm.errors import ScoreError
from farm.graph.nodes import catalog
from farm.graph.said import Banks, Said
from farm.graph.scope import Scope
from farm.graph.terms import Constant, NodeTerm, StepsTerm, Term, Voices
from farm.pattern.control import control, merge, scale_control, set_control
from farm.pattern.hap import Haps
from farm.pattern.pattern import HAPS_PER_CYCLE, Pattern, per_hap, pure
from farm.pattern.time import Ints
from farm.pattern.views import faster
from farm.score.syntax import Call, Name, String
from workers.catalog import Param


def one_shot(scope: Scope, made: Call) -> Voices:
    """The sample of `sp bd` or `sp "bd:3"`; while nothing triggers it, it plays at the start of every cycle."""
    word = made.args[0] if len(made.args) == 1 else None
    if not isinstance(word, (Name, String)):
        raise ScoreError("`sp` takes the name of one sample", loc=made.loc, hint="for example: impulse 2 * sp bd")
    words = scope.evaluator.words
    if isinstance(word, Name):
        pattern = pure(words.intern(word.name), words.add_loc(word.loc))
        said: tuple[Said, ...] | None = (Said(word.name, (), word.loc),)
    else:
        steps = scope.evaluator.pattern(word, scope, "sp")
        pattern, said = steps.pattern, steps.said
    voiced = control(pattern, "s", words)
    return Voices(voiced, (), "natural", (), scope.seed_path, word.loc, one_shot=True, banks=Banks(said or ()))


def triggered(scope: Scope, left: Term, right: Term) -> Voices:
    """The product of a trigger and a one-shot: the sample at every impulse, as loud as the impulse is high."""
    shot, trigger = (right, left) if isinstance(right, Voices) and right.one_shot else (left, right)
    assert isinstance(shot, Voices)
    when = impulses(scope, trigger)
    if when is None:
        raise ScoreError(
            "`sp` is triggered by an `impulse` with a plain frequency, or by a string",
            loc=trigger.loc,
            hint='for example: impulse 2 * sp bd, or "1 0 0.5 0" * sp bd; s "bd*4" plays a pattern',
        )
    pattern = set_control(merge(when, shot.pattern), "loc", float(scope.evaluator.words.add_loc(shot.loc)))
    return replace(shot, pattern=pattern, one_shot=False)


def impulses(scope: Scope, term: Term) -> Pattern | None:
    """A hap with a gain at every impulse of a term; None where only the signal itself knows."""
    term, scope = scope.behind(term)
    if isinstance(term, Constant):
        return scale_control(pure(0), "gain", float(term.value))
    if isinstance(term, StepsTerm):
        return per_hap(control(term.pattern, "gain", scope.evaluator.words), struck)
    if not isinstance(term, NodeTerm):
        return None
    definition = catalog()[term.node]
    if definition.strikes:
        return regular(scope, term, definition.params[0])
    values = [value for _, value in (*term.inputs, *term.params)]
    if definition.product and len(values) == 2:
        factor, inner = values if isinstance(values[0], Constant) else values[::-1]
        found = impulses(scope, inner) if isinstance(factor, Constant) else None
        if found is not None and isinstance(factor, Constant):
            return scale_control(found, "gain", float(factor.value))
    return None


def struck(haps: Haps, _: Ints) -> Haps:
    """The haps whose gain is not 0; the gain is a factor that a later `# gain` keeps."""
    levels = haps.entries("gain")
    assert levels is not None
    return haps.with_column("*gain", levels).keep(levels.take(haps.key) != 0)


def regular(scope: Scope, term: NodeTerm, param: Param) -> Pattern | None:
    """A hap at every impulse of a plain frequency, `param`: the first at the start, then one every 1/f seconds."""
    plain = Constant(Fraction(param.default or 0), term.loc)
    frequency = dict(term.params).get(param.name, plain)
    if not isinstance(frequency, Constant):
        return None
    pace = frequency.value / scope.evaluator.defined.cps
    if pace > HAPS_PER_CYCLE:
        message = f"this asks for {float(pace):,.0f} samples in one cycle, the limit is {HAPS_PER_CYCLE:,}"
        raise ScoreError(message, loc=frequency.loc)
    return faster(pace, scale_control(pure(0), "gain", 1.0))
