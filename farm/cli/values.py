"""What the text after an option means; `click.BadParameter` says why it means nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fractions import Fraction

EXACT = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15}|\d{1,15}/\d{1,15})", re.ASCII)


class Choice(click.Choice[str]):
    """One of some words; the message for another one names the word that it resembles."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """As click has it, and what was probably meant."""
        from farm.errors import near

        message = super().get_invalid_choice_message(value, ctx)
        close = near(str(value), self.choices)
        return f"{message} Did you mean {close[0]!r}?" if close else message


def exact(text: str) -> Fraction:
    """A number kept as a fraction: `8`, `1/3`, `2.5`."""
    from fractions import Fraction

    if not EXACT.fullmatch(text):
        raise click.BadParameter(f"`{text}` is not a number: write 8, 2.5 or 1/3")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise click.BadParameter(f"`{text}` divides by zero") from None


def names(text: str) -> tuple[str, ...]:
    """Some names: `o1,o2`."""
    found = tuple(one.strip() for one in text.split(","))
    if not all(found):
        raise click.BadParameter(f"`{text}`: write names with commas between them, o1,o2")
    return found


def whole(text: str) -> int:
    """A whole number of at most 63 bits."""
    if re.fullmatch("[0-9]{1,19}", text) and int(text) < 2**63:
        return int(text)
    raise click.BadParameter(f"`{text}` is not a whole number from 0 to {2**63 - 1}")


def tail(text: str) -> str | float:
    """`auto`, `none`, or seconds."""
    if text in {"auto", "none"}:
        return text
    try:
        return float(exact(text)) if "/" in text else float(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is neither auto nor none nor a number of seconds") from None


def threads(text: str) -> int | None:
    """`auto` (None) or a number of workers."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is neither auto nor a whole number") from None


def named(text: str) -> tuple[str, str]:
    """`NAME=VALUE`: a name, which may have its tilde, and what it shall be."""
    name, sign, value = text.partition("=")
    name = name.strip().removeprefix("~")
    if not sign or not name:
        raise click.BadParameter(f"`{text}` is not NAME=VALUE: for example cut=500")
    return name, value.strip()
