"""General MIDI's keys of percussion (General MIDI 1, 1991), for banks whose names say what they are."""

from __future__ import annotations

KEYS = {
    name: key
    for key, names in {
        36: "bd kick bassdm 808bd clubkick hardkick popkick reverbkick",
        37: "rim rs",
        38: "sd sn snare 808sd",
        39: "cp clap realclaps",
        42: "hh ch hc hh27 808hc",
        45: "lt 808lt",
        46: "oh ho 808oh",
        47: "mt tom 808mt",
        49: "cr crash",
        50: "ht 808ht",
        51: "ride rd",
        54: "tamb",
        56: "cb cowbell",
        63: "conga",
        70: "shaker",
        75: "clave",
    }.items()
    for name in names.split()
}
"""The key of each known name: bass drum, side stick, snare, clap, closed hat, low, middle and high tom, open hat,
crash, ride, tambourine, cowbell, open high conga, maracas, claves."""
