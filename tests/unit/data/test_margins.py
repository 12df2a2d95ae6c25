import numpy as np
import pytest

from isr.coordinates import ThirdAxis, pixel_coordinates, with_third
from isr.data.margins import with_margin
from isr.data.problems import Problem
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


def test_no_margin_and_a_margin_with_depth():
    problem = _problem()
    assert with_margin(problem, 0) is problem
    depth = ThirdAxis("depth", np.random.default_rng(0).random((4, 6)))
    with pytest.raises(UserError, match="margin"):
        with_margin(_problem(depth), 1)
