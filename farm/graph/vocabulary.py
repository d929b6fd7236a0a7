"""The words of the language that are neither nodes nor transforms: event sources and voice modifiers.

The resolver reads their arguments and ranges here, planning the bounds of voice controls, `farm patterns` its pages.
"""

from __future__ import annotations

from farm.quantities import plain
from workers.catalog import Param
from workers.records import record

ONE_SHOT = "sp"
"""`sp bd`: a sample that something else triggers."""
ANY = 1e9
LONGEST_S = 3600.0


@record(frozen=True, slots=True)
class ScoreWord:
    """One word: its arguments (a default None means that the score must give it), what it does, a score with it.

    Arguments of a modifier are called as the controls of a voice that they set; `value` is what people read for an
    argument that is called like the word.
    """

    name: str
    params: tuple[Param, ...]
    doc: str
    example: str
    aliases: tuple[str, ...] = ()
    value: str = "value"

    @property
    def least(self) -> int:
        """Arguments that must be given."""
        return sum(param.default is None for param in self.params)

    @property
    def signature(self) -> str:
        """How it is written: `adsr attack decay [sustain 0.7] [release 0.2]`."""
        names = [(self.shown(one), one.default) for one in self.params]
        parts = [name if default is None else f"[{name} {plain(default)}]" for name, default in names]
        return " ".join([self.name, *parts])

    def shown(self, param: Param) -> str:
        """An argument's name for people."""
        return self.value if param.name == self.name else param.name

    def param(self, name: str) -> Param | None:
        """The argument called `name`."""
        return next((one for one in self.params if one.name == name), None)


ATTACK = Param("attack", "s", None, 0.0, LONGEST_S, "of a linear rise from silence")
RELEASE = Param("release", "s", None, 0.0, LONGEST_S, "of the fall to silence")

_EVENT_SOURCES = (
    ScoreWord(
        "s",
        (
            Param("pattern", "pattern", None, -ANY, ANY, "of banks (`bd`, `bd:3`), buses (`~bass`) and rests (`~`)"),
            Param("gain", "1", 1.0, 0.0, 10.0, "of every voice, as `# gain` says it: a number, pattern or signal"),
        ),
        "Starts a voice at every onset of a pattern: a sample of a bank, or a bus as an instrument.\n\n"
        'Modifiers may be written as keywords as well: `s "bd*2" :attack 0.1 :end 0.5`.',
        'out: s "bd ~ sn:1 ~, hh*4"\no2: s "cp*2" "0.2 0.4"',
        ("sound",),
    ),
)
_VALUE_SOURCES = (
    ScoreWord(
        "n",
        (Param("pattern", "pattern", None, -ANY, ANY, "of numbers, or of note names in Hz"),),
        "A pattern of numbers where it stands alone; after `#`, a voice modifier.",
        'out: sine (n "220 330 440") * 0.2',
    ),
    ScoreWord(
        "note",
        (Param("pattern", "pattern", None, -ANY, ANY, "of note names, as Hz, or of numbers"),),
        "A pattern of frequencies where it stands alone; after `#`, a voice modifier.",
        'out: saw (note "a2 c3 e3") # lpf 900 1 * 0.2',
    ),
)
_MODIFIERS = (
    ScoreWord(
        "gain",
        (Param("gain", "1", None, 0.0, 10.0, "1 when nothing is said"),),
        "How loud each voice is, as a factor. On what has no voices it multiplies.",
        'out: s "hh*8" # gain "1 0.4 0.7 0.4"',
        value="factor",
    ),
    ScoreWord(
        "note",
        (Param("note", "semitones", None, -120.0, 120.0, "a name (`c4`) is a pitch, a number is relative"),),
        "The pitch of each voice. A sample sounds as recorded at c4 and 0; a chord (`c4'min`) is a voice a note.",
        'out: s "stab*4" # note "0 3 7 <10 12>"',
        value="pitch",
    ),
    ScoreWord(
        "n",
        (Param("n", "number", None, -ANY, ANY, "added to the number written as `bd:1`; 0 when nothing is said"),),
        "Which sample of the bank each voice plays, counted from 0; it wraps around the bank's count.",
        'out: s "bd*4" # n "0 1 2 3"',
        value="index",
    ),
    ScoreWord(
        "speed",
        (Param("speed", "1", None, -10.0, 10.0, "1 when nothing is said; below 0 backwards from the end"),),
        "How fast each voice plays its sample, times what `note` says; what is together above 15.99 sounds as 15.99.",
        'out: s "sn*4" # speed "1 1.5 -1 0.5"',
        value="factor",
    ),
    ScoreWord(
        "pan",
        (Param("pan", "1", None, -1.0, 1.0, "-1 left, 0 centre (when nothing is said), 1 right"),),
        "Where each voice stands, with equal power.",
        'out: s "hh*4" # pan "-1 1"',
        value="position",
    ),
    ScoreWord(
        "cut",
        (Param("cut", "number", None, -ANY, ANY, "the group; 0 (when nothing is said) chokes nothing"),),
        "A choke group: a voice stops the older voices of its group, in any output, with a fade of 5 ms.\n\n"
        "In a group below 0 it stops only those of the same sample or bus: `# cut -1`.",
        'out: s "oh hh hh hh" # cut 1',
        value="group",
    ),
    ScoreWord(
        "begin",
        (Param("begin", "1", None, 0.0, 1.0, "as a part of the sample; 0 when nothing is said"),),
        "Where in its sample each voice begins.",
        'out: s "amen*4" # begin "0 0.25 0.5 0.75" # legato 1',
        value="part",
    ),
    ScoreWord(
        "end",
        (Param("end", "1", None, 0.0, 1.0, "as a part of the sample; 1 when nothing is said"),),
        "Where in its sample each voice ends; with a speed below 0 it begins there.",
        'out: s "amen*2" # end "0.1 0.4"',
        value="part",
    ),
    ScoreWord(
        "loop",
        (Param("loop", "bool", None, 0.0, 1.0, "1: repeated; 0 (when nothing is said): played once"),),
        "Repeats each voice's sample, or its part from `begin` to `end`, for the length of the hap's slot.",
        'out: s "casio*2" # loop 1 # end 0.1',
        value="switch",
    ),
    ScoreWord(
        "legato",
        (Param("legato", "slots", None, 0.0, 1000.0, "how many of its hap's slots a voice lasts, at most"),),
        "How long each voice is held, in slots of its hap; then it is released, within 3 ms where no ADSR says more.",
        'out: s "amen*4" # legato 0.5',
        value="slots",
    ),
    ScoreWord(
        "attack",
        (Param("attack", "s", None, 0.0, 10.0, ATTACK.about),),
        "A linear rise of each voice; a sample keeps its length.",
        'out: s "amen ~" # attack 0.4',
        value="time",
    ),
    ScoreWord(
        "release",
        (Param("release", "s", None, 0.0, 10.0, "of the exponential fall that begins when the attack is over"),),
        "A percussive fall of each voice, at once after its attack; of an ADSR, only its release.",
        'out: s "stab*2" # release 0.2',
        value="time",
    ),
    ScoreWord(
        "ar",
        (ATTACK, RELEASE),
        "A percussive envelope for each voice: a linear rise, then at once an exponential fall.",
        'out: s "stab*2" # ar 0.01 0.2',
    ),
    ScoreWord(
        "adsr",
        (
            ATTACK,
            Param("decay", "s", None, 0.0, LONGEST_S, "from the top to the sustain level"),
            Param("sustain", "1", 0.7, 0.0, 1.0, "the level that is held"),
            Param("release", "s", 0.2, 0.0, LONGEST_S, RELEASE.about),
        ),
        "An envelope for each voice, in straight lines; it is released at the end of the hap's slot.",
        '~bass: saw 55 # lpf 600 1\nout: s "~bass*2" # adsr 0.01 0.1 0.5 0.2 * 0.3',
    ),
)

EVENT_SOURCES = {name: word for word in _EVENT_SOURCES for name in (word.name, *word.aliases)}
VALUE_SOURCES = {word.name: word for word in _VALUE_SOURCES}
MODIFIERS = {word.name: word for word in _MODIFIERS}


def bounds_of(name: str) -> tuple[float, float]:
    """Least and greatest value of a control, whatever word sets it."""
    params = [param for word in _MODIFIERS for param in word.params if param.name == name]
    return min(param.low for param in params), max(param.high for param in params)


BOUNDS = {param.name: bounds_of(param.name) for word in _MODIFIERS for param in word.params}
"""Least and greatest value of each voice control. A word may keep a control within less: `# attack` ends at 10 s."""
