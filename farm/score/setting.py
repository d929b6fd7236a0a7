"""Numbers and strings of a score, bound to other values before anything is built: what --set does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from farm.errors import Loc, UsageError, suggestion
from farm.score.syntax import BusDef, Number, OutputDef, Program, Statement, String, Tempo
from farm.score.unreadable import HOW_NUMBERS
from workers.records import record

Settings = Sequence[tuple[str, Fraction | str]]
"""Names, without a tilde, each with its value."""

TEMPO_NAMES = ("tempo", "cps", "bpm")
OPTION = "--set"
_DIGITS = re.compile(r"-?(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})", re.ASCII)
"""What a score reads as a number; `007` alone would be the name of a bank."""


def settable(program: Program) -> dict[str, type[Number] | type[String]]:
    """What can be set besides the tempo: buses whose definitions are one number, or one string, each."""
    found: dict[str, type[Number] | type[String]] = {}
    others: set[str] = set()
    for statement in program.statements:
        if not isinstance(statement, BusDef):
            continue
        body = statement.body
        if statement.kind in (":", "=") and not statement.params and isinstance(body, Number | String):
            found[statement.name] = type(body)
        else:
            others.add(statement.name)
    return {name: kind for name, kind in found.items() if name not in others}


@record(frozen=True, slots=True, eq=False)
class Settable:
    """What a program has that can be set, and what it has that cannot: so much of it as settings are checked with."""

    kinds: Mapping[str, type[Number] | type[String]]
    """As `settable` has them."""
    others: frozenset[str]
    """Buses that are more than one number or string."""
    outputs: frozenset[str]
    score: str = "this score"
    """What messages call it."""

    def check(self, name: str, value: Fraction | str, option: str = OPTION) -> Fraction | str:
        """The value as the program takes it; `option` is where it was given. Raises UsageError for what cannot be."""
        if name in TEMPO_NAMES:
            return checked_tempo(name, value, option)
        if name not in self.kinds:
            there = f"what can be set: {', '.join([*TEMPO_NAMES, *sorted(self.kinds)])}"
            if name in self.outputs:
                raise UsageError(f"{option} {name}: `{name}` is an output, and a bus is set", hint=there)
            why = f"is no single number or string in {self.score}" if name in self.others else f"is not in {self.score}"
            hint = suggestion(name, [*TEMPO_NAMES, *self.kinds]) or there
            raise UsageError(f"{option} {name}: `{name}` {why}", hint=hint)
        if self.kinds[name] is Number:
            value = as_number(value)
            if isinstance(value, str):
                message = f"{option} {name}={value}: `{name}` is a number in {self.score}"
                raise UsageError(message, hint=how_numbers(value))
        text = shown(value)
        if '"' in text:
            bare = text.replace('"', "")
            raise UsageError(f"{option} {name}={text}: a string is set without quotes", hint=f"write {name}={bare}")
        return value


def settable_in(program: Program, score: str = "this score") -> Settable:
    """What settings of a program are checked with."""
    kinds = settable(program)
    buses = frozenset(one.name for one in program.statements if isinstance(one, BusDef))
    return Settable(kinds, buses - {*kinds}, outputs(program), score)


def checked_tempo(name: str, value: Fraction | str, option: str = OPTION) -> Fraction:
    """A tempo that is set. Raises UsageError for what is none."""
    value = as_number(value)
    if isinstance(value, str) or value <= 0:
        hint = how_numbers(value) if isinstance(value, str) else "for example tempo=0.6"
        raise UsageError(f"{option} {name}={shown(value)}: a tempo is a number above 0", hint=hint)
    return value


def bound(program: Program, settings: Settings) -> Program:
    """The program with these values in the place of those that it writes. Raises UsageError for what cannot be set."""
    for name, value in settings:
        if name in TEMPO_NAMES:
            program = with_tempo(program, name, value)
        else:
            program = with_bus(program, name, value)
    return program


def with_tempo(program: Program, name: str, value: Fraction | str) -> Program:
    """The program at a tempo: every line that states one is changed, a program without one gets one."""
    value = checked_tempo(name, value)

    def at_tempo(statement: Statement) -> Statement:
        if not isinstance(statement, Tempo):
            return statement
        return replace(statement, kind=name, value=value, signature=statement.signature if name == "bpm" else None)

    if not any(isinstance(one, Tempo) for one in program.statements):
        first = Tempo(name, value, None, Loc(program.source.name, 1, 1))
        return replace(program, statements=(first, *program.statements))
    return replace(program, statements=tuple(at_tempo(one) for one in program.statements))


def outputs(program: Program) -> frozenset[str]:
    """What a score may call its outputs."""
    numbers = {one.number for one in program.statements if isinstance(one, OutputDef)}
    return frozenset(f"{head}{number}" for number in numbers - {None} for head in "od") | (
        {"out", "main"} if None in numbers else set()
    )


def with_bus(program: Program, name: str, value: Fraction | str) -> Program:
    """The program with another number or string as a bus."""
    value = settable_in(program).check(name, value)
    text = shown(value)
    loc = place(name, text)

    def with_value(statement: Statement) -> Statement:
        if not isinstance(statement, BusDef) or statement.name != name:
            return statement
        if isinstance(statement.body, String) or isinstance(value, str):
            return replace(statement, body=String(text, loc))
        return replace(statement, body=Number(value, loc))

    return replace(program, statements=tuple(with_value(one) for one in program.statements))


def place(name: str, text: str) -> Loc:
    """Where a value stands that is set: in the option, as it is given."""
    before = f"{OPTION} {name}="
    return Loc(OPTION, 1, len(before) + 1, max(len(text), 1), f"{before}{text}".replace("\n", " "))


def as_number(value: Fraction | str) -> Fraction | str:
    """Text that a score reads as a number, as one."""
    return Fraction(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def how_numbers(text: str) -> str:
    """What to do where a number is to be set and `text` is none."""
    return f"{f'`{text}` is no number' if text else 'nothing stands behind the `=`'}; {HOW_NUMBERS}, or a fraction, 1/3"


def shown(value: Fraction | str) -> str:
    """A value as a score writes it."""
    if isinstance(value, str):
        return value
    return str(value.numerator) if value.denominator == 1 else f"{Decimal(repr(float(value))):f}"
