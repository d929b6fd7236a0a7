"""`--lenient`: what cannot be rendered is left out with a warning, all else sounds as it would alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from farm.errors import Notice
from farm.graph.score import load, understand
from farm.rendering.session import render
from farm.score import Source
from tests.render.sound import Frames, asked, frames, run, same_bits

SAME = {
    "an effect that is not there yet": ("out: saw 110 # tremolo 3 0.5 # lpf 500", "out: saw 110 # lpf 500"),
    "an unknown effect": ("out: saw 110 # nope 3 0.5 * 0.5", "out: saw 110 * 0.5"),
    "an effect with a wrong argument": ("out: saw 110 # lpf 500 :res 3 # hpf 50", "out: saw 110 # hpf 50"),
    "an effect with an argument that fails": ("out: saw 110 # lpf (superkick 3) 1", "out: saw 110"),
    "a plugin": ('out: saw 110 # vst "x"', "out: saw 110"),
    "a modifier": ('out: s "bd*2" # pan (~m) # nosuch 3 # speed 2\n~m: s "bd"', 'out: s "bd*2" # speed 2'),
    "a transform": ('out: s "bd sn" $ scramble 4 $ rev', 'out: s "bd sn" $ rev'),
    "a transform before the pattern": ('out: rev $ scramble 4 $ s "bd sn"', 'out: rev $ s "bd sn"'),
    "a transform on what has no events": ("out: saw 110 $ rev", "out: saw 110"),
    "an unknown bus in a chain": ("out: saw 110 # ~nope", "out: saw 110"),
    "a source in a sum": ("out: saw 110 + superkick 60 - ~nope", "out: saw 110"),
    "the first source of a sum": ("out: superkick 60 * 0.5 # lpf 100 1 + saw 110 * 0.5", "out: saw 110 * 0.5"),
    "the first source of a difference": ("out: superkick 60 - saw 110", "out: saw 110 * -1"),
    "a source in parentheses": ("out: (nope 3 + saw 110) * 0.5", "out: saw 110 * 0.5"),
    "a bus": ("~a: superkick 60\nout: ~a + saw 110", "out: saw 110"),
    "an output": ("o1: superkick 60\no2: saw 110", "o2: saw 110"),
    "a statement that cannot be read": ("~a: saw (110\n\nout: saw 110", "out: saw 110"),
    "statements that come later": (
        '%p: "0 1"\n@t: saw 1\nfn f a = saw a\nhush\noutmix: tanh\nout: saw 110',
        "out: saw 110",
    ),
    "a bank": ('out: s "bd nosuch bd nosuch"', 'out: s "bd ~ bd ~"'),
    "a bus in a pattern": ('out: s "bd ~nope"', 'out: s "bd ~"'),
    "a word among numbers": ('out: saw "110 x"', 'out: saw "110 ~"'),
    "a lone word as a number": ('out: saw 110 # lpf "x" 1', 'out: saw 110 # lpf "~" 1'),
    "a word among notes, for its cycle": ('cps: 4\nout: s "cp" # note "<0 x>"', 'cps: 4\nout: s "cp" # note "<0 ~>"'),
    "voices that set voices": ('~v: s "bd"\nout: s "hh*4" # gain ~v # speed 2', 'out: s "hh*4" # speed 2'),
    "a loop without a state": ("~x: ~y + saw 110\n~y: ~x * 0.5\nout: ~x", "out: saw 110"),
    "a loop through voices": ('~a: s "~b*4" + saw 110\n~b: ~a # lpf 500\nout: ~a', "out: saw 110"),
    "a transform that reads voices": ('~v: s "bd"\nout: s "hh*2" $ fast ~v', 'out: s "hh*2" $ fast (0 * 1 + 1)'),
}


def lenient(text: str) -> tuple[Frames, tuple[Notice, ...]]:
    loaded = understand(Source("test.ph", text), lenient=True)
    blocks: list[Frames] = []
    report = run(loaded, asked(), lambda block: blocks.append(block.copy()))
    return np.concatenate(blocks), report.notices


@pytest.mark.parametrize("what", [one for one in SAME if one != "a transform that reads voices"])
def test_what_fails_is_left_out(what: str) -> None:
    broken, whole = SAME[what]
    found, notices = lenient(broken)
    assert found.any(), "it sounds"
    assert any(one.message.startswith("left out: ") for one in notices)
    same_bits(found, frames(whole), what)


@pytest.mark.parametrize("text", ["", "-- nothing", 'out: vst "x"', "~a: nope 3", "out: ((((", "tempo: 0", '%p: "0"'])
def test_nothing_left_is_silence_of_the_asked_length(text: str) -> None:
    found, notices = lenient(text)
    assert found.shape == (asked().rate * 2, 2)
    assert not found.any()
    assert any(one.message.startswith(("nothing is left", "left out")) for one in notices)


def test_a_score_without_mistakes_sounds_as_ever() -> None:
    text = '~l: sine 3 * 300 + 500\nout: s "bd*2 [sn hh]" # speed "1 2" # lpf ~l 1 $ rev\no2: saw "55 ~ 82 c3" * 0.2'
    found, notices = lenient(text)
    assert not notices
    same_bits(found, frames(text))


def test_a_mistake_is_told_once() -> None:
    _, notices = lenient("~a: superkick 60\nout: ~a + ~a * 0.5 + ~a + saw 1")
    assert [one.message for one in notices] == ["left out: `superkick` comes with a later version of farm"]
    assert notices[0].loc is not None and notices[0].loc.column == 5


def test_a_long_row_of_failing_buses_is_read_once_each() -> None:
    rows = ["~b0: nope 1", *(f"~b{i}: (~b{i - 1} * ~b{i - 1}) + (~b{i - 1} * 2)" for i in range(1, 60))]
    found, _ = lenient("\n".join([*rows, "out: ~b59 + saw 110"]))
    same_bits(found, frames("out: saw 110"))


@pytest.mark.parametrize("window", [2048, 20480])
def test_a_silent_cycle_does_not_depend_on_windows(window: int) -> None:
    text = 'cps: 8\nout: s "cp" # note "<0 x 3>"'
    loaded = understand(Source("test.ph", text), lenient=True)
    same_bits(
        render(loaded, asked(cycles=6, window_frames=window)),
        frames('cps: 8\nout: s "cp" # note "<0 ~ 3>"', cycles=6),
    )


def test_unreadable_characters_become_blanks(tmp_path: Path) -> None:
    path = tmp_path / "odd.ph"
    path.write_bytes(b"\xffout:\x01 saw 110 -- \xe9t\xe9\n")
    loaded = load(path, lenient=True)
    assert [one.message for one in loaded.notices] == [
        "left out: not UTF-8 text: byte 0xFF",
        "left out: control character U+0001 in the text",
    ]
    same_bits(render(loaded, asked()), frames("out: saw 110"))


def test_warnings_come_in_the_order_of_the_text() -> None:
    text = '~a: saw (110\nout: s "nosuch*2" # gain 20\no2: nope 3\no3: saw "c4 x" # lpf 900000\no4: s "bd" # nope 3'
    _, notices = lenient(text)
    assert [one.loc.line for one in notices if one.loc is not None] == [1, 2, 2, 3, 4, 4, 5]
