import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from isr.coordinates import from_pixels
from isr.evaluation.canvas import Canvas
from isr.evaluation.convex_outline import interior_point, root_points
from isr.evaluation.drawing import draw_mask, level_function
from isr.evaluation.outlines import _linearised, cell_level, outline
from isr.evaluation.raster_outline import assemble, node_levels, raster_outline
from isr.representations import build

HEIGHT, WIDTH = 48, 64
FINE = 8


def fine_area(representation, height=HEIGHT, width=WIDTH, convention="isotropic") -> float:
    """Area in pixels, from samples in the middle of squares an eighth of a pixel wide."""
    rows, columns = (np.mgrid[: FINE * height, : FINE * width] + 0.5) / FINE
    points = from_pixels(np.stack([columns, rows], axis=-1), height, width, convention)
    return float((level_function(representation)(points) <= 0).sum()) / FINE**2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_area_is_that_of_a_fine_raster(random_convex, seed, convention):
    representation = random_convex(seed)
    region = outline(representation, HEIGHT, WIDTH, convention)
    expected = fine_area(representation, convention=convention)
    assert 20 < expected < 0.95 * HEIGHT * WIDTH
    assert region.area == pytest.approx(expected, rel=5e-3)
    assert region.is_valid
    assert box(0, 0, WIDTH, HEIGHT).covers(region)


@pytest.mark.parametrize("seed", range(6))
def test_outline_is_the_hull_of_roots_that_lie_on_it(random_convex, seed):
    representation, canvas = (
        random_convex(seed),
        Canvas((HEIGHT, WIDTH), (HEIGHT, WIDTH), "isotropic"),
    )
    level, linearised = cell_level(representation, canvas), _linearised(representation, canvas)
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


@pytest.mark.parametrize("name", ["convex", "unconstrained"])
def test_a_state_that_is_not_finite_gives_an_empty_outline(name):
    representation = build(name, 2, width=4)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.fill_(np.nan)
    assert outline(representation, HEIGHT, WIDTH).is_empty


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_slopes_are_per_pixel(random_convex, convention):
    representation, canvas = random_convex(0), Canvas((HEIGHT, WIDTH), (HEIGHT, WIDTH), convention)
    point, step = np.array([50.3, 40.7]), 1e-6
    level = cell_level(representation, canvas)
    shifted = level(point + step * np.eye(2)) - level(point - step * np.eye(2))
    value, slope = _linearised(representation, canvas)(point)
    assert value == pytest.approx(float(level(point)), abs=1e-12)
    assert np.abs(slope).min() > 1e-3
    np.testing.assert_allclose(slope, shifted / (2 * step), rtol=1e-6)


def ring(points):
    """Background in a disc of radius 6 round (30, 20), foreground to 14, and in a far corner."""
    radius = np.hypot(points[..., 0] - 30, points[..., 1] - 20)
    corner = np.hypot(points[..., 0] - WIDTH, points[..., 1] - HEIGHT) - 5
    return np.minimum(np.maximum(radius - 14, 6 - radius), corner)


def test_marching_squares_keep_holes_and_parts():
    region = raster_outline(ring, HEIGHT, WIDTH)
    parts = sorted(shapely.get_parts(region).tolist(), key=lambda part: part.area)
    assert [len(part.interiors) for part in parts] == [0, 1]
    assert parts[0].area == pytest.approx(np.pi * 25 / 4, rel=0.02)
    assert parts[1].area == pytest.approx(np.pi * (14**2 - 6**2), rel=0.01)
    assert parts[1].centroid.distance(shapely.Point(30, 20)) < 0.01
    assert box(0, 0, WIDTH, HEIGHT).covers(region)


def test_nodes_near_the_boundary_are_not_interpolated():
    def level(points):
        return 3 - (points[..., 0] - 20) ** 2 - (points[..., 1] - 20.5) ** 2

    rows, columns = np.mgrid[: 2 * HEIGHT + 1, : 2 * WIDTH + 1] / 2
    exact = level(np.stack([columns, rows], axis=-1))
    nodes = node_levels(level, HEIGHT, WIDTH)
    near = np.abs(np.sqrt(3 - exact) - np.sqrt(3)) < 1
    assert near.sum() > 30
    np.testing.assert_array_equal(nodes[near], exact[near])
    np.testing.assert_array_equal(nodes <= 0, exact <= 0)


def test_an_island_in_a_hole_is_kept():
    rings = [np.array(box(a, a, 20 - a, 20 - a).exterior.coords) for a in (1, 4, 7)]
    assert assemble(rings, 20, 20).area == 18**2 - 12**2 + 6**2


def test_the_outline_of_an_unconstrained_region():
    torch.manual_seed(1)
    representation = build("unconstrained", 2, width=16)
    with torch.no_grad():
        representation.network.layers[0].weight.mul_(20)
        representation.network.layers[-1].weight.mul_(20)
        level = level_function(representation)(np.random.default_rng(0).uniform(size=(500, 2)))
        representation.network.layers[-1].bias -= float(np.median(level))
    region = outline(representation, HEIGHT, WIDTH)
    assert region.area == pytest.approx(fine_area(representation), rel=5e-3)
    assert region.is_valid


@pytest.mark.parametrize(("level", "share"), [(-1.0, 1), (0.0, 1), (1.0, 0)])
def test_marching_squares_on_constant_levels(level, share):
    region = raster_outline(lambda points: np.full(points.shape[:-1], level), HEIGHT, WIDTH)
    assert region.area == pytest.approx(share * HEIGHT * WIDTH, abs=1e-4)


@pytest.mark.parametrize("name", ["mirror_symmetric", "periodic", "lattice_periodic"])
def test_marching_squares_points_lie_on_the_boundary(name):
    torch.manual_seed(1)
    representation = build(name, 2)
    with torch.no_grad():
        for part, parameter in representation.named_parameters():
            if part.startswith(("network", "amplitudes")):
                parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
            if part == "amplitudes.bias":
                parameter.zero_()
    region = outline(representation, HEIGHT, WIDTH)
    level = level_function(representation)
    points = shapely.get_coordinates(region)
    points = points[((points > 0) & (points < [WIDTH, HEIGHT])).all(axis=1)]
    assert len(points) > 100
    values, *steps = (
        level(from_pixels(points + step, HEIGHT, WIDTH)) for step in ([0, 0], [1e-5, 0], [0, 1e-5])
    )
    slopes = np.hypot(*(np.stack(steps) - values)) / 1e-5
    assert np.median(slopes) > 1e-3
    assert (np.abs(values) <= 1e-3 * slopes).all()


def test_the_outline_of_a_union_is_that_of_its_members(random_convex):
    members = [{"name": "convex"}, {"name": "convex"}, {"name": "star_shaped"}]
    union = build("union", 2, members=members)
    for number in range(2):
        union.members[number].load_state_dict(random_convex(number).state_dict())
    with torch.no_grad():
        torch.manual_seed(2)
        for parameter in union.members[2].network.parameters():
            parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
    union.project_()
    region = outline(union, HEIGHT, WIDTH)
    parts = [outline(member, HEIGHT, WIDTH) for member in union.members]
    assert region.symmetric_difference(shapely.union_all(parts)).area < 1e-9
    assert region.area > max(part.area for part in parts)
    assert region.area == pytest.approx(fine_area(union), rel=5e-3)
    assert region.is_valid


def test_rings_close_although_levels_are_rounded_differently():
    random = np.random.default_rng(0)

    def noisy(points):
        return ring(points) + random.normal(0, 1e-12, points.shape[:-1])

    region = raster_outline(noisy, HEIGHT, WIDTH)
    assert region.area == pytest.approx(raster_outline(ring, HEIGHT, WIDTH).area, rel=1e-6)
