"""Lists of jobs as they are written: JSONL (an object a line), TOML (`[[job]]` tables), CSV (a line of keys first).

What stands in a row is kept as it is written, with where it stands: `farm.batch.expand` says what it means.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from farm.errors import FarmError, FileError, Loc, UsageError, suggestion, together
from farm.quantities import counted
from workers.records import record

SUFFIXES = (".jsonl", ".toml", ".csv")
MOST_BYTES = 1 << 30
MOST_MISTAKES = 20
"""After so many a list is read no further."""
TABLES = "job"
"""What the tables of a TOML list are called."""
OBJECTS = ("set", "sweep", "draw")
"""What a job has that are mappings."""
SEPARATORS = (",", ";", "\t")
"""Of the cells of CSV; spreadsheets of countries whose numbers have commas write semicolons."""
EXAMPLES = {
    ".jsonl": 'a line: {"score": "song.ph", "out": "song.wav"}',
    ".toml": 'a job is a table: [[job]], then a line score = "song.ph" and a line out = "song.wav"',
    ".csv": "the first line names keys: score,out; each line after it is a job: song.ph,song.wav",
}


@record(frozen=True, slots=True, eq=False)
class ListText:
    """The text of a list, for places in it."""

    name: str
    lines: tuple[str, ...]
    folder: str
    """The folder that its paths are relative to."""

    def loc(self, line: int, column: int = 1, length: int = 1) -> Loc:
        """A place; lines and columns are counted from 1."""
        return Loc(self.name, line, column, length, self.lines[line - 1] if 0 < line <= len(self.lines) else "")


@record(frozen=True, slots=True, eq=False)
class ListRow:
    """What one row says: values by key, as JSON, TOML or CSV have them. It begins in `line` and ends before `after`."""

    values: dict[str, Any]
    text: ListText
    line: int
    after: int
    shared: int = 0
    """How many lines at the beginning of the text hold for each row."""

    def loc(self, key: str = "") -> Loc | None:
        """Where a key stands, or what it says in a CSV; else where the row begins. None: in the command line."""
        if not self.line:
            return None
        names = {key, key.replace("_", "-"), key.replace("-", "_")}
        for line in (*range(self.line, self.after), *range(1, self.shared + 1)):
            for name in sorted(names) if key else ():
                found = re.search(rf"(?<![\w.-])([\"']?{re.escape(name)}[\"']?)\s*[:=.]", self.text.lines[line - 1])
                if found is not None:
                    return self.text.loc(line, found.start(1) + 1, len(found[1]))
        if key and self.text.name.lower().endswith(".csv"):
            return self.cell(key)
        return self.text.loc(self.line, 1, max(1, len(self.text.lines[self.line - 1].strip())))

    def cell(self, key: str) -> Loc:
        """Where a key's cell stands in the row of a CSV; the row where it cannot be told."""
        line = self.text.lines[self.line - 1]
        first = header_of(self.text.lines)
        comma = separator_of(first)
        header = [name.strip() for name in next(csv.reader([first], delimiter=comma), [])]
        cells = [found.span() for found in re.finditer(rf'(?:"(?:[^"]|"")*"|[^{comma}"]*)(?={comma}|$)', line)]
        cells = [span for number, span in enumerate(cells) if number == 0 or span[0] > cells[number - 1][1]]
        column = next((n for n, name in enumerate(header) if name == key or name.endswith(f".{key}")), len(cells))
        if column < len(cells):
            start, end = cells[column]
            return self.text.loc(self.line, start + 1, max(1, end - start))
        return self.text.loc(self.line, 1, max(1, len(line)))


@record(eq=False)
class Mistakes:
    """The mistakes of a list. Too many end the reading."""

    found: list[FarmError] = field(default_factory=list)

    def add(self, mistake: FarmError) -> None:
        """Notes one, once: what is said for all jobs is a mistake of each. Raises all when there are too many."""
        if any((one.message, one.loc) == (mistake.message, mistake.loc) for one in self.found):
            return
        self.found.append(mistake)
        if len(self.found) >= MOST_MISTAKES:
            self.tell()

    def tell(self) -> None:
        """Raises the first of them, with the others in `also`, if there are any."""
        if self.found:
            raise together(self.found)


def is_list(path: str) -> bool:
    """Whether a path names a list of jobs, by its extension."""
    return os.path.splitext(path)[1].lower() in SUFFIXES


def list_rows(path: str, mistakes: Mistakes) -> Iterator[ListRow]:
    """The rows of a list, one after another; those that are none are noted.

    Raises FileError where it cannot be read, UsageError where it is no list, and when there are too many mistakes.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        hint = suggestion(suffix, SUFFIXES) or f"a list is one of {', '.join(SUFFIXES)}; a score ends with .ph"
        raise UsageError(f"{path} is neither a list of jobs nor a score", hint=hint)
    text = read_text(path)
    lines = ListText(path, tuple(re.split(r"\r\n|\r|\n", text)), os.path.dirname(path))
    yield from {".jsonl": json_rows, ".toml": toml_rows, ".csv": csv_rows}[suffix](lines, mistakes)


def read_text(path: str) -> str:
    """The text of a list. Raises FileError; UsageError at the first byte that is no UTF-8."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MB, too large for a list of jobs")
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FileError(f"cannot read {path}: {reason.lower()}", hint="JOBS names a list of jobs, or scores") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        before = re.split(rb"\r\n|\r|\n", content[: wrong.start])
        after = re.split(rb"[\r\n]", content[wrong.start :], maxsplit=1)[0]
        shown = before[-1].decode("utf-8", "replace") + after.decode("utf-8", "replace")
        loc = Loc(path, len(before), len(before[-1].decode("utf-8", "replace")) + 1, 1, shown)
        raise UsageError("this is not UTF-8 text", loc=loc, hint="a list of jobs is JSONL, TOML or CSV") from None


class _Twice(Exception):
    """An object says a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises _Twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def json_rows(text: ListText, mistakes: Mistakes) -> Iterator[ListRow]:
    """The rows of JSONL: an object a line; blank lines are none."""
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)
    for number, line in enumerate(text.lines, 1):
        if not line.strip():
            continue
        loc, reason = text.loc(number), ""
        try:
            values = decoder.decode(line)
        except json.JSONDecodeError as wrong:
            loc, reason = text.loc(number, wrong.colno), wrong.msg[:1].lower() + wrong.msg[1:]
        except _Twice as wrong:
            at = [found.start() for found in re.finditer(re.escape(json.dumps(str(wrong))), line)]
            loc, reason = text.loc(number, (at[1] if len(at) > 1 else 0) + 1, len(str(wrong)) + 2), f"`{wrong}` twice"
        except (ValueError, RecursionError) as wrong:
            reason = "it is nested too deeply" if isinstance(wrong, RecursionError) else str(wrong).partition(";")[0]
        if reason:
            mistakes.add(UsageError(f"this is not JSON: {reason}", loc=loc, hint="a line holds one object: {...}"))
        elif not isinstance(values, dict):
            mistakes.add(UsageError(f"a job is an object, not {kind_of(values)}", loc=loc, hint="write {...}"))
        else:
            yield ListRow(values, text, number, number + 1)


def toml_rows(text: ListText, mistakes: Mistakes) -> Iterator[ListRow]:
    """The rows of TOML: the tables `[[job]]`; what stands before them holds for each."""
    import tomllib

    try:
        whole = tomllib.loads("\n".join(text.lines))
    except tomllib.TOMLDecodeError as wrong:
        found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", str(wrong), re.DOTALL)
        line, column = (int(found[2]), int(found[3])) if found and found[2] else (len(text.lines), 1)
        reason = found[1] if found else str(wrong)
        loc = text.loc(line, column)
        mistakes.add(UsageError(f"this is not TOML: {reason[:1].lower()}{reason[1:]}", loc=loc))
        return
    except RecursionError:
        mistakes.add(UsageError("this is not TOML: it is nested too deeply", loc=text.loc(1)))
        return
    tables = whole.pop(TABLES, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        mistakes.add(UsageError("jobs are tables: [[job]]", loc=head_place(text, TABLES), hint=EXAMPLES[".toml"]))
        return
    for key in [key for key, value in whole.items() if is_table(key, value) or key == f"{TABLES}s"]:
        del whole[key]
        message = f"a list has tables called `{TABLES}`, and no `{key[:80]}`"
        mistakes.add(UsageError(message, loc=head_place(text, key), hint=f"write [[{TABLES}]] for each job"))
    heads = [n for n, line in enumerate(text.lines, 1) if re.match(rf"\s*\[\[\s*[\"']?{TABLES}[\"']?\s*\]\]", line)]
    if len(heads) != len(tables):
        # Written as one array.
        heads = [1] * len(tables)
    for number, table in enumerate(tables):
        after = heads[number + 1] if number + 1 < len(heads) else len(text.lines) + 1
        yield ListRow({**whole, **table}, text, heads[number], max(after, heads[number] + 1), heads[0] - 1)


def is_table(key: str, value: Any) -> bool:
    """Whether a value of a TOML list is a table, or several, where a job has none."""
    tables = value if isinstance(value, list) else [value]
    return key not in OBJECTS and any(isinstance(one, dict) for one in tables)


def head_place(text: ListText, key: str) -> Loc:
    """Where a key or the head of a table stands first in a TOML list; its first line where that cannot be told."""
    for number, line in enumerate(text.lines, 1):
        found = re.match(rf"(\s*\[{{0,2}}\s*)[\"']?{re.escape(key)}[\"']?\s*[\]=.]", line)
        if found is not None:
            return text.loc(number, len(found[1]) + 1, len(key))
    return text.loc(1)


def csv_rows(text: ListText, mistakes: Mistakes) -> Iterator[ListRow]:
    """The rows of CSV: the first line names keys, `set.cut` one within `set`; an empty cell says nothing."""
    comma = separator_of(header_of(text.lines))
    reader = csv.reader((f"{line}\n" for line in text.lines), delimiter=comma)
    keys: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as wrong:
            mistakes.add(UsageError(f"this is not CSV: {wrong}", loc=text.loc(line)))
            return
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not keys:
            keys = [cell.strip() for cell in cells]
            twice = next((key for key in keys if keys.count(key) > 1), None)
            if twice is not None:
                mistakes.add(UsageError(f"two columns are called `{twice}`", loc=text.loc(line)))
                return
            continue
        if len(cells) > len(keys):
            message = f"{counted(len(cells), 'cell')} under {counted(len(keys), 'key')}"
            what = {",": "comma", ";": "semicolon", "\t": "tab"}[comma]
            mistakes.add(UsageError(message, loc=text.loc(line), hint=f'a cell with a {what} stands in "..."'))
            continue
        yield ListRow(nested(zip(keys, cells)), text, line, reader.line_num + 1)


def header_of(lines: Sequence[str]) -> str:
    """The line of keys: the first that is not blank."""
    return next((line for line in lines if line.strip()), "")


def separator_of(header: str) -> str:
    """What stands between cells: commas, or semicolons or tabs where the line of keys has no comma."""
    return next((one for one in SEPARATORS if one in header), ",")


def nested(cells: Iterator[tuple[str, str]] | zip[tuple[str, str]]) -> dict[str, Any]:
    """Cells by key; those of `set.cut` and `set.tempo` are one mapping."""
    found: dict[str, Any] = {}
    for key, cell in cells:
        if not cell.strip():
            continue
        outer, dot, inner = key.partition(".")
        if dot:
            found.setdefault(outer, {})[inner] = cell.strip()
        else:
            found[key] = cell.strip()
    return found


def kind_of(value: Any) -> str:
    """The kind of a value, in words."""
    words = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list"}
    return "an object" if isinstance(value, Mapping) else words.get(type(value), "nothing")
