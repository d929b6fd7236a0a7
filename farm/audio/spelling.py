"""How the name of a bank is written in a score: `_` stands for each character that a word of mini-notation cannot hold.

`Kick Drum` is written `Kick_Drum`, `drum&bass` `drum_bass`; letters of any script, `8-bit`, `808` and `01` are written
as they are.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from farm.regex import regex

_SIGN = r"[\w\u0300-\u036f#.\-]"
_FOREIGN = regex(_SIGN.replace("[", "[^", 1))
_WORD = regex(rf"[0-9]*[^\W\d_]{_SIGN}*|(?:[0-9]|_\w){_SIGN}*")
_NUMBER = regex(r"-?[0-9]+(?:\.[0-9]+)?")
_BEGINS_WITH_NUMBER = regex(r"(?>-?[0-9]+(?:\.[0-9]+)?)(?![\w'#\-])")
LARGEST = 10**15
"""The largest number of mini-notation."""
LONGEST = 40
"""Most characters of a number."""


def spelled(name: str) -> str:
    """How a bank is written. Different banks may be written alike."""
    text = _FOREIGN.sub("_", composed(name))
    beginning = text if re.match(r"\w|-[0-9]", text) else f"_{text[1:]}"
    plain = re.sub(r"[#.\-]", "_", text)
    bare = re.sub(r"\W", "_", text)
    return next(one for one in (text, beginning, plain, f"_{plain}", f"_{bare}") if is_one_word(one))


def composed(name: str) -> str:
    """A name with each letter and its accents as one character where there is one: some systems part them."""
    return unicodedata.normalize("NFC", name)


def is_one_word(text: str) -> bool:
    """Whether mini-notation reads a text as one word or number."""
    if _NUMBER.fullmatch(text):
        return len(text) <= LONGEST and abs(Fraction(text)) <= LARGEST
    return _WORD.fullmatch(text) is not None and not _BEGINS_WITH_NUMBER.match(text)
