"""`farm warmup`: every kernel compiled ahead."""

from __future__ import annotations

import click

from farm.cli import values
from farm.cli.options import LEVELS


@click.command()
@click.option(
    "--cpu",
    multiple=True,
    type=values.Choice([*LEVELS, "all"]),
    help="Level of machine code, x86-64-v2 to v4, or all; may be repeated.  [this machine's best]",
)
@click.option("--quiet", is_flag=True, help="Say errors only.  [off]")
def warmup(cpu: tuple[str, ...], quiet: bool) -> None:
    """Compile every kernel ahead, so that no render has to.

    \b
    farm warmup                         for this machine
    farm warmup --cpu v2 --cpu v3       for other machines
    farm warmup --cpu all
    """
    from farm.options import RenderOptions
    from farm.printer.progress import progress
    from farm.printer.streams import say, tell_problems
    from farm.quantities import counted
    from farm.rendering.doubts import cache_notices
    from farm.rendering.warmup import warmup

    levels = LEVELS if "all" in cpu else tuple(dict.fromkeys(cpu))
    with progress(RenderOptions().rate, quiet) as observer:
        ready = warmup(levels, observer)
    tell_problems(cache_notices())
    if not quiet:
        say(f"{counted(ready, 'kernel')} ready")
