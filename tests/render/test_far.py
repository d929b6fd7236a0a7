"""Frames from 2**31 and 2**32 on, 13 and 27 hours into a piece at 44.1 kHz, sound as those near 0, for every node.

Nobody renders that long here: a rendering begins there. The rate and all frequencies are powers of two, or few of them,
so that phases and cycles stand there where they stand at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.plan.instants import FAR, GRAIN, LONGEST_WINDOW, seen
from farm.rendering.outline import Part
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm
from tests.render import beginning
from tests.render.beginning import limited, mixed
from tests.render.sound import Frames, asked, rms, same_bits, score
from workers.catalog import catalog
from workers.dsp.chance import rand
from workers.simd import word

RATE = 8192
Ints = NDArray[np.int64]
TURN = 3 << 17
"""Frames after which cycles, alternations and phases of these scores stand as before."""
COUNT = 45 * RATE
PLACES = {f"2^{bits}": ((1 << bits) - 100_000) // TURN * TURN for bits in (31, 32)}
"""Where renderings begin: at least 100,000 frames before, so that they reach as far behind."""

SCORES = {
    "effects": """
cps: 2
~d: s "bd sn hh*2" # delay 0.0625 0.6 0.5
~pad: square "128 ~ 192" * 0.2 # lpf (sine 0.5 * 400 + 700) 1.5 # hpf 64 1
out: ~d + ~pad # reverb 0.8 0.3 0.4
o2: ~d # delay (sine 2 * 0.01 + 0.02) 0.3 # chorus 0.5 0.8 0.6
o3: ~pad # chorus "0.5 2" 0.5 # bpf 512 3 # notch 1024 2 # distortion 4 0.5 # bitcrush 6 3 # delay "0.125 0.25" 0.5
""",
    "envelopes, gates and steps": """
cps: 2
~mel: saw "256 ~ 320 [288 ~]" * "1 0 0.5 ~"
~env: tri 64 * adsr 0.02 0.1 0.3 0.2 + pulse 128 0.25 * ad 0.01 0.2 + saw (line 100 300) * line 0.5 0
~low: sine "<64 128 96>" * 0.4 + tri (line 50 200 20) + impulse 8 + sine 128 / 4 - sine 64
out: ~mel + ~env * 0.3 # pan (sine 1)
o2: ~low # gain "0.5 1" # plus 0.01
o3: fm 256 128 (line 3 0) * 0.2 + fm 128 64 2 * 0.1 + supersaw 64 "0.25 0.5" 5 * 0.2
o4: supersaw 128 (sine 1 * 0.1 + 0.2) 3 * 0.1
""",
    "voices": """
cps: 2
~flam: saw 256 # delay 0.0156 0.5 0.5 * 0.6 # lpf 1200 1 # chorus 2 0.5 0.5 # gain (sine 8)
~hall: saw "256 320" # reverb 0.6 0.4 0.5 # lpf 1500 1
~shape: tri 128 * adsr 0.01 0.1 0.5 0.1 + sine 256 * ad 0.01 0.05 + fm 128 64 (line 4 0) * line 1 0 0.2 + supersaw 64
out: s "~flam*3" # note "0 12 <0 12>" # ar 0.001 0.2 + s "~hall*3 <~hall ~>" # ar 0.002 0.25
o2: s "~shape(3,8)" # adsr 0.01 0.05 0.6 0.2 # pan "0.3 -0.5"
""",
    "long voices": """
cps: 2
~wave: saw 128 * (~wave2 * 0.1 + 1) # lpf 900 1 # delay 0.05 0.5
~wave2: sine 2
out: s "<~wave ~!7>" # adsr 1 2 0.5 3 # legato 4 + s "<~ ~wave ~!10>" # ar 0.5 6
o2: s "amen*2 808oh" # adsr 0.01 0.05 0.4 0.1 # cut "1 0" + s "casio" # loop 1 # begin 0.1 # end 0.13 # legato 5
""",
    "loops": """
cps: 2
~a: ~a * 0.9 + sine 256 * 0.1
~x: s "rim ~ ~ ~" + ~y * 0.6
~y: ~x # delay 0.03125 0.2 0.7 # lpf 1500 1
out: ~a + ~y
""",
}
NOISY = """
cps: 2
~hat: noise # hpf 2000 0.8 * adsr 0.001 0.02 0.1 0.01
out: s "~hat*6" # ar 0.003 0.09 + noise * 0.1 + noise "0.1 0.2" # lpf 900 1
"""


heard = partial(beginning.heard, rate=RATE)


@cache
def near(text: str) -> Frames:
    """The score from frame 0 on."""
    found = heard(text, 0, COUNT)
    assert rms(found[COUNT // 2 :]) > 1e-3
    return found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SCORES)
def test_a_rendering_that_begins_far_away_is_the_one_that_begins_at_0(name: str, place: str) -> None:
    same_bits(heard(SCORES[name], PLACES[place], COUNT), near(SCORES[name]), f"{name} from {place}")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SCORES)
def test_what_began_at_0_sounds_far_away_as_near(name: str, place: str) -> None:
    text = SCORES[name].replace(" + tri (line 50 200 20)", "").replace(" * line 1 0 0.2", "")
    options = {"chunk": 777, "window_frames": 50_000}
    same_bits(heard(text, PLACES[place], COUNT, began=0, **options), near(text), f"{name} from {place}")


SWEEPS = """
cps: 2
out: sine 123.4 + saw 77.7 + square 0.37 + tri 1000.1 + pulse 33.3 0.2 + impulse 7.7 + fm 210 33.3 2
o2: supersaw 81.1 0.37 7 + noise * 0.1 + line 0 1 + ad 0.1 0.2 + adsr 0.01 0.1 0.7 0.2 + tri 5 * "1 0.5 ~"
"""


@pytest.mark.parametrize("place", PLACES)
def test_what_needs_no_past_may_begin_anywhere(place: str) -> None:
    """Phases by formula go on across the places where words end."""
    start, count = (1 << int(place.removeprefix("2^"))) - 8192, 16384
    whole = heard(SWEEPS, start, count, began=0)
    for later in (4096, 8192, 12288):
        same_bits(heard(SWEEPS, start + later, count - later, began=0)[64:], whole[later + 64 :], f"{later} on")


LOUD = 'cps: 2\nout: saw 128 * 2 + s "bd*4" * 3'


@pytest.mark.parametrize("place", PLACES)
def test_a_limiter_turns_down_far_away_as_near(place: str) -> None:
    near, far = (heard(LOUD, start, 4 * RATE, path=limited, chunk=777) for start in (0, PLACES[place]))
    assert 0.7 < np.abs(near).max() < 0.9
    same_bits(far[RATE:], near[RATE:], f"from {place}")


def test_these_scores_hold_every_node() -> None:
    used: set[str] = set()
    for text in [*SCORES.values(), NOISY]:
        graph = score(text).graph(0)
        roots = tuple(output.bus for output in graph.outputs)
        with Warm() as warm:
            rendering = Rendering(graph, asked(rate=RATE), Part(roots, COUNT, True, 0, (limited(graph),)), warm)
            used |= {label.name for group in rendering.plan.groups for label in group.labels}
            rendering.close()
    assert set(catalog()) - used <= {"sampler_draft", "sampler_best"}


@pytest.mark.parametrize("quality", ["draft", "best"])
def test_samples_of_every_quality_sound_far_away_as_near(quality: str) -> None:
    text = 'cps: 2\nout: s "amen*2 808oh" # speed "1 -0.7 2" # adsr 0.01 0.05 0.4 0.1'
    first = heard(text, 0, COUNT, quality=quality)
    for start in PLACES.values():
        same_bits(heard(text, start, COUNT, quality=quality), first, f"{quality} from {start}")


def test_noise_counts_frames_from_0_modulo_2_to_the_32() -> None:
    same_bits(heard(NOISY, 1 << 32, COUNT), heard(NOISY, 0, COUNT), "2^32")
    bare = "cps: 2\nout: noise"
    graph = score(bare).graph(0)
    for start in ((1 << 31) - 4096, (1 << 32) - 4096):
        found = heard(bare, start, 8192)[:, 0]
        plan_place = place_of_noise(graph)
        expected = np.array([rand(word(plan_place), word(start + i))[0] for i in range(8192)], np.float32)
        assert np.array_equal(found, expected)


def place_of_noise(graph: object) -> int:
    """The seed of the only noise of a score."""
    from farm.graph.graph import Graph
    from farm.graph.seeds import seed32

    assert isinstance(graph, Graph)
    (seed_path,) = (node.seed_path for scope in graph.buses for node in scope.nodes if node.node == "noise")
    return seed32(0, seed_path)


@pytest.mark.parametrize("place", PLACES)
def test_sources_end_where_the_score_does(place: str) -> None:
    """However far off that is: a source is neither faded long before nor heard long after."""
    text = "cps: 2\nout: tri 64 + sine 128 * ad 0.01 0.2"
    far = PLACES[place]
    for after in (RATE, COUNT - RATE):
        first = heard(text, 0, COUNT, end=after, fade_out=0.5)
        assert rms(first[after - RATE : after]) > 0.1
        assert not first[after + RATE // 2 + 1 :].any()
        same_bits(heard(text, far, COUNT, began=0, end=far + after, fade_out=0.5), first, place)
    whole = heard(text, 0, COUNT)
    for end in (COUNT + far, COUNT + (1 << 31), COUNT + FAR, 1 << 40):
        same_bits(heard(text, 0, COUNT, end=end), whole, f"an end at {end}")
    assert not heard(text, far, COUNT, end=1000).any()


@pytest.mark.parametrize("seconds", [2, 20_000, 100_000])
def test_a_line_goes_on_where_it_is(seconds: int) -> None:
    """From 0 to 1 in so many seconds, of which none begins again."""
    text = f"cps: 2\nout: line 0 1 {seconds}"
    length = seconds * RATE
    for start in (0, FAR - 4096, FAR + GRAIN - 4096, (1 << 31) - 4096, (1 << 32) - 4096):
        found = heard(text, start, 8192, began=0)[:, 0]
        expected = np.minimum(np.arange(start, start + 8192) / length, 1.0)
        np.testing.assert_allclose(found, expected, rtol=3e-7)
    if length > 1 << 31:
        assert 0.0 < heard(text, 1 << 31, 64, began=0)[0, 0] < 1.0


def test_neither_chunk_nor_window_shows_in_what_began_long_ago() -> None:
    """Where ages count from moves with the window; what is heard does not."""
    text = "cps: 2\nout: saw (line 50 200 100000) * line 0.5 1 100000 + sine 64 # delay 0.05 0.5"
    for start in (FAR + GRAIN - TURN // 3, (1 << 31) - TURN // 3, (1 << 32) - TURN // 3):
        start = start // 4096 * 4096
        whole = heard(text, start, TURN, began=0)
        for chunk, window in ((64, 640), (777, 5000), (4096, 1 << 16)):
            found = heard(text, start, TURN, began=0, chunk=chunk, window_frames=window)
            same_bits(found, whole, f"chunks of {chunk} and windows of {window} from {start}")


FAST = 384_000
"""The highest rate: 3,600 seconds, the longest time of an envelope of voices, are 1.3 times 2^30 frames."""
LONGEST = 3_600 * FAST


def at(text: str, frames: list[int], rate: int) -> NDArray[np.float64]:
    """The left channel of a score without carried state at some frames."""
    found = []
    for frame in frames:
        given = asked(rate=rate, window_frames=LONGEST_WINDOW, chunk=1 << 18)
        graph = score(text).graph(0)
        roots = tuple(output.bus for output in graph.outputs)
        with Warm() as warm:
            rendering = Rendering(graph, given, Part(roots, None, False, frame, (mixed(graph),)), warm)
            for piece in rendering.pieces(frame + 1):
                if piece.first <= frame < piece.first + piece.count:
                    found.append(float(piece.blocks[0].frames[frame - piece.first, 0]))
            rendering.close()
    return np.array(found)


SLOT = 100_000 * FAST
PLACED = [base + by for base in (1 << 30, 1 << 31, 1 << 32, 3 << 31) for by in (-100_000, 100_000)]
"""Frames around which words end, within half a cycle of 200,000 seconds."""
SLOWLY = "cps: 0.000005"
EDGE = FAST // 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'out: s "~one ~" # adsr 0.01 1 0.5 2',
            lambda t: np.where(t < SLOT, 0.5, np.maximum(0.5 - (t - SLOT) / (4 * FAST), 0)),
            id="a voice that is held",
        ),
        pytest.param(
            'out: s "~one ~" # adsr 3600 1 0.5 3600',
            lambda t: np.where(t < LONGEST, t / LONGEST, np.where(t < SLOT, 0.5, 0.5 * (1 - (t - SLOT) / LONGEST))),
            id="a voice that rises and is released",
        ),
        pytest.param(
            'out: s "~one ~" # adsr 0.01 3600 0.5 2',
            lambda t: np.where(t < SLOT, np.maximum(1 - 0.5 * (t - EDGE) / LONGEST, 0.5), 0.5 - (t - SLOT) / 4 / FAST),
            id="a voice that decays",
        ),
        pytest.param(
            'out: s "~one ~" # ar 0.01 3600',
            lambda t: np.where(t < LONGEST, np.exp(-5 * (t - EDGE) / LONGEST), 0.0),
            id="a voice that falls",
        ),
        pytest.param('out: s "~one ~" # ar 3600 1', lambda t: np.where(t < LONGEST, t / LONGEST, 0), id="an attack"),
        pytest.param("out: line 0 1", lambda t: t / (2 * SLOT), id="line"),
        pytest.param("out: adsr 0.01 1 0.5 2", lambda t: np.full(len(t), 0.5), id="adsr"),
        pytest.param(
            "out: adsr 40000 1 0.5 2", lambda t: np.where(t < SLOT * 0.4, t / (SLOT * 0.4), 0.5), id="a slow adsr"
        ),
        pytest.param("out: ad 0.01 100000", lambda t: 1 - (t - EDGE) / (100_000 * FAST), id="ad"),
        pytest.param('~w: line 1 1 * line 0 1\nout: s "~w ~" # adsr 0 0 1 2', lambda t: t / SLOT, id="line in a voice"),
        pytest.param('out: line 1 1 * "1 0.5"', lambda t: np.where(t < SLOT, 1.0, 0.5), id="steps"),
        pytest.param('out: square 0 * "1 0.5"', lambda t: np.where(t < SLOT, 1.0, 0.5), id="a gate"),
        pytest.param(
            'out: s "~ ~one ~ ~" # adsr 0 0 1 2',
            lambda t: np.where(t < SLOT // 2, 0, np.minimum(1 - (t - SLOT) / (2 * FAST), 1)),
            id="an onset",
        ),
    ],
)
def test_what_lasts_so_long_is_where_it_should_be(text: str, expected: Callable[[Ints], NDArray[np.float64]]) -> None:
    frames = [4 * FAST, *PLACED, SLOT - 100_000]
    if text.startswith("out: s"):
        frames += [SLOT + 100_000]
    found = at(f"{SLOWLY}\n~one: line 1 1\n{text}", frames, FAST)
    np.testing.assert_allclose(found, expected(np.array(frames)), rtol=1e-5, atol=1e-6)


def test_instants_are_seen_right_from_anywhere() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        now = int(rng.integers(0, 1 << int(rng.integers(1, 44))))
        instants = now + rng.integers(-1 << 44, 1 << 44, 50) // (1 << rng.integers(0, 40, 50))
        frames, left_out = seen(instants, now)
        assert (left_out % GRAIN == 0).all() and (left_out >= 0).all()
        for at_frame in (now, now + LONGEST_WINDOW):
            counted = at_frame - frames
            assert (np.abs(counted) < 1 << 31).all()
            real = at_frame - instants
            near = instants <= now + FAR
            assert ((counted + left_out)[near] == real[near]).all()
            assert (counted[~near] < 0).all()
            assert (counted[left_out > 0] >= FAR).all()
            rounded = counted.astype(np.float32) + left_out.astype(np.float32)
            assert (rounded[near & (real < FAR)] == real[near & (real < FAR)].astype(np.float32)).all()
