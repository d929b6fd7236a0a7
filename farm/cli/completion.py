"""`farm completion`: what a shell needs to complete farm's commands, options, scores and names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from farm.cli import values

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", metavar="SHELL", type=values.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands and names.

    SHELL is bash, zsh or fish.
    Commands, options and their values, scores, and the names of nodes and patterns, with the tabulator key.

    \b
    bash    echo 'eval "$(farm completion bash)"' >> ~/.bashrc
    zsh     echo 'eval "$(farm completion zsh)"' >> ~/.zshrc        after compinit
    fish    farm completion fish > ~/.config/fish/completions/farm.fish

    Then, in a new shell:

    \b
    farm ren<TAB> song<TAB>
    farm nodes l<TAB>

    \b
    farm completion bash                only show it
    """
    from farm.cli.shells import SCRIPTS
    from farm.printer.streams import say

    say(SCRIPTS[shell].rstrip())


def scores(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Score files, and folders, as the shell completes them."""
    return left_to_shell("score", incomplete)


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, as the shell completes them."""
    return left_to_shell("file", incomplete)


def folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, as the shell completes them."""
    return left_to_shell("dir", incomplete)


def node_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Nodes, aliases included."""
    from farm.cli.entries import node_entries

    words = {name: one.doc for one in node_entries() for name in (one.name, *one.aliases)}
    return items({name: words[name] for name in sorted(words) if name.startswith(incomplete)})


def pattern_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Transforms, modifiers and features of mini-notation; no marks, which shells have other uses for."""
    from farm.cli.entries import pattern_entries

    words = {name: one.doc for one in pattern_entries() for name in (one.name, *one.aliases)}
    return items({name: words[name] for name in sorted(words) if name[0].isalpha() and name.startswith(incomplete)})


def bank_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Banks of FARM_SAMPLES and the built-in one, and the word for the cache."""
    from farm.audio.samples import VARIABLE, library

    names = library((), None, os.environ.get(VARIABLE)).names()
    return items({name: "" for name in sorted({*names, "cache"}) if name.startswith(incomplete)})


def items(words: dict[str, str]) -> list[CompletionItem]:
    """Words with what they do, as click tells them to shells, in UTF-8: others are left out."""
    from click.shell_completion import CompletionItem

    told = {word: doc for word, doc in words.items() if word == utf8(word)}
    return [CompletionItem(word, help=doc.partition("\n")[0] or None) for word, doc in told.items()]


def left_to_shell(kind: str, incomplete: str) -> list[CompletionItem]:
    """What makes a shell complete names of a kind of `farm.cli.shells` itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(utf8(incomplete), kind)]


def utf8(word: str) -> str:
    """`word` without the bytes of a file name that are no text."""
    return word.encode(errors="ignore").decode()
