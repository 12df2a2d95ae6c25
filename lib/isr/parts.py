"""How the pictures of a cell are shared out among its jobs."""

from collections.abc import Sequence


def count(pictures: int, at_most: int | None) -> int:
    """Number of jobs for so many pictures with `at_most` of them each; None makes one job.

    >>> count(51, 17), count(52, 17), count(52, None)
    (3, 4, 1)
    """
    return 1 if at_most is None else max(1, -(-pictures // at_most))


def part_of(names: Sequence[str], part: int, parts: int) -> list[str]:
    """Choose the names of part `part` (from 0) of `parts` parts whose sizes differ by one at most.

    >>> part_of(["a", "b", "c"], 1, 2)
    ['c']
    """
    size, larger = divmod(len(names), parts)
    start = part * size + min(part, larger)
    return list(names[start : start + size + (part < larger)])
