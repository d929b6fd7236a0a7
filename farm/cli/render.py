"""`farm render`: a score to a sound file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from farm.cli.options import json_option, options_of, score_argument, sounding_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@score_argument
@click.argument("out", required=False)
@sounding_options
@click.option("--bits", type=click.Choice(["16", "24", "32f"]), help="Of a frame and channel.  [24]")
@click.option("--gain", type=float, metavar="FACTOR", help="Of everything.  [0.8]")
@click.option("--quiet", is_flag=True, help="Errors and warnings only.")
@json_option
def render(score: str, out: str | None, quiet: bool, as_json: bool, **given: Any) -> None:
    """Render SCORE to the WAV file OUT.

    OUT left out: the score's name with .wav, in this folder. SCORE `-` reads standard input. A score is endless:
    without a length, 8 cycles are rendered. --from and --to cut a part out of the whole: the same frames.

    \b
    farm render song.ph
    farm render song.ph song.wav --duration 180 --tail none
    farm render song.ph part.wav --cycles 32 --from 8 --to 12
    farm render song.ph --json --bits 32f | jq .sha256
    """
    options = options_of(given)
    target = target_of(score, out)

    from farm.options import DEFAULT_CYCLES
    from farm.printer.pages import level_warnings, summary
    from farm.printer.progress import progress
    from farm.printer.streams import problem_as_json, say, say_json, tell, tell_problems
    from farm.render.job import load, render_file

    silent = quiet or as_json
    loaded = load(score, seed=options.seed)
    tell_problems(loaded.notices)
    if options.cycles is options.duration_s is options.to_cycle is None and not silent:
        tell(f"a score is endless: rendering {DEFAULT_CYCLES} cycles (--cycles or --duration say how much)")
    with progress(options.rate, silent) as observer:
        report = render_file(loaded, target, options, observer)
    later = [*(one for one in report.notices if one not in loaded.notices), *level_warnings(report, options.gain)]
    tell_problems(later)
    warnings = [*loaded.notices, *later]
    if as_json:
        measured = {key: value for key, value in report.as_json().items() if key != "notices"}
        say_json({"ok": True, "status": 0, **measured, "warnings": [*map(problem_as_json, warnings)]})
    elif not quiet:
        say(summary(report, len(warnings)))


def target_of(score: str, out: str | None) -> Path:
    """The file to write. Raises UsageError for a name that cannot be meant."""
    from pathlib import Path

    from farm.errors import UsageError

    if out is None:
        if score == "-":
            raise UsageError(
                "a score from standard input has no name: say where to write", hint="farm render - OUT.wav"
            )
        out = f"{Path(score).name.removesuffix('.ph') or 'out'}.wav"
    target = Path(out)
    example = f"for example {target.with_suffix('.wav') if target.name else 'out.wav'}"
    if "\0" in out or not out:
        raise UsageError("OUT is not the name of a file", hint=example)
    if target.is_dir() or out.endswith("/"):
        raise UsageError(f"{out} is a folder; OUT is a file", hint=f"for example {target / 'out.wav'}")
    if os.path.exists(score) and os.path.exists(out) and os.path.samefile(score, out):
        raise UsageError(f"OUT {out} is the score itself", hint="name another file; it would be overwritten")
    if target.suffix.lower() != ".wav":
        raise UsageError(f"{out} does not end in .wav, and only WAV is written", hint=example)
    return target
