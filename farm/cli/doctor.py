"""`farm doctor`: whether this machine can render, and what would make it render better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from farm.cli.options import json_option
from farm.cli.render import render
from farm.cli.settings import Setting, long_name
from farm.cli.statuses import FAILED
from farm.cli.variables import OTHER_VARIABLES, SWITCHES, set_variables, unread

if TYPE_CHECKING:
    from farm.rendering.doctor import Finding


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Examine this machine, with advice where it is wrong.

    Processor, memory, caches, sample folders, versions, variables. Renders a tenth of a second to see whether it works.
    Exit status 0 unless farm cannot render here.

    \b
    farm doctor
    farm doctor --json
    """
    from farm.printer.pages import finding_lines
    from farm.printer.streams import say, say_json
    from farm.rendering.doctor import examine

    findings = []
    for finding in (*examine(), *variables()):
        findings.append(finding)
        if not as_json:
            say(finding_lines(finding))
    broken = sum(one.state == "broken" for one in findings)
    warnings = sum(one.state == "warning" for one in findings)
    status = FAILED if broken else 0
    if as_json:
        from dataclasses import asdict

        say_json({"ok": not broken, "status": status, "findings": [asdict(one) for one in findings]})
    else:
        worst = "farm cannot render here; see what is BROKEN" if broken else "farm can render here"
        also = " and the warnings" if broken else "; see the warnings"
        say(f"{worst}{also if warnings else ''}")
    return status


def variables() -> list[Finding]:
    """The FARM_* variables that are set; those that nothing reads are told with the nearest that something does."""
    from farm.errors import visible
    from farm.rendering.doctor import Finding

    settings = [one.variable for one in render.params if isinstance(one, Setting)]
    known = {*settings, *OTHER_VARIABLES}
    found, wrong = set_variables(), refused()
    sound = [visible(f"{name}={value}") for name, value in found.items() if name in known and name not in wrong]
    # Where all that is set is wrong, the lines of what is wrong say enough.
    findings = [Finding("variables", "fine", ", ".join(sound) or "none set")] if sound or not found else []
    for name, meant in unread(settings).items():
        advice = "farm render --help lists the variables" if meant is None else f"did you mean {meant}?"
        findings.append(Finding("variables", "warning", f"nothing reads {name}", advice))
    for name in SWITCHES:
        if found.get(name, "") not in ("", "0", "1"):
            advice = f"{name}=1 switches it on; unset it for what is usual"
            findings.append(Finding("variables", "warning", f"{name}={found[name]} means nothing", advice))
    return [
        *findings,
        *(Finding("variables", "broken", f"{name}: {why}", advice) for name, (why, advice) in wrong.items()),
    ]


def refused() -> dict[str, tuple[str, str]]:
    """The variables that `farm render` refuses, read as it reads them: why, and what to do."""
    from farm.errors import FarmError
    from farm.options import RenderOptions
    from farm.rendering.doctor import runs

    values: dict[str, Any] = {}
    found: dict[str, tuple[str, str]] = {}
    for option in render.params:
        if not isinstance(option, Setting) or option.envvar is None:
            continue
        ctx = click.Context(render, info_name="render")
        usual = f"unset it, or set it as `farm render --help` says of --{long_name(option)}"
        try:
            value = option.process_value(ctx, option.value_from_envvar(ctx))
            if value is not None and option.name in RenderOptions.__dataclass_fields__:
                RenderOptions(**{option.name: value})
                values[option.name] = value
            if option.name == "cpu" and value is not None and not runs(value):
                found[option.variable] = (f"this CPU cannot run x86-64-{value} code", usual)
        except click.UsageError as wrong:
            found[option.variable] = (wrong.message, usual)
        except FarmError as wrong:
            found[option.variable] = (wrong.message, wrong.hint or usual)
    try:
        RenderOptions(**values)
    except FarmError as wrong:
        found["together"] = (wrong.message, wrong.hint or "unset one of them")
    return found
