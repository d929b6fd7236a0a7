"""All that a score names is looked at before it is rendered, whichever cycle it stands in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio.samples import SampleLibrary
from farm.errors import FarmError, SampleError, ScoreError
from farm.graph import checks
from farm.graph.complaints import complaints
from farm.graph.score import understand
from farm.options import RenderOptions
from farm.rendering.session import render, render_file
from farm.score import Source
from tests.render.sound import asked, report, run, score


def problems(text: str, folder: Path | None = None) -> list[tuple[str, int, int]]:
    """The errors of `farm check`, each with line and column."""
    library = SampleLibrary(() if folder is None else (folder,))
    errors, _ = complaints(Source("test.ph", text), library)
    return [(one.message, one.loc.line if one.loc else 0, one.loc.column if one.loc else 0) for one in errors]


@pytest.fixture
def banks(tmp_path: Path) -> Path:
    """A bank `kit` of three files, of which the second is broken."""
    folder = tmp_path / "kit"
    folder.mkdir()
    for name in ("a", "c"):
        soundfile.write(folder / f"{name}.wav", np.full(400, 0.25), 44100)
    (folder / "b.wav").write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('out: s "<bd!100 nosuch>"', [17]),
        ('out: s "bd [bd|sn|nosuch]"', [19]),
        ('out: s "bd, <hh!70 [~ nosuch]>"', [23]),
        ('out: s "{bd sn}%3 {hh nosuch}%<4 5>"', [23]),
        ('out: s "bd . sn nosuch:3"', [17]),
        ('out: s "bd? [<sn!99 nosuch>]:2"', [21]),
        ('out: s ("<bd!100 nosuch>" $ every 3 (fast 2) $ degradeBy 0.99)', [18]),
        ('out: s ("<bd!100 nosuch>" |> "bd sn") + s ("bd" |> "<sn!70 nosuch>")', [60]),
        ('out: s "bd" + s "<bd!90 nosuch> <sn!90 nosuch>"', [25]),
        ('o1: s "<bd!90 nosuch>"\no2: s "<bd!90 nosuch>" # lpf 300 1', [15, 15]),
        ('~p: "<bd!100 nosuch>"\nout: s ~p', [14]),
        ('~p: "<bd!100 nosuch>"\nout: s (~p $ jux rev)', [14]),
        ('~d: s "<bd!100 nosuch>"\nout: ~d # lpf 300 1', [16]),
        ('out: impulse 2 * sp "<bd!100 nosuch>"', [30]),
        ("out: impulse 2 * sp nosuch", [21]),
        ('out: jux (rev) (s "<bd!100 nosuch>")', [28]),
    ],
)
def test_r22_every_word_of_a_pattern_of_samples_is_looked_up(text: str, columns: list[int]) -> None:
    assert [(message.split(":")[0], at) for message, _, at in problems(text)] == [
        ("there is no sample bank `nosuch`", column) for column in columns
    ]
    with pytest.raises(SampleError, match="there is no sample bank `nosuch`"):
        report(text)


@pytest.mark.parametrize(
    "text", ['s "<bd!100 ~nosuch>"', 's ("bd <sn!100 ~nosuch>" $ every 4 rev)', 's "[bd|~nosuch]"']
)
def test_r22_so_is_every_bus(text: str) -> None:
    with pytest.raises(ScoreError, match="there is no bus `~nosuch`"):
        score(f"out: {text}")
    with pytest.raises(ScoreError, match="there is no bus `~nosuch`"):
        score(f"~p: {text[2:]}\nout: s ~p")


def test_a_bus_that_a_bus_of_words_names_is_played() -> None:
    assert report('~bass: saw 55\n~p: "~bass bd"\nout: s ~p').voice_count == 2


@pytest.mark.parametrize(
    "text", ['s "bd*0 nosuch*0 sn"', 's "bd nosuch(0,8)"', 's "bd nosuch?1"', '~unused: s "nosuch"\nout: s "bd"']
)
def test_what_never_sounds_is_not_looked_up(text: str) -> None:
    whole = text if "out:" in text else f"out: {text}"
    assert problems(whole) == []
    report(whole)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ('out: sine "<220!70 foo>"', "`foo` is not a number", 20),
        ('out: sine 220 * "<1!70 foo>"', "`foo` is not a number", 24),
        ('out: sine (220 * "<1!70 foo>")', "*: `foo` is not a number", 25),
        ('out: s "bd" # gain "<1!70 foo>"', "gain: `foo` is not a number", 27),
        ('out: s "bd" # note "<c4!70 foo>"', "note: `foo` is not a number", 28),
        ('out: s "bd" # n "<1!70 c4>"', "n: `c4` is not a number", 24),
        ('out: saw 110 # note "<c4!70 foo>"', "note: `foo` is not a number", 29),
        ('out: saw 110 # lpf "<300!70 foo>" 1', "`foo` is not a number", 29),
        ('out: s "bd" # gain ("1" + "<1!70 foo>")', "+: `foo` is not a number", 34),
        ('~f: "<220!70 foo>"\nout: sine ~f', "`foo` is not a number", 14),
        ('out: s "bd*2" $ fast "<2!70 foo>"', "`fast` needs a number, not `foo`", 23),
        ('out: s "bd*2" $ fast "<2!70 -1>"', "`fast` needs a number above 0 for `n`, not -1", 23),
        ('out: s "bd*2" $ every 2 (ply "<2!70 foo>")', "`ply` needs a whole number, not `foo`", 31),
    ],
)
def test_r22_so_is_every_word_among_numbers(text: str, message: str, column: int) -> None:
    assert [(what, at) for what, _, at in problems(text)] == [(message, column)]
    with pytest.raises(ScoreError) as caught:
        report(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ('s "kit*4" # n "0 1"', True),
        ('s "kit*4" # n "0"', True),
        ('~x: line 0 0\nout: s "kit*4" # n ~x', True),
        ('s "kit:1"', True),
        ('s "<kit!100 kit:1>"', True),
        ('s "kit" # n 1', True),
        ('s "kit:2" # n -1', True),
        ('s "kit:2" # n "1" # n 2', True),
        ('s "kit kit:2"', False),
        ('s "kit" # n 2', False),
        ('s "kit:1" # n "0 1" # n 1', False),
    ],
)
def test_r22_the_files_that_may_sound_are_opened(banks: Path, text: str, broken: bool) -> None:
    whole = text if "out:" in text else f"out: {text}"
    said = [message for message, _, _ in problems(whole, banks)]
    assert [("b.wav" in one) for one in said] == [True] * broken
    if broken:
        with pytest.raises(SampleError, match=r"b\.wav"):
            report(whole, samples=(str(banks),))
    else:
        assert report(whole, samples=(str(banks),)).banks == ("kit",)


def test_r22_a_file_is_opened_once_while_it_stays_as_it_is(banks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (banks / "kit" / "b.wav").unlink()
    opened: list[Path] = []
    inspect = checks.inspect
    monkeypatch.setattr(checks, "inspect", lambda file, lenient: (opened.append(file), inspect(file, lenient))[1])
    checks.probed.cache_clear()
    text = 'o1: s "<kit!50 kit:1>" # n "0 1"\no2: s "kit*2"'
    for _ in range(3):
        assert problems(text, banks) == []
    assert sorted(one.name for one in opened) == ["a.wav", "c.wav"]
    (banks / "kit" / "a.wav").write_bytes(b"nothing")
    assert [one[0].split(": ")[0].endswith("a.wav") for one in problems(text, banks)] == [True, True]


def test_r22_a_render_refuses_before_it_renders_a_frame(tmp_path: Path) -> None:
    loaded = understand(Source("test.ph", 'out: s "<bd!100000 nosuch>"'))
    frames: list[object] = []
    options = RenderOptions(duration=100_000.0)
    with pytest.raises(SampleError) as caught:
        run(loaded, options, frames.append)
    assert frames == []
    assert caught.value.loc is not None and caught.value.loc.column == 20
    with pytest.raises(SampleError):
        render_file(loaded, tmp_path / "a.wav", options)
    assert list(tmp_path.iterdir()) == []


def test_r22_all_is_told_at_once(banks: Path) -> None:
    text = 'o1: s "<bd!99 nosuch>" # gain "<1!70 foo>"\no2: sine "<220!70 bar>"\no3: s "kit*3" # n "0 1 2"'
    found = problems(text, banks)
    assert [(line, column) for _, line, column in found] == [(1, 15), (1, 38), (2, 19), (3, 8)]
    with pytest.raises(FarmError) as caught:
        score(text)
    assert len(caught.value.also) >= 2


def test_r22_lenient_leaves_out_what_is_wrong_and_says_so(banks: Path) -> None:
    text = 'o1: s "<bd!99 nosuch>" # gain "<1!70 foo>"\no2: sine "<220!70 bar>"\no3: s "kit*3" # n "0 1 2"'
    loaded = understand(Source("test.ph", text), lenient=True, samples=(str(banks),))
    told = [one.message for one in loaded.notices]
    assert [one.startswith("left out: ") for one in told] == [True] * 4
    assert ["nosuch" in told[0], "foo" in told[1], "bar" in told[2], "b.wav" in told[3]] == [True] * 4
    made = render(loaded, asked(samples=(str(banks),)))
    assert np.abs(made).max() > 0.1
    for _ in range(2):
        once = run(loaded, asked(samples=(str(banks),)))
        messages = [one.message for one in once.notices]
        assert len(messages) == len(set(messages))
