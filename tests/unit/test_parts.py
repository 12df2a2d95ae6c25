"""Sharing pictures out among jobs."""

from hypothesis import given
from hypothesis import strategies as st

from isr import parts


@given(st.integers(1, 200), st.integers(1, 60))
def test_every_picture_is_in_exactly_one_part_and_none_is_too_large(pictures, at_most):
    names = [str(number) for number in range(pictures)]
    count = parts.count(pictures, at_most)
    shares = [parts.part_of(names, part, count) for part in range(count)]
    assert [name for share in shares for name in share] == names
    smallest, largest = min(map(len, shares)), max(map(len, shares))
    assert smallest >= max(1, largest - 1)
    assert largest <= at_most


def test_no_limit_makes_one_part():
    assert parts.count(51, None) == 1
    assert parts.part_of(["a", "b"], 0, 1) == ["a", "b"]
