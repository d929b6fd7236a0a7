"""`farm`: the list of its commands."""

from __future__ import annotations

import sys

import click

from farm.cli.bank import bank
from farm.cli.check import check
from farm.cli.completion import completion
from farm.cli.docs import docs
from farm.cli.doctor import doctor
from farm.cli.new import new
from farm.cli.nodes import nodes
from farm.cli.patterns import patterns
from farm.cli.plan import plan
from farm.cli.render import render
from farm.cli.statuses import USAGE
from farm.cli.verify import verify
from farm.cli.warmup import warmup
from farm.version import __version__


class Commands(click.Group):
    """The commands, in the order in which they are needed, with a word for who names a score where one stands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their list."""
        return list(self.commands)

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


COMMANDS = [new, render, check, plan, verify, nodes, patterns, bank, docs, doctor, warmup, completion]


def keep_help(command: click.Command) -> None:
    """Gives a command the help back that `python -OO` takes away with the docstrings."""
    from workers.docstrings import from_source

    if command.callback is not None:
        command.help = from_source(command.callback)


@click.group(
    cls=Commands,
    commands=COMMANDS,
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
    farm check song.ph                  errors and warnings, no sound
    farm nodes lpf                      all about one node
    farm patterns every                 all about one transform
    farm new song.ph                    a score to start from
    farm docs language                  the language in ten minutes

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 an error in the score, 4 samples or files, 130 interrupted,
    141 its reader left, 143 terminated.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)


if sys.flags.optimize > 1:
    for command in (farm, *COMMANDS):
        keep_help(command)
