import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from isr.constraints import build
from isr.coordinates import from_pixels
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.canvas import rim_of
from isr.evaluation.outlines.crossings import directions
from isr.evaluation.outlines.radial import SPACING, RadialOutline
from isr.evaluation.outlines.rays import RayRegion, intervals, ray_region

HEIGHT, WIDTH = 48, 64
FRAME = box(0, 0, WIDTH, HEIGHT)


def random_polar(name, seed, scale=3.0, **options):
    torch.manual_seed(seed)
    representation = build(name, 2, width=24, **options)
    with torch.no_grad():
        for parameter in representation.network.parameters():
            parameter.normal_().mul_(scale / parameter.shape[-1] ** 0.5)
    representation.project_()
    return representation


def assert_outlines(region, representation, convention="isotropic", tolerance=0.03):
    """Random points lie in the region where they are foreground, but for points at its edge."""
    level = level_function(representation)
    points = np.random.default_rng(0).uniform(size=(20_000, 2)) * [WIDTH, HEIGHT]
    inside = level(from_pixels(points, HEIGHT, WIDTH, convention)) <= 0
    places = shapely.points(points)
    wrong = inside != shapely.covers(region, places)
    if wrong.any():
        assert shapely.distance(places[wrong], region.boundary).max() <= tolerance
        assert wrong.mean() <= 2e-3
    assert region.is_valid
    assert region.is_empty or FRAME.covers(region)


def off_frame(region):
    points = shapely.get_coordinates(region)
    return points[((points > 0) & (points < [WIDTH, HEIGHT])).all(axis=1)]


def by_angle(level, centre, *, linearised=None):
    """The polygons of a region given by its level along rays, in pixel units."""
    rim = rim_of(HEIGHT, WIDTH)
    reach = 1.1 * np.hypot(*(rim - centre).T).max()
    region = RayRegion(np.asarray(centre, dtype=float), level, linearised, reach)
    return RadialOutline(region, lambda points: points, rim, HEIGHT, WIDTH).polygons()


@settings(max_examples=10)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["star_shaped", "radially_connected"]),
    st.sampled_from([1.0, 3.0, 6.0]),
    st.sampled_from([(0.5, 0.4), (-0.3, 0.2), (3.0, -2.0)]),
)
def test_the_outline_holds_what_is_foreground(seed, name, scale, centre):
    options = {"origin": 0.5} if name == "radially_connected" else {}
    representation = random_polar(name, seed, scale, centre=centre, **options)
    assert_outlines(outline(representation, HEIGHT, WIDTH), representation)


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
@pytest.mark.parametrize("name", ["star_shaped", "radially_connected"])
def test_points_lie_on_the_boundary_and_close_together(name, convention):
    representation = random_polar(name, 2)
    region = outline(representation, HEIGHT, WIDTH, convention)
    assert_outlines(region, representation, convention)
    level = level_function(representation)
    found = off_frame(region)
    assert len(found) > 100
    at = level(from_pixels(found, HEIGHT, WIDTH, convention))
    steps = [
        level(from_pixels(found + step, HEIGHT, WIDTH, convention)) - at
        for step in np.eye(2) * 1e-4
    ]
    assert (np.abs(at) <= 1e-6 * np.hypot(*steps) / 1e-4).all()
    for part in shapely.get_parts(region).tolist():
        ring = np.asarray(part.exterior.coords)
        edge = (np.isin(ring, [0, WIDTH, HEIGHT])).any(axis=1)
        gaps = np.hypot(*np.diff(ring, axis=0).T)
        assert gaps[~(edge[1:] & edge[:-1])].max() <= SPACING + 1e-9


def test_the_tips_of_a_star_are_reached():
    def radius(along):
        # Five tips with a half angle of about 0.01.
        turn = np.arctan2(along[:, 1], along[:, 0])
        return 5 + 15 * np.exp(-np.abs(np.sin(2.5 * (turn - 0.123))) * 50)

    region = by_angle(lambda along, at: at / radius(along) - 1, [32.3, 24.2])
    assert isinstance(region, Polygon)
    for tip in 0.123 + 2 * np.pi * np.arange(5) / 5:
        end = Point(32.3 + 20 * np.cos(tip), 24.2 + 20 * np.sin(tip))
        assert region.exterior.distance(end) < 0.1


def test_a_radial_edge_is_filled_with_points():
    def level(along, at):
        return at / np.where(along[:, 1] > 0, 20.0, 10.0) - 1

    region = by_angle(level, [32.0, 24.0])
    assert region.area == pytest.approx(np.pi * (400 + 100) / 2, rel=1e-3)
    for left, right in ((12, 22), (42, 52)):
        edge = LineString([(left, 24), (right, 24)])
        assert region.boundary.intersection(edge.buffer(1e-3)).length > 9.9
    assert shapely.length(shapely.segmentize(region, SPACING)) == region.length
    gaps = np.hypot(*np.diff(np.asarray(region.exterior.coords), axis=0).T)
    assert gaps.max() <= SPACING


def ring_of_two(inner, outer, start=-4.0, stop=4.0):
    """Background but for inner <= r <= outer between two angles."""

    def level(along, at):
        turn = np.arctan2(along[:, 1], along[:, 0])
        seen = (turn >= start) & (turn <= stop)
        return np.where(seen, np.abs(at - (inner + outer) / 2) - (outer - inner) / 2, 1.0 + 0 * at)

    def linearised(along, at):
        value = level(along, at)
        turn = np.arctan2(along[:, 1], along[:, 0])
        seen = (turn >= start) & (turn <= stop)
        return value, np.where(seen, np.sign(at - (inner + outer) / 2), 0.0)

    return level, linearised


def test_an_annulus_has_a_hole():
    level, linearised = ring_of_two(8, 15)
    region = by_angle(level, [30.0, 22.0], linearised=linearised)
    assert isinstance(region, Polygon)
    assert len(region.interiors) == 1
    assert region.area == pytest.approx(np.pi * (15**2 - 8**2), rel=1e-3)
    assert region.centroid.distance(Point(30, 22)) < 1e-2


def test_a_sector_ends_at_its_radial_edges():
    level, linearised = ring_of_two(8, 15, start=-0.2, stop=0.9)
    region = by_angle(level, [30.0, 22.0], linearised=linearised)
    assert isinstance(region, Polygon)
    assert not region.interiors
    assert region.area == pytest.approx(1.1 / 2 * (15**2 - 8**2), rel=1e-3)


def test_a_region_may_leave_the_frame_and_come_back():
    # A ring round the frame's middle that reaches above and below, but not left and right.
    level, linearised = ring_of_two(26, 30)
    region = by_angle(level, [32.0, 24.0], linearised=linearised)
    assert isinstance(region, MultiPolygon)
    exact = Point(32, 24).buffer(30, 4096).difference(Point(32, 24).buffer(26, 4096))
    assert region.symmetric_difference(exact.intersection(FRAME)).area < 0.01 * region.area


@pytest.mark.parametrize(("radius", "area"), [(1e3, WIDTH * HEIGHT), (1.0, 0.0)])
def test_a_star_round_a_far_centre_is_the_whole_picture_or_nothing(radius, area):
    region = by_angle(lambda along, at: at / radius - 1, [-200.0, 24.0])
    assert region.area == pytest.approx(area)
    assert region.is_empty == (area == 0)


def test_a_tiny_star_is_still_found():
    region = by_angle(lambda along, at: at / 1e-3 - 1, [32.3, 24.2])
    assert region.area == pytest.approx(np.pi * 1e-6, rel=1e-3)


# Rays.

RIM = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def off_centre(distance, radius):
    """A disc round (distance, 0), seen from the origin."""

    def parts(along, at):
        return at - distance * along[:, 0], distance * along[:, 1]

    def level(along, at):
        return np.hypot(*parts(along, at)) - radius

    def linearised(along, at):
        value = level(along, at)
        return value, parts(along, at)[0] / np.maximum(value + radius, 1e-300)

    return RayRegion(np.zeros(2), level, linearised, 10.0)


def test_a_disc_beside_the_centre_is_met_between_its_tangents():
    angles = np.linspace(-0.5, 0.5, 1001)
    inner, outer = intervals(off_centre(5.0, 1.0), angles, np.full(1001, np.nan))
    met = np.abs(np.sin(angles)) <= 0.2
    np.testing.assert_array_equal(np.isfinite(outer), met)
    np.testing.assert_array_equal(np.isfinite(inner), met)
    half = np.sqrt(1 - (5 * np.sin(angles[met])) ** 2)
    middle = 5 * np.cos(angles[met])
    np.testing.assert_allclose(inner[met], middle - half, atol=1e-9)
    np.testing.assert_allclose(outer[met], middle + half, atol=1e-9)


@pytest.mark.parametrize("guess", [5.0, 0.1, 9.9, np.nan])
def test_a_wrong_guess_does_no_harm(guess):
    inner, outer = intervals(off_centre(5.0, 1.0), np.array([0.0, 0.1, 1.0]), np.full(3, guess))
    np.testing.assert_allclose([inner[0], outer[0]], [4, 6], atol=1e-9)
    assert np.isfinite(inner[1])
    assert np.isnan([inner[2], outer[2]]).all()


def test_a_ray_that_is_never_left_ends_at_the_reach():
    region = off_centre(5.0, 100.0)
    inner, outer = intervals(region, np.array([0.3]), np.array([np.nan]))
    assert inner[0] == 0
    assert outer[0] == region.reach


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([-1.0, 0.0, 1e-3, 0.5, 3.0]))
def test_ends_agree_with_samples_of_the_level(seed, origin):
    torch.manual_seed(seed)
    representation = build("radially_connected", 2, width=16, origin=origin)
    with torch.no_grad():
        for parameter in representation.network.parameters():
            parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
    representation.project_()
    region = ray_region(representation, RIM)
    assert region is not None
    angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, 64)
    inner, outer = intervals(region, angles, np.full(64, np.nan))
    at = np.linspace(0, region.reach, 401)
    along = np.repeat(directions(angles), len(at), axis=0)
    levels = region.level(along, np.tile(at, 64)).reshape(64, -1)
    slack = 1e-9 * region.reach
    within = (at >= inner[:, None] - slack) & (at <= outer[:, None] + slack)
    assert not ((levels <= 0) & ~within).any()
    core = (at >= inner[:, None] + slack) & (at <= outer[:, None] - slack)
    assert not ((levels > 1e-12) & core).any()


def test_no_rays_for_what_is_not_one_interval():
    with pytest.raises(TypeError, match="Unconstrained"):
        ray_region(build("unconstrained", 2), RIM)
