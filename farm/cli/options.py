"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from farm.cli import values

if TYPE_CHECKING:
    from farm.options import RenderOptions

BACKENDS = ("auto", "inline", "local")
LEVELS = ("v2", "v3", "v4")

Command = Callable[..., Any]


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator from several, first on top."""

    def decorate(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return decorate


# Parameters are called as the fields of RenderOptions. Its defaults, repeated in the help, stand in for the rest.
sounding_options = options(
    click.option("--cycles", type=values.exact, metavar="N", help="Length in cycles (8, 1/3, 2.5).  [8]"),
    click.option("--duration", "duration_s", type=values.exact, metavar="SECONDS", help="Length in seconds."),
    click.option("--from", "from_cycle", type=values.exact, metavar="N", help="Render only from this cycle on."),
    click.option("--to", "to_cycle", type=values.exact, metavar="N", help="Render only up to this cycle."),
    click.option("--rate", type=int, metavar="HZ", help="Sample rate.  [44100]"),
    click.option("--quality", type=click.Choice(["draft", "good", "best"]), help="Of sample playback.  [good]"),
    click.option("--fade-in", "fade_in_s", type=float, metavar="SECONDS", help="At the beginning.  [0.01]"),
    click.option("--fade-out", "fade_out_s", type=float, metavar="SECONDS", help="At the end.  [0.01]"),
    click.option("--tail", type=values.tail, metavar="auto|none|SECONDS", help="How long it rings on.  [auto]"),
    click.option("--seed", type=values.whole, metavar="N", help="Of everything random.  [0]"),
    click.option("--chunk", "chunk_frames", type=int, metavar="FRAMES", help="Frames of one task.  [2048]"),
    click.option("--cpu", type=click.Choice(LEVELS), help="Level of machine code.  [this machine's best]"),
    click.option("--threads", type=values.threads, metavar="N|auto", help="Worker processes.  [auto: CPUs allowed]"),
    click.option("--backend", type=click.Choice(BACKENDS), help="This process or a pool, by the work.  [auto]"),
    click.option("--work-dir", metavar="FOLDER", help="Map the arena to a file here, not to shared memory."),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")
score_argument = click.argument("score")


def options_of(given: dict[str, Any]) -> RenderOptions:
    """What the command line gives, the rest by default. Raises UsageError when senseless."""
    from farm.options import RenderOptions

    return RenderOptions(**{name: value for name, value in given.items() if value is not None})
