"""`farm bank`: sample banks and their files, and the cache of decoded sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.cli.completion import bank_names, scores
from farm.cli.options import json_option, samples_option

if TYPE_CHECKING:
    from farm.audio.samples import SampleLibrary

CACHE, LOCK, LICENSES = "cache", "lock", "licenses"


@click.command()
@click.argument("name", required=False, shell_complete=bank_names)
@click.argument("score", required=False, shell_complete=scores)
@samples_option
@click.option("--clear", is_flag=True, help="With `cache`: empty it.  [off: show it]")
@json_option
def bank(name: str | None, score: str | None, samples: tuple[str, ...], clear: bool, as_json: bool) -> None:
    """List the sample banks, or say all about NAME.

    NAME `cache`: the cache of decoded sounds. NAME `lock`: write the files of all banks with their hashes to
    `farm.lock` in their sample folder, after which renders refuse any others. NAME `licenses`: what may be done with
    the banks that SCORE names, as their `bank.toml` or LICENSE say. Banks are found as a render finds them: in the
    folders of --samples, those of FARM_SAMPLES, and the built-in one. A score has those of `samples` beside it too.

    \b
    farm bank
    farm bank bd
    farm bank --samples ~/sounds kit
    farm bank cache --clear
    farm bank lock --samples ~/sounds
    farm bank licenses song.ph
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
    if name == LICENSES:
        tell_licences(score, samples, as_json)
        return
    if score is not None:
        raise UsageError(f"SCORE goes with `licenses`: {score}", hint=f"farm bank licenses {score}")
    found = library(samples, None, os.environ.get(VARIABLE))
    if name == LOCK:
        tell_lock(found, as_json)
        return
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


def tell_lock(found: SampleLibrary, as_json: bool) -> None:
    """Writes the locks of sample folders. Raises UsageError where there are none, SampleError, FileError."""
    from farm.audio.lock import lock
    from farm.errors import UsageError
    from farm.printer.streams import say, say_json
    from farm.quantities import counted

    if not found.folders:
        raise UsageError("there is no sample folder to lock", hint="name it: farm bank lock --samples FOLDER")
    written = lock(found)
    if as_json:
        locks = [{"path": str(path), "files": files} for path, files in written]
        say_json({"ok": True, "status": 0, "locks": locks})
    else:
        say("\n".join(f"{path}: {counted(files, 'file')}" for path, files in written))


def tell_licences(score: str | None, samples: tuple[str, ...], as_json: bool) -> None:
    """Says what may be done with the banks that a score names. Raises UsageError, FileError, ScoreError."""
    import os

    from farm.audio.licences import licence_of
    from farm.audio.samples import VARIABLE, library
    from farm.errors import UsageError
    from farm.printer.banks import licences_page
    from farm.printer.streams import say, say_json
    from farm.rendering.job import NamedBanks
    from farm.score import read_source

    if score is None:
        raise UsageError("which score's banks?", hint="farm bank licenses song.ph")
    found = NamedBanks(library(samples, score, os.environ.get(VARIABLE)))
    banks = [one for job in found.of(read_source(score).text) if (one := found.library.bank(job.name)) is not None]
    rows = [(one, licence_of(one)) for one in banks]
    if as_json:
        listed = [{"bank": one.name, "folder": str(one.folder), **licence.as_json()} for one, licence in rows]
        say_json({"ok": True, "status": 0, "banks": listed})
    else:
        say(licences_page([(one.name, licence.licence, licence.credits) for one, licence in rows]))
