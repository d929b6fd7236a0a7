"""Names and forms that the language has and farm does not play yet: each says so, and is never taken for a mistake."""

from __future__ import annotations

import pytest

from farm.errors import ScoreError
from farm.graph.later import later_names
from farm.graph.names import function_names
from tests.render.sound import score

SOURCES = """
    superfm superkick synth superchip superhat supersnare brown_noise pink_noise granular superpwm pluck additive
    formant vocoder waveguide wavetable saw_hz soft_saw_hz phasor rand pitch_shift pm blip vco organ_hz vowel
""".split()
CONTROLS = """
    env mtof schmidt asr if lag rms segments select xline amp_follower curve env_trig gate latch peak_follower range
    sample_hold timer trig tar tadsr
""".split()
EFFECTS = """
    moog_ladder parametric_eq rlpf flanger resonz rhpf ring_mod comb compress compressor convolve diffuser expander
    freeze limit limiter pan2_l pan2_r phaser plate transient tremolo vibrato tapedelay multitap pingpong lush djf
""".split()
MODIFIERS = "scale chord".split()
TRANSFORMS = """
    ghost scramble groove loopAt rotL rotR shuffle slice sometimes splice struct stutter fastGap zoom linger inside
    within chunk iterBack rot press humanize bite striate segment euclid sometimesBy often rarely always every'
    foldEvery whenmod staccato juxBy
""".split()
LISTS = "stack cat slowcat choose wchoose".split()


def refused(text: str) -> ScoreError:
    with pytest.raises(ScoreError) as caught:
        score(text)
    return caught.value


def there(name: str) -> bool:
    return name in function_names()


@pytest.mark.parametrize("name", [*SOURCES, *CONTROLS, *EFFECTS, *MODIFIERS, *TRANSFORMS, *LISTS])
def test_every_name_of_the_language_is_known(name: str) -> None:
    assert there(name) or name in later_names()


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        *((f"out: {name} 3", 6, f"`{name}`") for name in SOURCES if not there(name)),
        *(
            (f"out: saw 110 # {name} 3", 16, f"`{name}`")
            for name in (*CONTROLS, *EFFECTS, *MODIFIERS)
            if not there(name)
        ),
        *((f'out: s "bd" $ {name} 3', 15, f"`{name}`") for name in TRANSFORMS if not there(name)),
        *((f'out: {name} 3 $ s "bd"', 6, f"`{name}`") for name in TRANSFORMS if not there(name)),
        *((f'out: {name} [s "bd", s "sn"]', 6, f"`{name}`") for name in LISTS),
        ("out: saw 1 # gain [1, 2]", 19, "a list"),
        ('%p: "0 3"\nout: saw 1', 1, "a named pattern"),
        ('out: s "bd" # n %p', 17, "`%p`"),
        ("@t: saw 1\nout: saw 1", 1, "a template"),
        ("out: @t", 6, "`@t`"),
        ("fn f a = saw a\nout: saw 1", 4, "a function of one's own"),
        ("~f a b $ saw a\nout: saw 1", 1, "a bus with arguments, `~f`,"),
        ("outmix: tanh\nout: saw 1", 1, "`outmix`"),
        ("hush\nout: saw 1", 1, "`hush`"),
        ("hush2\nout: saw 1", 1, "`hush`"),
        ("panic\nout: saw 1", 1, "`panic`"),
        ('out: saw "c4 e4" 0.1 0.1 0.5 0.2', 6, "an envelope for each note of an oscillator"),
    ],
)
def test_what_comes_later_says_so(text: str, column: int, what: str) -> None:
    error = refused(text)
    assert error.message.startswith(what)
    assert error.message.endswith("comes with a later version of farm")
    assert error.loc is not None
    assert (error.loc.line, error.loc.column) == (1, column)
    assert error.hint is not None


def test_a_line_that_begins_with_such_an_effect_is_no_comment() -> None:
    assert "`tremolo` comes with" in refused("out: saw 110\n# tremolo 3 0.5").message


def test_a_bus_may_have_such_a_name() -> None:
    assert not score("gate = saw 3\nenv = gate * 0.5\nout = env").notices


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('out: vst "Serum"', 6),
        ("out: saw 110 # plugin", 16),
        ('out: s "bd" # midi 1', 15),
        ("out: saw ~midi:keys:note", 10),
        ('out: lv2 "x" $ saw 1', 6),
    ],
)
def test_plugins_and_midi_are_out_of_scope(text: str, column: int) -> None:
    error = refused(text)
    assert "plugins and MIDI are out of farm's scope" in error.message
    assert error.loc is not None and error.loc.column == column
