"""Which recipes make which bank. The order of a row is the order of the files."""

from __future__ import annotations

from functools import partial

from bankmaking import drums, loops
from bankmaking.parts import Recipe

BANK: dict[str, tuple[Recipe, ...]] = {
    "bd": (
        partial(drums.kick, 120.0, 45.0, 0.022, 0.50, 1.2, 0.30),
        partial(drums.kick, 190.0, 50.0, 0.012, 0.36, 2.5, 0.60),
        partial(drums.kick, 120.0, 55.0, 0.030, 0.30, 0.8, 0.10),
        partial(drums.kick, 260.0, 48.0, 0.014, 0.42, 4.0, 0.35),
        partial(drums.kick, 150.0, 62.0, 0.016, 0.24, 1.5, 0.90),
        partial(drums.kick, 105.0, 40.0, 0.045, 0.50, 1.0, 0.05),
    ),
    "808bd": (
        partial(drums.deep_kick, 52.0, 0.45, 1.2, 0.8),
        partial(drums.deep_kick, 49.0, 0.70, 1.0, 0.8),
        partial(drums.deep_kick, 46.0, 0.90, 0.8, 0.9),
        partial(drums.deep_kick, 57.0, 0.30, 1.6, 1.2),
        partial(drums.deep_kick, 54.0, 0.60, 2.2, 2.5),
        partial(drums.deep_kick, 62.0, 0.40, 0.4, 0.6),
    ),
    "bassdm": (partial(drums.kick, 95.0, 58.0, 0.020, 0.40, 0.7, 0.20),),
    "sn": (
        partial(drums.snare, 185.0, 0.8, 1200.0, 0.24, 21),
        partial(drums.snare, 220.0, 1.2, 2500.0, 0.18, 22),
        partial(drums.snare, 165.0, 0.5, 800.0, 0.28, 23),
        partial(drums.snare, 260.0, 0.9, 4000.0, 0.14, 24),
        partial(drums.snare, 200.0, 2.0, 1500.0, 0.30, 25),
        partial(drums.snare, 310.0, 0.3, 2000.0, 0.16, 26),
    ),
    "sd": (
        partial(drums.snare, 175.0, 1.0, 700.0, 0.22, 27),
        partial(drums.snare, 238.0, 0.6, 3000.0, 0.20, 28),
        partial(drums.snare, 150.0, 1.5, 1800.0, 0.28, 29),
        partial(drums.snare, 280.0, 1.1, 1000.0, 0.13, 30),
    ),
    "hh": (
        partial(drums.hat, 420.0, 7000.0, 0.080, 0.5, 0.14),
        partial(drums.hat, 540.0, 8500.0, 0.050, 0.3, 0.10),
        partial(drums.hat, 360.0, 5500.0, 0.120, 0.8, 0.16),
        partial(drums.hat, 610.0, 9500.0, 0.035, 1.2, 0.08),
        partial(drums.hat, 300.0, 4500.0, 0.060, 0.2, 0.12),
        partial(drums.hat, 480.0, 6500.0, 0.140, 2.5, 0.17),
    ),
    "oh": (
        partial(drums.hat, 420.0, 7000.0, 0.60, 0.5, 0.45),
        partial(drums.hat, 360.0, 5500.0, 0.45, 1.0, 0.38),
        partial(drums.hat, 540.0, 8500.0, 0.70, 0.3, 0.45),
    ),
    "808oh": (partial(drums.hat, 205.3, 6000.0, 0.65, 0.0, 0.45),),
    "cp": (
        partial(drums.clap, 1100.0, 0.011, 3, 0.14, 33),
        partial(drums.clap, 1500.0, 0.009, 3, 0.10, 34),
        partial(drums.clap, 850.0, 0.014, 3, 0.13, 35),
        partial(drums.clap, 1900.0, 0.008, 4, 0.08, 36),
    ),
    "clap": (partial(drums.clap, 1250.0, 0.010, 4, 0.15, 37),),
    "rim": (
        partial(drums.rim, 1720.0, 0.28, 0.06),
        partial(drums.rim, 1250.0, 0.37, 0.08),
        partial(drums.rim, 2350.0, 0.55, 0.045),
        partial(drums.rim, 980.0, 2.70, 0.07),
        partial(drums.rim, 1480.0, 1.61, 0.10),
    ),
    "rs": (
        partial(drums.rimshot_noise, 455.0, 2500.0),
        partial(drums.rimshot_noise, 380.0, 1500.0),
        partial(drums.rimshot_noise, 560.0, 4000.0),
    ),
    "808lt": (partial(drums.tom, 82.0, 0.50, 0.35),),
    "808mt": (partial(drums.tom, 122.0, 0.42, 0.35),),
    "808ht": (partial(drums.tom, 168.0, 0.34, 0.35),),
    "lt": (partial(drums.tom, 95.0, 0.40, 0.7, 0.4),),
    "mt": (partial(drums.tom, 140.0, 0.34, 0.7, 0.4),),
    "ht": (partial(drums.tom, 200.0, 0.28, 0.7, 0.4),),
    "tom": (partial(drums.tom, 112.0, 0.38, 0.5, 0.6),),
    "cb": (drums.cowbell,),
    "perc": (partial(drums.woodblock, 890.0), partial(drums.woodblock, 610.0)),
    "shaker": (
        partial(drums.shaker, 5000.0, 0.020, 0.14, 62),
        partial(drums.shaker, 7500.0, 0.045, 0.10, 63),
    ),
    "conga": (partial(drums.hand_drum, 195.0, 0.32, 0.3, 64), partial(drums.hand_drum, 262.0, 0.22, 0.8, 65)),
    "djembe": (partial(drums.hand_drum, 98.0, 0.38, 0.2, 66), partial(drums.hand_drum, 345.0, 0.2, 1.2, 67)),
    "tamb": (drums.tambourine,),
    "ride": (
        partial(drums.ride, 410.0, 0.5, 5000.0),
        partial(drums.ride, 355.0, 0.9, 4000.0),
        partial(drums.ride, 470.0, 0.3, 6500.0),
        partial(drums.ride, 520.0, 1.8, 5500.0),
        partial(drums.ride, 300.0, 0.2, 3200.0),
    ),
    "stab": (drums.stab,),
    "blip": (partial(drums.blip, 880.0),),
    "breaks125": (loops.break_125,),
    "breaks152": (loops.break_152,),
    "amen": (loops.amen,),
    "amencutup": tuple(partial(loops.amen_slice, index) for index in range(8)),
    "industrial": (loops.industrial,),
    "birds": (loops.birds,),
    "gtr": (loops.guitar,),
    "casio": (loops.casio,),
    "em2": (loops.electric_bass,),
    "alphabet": (
        partial(loops.vowel, 140.0, (730.0, 1090.0, 2440.0)),
        partial(loops.vowel, 140.0, (270.0, 2290.0, 3010.0)),
        partial(loops.vowel, 140.0, (570.0, 840.0, 2410.0)),
    ),
}
