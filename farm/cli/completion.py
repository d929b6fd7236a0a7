"""`farm completion`: what a shell needs to complete farm's commands, options, scores and names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_FARM_COMPLETE"
"""With what its scripts ask click for completions."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands and names.

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
    from click.shell_completion import get_completion_class

    from farm.cli.group import farm
    from farm.printer.streams import say

    made = get_completion_class(shell)
    assert made is not None
    say(made(farm, {}, "farm", VARIABLE).source().rstrip())


def scores(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Score files; all files and folders where there is a folder or no score."""
    folder, slash, begun = incomplete.rpartition("/")
    try:
        with os.scandir(folder + slash or ".") as entries:
            fitting = [entry for entry in entries if entry.name.startswith(begun) and entry.name[0] != "."]
    except OSError:
        fitting = []
    found = sorted(folder + slash + entry.name for entry in fitting if entry.name.endswith(".ph") and entry.is_file())
    if not found or any(entry.is_dir() for entry in fitting):
        return files(ctx, param, incomplete)
    return items(dict.fromkeys(found, ""))


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, as the shell completes them."""
    return items({incomplete: ""}, "file")


def folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, as the shell completes them."""
    return items({incomplete: ""}, "dir")


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


def items(words: dict[str, str], kind: str = "plain") -> list[CompletionItem]:
    """Words with what they do, as click tells them to shells; `kind` is "plain", "file" or "dir"."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(word, kind, doc.partition("\n")[0] or None) for word, doc in words.items()]
