"""Which argument of a call goes where: by its position or by its keyword. One binder for all calls that a score makes.

What it says of a wrong call it says of every kind of call in the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from farm.errors import Loc, ScoreError, suggestion
from farm.score.syntax import Expr
from workers.records import record

Keyword = tuple[str, Expr, Loc]
"""A keyword of a call, its argument, and where the keyword stands."""


@record(frozen=True, slots=True)
class Slot:
    """Where one argument goes: its name, the name that people read and write, further ones that a keyword may have."""

    name: str
    shown: str
    also: tuple[str, ...] = ()
    needed: bool = True
    """Whether a call must fill it."""

    def answers_to(self, key: str) -> bool:
        """Whether a keyword means this slot."""
        return key in (self.name, self.shown) or key in self.also


@record(frozen=True, slots=True)
class Signature:
    """What a function takes; `written` is how people read it.

    `counted`: of a wrong number of arguments, that number is told, not which of them are too many or lack.
    """

    name: str
    slots: tuple[Slot, ...]
    written: str
    counted: bool
    covering: int
    """How many arguments by position fill every slot that must be filled."""


def signature_of(name: str, slots: Sequence[Slot], written: str, *, counted: bool = False) -> Signature:
    """What the function `name` takes."""
    covering = max((number for number, slot in enumerate(slots, 1) if slot.needed), default=0)
    return Signature(name, tuple(slots), written, counted, covering)


class Located(Protocol):
    """An argument: an expression, or a term that stands for one."""

    @property
    def loc(self) -> Loc: ...


def bind(
    signature: Signature, positional: Sequence[Located], keywords: Sequence[Keyword], loc: Loc
) -> tuple[Slot, ...]:
    """The slot of every argument: of those by position, then of those by keyword.

    `loc` is the place of the call. Raises ScoreError for keywords that there are not, for slots that are filled twice
    or not at all, and for more arguments than slots.
    """
    count = len(positional)
    if not keywords and signature.covering <= count <= len(signature.slots):
        return signature.slots[:count]
    filled = list(signature.slots[:count])
    for key, _, at in keywords:
        slot = next((one for one in signature.slots if one.answers_to(key)), None)
        if slot is None:
            raise ScoreError(f"`{signature.name}` has no `:{key}`", loc=at, hint=near(signature, key))
        if slot in filled:
            raise ScoreError(f"`{key}` is given twice", loc=at)
        filled.append(slot)
    lacking = [slot for slot in signature.slots[count:] if slot.needed and slot not in filled]
    if lacking or count > len(signature.slots):
        raise miscounted(signature, positional, lacking, loc, named=bool(keywords))
    return tuple(filled)


def near(signature: Signature, key: str) -> str:
    """What may be meant by a keyword that there is not."""
    return suggestion(key, [slot.shown for slot in signature.slots]) or f"written as `{signature.written}`"


def miscounted(
    signature: Signature, positional: Sequence[Located], lacking: Sequence[Slot], loc: Loc, *, named: bool
) -> ScoreError:
    """The error for a call with too few or too many arguments; `named`: it has keywords, which are not counted."""
    most = len(signature.slots)
    at = loc
    if signature.counted and not (named and lacking):
        least = sum(slot.needed for slot in signature.slots)
        wanted = f"{least} to {most}" if least < most else str(most)
        message = f"takes {wanted} argument{'s' if most != 1 else ''}, not {len(positional)}"
    elif lacking:
        message = f"needs its {lacking[0].shown}"
    else:
        message = f"takes at most {most} argument{'s' if most != 1 else ''}, not {len(positional)}"
        at = positional[most].loc
    return ScoreError(f"`{signature.name}` {message}", loc=at, hint=f"written as `{signature.written}`")
