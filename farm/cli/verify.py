"""`farm verify`: one score rendered in different ways, frames compared."""

from __future__ import annotations

from typing import Any

import click

from farm.cli.doubts import doubts
from farm.cli.options import json_option, options_of, score_argument, sounding_options
from farm.cli.settings import Configurable


@click.command(cls=Configurable)
@score_argument
@sounding_options
@json_option
def verify(score: str, as_json: bool, **given: Any) -> int:
    """Render SCORE in different ways and compare the frames.

    One worker, all of them, other lengths of chunks and windows, a worker killed on the way: every render must give
    the same bytes. Exit status 1 when one does not. The last line says so where a render was over before a
    worker could be killed, with --json `kill_tried`.

    \b
    farm verify song.ph --cycles 16
    farm verify song.ph --threads 8
    """
    options = options_of(given)

    from dataclasses import asdict

    from farm.graph.score import load
    from farm.printer.pages import conclusion, kill_tried, verdict_line
    from farm.printer.streams import problem_as_json, say, say_json, tell, tell_problems
    from farm.rendering.verify import verify

    verdicts, early = [], doubts(options)
    if not as_json:
        tell_problems(early)
    loaded = load(score, seed=options.seed, lenient=options.lenient, samples=options.samples).bound(options.set)
    for verdict in verify(loaded, options, lambda trial: tell(f"rendering: {trial.name}")):
        verdicts.append(verdict)
        if not as_json:
            say(verdict_line(verdict))
    same = all(verdict.same for verdict in verdicts)
    if as_json:
        rows = [{"trial": v.trial.name, **{k: w for k, w in asdict(v).items() if k != "trial"}} for v in verdicts]
        document = {"ok": same, "status": 0 if same else 1, "kill_tried": kill_tried(verdicts), "verdicts": rows}
        say_json({**document, "warnings": [*map(problem_as_json, early)]})
    else:
        say(conclusion(verdicts))
    return 0 if same else 1
