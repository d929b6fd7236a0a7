"""Fills what `farm/docs/command-line.md` says of commands and options, from click: scripts/renew-docs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from farm.cli.group import farm

PAGE = Path(__file__).resolve().parents[2] / "farm" / "docs" / "command-line.md"
MAIN = "render"
"""The command whose options have a table of their own."""


def renewed(page: str) -> str:
    """The page with what is between its comments made anew. Raises ValueError for a page without them."""
    for name, lines in (("commands", commands()), (MAIN, main_options()), ("others", other_options())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, opened, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise ValueError(f"the comments `{begin}` and `{end}` are missing")
        table = "\n".join(lines)
        page = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return page


def commands() -> Iterator[str]:
    """Every command and what it does."""
    yield from head("command", "does")
    for ctx in contexts():
        arguments = [piece for piece in ctx.command.collect_usage_pieces(ctx) if piece != "[OPTIONS]"]
        written = " ".join([ctx.command_path, *arguments])
        yield row(code(written), cell((ctx.command.help or "").partition("\n\n")[0].rstrip(".")))


def main_options() -> Iterator[str]:
    """The options of `farm render`."""
    yield from head("option", "means", "default")
    for ctx in contexts():
        if ctx.info_name == MAIN:
            for written, means, default in options(ctx):
                yield row(code(written), cell(means), cell(default))


def other_options() -> Iterator[str]:
    """What other commands have besides."""
    yield from head("command", "option", "means", "default")
    every = {ctx.info_name: list(options(ctx)) for ctx in contexts()}
    for name, several in every.items():
        for written, means, default in several:
            if (written, means, default) not in every[MAIN]:
                yield row(code(f"farm {name}"), code(written), cell(means), cell(default))


def contexts() -> Iterator[click.Context]:
    """Of each command, in the order of need."""
    root = click.Context(farm, info_name="farm")
    for name in farm.list_commands(root):
        command = farm.get_command(root, name)
        assert command is not None, "it is one of the list"
        yield click.Context(command, root, name)


def options(ctx: click.Context) -> Iterator[tuple[str, str, str]]:
    """How each option of a command is written, what it means, its default. Raises ValueError for one without."""
    for param in ctx.command.params:
        record = param.get_help_record(ctx)
        if record is not None and isinstance(param, click.Option):
            written, about = record
            found = re.fullmatch(r"(.+?)\.?  \[(.+)\]", about)
            if found is None:
                raise ValueError(f"{ctx.command_path} {written}: the help does not end with a default in brackets")
            yield written, found[1], found[2]


def head(*cells: str) -> Iterator[str]:
    """The first two lines of a table."""
    yield row(*cells)
    yield f"|{'---|' * len(cells)}"


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Text as code in a cell."""
    return f"`{cell(text)}`"


def cell(text: str) -> str:
    """Text in a cell."""
    return " ".join(text.split()).replace("|", r"\|")


def main() -> int:
    """Renews the page and says whether it has changed."""
    page = PAGE.read_text(encoding="utf-8")
    new = renewed(page)
    PAGE.write_text(new, encoding="utf-8")
    print(f"{PAGE}: {'as it was' if new == page else 'renewed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
