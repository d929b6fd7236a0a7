"""Pages of `farm nodes` and `farm patterns`: lists, and all about one word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from farm.printer.numbers import columns
from farm.printer.streams import heading
from workers.records import record

ENDLESS = 1e9
MINI = "mini-notation"
LEAST = 24
"""Characters of a line of a list below which what it says about a word stands under the word."""


@record(frozen=True, slots=True)
class WordArgument:
    """One argument of a word. `low` and `high` are None where there is no bound; `default` where it must be given."""

    name: str
    unit: str
    required: bool
    default: float | str | None
    low: float | None = None
    high: float | None = None
    range: str = ""
    about: str = ""


@record(frozen=True, slots=True)
class Entry:
    """All that is known of one word of the language: `signature` in lists, `written` as it stands in a score."""

    name: str
    kind: str
    signature: str
    written: str
    doc: str
    example: str
    aliases: tuple[str, ...] = ()
    arguments: tuple[WordArgument, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, object]:
        """For --json."""
        from dataclasses import asdict

        return {**asdict(self), "facts": dict(self.facts)}


def number_argument(name: str, unit: str, default: float | None, low: float, high: float, about: str) -> WordArgument:
    """An argument that is a number from `low` to `high`; a magnitude of 1e9 is no bound."""
    bounded = low > -ENDLESS, high < ENDLESS
    words = {
        (True, True): f"{low:g} to {high:g}",
        (True, False): f"from {low:g}",
        (False, True): f"up to {high:g}",
        (False, False): "any",
    }
    return WordArgument(
        name,
        "number" if unit in {"", "1"} else unit,
        default is None,
        default,
        low if bounded[0] else None,
        high if bounded[1] else None,
        words[bounded],
        about,
    )


def list_page(entries: Sequence[Entry], kinds: Mapping[str, str], more: str, width: int | None = None) -> str:
    """All entries under the headings of their kinds, with what they do, then how to learn more.

    `width`: characters of a line, which goes on in further ones; None: each entry has one line.
    """
    words = [f"  {one.signature}{_also(one)}" for one in entries]
    widest = max(map(len, words), default=0) + 2
    lines = []
    for kind, title in kinds.items():
        rows = [
            (word, one.doc.partition("\n")[0]) for word, one in zip(words, entries, strict=True) if one.kind == kind
        ]
        lines += [heading(title), *(line for row in rows for line in _laid(*row, widest, width)), ""]
    return "\n".join([*lines, *_wrapped(more, width, "")])


def _laid(word: str, doc: str, widest: int, width: int | None) -> Iterator[str]:
    """A word of a list and what it does, beside it in the column `widest` or, where that is narrow, under it."""
    if width is None:
        yield f"{word:<{widest}}{doc}"
    elif width - widest < LEAST:
        yield from _wrapped(word, width, " " * 4)
        yield from _wrapped(" " * 6 + doc, width, " " * 6)
    else:
        yield from _wrapped(f"{word:<{widest}}{doc}", width, " " * widest)


def _wrapped(text: str, width: int | None, indent: str) -> list[str]:
    """`text` in lines of at most `width` characters, if it has words as short; all but the first are indented."""
    if width is None or len(text) <= width:
        return [text]
    import textwrap

    wrapper = textwrap.TextWrapper(width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def entry_page(entry: Entry) -> str:
    """One entry in full."""
    rows = [(f"  {a.name}", a.unit, _default(a), a.range, a.about) for a in entry.arguments]
    facts = [*entry.facts, *_examples(entry.example)]
    if entry.aliases:
        facts.insert(0, ("with the marks" if entry.kind == MINI else "also called", ", ".join(entry.aliases)))
    parts = [f"{heading(entry.written)}    {entry.kind}", "", entry.doc, ""]
    return "\n".join([*parts, *columns(rows), *([""] if rows else []), *columns(facts)])


def _examples(example: str) -> list[tuple[str, str]]:
    return [("example" if k == 0 else "", line) for k, line in enumerate(example.splitlines())]


def _also(entry: Entry) -> str:
    return f", also {', '.join(entry.aliases)}" if entry.aliases and entry.kind != MINI else ""


def _default(argument: WordArgument) -> str:
    if isinstance(argument.default, str):
        return argument.default
    return "must be given" if argument.default is None else f"default {argument.default:g}"
