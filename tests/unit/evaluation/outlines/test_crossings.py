import numpy as np

from isr.evaluation.outlines.crossings import find_crossings, onto_boundary, signed


def test_signs_stay_and_zero_is_foreground():
    levels = np.array([-np.inf, -7.0, -1e-300, 0.0, 1e-300, 5.0, np.nan])
    np.testing.assert_array_equal(signed(levels) < 0, levels <= 0)
    assert (np.abs(signed(levels)) > 0).all()
    assert (np.abs(signed(levels)) <= 1).all()


def level(points):
    # An interpolation of the cube of a distance is far off.
    return (points[..., 0] - 2.3) ** 3


def test_points_move_along_their_edges_only():
    points = np.array([[2.5, 3.0], [2.9, 0.0], [2.4, 0.5], [1.5, 2.0], [2.5, 4.5], [2.0, 1.0]])
    moved = onto_boundary(level, points, (5, 4))
    expected = points.copy()
    # On an edge that crosses the boundary; the others are in a cell, on an edge that does not
    # cross it, outside of the grid, and at a node.
    expected[:2, 0] = 2.3
    expected[4] = [2.5, 4.0]
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_crossings_are_bracketed_on_the_foreground_side():
    def along(places, roots):
        return places - roots

    roots = np.array([0.25, 1 / 3, 0.0, 2.0])
    between = np.zeros(4), np.ones(4)
    crossings = find_crossings(along, between, (roots,), 1e-10)
    # A root at the first place is foreground; without a change of sign none is found.
    assert crossings.found.tolist() == [True, True, True, False]
    distance = roots[:3] - crossings.inside[:3]
    assert ((distance >= 0) & (distance <= 1e-10)).all()
    np.testing.assert_allclose(crossings.roots[:3], roots[:3], atol=1e-10)


def test_no_lines_have_no_crossings():
    nothing = np.zeros(0)
    assert find_crossings(lambda places: places, (nothing, nothing), (), 1e-10).roots.size == 0
