"""Errors: the right place, the reason, a way out; and one bad statement costs one statement."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.errors import ScoreError, show
from farm.score import Source, parse, parse_all
from farm.score.syntax import OutputDef

from .sexpr import NAMES, shown

DEEP = 1000


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("", 1, 1, "empty", "out:"),
        ("\n-- nothing\n", 1, 1, "empty", "out:"),
        ("~a: 1\ntmepo: 3", 2, 1, "tmepo", "did you mean `tempo`"),
        ('kick: s "bd"', 1, 1, "kick:", "~kick: ..."),
        ("~kick saw 3", 1, 1, "`~kick`", "~kick: ..."),
        ("this is no score", 1, 1, "no statement", "out:"),
        ("ouut ~a", 1, 1, "no statement", "did you mean `out`"),
        ("~a: 1\n\n* 3", 3, 1, "nothing above", "blank line"),
        ("out: (1 + 2", 1, 6, "`(` is never closed", "`)`"),
        ("out: (1 + [2, 3)", 1, 11, "`[` is never closed", "`]`"),
        ("out: 1 + 2)", 1, 11, "`)` closes nothing", "delete"),
        ("~a: (1\n~b: 2\nout: 3)", 1, 5, "`(` is never closed", "`)`"),
        ('out: s "bd sn', 1, 8, "string is never closed", "same line"),
        ("out: 1 /* open\n~a: 2", 1, 8, "comment is never closed", "*/"),
        ("out: 1 +\n\n~a: 2", 1, 8, "`+` has nothing on its right", "value"),
        ("out: 1 + * 2", 1, 8, "but `*` follows", "value"),
        ("out: * 2", 1, 6, "`*` has nothing on its left", None),
        ("out:", 1, 1, "nothing after it", "expression"),
        ("out: 2 3", 1, 8, "operator is missing before `3`", "join"),
        ('out: "a" "b"', 1, 10, 'operator is missing before `"b"`', "join"),
        ("out: 1e5", 1, 6, "`1e5` is no number", "digits"),
        ("out: 1.2.3", 1, 6, "`1.2.3` is no number", "digits"),
        ("out: saw 1000000000000001", 1, 10, "over 1e15", None),
        ("out: saw -" + "9" * 5000, 1, 10, "over 1e15", None),
        ("out: saw 'a'", 1, 10, "`'` means nothing", "double quotes"),
        ("out: ~ + 1", 1, 6, "`~` means nothing", "~name"),
        ("out: f (1, 2)", 1, 10, "comma", "f(a, b)"),
        ("out: 1, 2", 1, 7, "comma", "f(a, b)"),
        ("out: f(1,, 2)", 1, 10, "comma with no value", None),
        ("out: f(1 2)", 1, 10, "operator is missing", None),
        ("out: stack []", 1, 12, "without items", None),
        ("out: ()", 1, 6, "nothing between", None),
        ("out: lpf :q 1 2", 1, 15, "after a keyword", "last"),
        ("out: lpf :q", 1, 11, "has no value", ":q 0.5"),
        ("out: ~a : 3", 1, 9, "`:`", ":name value"),
        ("out: lpf 3 = 4", 1, 12, "`=`", None),
        ("tempo: fast", 1, 8, "needs a number", "tempo: 0.5"),
        ("tempo: 0", 1, 8, "above 0", None),
        ("tempo: -1", 1, 8, "above 0", None),
        ("tempo: 1 2", 1, 10, "too much", None),
        ('bpm: 120 "4"', 1, 11, "time signature", "4/4"),
        ("o: ~a", 1, 1, "needs a number", "o1:"),
        ("o99999999999: ~a", 1, 1, "output numbers", None),
        ("~add: 3", 1, 2 - 1, "reserved", "~add_bus"),
        ("~f a a $ a", 1, 6, "named twice", None),
        ("fn f a b", 1, 8, "no `=`", "fn f a b"),
        ("%p: saw 3", 1, 5, "string, a number or a bus", "%p"),
        ("outmix: tahn", 1, 9, "no rule", "did you mean `tanh`"),
        ('"bd" # lpf 3', 1, 6, "alone on its line", "out: s"),
        ("setCycle x", 1, 10, "takes a number", None),
    ],
)
def test_error_places(text: str, line: int, column: int, message: str, hint: str | None) -> None:
    with pytest.raises(ScoreError) as caught:
        parse(Source("t.ph", text), NAMES)
    error = caught.value
    assert error.loc is not None
    assert message in error.message, error.message
    assert (error.loc.line, error.loc.column) == (line, column), show(error)
    assert error.loc.text == text.split("\n")[line - 1]
    if hint is not None:
        assert error.hint is not None
        assert hint in error.hint


def test_one_bad_statement_costs_one_statement() -> None:
    text = "~a: 1 +\n\n~b: (2\n~c: 3\nfoo\nbar\nout: ~c )\n~d: 4\nnonsense: 1\nout: ~d"
    program, errors = parse_all(Source("t.ph", text), NAMES)
    assert [shown(statement) for statement in program.statements] == ["~d : 4", "out : ~d"]
    assert [error.loc.line for error in errors if error.loc] == [1, 3, 5, 7, 9]


def test_parse_raises_the_first_error() -> None:
    with pytest.raises(ScoreError) as caught:
        parse(Source("t.ph", "~a: 1\n~b: *\n~c: (\n"))
    assert caught.value.loc is not None
    assert caught.value.loc.line == 2


@pytest.mark.parametrize(
    "text",
    [
        "out: " + "(" * DEEP + "1" + ")" * DEEP,
        "out: " + "[" * DEEP + "1" + "]" * DEEP,
        "out: " + "f(" * DEEP + "1" + ")" * DEEP,
        "out: " + "(" * 100_000,
        "out: 1" + ")" * 100_000,
        "out: " + "- " * DEEP + "1",
        "out: f (" * DEEP,
    ],
)
def test_deep_nesting_is_an_error_for_people(text: str) -> None:
    with pytest.raises(ScoreError):
        parse(Source("t.ph", text))


def test_nesting_up_to_the_limit_is_read() -> None:
    (statement,) = parse(Source("t.ph", "out: " + "f (" * 200 + "1" + ")" * 200)).statements
    assert isinstance(statement, OutputDef)
    with pytest.raises(ScoreError, match="200"):
        parse(Source("t.ph", "out: " + "f (" * 201 + "1" + ")" * 201))


def test_long_sums_are_no_nesting() -> None:
    (statement,) = parse(Source("t.ph", "out: " + " + ".join(["~a"] * 5000))).statements
    assert isinstance(statement, OutputDef)


FRAGMENTS = [
    *"( ) [ ] # $ + - * / , : = ~ \" ' \n \\ . | < > % @ { } ~a %p @t saw lpf out out: ~a: ~b\xa0$ tempo: fn f".split(
        " "
    ),
    *[
        "synthdef",
        "every'",
        "-- c",
        "/*",
        "*/",
        "//",
        "|+",
        "+|",
        "~*",
        "0.5",
        "-3",
        "1e9",
        '"bd sn"',
        " ",
        "\n",
        "\n\n",
    ],
    *["# lpf 3", "# Foo", ":q 2", "hush2", "outmix:", "bpm 3", "x =", "é", "\x00", "\t", "\r\n", "f(", "~midi:a"],
]
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=40)


@given(fragments, st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_text_gives_a_program_or_score_errors(parts: list[str], spaced: bool) -> None:
    check_any((" " if spaced else "").join(parts))


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_characters_give_a_program_or_score_errors(text: str) -> None:
    check_any(text)


def check_any(text: str) -> None:
    source = Source("t.ph", text)
    program, errors = parse_all(source, NAMES)
    assert program.statements or errors
    for error in errors:
        assert isinstance(error, ScoreError)
        assert error.loc is not None
        assert error.loc.text == source.lines[error.loc.line - 1]
        assert 1 <= error.loc.column <= len(error.loc.text) + 1
        assert show(error)
