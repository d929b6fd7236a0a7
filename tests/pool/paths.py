"""Renders of which most is the output path: into FLAC, WAV and a stream, 24 bits, the limiter at work."""

from __future__ import annotations

import io
import random
from pathlib import Path

from farm.audio.formats import FLAC, WAV, Format
from farm.audio.frames import FrameWriter
from farm.audio.writer import WavStream, open_writer
from farm.options import RenderOptions
from farm.rendering.delivery import whole_mix
from farm.rendering.outline import Outline, outline
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from tests.pool.aimed import killing_within_paths
from tests.render.sound import asked, score

RATE = 44_100
TEXT = 'cps: 2\no1: s "bd*4 [sn, hh] bd" * 3 # delay 0.2 0.4 0.3\no2: sine 50 * 0.6 + noise * 0.3\n'
"""The limiter works on much of it; little else is computed, so that most tasks are those of the path."""
KINDS = ("flac", "wav", "stdout")


def derived(form: Format, **how: object) -> Outline:
    """The render into a file of 24 bits of this format."""
    options: RenderOptions = asked(clip="limit", bits="24", duration=20, tail="auto", rate=RATE, chunk=512, **how)
    return outline(score(TEXT), options, deliveries=(whole_mix(options, "24", form is not WAV),))


def written(whole: Outline, writer: FrameWriter) -> int:
    """Renders into a writer. Returns how many workers were replaced."""
    with Warm() as warm, writer, Stream(whole, warm) as stream:
        for block in stream:
            writer.put(block)
    assert stream.report.limited_frames > RATE
    return stream.report.replaced_workers


def made(kind: str, folder: Path, whole: Outline) -> tuple[bytes, int]:
    """The bytes of a FLAC file, a WAV file or a stream, and how many workers were replaced."""
    place = whole.place(whole.deliveries[0])
    if kind == "stdout":
        stream = io.BytesIO()
        replaced = written(whole, WavStream(stream, "<stdout>", RATE, 2, "24", place))
        return stream.getvalue(), replaced
    path = folder / f"a.{kind}"
    replaced = written(whole, open_writer(path, RATE, 2, "24", place))
    return path.read_bytes(), replaced


def deaths(kind: str, folder: Path, count: int) -> tuple[list[str], int]:
    """Renders on a pool until `count` workers were killed, each within a task of the path: which groups these tasks are
    of, and in how many renders. Raises AssertionError where the bytes differ from those of this process."""
    form = FLAC if kind == "flac" else WAV
    expected, _ = made(kind, folder, derived(form, backend="inline"))
    died: list[str] = []
    renders = 0
    while len(died) < count and renders < 10 + 5 * count:
        with killing_within_paths(min(count - len(died), 20), random.Random(renders)) as killed:
            found, replaced = made(kind, folder, derived(form, backend="local", threads=2))
        assert found == expected, f"{kind}: other bytes after deaths within {', '.join(killed)}"
        assert replaced == len(killed)
        died += killed
        renders += 1
    return died, renders
