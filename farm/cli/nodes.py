"""`farm nodes`: the nodes of the language, from their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from farm.errors import FarmError


@click.command()
@click.argument("name", required=False)
def nodes(name: str | None) -> None:
    """List the nodes of the language, or say all about NAME.

    \b
    farm nodes
    farm nodes lpf
    """
    from farm.graph.calling import signature
    from farm.printer.pages import node_page, nodes_page
    from farm.printer.streams import say
    from workers.catalog import catalog, language

    if name is None:
        say(nodes_page([(one, signature(one)) for one in catalog().values() if one.role != "internal"]))
    elif name in language():
        say(node_page(language()[name], signature(language()[name])))
    else:
        raise unknown_node(name)


def unknown_node(name: str) -> FarmError:
    """The error for a name that is no node, with the nearest one."""
    from farm.errors import UsageError, suggestion
    from farm.graph.calling import function_names
    from farm.pattern.register import TRANSFORMS
    from workers.catalog import language

    if name in TRANSFORMS:
        transform = TRANSFORMS[name]
        hint = f"written as `{transform.signature}`; {transform.doc}"
        return UsageError(f"`{name}` is a transform of patterns, not a node", hint=hint)
    if name in function_names():
        return UsageError(f"`{name}` starts or changes voices, it is not a node", hint="`farm nodes` lists the nodes")
    hint = suggestion(name, language()) or "`farm nodes` lists them all"
    return UsageError(f"no node is called `{name}`", hint=hint)
