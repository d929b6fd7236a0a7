"""Every statement form, legacy heads, how lines become statements, and comments."""

from __future__ import annotations

import pytest

from farm.score import Source, parse

from .sexpr import NAMES, program


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tempo: 0.5", "tempo 1/2"),
        ("cps: 2", "cps 2"),
        ('bpm: 120 "3/4"', "bpm 120 3/4"),
        ("tempo:2", "tempo 2"),
        ("tempo 2.0", "tempo 2"),
        ("tempo = 2.0  # 120 BPM", "tempo 2"),
        ("~a: saw 3", "~a : (saw 3)"),
        ("~a:saw 3", "~a : (saw 3)"),
        ("~a $ saw 3", "~a $ (saw 3)"),
        ("~a $ fast 2", "~a $ (fast 2)"),
        ("~a # lpf 800 1 # hpf 100 1", "~a # (# (lpf 800 1) (hpf 100 1))"),
        ('~acc # "1 .5"', '~acc # "1 .5"'),
        ("~a = saw 3", "~a = (saw 3)"),
        ("a = saw 3", "~a = (saw 3)"),
        ("~f x y $ x * y", "~f x y $ (* x y)"),
        ("fn f x y = x * y", "fn f x y = (* x y)"),
        ("fn f = 3", "fn f = 3"),
        ("synthdef cmaj saw 3 * 2", "~cmaj synthdef (* (saw 3) 2)"),
        ("out: ~a", "out : ~a"),
        ("out $ ~a + ~b", "out : (+ ~a ~b)"),
        ("out = ~a", "out : ~a"),
        ("out # lpf 3", "out # (lpf 3)"),
        ("out ~a * 2", "out : (* ~a 2)"),
        ("out -~a", "out : (neg ~a)"),
        ('out "bd"', 'out : "bd"'),
        ("out(~a)", "out : ~a"),
        ("main: ~a", "out : ~a"),
        ("o1: ~a", "out1 : ~a"),
        ("o12 $ ~a", "out12 : ~a"),
        ("out3: ~a", "out3 : ~a"),
        ("d2: ~a", "out2 : ~a"),
        ("d2 ~a", "out2 : ~a"),
        ("o2 # lpf 3", "out2 # (lpf 3)"),
        ('%p: "0 3 7"', '%p "0 3 7"'),
        ("%p: -3", "%p -3"),
        ("%p: ~lfo", "%p ~lfo"),
        ("@t: saw 3 # lpf 800", "@t (# (saw 3) (lpf 800))"),
        ("outmix: tanh", "outmix tanh"),
        ("buffer: 512", "buffer 512"),
        ("hush", "hush"),
        ("hush2", "hush 2"),
        ("unhush", "unhush"),
        ("unhush3", "unhush 3"),
        ("panic", "panic"),
        ("resetCycles", "resetCycles"),
        ("setCycle 4", "setCycle 4"),
        ("nudge -0.1", "nudge -1/10"),
        ('"bd sn"', '"bd sn"'),
        ('""', '""'),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert program(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~a: saw 3\n  # lpf 800\n  # gain 0.5", ["~a : (# (# (saw 3) (lpf 800)) (gain 1/2))"]),
        ("~a: saw 3\n  * 0.5\n+ ~b", ["~a : (+ (* (saw 3) 1/2) ~b)"]),
        ('~a: s "bd"\n$ fast 2', ['~a : ($ (s "bd") (fast 2))']),
        ("out = ( ~a +\n  ~b\n\n -- remark\n  # lpf 300\n) * 0.7", ["out : (* (# (+ ~a ~b) (lpf 300)) 7/10)"]),
        (
            "out: stack [\n  ~a # lpf 300,\n  ~b $ rev\n]\n~c: 1",
            ["out : (stack [(# ~a (lpf 300)) ($ ~b rev)])", "~c : 1"],
        ),
        ("out: ~a +\n~b # lpf 300", ["out : (# (+ ~a ~b) (lpf 300))"]),
        ("out: ~a + -- the bass\n~b", ["out : (+ ~a ~b)"]),
        ("out: ~a +\n-- the bass\n~b", ["out : (+ ~a ~b)"]),
        ("out: saw 3 -- the bass\n  # lpf 300 -- dark\n  # gain 2", ["out : (# (# (saw 3) (lpf 300)) (gain 2))"]),
        ("out:\n  ~a # lpf 3", ["out : (# ~a (lpf 3))"]),
        ("~a: saw 3\n~b # lpf 3", ["~a : (saw 3)", "~b # (lpf 3)"]),
        ("~a: reverb ~b\n  :room 0.5\n  :mix 0.2", ["~a : (reverb ~b :room 1/2 :mix 1/5)"]),
        ('"bd"\n"sn hh"', ['"bd"', '"sn hh"']),
        ("~a: 1\nout 2\ntempo 3\nb = 4\nhush", ["~a : 1", "out : 2", "tempo 3", "~b = 4", "hush"]),
        ("~a: 1\r\n~b: 2\r\n", ["~a : 1", "~b : 2"]),
        ("\ufeff~a: 1\n\t~b: 2", ["~a : 1", "~b : 2"]),
    ],
)
def test_lines_become_statements(text: str, expected: list[str]) -> None:
    assert program(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-- head\n~a: 1 -- tail\n--", ["~a : 1"]),
        ("// head\n~a: 1 // tail", ["~a : 1"]),
        ("/* head\nout: 3 */ ~a: /* in */ 1 /* tail\n more */\n~b: 2", ["~a : 1", "~b : 2"]),
        ("~a: saw 3 /* one\n two */\n # lpf 300", ["~a : (# (saw 3) (lpf 300))"]),
        ("~a: 1 /* one\n two */ ~b: 2", ["~a : 1", "~b : 2"]),
        ("# this is a comment\n~a: 1\n# kick on every beat\n~b: 2", ["~a : 1", "~b : 2"]),
        ("~a: saw 3  # Bass line\n~b: 2 # 2 of them", ["~a : (saw 3)", "~b : 2"]),
        ("~a: saw 3\n# lpf of the bass\n~b: 2", ["~a : (saw 3)", "~b : 2"]),
        ("~a: saw 3\n# foo 300\n~b: 2", ["~a : (saw 3)", "~b : 2"]),
        ("~a: saw 3\n#lpf 300\n~b: 2", ["~a : (# (saw 3) (lpf 300))", "~b : 2"]),
        ("~a: impulse 8\n# noise\n# mul 0.1", ["~a : (# (# (impulse 8) noise) (mul 1/10))"]),
        ("~a: impulse 8\n# noise # mul 0.1", ["~a : (# (# (impulse 8) noise) (mul 1/10))"]),
        ("~a: saw 3\n# ~acid\n# ~b", ["~a : (# (# (saw 3) ~acid) ~b)"]),
        ("~a: saw 3\n# ~acid is loud", ["~a : (saw 3)"]),
        ("cut = sine 3\n~a: saw 3\n# lpf cut 3", ["~cut = (sine 3)", "~a : (# (saw 3) (lpf cut 3))"]),
        ("fn dark = 3\n~a: saw 3\n# dark (3)", ["fn dark = 3", "~a : (# (saw 3) (dark 3))"]),
        ('~a: s "bd -- // /* # no" # lpf 3', ['~a : (# (s "bd -- // /* # no") (lpf 3))']),
    ],
)
def test_comments(text: str, expected: list[str]) -> None:
    assert program(text) == expected


def test_without_names_what_looks_like_a_chain_is_one() -> None:
    assert program("~a: saw 3\n# foo 300", frozenset()) == ["~a : (# (saw 3) (foo 300))"]


def test_a_chain_that_continues_nothing_is_noticed() -> None:
    result = parse(Source("t", "~a: saw 3\n\n# lpf 300 1\nout: ~a"), NAMES)
    assert len(result.statements) == 2
    (notice,) = result.notices
    assert notice.loc is not None
    assert notice.loc.line == 3


def test_a_misspelt_chain_is_noticed() -> None:
    result = parse(Source("t", "~a: saw 3\n  # lfp 300\nout: ~a"), NAMES)
    (notice,) = result.notices
    assert notice.hint == "did you mean `lpf`?"
    assert notice.loc is not None
    assert (notice.loc.line, notice.loc.column) == (2, 5)


@pytest.mark.parametrize(
    ("line", "columns", "hint"),
    [
        ("~a: saw 3 ## lpf 300", (11, 6), "one `#` joins an effect: # lpf 300"),
        ("~a: saw 3 # # ~b # lpf 3", (11, 6), "one `#` joins an effect: # ~b # lpf 3"),
        ("~a: saw 3 # # lpf 300", (11, 7), "one `#` joins an effect: # lpf 300"),
        (
            "~a: saw 3 # lpf 9 ### noise (~b * 2) # gain 0.5  ",
            (19, 9),
            "one `#` joins an effect: # noise (~b * 2) # gain 0.5",
        ),
        ('~a: saw 3 # LPF "300 400" 2', (11, 5), 'names of effects have no capital letters: # lpf "300 400" 2'),
        ("~a: saw 3\n  # LPF 300", (3, 5), "names of effects have no capital letters: # lpf 300"),
    ],
)
def test_a_remark_that_reads_like_an_effect_is_noticed(line: str, columns: tuple[int, int], hint: str) -> None:
    result = parse(Source("t", line), NAMES | {"noise", "gain"})
    (notice,) = result.notices
    assert notice.message == "the rest of this line is a remark"
    assert notice.hint == hint
    assert notice.loc is not None
    assert notice.loc[1:4] == (1 + line.count("\n"), *columns)


@pytest.mark.parametrize(
    "remark",
    [
        "# 120 BPM",
        "## lpf is nice",
        "## lpf 300 and more",
        "## unknown 300",
        "# Lpf at 300",
        "# LPF 300: dark",
        "## lpf",
        "## " + "lpf " * 5000,
        "## lpf 1 " + "a" * 50_000 + "!",
        "# Bass 3",
    ],
)
def test_a_remark_that_does_not_is_none(remark: str) -> None:
    assert not parse(Source("t", f"~a: saw 3 {remark}"), NAMES).notices


def test_a_line_that_was_switched_off_is_no_mistake() -> None:
    assert not parse(Source("t", "~a: saw 3\n## lpf 300"), NAMES).notices
    assert not parse(Source("t", "~a: saw 3\n\n# LPF 300"), NAMES).notices
