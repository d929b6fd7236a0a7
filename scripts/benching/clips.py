"""The clips of batch-500: ten scores, each at fifty tempi and seeds. Only the standard library is used here."""

from __future__ import annotations

from fractions import Fraction

SCORES = (
    'out: s "bd hh sn hh"',
    'out: s "bd(3,8), ~ sn ~ <sn:1 cp>, hh*8?" # gain 0.6',
    '~lfo: sine 0.25 * 0.5 + 0.5\nout: saw "55 55 82.5 65" # lpf (~lfo * 1800 + 200) 3 * 0.3',
    '~v: saw 110 # lpf 1200 1\nout: s "~v(7,16)" # note "c3\'min7 f3\'min7" # gain 0.2 # reverb 0.7 0.4 0.3',
    'o1: s "bd*2 cp" $ every 4 rev # gain 0.7\no2: s "hh*16" $ degradeBy 0.3 # gain "0.3 0.15" # pan "[-0.6 0.6]*8"',
    'o1 $ jux rev $ stut 4 0.125 0.6 $ s "rim cp(3,8)" # gain 0.3\no2: s "perc ~ perc:1 ~" # delay 0.375 0.5 0.4',
    '~b: square 55 + saw 55.3 # lpf 700 2\nout: s "~b*8" # note "<c2 eb2 g1 bb1> c2 c3 c2" # adsr 0.01 0.1 0.5 0.05',
    'out: s "808bd*4, 808oh(5,8)?, tamb*16?" # gain 0.4 # pan "<-0.5 0.5>"',
    '~p: tri 220 # lpf 2000 0.8\nout: s "~p*4" # note "c4\'maj7 <a3\'min7 f3\'maj7>" # ar 0.2 0.8 # gain 0.15',
    'o1: s "tom(5,8,<0 2>)" # speed "1 1.5" # gain 0.5\no2: noise # hpf 6000 0.7 * 0.02\no3: s "bd*4" # gain 0.6',
)


def clip(number: int) -> tuple[str, int]:
    """(text of a clip's score, its seed)."""
    return f"cps: {float(tempo(number)):g}\n{SCORES[number % len(SCORES)]}\n", number


def tempo(number: int) -> Fraction:
    """Cycles a second of a clip."""
    return Fraction(2, 5) + Fraction(number // len(SCORES) % 50, 100)
