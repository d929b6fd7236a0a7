"""What mini-notation can do: a record for each feature, read by `farm patterns` and checked by the tests.

An example is a text and, after `->`, what it plays, cycle by cycle, in plainer notation.
"""

from __future__ import annotations

from farm.pattern.notes import CHORDS
from workers.records import record


@record(frozen=True, slots=True)
class Feature:
    """One feature: its name, how it is written, the marks that it uses, what it means."""

    name: str
    written: str
    marks: tuple[str, ...]
    doc: str
    example: str


FEATURES: tuple[Feature, ...] = (
    Feature("sequence", "a b c", (), "Steps share the cycle equally.", '"a b c"  ->  [a b c]'),
    Feature("rest", "~", ("~",), "Silence for a step.", '"a ~ b ~"  ->  a [~] b [~]'),
    Feature(
        "repeat",
        "a*n",
        ("*",),
        "The step n times as fast; n may be a fraction or a pattern: `a*<2 4>`.",
        '"a*2 <b c>*2"  ->  a a b c',
    ),
    Feature("slow", "a/n", ("/",), "The step n times as slow: 1/n of it in each cycle.", '"[a b]/2"  ->  a | b'),
    Feature("group", "[a b]", ("[", "]", "(", ")"), "A sequence inside one step.", '"[a b] c"  ->  a b c@2'),
    Feature(
        "layers",
        "a b, c d",
        (",",),
        "Sequences at the same time, each as long as the cycle (or the group).",
        '"a b, c"  ->  [a b, c]',
    ),
    Feature(
        "alternation",
        "<a b>",
        ("<", ">"),
        "One step a cycle, in turn. `<a b, c d>` is two alternations at once.",
        '"<a b> c"  ->  a c | b c',
    ),
    Feature(
        "polymeter",
        "{a b c}%n",
        ("{", "}", "%"),
        "n steps a cycle, whatever their number; without `%n` as many as the first layer has.",
        '"{a b c}%2"  ->  a b | c a | b c',
    ),
    Feature(
        "euclid",
        "a(k,n,r)",
        ("(", ")", ","),
        "k hits spread evenly over n steps (Bjorklund), begun r steps further on; k below 0 swaps hits and rests.",
        '"a(3,8,2)"  ->  ~ a ~ ~ a ~ a ~',
    ),
    Feature(
        "sample",
        "name:n",
        (":",),
        "Sample n of the bank, counted from 0; it wraps around the bank's count.",
        '"a:1 b"  ->  a:1 b',
    ),
    Feature(
        "number", "-1.5", ("-",), "A number: semitones, Hz, gain ... as who reads it says.", '"-1.5 .5"  ->  -1.5 0.5'
    ),
    Feature(
        "note",
        "c4 eb2 f#3",
        ("#",),
        "A note: letter, accidental (`#` or `s`, `b` or `f`), octave -1 to 10; c4 is middle C, a4 440 Hz.",
        '"c4 eb2*2"  ->  c4 [eb2 eb2]',
    ),
    Feature(
        "chord",
        "c4'min7",
        ("'",),
        f"A chord on a note, a voice for each of its notes. Qualities: {' '.join(CHORDS)}.",
        "\"c4'min7*2\"  ->  c4'min7 c4'min7",
    ),
    Feature("bus", "~name", (), 'A bus as an instrument: a voice at each onset (`s "~bass*4"`).', '"~a*2"  ->  ~a ~a'),
    Feature(
        "chance",
        "a?p",
        ("?",),
        "Drops the hap with probability p, 0 to 1, 0.5 where it is left out. Each ? is a chance of its own.",
        '"a?0 b?1"  ->  a ~',
    ),
    Feature("choice", "[a|b]", ("|", "[", "]"), "One of them in each cycle, by chance.", '"[a|a] b"  ->  a b'),
    Feature("weight", "a@n", ("@",), "The step n times as long as its neighbours.", '"a@3 b"  ->  a _ _ b'),
    Feature("hold", "a _", ("_",), "Prolongs the step before by one more.", '"a _ b c"  ->  a@2 b c'),
    Feature("replicate", "a!n", ("!",), "The step n times, each as long as it; `a !` twice.", '"a!2 b"  ->  a a b'),
    Feature("feet", "a b . c", (".",), "Groups of steps between dots share the cycle.", '"a b . c"  ->  [a b] c'),
    Feature("range", "0 .. 3", ("..",), "All whole numbers from one to the other.", '"0 .. 3"  ->  0 1 2 3'),
)
"""In the order in which they are best read."""
