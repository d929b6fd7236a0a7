"""Stems of buses: which buses become stems, and what is told where they do not add up to the mix."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farm
from tests.render.test_stems import files, made, options, sound, told

BUSES = """
~low: s "bd*4" * 0.3
~drums: ~low + s "hh*8" * 0.1
~lfo: sine 1 * 200 + 400
~pad: saw 110 * 0.1 # lpf ~lfo 1
~loop: ~pad * 0.1 + ~loop * 0.2
out: ~drums + ~loop
o1: ~low
"""


def test_buses_that_are_heard_become_stems_and_overlaps_are_named(tmp_path: Path) -> None:
    report = made(tmp_path, BUSES, stems={"by": "bus"})
    names = [re.sub(r"song_\d\d_|\.wav", "", name) for name in files(tmp_path)]
    assert sorted(names) == ["drums", "loop", "low", "mix", "o1", "out", "pad"]
    assert "~lfo" not in told(report)
    assert "`--by`" not in told(report)
    message = told(report)
    assert "do not add up to the mix" in message
    assert "~low in ~drums" in message and "~pad in ~loop" in message and "~low in out and o1" in message
    plain = made(
        tmp_path / "plain", "~a: sine 80 * 0.1\n~b: noise * 0.1\nout: ~a + ~b\n", stems={"by": "bus"}, bits="32f"
    )
    assert "add up" not in told(plain)
    parts = sound(tmp_path / "plain" / "song_02_a.wav") + sound(tmp_path / "plain" / "song_03_b.wav")
    np.testing.assert_allclose(parts, sound(tmp_path / "plain" / "song_01_out.wav"), atol=1e-7)


A_AND_B = "~a: saw 80 * 0.1\n~b: noise * 0.1\n"
LACKING = {
    "an effect": ("o1: (~a + ~b) # lpf 300 1", "~a, ~b through lpf in o1"),
    "a factor": ("out: ~a + ~b * 0.5", "~b scaled in out"),
    "a product": ("out: ~a * ~b", "~a, ~b times a signal in out"),
    "a difference": ("out: ~a - ~b", "~b subtracted in out"),
    "several": ("o1: ~a\no2: ~a + ~b", "~a in o1 and o2"),
    "one another": ("~c: ~a + noise * 0.1\nout: ~c", "~a in ~c"),
    "no bus, and silence": ('o1: ~a\no2: ~b + noise * 0.1\no3: s "~"', "o2 with parts that are no bus"),
    "no bus": ("o1: ~a\no2: ~b + saw 300 * 0.1", "o2 with parts that are no bus"),
    "an instrument": ('o1: ~a\no2: s "bd*4" * 0.2', "o2 with parts that are no bus"),
}


@pytest.mark.parametrize("name", LACKING)
@pytest.mark.parametrize("bits", ["32f", "24"])
def test_what_the_stems_of_buses_lack_is_reckoned_and_explained(name: str, bits: Any, tmp_path: Path) -> None:
    outputs, why = LACKING[name]
    report = made(tmp_path, f"{A_AND_B}{outputs}\n", stems={"by": "bus"}, bits=bits)
    heard = max(1, len(re.findall(r"\bo\d:", outputs)))
    buses = [Path(stem.path) for stem in report.stems[heard:] if stem.path is not None]
    alone = farm.render(farm.loads(f"cps: 2\n{A_AND_B}{outputs}"), options(clip="none")).astype(np.float64)
    rest = 20 * math.log10(np.abs(alone - sum(map(sound, buses))).max())
    assert report.bus_residual_dbfs == pytest.approx(rest, abs=0.1) and rest > -60
    assert report.residual_dbfs is not None and report.residual_dbfs < -110
    lacking = [notice.message for notice in report.notices if "do not add up to the mix" in notice.message]
    assert len(lacking) == 1
    assert why in re.split(": |; ", lacking[0].partition(" are left of it: ")[2])


WHOLE = {
    "one in another, and beside it": "~c: ~a + ~b\no1: ~c + (~a + ~b)",
    "a sum": "out: ~a + ~b",
    "two": "o1: ~a\no2: ~b",
    "one itself": "out: ~a + ~b * 1",
    "through a bus without a name": "out: (~a) + (~b)",
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("bits", ["32f", "24", "16"])
def test_buses_that_add_up_are_told_so(name: str, bits: Any, tmp_path: Path) -> None:
    report = made(tmp_path, f"{A_AND_B}{WHOLE[name]}\n", stems={"by": "bus"}, bits=bits)
    assert report.bus_residual_dbfs is not None
    assert report.bus_residual_dbfs < {"32f": -130, "24": -110, "16": -70}[bits]
    assert "add up" not in told(report)
    assert report.as_json()["bus_residual_dbfs"] == report.bus_residual_dbfs


MODULATED = {
    "a slow factor": ("~l: sine 0.5 * 0.5 + 0.5", "out: ~b * ~l", {"~b"}),
    "a factor in front": ("~l: sine 0.5 * 0.5 + 0.5", "out: ~l * ~b", {"~b"}),
    "through another": ("~l: sine 3\n~m: ~l * 0.5 + 0.5", "out: ~b * ~m", {"~b"}),
    "steps": ('~l: "1 0.5"', "out: ~b * ~l", {"~b"}),
    "a parameter": ("~l: sine 300 * 100 + 400", "out: ~b # lpf ~l 1", {"~b"}),
    "a sound": ("~l: sine 300", "out: ~b * ~l", {"~b", "~l"}),
    "heard elsewhere": ("~l: sine 0.5", "o1: ~b * ~l\no2: ~l", {"~b", "~l"}),
    "samples": ('~l: s "bd*2"', "out: ~b * ~l", {"~b", "~l"}),
}


@pytest.mark.parametrize("name", MODULATED)
def test_what_only_modulates_is_no_stem(name: str, tmp_path: Path) -> None:
    lines, outputs, buses = MODULATED[name]
    report = made(tmp_path, f"~b: saw 110 * 0.3\n{lines}\n{outputs}\n", stems={"by": "bus"})
    assert {stem.name for stem in report.stems if stem.name.startswith("~")} == buses
