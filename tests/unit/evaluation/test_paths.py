import numpy as np
import pytest
import torch
from shapely import box

from isr.constraints import build
from isr.evaluation.drawing import draw_mask, level_function
from isr.evaluation.outlines import outline
from isr.evaluation.paths import Paths, draw_connected, path, refine
from isr.evaluation.pixels import components

SIZE = 64


def wavy(base: str, dim: int = 2):
    torch.manual_seed(1)
    representation = build("path_connected", dim, base=base, blocks=6, base_options={"width": 8})
    representation.project_()
    with torch.no_grad():
        representation.flow.last.weight.normal_(0, 0.4)
        representation.linear.shift.fill_(0.05)
    return representation


@pytest.mark.parametrize("base", ["convex", "star_shaped"])
@pytest.mark.parametrize("dim", [2, 3])
def test_a_path_begins_and_ends_where_it_should(base, dim):
    representation = wavy(base, dim)
    v, w = np.full(dim, 0.2), np.linspace(0.9, 0.6, dim)
    points = path(representation, v, w, 101)
    assert points.shape == (101, dim)
    np.testing.assert_allclose(points[[0, -1]], [v, w], atol=1e-12)
    assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() < 0.2
    levels = level_function(representation)(points)
    assert (
        levels.max()
        <= max(levels[0], levels[-1], -1.0 if base == "star_shaped" else -np.inf) + 1e-12
    )


def test_a_convex_base_gives_its_segment():
    representation = build("path_connected", blocks=2)
    v, w = np.array([0.1, 0.2]), np.array([0.7, 0.9])
    points = path(representation, v, w, 5)
    expected = v + np.linspace(0, 1, 5)[:, None] * (w - v)
    np.testing.assert_allclose(points, expected, atol=1e-14)


def test_a_star_base_leads_through_the_centre():
    representation = build(
        "path_connected", blocks=2, base="star_shaped", base_options={"centre": [0.4, 0.8]}
    )
    points = path(representation, np.array([0.1, 0.2]), np.array([0.7, 0.1]), 5)
    np.testing.assert_allclose(points[2], [0.4, 0.8], atol=1e-7)
    np.testing.assert_allclose(points[1], [0.25, 0.5], atol=1e-7)


def test_fine_paths_have_small_steps_and_keep_their_order():
    paths = Paths(wavy("convex"))
    v, w = np.array([[0.1, 0.2], [0.5, 0.5]]), np.array([[0.9, 0.8], [0.6, 0.5]])
    for curve, start, end in zip(paths.fine(v, w, 0.001), v, w, strict=True):
        steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
        assert 0 < steps.max() <= 0.001
        np.testing.assert_allclose(curve[[0, -1]], [start, end], atol=1e-12)
        assert steps.sum() >= np.linalg.norm(end - start) - 1e-12


def test_refining_a_jump_ends():
    def step(points):
        return np.where(points > 0.3, 1.0, 0.0)

    (curve,) = refine(lambda _, s: s[:, None], 1, step, 0.1)
    assert np.abs(np.diff(curve[:, 0])).max() == 1.0
    assert len(curve) < 100


# Connections that are drawn.


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_a_connected_mask_comes_back_unchanged(bent, bar, convention):
    representation = bent(bar(0.5, 0.1), slope=0.4)
    mask = draw_mask(representation, SIZE, SIZE, convention)
    assert components(mask).count == 1
    np.testing.assert_array_equal(draw_connected(representation, SIZE, SIZE, convention), mask)


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_a_line_thinner_than_a_pixel_is_drawn_through(bent, bar, convention):
    representation = bent(bar(0.6, 0.15 / SIZE), slope=0.4)
    mask = draw_mask(representation, SIZE, SIZE, convention)
    drawn = draw_connected(representation, SIZE, SIZE, convention)
    assert components(mask).count > 3
    assert components(drawn).count == 1
    assert not (mask & ~drawn).any()
    # Every pixel that was added meets the region.
    region = outline(representation, SIZE, SIZE, convention)
    grown = region.buffer(1e-3)
    assert all(box(j, i, j + 1, i + 1).intersects(grown) for i, j in np.argwhere(drawn))


def test_a_path_outside_of_the_frame_runs_along_its_edge(bent, bar):
    # Both ends of the arch lie in the picture, its top above it.
    representation = bent(bar(0.1, 0.05), slope=-0.5, offset=0.4)
    mask = draw_mask(representation, SIZE, SIZE)
    assert components(mask).count == 2
    drawn = draw_connected(representation, SIZE, SIZE)
    assert components(drawn).count == 1
    added = drawn & ~mask
    assert added.any()
    assert (np.argwhere(added)[:, 0] == 0).mean() > 0.9


def test_an_empty_mask_stays_empty(bent, bar):
    representation = bent(bar(0.5, -0.01))
    assert not draw_connected(representation, SIZE, SIZE).any()


@pytest.mark.parametrize(("seed", "scale"), [(8, 0.3), (14, 0.3), (5, 0.3)])
def test_a_star_base_is_connected_through_its_centre(scatter_, seed, scale):
    representation = build("path_connected", base="star_shaped", base_options={"width": 24})
    scales = {"flow": scale, "linear": 0.05, "base.centre": 0.3}
    scatter_(representation, np.random.default_rng(seed), scales)
    mask = draw_mask(representation, SIZE, SIZE)
    drawn = draw_connected(representation, SIZE, SIZE)
    assert components(mask).count == (0 if seed == 5 else 2)
    assert components(drawn).count == min(components(mask).count, 1)
    assert not (mask & ~drawn).any()
