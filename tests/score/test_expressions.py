"""Precedence, calls, minus signs: trees compared as s-expressions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from farm.score import Source, parse
from farm.score.syntax import Binary, Call, Chain, Number, OutputDef, String, spine

from .sexpr import expression


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("saw 55 # lpf 800 1.2 * 0.3", "(# (saw 55) (* (lpf 800 6/5) 3/10))"),
        ("~x # lpf 800 1 * 0.3 + ~b", "(# ~x (+ (* (lpf 800 1) 3/10) ~b))"),
        ("~a + ~b # reverb 0.7 0.5", "(# (+ ~a ~b) (reverb 7/10 1/2))"),
        ("~a # lpf 500 1 + ~b # gain 0.5", "(# (# ~a (+ (lpf 500 1) ~b)) (gain 1/2))"),
        ("sine 0.5 * 0.5 + 0.5", "(+ (* (sine 1/2) 1/2) 1/2)"),
        ('s "bd" $ fast 2 $ rev', '($ ($ (s "bd") (fast 2)) rev)'),
        (
            'jux rev $ stut 8 0.125 0.1 $ s "bd" # ar 0 1 # note "0"',
            '(# (# ($ ($ (jux rev) (stut 8 1/8 1/10)) (s "bd")) (ar 0 1)) (note "0"))',
        ),
        ("1 + 2 - 3 * 4 / 5", "(- (+ 1 2) (/ (* 3 4) 5))"),
        ("(1 + 2) * 3", "(* (+ 1 2) 3)"),
        ('note ("0 3 7" + "<24 12>")', '(note (+ "0 3 7" "<24 12>"))'),
        ('"0 1" |+ "2" |* "3"', '(|+ "0 1" (|* "2" "3"))'),
        ('"0" +| "1" |> "2" <| "3" |- "4" -| "5"', '(-| (|- (<| (|> (+| "0" "1") "2") "3") "4") "5")'),
        ('"1" |/ "2" /| "3" *| "4"', '(*| (/| (|/ "1" "2") "3") "4")'),
        ("~a ~* ~b ~+ ~c ~- 1 ~/ 2", "(~- (~+ (~* ~a ~b) ~c) (~/ 1 2))"),
        ("-~a * 2", "(* (neg ~a) 2)"),
        ("~a # (~b # lpf 3)", "(# ~a (# ~b (lpf 3)))"),
        ("~a $ (~b $ rev)", "($ ~a ($ ~b rev))"),
    ],
)
def test_precedence(text: str, tree: str) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("lpf ~bass 800 1.2", "(lpf ~bass 800 6/5)"),
        ("reverb (chorus (saw 110) 1 0.5 0.3) 0.7", "(reverb (chorus (saw 110) 1 1/2 3/10) 7/10)"),
        ("noise", "noise"),
        ("moog_ladder brown_noise 150 0.6", "(moog_ladder brown_noise 150 3/5)"),
        ("~f ~a 3", "(~f ~a 3)"),
        ("foo ~f 3", "(foo ~f 3)"),
        ("lpf %cut @q x", "(lpf %cut @q x)"),
        ("stack [~a # lpf 3, saw 2 * 0.5,]", "(stack [(# ~a (lpf 3)) (* (saw 2) 1/2)])"),
        ("wchoose [[1, 2], [~a, 3]]", "(wchoose [[1 2] [~a 3]])"),
        ("lpf 800 :q 0.7", "(lpf 800 :q 7/10)"),
        ("lpf :cutoff -3 :q (1 + 2)", "(lpf :cutoff -3 :q (+ 1 2))"),
        ("f(a, b + 1, c # lpf 2)", "(f a (+ b 1) (# c (lpf 2)))"),
        ("f (a) b", "(f a b)"),
        ("f(a) b", "(f a b)"),
        ("f(a)", "(f a)"),
        ("f()", "(f)"),
        ("f((1 + 2) * 3, 4)", "(f (* (+ 1 2) 3) 4)"),
        ("~f(1, 2)", "(~f 1 2)"),
        ("g f(1, 2) 3", "(g (f 1 2) 3)"),
        ('s("bd(5,16)" "1.0 0.8")', '(s "bd(5,16)" "1.0 0.8")'),
        ('lpf("200 500", 3)', '(lpf "200 500" 3)'),
        ("reverb(~d + ~b * 0.25, 0.4, :mix 0.2)", "(reverb (+ ~d (* ~b 1/4)) 2/5 :mix 1/5)"),
        ("saw 3 # f(2, 3)", "(# (saw 3) (f 2 3))"),
        ("every 4 (# lpf 300 # hpf 20) $ ~a", "($ (every 4 (section (# (lpf 300) (hpf 20)))) ~a)"),
        ("every 2 (fast 2 $ rev) $ ~a", "($ (every 2 ($ (fast 2) rev)) ~a)"),
        ("every' 4 1 rev $ ~a", "($ (every' 4 1 rev) ~a)"),
        ("impulse 2 * sp bd", "(* (impulse 2) (sp bd))"),
        ("~midi:a:b * 2", "(* ~midi:a:b 2)"),
        ('"bd" # "1 .5"', '(# "bd" "1 .5")'),
    ],
)
def test_calls(text: str, tree: str) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("speed -0.5", "(speed -1/2)"),
        ("late - 1", "(- late 1)"),
        ("sine 440 -0.5", "(sine 440 -1/2)"),
        ("sine 440 - 0.5", "(- (sine 440) 1/2)"),
        ("sine 440-0.5", "(- (sine 440) 1/2)"),
        ("~a -0.5", "(- ~a 1/2)"),
        ("~a-0.5", "(- ~a 1/2)"),
        ("(sine 1) -0.5", "(- (sine 1) 1/2)"),
        ('"1 2" -1', '(- "1 2" 1)'),
        ("2 -1", "(- 2 1)"),
        ("f(1) -2", "(- (f 1) 2)"),
        ("schmidt ~x -0.1 0.1", "(schmidt ~x -1/10 1/10)"),
        ("lpf -~a", "(- lpf ~a)"),
        ("-0.5 * ~a", "(* -1/2 ~a)"),
        ("- 0.5", "(neg 1/2)"),
        ("-(saw 3)", "(neg (saw 3))"),
        ("- - -2", "(neg (neg -2))"),
        ("late -.5", "(late -1/2)"),
        ("1 * -2", "(* 1 -2)"),
    ],
)
def test_minus(text: str, tree: str) -> None:
    assert expression(text) == tree


def test_a_legacy_variable_takes_no_arguments() -> None:
    program = parse(Source("t", "bass = saw 55\nout = bass -0.5"))
    output = program.statements[1]
    assert isinstance(output, OutputDef)
    assert isinstance(output.body, Binary)
    assert output.body.op == "-"


def test_numbers_are_exact() -> None:
    (statement,) = parse(Source("t", "out: 0.1 + 1000000000000000")).statements
    assert isinstance(statement, OutputDef)
    assert isinstance(statement.body, Binary)
    assert isinstance(statement.body.left, Number)
    assert isinstance(statement.body.right, Number)
    assert statement.body.left.value == Fraction(1, 10)
    assert statement.body.right.value == 10**15


def test_places() -> None:
    text = '\n~x: 1\nout: s "bd sn" # lpf -20.5 :q 2'
    output = parse(Source("t.ph", text)).statements[1]
    assert isinstance(output, OutputDef)
    assert (output.loc.line, output.loc.column, output.loc.length) == (3, 1, 3)
    chain = output.body
    assert isinstance(chain, Chain)
    assert (chain.loc.column, chain.loc.text) == (16, text.split("\n")[2])
    call = chain.left
    assert isinstance(call, Call)
    string = call.args[0]
    assert isinstance(string, String)
    assert (string.loc.column, string.loc.length) == (9, 5)
    effect = chain.right
    assert isinstance(effect, Call)
    assert (effect.loc.column, effect.loc.length) == (18, 3)
    assert (effect.args[0].loc.column, effect.args[0].loc.length) == (22, 5)
    assert (effect.keywords[0][2].column, effect.keywords[0][2].length) == (29, 1)


def test_spine_walks_operators_from_the_inside() -> None:
    (statement,) = parse(Source("t", "out: ~a + ~b * 2 # lpf 3")).statements
    assert isinstance(statement, OutputDef)
    first, operators = spine(statement.body)
    assert first == statement.body.left.left  # type: ignore[union-attr]
    assert [type(operator).__name__ for operator in operators] == ["Binary", "Chain"]
