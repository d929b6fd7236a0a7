"""Each value once, as numpy finds them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from farm.pattern.unique import unique


@given(st.lists(st.integers(-5, 5)))
def test_whole_numbers(values: list[int]) -> None:
    for dtype in (np.int64, np.int32, object):
        array = np.array(values, dtype)
        assert unique(array).tolist() == np.unique(array).tolist()
        assert unique(array).dtype == array.dtype


@given(st.lists(st.sampled_from([0.0, -1.5, 2.0, float("inf")])))
def test_floats(values: list[float]) -> None:
    assert unique(np.array(values)).tolist() == np.unique(np.array(values)).tolist()


def test_huge_whole_numbers_stay_exact() -> None:
    values = np.array([2**70, 3, 2**70 + 1, 3], object)
    assert unique(values).tolist() == [3, 2**70, 2**70 + 1]


def test_what_is_no_number_equals_nothing() -> None:
    assert np.isnan(unique(np.array([np.nan, 1.0, np.nan]))).tolist() == [False, True, True]
