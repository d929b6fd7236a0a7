"""--set: other numbers and strings in the place of those that a score writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import farm
from farm import cli
from farm.errors import UsageError
from tests.render.sound import asked, frames, same_bits, score

SCORE = """
tempo: 2
~cut: 800
~notes: "110 220"
~loud = 0.5
~moving: sine 3
out: saw ~notes # lpf ~cut 1 * ~loud + ~moving * 0.1
"""


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("cut", 300, ("~cut: 800", "~cut: 300")),
        ("~cut", "300", ("~cut: 800", "~cut: 300")),
        ("cut", 0.5, ("~cut: 800", "~cut: 0.5")),
        ("loud", "1/4", ("~loud = 0.5", "~loud = 0.25")),
        ("notes", "330 ~ 55", ('"110 220"', '"330 ~ 55"')),
        ("notes", 55, ('"110 220"', '"55"')),
        ("notes", 0.00001, ('"110 220"', '"0.00001"')),
        ("cut", "0300", ("~cut: 800", "~cut: 300")),
        ("tempo", 3, ("tempo: 2", "tempo: 3")),
        ("cps", "0.75", ("tempo: 2", "tempo: 0.75")),
        ("bpm", 480, ("tempo: 2", "bpm: 480")),
    ],
)
def test_a_value_that_is_set_is_a_value_that_is_written(name: str, value: Any, written: tuple[str, str]) -> None:
    same_bits(frames(SCORE, set={name: value}), frames(SCORE.replace(*written)), name)


def test_the_tempo_can_be_set_where_none_is_written() -> None:
    same_bits(frames("out: saw 110", set={"tempo": 2}), frames("tempo: 2\nout: saw 110"))


def test_a_score_renders_as_written_after_it_was_set() -> None:
    kept = score(SCORE)
    farm.render(kept, asked(set={"cut": 300, "tempo": 1}))
    same_bits(farm.render(kept, asked()), frames(SCORE))


KNOWN = "what can be set: tempo, cps, bpm, cut, loud, notes"
NUMBERS = "numbers are digits with at most one point between them: 800, 0.25, or a fraction, 1/3"


@pytest.mark.parametrize(
    ("name", "value", "said", "hint"),
    [
        ("ctu", 3, "`ctu` is not in this score", "did you mean `cut`?"),
        ("out", 3, "`out` is an output, and a bus is set", KNOWN),
        ("zzz", 3, "`zzz` is not in this score", KNOWN),
        (
            "moving",
            3,
            "`moving` is no single number or string in this score",
            KNOWN,
        ),
        ("cut", "c4 e4", "`cut` is a number in this score", f"`c4 e4` is no number; {NUMBERS}"),
        *[
            ("cut", value, f"--set cut={value}: `cut` is a number in this score", f"`{value}` is no number; {NUMBERS}")
            for value in ("1e3", "1_000", "500 2", "1e999", "nan", "0,5")
        ],
        ("cut", "", "--set cut=: `cut` is a number in this score", f"nothing stands behind the `=`; {NUMBERS}"),
        ("tempo", "1e9", "a tempo is a number above 0", f"`1e9` is no number; {NUMBERS}"),
        ("tmpo", 1, "`tmpo` is not in this score", "did you mean `tempo`?"),
        ("notes", '"sn cp"', '--set notes="sn cp": a string is set without quotes', "write notes=sn cp"),
        ("tempo", 0, "a tempo is a number above 0", "for example tempo=0.6"),
        ("tempo", "fast", "a tempo is a number above 0", f"`fast` is no number; {NUMBERS}"),
    ],
)
def test_what_cannot_be_set_is_a_wrong_usage(name: str, value: Any, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        frames(SCORE, set={name: value})
    assert said in caught.value.message
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("value", "said", "mark"),
    [
        ("bd [hh", "`[` is never closed", "["),
        ("bd hhh", "there is no sample bank `hhh`", "hhh"),
        ("bd*0", "nothing of this pattern ever sounds", "bd*0"),
    ],
)
def test_what_is_wrong_with_a_value_that_is_set_is_shown_in_it(
    value: str, said: str, mark: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.ph").write_text('~pat: "bd sn"\nout: s ~pat')
    cli.run(["check", str(tmp_path / "s.ph"), "--set", f"pat={value}"])
    shown = f"--set pat={value}"
    first, line, carets, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith(f"--set:1:{shown.index(mark) + 1}: ") and said in first
    assert line == f"    1 | {shown}"
    assert carets == " " * (8 + shown.index(mark)) + "^" * len(mark)


def test_the_command_line_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ph").write_text(SCORE)
    (tmp_path / "b.ph").write_text(SCORE.replace("800", "300").replace("tempo: 2", "tempo: 4"))
    how = ("--cycles", "1", "--rate", "8000", "--tail", "none")
    assert cli.run(["render", "a.ph", "a.wav", *how, "--set", "cut=300", "--set", "tempo=4"]) == 0
    assert cli.run(["render", "b.ph", "b.wav", *how]) == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert cli.run(["check", "a.ph", "--set", "cutt=3"]) == 2
    assert "did you mean `cut`?" in capsys.readouterr().err
    assert cli.run(["check", "a.ph", "--set", "cut=90"]) == 0
    assert cli.run(["render", "a.ph", "--set", "cut"]) == 2
