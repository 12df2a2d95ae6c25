import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from isr.constraints import build
from isr.evaluation.drawing import draw_mask
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.canvas import Canvas
from isr.evaluation.outlines.convex import interior_point, root_points
from isr.evaluation.outlines.dispatch import cell_level, cell_slopes

HEIGHT, WIDTH = 48, 64


@pytest.mark.parametrize("seed", range(6))
def test_outline_is_the_hull_of_roots_that_lie_on_it(random_convex, seed):
    representation, canvas = (
        random_convex(seed),
        Canvas((HEIGHT, WIDTH), (HEIGHT, WIDTH), "isotropic"),
    )
    level, linearised = cell_level(representation, canvas), cell_slopes(representation, canvas)
    centre = interior_point(level, linearised, HEIGHT, WIDTH)
    roots = root_points(level, centre, HEIGHT, WIDTH)
    hull = shapely.multipoints(roots).convex_hull
    depth = shapely.distance(shapely.points(roots), hull.boundary)
    assert depth.max() <= 1e-9 * max(HEIGHT, WIDTH)
    region = outline(representation, HEIGHT, WIDTH)
    assert region.equals(hull.intersection(box(0, 0, WIDTH, HEIGHT)))
    inside = level(roots[shapely.covers(box(0, 0, WIDTH, HEIGHT), shapely.points(roots))])
    # Roots are bracketed to 1e-10 pixels, and levels rise by less than 1 a pixel.
    assert np.abs(inside).max() <= 1e-10


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-6, 1e-2, 1.0, 1e3, 1e6]))
def test_any_projected_network_gives_a_convex_outline_of_its_pixels(seed, scale):
    torch.manual_seed(seed)
    representation = build("convex", 2, width=8)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.normal_().mul_(scale)
    representation.project_()
    mask = draw_mask(representation, HEIGHT, WIDTH)
    region = outline(representation, HEIGHT, WIDTH)
    assert region.is_valid
    if region.is_empty:
        assert mask.sum() <= 1
        return
    assert region.equals_exact(region.convex_hull.normalize(), 1e-6) or (
        region.convex_hull.area - region.area <= 1e-6
    )
    centres = shapely.points(np.stack(np.mgrid[:WIDTH, :HEIGHT], axis=-1) + 0.5)
    grown, shrunk = region.buffer(0.02), region.buffer(-0.02)
    mask = mask.T
    assert not (mask & ~shapely.covers(grown, centres)).any()
    assert not (~mask & shapely.covers(shrunk, centres)).any()


def test_a_known_triangle(polygon):
    # Right of 8, below 8 and above the diagonal that leads from (40, 8) to (8, 40), in pixels.
    unit = 1 / WIDTH
    triangle = polygon([(-1, 0, 8 * unit), (0, -1, 8 * unit), (1, 1, -48 * unit)])
    region = outline(triangle, HEIGHT, WIDTH)
    expected = Polygon([(8, 8), (40, 8), (8, 40)])
    assert region.hausdorff_distance(expected) < 0.02
    assert region.area == pytest.approx(expected.area, rel=1e-4)


def test_the_outline_lies_between_pixel_centres(polygon):
    # The edge between the columns 19 and 20 lies at 20, not half a pixel beside it.
    representation = polygon([(1, 0, -20 / WIDTH)])
    mask = draw_mask(representation, HEIGHT, WIDTH)
    np.testing.assert_array_equal(mask.any(axis=0), np.arange(WIDTH) < 20)
    assert outline(representation, HEIGHT, WIDTH).bounds == pytest.approx(
        (0, 0, 20, HEIGHT), abs=1e-4
    )


@pytest.mark.parametrize("half", [1.0, 1e-2, 1e-4])
def test_a_strip_thinner_than_a_pixel_is_found(polygon, half):
    angle = np.deg2rad(33)
    x, y = float(np.sin(angle)), -float(np.cos(angle))
    # Exact in float32 up to a shift of the strip: its two sides are the same numbers.
    x, y = float(np.float32(x)), float(np.float32(y))
    offset = float(np.float32(-(x * 0.5 + y * 0.37)))
    strip = polygon([(x, y, offset), (-x, -y, -offset)])
    with torch.no_grad():
        strip.network.output_z.bias.fill_(-half / WIDTH)
    region = outline(strip, HEIGHT, WIDTH)
    exact = Polygon(
        [
            ((sign * half / WIDTH - offset - y * t) / x * WIDTH, t * WIDTH)
            for sign, t in ((-1, -9), (1, -9), (1, 9), (-1, 9))
        ]
    ).intersection(box(0, 0, WIDTH, HEIGHT))
    assert region.area == pytest.approx(exact.area, rel=1e-3)
    assert region.hausdorff_distance(exact) < 0.02


@pytest.mark.parametrize(
    ("planes", "area"),
    [
        ([(0.0, 0.0, 1.0)], 0),
        ([(1.0, 0.0, 0.1)], 0),
        ([(0.0, 0.0, 0.0)], HEIGHT * WIDTH),
        ([(1.0, 0.0, -9.0), (-1.0, 0.0, -9.0)], HEIGHT * WIDTH),
    ],
)
def test_empty_and_whole_pictures(polygon, planes, area):
    region = outline(polygon(planes), HEIGHT, WIDTH)
    assert isinstance(region, Polygon)
    assert region.area == area
    assert region.is_empty == (area == 0)


def test_a_level_of_zero_everywhere_is_the_whole_picture():
    representation = build("convex", 2, width=4)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
    assert outline(representation, HEIGHT, WIDTH).equals(box(0, 0, WIDTH, HEIGHT))


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_slopes_are_per_pixel(random_convex, convention):
    representation, canvas = random_convex(0), Canvas((HEIGHT, WIDTH), (HEIGHT, WIDTH), convention)
    point, step = np.array([50.3, 40.7]), 1e-6
    level = cell_level(representation, canvas)
    shifted = level(point + step * np.eye(2)) - level(point - step * np.eye(2))
    value, slope = cell_slopes(representation, canvas)(point)
    assert value == pytest.approx(float(level(point)), abs=1e-12)
    assert np.abs(slope).min() > 1e-3
    np.testing.assert_allclose(slope, shifted / (2 * step), rtol=1e-6)
