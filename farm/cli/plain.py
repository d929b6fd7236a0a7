"""What is printed of characters that the encoding of a stream lacks."""

from __future__ import annotations

import codecs

PLAIN = {
    "×": "x",
    "÷": "/",
    "·": "*",
    "−": "-",
    "–": "-",
    "±": "+-",
    "≥": ">=",
    "→": "->",
    "⇄": "<->",
    "…": "...",
    "µ": "u",
    "π": "pi",
    "▶": ">",
    "─": "-",
    "│": "|",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
}
"""Characters of pages, tables and summaries in ASCII."""


def plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """What is printed for a character that a stream's encoding lacks, and where to go on: its ASCII form, or an escape.

    Raises the error itself where nothing is printed.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    error.end = error.start + 1
    known = PLAIN.get(error.object[error.start])
    return codecs.backslashreplace_errors(error) if known is None else (known, error.end)
