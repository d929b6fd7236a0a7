"""Options that three places can set: the file of --config, FARM_* variables, and the command line, which wins."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from farm.errors import Loc, UsageError

PLACES = "farm.cli.settings.places"
"""Key of `Context.meta`: where the configuration file says what, by parameter."""
ALTERNATIVES = (("cycles", "duration"),)
"""Settings of which the stronger place's one counts."""


def long_name(option: click.Parameter) -> str:
    """`fade-in` of an option `--fade-in`."""
    return max(option.opts, key=len).lstrip("-")


class Setting(click.Option):
    """An option that has a variable, FARM_FADE_IN for --fade-in, and a key in configuration files, `fade-in`.

    `group` is the heading that it stands under in helps. A `layered` one does not replace what its variable says but
    comes before it; whoever uses it reads the variable.
    """

    def __init__(self, declarations: list[str], *, group: str = "", layered: bool = False, **attributes: Any) -> None:
        super().__init__(declarations, **attributes)
        self.group = group
        self.variable = f"FARM_{long_name(self).replace('-', '_').upper()}"
        self.envvar = None if layered else self.variable

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """As click does it; an option that may be repeated has one value a line, whatever stands in it."""
        text = self.resolve_envvar_value(ctx) if self.multiple else None
        return super().value_from_envvar(ctx) if text is None else [one for one in text.splitlines() if one.strip()]

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """As click does it; a wrong value is told with the variable or the line that says it."""
        try:
            return super().handle_parse_result(ctx, opts, args)
        except click.BadParameter as wrong:
            source = ctx.get_parameter_source(self.name) if self.name else None
            if source == ParameterSource.ENVIRONMENT:
                where = f"{self.variable}{in_lines(self, wrong.message)}"
                raise click.UsageError(f"{where}: {wrong.message}", ctx) from None
            if source == ParameterSource.DEFAULT_MAP:
                from farm.errors import UsageError

                raise UsageError(f"`{long_name(self)}`: {wrong.message}", loc=place_of(ctx, self)) from None
            raise


class Configurable(click.Command):
    """A command with settings; its help has them in groups, and lists their variables."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; what a variable or the configuration file says wrongly is told with its place."""
        from farm.errors import UsageError

        try:
            return super().invoke(ctx)
        except UsageError as wrong:
            raise with_origin(ctx, wrong) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, by group; and the variables."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                group = param.group if isinstance(param, Setting) else ""
                groups.setdefault(f"Options, {group}" if group else "Options", []).append(record)
        # What belongs to no group comes last.
        for title in sorted(groups, key=lambda title: title == "Options"):
            with formatter.section(title):
                formatter.write_dl(groups[title])
        variables = [one.variable for one in self.params if isinstance(one, Setting)]
        with formatter.section("Variables"):
            formatter.write_text(
                "These stand for the options of the same name. An option given in the command line is stronger, the "
                "file of --config weaker."
            )
            formatter.write_paragraph()
            formatter.write_text(" ".join(variables))


def load_config(ctx: click.Context, _: click.Parameter, path: str | None) -> None:
    """What --config does: the file's settings become defaults. Raises UsageError, FileError."""
    if path is None or ctx.resilient_parsing:
        return
    from farm.cli.config import read_config

    known: dict[str, click.Option] = {long_name(one): one for one in settings_of(ctx) if one.expose_value}
    values, places = read_config(path, known)
    ctx.default_map = {**(ctx.default_map or {}), **values}
    ctx.meta[PLACES] = places


def settings_of(ctx: click.Context) -> list[Setting]:
    """Every setting there is: those of `farm render`, of which other commands have no use for some."""
    top = ctx.find_root().command
    command = top.get_command(ctx, "render") if isinstance(top, click.Group) else top
    return [one for one in command.params if isinstance(one, Setting)] if command is not None else []


def place_of(ctx: click.Context, option: click.Parameter) -> Loc | None:
    """Where the configuration file sets an option."""
    places: dict[str, Loc] = ctx.meta.get(PLACES, {})
    return places.get(option.name or "")


def in_command_line(name: str) -> bool:
    """Whether the command line itself sets a parameter."""
    return click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE


def strongest(ctx: click.Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, without alternatives that a stronger place overrules."""
    chosen = {name: value for name, value in given.items() if value is not None}
    for names in ALTERNATIVES:
        sources = {name: ctx.get_parameter_source(name) or ParameterSource.DEFAULT for name in names if name in chosen}
        for name, source in sources.items():
            if source > min(sources.values()):
                del chosen[name]
    return chosen


def in_lines(option: Setting, message: str) -> str:
    """`, line 2` for a variable of several lines, of which some say what a message is about; else nothing."""
    lines = os.environ.get(option.variable, "").splitlines() if option.multiple else []
    if len(lines) < 2:
        return ""
    named = {*re.findall(rf"--{long_name(option)} ([^\s:=]+)|`([^`]*)`", message)}
    words = {word for pair in named for word in pair if word}
    # A line that is no NAME=VALUE is quoted as it stands.
    found = [f"{number}" for number, line in enumerate(lines, 1) if line in words]
    found = found or [f"{number}" for number, line in enumerate(lines, 1) if name_in(line) in words]
    return f", line{'s' if len(found) > 1 else ''} {' and '.join(found)}" if found else ""


def name_in(line: str) -> str:
    """`cut` of `~cut=500`."""
    return line.partition("=")[0].strip().removeprefix("~")


def with_origin(ctx: click.Context, wrong: UsageError) -> UsageError:
    """The same error, with where those options that it names were set if that was not in the command line."""
    named = {*re.findall(r"--([a-z-]+)", wrong.message)}
    for option in ctx.command.params:
        if not isinstance(option, Setting) or long_name(option) not in named:
            continue
        source = ctx.get_parameter_source(option.name or "")
        said = ""
        if source == ParameterSource.ENVIRONMENT:
            where = in_lines(option, wrong.message)
            said = f"the variable {option.variable} sets --{long_name(option)}{where.replace(',', ' in', 1)}"
        elif source == ParameterSource.DEFAULT_MAP:
            wrong.loc = place_of(ctx, option)
            said = f"the configuration file sets --{long_name(option)}"
        if said:
            wrong.hint = f"{wrong.hint}; {said}" if wrong.hint else said
    return wrong
