"""`farm nodes`: the nodes of the language, from their definitions."""

from __future__ import annotations

import sys

import click

from farm.cli.completion import node_names
from farm.cli.options import json_option


@click.command()
@click.argument("name", required=False, shell_complete=node_names)
@json_option
def nodes(name: str | None, as_json: bool) -> None:
    """List the nodes of the language, or say all about NAME.

    Signature, units, ranges, defaults, what it remembers, and a score to try it with.

    \b
    farm nodes
    farm nodes lpf
    farm nodes lpf --json
    """
    from farm.cli.entries import NODE_KINDS, found, node_entries, unknown
    from farm.printer.entries import entry_page, list_page
    from farm.printer.streams import columns_of, say, say_json

    entries = node_entries()
    shown = entries if name is None else found(entries, name)
    if name is not None and not shown:
        raise unknown(name, "node")
    if as_json:
        say_json({"ok": True, "status": 0, "nodes": [one.as_json() for one in shown]})
    elif name is None:
        more = "`farm nodes NAME` says more: units, ranges, memory, an example"
        say(list_page(entries, NODE_KINDS, more, columns_of(sys.stdout)))
    else:
        say("\n\n".join(map(entry_page, shown)))
