"""Output paths on a pool: workers die in the middle of mixing, limiting or packing, and the file has the same bytes."""

from __future__ import annotations

import io
import os
import random
import signal
from pathlib import Path

import pytest

from farm.audio.formats import FLAC, WAV, Format
from farm.audio.frames import FrameWriter
from farm.audio.writer import WavStream, open_writer
from farm.options import RenderOptions
from farm.rendering.delivery import whole_mix
from farm.rendering.outline import Outline, outline
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from tests.render.sound import RATE, asked, score

TEXT = 'cps: 2\no1: s "bd*4 [sn, hh] bd" * 3 # delay 0.2 0.4 0.3\no2: sine 50 * 0.6 + noise * 0.3\n'
"""The limiter works on much of it; little else is computed, so that most tasks are those of the path."""


def derived(form: Format, **how: object) -> Outline:
    """The render into a file of 24 bits of this format."""
    options: RenderOptions = asked(clip="limit", bits="24", duration=4, tail="auto", chunk=128, **how)
    return outline(score(TEXT), options, deliveries=(whole_mix(options, "24", form is not WAV),))


def written(form: Format, whole: Outline, writer: FrameWriter, chance: random.Random | None = None) -> int:
    """Renders into a writer; with `chance` workers are killed meanwhile. Returns how many were replaced."""
    with Warm() as warm, writer, Stream(whole, warm) as stream:
        for block in stream:
            backend = stream.rendering.backend
            pids = backend.pids() if backend is not None and chance is not None else ()
            if pids and chance is not None and chance.random() < 0.4:
                os.kill(chance.choice(pids), signal.SIGKILL)
            writer.put(block)
    assert stream.report.limited_frames > RATE
    return stream.report.replaced_workers


def made(kind: str, folder: Path, whole: Outline, chance: random.Random | None = None) -> tuple[bytes, int]:
    """The bytes of a FLAC file, a WAV file or a stream, and how many workers were replaced."""
    place = whole.place(whole.deliveries[0])
    if kind == "stdout":
        stream = io.BytesIO()
        replaced = written(WAV, whole, WavStream(stream, "<stdout>", RATE, 2, "24", place), chance)
        return stream.getvalue(), replaced
    path = folder / f"a.{kind}"
    form = FLAC if kind == "flac" else WAV
    replaced = written(form, whole, open_writer(path, RATE, 2, "24", place), chance)
    return path.read_bytes(), replaced


@pytest.mark.parametrize("kind", ["flac", "wav", "stdout"])
def test_dying_workers_do_not_show_in_the_bytes(kind: str, tmp_path: Path) -> None:
    form = FLAC if kind == "flac" else WAV
    expected, _ = made(kind, tmp_path, derived(form, backend="inline"))
    died = 0
    for seed in range(3):
        found, replaced = made(kind, tmp_path, derived(form, backend="local", threads=2), random.Random(seed))
        assert found == expected
        died += replaced
    assert died >= 2
