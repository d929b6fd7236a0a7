"""What goes wrong in the middle of a render says what, where and when."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from farm.errors import FarmError, RenderError, SampleError, show
from tests.render.sound import RATE, frames

HUGE = "1000000000000000"
CHUNKS = [64, 512, 4096, 32768, 1048576]
GROWING = "cps: 1\n~b: tri 50 + ~b * 1.003\n"
"""A bus that takes most of 4 s to overflow."""
SLOW = f"{GROWING}out: ~b"


def fault(text: str, **options: Any) -> FarmError:
    """The error of a render."""
    with pytest.raises(FarmError) as caught:
        frames(text, **options)
    return caught.value


@pytest.mark.parametrize("chunk", [64, 777, 4096])
def test_an_overflow_names_its_node_and_its_frame(chunk: int) -> None:
    """sin grows slowly: 1e39 sin(2 pi t) passes 3.4e38 where sin does 0.34."""
    error = fault(f"cps: 1\n~calm: sine 5\nout: ~calm + sine 1 * {HUGE} * {HUGE} * 1000000000", chunk=chunk)
    assert isinstance(error, RenderError)
    over = np.flatnonzero(np.sin(2 * np.pi * np.arange(RATE) / RATE) * 1e39 > float(np.finfo(np.float32).max))[0]
    assert error.message == (f"`*` in `out` gives a value that is not finite at frame {over} ({over / RATE:.3f} s)")
    assert error.loc is not None and error.loc.line == 3
    assert error.status == 1


def test_a_bus_that_grows_without_bound_is_named() -> None:
    error = fault("cps: 1\n~fine: saw 100\n~grow: ~grow * 1.5 + ~fine\nout: ~grow # lpf 800 1")
    assert "in `~grow`" in error.message
    assert error.loc is not None and error.loc.line == 3
    growth = np.log(np.finfo(np.float32).max) / np.log(1.5)
    frame = int(error.message.split("at frame ")[1].split(" ")[0])
    assert frame == pytest.approx(growth, abs=10)


def test_a_voice_that_is_not_finite_is_named() -> None:
    error = fault(f'cps: 1\n~loud: saw 100 * {HUGE} * {HUGE} * {HUGE}\nout: s "[~loud ~]"')
    assert "`*` in `~loud`" in error.message
    assert error.loc is not None and error.loc.line == 2
    frame = int(error.message.split("at frame ")[1].split(" ")[0])
    assert frame <= 2


def test_a_fault_of_a_signal_that_planning_reads_is_named() -> None:
    error = fault('cps: 2\n~grow: ~grow * 1.1 + 1\nout: s "bd*16" # gain ~grow', cycles=Fraction(8))
    assert "in `~grow`" in error.message


def overflow(factor: float) -> int:
    """The first frame at which `~b: tri 50 + ~b * factor` is not finite."""
    value = np.float32(0.0)
    with np.errstate(over="ignore"):
        for frame, tri in enumerate(frames("out: tri 50", duration=Fraction(5))[:, 0]):
            value = tri + value * np.float32(factor)
            if not np.isfinite(value):
                return frame
    raise AssertionError("5 s are too short")


@pytest.mark.parametrize("how", [{"backend": "inline"}, {"backend": "local", "threads": 2}])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_slow_growth_names_what_the_score_says_and_the_first_frame(chunk: int, how: dict[str, Any]) -> None:
    frame = overflow(1.003)
    assert 25_000 < frame < 32_768, "many chunks of most lengths, less than one of the others"
    error = fault(SLOW, duration=Fraction(5), chunk=chunk, **how)
    assert error.message == f"`*` in `~b` gives a value that is not finite at frame {frame} ({frame / RATE:.3f} s)"
    assert error.loc is not None and (error.loc.line, error.loc.column) == (2, 17)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_output_that_fails_first_decides(chunk: int) -> None:
    """`~b` overflows when `~c` has long done so; what is infinite in `o2` is never heard as that."""
    text = (
        f"{GROWING}~c: tri 50 + ~c * 1.004\no1: ~b\no2: saw 100 # lpf (sine 3 * {HUGE} * {HUGE} * {HUGE}) 1\no3: ~c\n"
    )
    error = fault(text, duration=Fraction(5), chunk=chunk)
    frame = overflow(1.004)
    assert error.message.startswith(f"`*` in `~c` gives a value that is not finite at frame {frame} ")


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_sum_that_is_too_large_names_its_frame(chunk: int) -> None:
    """Each output overflows soon after their sum has."""
    loud = f"sine 1 * {HUGE} * {HUGE} * 1000000000"
    error = fault(f"cps: 1\no1: {loud}\no2: {loud}", chunk=chunk)
    whole = np.sin(2 * np.pi * np.arange(RATE) / RATE) * 1e39
    over = int(np.flatnonzero(2 * whole > float(np.finfo(np.float32).max))[0])
    assert error.message == f"the sum of all outputs is too large for a number at frame {over} ({over / RATE:.3f} s)"


@pytest.mark.parametrize("chunk", CHUNKS)
def test_only_what_is_written_may_be_too_large(chunk: int) -> None:
    """The channels are 2e38 at most and their sum 4e38; ten times as loud, a channel is what overflows."""
    loud = f"sine 1 * {HUGE} * {HUGE} * 100000000"
    text = f"cps: 1\no1: {loud}\no2: {loud}"
    channels = {"outputs_as_channels": True, "chunk": chunk}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert float(np.abs(frames(text, gain=2.0, **channels)).max()) == pytest.approx(2e38, rel=1e-3)
        message = fault(text, gain=20.0, **channels).message
    whole = np.sin(2 * np.pi * np.arange(RATE) / RATE) * 2e39
    over = int(np.flatnonzero(whole > float(np.finfo(np.float32).max))[0])
    assert message == f"a channel is too large for a number at frame {over} ({over / RATE:.3f} s)"
    assert fault(text, gain=2.0, chunk=chunk).message.startswith("the sum of all outputs is too large")


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("options", [{}, {"outputs_as_channels": True}, {"fade_in": 9.0}, {"tail": 0.001}])
def test_what_overflows_behind_the_end_is_neither_an_error_nor_a_warning(chunk: int, options: dict[str, Any]) -> None:
    frame = overflow(1.003)
    text = f"{GROWING}o1: ~b\no2: ~b * 0.5"
    how = {"duration": Fraction(frame - 300, RATE), "fade_out": 0.01, "clip": "limit", "chunk": chunk}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = frames(text, **{**how, **options})
    assert np.isfinite(found).all()


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_limiter_that_looks_behind_the_end_of_a_part_hears_no_infinity(chunk: int) -> None:
    frame = overflow(1.003)
    how = {"cycles": Fraction(6), "to": Fraction(frame - 5, RATE), "clip": "limit", "gain": 1e-30}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = frames(SLOW, chunk=chunk, **how)
    assert len(found) == frame - 5
    assert np.abs(found).max() > 0.88
    same = frames(SLOW, **how)
    assert np.array_equal(found, same)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_part_names_what_happened_before_it_only_where_that_is_remembered(chunk: int) -> None:
    part = {"cycles": Fraction(6), "from_": Fraction(5), "chunk": chunk}
    assert f"`*` in `~b` gives a value that is not finite at frame {overflow(1.003)} " in fault(SLOW, **part).message
    now = fault(f"cps: 1\nout: saw 100 * {HUGE} * {HUGE} * {HUGE}", **part)
    assert f"`*` in `out` gives a value that is not finite at frame {5 * RATE} " in now.message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"~a: sine 5\nout: ~a * {HUGE} * {HUGE} # amp 900000000", "`amp` in `out`"),
        (f"~a: sine 5 * {HUGE} * {HUGE}\nout: ~a * ~a", "`*` in `out`"),
        (f"~a: sine 5 * {HUGE} * {HUGE} * 300000000\nout: ~a + ~a", "`+` in `out`"),
        (
            f"~a: sine 5 * {HUGE} * {HUGE}\nout: saw 5 / (1 / ~a / {HUGE} / {HUGE} / {HUGE} + 1) * ~a * ~a",
            "`*` in `out`",
        ),
    ],
)
def test_nodes_are_called_what_the_score_calls_them(text: str, where: str) -> None:
    assert fault(text).message.startswith(f"{where} gives a value that is not finite at frame ")


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_bus_that_planning_reads_may_overflow_where_nobody_reads_it(chunk: int) -> None:
    text = 'cps: 1\n~grow: ~grow * 1.1 + 1\nout: s "bd" # gain ~grow'
    assert np.isfinite(frames(text, chunk=chunk)).all()


@pytest.mark.parametrize("chunk", [64, 512, 1 << 15])
def test_what_is_not_rendered_cannot_fail(chunk: int) -> None:
    text = f"cps: 1\nout: sine 1 * {HUGE} * {HUGE} * 1000000000"
    found = frames(text, duration=Fraction(1, 20), chunk=chunk)
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 1e38


def test_a_missing_bank_suggests_a_near_one() -> None:
    error = fault('-- drums\nout: s "bd hhh sn"')
    assert isinstance(error, SampleError)
    assert error.status == 4
    assert error.loc is not None and (error.loc.line, error.loc.column) == (2, 12)
    assert "there is no sample bank `hhh`" in show(error)
    assert "did you mean `hh`?" in show(error)


def test_a_bank_that_is_missing_only_later_is_found_before_anything_is_rendered() -> None:
    text = 'cps: 4\nout: s "<bd!7 xyzzy>"'
    error = fault(text, cycles=Fraction(1), chunk=64, window_frames=256)
    assert isinstance(error, SampleError)
    assert error.loc is not None and error.loc.column == 15


def test_a_word_where_a_number_is_needed_is_pointed_at() -> None:
    error = fault('out: s "bd*4" # gain "1 0.5 loud"')
    assert error.status == 3
    assert error.loc is not None and error.loc.column == 29
    assert "`loud` is not a number" in error.message
