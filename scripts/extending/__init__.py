"""Files for a new node or transform, made of the page for contributors and of the tests beside this."""

from __future__ import annotations
