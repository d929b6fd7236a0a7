"""The binder of arguments: every kind of call is bound, and refused, in the same way."""

from __future__ import annotations

import pytest

from farm.errors import Loc, ScoreError
from farm.graph.binding import Signature, Slot, bind, signature_of
from farm.graph.score import understand
from farm.score import Source
from farm.score.syntax import Number

SLOTS = (Slot("cutoff_hz", "cutoff"), Slot("q", "q", ("resonance",), needed=False), Slot("mix", "mix", needed=False))
NAMED = signature_of("lpf", SLOTS, "lpf cutoff [q 1] [mix 1]")
COUNTED = signature_of("lpf", SLOTS, "lpf cutoff [q 1] [mix 1]", counted=True)


def place(column: int) -> Loc:
    return Loc("a.ph", 1, column)


def bound(signature: Signature, positional: int, *keys: str) -> list[str]:
    """The slots of a call at column 1 with some arguments at columns 10, 11 ... and some keywords at 20, 21 ..."""
    keywords = [(key, Number(0, place(0)), place(20 + i)) for i, key in enumerate(keys)]
    slots = bind(signature, [Number(0, place(10 + i)) for i in range(positional)], keywords, place(1))
    return [slot.name for slot in slots]


@pytest.mark.parametrize("signature", [NAMED, COUNTED])
def test_arguments_go_where_their_position_or_their_keyword_says(signature: Signature) -> None:
    assert bound(signature, 1) == ["cutoff_hz"]
    assert bound(signature, 3) == ["cutoff_hz", "q", "mix"]
    assert bound(signature, 1, "mix") == ["cutoff_hz", "mix"]
    assert bound(signature, 0, "resonance", "cutoff") == ["q", "cutoff_hz"]
    assert bound(signature, 0, "cutoff_hz") == ["cutoff_hz"]


@pytest.mark.parametrize(
    ("signature", "positional", "keys", "column", "said"),
    [
        (NAMED, 1, ["mixx"], 20, "`lpf` has no `:mixx`"),
        (NAMED, 1, ["mix", "q", "mix"], 22, "`mix` is given twice"),
        (NAMED, 1, ["cutoff"], 20, "`cutoff` is given twice"),
        (NAMED, 0, ["q", "resonance"], 21, "`resonance` is given twice"),
        (NAMED, 0, [], 1, "`lpf` needs its cutoff"),
        (NAMED, 0, ["q"], 1, "`lpf` needs its cutoff"),
        (NAMED, 5, [], 13, "`lpf` takes at most 3 arguments, not 5"),
        (COUNTED, 0, [], 1, "`lpf` takes 1 to 3 arguments, not 0"),
        (COUNTED, 5, [], 1, "`lpf` takes 1 to 3 arguments, not 5"),
        (COUNTED, 0, ["q"], 1, "`lpf` needs its cutoff"),
        (signature_of("x", (Slot("a", "a"),), "x a", counted=True), 2, [], 1, "`x` takes 1 argument, not 2"),
        (signature_of("x", (Slot("a", "a"),), "x a"), 2, [], 11, "`x` takes at most 1 argument, not 2"),
        (signature_of("x", (), "x"), 1, [], 10, "`x` takes at most 0 arguments, not 1"),
    ],
)
def test_a_wrong_call_is_refused(
    signature: Signature, positional: int, keys: list[str], column: int, said: str
) -> None:
    with pytest.raises(ScoreError) as caught:
        bound(signature, positional, *keys)
    assert (caught.value.message, caught.value.loc) == (said, place(column))
    if "twice" not in said:
        assert caught.value.hint == ("did you mean `mix`?" if "mixx" in said else f"written as `{signature.written}`")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("out: saw 110 7 :offset 3", "`offset` is given twice"),
        ("out: saw 110 :freq 3", "`freq` is given twice"),
        ("out: saw 110 # lpf 300 :cutoff 3", "`cutoff` is given twice"),
        ('out: s "bd" # ar 0.1 0.1 :attack 1', "`attack` is given twice"),
        ('out: s "bd" $ stut 3 :n 2', "`n` is given twice"),
        ("out: saw 110 :offsat 3", "`saw` has no `:offsat`"),
        ('out: s "bd" # ar 0.1 :releas 1', "`ar` has no `:releas`"),
        ('out: s "bd" $ stut 3 :tim 2', "`stut` has no `:tim`"),
        ("out: saw 110 # lpf :q 3", "`lpf` needs its cutoff"),
        ('out: s "bd" # ar :release 1', "`ar` needs its attack"),
        ('out: s "bd" $ stut :n 2', "`stut` needs its time"),
    ],
)
def test_nodes_modifiers_and_transforms_say_the_same(text: str, said: str) -> None:
    with pytest.raises(ScoreError) as caught:
        understand(Source("a.ph", text))
    assert caught.value.message == said
