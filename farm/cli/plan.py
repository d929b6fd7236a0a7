"""`farm plan`: how a score would be rendered."""

from __future__ import annotations

from typing import Any

import click

from farm.cli.doubts import doubts
from farm.cli.options import backend_option, json_option, options_of, score_argument, sounding_options
from farm.cli.settings import Configurable


@click.command(cls=Configurable)
@score_argument
@sounding_options
@backend_option
@click.option("--measured", is_flag=True, help="Render it, into nothing, and time the longest chain of tasks.  [off]")
@json_option
def plan(score: str, measured: bool, as_json: bool, **given: Any) -> None:
    """Show how SCORE would be rendered.

    Groups, their nodes with what these remember, tasks, voices at once, the arena's size, the critical path; with
    --measured also the longest chain of tasks as they took here, of which no number of workers makes a shorter one.

    \b
    farm plan song.ph
    farm plan song.ph --cycles 64 --json
    farm plan song.ph --measured
    """
    options = options_of(given)

    from farm.graph.score import load
    from farm.printer.pages import plan_page
    from farm.printer.streams import problem_as_json, say, say_json, tell_problems
    from farm.rendering.explaining import explain

    loaded = load(score, seed=options.seed, lenient=options.lenient, samples=options.samples).bound(options.set)
    notices = [*doubts(options), *loaded.notices]
    if not as_json:
        tell_problems(notices)
    explanation = explain(loaded, options)
    times = None
    if measured:
        from farm.profile.measured import measured as timed

        times = timed(loaded, options)
    if as_json:
        warnings = [problem_as_json(one) for one in notices]
        also = {} if times is None else {"measured": times.as_json()}
        say_json({"ok": True, "status": 0, **explanation.as_json(), **also, "warnings": warnings})
    else:
        say(plan_page(explanation, times))
