import numpy as np
import pytest
import shapely
import torch
from shapely import box

from isr.constraints import build
from isr.coordinates import from_pixels
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.raster import assemble, node_levels, raster_outline

HEIGHT, WIDTH = 48, 64


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


def test_rings_close_although_levels_are_rounded_differently():
    random = np.random.default_rng(0)

    def noisy(points):
        return ring(points) + random.normal(0, 1e-12, points.shape[:-1])

    region = raster_outline(noisy, HEIGHT, WIDTH)
    assert region.area == pytest.approx(raster_outline(ring, HEIGHT, WIDTH).area, rel=1e-6)
