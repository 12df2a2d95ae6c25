import numpy as np

from isr.evaluation.certificates.connections import Corridor, around, coarsest_join


def two_cells(length: int) -> Corridor:
    """Two parts with `length` open cells between them, in a row."""
    cells = np.stack([np.zeros(length + 2, dtype=int), np.arange(length + 2)], axis=-1)
    labels = np.zeros(length + 2, dtype=int)
    labels[0], labels[-1] = 3, 5
    return Corridor(cells, labels, 3, 5)


def strip(height: float):
    """A horizontal strip of a given height round y = 0.53."""
    return lambda positions: np.abs(positions[:, 0] - 0.53) <= height / 2


def test_the_sampling_that_shows_a_strip():
    for height, samples in (1.0, 2), (0.24, 4), (0.12, 8), (0.06, 16):
        found = coarsest_join(two_cells(5), strip(height), diagonal=True)
        assert found == (samples, samples)


def test_what_is_too_thin_is_not_found():
    assert coarsest_join(two_cells(5), strip(0.001), diagonal=True) == (None, 16)


def test_what_is_too_long_is_not_sampled_to_the_end():
    assert coarsest_join(two_cells(1000), strip(0.001), diagonal=True) == (None, 8)
    assert coarsest_join(two_cells(200_000), strip(1.0), diagonal=True) == (None, 0)


def test_a_gap_is_not_joined():
    def broken(positions):
        return np.abs(positions[:, 1] - 3.5) > 0.3

    assert coarsest_join(two_cells(5), broken, diagonal=True) == (None, 16)


def test_neighbours_at_corners_count_for_the_foreground_only():
    def checkers(positions):
        return np.floor(positions * 2).astype(int).sum(axis=1) % 2 == 0

    assert coarsest_join(two_cells(3), checkers, diagonal=True) == (2, 2)
    assert coarsest_join(two_cells(3), checkers, diagonal=False) == (None, 16)


def test_drawn_parts_are_one_wherever_their_cells_are():
    cells = np.array([[0, 0], [0, 1], [0, 2], [9, 0], [9, 1], [9, 2]])
    labels = np.array([1, 0, 2, 2, 0, 3])
    corridor = Corridor(cells, labels, 1, 3)
    assert coarsest_join(corridor, lambda p: np.full(len(p), True), diagonal=True) == (2, 2)


def test_three_dimensions():
    cells = np.array([[0, 0, k] for k in range(4)])
    corridor = Corridor(cells, np.array([1, 0, 0, 2]), 1, 2)
    found = coarsest_join(
        corridor, lambda p: np.abs(p[:, :2] - 0.5).max(axis=1) < 0.2, diagonal=True
    )
    assert found == (4, 4)


def test_cells_around_a_path():
    found = around(np.array([[0.2, 0.3], [0.9, 1.2]]))
    expected = {(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1, 2)}
    assert {tuple(cell) for cell in found.tolist()} == expected
