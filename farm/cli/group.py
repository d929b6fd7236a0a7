"""`farm`: the list of its commands."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from farm.cli.statuses import USAGE
from farm.version import __version__

COMMANDS = {
    "new": "Write a commented score to FILE, to start from.",
    "render": "Render SCORE to the sound file OUT.",
    "stems": "Render SCORE to a file for each output, and one of their mix.",
    "batch": "Render many files from a list of JOBS, or from several scores.",
    "check": "Say what is wrong in SCORE, without rendering it.",
    "plan": "Show how SCORE would be rendered.",
    "verify": "Render SCORE in different ways and compare the frames.",
    "nodes": "List the nodes of the language, or say all about NAME.",
    "patterns": "List what patterns are made with, or say all about NAME.",
    "bank": "List the sample banks, or say all about NAME.",
    "docs": "List the pages about farm, or print the one called NAME.",
    "doctor": "Examine this machine, with advice where it is wrong.",
    "warmup": "Compile every kernel ahead, so that no render has to.",
    "completion": "Print what makes SHELL complete commands and names.",
}
"""The commands in the order in which they are needed, and the first line of the help of each, so that none has to be
imported for their list. Each is called like the file that it stands in."""


class Commands(click.Group):
    """The commands, each imported when it is asked for, with a word for who names a score where one stands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their list."""
        return [*COMMANDS, *(name for name in self.commands if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """As click does it."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            command: click.Command = getattr(import_module(f"farm.cli.{cmd_name}"), cmd_name)
            if sys.flags.optimize > 1:
                keep_help(command)
            self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, without the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it; `farm help COMMAND` is `farm COMMAND --help`."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it."""
        if args[0].lower().endswith(".ph") and self.get_command(ctx, args[0]) is None:
            import shlex

            raise click.UsageError(f"`{args[0]}` is a score; to render it: farm render {shlex.quote(args[0])}", ctx)
        return super().resolve_command(ctx, args)


def keep_help(command: click.Command) -> None:
    """Gives a command the help back that `python -OO` takes away with the docstrings."""
    from workers.docstrings import from_source

    if command.callback is not None:
        command.help = from_source(command.callback)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, message="farm %(version)s")
@click.pass_context
def farm(ctx: click.Context) -> None:
    """Render .ph scores to sound files.

    \b
    farm render song.ph                 8 cycles, to song.wav
    farm render song.ph a.wav --cycles 32 --bits 16
    farm batch *.ph --seeds 0..99       many files, one job process a CPU
    farm check song.ph                  errors and warnings, no sound
    farm nodes lpf                      all about one node
    farm patterns every                 all about one transform
    farm new song.ph                    a score to start from
    farm docs language                  the language in ten minutes

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 an error in the score, 4 samples or files, 5 jobs of a batch put
    aside, 130 interrupted, 141 its reader left, 143 terminated.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)


if sys.flags.optimize > 1:
    keep_help(farm)


def whole() -> click.Group:
    """`farm` with every command at hand."""
    with click.Context(farm) as ctx:
        farm.commands = {name: command for name in farm.list_commands(ctx) if (command := farm.get_command(ctx, name))}
    return farm
