import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from isr.constraints import CONSTRAINTS
from isr.errors import UserError
from isr.evaluation.baselines import (
    PROJECTIONS,
    convex_hull,
    convex_hull_largest,
    inscribed_centre,
    largest_component_filled,
    project_trivially,
    ray_polygon,
)

MASKS = arrays(bool, (11, 13))


def picture(*rows: str) -> np.ndarray:
    return np.array([[character == "#" for character in row] for row in rows])


RING_AND_DOT = picture(
    "#####...",
    "#...#...",
    "#.#.#...",
    "#...#...",
    "#####..#",
)


def test_largest_component_is_filled():
    expected = picture("#####...", "#####...", "#####...", "#####...", "#####...")
    np.testing.assert_array_equal(largest_component_filled(RING_AND_DOT), expected)


def test_hull_of_the_largest_component_forgets_the_dot():
    expected = np.zeros_like(RING_AND_DOT)
    expected[:, :5] = True
    np.testing.assert_array_equal(convex_hull_largest(RING_AND_DOT), expected)
    assert convex_hull(RING_AND_DOT)[4].all()


def test_diagonal_neighbours_belong_together():
    mask = picture("#..", ".#.", "..#")
    np.testing.assert_array_equal(largest_component_filled(mask), mask)


def test_ray_polygon_sees_what_no_wall_hides():
    mask = picture(
        "#########",
        "#########",
        "#########",
        "....#....",
        "#########",
    )
    seen = ray_polygon(mask, (1, 4))
    assert seen[:3].all()
    assert seen[4, 4]
    assert not seen[4, 0]
    assert not seen[4, 8]
    np.testing.assert_array_equal(seen, seen[:, ::-1])


def test_ray_polygon_of_a_disc_is_the_disc():
    row, column = np.mgrid[:61, :81]
    disc = (row - 28) ** 2 + (column - 44) ** 2 <= 22**2
    assert inscribed_centre(disc) == (28, 44)
    np.testing.assert_array_equal(ray_polygon(disc), disc)


def test_ray_polygon_of_the_whole_picture_is_the_whole_picture():
    mask = np.ones((17, 40), dtype=bool)
    for centre in [(0, 0), (16, 39), (8, 20)]:
        assert ray_polygon(mask, centre).all()


@given(MASKS)
def test_ray_polygon_is_part_of_the_mask_and_idempotent(mask):
    if not mask.any():
        assert not ray_polygon(mask).any()
        return
    centre = inscribed_centre(mask)
    seen = ray_polygon(mask, centre)
    assert mask[centre]
    assert not (seen & ~mask).any()
    np.testing.assert_array_equal(ray_polygon(seen, centre), seen)


def test_a_background_centre_sees_nothing():
    assert not ray_polygon(picture("#.#"), (0, 1)).any()


@given(MASKS)
def test_projections_for_each_constraint(mask):
    for constraint in CONSTRAINTS:
        projections = project_trivially(mask, constraint.name)
        assert tuple(projections) == constraint.projections
        for projection in projections.values():
            assert projection.shape == mask.shape
            assert projection.dtype == bool
            assert projection.any() == mask.any()


def test_the_records_name_all_projections_and_no_others():
    named = {name for constraint in CONSTRAINTS for name in constraint.projections}
    assert named == PROJECTIONS.keys()
    assert project_trivially(np.ones((2, 2), bool), "unconstrained") == {}
    with pytest.raises(UserError, match="constraint 'round' is unknown"):
        project_trivially(np.ones((2, 2), bool), "round")


def test_the_frame_counts_as_background_for_the_centre():
    assert inscribed_centre(np.ones((7, 7), dtype=bool)) == (3, 3)


def test_a_mask_without_foreground_has_no_centre():
    with pytest.raises(ValueError, match="no centre"):
        inscribed_centre(np.zeros((3, 3), dtype=bool))
