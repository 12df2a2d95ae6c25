import numpy as np
import pytest

from isr.evaluation.pixel_hull import pixel_hull
from isr.evaluation.point_hull import SLACK, depth_hull, in_hull, volume_hull


def inside_by_programming(points, query) -> bool:
    """Whether a query is a convex combination of points, by linear programming."""
    from scipy.optimize import linprog

    equations = np.vstack([points.T, np.ones(len(points))])
    right = np.append(query, 1.0)
    return linprog(np.zeros(len(points)), A_eq=equations, b_eq=right).status == 0


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_membership_is_that_of_linear_programming(rank):
    generator = np.random.default_rng(rank)
    axes = np.linalg.qr(generator.normal(size=(3, 3)))[0][:rank]
    points = 3 + generator.normal(size=(12, rank)) @ axes
    weights = generator.dirichlet(np.full(12, 0.3), size=20)
    queries = np.concatenate([weights @ points, points, 3 + generator.normal(size=(40, 3))])
    found = in_hull(points, queries, 1e-9)
    assert found[: 20 + 12].all() or rank == 0
    expected = [inside_by_programming(points, query) for query in queries[32:]]
    np.testing.assert_array_equal(found[32:], expected)


def test_a_volume_of_one_layer_is_a_picture():
    generator = np.random.default_rng(0)
    for _ in range(30):
        mask = generator.uniform(size=(9, 11)) < 0.06
        found = volume_hull(mask[None], np.array([0.5]))
        np.testing.assert_array_equal(found[0], pixel_hull(mask))


def test_corners_on_faces_belong_to_the_hull():
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[np.ix_([0, 4], [0, 4], [0, 4])] = True
    assert volume_hull(mask, np.linspace(0, 1, 5)).all()
    mask[4, 4, 4] = False
    hull = volume_hull(mask, np.linspace(0, 1, 5))
    index = np.indices(mask.shape).sum(axis=0)
    np.testing.assert_array_equal(hull, index <= 8)


def test_layers_at_uneven_heights():
    mask = np.zeros((3, 7, 7), dtype=bool)
    mask[0] = True
    mask[2, 3, 3] = True
    between = volume_hull(mask, np.array([0.0, 0.5, 1.0]))[1]
    assert between.sum() == 9
    assert volume_hull(mask, np.array([0.0, 0.9, 1.0]))[1].sum() == 1
    assert volume_hull(mask, np.array([0.0, 0.1, 1.0]))[1].sum() == 25


def test_nothing_has_no_hull():
    assert not volume_hull(np.zeros((2, 3, 4), dtype=bool), np.array([0.0, 1.0])).any()
    assert not depth_hull(np.zeros((3, 4), dtype=bool), np.zeros((3, 4, 3))).any()


def test_depth_separates_what_the_picture_does_not():
    rows, columns = np.mgrid[0:9, 0:9]
    bowl = ((rows - 4) ** 2 + (columns - 4) ** 2) / 16
    mask = np.ones((9, 9), dtype=bool)
    mask[4, 4] = False
    flat = np.stack([columns, rows, np.zeros_like(rows)], axis=-1)
    np.testing.assert_array_equal(depth_hull(mask, flat.astype(float)), True)
    deep = np.stack([columns, rows, bowl], axis=-1)
    assert not depth_hull(mask, deep.astype(float))[4, 4]


def test_the_slack_is_relative():
    cube = np.array(np.meshgrid(*[[0.0, 1e6]] * 3)).reshape(3, -1).T
    query = np.array([[5e5, 5e5, 1e6 * (1 + SLACK / 10)]])
    assert in_hull(cube, query, SLACK).all()
    assert not in_hull(cube, query, -SLACK).any()
