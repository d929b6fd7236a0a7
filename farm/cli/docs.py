"""`farm docs`: the pages about farm, and its manual page."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "docs")
"""Where the pages lie, one Markdown file each."""
ENDING = ".md"


def names() -> list[str]:
    """The names of all pages, sorted."""
    return sorted(file.removesuffix(ENDING) for file in os.listdir(FOLDER) if file.endswith(ENDING))


def page(name: str) -> str:
    """The text of a page as it is read: without the comments by which programs find their way in it."""
    with open(os.path.join(FOLDER, name + ENDING), encoding="utf-8") as file:
        lines = file.read().split("\n")
    kept = [
        line
        for number, line in enumerate(lines)
        if not line.startswith("<!--") and not (line == "" and number and lines[number - 1].startswith("<!--"))
    ]
    return "\n".join(kept).rstrip()


def title(name: str) -> str:
    """The heading of a page."""
    return page(name).partition("\n")[0].lstrip("# ")


def page_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Pages, as shells are told of them."""
    from farm.cli.completion import items

    return items({name: title(name) for name in names() if name.startswith(incomplete)})


@click.command()
@click.argument("name", required=False, shell_complete=page_names)
@click.option("--man", is_flag=True, help="Print a manual page of all commands, in roff.  [off: pages]")
@click.pass_context
def docs(ctx: click.Context, name: str | None, man: bool) -> None:
    """List the pages about farm, or print the one called NAME.

    On a terminal a page is shown by the program that PAGER names. Pages are Markdown, and plain text to read.

    \b
    farm docs
    farm docs language
    farm docs figures > figures.md
    farm docs --man | man -l -
    farm docs --man > ~/.local/share/man/man1/farm.1
    """
    from farm.errors import UsageError, suggestion
    from farm.printer.streams import is_terminal, say

    if man:
        from farm.cli.manual import manual

        if name is not None:
            raise UsageError("--man prints the manual page, which has no NAME", hint="`farm docs` lists the pages")
        shown = manual(ctx.find_root())
    elif name is None:
        wide = max(map(len, names()))
        shown = "\n".join([*(f"{one:<{wide}}  {title(one)}" for one in names()), "", "`farm docs NAME` prints one"])
    elif name in names():
        shown = page(name)
        if is_terminal(sys.stdout):
            click.echo_via_pager(f"{shown}\n")
            return
    else:
        hint = suggestion(name, names()) or f"there are {', '.join(names())}"
        raise UsageError(f"there is no page called `{name}`", hint=hint)
    say(shown)
