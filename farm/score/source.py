"""A score's text, and places in it."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import field

from farm.errors import FileError, Loc, ScoreError
from workers.records import record

MAX_BYTES = 16 * 1024 * 1024
_new = tuple.__new__
_SOUND = re.compile(rb"(RIFF|RF64|RIFX)....WAVE|FORM....AIF[FC]|fLaC[\x00\x80]|OggS\x00", re.DOTALL)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@record(frozen=True, slots=True)
class Source:
    """The text of one score. `name` is what error messages call it.

    A byte order mark is dropped and line ends (CRLF, CR) become LF, so that offsets count the
    characters of `text` as it stands here.
    """

    name: str
    text: str
    lines: tuple[str, ...] = field(init=False, repr=False, compare=False)
    line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _looked_up: list[tuple[int, int, int, str]] = field(init=False, repr=False, compare=False)
    """The line that was looked up last, as one item: its number, where it and the next one begin, its text."""

    def __post_init__(self) -> None:
        text = self.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        starts = [0]
        for line in lines[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "lines", tuple(lines))
        object.__setattr__(self, "line_starts", tuple(starts))
        object.__setattr__(self, "_looked_up", [(0, 0, 0, "")])

    def loc(self, offset: int, length: int = 1) -> Loc:
        """The place of `length` characters from `offset` (0 ... len(text)), which lie in one line."""
        # A score has thousands of places, most of them in the line of the one before.
        line, start, following, text = self._looked_up[0]
        if not start <= offset < following:
            line = bisect_right(self.line_starts, offset)
            start, text = self.line_starts[line - 1], self.lines[line - 1]
            self._looked_up[0] = line, start, start + len(text) + 1, text
        # This takes a third of the time of `Loc(...)`.
        return _new(Loc, (self.name, line, offset - start + 1, length, text))


def read_source(path: str, forgive: Callable[[ScoreError], None] | None = None) -> Source:
    """The score at `path`; `-` reads standard input.

    Raises FileError for a file that cannot be read; ScoreError for one that is no score: a sound, more than
    16 MB, not UTF-8, or with control characters other than tab and line ends. With `forgive` these errors go there:
    of a sound and of a text that is too large nothing is read, characters that cannot be read become blanks.
    """
    name = "<stdin>" if path == "-" else path
    content = _read_bytes(path)
    refused = _no_text(name, content)
    if refused is not None:
        if forgive is None:
            raise refused
        forgive(refused)
        content = b""
    return _printable(Source(name, _decode(name, content, forgive)), forgive)


def text_source(name: str, text: str, forgive: Callable[[ScoreError], None] | None = None) -> Source:
    """A score from its text, which messages call `name`.

    Raises ScoreError for one that is no score: more than 16 MB, or control characters other than tab and line ends.
    `forgive` is as in `read_source`.
    """
    refused = _no_text(name, text.encode("utf-8", "replace")[: MAX_BYTES + 1])
    if refused is not None:
        if forgive is None:
            raise refused
        forgive(refused)
        text = ""
    return _printable(Source(name, text), forgive)


def _printable(source: Source, forgive: Callable[[ScoreError], None] | None) -> Source:
    """The source, if no character in it steers a terminal; where that is forgiven, blanks in the place of those."""
    bad = _CONTROL.search(source.text)
    if bad is not None:
        refused = ScoreError(
            f"control character U+{ord(bad.group()):04X} in the text",
            loc=source.loc(bad.start()),
            hint="is this a text file? Delete the character, or save the file as plain UTF-8 text",
        )
        if forgive is None:
            raise refused
        forgive(refused)
        return Source(source.name, _CONTROL.sub(" ", source.text))
    return source


def _read_bytes(path: str) -> bytes:
    """The file's bytes, at most one more than MAX_BYTES."""
    if path == "":
        raise FileError("the name of the score is empty", hint="name a file; `-` reads the score from standard input")
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileError(
            f"no such file: {path}", hint="check the path; `-` reads the score from standard input"
        ) from None
    except IsADirectoryError:
        raise FileError(f"{path} is a folder, not a score", hint="name the `.ph` file inside it") from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise FileError(f"cannot read {path}: {reason}") from None


def _no_text(name: str, content: bytes) -> ScoreError | None:
    """The error for a file that holds no text of a score at all."""
    if _SOUND.match(content):
        hint = "the score comes first, then the sound to write: farm render SCORE OUT"
        return ScoreError(f"{name} is a sound file, not a score", loc=Loc(name, 1, 1), hint=hint)
    if len(content) > MAX_BYTES:
        hint = "scores are text; name the `.ph` file"
        return ScoreError(f"{name} is larger than {MAX_BYTES // 2**20} MB, too large for a score", hint=hint)
    return None


def _decode(name: str, content: bytes, forgive: Callable[[ScoreError], None] | None) -> str:
    if content.startswith(_UTF16):
        refused = ScoreError("this text is UTF-16, not UTF-8", loc=Loc(name, 1, 1), hint="save the score as UTF-8")
        if forgive is None:
            raise refused
        forgive(refused)
        return content.decode("utf-16", "replace").replace("\ufffd", " ")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        before = Source(name, content[: problem.start].decode("utf-8"))
        rest_of_line = re.split(rb"[\r\n]", content[problem.start :], maxsplit=1)[0].decode("utf-8", "replace")
        line = before.lines[-1]
        refused = ScoreError(
            f"not UTF-8 text: byte 0x{content[problem.start]:02X}",
            loc=Loc(name, len(before.lines), len(line) + 1, 1, line + rest_of_line),
            hint="save the score as UTF-8",
        )
        if forgive is None:
            raise refused from None
        forgive(refused)
        return content.decode("utf-8", "replace").replace("\ufffd", " ")
