"""`farm patterns`: transforms, voices and mini-notation, from their definitions."""

from __future__ import annotations

import sys

import click

from farm.cli.completion import pattern_names
from farm.cli.options import json_option


class Notation(click.Command):
    """A command whose NAME may be a number below 0, which is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it."""
        numbers = [one for one in args if one[:1] == "-" and one[1:2].isdigit()]
        if numbers and "--" not in args:
            args = [*(one for one in args if one not in numbers), "--", *numbers]
        return super().parse_args(ctx, args)


@click.command(cls=Notation)
@click.argument("name", required=False, shell_complete=pattern_names)
@json_option
def patterns(name: str | None, as_json: bool) -> None:
    """List what patterns are made with, or say all about NAME.

    Transforms ($), event sources, voice modifiers (#), and the features of mini-notation, by name or mark.
    In examples `->` is followed by what is played, with `|` between cycles.

    \b
    farm patterns
    farm patterns every
    farm patterns '?'
    farm patterns gain --json
    """
    from farm.cli.entries import PATTERN_KINDS, found, pattern_entries, unknown
    from farm.printer.entries import entry_page, list_page
    from farm.printer.streams import columns_of, say, say_json

    entries = pattern_entries()
    shown = entries if name is None else found(entries, name)
    if name is not None and not shown:
        raise unknown(name, "pattern")
    if as_json:
        say_json({"ok": True, "status": 0, "patterns": [one.as_json() for one in shown]})
    elif name is None:
        more = "`farm patterns NAME` says more: arguments, ranges, an example"
        say(list_page(entries, PATTERN_KINDS, more, columns_of(sys.stdout)))
    else:
        say("\n\n".join(map(entry_page, shown)))
