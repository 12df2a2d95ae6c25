import numpy as np
import pytest

from isr.coordinates import Scene, ThirdAxis
from isr.evaluation.certificates.scene_grid import SceneGrid, lookup

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
