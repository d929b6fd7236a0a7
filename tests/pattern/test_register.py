"""Transforms: the examples of their docstrings hold, errors say why, one decorated function is enough."""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

import farm.pattern.transforms as package
from farm.cli.entries import of_transform
from farm.errors import DefinitionError, Loc, Notice, ScoreError
from farm.pattern.control import control
from farm.pattern.kinds import Argument, Binding, Kind
from farm.pattern.later import LATER_TRANSFORMS
from farm.pattern.mini import parse
from farm.pattern.pattern import Pattern
from farm.pattern.register import DEFINED, transform, transforms
from farm.pattern.words import Words
from workers.records import record

HERE = Loc("test.ph", 1, 8)
TOKEN = re.compile(r'\s*("[^"]*"|[()$]|-?[\d.]+|[\w\']+)')


class Example:
    """Applies `every 2 (rev) $ "a b"`, as it stands in a docstring."""

    def __init__(self, text: str) -> None:
        self.words = Words()
        self.tokens = TOKEN.findall(text)

    def pattern(self) -> Pattern:
        change = self.chain("$")
        self.tokens.pop(0)
        return change(self.mini(self.tokens.pop(0)))

    def chain(self, end: str) -> Callable[[Pattern], Pattern]:
        transform = transforms()[self.tokens.pop(0)]
        args: list[Argument] = []
        while self.tokens[0] != end:
            token = self.tokens.pop(0)
            if token == "(":
                args.append(self.chain(")"))
                self.tokens.pop(0)
            else:
                args.append(self.mini(token) if token[0] == '"' else F(token))
        return lambda pattern: transform.apply(args, pattern, 1, HERE, self.words)

    def mini(self, text: str) -> Pattern:
        return parse(text.strip('"'), HERE, self.words, 1)


def onsets(pattern: Pattern, words: Words, cycle: int) -> Counter[tuple[F, str]]:
    haps = pattern.query(np.array([cycle]))
    begun = [j for j in range(len(haps)) if haps.times[0, j] == haps.times[2, j]]
    values = haps.column("v")
    return Counter((F(int(haps.times[0, j]), haps.den), words.text(int(values[j]))) for j in begun)


@pytest.mark.parametrize("name", sorted(transforms()))
def test_examples_hold(name: str) -> None:
    call, expected = transforms()[name].example.split("->")
    example = Example(call)
    pattern = example.pattern()
    for cycle, text in enumerate(expected.split(" | ")):
        wanted = onsets(parse(text, HERE, example.words, 1), example.words, 0)
        assert onsets(pattern, example.words, cycle) == wanted, (name, cycle)


def test_every_transform_is_described() -> None:
    for one in transforms().values():
        assert one.doc.endswith(".")
        assert one.example.startswith(one.name)
        assert one.signature.split()[0] == one.name
    assert transforms()["degrade_by"] is transforms()["degradeBy"]
    stut = transforms()["stut"]
    assert [(one.name, one.kind.name) for one in stut.arguments] == [
        ("n", "count"),
        ("time", "ratio"),
        ("decay", "amount"),
    ]


@pytest.fixture
def temporary_transform(tmp_path: Path) -> Iterator[str]:
    name = "a_transform_of_this_test"
    (tmp_path / f"{name}.py").write_text(
        "from __future__ import annotations\n"
        "from farm.pattern.pattern import Pattern\n"
        "from farm.pattern.sequences import stack\n"
        "from farm.pattern.register import Count, Pat, transform\n"
        "@transform\n"
        "def thicken(other: Pat, pattern: Pattern, *, seed: int) -> Pattern:\n"
        '    """Plays another pattern too.\n\n'
        '    thicken "c" $ "a"  ->  a,c\n    """\n'
        "    return stack([pattern, other])\n"
    )
    package.__path__.append(str(tmp_path))
    yield name
    package.__path__.remove(str(tmp_path))
    sys.modules.pop(f"{package.__name__}.{name}", None)
    DEFINED.pop("thicken", None)
    transforms.cache_clear()


def test_a_module_in_the_folder_is_found(temporary_transform: str) -> None:
    assert "thicken" not in transforms()
    importlib.invalidate_caches()
    transforms.cache_clear()
    example = Example('thicken "c d" $ "a"')
    assert onsets(example.pattern(), example.words, 0) == Counter({(F(0), "a"): 1, (F(0), "c"): 1, (F(1, 2), "d"): 1})


@pytest.mark.parametrize("decorator", ["@transform", '@transform(name="fast")', '@transform(aliases=("fast",))'])
def test_a_second_transform_of_a_name_is_refused(tmp_path: Path, decorator: str) -> None:
    named = "fast" if decorator == "@transform" else "quick"
    path = tmp_path / "another.py"
    path.write_text(
        "from farm.pattern.pattern import Pattern\n"
        "from farm.pattern.register import transform\n"
        f"{decorator}\n"
        f"def {named}(pattern: Pattern) -> Pattern:\n"
        f'    """Plays it.\n\n    {named} $ "a"  ->  a\n    """\n'
        "    return pattern\n"
    )
    before = dict(transforms())
    with pytest.raises(DefinitionError) as caught:
        exec(compile(path.read_text(), str(path), "exec"), {"__name__": "another"})
    assert caught.value.loc is not None
    assert (caught.value.loc.file, caught.value.loc.line) == (str(path), 3)
    assert caught.value.message.startswith("`fast` is a transform already, in ")
    assert "farm/pattern/transforms/time.py:" in caught.value.message
    assert transforms() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def odd(n: int, pattern: Pattern) -> Pattern:\n    {doc}\n    return pattern\n", "annotate `n` with Ratio"),
        ("def odd(n, pattern: Pattern) -> Pattern:\n    {doc}\n    return pattern\n", "annotate `n` with Ratio"),
        ("def odd(pattern: Pattern, n: Ratio) -> Pattern:\n    {doc}\n    return pattern\n", "takes its pattern last"),
        ("def odd() -> Pattern:\n    {doc}\n    return 0\n", "takes its pattern last"),
        ("def odd(pattern: Pattern) -> Pattern:\n    return pattern\n", "needs a first line and an example"),
        ("def odd(pattern: Pattern, *, pace: int) -> Pattern:\n    {doc}\n    return pattern\n", "seed, words and loc"),
    ],
)
def test_a_transform_that_breaks_a_rule_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "odd.py"
    head = (
        "from farm.pattern.pattern import Pattern\nfrom farm.pattern.register import Ratio, transform\n\n@transform\n"
    )
    doc = '"""Plays it.\n\n    odd $ "a"  ->  a\n    """'
    path.write_text(head + text.replace("{doc}", doc))
    with pytest.raises(DefinitionError, match=said) as caught:
        exec(compile(path.read_text(), str(path), "exec"), {"__name__": "odd"})
    assert caught.value.loc is not None
    assert (caught.value.loc.file, caught.value.loc.line) == (str(path), 4)
    assert "odd" not in transforms()


@record(frozen=True, slots=True, eq=False)
class Switch(Kind):
    """0 or 1."""

    @property
    def patterned(self) -> bool:
        return True

    def bind(self, binding: Binding, argument: Argument) -> bool:
        if argument not in (0, 1):
            raise binding.wrong(f"needs {self.article} for `{binding.parameter.name}`")
        return bool(argument)


SWITCH = Switch("switch", "0 or 1", "switch")


def test_a_kind_of_argument_is_one_object() -> None:
    def turned(back: Annotated[bool, SWITCH], pattern: Pattern) -> Pattern:
        """Turns each cycle, or not.

        turned 1 $ "a b"  ->  b a
        """
        return rev(pattern) if back else pattern

    turned.__annotations__ = {"back": Annotated[bool, SWITCH], "pattern": Pattern, "return": Pattern}
    transform(turned)
    try:
        example = Example('turned "<0 1>" $ "a b"')
        pattern = example.pattern()
        turns = [onsets(pattern, example.words, cycle) for cycle in (0, 1)]
        assert turns[0] == Counter({(F(0), "a"): 1, (F(1, 2), "b"): 1})
        assert turns[1] == Counter({(F(0), "b"): 1, (F(1, 2), "a"): 1})
        with pytest.raises(ScoreError, match="`turned` needs 0 or 1 for `back`"):
            apply("turned", 2)
        words = Words()
        with pytest.raises(ScoreError, match="`turned` needs 0 or 1, not `x`"):
            apply("turned", parse("x", HERE, words, 1), words=words)
        page = of_transform(transforms()["turned"])
        assert [(one.name, one.unit) for one in page.arguments] == [("back", "switch")]
    finally:
        DEFINED.pop("turned")


def test_a_module_that_fails_leaves_nothing(temporary_transform: str, tmp_path: Path) -> None:
    (tmp_path / "b_fails.py").write_text("1 / 0\n")
    importlib.invalidate_caches()
    for _ in range(2):
        transforms.cache_clear()
        with pytest.raises(ZeroDivisionError):
            transforms()
        assert "thicken" not in DEFINED
        sys.modules.pop(f"{package.__name__}.{temporary_transform}")
    (tmp_path / "b_fails.py").unlink()
    importlib.invalidate_caches()
    assert "thicken" in transforms()


def apply(name: str, *args: Argument, text: str = "a b", words: Words | None = None) -> Pattern:
    words = words or Words()
    return transforms()[name].apply(args, parse(text, HERE, words, 1), 1, HERE, words)


def rev(pattern: Pattern) -> Pattern:
    return transforms()["rev"].apply([], pattern, 1, HERE)


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("fast", (), "takes one argument, not 0"),
        ("every", (2,), "takes 2 arguments, not 1"),
        ("rev", (2,), "takes no arguments, not 1"),
        ("fast", (0,), "above 0"),
        ("slow", (F(-1, 2),), "above 0"),
        ("fast", (rev,), "needs a number for `n`, not a transform"),
        ("every", (2, 3), "needs a transform for `f`, not a number"),
        ("fast", (1e300,), "1e15"),
        ("fast", (float("nan"),), "needs a number"),
        ("fast", (10**9,), "haps in one cycle"),
        ("ply", (4000,), ""),
    ],
)
def test_wrong_arguments_are_explained(name: str, args: tuple[Argument, ...], reason: str) -> None:
    text = "a*100" if name == "ply" else "a b"
    with pytest.raises(ScoreError) as caught:
        apply(name, *args, text=text)
    assert reason in caught.value.message
    assert caught.value.loc == HERE
    assert f"`{transforms()[name].signature}`" in (caught.value.hint or "")


def test_a_patterned_argument_that_makes_no_sense_is_an_error() -> None:
    words = Words()
    for text in ("<2 0>", "2 -1", "<2 x>"):
        with pytest.raises(ScoreError):
            apply("fast", parse(text, HERE, words, 1), words=words).query(np.arange(2))


def test_a_constant_outside_its_range_is_clamped_and_told() -> None:
    words, notices = Words(), list[Notice]()
    pattern = parse("a*8", HERE, words, 1)
    clamped = transforms()["degradeBy"].apply([F(3, 2)], pattern, 1, HERE, words, notices)
    assert len(clamped.query(np.arange(4))) == 0
    assert "0 to 1" in notices[0].message
    assert notices[0].loc == HERE


def test_a_constant_pattern_is_a_constant() -> None:
    words = Words()
    assert apply("fast", parse("2", HERE, words, 1), words=words).period == 1


def test_random_transforms_depend_on_their_seed_only() -> None:
    words = Words()
    pattern = parse("a*16", HERE, words, 1)
    degrade = transforms()["degrade"]

    def kept(seed: int) -> list[int]:
        times: list[int] = degrade.apply([], pattern, seed, HERE).query(np.arange(8)).times[0].tolist()
        return times

    assert kept(1) == kept(1) != kept(2)
    assert 40 < len(kept(1)) < 90


def test_jux_and_stut_scale_what_is_there_and_what_comes_later() -> None:
    from farm.pattern.control import merge

    words = Words()
    sound = control(parse("bd", HERE, words, 1), "s", words)
    pan = control(parse("0.5", HERE, words, 1), "pan", words)
    gain = control(parse("0.8", HERE, words, 1), "gain", words)
    juxed = transforms()["jux"].apply([rev], sound, 1, HERE)
    assert juxed.query(np.arange(1)).column("pan").tolist() == [-1.0, 1.0]
    before = transforms()["jux"].apply([rev], merge(sound, pan), 1, HERE)
    assert before.query(np.arange(1)).column("pan").tolist() == [-0.5, 0.5]
    assert merge(juxed, pan).query(np.arange(1)).column("pan").tolist() == [-0.5, 0.5]
    echoes = transforms()["stut"].apply([3, F(0), 0.5], sound, 1, HERE)
    assert echoes.query(np.arange(1)).column("gain").tolist() == [1.0, 0.5, 0.25]
    assert merge(echoes, gain).query(np.arange(1)).column("gain").tolist() == [0.8, 0.4, 0.2]


def test_degenerate_shifts_do_not_count_as_more_haps() -> None:
    words = Words()
    pattern = parse("a*1000?", HERE, words, 1)
    for _ in range(40):
        pattern = transforms()["late"].apply([F(1, 3)], pattern, 1, HERE)
    assert pattern.peak == 1000


def test_what_comes_later_is_not_here_yet() -> None:
    assert not LATER_TRANSFORMS & transforms().keys()
