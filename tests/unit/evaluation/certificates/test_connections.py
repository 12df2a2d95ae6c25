import numpy as np
import pytest

from isr.coordinates import Scene, ThirdAxis
from isr.evaluation.certificates.connections import Corridor, around, coarsest_join
from isr.evaluation.certificates.scene_grid import SceneGrid, lookup


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


# Cells of scenes.

SCENES = {
    "picture": Scene(5, 7),
    "linspace": Scene(5, 7, "linspace"),
    "video": Scene(5, 7, third=ThirdAxis("t", np.linspace(0, 1, 4))),
    "uneven": Scene(5, 7, third=ThirdAxis("z", np.array([0.0, 0.1, 0.5]))),
    "backwards": Scene(5, 7, third=ThirdAxis("z", np.array([1.0, 0.4, 0.2]))),
    "one frame": Scene(5, 7, third=ThirdAxis("t", np.array([0.3]))),
}


@pytest.mark.parametrize("name", SCENES)
def test_pixel_centres_lie_at_halves(name):
    scene = SCENES[name]
    grid = SceneGrid(scene)
    centres = np.moveaxis(np.indices(scene.shape), 0, -1) + 0.5
    np.testing.assert_allclose(grid.positions(scene.coordinates()), centres, atol=1e-12)
    np.testing.assert_allclose(grid.points(centres), scene.coordinates(), atol=1e-12)
    assert grid.inside(scene.coordinates()).all()


@pytest.mark.parametrize("name", SCENES)
def test_positions_and_points_are_inverse_outside_too(name):
    scene = SCENES[name]
    grid = SceneGrid(scene)
    positions = np.random.default_rng(0).uniform(-20, 20, size=(50, scene.dim))
    np.testing.assert_allclose(grid.positions(grid.points(positions)), positions, atol=1e-9)
    within = ((positions >= 0) & (positions <= scene.shape)).all(axis=-1)
    if scene.dim == 2:
        np.testing.assert_array_equal(grid.inside(grid.points(positions)), within)


def test_what_lies_before_the_first_frame_is_outside():
    grid = SceneGrid(SCENES["video"])
    points = np.array([[0.5, 0.3, 0.0], [0.5, 0.3, -0.01], [0.5, 0.3, 1.0], [0.5, 0.3, 1.01]])
    assert grid.inside(points).tolist() == [True, False, True, False]


def test_a_pixel_is_as_wide_as_its_coordinates_say():
    assert SceneGrid(SCENES["picture"]).pixel == pytest.approx(1 / 7)
    assert SceneGrid(SCENES["linspace"]).pixel == pytest.approx(1 / 6)


def test_cells_outside_of_a_raster_have_the_value_for_them():
    values = np.arange(6).reshape(2, 3)
    cells = np.array([[0, 0], [1, 2], [-1, 0], [0, 3], [2, 0]])
    assert lookup(values, cells, -7).tolist() == [0, 5, -7, -7, -7]
