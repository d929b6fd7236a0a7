"""Calls of nodes of the catalog, in a chain or as a function: their inputs, their arguments and the ranges of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache

from farm.errors import Loc, Notice, ScoreError
from farm.graph.binding import Signature, Slot, bind, signature_of
from farm.graph.later import comes_later
from farm.graph.names import check_word
from farm.graph.nodes import catalog
from farm.graph.said import Said, Written, in_hz
from farm.graph.scope import Scope
from farm.graph.terms import Constant, Function, NodeTerm, StepsTerm, Term
from farm.pattern.arithmetic import arithmetic, in_hertz
from farm.pattern.notes import semitone_ratio
from farm.quantities import plain
from farm.regex import regex
from farm.score.syntax import Call, Expr, Name, Number, String
from workers.catalog import Definition, Param
from workers.catalog import Unit as ParamUnit
from workers.records import record

OFFSET = regex(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*", re.ASCII)
OSCILLATOR_OFFSET = Param("offset", "semitones", 0.0, -1e9, 1e9, 'added to the pitch: `7`, `"+0.5"`')


@record(frozen=True, slots=True, eq=False)
class CallForm:
    """A node as calls write it: under a name, with its arguments besides the inputs.

    `places` are the params by position, `pitches` those that are frequencies. A `tuned` one takes an offset in
    semitones behind its frequency: there `places` has None.
    """

    name: str
    definition: Definition
    signature: Signature
    params: Mapping[str, Param]
    """By name."""
    places: tuple[Param | None, ...]
    pitches: tuple[str, ...]
    tuned: bool


@cache
def form_of(definition: Definition, name: str) -> CallForm:
    """The form of a node that is called by `name`."""
    tuned = definition.tuned
    slots = [Slot(one.name, short(one), one.also, needed=one.default is None) for one in definition.params]
    if tuned:
        slots.insert(1, Slot(OSCILLATOR_OFFSET.name, OSCILLATOR_OFFSET.name, needed=False))
    params = {one.name: one for one in definition.params}
    return CallForm(
        name,
        definition,
        signature_of(name, slots, signature(definition)),
        params,
        tuple(params.get(one.name) for one in slots),
        tuple(one.name for one in definition.params if one.as_unit is ParamUnit.PHASE),
        tuned,
    )


def node_call(scope: Scope, definition: Definition, call: Call, left: Term | None) -> Term:
    """A call of a node, with `left` as its input where it stands in a chain.

    A source after `#` (language 10.2): an oscillator takes its frequency from the left, other sources are scaled by it.
    """
    if definition.longer is not None and means_longer(definition, call):
        definition = definition.longer
    form = form_of(definition, call.name)
    values = positional(scope, form, call, len(definition.ports) - (left is not None))
    written: Sequence[Expr | Term] = call.args
    factor: Term | None = None
    inputs: tuple[tuple[str, Term], ...] = ()
    if definition.ports:
        inputs = inputs_of(form, call, left, values)
        written = call.args[len(call.args) - len(values) :]
    elif left is not None and is_frequency(definition, left, len(values) + len(call.keywords)):
        values, written = [left, *values], [left, *call.args]
    else:
        factor = left
    params = params_of(scope, form, call, values, written)
    made = NodeTerm(form.definition.name, inputs, params, scope.seed_path, call.loc)
    if factor is None:
        return made
    return NodeTerm("mul", (("a", factor), ("b", made)), (), f"{scope.seed_path}/*", call.loc)


def means_longer(definition: Definition, call: Call) -> bool:
    """Whether a call gives arguments that only the longer form of a node has."""
    further = further_params(definition)
    named = {name for param in further for name in (param.name, short(param), *param.also)}
    more = len(call.args) - len(definition.params)
    return 0 < more <= len(further) or any(key in named for key, _, _ in call.keywords)


def positional(scope: Scope, form: CallForm, call: Call, ports: int) -> list[Term]:
    """The values of the arguments that have no keyword; those of `ports` come first."""
    values: list[Term] = []
    for i, argument in enumerate(call.args):
        if type(argument) is Number:
            values.append(Constant(argument.value, argument.loc))
            continue
        if i >= ports and isinstance(argument, Name):
            check_word(scope, form.name, argument)
        value = semitones_of(scope, argument, i) if i == 1 and form.tuned else scope.evaluate(argument, i)
        values.append(value)
    function = next((value for value in values if isinstance(value, Function)), None)
    if function is not None:
        raise ScoreError(f"`{form.name}` needs numbers or signals, not a transform", loc=function.loc)
    return values


def is_frequency(definition: Definition, left: Term, given: int) -> bool:
    """Whether what stands before `# source` is the source's frequency: a pattern, or where the call lacks one."""
    if not definition.params or definition.params[0].as_unit is not ParamUnit.PHASE:
        return False
    required = sum(param.default is None for param in definition.params)
    return given < max(required, 1) or (isinstance(left, (Constant, StepsTerm)) and given < len(definition.params))


def inputs_of(form: CallForm, call: Call, left: Term | None, values: list[Term]) -> tuple[tuple[str, Term], ...]:
    """The input of each port: what stands in front of the `#`, then the first of the values, which are taken away."""
    inputs: list[tuple[str, Term]] = []
    for port in form.definition.ports:
        if left is not None:
            inputs.append((port.name, left))
            left = None
            continue
        written = form.signature.written
        if not values:
            raise ScoreError(f"`{form.name}` needs an input", loc=call.loc, hint=f"write: saw 110 # {written}")
        if isinstance(values[0], Constant):
            written = written.replace(form.definition.name, form.name, 1)
            hint = f"write {form.name} ~bus ..., or in a chain: saw 110 # {written}"
            at = call.args[len(call.args) - len(values)].loc
            raise ScoreError(f"`{form.name}` needs a signal first, not a number", loc=at, hint=hint)
        inputs.append((port.name, values.pop(0)))
    return tuple(inputs)


def params_of(
    scope: Scope, form: CallForm, call: Call, values: list[Term], written: Sequence[Expr | Term]
) -> tuple[tuple[str, Term], ...]:
    """The params that a call gives, by position and by keyword, in range; `written` is what `values` stand as."""
    if form.tuned and len(values) > 2:
        what = f"an envelope for each note of an oscillator (`{form.name}` with {len(values)} arguments)"
        raise comes_later(what, call.loc)
    slots = bind(form.signature, written, call.keywords, call.loc)
    keywords = zip(slots[len(values) :], call.keywords, strict=True) if call.keywords else ()
    given: dict[str, Term] = {}
    semitones: Term | None = None
    for param, value, one in zip(form.places, values, written, strict=False):
        if param is None:
            semitones = value
        else:
            given[param.name] = in_range(scope, form.definition, param, value, one.loc)
    for slot, (key, argument, _) in keywords:
        if isinstance(argument, Name):
            check_word(scope, form.name, argument)
        param = form.params.get(slot.name)
        if param is None:
            semitones = semitones_of(scope, argument, f":{key}")
        else:
            value = scope.evaluate(argument, f":{key}")
            given[param.name] = in_range(scope, form.definition, param, value, argument.loc)
    if semitones is not None:
        frequency = form.definition.params[0]
        assert frequency.default is not None
        plain = given.get(frequency.name, Constant(Fraction(frequency.default), call.loc))
        given[frequency.name] = offset(scope, plain, semitones)
    for name in form.pitches:
        if isinstance(given.get(name), NodeTerm):
            given[name] = melody(scope, given[name])
    for name, value in given.items():
        if isinstance(value, StepsTerm) and value.said:
            scope.evaluator.notices += numbers_outside(form.definition, form.params[name], value.said)
    return tuple(given.items())


def in_range(scope: Scope, definition: Definition, param: Param, value: Term, loc: Loc) -> Term:
    """A value for a param; a constant outside its range is clamped with a warning. ScoreError for a negative time."""
    if not isinstance(value, Constant):
        if isinstance(value, Function):
            raise ScoreError(f"`{definition.name}` needs a number for its {short(param)}, not a transform", loc=loc)
        return value
    if param.low <= value.number <= param.high:
        return value
    if value.value < 0 <= param.low and param.unit == "s":
        message = f"`{definition.name}`: {short(param)} is a length and must not be below 0, not {plain(value.number)}"
        raise ScoreError(message, loc=value.loc)
    if param.name == "freq_hz" and value.value == 0:
        return value
    scope.evaluator.notices.append(outside(definition, param, plain(value.number), value.number, loc))
    return Constant(Fraction(min(max(value.number, param.low), param.high)), value.loc)


def outside(definition: Definition, param: Param, written: str, number: float, loc: Loc) -> Notice:
    """The warning for a number outside the range of a param, as it is written."""
    unit = f" {param.unit}" if param.unit not in ("", "1") else ""
    used = plain(min(max(number, param.low), param.high))
    limits = f"{plain(param.low)} to {plain(param.high)}{unit}"
    return Notice(f"{definition.name}: {short(param)} {written} is outside {limits}; {used} is used", loc)


def numbers_outside(definition: Definition, param: Param, said: tuple[Said, ...]) -> Iterator[Notice]:
    """A warning for each different number outside the range of a param, in strings that are one; notes are in Hz."""

    def is_within(one: Written) -> bool:
        number = in_hz(one)
        return number is None or param.low <= number <= param.high

    told: set[Loc] = set()
    for string in said:
        for atom in string.unlike(is_within):
            number, loc = in_hz(atom), string.at(atom)
            assert number is not None, "a word is outside of nothing"
            if loc not in told:  # Of a range, its first number.
                told.add(loc)
                written = plain(number) if atom.number is not None else f"`{atom.text}` ({plain(number, 4)})"
                yield outside(definition, param, written, number, loc)


def melody(scope: Scope, frequency: Term) -> Term:
    """A frequency that is a pattern with a number added or multiplied stays a pattern: its rests are rests."""
    sign = catalog()[frequency.node].operator if isinstance(frequency, NodeTerm) else ""
    if not isinstance(frequency, NodeTerm) or not sign:
        return frequency
    sides = [melody(scope, one) for _, one in frequency.inputs]
    plain = [one for one in sides if isinstance(one, (Constant, StepsTerm))]
    if len(plain) < 2 or sum(isinstance(one, StepsTerm) for one in plain) != 1:
        return frequency
    words = scope.evaluator.words
    a, b = (in_hertz(scope.evaluator.as_pattern(one), words) for one in plain)
    return StepsTerm(arithmetic(sign, a, b, words), frequency.loc, literal=False)


def semitones_of(scope: Scope, expr: Expr, step: str | int) -> Term:
    """An oscillator's offset: a number, which may stand in quotes to carry a plus sign."""
    written = OFFSET.fullmatch(expr.text) if isinstance(expr, String) else None
    return Constant(Fraction(written[1]), expr.loc) if written else scope.evaluate(expr, step)


def offset(scope: Scope, frequency: Term, semitones: Term) -> Term:
    """An oscillator's second argument: a fixed offset in semitones."""
    if not isinstance(semitones, Constant):
        hint = 'for example: saw 110 7, or saw 110 "+0.5"'
        raise ScoreError("the offset of an oscillator is a plain number of semitones", loc=semitones.loc, hint=hint)
    import numpy as np

    ratio = Fraction(float(semitone_ratio(np.array([semitones.number]))[0]))
    if isinstance(frequency, Constant):
        return replace(frequency, value=frequency.value * ratio)
    factor = Constant(ratio, semitones.loc)
    return NodeTerm("mul", (("a", frequency), ("b", factor)), (), f"{scope.seed_path}/+", semitones.loc)


def short(param: Param) -> str:
    """A param's name without its unit."""
    return param.name.rsplit("_", 1)[0] if param.name.rsplit("_", 1)[-1] in ("hz", "s", "db") else param.name


def signature(definition: Definition) -> str:
    """How a call is written: `lpf cutoff [q 1]`."""
    parts = [definition.name]
    for param in definition.params:
        parts.append(short(param) if param.default is None else f"[{short(param)} {plain(param.default)}]")
    for param in further_params(definition):
        parts.append(f"[{short(param)}]" if param.default is None else f"[{short(param)} {plain(param.default)}]")
    return " ".join(parts)


def further_params(definition: Definition) -> tuple[Param, ...]:
    """Arguments that may follow the params, and are dealt with before the kernel; without a default they may lack."""
    if definition.tuned:
        return (OSCILLATOR_OFFSET,)
    return definition.longer.params[len(definition.params) :] if definition.longer is not None else ()
