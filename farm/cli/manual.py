"""The manual page of farm, in roff for `man`, from what click knows of its commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from farm.cli.settings import Setting

VARIABLES = {
    "FARM_CACHE": "The folder where machine code and decoded sounds are kept.",
    "FARM_NODES": "A folder of nodes of one's own.",
    "FARM_PORTABLE": "1: nothing that only some systems have: no pinning, no futex, no fork.",
    "FARM_DEBUG": "1: a mistake of farm's own is told with its traceback.",
}
"""Variables that stand for no option."""
STATUSES = "Exit status:"


def manual(ctx: click.Context) -> str:
    """The manual page of a group of commands, given its context: ASCII letters, no date, the same text each time."""
    group = ctx.command
    assert isinstance(group, click.Group)
    about, statuses = told_apart(group.help or "")
    summary = about[0].rstrip(".")
    lines = [
        f'.TH "{(group.name or "").upper()}" 1',
        ".SH NAME",
        f"{group.name} \\- {prose(summary[0].lower() + summary[1:])}",
        ".SH SYNOPSIS",
        *(f".br\n{bold(synopsis(one))}" for one in contexts(ctx)),
        ".SH DESCRIPTION",
        *paragraphs(about),
        ".SH COMMANDS",
    ]
    for one in contexts(ctx):
        lines += [f".SS {quoted(synopsis(one))}", *paragraphs(told_apart(one.command.help or "")[0]), *options(one)]
    lines += [".SH ENVIRONMENT"]
    settings: dict[str, str] = {}
    for one in contexts(ctx):
        for param in one.command.params:
            if isinstance(param, Setting):
                settings.setdefault(param.variable, f"Stands for the option {max(param.opts, key=len)}.")
    for name, what in {**settings, **VARIABLES}.items():
        lines += [".TP", bold(name), prose(what)]
    lines += [
        ".SH EXIT STATUS",
        prose(statuses),
        ".SH SEE ALSO",
        prose(f"`{group.name} docs` lists pages that say more."),
    ]
    return "\n".join(lines)


def contexts(ctx: click.Context) -> list[click.Context]:
    """Of each command of a group, in their order."""
    group = ctx.command
    assert isinstance(group, click.Group)
    found = [(name, group.get_command(ctx, name)) for name in group.list_commands(ctx)]
    return [click.Context(command, ctx, name) for name, command in found if command is not None]


def synopsis(ctx: click.Context) -> str:
    """How a command is written."""
    return " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])


def told_apart(text: str) -> tuple[list[str], str]:
    """The paragraphs of a help, without what they say of exit statuses, and that, without the words before it."""
    every = inspect.cleandoc(text).split("\n\n")
    statuses = [one for one in every if one.startswith(STATUSES)]
    said = " ".join(one.removeprefix(STATUSES) for one in statuses).split()
    return [one for one in every if one not in statuses], " ".join(said)


def paragraphs(texts: list[str]) -> Iterator[str]:
    """Paragraphs as roff: those that begin with `\\b` keep their lines, as click has it."""
    for text in texts:
        if text.startswith("\b\n"):
            yield from (".PP", ".EX", *map(literal, text[2:].split("\n")), ".EE")
        else:
            yield from (".PP", prose(text))


def options(ctx: click.Context) -> Iterator[str]:
    """The options of a command, by group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for param in ctx.command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None and isinstance(param, click.Option):
            groups.setdefault(param.group if isinstance(param, Setting) else "", []).append(record)
    for group in sorted(groups, key=lambda group: group == ""):
        if group:
            yield from (".PP", f".I {quoted(f'Options, {group}')}")
        for written, what in groups[group]:
            yield from (".TP", bold(written), prose(what))


def prose(text: str) -> str:
    """Text that is filled into lines; one line of roff."""
    return shielded(re.sub(r"(?<!\w)-", r"\\-", escaped(" ".join(text.split()))))


def literal(line: str) -> str:
    """A line that is kept as it is."""
    return shielded(escaped(line).replace("-", r"\-"))


def bold(text: str) -> str:
    """A line of its own, bold."""
    return f".B {quoted(text)}"


def quoted(text: str) -> str:
    """One argument of a macro."""
    return f'"{escaped(text).replace("-", chr(92) + "-")}"'


def escaped(text: str) -> str:
    """Text without what roff would take for its own, and without letters that are not ASCII."""
    text = (
        text.replace("\\", r"\e")
        .replace('"', r"\(dq")
        .replace("`", r"\(ga")
        .replace("^", r"\(ha")
        .replace("~", r"\(ti")
    )
    return "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in text)


def shielded(line: str) -> str:
    """A line that cannot be taken for a request."""
    return rf"\&{line}" if line.startswith((".", "'")) else line
