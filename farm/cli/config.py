"""The file of --config: TOML, a line for each setting, called as the long options are.

rate = 48000
bits = "32f"
cycles = "1/3"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from farm.cli import values
from farm.errors import FileError, Loc, UsageError, suggestion, together
from farm.options import RenderOptions

KINDS: dict[object, tuple[tuple[type, ...], str]] = {
    values.exact: ((int, float, str), 'a number, or text such as "1/3"'),
    values.whole: ((int,), "a whole number"),
    values.tail: ((int, float, str), '"auto", "none", or a number of seconds'),
    values.named: ((str,), 'text such as "cut=500"'),
    values.threads: ((int, str), '"auto" or a whole number'),
    type(click.INT): ((int,), "a whole number"),
    type(click.FLOAT): ((int, float), "a number"),
    type(click.BOOL): ((bool,), "true or false"),
    type(click.STRING): ((str,), "text"),
}


def read_config(path: str, known: Mapping[str, click.Option]) -> tuple[dict[str, Any], dict[str, Loc]]:
    """The settings of a file, and their places, both by parameter; values are texts as in a command line.

    `known` are the options by key. Raises FileError for a file that cannot be read, UsageError at the place of what is
    not TOML; of all that is not known, of a wrong type or out of range, the first with the others in `also`.
    """
    import tomllib

    text = read_text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        reason, line, column = place_in(str(wrong), text)
        loc = Loc(path, line, column, 1, line_of(text, line))
        raise UsageError(f"this is not TOML: {reason}", loc=loc, hint="a setting is written as: rate = 48000") from None
    found: dict[str, Any] = {}
    places: dict[str, Loc] = {}
    mistakes: list[UsageError] = []
    for key, value in table.items():
        loc = where(key, path, text)
        option = known.get(key)
        if option is None:
            hint = suggestion(key, known) or f"the settings are {', '.join(known)}"
            mistakes.append(UsageError(f"there is no setting `{key}`", loc=loc, hint=hint))
            continue
        assert option.name is not None
        places[option.name] = loc
        try:
            found[option.name] = checked(key, value, option, loc)
        except UsageError as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise together(mistakes)
    return found, places


def read_text(path: str) -> str:
    """The text of a configuration file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        hint = "--config names a TOML file"
        raise FileError(f"cannot read {path}: {(error.strerror or str(error)).lower()}", hint=hint) from None
    except (UnicodeDecodeError, ValueError):
        raise UsageError(f"{path} is not UTF-8 text", hint="--config names a TOML file") from None


def checked(key: str, value: Any, option: click.Option, loc: Loc) -> Any:
    """A value as the command line would have it."""
    if option.multiple and isinstance(value, list):
        return [checked_one(key, one, option, loc) for one in value]
    one = checked_one(key, value, option, loc)
    return [one] if option.multiple else one


def checked_one(key: str, value: Any, option: click.Option, loc: Loc) -> Any:
    """One value as the command line would have it. Raises UsageError for what the command line would refuse."""
    kinds: tuple[type, ...]
    if isinstance(option.type, click.Choice):
        kinds, wanted = (str, int), f"one of {', '.join(option.type.choices)}"
    else:
        kinds, wanted = KINDS[getattr(option.type, "func", type(option.type))]
    if type(value) not in kinds:
        raise UsageError(f"`{key}` is {wanted}, not {kind_of(value)}", loc=loc)
    written = value if isinstance(value, bool) else str(value)
    try:
        meant = option.type.convert(written, option, None)
        if option.name in RenderOptions.__dataclass_fields__ and not option.multiple:
            RenderOptions(**{option.name: meant})
    except click.BadParameter as wrong:
        raise UsageError(f"`{key}`: {wrong.message}", loc=loc) from None
    except UsageError as wrong:
        raise UsageError(wrong.message, loc=loc, hint=wrong.hint) from None
    return written


def kind_of(value: Any) -> str:
    """The kind of a TOML value, in words."""
    words = {bool: "true or false", str: "text", int: "a whole number", float: "a number", list: "a list"}
    return "a table" if isinstance(value, dict) else words.get(type(value), "a date or time")


def where(key: str, path: str, text: str) -> Loc:
    """The place of a top-level key or table; the file's beginning where it is written in an unusual way."""
    name = re.escape(key)
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(rf"\s*\[*\s*[\"']?({name})[\"']?\s*[\]=.]", line)
        if found:
            return Loc(path, number, found.start(1) + 1, len(key), line)
    return Loc(path, 1, 1, 1, line_of(text, 1))


def place_in(message: str, text: str) -> tuple[str, int, int]:
    """Reason, line and column of what tomllib says."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if found:
        return found[1].lower(), int(found[2]), int(found[3])
    lines = text.splitlines() or [""]
    return message.removesuffix(" (at end of document)").lower(), len(lines), len(lines[-1]) + 1


def line_of(text: str, number: int) -> str:
    """A line of a text, counted from 1."""
    lines = text.splitlines()
    return lines[number - 1] if number <= len(lines) else ""
