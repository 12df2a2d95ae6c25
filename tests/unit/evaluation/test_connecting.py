import numpy as np
import pytest
from shapely import box

from isr.constraints import build
from isr.evaluation.connecting import draw_connected
from isr.evaluation.drawing import draw_mask
from isr.evaluation.outlines import outline
from isr.evaluation.pixels import components

SIZE = 64


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


@pytest.mark.parametrize(("seed", "scale"), [(1, 0.3), (0, 0.5), (3, 0.3)])
def test_a_star_base_is_connected_through_its_centre(scatter_, seed, scale):
    representation = build("path_connected", base="star_shaped", base_options={"width": 24})
    scales = {"flow": scale, "linear": 0.05, "base.centre": 0.3}
    scatter_(representation, np.random.default_rng(seed), scales)
    mask = draw_mask(representation, SIZE, SIZE)
    drawn = draw_connected(representation, SIZE, SIZE)
    assert components(mask).count == (0 if seed == 3 else 2)
    assert components(drawn).count == min(components(mask).count, 1)
    assert not (mask & ~drawn).any()
