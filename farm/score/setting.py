"""Numbers and strings of a score, bound to other values before anything is built: what --set does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from farm.errors import Loc, UsageError, suggestion
from farm.score.syntax import BusDef, Number, OutputDef, Program, Statement, String, Tempo

Settings = Sequence[tuple[str, Fraction | str]]
"""Names, without a tilde, each with its value."""

TEMPO_NAMES = ("tempo", "cps", "bpm")


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
    if isinstance(value, str) or value <= 0:
        raise UsageError(f"--set {name}={shown(value)}: a tempo is a number above 0", hint="for example tempo=0.6")

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
    known = settable(program)
    if name not in known:
        there = ", ".join(["tempo", *sorted(known)])
        defined = any(isinstance(one, BusDef) and one.name == name for one in program.statements)
        why = "is no single number or string in this score" if defined else "is not in this score"
        if name in outputs(program):
            raise UsageError(f"--set {name}: `{name}` is an output, and a bus is set", hint=f"what can be set: {there}")
        hint = suggestion(name, known) or f"what can be set: {there}"
        raise UsageError(f"--set {name}: `{name}` {why}", hint=hint)
    if known[name] is Number and isinstance(value, str):
        raise UsageError(f"--set {name}={value}: `{name}` is a number in this score", hint=f"for example {name}=0.5")

    def with_value(statement: Statement) -> Statement:
        if not isinstance(statement, BusDef) or statement.name != name:
            return statement
        loc = statement.body.loc
        body = String(shown(value), loc) if isinstance(statement.body, String) or isinstance(value, str) else None
        return replace(statement, body=body or Number(Fraction(value), loc))

    return replace(program, statements=tuple(with_value(one) for one in program.statements))


def shown(value: Fraction | str) -> str:
    """A value as a score writes it."""
    if isinstance(value, str):
        return value
    return str(value.numerator) if value.denominator == 1 else repr(float(value))
