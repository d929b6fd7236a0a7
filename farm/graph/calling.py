"""Calls: event sources, patterns of values, names that a scope binds; nodes of the catalog are handed on."""

from __future__ import annotations

from dataclasses import replace

from farm.errors import Loc, ScoreError, suggestion
from farm.graph.doubtful import never_heard
from farm.graph.later import comes_later, later_names
from farm.graph.names import function_names, undefined, unknown, written
from farm.graph.node_calls import node_call
from farm.graph.nodes import language
from farm.graph.one_shots import one_shot
from farm.graph.said import Banks, buses_in
from farm.graph.scope import Macro, Scope
from farm.graph.terms import Bus, Function, StepsTerm, Term, Voices, has_voices
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS, ONE_SHOT, VALUE_SOURCES
from farm.pattern.control import control
from farm.pattern.hap import Haps
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.register import transforms
from farm.pattern.time import Ints
from farm.pattern.words import Words
from farm.score.syntax import BusRef, Call, Expr, Name, Number, PatternRef, Section, String, TemplateRef, leftmost


def lacks_input(scope: Scope, body: Expr) -> bool:
    """Whether an expression begins with an effect that is given no input: the body of a modifier bus."""
    first = leftmost(body)
    if isinstance(first, Section):
        return True
    if isinstance(first, BusRef):
        known = first.name in scope.evaluator.defined.by_name and f"~{first.name}" not in scope.bound
        return known and scope.evaluator.is_modifier(scope.version_for(first.name, first.loc), scope)
    if not isinstance(first, (Name, Call)) or first.name in scope.bound:
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


def call(scope: Scope, expr: Name | Call, left: Term | None) -> Term:
    """A call, with `left` as its input where it stands in a chain."""
    made = expr if isinstance(expr, Call) else Call(expr.name, (), (), expr.loc)
    name, evaluator = made.name, scope.evaluator
    if name in EVENT_SOURCES and left is None:
        return event_source(scope, made)
    if name == ONE_SHOT:
        shot = one_shot(scope, made)
        return shot if left is None else evaluator.binary("*", left, shot, scope, made.loc)
    if left is None and takes_voices(scope, made):
        changed = Call(name, made.args[1:], made.keywords, made.loc)
        return evaluator.link_or_leave(scope.evaluate(made.args[0], 0), changed, scope)
    if name in VALUE_SOURCES and left is None:
        return value_source(scope, made)
    definition = language().get(name)
    if definition is not None:
        return node_call(scope, definition, made, left)
    if name in evaluator.defined.by_name and not made.args:
        if left is None:
            return evaluator.reference(name, made.loc, scope)
        return evaluator.link_or_leave(left, BusRef(name, made.loc), scope)
    raise unknown(scope, name, made.loc, chained=left is not None)


def bound(scope: Scope, expr: Name | Call) -> Term:
    """What a name that the scope binds means, or a call of it."""
    meaning = scope.bound[expr.name]
    if isinstance(meaning, Macro):
        return meaning.meaning(expr, scope)
    if isinstance(expr, Call):
        raise ScoreError(f"`{expr.name}` takes no arguments: it is a value, not a function", loc=expr.loc)
    return meaning


def pasted(scope: Scope, expr: PatternRef | TemplateRef) -> Term:
    """What a `%name` or `@name` means; ScoreError where the scope binds none."""
    name = written(expr)
    if name not in scope.bound:
        raise undefined(scope, expr)
    return bound(scope, Name(name, expr.loc))


def is_function(scope: Scope, name: str) -> bool:
    """Whether what the scope binds to a name is a transform, or makes one."""
    meaning = scope.bound[name]
    return meaning.waits if isinstance(meaning, Macro) else isinstance(meaning, Function)


def takes_voices(scope: Scope, made: Call) -> bool:
    """Whether a call is a modifier in function form: what it changes is its first argument."""
    if made.name not in MODIFIERS or not made.args or isinstance(made.args[0], (Number, String)):
        return False
    if made.name in VALUE_SOURCES:
        return len(made.args) == 2
    definition = language().get(made.name)
    if definition is None or definition.ports:
        return definition is None
    term, _ = scope.behind(scope.evaluate(made.args[0], 0))
    return has_voices(term)


def event_source(scope: Scope, made: Call) -> Voices:
    """`s "..."`, `s (... $ ...)`."""
    name, evaluator = made.name, scope.evaluator
    first = pattern_argument(scope, made)
    value = scope.evaluate(first, "s")
    if not isinstance(value, StepsTerm):
        raise ScoreError(f"`{name}` needs a pattern in quotes", loc=first.loc, hint='for example: s "bd sn"')
    evaluator.notices += never_heard(value.said or (), not value.pattern.peak)
    buses = buses_in(value.said or (), evaluator.defined.synthdefs)
    pattern = control(value.pattern, "s", evaluator.words)
    instruments: dict[str, Bus] = {}
    if buses:
        synths = {word: at for word, at in buses.items() if word[0] != "~"}
        if synths:
            pattern = renamed(pattern, {word: f"~{word}" for word in synths}, evaluator.words)
        for word, at in [*((word[1:], at) for word, at in buses.items() if word[0] == "~"), *synths.items()]:
            bus = instrument(scope, word, at, value.loc)
            if bus is not None:
                instruments[word] = bus
    banks = None if value.said is None else Banks(value.said, frozenset(buses))
    played = tuple(instruments.items())
    voices: Term = Voices(pattern, (), "natural", played, scope.seed_path, made.loc, banks=banks)
    if len(made.args) == 2:
        gain = made.args[1]
        voices = evaluator.link_or_leave(voices, Call("gain", (gain,), (), gain.loc), scope)
    for key, argument, at in made.keywords:
        modifier = Call(modifier_of(name, key, at), (argument,), (), at)
        voices = evaluator.link_or_leave(voices, modifier, scope.at(f":{key}"))
    assert isinstance(voices, Voices)
    return voices


def pattern_argument(scope: Scope, made: Call) -> Expr:
    """The pattern of an event source, as it is written. Raises ScoreError for a call that has none."""
    name, arguments = made.name, made.args
    second = next((one for one in arguments[1:] if isinstance(one, Name) and one.name in EVENT_SOURCES), None)
    if second is not None:
        hint = 'two sounds are joined by `+`, or each has an output of its own: o2: s "hh*8"'
        raise ScoreError(f"`{second.name}` stands where an argument of `{name}` should", loc=second.loc, hint=hint)
    if not arguments or len(arguments) > 2:
        message = f"`{name}` takes one pattern, and perhaps a gain, not {len(arguments)} arguments"
        raise ScoreError(message, loc=made.loc, hint='for example: s "bd sn"; as an argument (s "bd sn")')
    bare = arguments[0]
    if isinstance(bare, Name) and bare.name not in {*function_names(), *scope.evaluator.defined.by_name, *scope.bound}:
        hint = f'write {name} "{bare.name}"'
        raise ScoreError(f"`{name}` needs its pattern in quotes", loc=bare.loc, hint=hint)
    return bare


def modifier_of(source: str, key: str, at: Loc) -> str:
    """The modifier that a keyword of an event source means."""
    modifier = "cut" if key == "cut_group" else key
    if modifier in MODIFIERS:
        return modifier
    if modifier in later_names():
        raise comes_later(f"`:{key}`", at)
    hint = suggestion(key, [*MODIFIERS, "cut_group"]) or f"one of {', '.join(MODIFIERS)}"
    raise ScoreError(f"`{source}` has no `:{key}`", loc=at, hint=hint)


def instrument(scope: Scope, word: str, at: Loc, loc: Loc) -> Bus | None:
    """The bus that a word of a pattern plays; with --lenient an unknown one is None, its events silent."""
    leaving = scope.evaluator.leaving
    try:
        bus = Bus(scope.final_version(word, at), loc)
        if leaving is not None:
            scope.inside(bus)  # that its mistakes are told here
        return bus
    except ScoreError as error:
        if leaving is None:
            raise
        leaving.leave(error)
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


def value_source(scope: Scope, made: Call) -> Term:
    """`n "..."` or `note "..."` standing alone: a pattern of numbers or frequencies."""
    name = made.name
    if len(made.args) != 1:
        raise ScoreError(f"`{name}` takes one pattern", loc=made.loc, hint=f'for example: {name} "0 3 7"')
    value = scope.evaluate(made.args[0], name)
    return replace(value, literal=False, pitches=True) if isinstance(value, StepsTerm) else value
