"""`farm doctor`: whether this machine can render, and what would make it render better."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from farm.cli.ending import FAILED
from farm.cli.options import json_option
from farm.cli.settings import Setting

if TYPE_CHECKING:
    from farm.render.doctor import Finding

OTHER_VARIABLES = ("FARM_CACHE", "FARM_NODES", "FARM_DEBUG", "FARM_PORTABLE")


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
    from farm.render.doctor import examine

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
        worst = "farm cannot render here" if broken else "farm can render here"
        say(f"{worst}{'; see the warnings' if warnings else ''}")
    return status


def variables() -> list[Finding]:
    """The FARM_* variables that are set; those that nothing reads are told with the nearest that something does."""
    from farm.cli.group import farm
    from farm.errors import near
    from farm.render.doctor import Finding

    settings = [one.variable for one in farm.commands["render"].params if isinstance(one, Setting)]
    known = [*settings, *OTHER_VARIABLES]
    found = {name: value for name, value in sorted(os.environ.items()) if name.startswith("FARM_")}
    told = [f"{name}={value}" for name, value in found.items() if name in known]
    findings = [Finding("variables", "fine", ", ".join(told) or "none set")]
    for name in found:
        if name not in known:
            close = near(name, known)
            advice = f"did you mean {close[0]}?" if close else "farm render --help lists the variables"
            findings.append(Finding("variables", "warning", f"nothing reads {name}", advice))
    return findings
