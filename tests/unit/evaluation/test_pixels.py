import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from shapely import covers, multipoints, points
from skimage.morphology import convex_hull_image

from isr.evaluation.pixels import (
    SLACK,
    Shape,
    background_components,
    components,
    depth_hull,
    in_hull,
    pixel_hull,
    shape_of,
    shape_of_mask,
    volume_hull,
)

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


def drawn(text: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in text.split()])


@pytest.mark.parametrize(
    ("text", "count", "euler", "holes"),
    [
        ("#.. .#. ..#", 1, 1, 0),
        ("### #.# ###", 1, 0, 1),
        (".#. #.# .#.", 1, 0, 1),
        ("#.# ... #.#", 4, 4, 0),
        ("... ... ...", 0, 0, 0),
        ("### ### ###", 1, 1, 0),
        ("##### #.#.# #####", 1, -1, 2),
        ("##### #...# #.#.# #...# #####", 2, 1, 1),
        # Background that meets only at a corner is apart: foreground passes there.
        (".### #.## ##.# ###.", 1, -1, 2),
    ],
)
def test_components_holes_and_euler_number(text, count, euler, holes):
    mask = drawn(text)
    found = components(mask)
    assert (found.count, found.euler) == (count, euler)
    labels, number = background_components(mask)
    assert number == holes
    assert set(np.unique(labels[~mask])) == {*range(2, holes + 2)} | (
        {1} if (labels == 1).any() else set()
    )
    assert not labels[mask].any()


def test_the_largest_component_is_the_first():
    found = components(drawn("#...### ....### #......"))
    assert found.labels[0, 5] == 1
    assert np.bincount(found.labels.ravel()).tolist()[1:] == [6, 1, 1]


def test_a_volume():
    mask = np.zeros((3, 3, 3), dtype=bool)
    mask[0, 0, 0] = mask[1, 1, 1] = mask[2, 2, 2] = True
    assert components(mask).count == 1
    mask[1, 1, 1] = False
    assert components(mask).count == 2


# What no deformed convex region can be.


def truth(*rows):
    return np.array([[{"#": 255, ".": 0, "?": 128}[c] for c in row] for row in rows], np.uint8)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["....", "...."], Shape(0, 0)),
        (["##..", "##.."], Shape(1, 0)),
        (["##.#", "##.#"], Shape(2, 0)),
        # Pixels that touch at a corner are connected.
        (["##..", "..##"], Shape(1, 0)),
        (["###", "#.#", "###"], Shape(1, 1)),
        # Background that reaches the edge of the picture is no hole.
        (["###", "#.#", "#.#"], Shape(1, 0)),
        # The background of a hole is not connected to the outside at a corner.
        (["##.", "#.#", "###"], Shape(1, 1)),
    ],
)
def test_components_and_holes_are_counted(rows, expected):
    assert shape_of(truth(*rows)) == expected
    assert expected.contradicts == (expected.components > 1 or expected.holes > 0)
    assert shape_of_mask(truth(*rows) == 255) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Unknown pixels may be the object, or the background through which a hole opens.
        (["##?#", "##.#"], Shape(1, 0)),
        (["#####", "#..?.", "#####"], Shape(1, 0)),
        # An unknown pixel alone is neither a component nor a hole.
        (["###..?", "#?#...", "###..."], Shape(1, 0)),
        # Enclosed together, the known background of a hole counts.
        (["####", "#?.#", "####"], Shape(1, 1)),
    ],
)
def test_unknown_pixels_may_be_either(rows, expected):
    assert shape_of(truth(*rows)) == expected


@pytest.mark.parametrize(("small", "components"), [(18, 1), (22, 2)])
def test_components_below_2_percent_of_the_object_do_not_count(small, components):
    mask = np.zeros((40, 60), bool)
    mask[:20, :50] = True
    mask[30, :small] = True
    assert shape_of_mask(mask).components == components


@pytest.mark.parametrize(("small", "holes"), [(18, 0), (22, 1)])
def test_holes_below_2_percent_of_the_object_do_not_count(small, holes):
    mask = np.zeros((40, 60), bool)
    mask[5:25, 5:55] = True
    mask[10, 10 : 10 + small] = False
    assert shape_of_mask(mask) == Shape(1, holes)
