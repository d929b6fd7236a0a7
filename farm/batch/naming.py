"""Names of outputs: how they are made, and what no output may be called.

A name depends on its job alone, `{index}` (the number of the job in its list, from 0) apart.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from farm.errors import UsageError
from farm.rendering.templates import filled

DEFAULT = "{score}-{seed}.wav"
EXAMPLE = "{score}-{seed:04}.wav"
RESERVED = re.compile(r"manifest(\.\d+-of-\d+)?\.jsonl|failed(\.\d+-of-\d+)?\.jsonl|\.farm-.*")
"""Files of the batch itself."""
LONGEST = 255
"""Bytes of a name, as most file systems have it."""


def out_name(template: str, values: Mapping[str, Any]) -> str:
    """The name that a template of OUT gives, as `filled`; `split` is there with --split alone. Raises UsageError."""
    return filled(template, values, "OUT", EXAMPLE, {} if "split" in values else {"split": "--split"})


def checked(name: str) -> str:
    """A name below DIR, as short as it can be written. Raises UsageError for one that leads out, or is no file's."""
    why = ""
    if not name or name.endswith("/") or "\0" in name:
        why = "is no name of a file"
    elif os.path.isabs(name):
        why = "is absolute: outputs lie below DIR"
    elif ".." in name.split("/"):
        why = "climbs out of DIR"
    elif not name.isprintable():
        why = "holds control characters"
    if why:
        raise UsageError(f"OUT {name!r} {why}", hint="--into DIR says where the folder of all outputs is")
    short = os.path.normpath(name)
    if RESERVED.fullmatch(short) or any(part.startswith(".farm-") for part in short.split("/")):
        raise UsageError(f"OUT {name} is a file of the batch itself", hint="name another one")
    long = next((part for part in short.split("/") if len(os.fsencode(part)) > LONGEST), None)
    if long is not None:
        raise UsageError(f"OUT {long[:60]}... is longer than {LONGEST} bytes", hint="choose a shorter name")
    return short
