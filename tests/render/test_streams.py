"""Streams: what is endless, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import farm

SCORE = "cps: 100\nout: saw 110 * 0.2"
CYCLE_FRAMES = 80
"""At 8000 Hz."""


@pytest.mark.parametrize("length", [{}, {"cycles": 9}, {"duration": "0.1"}, {"to": 10}])
def test_only_a_stream_without_a_length_goes_on(length: dict[str, Any], tmp_path: Path) -> None:
    score = farm.loads(SCORE)
    options = farm.RenderOptions(rate=8000, tail="none", backend="inline", **length)
    whole = farm.render_file(score, tmp_path / "a.wav", options)
    assert (whole.assumed_length, whole.frames == 8 * CYCLE_FRAMES) == (not length, not length)
    with farm.stream(score, options) as stream:
        given = 0
        for block in stream:
            given += len(block)
            if given > 100 * CYCLE_FRAMES:
                break
    assert (given > 100 * CYCLE_FRAMES) == (not length)
    assert length == {} or given == whole.frames
    assert (stream.report.assumed_length, stream.report.frames) == (False, given)
