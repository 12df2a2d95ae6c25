import numpy as np
import pytest
from shapely import box

from isr.coordinates import grid_coordinates
from isr.evaluation.outlines.canvas import Canvas


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
@pytest.mark.parametrize("grid", [(12, 20), (6, 10), (5, 7)])
def test_centres_have_the_coordinates_that_masks_are_drawn_at(grid, convention):
    canvas = Canvas((12, 20), grid, convention)
    own = canvas.coordinates(canvas.centres())
    # Bit for bit: a level close to 0 has another sign beside it.
    np.testing.assert_array_equal(own, grid_coordinates(12, 20, grid, convention))
    np.testing.assert_allclose(canvas.points(own), canvas.centres())


def test_regions_come_back_to_pixels():
    cell = box(2, 1, 3, 2)
    assert Canvas((12, 20), (6, 5), "isotropic").in_pixels(cell).equals(box(8, 2, 12, 4))
    assert Canvas((12, 20), (12, 20), "isotropic").in_pixels(cell) is cell
