"""What people bring from elsewhere (TidalCycles, Strudel, SuperCollider), and how a score says it.

Names that a later version of the language has do not stand here.
"""

from __future__ import annotations

from collections.abc import Container

_LPF, _HPF, _BPF = "# lpf 800", "# hpf 200", "# bpf 800"
_REVERB, _DELAY, _ADSR = "# reverb 0.7 0.3", "# delay 0.25 0.5", "# adsr 0.01 0.1 0.5 0.2"
_GAIN, _NOTE, _LEGATO, _SEQUENCE = "# gain 0.5", '# note "0 7"', "# legato 0.5", '"bd sn"'

FORMS: dict[str, str] = {
    **dict.fromkeys(("cutoff", "ctf", "lp", "lowpass"), _LPF),
    **dict.fromkeys(("resonance", "lpq", "res"), "# lpf 800 4"),
    **dict.fromkeys(("hcutoff", "hp", "highpass"), _HPF),
    **dict.fromkeys(("hresonance", "hpq"), "# hpf 200 4"),
    **dict.fromkeys(("bandf", "bp", "bandpass"), _BPF),
    **dict.fromkeys(("bandq", "bpq"), "# bpf 800 4"),
    **dict.fromkeys(("shape", "drive", "overdrive"), "# distortion 4"),
    **dict.fromkeys(("crush",), "# bitcrush 4"),
    **dict.fromkeys(("room", "size", "sz", "roomsize", "verb"), _REVERB),
    **dict.fromkeys(("delaytime", "delayfeedback", "delayfb", "delayt", "dt", "dfb"), _DELAY),
    **dict.fromkeys(("decay", "sustain", "dec"), _ADSR),
    **dict.fromkeys(("att",), "# attack 0.1"),
    **dict.fromkeys(("rel",), "# release 0.1"),
    **dict.fromkeys(("hold", "sus", "clip"), _LEGATO),
    **dict.fromkeys(("velocity", "vel", "postgain", "level", "vol", "volume"), _GAIN),
    **dict.fromkeys(("up", "midinote", "transpose"), _NOTE),
    **dict.fromkeys(("density",), "$ fast 2"),
    **dict.fromkeys(("sparsity",), "$ slow 2"),
    **dict.fromkeys(("reverse",), "$ rev"),
    **dict.fromkeys(("sequence", "seq", "fastcat", "timecat"), _SEQUENCE),
    **dict.fromkeys(("sawtooth",), "saw 110"),
    **dict.fromkeys(("osc", "sinosc"), "sine 110"),
    **dict.fromkeys(("lfo",), "sine 0.5"),
    **dict.fromkeys(("silence", "hush"), 's "~"'),
}
"""Names with a place in an expression, by how they are written here."""

HEADS: dict[str, str] = {
    **dict.fromkeys(("sample_rate", "samplerate", "rate", "sr"), "--rate 48000"),
    **dict.fromkeys(("volume", "vol", "gain", "amp", "level"), "--gain 0.5"),
    **dict.fromkeys(("duration", "length", "seconds"), "--duration 60"),
    **dict.fromkeys(("cycles",), "--cycles 32"),
    **dict.fromkeys(("seed",), "--seed 1"),
    **dict.fromkeys(("bits", "bit_depth"), "--bits 16"),
    **dict.fromkeys(("samples", "sample_folder"), "--samples FOLDER"),
    **dict.fromkeys(("quality",), "--quality best"),
    **dict.fromkeys(("threads", "workers"), "--threads 4"),
    **dict.fromkeys(("fade_in", "fadein"), "--fade-in 1"),
    **dict.fromkeys(("fade_out", "fadeout"), "--fade-out 1"),
}
"""Words in front of a colon that an option of `farm render` stands for."""

STATEMENTS: dict[str, str] = {
    **dict.fromkeys(("setcps", "setCps"), "cps: 0.5"),
    **dict.fromkeys(("setbpm", "setcpm", "setBpm", "setCpm"), "bpm: 120"),
    **dict.fromkeys(("let", "const", "var"), '~name: s "bd sn"'),
    **dict.fromkeys(("once",), 'out: s "bd sn"'),
}
"""Words that begin statements elsewhere, by the statement here."""

OUTSIDE: dict[str, str] = {
    **dict.fromkeys(("vst", "vst2", "vst3", "au", "clap", "lv2", "plugin"), "a plugin statement"),
    "midi": "a MIDI statement",
}
"""Words of plugins and MIDI, by what a statement is that begins with one."""

OPERATORS: dict[str, str] = {
    "~>": "a pattern is shifted by `late`: $ late 0.25",
    "<~": "a pattern is shifted by `early`: $ early 0.25",
    **dict.fromkeys(("|+|", "|-|", "|*|", "|/|", "|<|", "|>|", "|%|"), "a control is set with `#` alone: # speed 2"),
}
"""Operators, by what stands for them here."""

BANKS: dict[str, str] = {
    **dict.fromkeys(("kick", "bassdrum", "kd", "superkick"), "bd"),
    **dict.fromkeys(("snare", "snaredrum", "supersnare"), "sn"),
    **dict.fromkeys(("hihat", "hat", "ch", "closedhat", "superhat"), "hh"),
    **dict.fromkeys(("openhat", "ohh"), "oh"),
    **dict.fromkeys(("clp", "handclap"), "cp"),
    **dict.fromkeys(("rimshot", "sidestick"), "rim"),
    **dict.fromkeys(("cowbell",), "cb"),
    **dict.fromkeys(("tambourine",), "tamb"),
    **dict.fromkeys(("crash", "cymbal", "cr"), "ride"),
    **dict.fromkeys(("sh", "maracas"), "shaker"),
}
"""Names of drums, by the built-in bank that comes nearest."""

SYNTHS = frozenset({"piano", "superpiano", "supersaw", "supersquare", "supermandolin", "arpy", "sawtooth", "triangle"})
"""Instruments that are played as samples elsewhere, and here by oscillators."""


def bank_of(name: str, banks: Container[str]) -> str | None:
    """A hint for a bank that is known elsewhere, or None; `banks` are those that there are."""
    if name in SYNTHS:
        return 'notes are played by oscillators: saw # note "c4 e4"'
    here = BANKS.get(name)
    return f"here it is called `{here}`" if here is not None and here in banks else None


def form_of(name: str) -> str | None:
    """A hint for a name that is known elsewhere, or None."""
    form = FORMS.get(name)
    return f"what `{name}` does elsewhere is written `{form}` here" if form else None
