"""Syntax trees as short s-expressions, for comparing."""

from __future__ import annotations

from farm.score import Source, parse
from farm.score.syntax import (
    Apply,
    BarePattern,
    Binary,
    BusDef,
    BusRef,
    Call,
    Chain,
    Command,
    Expr,
    FunctionDef,
    ListExpr,
    Name,
    Negate,
    Number,
    OutputDef,
    PatternDef,
    PatternRef,
    Section,
    Statement,
    String,
    TemplateDef,
    TemplateRef,
    Tempo,
)

NAMES = frozenset(
    "sine saw square noise s n note lpf hpf reverb delay mul add gain env fast slow rev every stut jux stack speed "
    "chorus schmidt adsr late swing sp impulse distortion".split()
)


def sexpr(expr: Expr) -> str:
    """`(+ 1 (lpf 800))`."""
    match expr:
        case Number(value):
            return str(value)
        case String(text):
            return f'"{text}"'
        case BusRef(name):
            return f"~{name}"
        case PatternRef(name):
            return f"%{name}"
        case TemplateRef(name):
            return f"@{name}"
        case Name(name):
            return name
        case Call(name, args, keywords):
            parts = [name, *map(sexpr, args), *(f":{key} {sexpr(value)}" for key, value, _ in keywords)]
            return f"({' '.join(parts)})" if len(parts) > 1 else f"({name})"
        case Chain(left, right):
            return f"(# {sexpr(left)} {sexpr(right)})"
        case Apply(left, right):
            return f"($ {sexpr(left)} {sexpr(right)})"
        case Binary(op, left, right):
            return f"({op} {sexpr(left)} {sexpr(right)})"
        case Negate(operand):
            return f"(neg {sexpr(operand)})"
        case Section(body):
            return f"(section {sexpr(body)})"
        case ListExpr(items):
            return f"[{' '.join(map(sexpr, items))}]"


def shown(statement: Statement) -> str:
    """A statement on one line."""
    match statement:
        case Tempo(kind, value, signature):
            return f"{kind} {value}" + (f" {signature}" if signature else "")
        case BusDef(name, params, body, kind):
            return " ".join([f"~{name}", *params, kind, sexpr(body)])
        case OutputDef(number, body, chained):
            return f"out{'' if number is None else number} {'#' if chained else ':'} {sexpr(body)}"
        case PatternDef(name, body):
            return f"%{name} {sexpr(body)}"
        case TemplateDef(name, body):
            return f"@{name} {sexpr(body)}"
        case FunctionDef(name, params, body):
            return " ".join(["fn", name, *params, "=", sexpr(body)])
        case Command(name, args):
            return " ".join([name, *map(sexpr, args)])
        case BarePattern(string):
            return sexpr(string)


def program(text: str, names: frozenset[str] = NAMES) -> list[str]:
    """The statements of a score that has no errors."""
    return [shown(statement) for statement in parse(Source("test.ph", text), names).statements]


def expression(text: str) -> str:
    """The tree of one expression."""
    (statement,) = parse(Source("test.ph", "out: " + text), NAMES).statements
    assert isinstance(statement, OutputDef)
    return sexpr(statement.body)
