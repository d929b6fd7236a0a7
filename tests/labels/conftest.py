"""One session for tests of labels that follow each other, and nothing of it behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.labels import readers


@pytest.fixture(scope="package", autouse=True)
def closing() -> Iterator[None]:
    yield
    while readers.HELD:
        readers.HELD.pop().close()
