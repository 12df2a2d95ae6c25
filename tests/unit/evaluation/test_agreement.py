import numpy as np
import pytest
import shapely
from shapely import Polygon, box

from isr.evaluation.agreement import HAIR, astray, diamonds, passed_by


@pytest.fixture
def mask():
    """A square of 2 x 2 pixels in a picture of 4 x 5."""
    inside = np.zeros((4, 5), bool)
    inside[1:3, 1:3] = True
    return inside


def test_centres_are_astray_on_the_wrong_side_and_on_the_boundary(mask):
    assert not astray(box(1, 1, 3, 3), mask).any()
    # Through the centres of the third row of pixels and of the fourth column.
    wrong = np.zeros_like(mask)
    wrong[2, 1:4] = wrong[1, 3] = True
    np.testing.assert_array_equal(astray(box(1, 1, 3.5, 2.5), mask), wrong)
    np.testing.assert_array_equal(astray(Polygon(), mask), mask)


def test_centres_on_the_boundary_are_passed_by_a_hair(mask):
    region = box(1, 1, 3.5, 2.5)
    settled = passed_by(region, mask)
    assert not astray(settled, mask).any()
    assert 0 < settled.symmetric_difference(region).area <= 4 * 2 * HAIR**2
    assert settled.hausdorff_distance(region) == pytest.approx(HAIR, rel=1e-3)


def test_what_is_farther_off_than_rounding_is_not_hidden(mask):
    assert passed_by(box(1, 1, 3, 2.5 - 3 * HAIR), mask) is None
    assert passed_by(box(1, 1, 3, 3.5 + 3 * HAIR), mask) is None
    assert passed_by(Polygon(), mask) is None
    assert passed_by(Polygon(), ~mask & mask).is_empty


def test_diamonds_hold_their_points():
    points = np.array([[0.5, 0.5], [700.5, 3.5]])
    assert shapely.contains(diamonds(points), shapely.points(points)).all()
    assert diamonds(points[:0]).is_empty
