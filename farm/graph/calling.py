"""Calls: event sources, nodes of the catalog, their arguments and units."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from farm.errors import Loc, Notice, ScoreError, suggestion
from farm.graph.binding import Signature, Slot, bind
from farm.graph.later import comes_later, later_links, later_name, later_names
from farm.graph.nodes import catalog, language
from farm.graph.one_shots import one_shot
from farm.graph.said import words_in
from farm.graph.terms import Bus, Constant, Function, NodeTerm, Steps, Term, Voices, has_voices
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS, ONE_SHOT, VALUE_SOURCES
from farm.pattern.arithmetic import arithmetic, in_hertz
from farm.pattern.control import control
from farm.pattern.hap import Haps
from farm.pattern.notes import semitone_ratio
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.register import transforms
from farm.pattern.time import Ints
from farm.pattern.words import Words
from farm.score.elsewhere import OUTSIDE, form_of
from farm.score.syntax import BusRef, Call, Expr, Name, Number, Section, String, spine
from workers.catalog import Definition, Param
from workers.catalog import Unit as ParamUnit

if TYPE_CHECKING:
    from farm.graph.resolve import Resolver

PLUGINS = tuple(OUTSIDE)
OFFSET = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*", re.ASCII)
OSCILLATOR_OFFSET = Param("offset", "semitones", 0.0, -1e9, 1e9, 'added to the pitch: `7`, `"+0.5"`')


def function_names() -> frozenset[str]:
    """Every name that a score can call."""
    return frozenset({*language(), *transforms(), *EVENT_SOURCES, *VALUE_SOURCES, *MODIFIERS, ONE_SHOT})


def refused_links() -> frozenset[str]:
    """Names that can follow `#` and are an error there: a line that begins with one is no comment."""
    return later_links() | frozenset(PLUGINS)


def lacks_input(resolver: Resolver, body: Expr) -> bool:
    """Whether an expression begins with an effect that is given no input: the body of a modifier bus."""
    first, _ = spine(body)
    if isinstance(first, Section):
        return True
    if isinstance(first, BusRef):
        return is_modifier_bus(resolver, first)
    if not isinstance(first, (Name, Call)):
        return False
    arguments = first.args if isinstance(first, Call) else ()
    definition = language().get(first.name)
    if first.name in MODIFIERS and definition is None:
        known = first.name in VALUE_SOURCES or first.name in transforms()
        return not known and len(arguments) <= len(MODIFIERS[first.name].params)
    if definition is None or definition.role != "effect":
        return False
    signals = isinstance(arguments[0], (BusRef, Call)) if arguments else False
    return not signals and len(arguments) <= len(definition.params)


def is_modifier_bus(resolver: Resolver, bus: BusRef) -> bool:
    """Whether a bus is an effect without an input, by its own body or by a modifier bus that its body begins with."""
    if bus.name not in resolver.by_name:
        return False
    index = resolver.version_for(bus.name, bus.loc)
    if index not in resolver.modifier_buses:
        resolver.modifier_buses[index] = False  # what holds inside itself
        version = resolver.versions[index]
        outer, resolver.order = resolver.order, version.order
        try:
            resolver.modifier_buses[index] = lacks_input(resolver, version.body)
        finally:
            resolver.order = outer
    return resolver.modifier_buses[index]


def call(resolver: Resolver, expr: Name | Call, left: Term | None, place: str) -> Term:
    """A call, with `left` as its input where it stands in a chain."""
    name = expr.name
    arguments = expr.args if isinstance(expr, Call) else ()
    keywords = expr.keywords if isinstance(expr, Call) else ()
    if name in EVENT_SOURCES and left is None:
        return event_source(resolver, name, arguments, keywords, place, expr.loc)
    if name == ONE_SHOT:
        shot = one_shot(resolver, arguments, place, expr.loc)
        return shot if left is None else resolver.binary("*", left, shot, place, expr.loc)
    if left is None and takes_voices(resolver, name, arguments, place):
        changed = Call(name, arguments[1:], keywords, expr.loc)
        return resolver.linked(resolver.evaluate(arguments[0], f"{place}/0"), changed, place)
    if name in VALUE_SOURCES and left is None:
        return value_source(resolver, name, arguments, place, expr.loc)
    definition = language().get(name)
    if definition is not None:
        return unit(resolver, definition, name, arguments, keywords, left, place, expr.loc)
    if name in resolver.by_name and not arguments:
        bus = BusRef(name, expr.loc)
        return resolver.reference(name, expr.loc) if left is None else resolver.linked(left, bus, place)
    raise unknown(resolver, name, expr.loc, left is not None)


def takes_voices(resolver: Resolver, name: str, arguments: tuple[Expr, ...], place: str) -> bool:
    """Whether a call is a modifier in function form: what it changes is its first argument."""
    if name not in MODIFIERS or not arguments or isinstance(arguments[0], (Number, String)):
        return False
    if name in VALUE_SOURCES:
        return len(arguments) == 2
    definition = language().get(name)
    if definition is None or definition.ports:
        return definition is None
    return has_voices(resolver.behind(resolver.evaluate(arguments[0], f"{place}/0")))


def is_known(resolver: Resolver, name: str) -> bool:
    """Whether a name can be called, or is a bus without its tilde."""
    return name in function_names() or name in resolver.by_name or name in resolver.broken


def unknown(resolver: Resolver, name: str, loc: Loc, chained: bool) -> ScoreError:
    """The error for a name that means nothing here."""
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
    if name in resolver.broken:
        return resolver.broken[name]
    if name in later_names():
        return later_name(name, loc)
    if name.startswith("~"):
        return ScoreError(f"`{name}` takes no arguments: it is a bus, not a function", loc=loc)
    close = suggestion(name, [*function_names(), *resolver.by_name])
    hint = form_of(name) or close or "`farm nodes` lists what there is"
    return ScoreError(f"there is no function `{name}`", loc=loc, hint=hint)


def out_of_scope(name: str, loc: Loc) -> ScoreError:
    """The error for what needs a plugin or a MIDI instrument."""
    hint = "farm plays samples and its own nodes (`farm nodes`); with --lenient the score is rendered without it"
    return ScoreError(f"`{name}`: plugins and MIDI are out of farm's scope", loc=loc, hint=hint)


def event_source(
    resolver: Resolver,
    name: str,
    arguments: tuple[Expr, ...],
    keywords: tuple[tuple[str, Expr, Loc], ...],
    place: str,
    loc: Loc,
) -> Voices:
    """`s "..."`, `s (... $ ...)`."""
    second = next((one for one in arguments[1:] if isinstance(one, Name) and one.name in EVENT_SOURCES), None)
    if second is not None:
        hint = 'two sounds are joined by `+`, or each has an output of its own: o2: s "hh*8"'
        raise ScoreError(f"`{second.name}` stands where an argument of `{name}` should", loc=second.loc, hint=hint)
    if not arguments or len(arguments) > 2:
        message = f"`{name}` takes one pattern, and perhaps a gain, not {len(arguments)} arguments"
        raise ScoreError(message, loc=loc, hint='for example: s "bd sn"; as an argument (s "bd sn")')
    bare = arguments[0]
    if isinstance(bare, Name) and bare.name not in {*function_names(), *resolver.by_name}:
        hint = f'write {name} "{bare.name}"'
        raise ScoreError(f"`{name}` needs its pattern in quotes", loc=bare.loc, hint=hint)
    value = resolver.evaluate(arguments[0], f"{place}/s")
    if not isinstance(value, Steps):
        raise ScoreError(f"`{name}` needs a pattern in quotes", loc=arguments[0].loc, hint='for example: s "bd sn"')
    named = words_in(value.said or ())
    synths = {word: at for word, at in named.items() if word in resolver.synthdefs}
    pattern = control(value.pattern, "s", resolver.words)
    if synths:
        pattern = renamed(pattern, {word: f"~{word}" for word in synths}, resolver.words)
    instruments = []
    for word, at in [*((word[1:], at) for word, at in named.items() if word[0] == "~"), *synths.items()]:
        bus = instrument(resolver, word, at, value.loc)
        if bus is not None:
            instruments.append((word, bus))
    names = None if value.said is None else tuple((word, at) for word, at in named.items() if is_bank(word, synths))
    voices: Term = Voices(pattern, (), "natural", tuple(dict(instruments).items()), place, loc, names=names)
    if len(arguments) == 2:
        voices = resolver.linked(voices, Call("gain", (arguments[1],), (), arguments[1].loc), place)
    for key, argument, at in keywords:
        modifier = "cut" if key == "cut_group" else key
        if modifier not in MODIFIERS:
            if modifier in later_names():
                raise comes_later(f"`:{key}`", at)
            hint = suggestion(key, [*MODIFIERS, "cut_group"]) or f"one of {', '.join(MODIFIERS)}"
            raise ScoreError(f"`{name}` has no `:{key}`", loc=at, hint=hint)
        voices = resolver.linked(voices, Call(modifier, (argument,), (), at), f"{place}/:{key}")
    assert isinstance(voices, Voices)
    return voices


def is_bank(word: str, synths: Container[str]) -> bool:
    """Whether a word of `s` names a sample, not a bus."""
    return word[0] != "~" and word not in synths


def instrument(resolver: Resolver, word: str, at: Loc, loc: Loc) -> Bus | None:
    """The bus that a word of a pattern plays; with --lenient an unknown one is None, its events silent."""
    try:
        version = resolver.final_version(word, at)
        if resolver.leaving is not None and version not in resolver.resolving:
            resolver.term_of(version)
        return Bus(version, loc)
    except ScoreError as error:
        if resolver.leaving is None:
            raise
        resolver.leaving.leave(error)
        return None


def renamed(pattern: Pattern, names: dict[str, str], words: Words) -> Pattern:
    """The pattern with some of its words exchanged."""
    import numpy as np

    ids = [(float(words.intern(old)), float(words.intern(new))) for old, new in names.items()]

    def change(haps: Haps, _: Ints) -> Haps:
        entries = haps.entries("s")
        assert entries is not None
        for old, new in ids:
            entries = np.where(entries == old, new, entries)
        return haps.with_column("s", entries)

    return per_hap(pattern, change)


def value_source(resolver: Resolver, name: str, arguments: tuple[Expr, ...], place: str, loc: Loc) -> Term:
    """`n "..."` or `note "..."` standing alone: a pattern of numbers or frequencies."""
    if len(arguments) != 1:
        raise ScoreError(f"`{name}` takes one pattern", loc=loc, hint=f'for example: {name} "0 3 7"')
    value = resolver.evaluate(arguments[0], f"{place}/{name}")
    return replace(value, literal=False, pitches=True) if isinstance(value, Steps) else value


def unit(
    resolver: Resolver,
    definition: Definition,
    name: str,
    arguments: tuple[Expr, ...],
    keywords: tuple[tuple[str, Expr, Loc], ...],
    left: Term | None,
    place: str,
    loc: Loc,
) -> Term:
    """A node of the catalog, in either call form.

    A source after `#` (language 10.2): an oscillator takes its frequency from the left, other sources are scaled by it.
    """
    if definition.longer is not None and means_longer(definition, len(arguments), {key for key, _, _ in keywords}):
        definition = definition.longer
    tuned = definition.tuned
    values = [
        semitones_of(resolver, argument, f"{place}/{i}")
        if tuned and i == 1
        else resolver.evaluate(argument, f"{place}/{i}")
        for i, argument in enumerate(arguments)
    ]
    locs = [argument.loc for argument in arguments]
    for value in values:
        if isinstance(value, Function):
            raise ScoreError(f"`{name}` needs numbers or signals, not a transform", loc=value.loc)
    factor: Term | None = None
    if left is not None and not definition.ports:
        if is_frequency(definition, left, len(values) + len(keywords)):
            values.insert(0, left)
            locs.insert(0, left.loc)
        else:
            factor = left
        left = None
    inputs: list[tuple[str, Term]] = []
    for i, port in enumerate(definition.ports):
        if i == 0 and left is not None:
            inputs.append((port.name, left))
        elif values:
            at = locs.pop(0)
            if isinstance(values[0], Constant):
                form = signature(definition).replace(definition.name, name, 1)
                hint = f"write {name} ~bus ..., or in a chain: saw 110 # {form}"
                raise ScoreError(f"`{name}` needs a signal first, not a number", loc=at, hint=hint)
            inputs.append((port.name, values.pop(0)))
        else:
            raise ScoreError(f"`{name}` needs an input", loc=loc, hint=f"write: saw 110 # {signature(definition)}")
    if tuned and len(values) > 2:
        raise comes_later(f"an envelope for each note of an oscillator (`{name}` with {len(values)} arguments)", loc)
    slots = bind(slots_of(definition, name), locs, keywords, loc)
    given: dict[str, Term] = {}
    semitones = None
    for slot, value, at in zip(slots, values, locs, strict=False):
        if tuned and slot.name == OSCILLATOR_OFFSET.name:
            semitones = value
        else:
            given[slot.name] = ranged(resolver, definition, definition.param(slot.name), value, at)
    for slot, (key, argument, _) in zip(slots[len(values) :], keywords, strict=True):
        if tuned and slot.name == OSCILLATOR_OFFSET.name:
            semitones = semitones_of(resolver, argument, f"{place}/:{key}")
        else:
            value = resolver.evaluate(argument, f"{place}/:{key}")
            given[slot.name] = ranged(resolver, definition, definition.param(slot.name), value, argument.loc)
    if semitones is not None:
        frequency = definition.params[0]
        assert frequency.default is not None
        plain = given.get(frequency.name, Constant(Fraction(frequency.default), loc))
        given[frequency.name] = offset(plain, semitones, place)
    for param in definition.params:
        if param.as_unit is ParamUnit.PHASE and param.name in given:
            given[param.name] = melody(resolver, given[param.name])
    made = NodeTerm(definition.name, tuple(inputs), tuple(given.items()), place, loc)
    return made if factor is None else NodeTerm("mul", (("a", factor), ("b", made)), (), f"{place}/*", loc)


def means_longer(definition: Definition, count: int, keywords: set[str]) -> bool:
    """Whether a call with `count` arguments gives some that only the longer form of a node has."""
    further = further_params(definition)
    named = {name for param in further for name in (param.name, short(param), *param.also)}
    return 0 < count - len(definition.params) <= len(further) or not named.isdisjoint(keywords)


def is_frequency(definition: Definition, left: Term, given: int) -> bool:
    """Whether what stands before `# source` is the source's frequency: a pattern, or where the call lacks one."""
    if not definition.params or definition.params[0].as_unit is not ParamUnit.PHASE:
        return False
    required = sum(param.default is None for param in definition.params)
    return given < max(required, 1) or (isinstance(left, (Constant, Steps)) and given < len(definition.params))


def melody(resolver: Resolver, frequency: Term) -> Term:
    """A frequency that is a pattern with a number added or multiplied stays a pattern: its rests are rests."""
    sign = catalog()[frequency.node].operator if isinstance(frequency, NodeTerm) else ""
    if not isinstance(frequency, NodeTerm) or not sign:
        return frequency
    sides = [melody(resolver, one) for _, one in frequency.inputs]
    plain = [one for one in sides if isinstance(one, (Constant, Steps))]
    if len(plain) < 2 or sum(isinstance(one, Steps) for one in plain) != 1:
        return frequency
    a, b = (in_hertz(resolver.as_pattern(one), resolver.words) for one in plain)
    return Steps(arithmetic(sign, a, b, resolver.words), frequency.loc, literal=False)


def semitones_of(resolver: Resolver, expr: Expr, place: str) -> Term:
    """An oscillator's offset: a number, which may stand in quotes to carry a plus sign."""
    written = OFFSET.fullmatch(expr.text) if isinstance(expr, String) else None
    return Constant(Fraction(written[1]), expr.loc) if written else resolver.evaluate(expr, place)


def offset(frequency: Term, semitones: Term, place: str) -> Term:
    """An oscillator's second argument: a fixed offset in semitones."""
    if not isinstance(semitones, Constant):
        hint = 'for example: saw 110 7, or saw 110 "+0.5"'
        raise ScoreError("the offset of an oscillator is a plain number of semitones", loc=semitones.loc, hint=hint)
    import numpy as np

    ratio = Fraction(float(semitone_ratio(np.array([semitones.number]))[0]))
    if isinstance(frequency, Constant):
        return replace(frequency, value=frequency.value * ratio)
    return NodeTerm("mul", (("a", frequency), ("b", Constant(ratio, semitones.loc))), (), f"{place}/+", semitones.loc)


def short(param: Param) -> str:
    """A param's name without its unit."""
    return param.name.rsplit("_", 1)[0] if param.name.rsplit("_", 1)[-1] in ("hz", "s", "db") else param.name


def signature(definition: Definition) -> str:
    """How a call is written: `lpf cutoff [q 1]`."""
    parts = [definition.name]
    for param in definition.params:
        parts.append(short(param) if param.default is None else f"[{short(param)} {param.default:g}]")
    for param in further_params(definition):
        parts.append(f"[{short(param)}]" if param.default is None else f"[{short(param)} {param.default:g}]")
    return " ".join(parts)


def further_params(definition: Definition) -> tuple[Param, ...]:
    """Arguments that may follow the params, and are dealt with before the kernel; without a default they may lack."""
    if definition.tuned:
        return (OSCILLATOR_OFFSET,)
    return definition.longer.params[len(definition.params) :] if definition.longer is not None else ()


@cache
def slots_of(definition: Definition, name: str) -> Signature:
    """What a node takes besides its inputs, called as it is written."""
    slots = [Slot(one.name, short(one), one.also, needed=one.default is None) for one in definition.params]
    if definition.tuned:
        slots.insert(1, Slot(OSCILLATOR_OFFSET.name, OSCILLATOR_OFFSET.name, needed=False))
    return Signature(name, tuple(slots), signature(definition))


def ranged(resolver: Resolver, definition: Definition, param: Param, value: Term, loc: Loc) -> Term:
    """A value for a param; a constant outside its range is clamped with a warning. ScoreError for a negative time."""
    if isinstance(value, Function):
        raise ScoreError(f"`{definition.name}` needs a number for its {short(param)}, not a transform", loc=loc)
    if not isinstance(value, Constant) or param.low <= value.number <= param.high:
        return value
    if value.value < 0 <= param.low and param.unit == "s":
        message = f"`{definition.name}`: {short(param)} is a length and must not be below 0, not {value.number:g}"
        raise ScoreError(message, loc=value.loc)
    clamped = Fraction(min(max(value.number, param.low), param.high))
    if param.name == "freq_hz" and value.value == 0:
        return value
    resolver.notices.append(
        Notice(
            f"{definition.name}: {short(param)} {value.number:g} is outside {param.low:g} to {param.high:g}"
            f"{' ' + param.unit if param.unit not in ('', '1') else ''}; {float(clamped):g} is used",
            loc,
        )
    )
    return Constant(clamped, value.loc)
