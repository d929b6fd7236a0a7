"""How banks are written in a score, and which bank a word finds."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio.listing import bank_row
from farm.audio.samples import SampleLibrary
from farm.audio.spelling import spelled
from farm.errors import Loc
from farm.pattern.mini_tokens import tokens_of
from tests.graph.test_names import problems
from tests.render.sound import report

SPELLED = {
    "808": "808",
    "01": "01",
    "2.0": "2.0",
    "8-bit": "8-bit",
    "8bit": "8bit",
    "-5": "-5",
    "_kit": "_kit",
    "__": "__",
    "_": "__",
    "bd": "bd",
    "Ünï": "Ünï",
    "日本": "日本",
    "drum&bass": "drum_bass",
    "Kick Drum": "Kick_Drum",
    "it's": "it_s",
    "a:b": "a_b",
    "~kick": "_kick",
    "-kit": "_kit",
    "#1": "_1",
    "(loud) kick!": "_loud__kick_",
    "1.2.3": "1_2_3",
    "5.": "5_",
    "1'000": "1_000",
    "20240101123045678": "_20240101123045678",
    "Ku\u0308hl": "Kühl",
    "\udcff.x": "__x",
}


def bank(folder: Path, name: str, level: float = 0.25) -> None:
    """A bank of two files, the second twice as loud."""
    (folder / name).mkdir(parents=True)
    for k, file in enumerate(("a", "b"), 1):
        soundfile.write(folder / name / f"{file}.wav", np.full(4000, k * level), 44100)


@pytest.mark.parametrize("name", SPELLED)
def test_r23_a_bank_is_written_as_it_is_called_as_far_as_a_word_holds_it(name: str) -> None:
    assert spelled(name) == SPELLED[name]
    assert spelled(SPELLED[name]) == SPELLED[name]


def test_r23_mini_notation_reads_every_spelling_as_one_word() -> None:
    pick = random.Random(23)
    signs = "ab19_-.#:'~ &é\u0308Ωß中!?<>[](),|*/%@\"\u0661\U0001f941"
    names = ["".join(pick.choices(signs, k=pick.randint(1, 6))) for _ in range(3000)]
    for name in [*SPELLED, *names]:
        text = spelled(name)
        tokens, _ = tokens_of(text, Loc("test.ph", 1, 1))
        assert [one.kind for one in tokens[1:]] == ["end"], (name, text)
        assert tokens[0].kind in ("word", "number"), (name, text)
        assert tokens[0].text == text and tokens[0].extent is not None, (name, text)
        assert spelled(text) == text, (name, text)


@pytest.mark.parametrize("name", [one for one in SPELLED if one not in ("\udcff.x", "_")])
def test_r23_what_is_written_so_plays(tmp_path: Path, name: str) -> None:
    bank(tmp_path, name)
    found = report(f'out: s "{SPELLED[name]}"', samples=(str(tmp_path),))
    assert found.foreign_banks == {SPELLED[name]: str(tmp_path / name)}
    assert found.voice_count == 1
    second = report(f'out: s "[{SPELLED[name]} ~]:1"', samples=(str(tmp_path),))
    glued = report(f'out: s "{SPELLED[name]}:1 ~"', samples=(str(tmp_path),))
    assert second.sha256 == glued.sha256
    assert second.peak_dbfs > found.peak_dbfs + 5


@pytest.mark.parametrize(
    "text",
    [
        's "<808 01 2.0>*3"',
        's "808 [01, 2.0]"',
        '~p: "808 01 2.0"\nout: s ~p',
        's ("808 01 2.0" $ rev)',
        's ("808 01 2.0" $ every 2 (fast 2))',
        's "808? 01(3,8) 2.0!2"',
        's "808 01 2.0" # n "0 1"',
        'impulse 2 * sp "[808 01 2.0]"',
        's "808 ~ 01 2.0 . 808"',
    ],
)
def test_r23_numbers_stay_names_whatever_is_done_to_their_pattern(tmp_path: Path, text: str) -> None:
    for name in ("808", "01", "2.0"):
        bank(tmp_path, name)
    whole = text if "out:" in text else f"out: {text}"
    assert problems(whole, tmp_path) == []
    assert report(whole, samples=(str(tmp_path),), duration=12.0).banks == ("01", "2.0", "808")


def test_r23_a_range_counts_banks(tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        bank(tmp_path, name)
    assert report('out: s "1 .. 3"', samples=(str(tmp_path),)).banks == ("1", "2", "3")


def test_an_exact_name_goes_first_and_two_that_are_written_alike_are_told(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    bank(one, "Kick Drum")
    bank(two, "Kick&Drum")
    both = SampleLibrary((one, two))
    assert [found.parent for found in both.written("Kick_Drum")] == [one, two]
    loaded = report('out: s "Kick_Drum"', samples=(str(two), str(one)))
    assert loaded.foreign_banks == {"Kick_Drum": str(one / "Kick Drum")}
    (notice,) = loaded.notices
    assert str(one / "Kick Drum") in notice.message and str(two / "Kick&Drum") in notice.message
    assert notice.loc is not None and notice.loc.column == 9
    bank(two, "Kick_Drum")
    exact = report('out: s "Kick_Drum"', samples=(str(two), str(one)))
    assert exact.foreign_banks == {"Kick_Drum": str(two / "Kick_Drum")}
    assert exact.notices == ()
    later = SampleLibrary((one, two))
    rows = {row.name: row.written for row in (bank_row(found, later) for found in later.banks())}
    assert {rows[name] for name in ("Kick Drum", "Kick&Drum")} == {""} and rows["Kick_Drum"] == "Kick_Drum"


def test_what_is_proposed_can_be_written(tmp_path: Path) -> None:
    bank(tmp_path, "Kick Drum")
    bank(tmp_path, "drum&bass")
    (tmp_path / "no sound").mkdir()
    library = SampleLibrary((tmp_path,))
    assert {"Kick_Drum", "drum_bass"} < set(library.names())
    assert not [name for name in library.names() if spelled(name) != name]
    assert library.without_sounds("no_sound") == tmp_path / "no sound"
    from farm.graph.slab import no_bank

    assert no_bank("kick_drums", library).hint == "did you mean `Kick_Drum`?"
    assert "no sound" in no_bank("no_sound", library).message


def test_names_in_another_normal_form_are_found(tmp_path: Path) -> None:
    bank(tmp_path, unicodedata.normalize("NFD", "Ünï"))
    for form in ("NFC", "NFD"):
        found = report(f'out: s "{unicodedata.normalize(form, "Ünï")}"', samples=(str(tmp_path),))
        assert found.voice_count == 1 and len(found.foreign_banks) == 1
