import numpy as np
import pytest

from isr.coordinates import ThirdAxis, pixel_coordinates, with_third
from isr.data.problems import Problem, with_margin
from isr.errors import UserError


def _problem(third: ThirdAxis | None = None) -> Problem:
    coordinates = with_third(pixel_coordinates(4, 6), third).astype(np.float32)
    grid = coordinates.shape[:-1]
    scribbles = np.zeros(grid, np.uint8)
    scribbles[..., 1, 2] = 1
    return Problem("p", coordinates, scribbles, None, np.ones(grid, np.float32))


def test_coordinates_go_on_outside_and_background_is_added():
    wide = with_margin(_problem(), 9)
    assert wide.coordinates.shape == (22, 24, 2)
    rows, columns = np.mgrid[-9:13, -9:15] + 0.5
    assert np.allclose(wide.coordinates, np.stack([columns, rows], -1) / 6, atol=1e-6)
    assert wide.unaries.sum() == 24
    assert (wide.unaries[9:13, 9:15] == 1).all()
    assert wide.scribbles[10, 11] == 1
    ring = np.ones((22, 24), bool)
    ring[1:-1, 1:-1] = False
    assert (wide.scribbles[ring] == 255).all()
    assert (wide.scribbles[~ring] != 255).all()


def test_frames_are_padded_in_the_plane_alone():
    wide = with_margin(_problem(ThirdAxis("t", np.linspace(0, 1, 3))), 2)
    assert wide.coordinates.shape == (3, 8, 10, 3)
    assert np.allclose(wide.coordinates[:, 0, 0, 2], [0, 0.5, 1])
    assert np.allclose(wide.coordinates[0, 0, 0, :2], (np.array([-1.5, -1.5])) / 6)


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
@pytest.mark.parametrize("size", [(4, 6), (1, 20), (20, 1), (1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("pixels", [1, 30])
def test_steps_are_constant_at_all_sizes(size, convention, pixels):
    coordinates = pixel_coordinates(*size, convention).astype(np.float32)
    wide = with_margin(Problem("p", coordinates), pixels).coordinates
    assert wide.dtype == np.float32
    assert wide.shape == (size[0] + 2 * pixels, size[1] + 2 * pixels, 2)
    inner = slice(pixels, -pixels)
    assert np.array_equal(wide[inner, inner], coordinates)
    down, right = np.diff(wide, axis=0), np.diff(wide, axis=1)
    assert np.allclose(down, [0, down[0, 0, 1]], atol=1e-4)
    assert np.allclose(right, [right[0, 0, 0], 0], atol=1e-4)
    assert down.max() > 0
    assert right.max() > 0
    if convention == "isotropic" or 1 in size:
        assert down.mean(axis=(0, 1))[1] == pytest.approx(right.mean(axis=(0, 1))[0], rel=1e-4)


@pytest.mark.parametrize("size", [(1, 20), (20, 1), (1, 1)])
def test_frames_of_one_row_or_column_are_padded_too(size):
    third = ThirdAxis("t", np.linspace(0, 1, 3))
    coordinates = with_third(pixel_coordinates(*size), third).astype(np.float32)
    wide = with_margin(Problem("p", coordinates), 2).coordinates
    flat = with_margin(Problem("p", coordinates[0, ..., :2]), 2).coordinates
    assert np.array_equal(wide[..., :2], np.broadcast_to(flat, (3, *flat.shape)))
    assert np.allclose(wide[..., 2], np.linspace(0, 1, 3)[:, None, None])


def test_a_grid_that_is_not_regular_has_no_margin():
    coordinates = pixel_coordinates(4, 6).astype(np.float32)
    coordinates[2, 3] += 0.01
    with pytest.raises(UserError, match="regular grid"):
        with_margin(Problem("p", coordinates), 1)


def test_no_margin_leaves_a_problem_alone():
    problem = _problem()
    assert with_margin(problem, 0) is problem


@pytest.mark.parametrize("constant", [False, True])
def test_a_picture_with_depth_has_no_margin(constant):
    values = np.ones((4, 6)) if constant else np.random.default_rng(0).random((4, 6))
    problem = _problem(ThirdAxis("depth", values))
    assert with_margin(problem, 0) is problem
    with pytest.raises(UserError, match=r"depth.*margin"):
        with_margin(problem, 1)


def test_unaries_of_several_objects_are_padded_one_by_one():
    coordinates = pixel_coordinates(4, 6).astype(np.float32)
    unaries = np.random.default_rng(0).random((4, 6, 2)).astype(np.float32)
    wide = with_margin(Problem("p", coordinates, unaries=unaries), 2).unaries
    assert wide.shape == (8, 10, 2)
    np.testing.assert_array_equal(wide[2:-2, 2:-2], unaries)
    assert wide.sum() == pytest.approx(unaries.sum())
