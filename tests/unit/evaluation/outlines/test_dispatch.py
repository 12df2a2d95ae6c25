import numpy as np
import pytest
import shapely
import torch
from shapely import Polygon, box

from isr.constraints import build
from isr.coordinates import from_pixels
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines import outline, radial
from isr.evaluation.outlines.radial import SPACING

HEIGHT, WIDTH = 48, 64
FRAME = box(0, 0, WIDTH, HEIGHT)
MIDDLE = (0.5, 0.37)


def fine_area(representation, convention="isotropic", fine=8) -> float:
    """Area in pixels, from samples in the middle of squares that are `fine` to a pixel's side."""
    rows, columns = (np.mgrid[: fine * HEIGHT, : fine * WIDTH] + 0.5) / fine
    points = from_pixels(np.stack([columns, rows], axis=-1), HEIGHT, WIDTH, convention)
    return float((level_function(representation)(points) <= 0).sum()) / fine**2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_area_is_that_of_a_fine_raster(random_convex, seed, convention):
    representation = random_convex(seed)
    region = outline(representation, HEIGHT, WIDTH, convention)
    expected = fine_area(representation, convention=convention)
    assert 20 < expected < 0.95 * HEIGHT * WIDTH
    assert region.area == pytest.approx(expected, rel=5e-3)
    assert region.is_valid
    assert FRAME.covers(region)


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


# Path-connected regions.


def random_flow(seed, last, base="convex", size=0.1):
    """A small disc, or a star, round the middle of the picture, seen through a random flow.

    Args:
        seed: of the weights.
        last: standard deviation of the weights of the flow's last layers.
        base: of the path-connected representation.
        size: radius of the disc, in base coordinates.
    """
    torch.manual_seed(seed)
    representation = build("path_connected", 2, base=base, base_options={"width": 40})
    with torch.no_grad():
        representation.flow.last.weight.normal_().mul_(last)
        representation.flow.last.bias.normal_().mul_(0.3 * last)
        centre = representation.to_base(torch.tensor([MIDDLE]))[0]
        if base == "star_shaped":
            for parameter in representation.base.network.parameters():
                parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
            representation.base.centre.copy_(centre)
        else:
            disc_(representation.base, centre, size)
    representation.project_()
    return representation


def disc_(convex, centre, radius):
    """Make a convex representation of 40 units nearly a disc."""
    network = convex.network
    angles = torch.arange(40) * 2 * np.pi / 40
    for parameter in network.parameters():
        parameter.zero_()
    network.first.weight.copy_(torch.stack([angles.cos(), angles.sin()], dim=-1))
    network.first.bias.copy_(-network.first.weight @ centre)
    for layer in network.hidden_z[:-1]:
        layer.weight.copy_(torch.eye(40))
    # Relu leaves half of the waves, whose mean is radius / pi.
    network.hidden_z[-1].weight.copy_(torch.full((40, 40), 1 / 40))
    network.output_z.weight.fill_(1 / 40)
    network.output_z.bias.fill_(-radius / np.pi)


def distances_to_boundary(representation, points):
    """First-order distances in pixels of points (n, 2) in pixel units to the zero level."""
    level = level_function(representation)

    def at(where):
        return level(from_pixels(where, HEIGHT, WIDTH, "isotropic"))

    slopes = [(at(points + step) - at(points - step)) / 2e-5 for step in np.eye(2) * 1e-5]
    return np.abs(at(points)) / np.hypot(*slopes)


@pytest.mark.parametrize(
    ("seed", "last", "base"),
    [
        (0, 0.0, "convex"),
        (0, 0.3, "convex"),
        (1, 0.3, "convex"),
        (2, 1.0, "convex"),
        (1, 0.3, "star_shaped"),
    ],
)
def test_the_outline_is_that_of_the_level(seed, last, base):
    representation = random_flow(seed, last, base)
    region = outline(representation, HEIGHT, WIDTH)
    assert region.is_valid
    assert FRAME.covers(region)
    assert region.area > 10
    assert region.area == pytest.approx(fine_area(representation, fine=12), rel=5e-3)
    points = shapely.get_coordinates(region)
    inner = points[((points > 1e-3) & (points < [WIDTH - 1e-3, HEIGHT - 1e-3])).all(axis=1)]
    assert len(inner) > 30
    # Swapping the order of the inverse's blocks moves points by many pixels.
    assert distances_to_boundary(representation, inner).max() <= 1e-3


@pytest.mark.parametrize("seed", [3, 4, 6, 7, 8, 9])
def test_the_outline_is_a_simple_closed_curve(seed):
    region = outline(random_flow(seed, 1.0, size=0.01), HEIGHT, WIDTH)
    assert box(1, 1, WIDTH - 1, HEIGHT - 1).covers(region)
    assert isinstance(region, Polygon)
    assert region.is_valid
    assert not region.interiors
    assert region.exterior.is_simple
    gaps = np.hypot(*np.diff(np.asarray(region.exterior.coords), axis=0).T)
    assert 0 < gaps.max() <= SPACING


def test_a_bent_bar_is_where_it_should_be(bent, bar):
    # What is at y in the base was at y - tanh(|2 x - 1|) / 2, less the offset, in the picture.
    representation = bent(bar(0.5, 0.05), slope=0.4)
    region = outline(representation, 64, 64)
    x = np.linspace(0.1, 0.9, 4001)
    y = 0.5 - np.tanh(0.4 * np.abs(2 * x - 1)) / 2
    exact = Polygon(np.stack([np.r_[x, x[::-1]], np.r_[y - 0.05, (y + 0.05)[::-1]]], -1) * 64)
    assert region.symmetric_difference(exact).area < 2e-3 * exact.area
    assert region.hausdorff_distance(exact) < 0.05


@pytest.mark.parametrize("repairs", [0, radial.MAX_REPAIRS])
def test_rays_are_added_where_thin_sides_would_cross(bent, bar, monkeypatch, repairs):
    # A thousandth of a pixel thin where chords may be off by two hundredths.
    monkeypatch.setattr(radial, "MAX_REPAIRS", repairs)
    half = 0.5e-3 / 64
    region = outline(bent(bar(0.5, half, tilt=0.2), slope=2.0), 64, 64)
    assert region.is_valid
    assert isinstance(region, Polygon) == (repairs > 0)
    # The edges of a known polygon lie a millionth farther out.
    assert repairs == 0 or region.area == pytest.approx(0.8 * 2 * (half + 1e-6) * 64**2, rel=0.02)


@pytest.mark.parametrize(("size", "share"), [(50.0, 1), (-1e-3, 0)])
def test_whole_pictures_and_empty_ones(size, share):
    region = outline(random_flow(1, 0.3, size=size), HEIGHT, WIDTH)
    assert region.area == pytest.approx(share * WIDTH * HEIGHT)
    assert region.is_empty == (share == 0)


def test_an_unbounded_base_is_cut_at_the_frame(bent):
    region = outline(bent([(0.0, 1.0, -0.5)], slope=0.4), 64, 64)
    x = (np.arange(4000) + 0.5) / 4000
    exact = float(np.mean(0.5 - np.tanh(0.4 * np.abs(2 * x - 1)) / 2)) * 64**2
    assert region.area == pytest.approx(exact, rel=1e-3)
    assert region.bounds[:3] == pytest.approx((0, 0, 64))
