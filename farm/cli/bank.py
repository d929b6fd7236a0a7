"""`farm bank`: sample banks and their files, and the cache of decoded sounds."""

from __future__ import annotations

import click

from farm.cli.completion import bank_names
from farm.cli.options import json_option, samples_option

CACHE = "cache"


@click.command()
@click.argument("name", required=False, shell_complete=bank_names)
@samples_option
@click.option("--clear", is_flag=True, help="With `cache`: empty it.  [off: show it]")
@json_option
def bank(name: str | None, samples: tuple[str, ...], clear: bool, as_json: bool) -> None:
    """List the sample banks, or say all about NAME.

    NAME `cache`: the cache of decoded sounds. Banks are found as a render finds them: in the folders of --samples,
    those of FARM_SAMPLES, and the built-in one. A score has those of `samples` beside it too.

    \b
    farm bank
    farm bank bd
    farm bank --samples ~/sounds kit
    farm bank cache --clear
    """
    import os
    from dataclasses import asdict

    from farm.audio.listing import bank_row, bank_rows, file_rows
    from farm.audio.samples import VARIABLE, library
    from farm.errors import UsageError
    from farm.graph.slab import no_bank
    from farm.printer.banks import bank_page, banks_page
    from farm.printer.streams import say, say_json

    if name == CACHE:
        tell_cache(clear, as_json)
        return
    if clear:
        raise UsageError("--clear empties the cache of decoded sounds", hint="write `farm bank cache --clear`")
    found = library(samples, None, os.environ.get(VARIABLE))
    if name is None:
        rows = list(bank_rows(found))
        if as_json:
            say_json({"ok": True, "status": 0, "banks": [asdict(row) for row in rows]})
        else:
            say(banks_page(rows))
        return
    one = found.bank(name)
    if one is None:
        raise no_bank(name, found)
    row, files = bank_row(one, found), list(file_rows(one))
    if as_json:
        say_json({"ok": True, "status": 0, **asdict(row), "files": [asdict(file) for file in files]})
    else:
        say(bank_page(row, files))


def tell_cache(clear: bool, as_json: bool) -> None:
    """Shows the cache, or empties it."""
    from dataclasses import asdict

    from farm.audio import keeping
    from farm.printer.banks import cache_page
    from farm.printer.streams import say, say_json

    held = keeping.clear() if clear else keeping.held()
    if as_json:
        say_json({"ok": True, "status": 0, "cleared": clear, **asdict(held)})
    else:
        say(cache_page(held, clear))
