"""What goes wrong in the middle of a render says what, where and when."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from farm.errors import FarmError, RenderError, SampleError, show
from tests.render.sound import RATE, frames

HUGE = "1000000000000000"


def fault(text: str, **options: Any) -> FarmError:
    """The error of a render."""
    with pytest.raises(FarmError) as caught:
        frames(text, **options)
    return caught.value


@pytest.mark.parametrize("chunk", [64, 777, 4096])
def test_an_overflow_names_its_node_and_its_frame(chunk: int) -> None:
    """sin grows slowly: 1e39 sin(2 pi t) passes 3.4e38 where sin does 0.34."""
    error = fault(f"cps: 1\n~calm: sine 5\nout: ~calm + sine 1 * {HUGE} * {HUGE} * 1000000000", chunk_frames=chunk)
    assert isinstance(error, RenderError)
    over = np.flatnonzero(np.sin(2 * np.pi * np.arange(RATE) / RATE) * 1e39 > float(np.finfo(np.float32).max))[0]
    assert error.message == (f"`gain` in `out` gives a value that is not finite at frame {over} ({over / RATE:.3f} s)")
    assert error.loc is not None and error.loc.line == 3
    assert error.status == 1


def test_a_bus_that_grows_without_bound_is_named() -> None:
    error = fault("cps: 1\n~fine: saw 100\n~grow: ~grow * 1.5 + ~fine\nout: ~fine + ~grow # lpf 800 1")
    assert "in `~grow`" in error.message
    assert error.loc is not None and error.loc.line == 3
    growth = np.log(np.finfo(np.float32).max) / np.log(1.5)
    frame = int(error.message.split("at frame ")[1].split(" ")[0])
    assert frame == pytest.approx(growth, abs=10)


def test_a_voice_that_is_not_finite_is_named() -> None:
    error = fault(f'cps: 1\n~loud: saw 100 * {HUGE} * {HUGE} * {HUGE}\nout: s "[~loud ~]"')
    assert "`gain` in `~loud`" in error.message
    assert error.loc is not None and error.loc.line == 2
    frame = int(error.message.split("at frame ")[1].split(" ")[0])
    assert frame <= 2


def test_a_fault_of_a_signal_that_planning_reads_is_named() -> None:
    error = fault('cps: 2\n~grow: ~grow * 1.1 + 1\nout: s "bd*16" # gain ~grow', cycles=Fraction(8))
    assert "in `~grow`" in error.message


@pytest.mark.parametrize("chunk", [64, 512, 1 << 15])
def test_what_is_not_rendered_cannot_fail(chunk: int) -> None:
    text = f"cps: 1\nout: sine 1 * {HUGE} * {HUGE} * 1000000000"
    found = frames(text, duration_s=Fraction(1, 20), chunk_frames=chunk)
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 1e38


def test_a_missing_bank_suggests_a_near_one() -> None:
    error = fault('-- drums\nout: s "bd hhh sn"')
    assert isinstance(error, SampleError)
    assert error.status == 4
    assert error.loc is not None and (error.loc.line, error.loc.column) == (2, 12)
    assert "there is no sample bank `hhh`" in show(error)
    assert "did you mean `hh`?" in show(error)


def test_a_bank_that_is_missing_only_later_is_found_while_it_is_planned() -> None:
    text = 'cps: 4\nout: s "<bd!7 xyzzy>"'
    frames(text, cycles=Fraction(6), chunk_frames=64, window_frames=256)
    error = fault(text, cycles=Fraction(9), chunk_frames=64, window_frames=256)
    assert isinstance(error, SampleError)
    assert error.loc is not None and error.loc.column == 15


def test_a_word_where_a_number_is_needed_is_pointed_at() -> None:
    error = fault('out: s "bd*4" # gain "1 0.5 loud"')
    assert error.status == 3
    assert error.loc is not None and error.loc.column == 29
    assert "`loud` is not a number" in error.message
