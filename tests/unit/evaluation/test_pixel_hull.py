import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from shapely import covers, multipoints, points
from skimage.morphology import convex_hull_image

from isr.evaluation.pixel_hull import pixel_hull

SMALL = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9).flatmap(
    lambda shape: arrays(bool, shape, elements=st.sampled_from([False, False, False, True]))
)


@given(SMALL)
def test_hull_is_that_of_exact_predicates(mask):
    expected = np.zeros_like(mask)
    if mask.any():
        hull = multipoints(np.argwhere(mask)).convex_hull
        centres = np.stack(np.mgrid[: mask.shape[0], : mask.shape[1]], axis=-1)
        expected = covers(hull, points(centres))
    np.testing.assert_array_equal(pixel_hull(mask), expected)


@given(SMALL)
def test_hull_is_idempotent_and_holds_the_mask(mask):
    hull = pixel_hull(mask)
    assert (hull | ~mask).all()
    np.testing.assert_array_equal(pixel_hull(hull), hull)
    np.testing.assert_array_equal(pixel_hull(mask.T), hull.T)
    np.testing.assert_array_equal(pixel_hull(mask[::-1]), hull[::-1])


def test_hull_of_a_blob_is_that_of_scikit_image():
    generator = np.random.default_rng(0)
    mask = np.zeros((120, 160), dtype=bool)
    centre = np.array([60, 80])
    where = (centre + generator.normal(size=(200, 2)) * [15, 20]).round().astype(int)
    mask[tuple(where.T)] = True
    expected = convex_hull_image(mask, offset_coordinates=False, include_borders=True)
    np.testing.assert_array_equal(pixel_hull(mask), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_thin_and_empty_pictures(shape):
    empty = np.zeros(shape, dtype=bool)
    assert not pixel_hull(empty).any()
    assert pixel_hull(~empty).all()


def test_arithmetic_is_exact_in_large_pictures():
    # The slope 1999/4001 in lowest terms: no other centre lies on the segment.
    mask = np.zeros((4002, 2000), dtype=bool)
    mask[0, 0] = mask[4001, 1999] = True
    assert pixel_hull(mask).sum() == 2
    mask = np.zeros((4001, 2001), dtype=bool)
    mask[0, 0] = mask[4000, 2000] = True
    assert pixel_hull(mask).sum() == 2001
