"""`farm nodes` and `farm patterns` tell what the definitions say, all of it, and what the examples show is so."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from farm.cli.entries import NODE_KINDS, PATTERN_KINDS, node_entries, pattern_entries
from farm.errors import Loc
from farm.graph.vocabulary import EVENT_SOURCES, MODIFIERS, VALUE_SOURCES, ScoreWord
from farm.pattern.mini import parse
from farm.pattern.mini_tokens import _PIECE
from farm.pattern.notation import FEATURES, Feature
from farm.pattern.pattern import Pattern
from farm.pattern.register import transforms
from farm.pattern.words import Words
from tests.cli.conftest import Ran
from tests.render.sound import frames, rms
from workers.catalog import catalog

Farm = Callable[..., Ran]
HERE = Loc("test.ph", 1, 1)
WORDS = {
    f"{kind} {one.name}": one
    for kind, table in (("s", EVENT_SOURCES), ("v", VALUE_SOURCES), ("m", MODIFIERS))
    for one in table.values()
}


def listed(text: str) -> dict[str, list[str]]:
    """First words of the lines under each heading."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in text.splitlines():
        if line.startswith("  "):
            found[title].append(line.split()[0])
        elif line and not line.startswith("`"):
            title = line
            found[title] = []
    return found


def test_everything_is_listed_under_its_heading(farm: Farm) -> None:
    assert listed(farm("patterns").out) == {
        PATTERN_KINDS["transform"]: sorted({one.name for one in transforms().values()}),
        PATTERN_KINDS["event source"]: ["s"],
        PATTERN_KINDS["value pattern"]: [*VALUE_SOURCES],
        PATTERN_KINDS["voice modifier"]: sorted(MODIFIERS),
        PATTERN_KINDS["mini-notation"]: [one.name for one in FEATURES],
    }
    roles = {title: sorted(n.name for n in catalog().values() if n.role == role) for role, title in NODE_KINDS.items()}
    assert listed(farm("nodes").out) == roles


@pytest.mark.parametrize("command", ["nodes", "patterns"])
def test_every_name_and_alias_has_its_page(farm: Farm, command: str) -> None:
    entries = node_entries() if command == "nodes" else pattern_entries()
    for entry in entries:
        for name in (entry.name, *entry.aliases):
            ran = farm(command, "--", name)
            assert (ran.status, ran.err) == (0, "")
            assert entry.written in ran.out
            assert entry.doc in ran.out
            assert all(line in ran.out for line in entry.example.splitlines())


def test_a_transform_in_full(farm: Farm) -> None:
    text = farm("patterns", "stut").out
    assert text.startswith('"..." $ stut n time decay    transform\n')
    rows = [re.split(r"  +", line.strip()) for line in text.splitlines() if re.match("  [a-z]", line)]
    assert rows == [
        ["n", "whole number", "must be given", "1 to 1024"],
        ["time", "cycles", "must be given", "any"],
        ["decay", "number", "must be given", "0 to 1.5"],
    ]
    assert "also called  degrade_by" in farm("patterns", "degradeBy").out


def test_a_modifier_in_full(farm: Farm) -> None:
    text = farm("patterns", "adsr").out
    assert text.startswith("s ... # adsr attack decay [sustain 0.7] [release 0.2]    voice modifier\n")
    assert re.search(r"sustain +number +default 0\.7 +0 to 1 +the level that is held", text)
    assert re.search(r"attack +s +must be given +0 to 3600", text)


def test_a_name_with_two_meanings_has_both_pages(farm: Farm) -> None:
    text = farm("patterns", "note").out
    assert "note pattern    value pattern\n" in text
    assert "s ... # note pitch    voice modifier\n" in text


def test_json_tells_the_same(farm: Farm) -> None:
    told = json.loads(farm("patterns", "--json").out)
    assert (told["ok"], told["status"]) == (True, 0)
    assert [one["name"] for one in told["patterns"]] == [one.name for one in pattern_entries()]
    (stut,) = json.loads(farm("patterns", "stut", "--json").out)["patterns"]
    assert [(one["name"], one["low"], one["high"], one["required"]) for one in stut["arguments"]] == [
        ("n", 1, 1024, True),
        ("time", None, None, True),
        ("decay", 0, 1.5, True),
    ]
    (lpf,) = json.loads(farm("nodes", "lpf", "--json").out)["nodes"]
    assert (lpf["kind"], lpf["facts"]["memory"]) == ("effect", "CARRIED")
    assert lpf["arguments"][1] == {
        "name": "cutoff_hz",
        "unit": "Hz",
        "required": True,
        "default": None,
        "low": 20.0,
        "high": 20000.0,
        "range": "20 to 20000",
        "about": catalog()["lpf"].params[0].about,
    }
    failed = json.loads(farm("patterns", "evry", "--json").out)
    assert (failed["ok"], failed["errors"][0]["hint"]) == (False, "did you mean `every`?")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("patterns evry", "no pattern is called `evry`\n  did you mean `every`?"),
        ("patterns euclidd", "did you mean `euclid`?"),
        ("patterns lpf", "`lpf` is an effect, not a pattern\n  `farm nodes lpf` tells about it"),
        ("patterns lpff", "did you mean `lpf`? `farm nodes lpf` tells about it"),
        ("patterns qqqqqq", "no pattern is called `qqqqqq`\n  `farm patterns` lists them all"),
        ("nodes every", "`every` is a transform, not a node\n  `farm patterns every` tells about it"),
        ("nodes gian", "did you mean `gain`? `farm patterns gain` tells about it"),
    ],
)
def test_a_name_that_is_not_there(farm: Farm, line: str, said: str) -> None:
    ran = farm(*line.split())
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_name_of_a_later_version(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.graph.later.later_names", lambda: frozenset({"zoomify"}))
    assert "`zoomify` comes with a later version of farm" in farm("patterns", "zoomify").err
    assert "did you mean `zoomify`? It comes with a later version of farm" in farm("nodes", "zoomif").err


def onsets(pattern: Pattern, words: Words, cycle: int) -> Counter[tuple[Fraction, str]]:
    haps = pattern.query(np.array([cycle]))
    begun = [j for j in range(len(haps)) if haps.times[0, j] == haps.times[2, j]]
    values = haps.column("v")
    return Counter((Fraction(int(haps.times[0, j]), haps.den), words.text(int(values[j]))) for j in begun)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda one: one.name)
def test_examples_of_mini_notation_hold(feature: Feature) -> None:
    text, expected = feature.example.split("  ->  ")
    words = Words()
    pattern = parse(text.strip('"'), HERE, words, 1)
    for cycle, plain in enumerate(expected.split(" | ")):
        found = onsets(pattern, words, cycle)
        assert found == onsets(parse(plain, HERE, words, 1), words, 0), cycle
        assert found


@pytest.mark.parametrize("name", ["degrade", "degradeBy", "degrade_by"])
def test_u3_the_page_of_degrade_says_what_drops_together(farm: Farm, name: str) -> None:
    page = " ".join(farm("patterns", name).out.split())
    assert "a hash of the onset within the pattern" in page
    together, apart = re.findall(r'"(a\*8[^"]*)"', page)
    words = Words()

    def layers(text: str, change: str = "") -> Counter[tuple[int, int]]:
        """How often 0, 1 or 2 layers of those that begin together are there."""
        pattern = parse(text, Loc("test.ph", 1, 1), words, 7)
        if change:
            pattern = transforms()[change].apply(
                [] if change == "degrade" else [0.5], pattern, 7, Loc("t", 1, 1), words
            )
        found = [onsets(pattern, words, cycle) for cycle in range(250)]
        begins = [Fraction(k, 8) for k in range(8)]
        return Counter((one[begin, "a"], one[begin, "b"]) for one in found for begin in begins)

    assert layers(together, name).keys() == {(0, 0), (1, 1)}
    assert all(400 < count < 600 for count in layers(apart).values()) and len(layers(apart)) == 4


def test_every_mark_of_mini_notation_belongs_to_a_feature() -> None:
    marks = {one for one in map(chr, range(33, 127)) if (found := _PIECE.match(one)) and found.lastgroup == "mark"}
    assert marks == {one for feature in FEATURES for one in feature.marks if len(one) == 1} - {"#", "'", "-"}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda one: one.name)
def test_a_feature_is_found_by_each_sign_it_is_written_with(feature: Feature, farm: Farm) -> None:
    for sign in set(re.findall(r"\.\.|[^\w\s]", feature.written)) - set("'~.#" if feature.name == "number" else "~"):
        assert f'"{feature.written}"    mini-notation\n' in farm("patterns", "--", sign).out, sign


@pytest.mark.parametrize("transform", sorted({one.name for one in transforms().values()}))
def test_the_score_on_the_page_of_a_transform_sounds_changed(transform: str, farm: Farm) -> None:
    score = re.findall(rf"out: .* \$ {transform}\b.*", farm("patterns", transform).out)[0]
    found, plain = frames(score, cycles=4, rate=8000), frames(score.partition(" $")[0], cycles=4, rate=8000)
    assert rms(found) > 1e-3
    assert found.shape == plain.shape
    assert (found != plain).any()


@pytest.mark.parametrize("word", WORDS)
def test_no_argument_on_a_page_is_called_as_its_word(word: str) -> None:
    one = WORDS[word]
    names = one.signature.split()[1:]
    assert len(names) >= len(one.params)
    assert one.name not in names
    assert "value" not in names


def test_the_second_argument_of_s_is_a_gain(farm: Farm) -> None:
    assert re.search(r"gain +number +default 1 +0 to 10", farm("patterns", "s").out)
    assert (frames('out: s "bd*4" 0.2') == frames('out: s "bd*4" # gain 0.2')).all()
    assert (frames('out: s "bd*4" "0.2 0.4"') == frames('out: s "bd*4" # gain "0.2 0.4"')).all()


@pytest.mark.parametrize("word", WORDS)
def test_examples_of_words_sound(word: str) -> None:
    one: ScoreWord = WORDS[word]
    assert re.search(rf"\b{one.name} ", one.example)
    assert rms(frames(one.example, rate=8000)) > 1e-3


@pytest.mark.parametrize("word", [key for key in WORDS if key.startswith("m ")])
def test_ranges_of_modifiers_are_those_that_clamp(word: str, tmp_path: Path) -> None:
    from farm.graph.score import understand
    from farm.score import Source

    one = WORDS[word]
    for k, param in enumerate(one.params):
        if param.high >= 1e9:
            continue
        lowest = 0.5 if param.unit == "slots" else param.low  # a length of no slots is an error
        for value, clamped in ((lowest, False), (param.high, False), (param.high + 1, True)):
            given = ["0.1"] * len(one.params)
            given[k] = f"{value:g}" if value >= 0 else f"({value:g})"
            told = understand(Source("a.ph", f'out: s "bd" # {one.name} {" ".join(given)}')).notices
            assert any(f"{param.name} " in n.message and "outside" in n.message for n in told) == clamped, (
                param,
                value,
            )
