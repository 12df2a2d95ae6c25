"""The two conventions: where pixels lie, and which side of a level is the foreground."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isr.coordinates import (
    Convention,
    frame,
    from_pixels,
    grid_coordinates,
    pixel_coordinates,
    to_pixels,
)
from isr.levels import foreground, probability

SIDES = st.integers(1, 40)
LEVELS = [-1e30, -2.0, -1e-30, -0.0, 0.0, 1e-30, 2.0, 1e30]
CONVENTIONS = st.sampled_from(["isotropic", "linspace"])


def test_isotropic_coordinates_by_hand():
    coordinates = pixel_coordinates(2, 4)
    assert coordinates.shape == (2, 4, 2)
    np.testing.assert_allclose(coordinates[0, 0], [0.125, 0.125])
    np.testing.assert_allclose(coordinates[1, 3], [0.875, 0.375])
    assert frame(2, 4) == (0.0, 0.0, 1.0, 0.5)


def test_linspace_coordinates_are_numpys():
    coordinates = pixel_coordinates(3, 5, "linspace")
    np.testing.assert_allclose(coordinates[0, :, 0], np.linspace(0, 1, 5), atol=1e-15)
    np.testing.assert_allclose(coordinates[:, 0, 1], np.linspace(0, 1, 3), atol=1e-15)
    assert frame(3, 5, "linspace") == pytest.approx((-0.125, -0.25, 1.125, 1.25))


@given(height=SIDES, width=SIDES, convention=CONVENTIONS)
def test_pixel_centres_lie_in_their_pixels(height: int, width: int, convention: Convention):
    pixels = to_pixels(pixel_coordinates(height, width, convention), height, width, convention)
    rows, columns = np.mgrid[0:height, 0:width]
    np.testing.assert_allclose(pixels[..., 0], columns + 0.5)
    np.testing.assert_allclose(pixels[..., 1], rows + 0.5)


@given(
    height=SIDES,
    width=SIDES,
    convention=CONVENTIONS,
    point=st.tuples(st.floats(-10, 50), st.floats(-10, 50)),
)
def test_conversions_are_inverse(height, width, convention, point):
    points = np.array(point)
    there = from_pixels(points, height, width, convention)
    np.testing.assert_allclose(to_pixels(there, height, width, convention), points, atol=1e-9)


@given(height=SIDES, width=SIDES)
def test_isotropic_keeps_angles_and_fills_the_unit_interval(height: int, width: int):
    x_min, y_min, x_max, y_max = frame(height, width)
    assert (x_min, y_min) == (0, 0)
    assert max(x_max, y_max) == 1
    assert x_max * height == pytest.approx(y_max * width)


def test_a_coarser_grid_covers_the_same_picture():
    fine, coarse = pixel_coordinates(4, 8), grid_coordinates(4, 8, (2, 4))
    means = fine.reshape(2, 2, 4, 2, 2).mean((1, 3))
    np.testing.assert_allclose(coarse, means)


def test_unknown_convention():
    with pytest.raises(ValueError, match="polar"):
        pixel_coordinates(2, 2, "polar")


def test_foreground_is_where_the_level_is_at_most_zero():
    expected = [True, True, True, True, True, False, False, False]
    assert foreground(np.array(LEVELS)).tolist() == expected
    assert foreground(torch.tensor(LEVELS, dtype=torch.float64)).tolist() == expected
    assert not foreground(np.array([np.nan]))[0]


def test_probability_is_high_in_the_foreground_and_equal_in_numpy_and_torch():
    levels = np.linspace(-40, 40, 401)
    numpy, torch_ = probability(levels), probability(torch.from_numpy(levels)).numpy()
    assert np.allclose(numpy, 1 / (1 + np.exp(levels)), atol=1e-15)
    assert np.allclose(numpy, torch_, atol=1e-15)
    assert probability(np.array([0.0]))[0] == 0.5
    assert np.array_equal(probability(np.array([-1e30, 1e30])), [1.0, 0.0])
