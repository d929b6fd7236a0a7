"""What commands share that render: they read a score, have it rendered, and tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from farm.cli.doubts import doubts

if TYPE_CHECKING:
    from farm.graph.score import Score
    from farm.options import RenderOptions
    from farm.rendering.report import Observer, Report
    from farm.rendering.session import Session


def sounded(
    score: str,
    options: RenderOptions,
    quiet: bool,
    as_json: bool,
    rendered: Callable[[Session, Score, Observer], Report],
    *,
    to_stdout: bool = False,
) -> None:
    """Reads a score and has it `rendered`; tells of warnings, and what was made. `to_stdout`: the sound goes there."""
    from farm.graph.score import load
    from farm.printer.pages import summary
    from farm.printer.progress import progress
    from farm.printer.streams import problem_as_json, say, say_json, tell, tell_problems
    from farm.rendering.session import Session
    from farm.rendering.spent import all_cpu_s

    silent = quiet or as_json
    before_s = time.process_time()
    loaded = load(score, seed=options.seed, lenient=options.lenient, samples=options.samples).bound(options.set)
    read_s = time.process_time() - before_s
    early = [*doubts(options), *loaded.notices]
    if not as_json:
        tell_problems(early)
    with progress(options.rate, silent) as observer, Session() as session:
        report = rendered(session, loaded, observer)
    later = [one for one in report.notices if one not in early]
    if not as_json:
        tell_problems(one for one in later if one not in observer.told)
    warnings = [*early, *later]
    if as_json:
        # What `say_json` imports is counted too, if it is there before the seconds are.
        import json  # noqa: F401
    report = report.of_process(all_cpu_s(), read_s)
    if as_json:
        measured = {key: value for key, value in report.as_json().items() if key != "notices"}
        say_json({"ok": True, "status": 0, **measured, "warnings": [*map(problem_as_json, warnings)]})
    elif not quiet:
        (tell if to_stdout else say)(summary(report, len(warnings)))
