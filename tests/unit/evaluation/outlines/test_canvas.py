"""Centres lie on the side of an outline where the mask has them, whatever the representation."""

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from isr.constraints import NAMES, build
from isr.coordinates import Scene, ThirdAxis, grid_coordinates
from isr.evaluation.drawing import draw_level, draw_mask, level_function
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.canvas import HAIR, Canvas, astray, cell_centres, diamonds, passed_by
from isr.evaluation.outlines.marching import raster_outline
from isr.evaluation.wholes import seen_level


@pytest.fixture
def mask():
    """A square of 2 x 2 pixels in a picture of 4 x 5."""
    inside = np.zeros((4, 5), bool)
    inside[1:3, 1:3] = True
    return inside


def test_centres_are_astray_on_the_wrong_side_and_on_the_boundary(mask):
    assert not astray(box(1, 1, 3, 3), mask).any()
    # Through the centres of the third row of pixels and of the fourth column.
    wrong = np.zeros_like(mask)
    wrong[2, 1:4] = wrong[1, 3] = True
    np.testing.assert_array_equal(astray(box(1, 1, 3.5, 2.5), mask), wrong)
    np.testing.assert_array_equal(astray(Polygon(), mask), mask)


def test_centres_on_the_boundary_are_passed_by_a_hair(mask):
    region = box(1, 1, 3.5, 2.5)
    settled = passed_by(region, mask)
    assert not astray(settled, mask).any()
    assert 0 < settled.symmetric_difference(region).area <= 4 * 2 * HAIR**2
    assert settled.hausdorff_distance(region) == pytest.approx(HAIR, rel=1e-3)


def test_what_is_farther_off_than_rounding_is_not_hidden(mask):
    assert passed_by(box(1, 1, 3, 2.5 - 3 * HAIR), mask) is None
    assert passed_by(box(1, 1, 3, 3.5 + 3 * HAIR), mask) is None
    assert passed_by(Polygon(), mask) is None
    assert passed_by(Polygon(), ~mask & mask).is_empty


def test_diamonds_hold_their_points():
    points = np.array([[0.5, 0.5], [700.5, 3.5]])
    assert shapely.contains(diamonds(points), shapely.points(points)).all()
    assert diamonds(points[:0]).is_empty


HEIGHT, WIDTH = 30, 40
CENTRES = cell_centres(HEIGHT, WIDTH)

OPTIONS = {
    "convex": {"width": 12},
    "star_shaped": {"width": 8},
    "radially_connected": {"width": 8, "origin": 0.5},
    "mirror_symmetric": {"width": 12},
    "rotationally_symmetric": {"width": 12, "order": 5},
    "periodic": {"frequency": 200.0, "waves": 16},
    "lattice_periodic": {"harmonics": 3},
    "path_connected": {"blocks": 4, "base_options": {"width": 8}},
    "unconstrained": {"width": 12},
    "union": {
        "members": [
            {"name": "convex", "options": {"width": 8}},
            {"name": "star_shaped", "options": {"width": 8}},
            {"name": "unconstrained", "options": {"width": 8}},
        ]
    },
}


def redrawn(region, height=HEIGHT, width=WIDTH, size=(HEIGHT, WIDTH)):
    """Which centres lie within a region; it runs through none."""
    y, x = np.mgrid[:height, :width] + 0.5
    points = shapely.points(x * size[1] / width, y * size[0] / height)
    shapely.prepare(region)
    within = shapely.contains(region, points)
    np.testing.assert_array_equal(within, shapely.intersects(region, points))
    return within


def scattered(name, seed, scale, **options):
    """A random representation of which a part of the picture is foreground."""
    torch.manual_seed(seed)
    representation = build(name, 2, **OPTIONS[name] | options)
    with torch.no_grad():
        for part, parameter in representation.named_parameters():
            if part.startswith("flow.last."):
                # Of the layers of a flow, those that move points.
                parameter.normal_().mul_(0.1 * scale)
            elif any(key in part for key in ("network", "amplitudes")):
                parameter.normal_().mul_(scale / parameter.shape[-1] ** 0.5)
        representation.project_()
        level = draw_level(representation, 12, 16)
        for part, parameter in representation.named_parameters():
            if parameter.numel() == 1 and part.endswith("bias"):
                parameter -= float(np.quantile(level, 0.3))
    return representation


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=4)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 3.0, 10.0]))
def test_no_pixel_is_lost_and_none_is_added(name, seed, scale):
    representation = scattered(name, seed, scale)
    mask = draw_mask(representation, HEIGHT, WIDTH)
    region = outline(representation, HEIGHT, WIDTH)
    assert region.is_valid
    np.testing.assert_array_equal(redrawn(region), mask)


@pytest.mark.parametrize("name", ["convex", "star_shaped", "path_connected", "unconstrained"])
@pytest.mark.parametrize("grid", [(15, 20), (11, 17)])
@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
def test_an_outline_agrees_with_a_mask_on_coarser_cells(name, grid, convention):
    representation = scattered(name, 3, 3.0)
    coordinates = grid_coordinates(HEIGHT, WIDTH, grid, convention)
    level = level_function(representation)(coordinates)
    assert 0 < (level <= 0).sum() < level.size
    region = outline(representation, HEIGHT, WIDTH, convention, grid=grid, level=level)
    np.testing.assert_array_equal(redrawn(region, *grid), level <= 0)
    whole = outline(representation, HEIGHT, WIDTH, convention)
    assert region.symmetric_difference(whole).area < 0.05 * whole.area


def test_levels_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 4\), the grid \(30, 40\)"):
        outline(build("convex", 2), HEIGHT, WIDTH, level=np.zeros((3, 4)))


def speckled(points):
    """Discs of radius 0.2 round every third pixel centre of every third row."""
    away = np.mod(points - 0.5 + 1.5, 3) - 1.5
    return np.hypot(away[..., 0], away[..., 1]) - 0.2


@pytest.mark.parametrize("sign", [1, -1])
def test_islands_and_holes_narrower_than_a_pixel_are_kept(sign):
    region = raster_outline(lambda points: sign * speckled(points), sign * speckled(CENTRES))
    y, x = np.mgrid[:HEIGHT, :WIDTH] % 3 == 0
    islands = x & y
    np.testing.assert_array_equal(redrawn(region), islands if sign > 0 else ~islands)
    count = islands.sum()
    # Four points of a circle.
    area = region.area if sign > 0 else HEIGHT * WIDTH - region.area
    assert area == pytest.approx(count * 2 * 0.2**2, rel=1e-3)
    rings = len(shapely.get_parts(region)) if sign > 0 else shapely.get_num_interior_rings(region)
    assert rings == count


def test_centres_on_the_boundary_are_foreground():
    def level(points):
        # 0 along one row and at one centre by itself, where nothing is below.
        alone = np.abs(points - [30.5, 20.5]).max(axis=-1)
        return np.minimum(np.maximum(points[..., 1] - 6.5, 0), alone)

    region = raster_outline(level, level(CENTRES))
    mask = level(CENTRES) <= 0
    assert mask.sum() == 7 * WIDTH + 1
    np.testing.assert_array_equal(redrawn(region), mask)
    assert region.area == pytest.approx(6.5 * WIDTH, abs=1e-3)


def test_a_convex_region_may_be_a_line_through_centres(polygon):
    # Exact in single precision.
    representation = polygon([(0, 1, -7.5 / WIDTH), (0, -1, 7.5 / WIDTH)])
    with torch.no_grad():
        representation.network.output_z.bias.zero_()
    mask = draw_mask(representation, HEIGHT, WIDTH)
    assert mask.sum() == mask[7].sum() == WIDTH
    region = outline(representation, HEIGHT, WIDTH)
    assert isinstance(region, Polygon)
    assert region.area < 1e-3
    np.testing.assert_array_equal(redrawn(region), mask)


@pytest.mark.parametrize("seed", range(4))
def test_centres_between_chord_and_boundary_are_within(random_convex, monkeypatch, seed):
    # Coarser chords leave more of them out.
    monkeypatch.setattr("isr.evaluation.outlines.convex.SAGITTA", 0.3)
    monkeypatch.setattr("isr.evaluation.outlines.convex.SPACING", 20.0)
    monkeypatch.setattr("isr.evaluation.outlines.convex.FIRST_RAYS", 8)
    representation = random_convex(seed)
    mask = draw_mask(representation, HEIGHT, WIDTH)
    region = outline(representation, HEIGHT, WIDTH)
    np.testing.assert_array_equal(redrawn(region), mask)
    assert region.convex_hull.area == pytest.approx(region.area, abs=1e-9)


@pytest.mark.parametrize("base", [False, True])
def test_spikes_thinner_than_rays_are_close_are_found(base):
    centre = np.array([0.2, 0.3])
    seen = (np.array([[29.5, 17.5], [27.5, 6.5], [12.5, 28.5]]) / WIDTH - centre).T
    representation = star = build("star_shaped", 2, centre=centre.tolist(), width=4)
    if base:
        representation = build("path_connected", 2, base="star_shaped", blocks=2)
        star = representation.base
    angles = np.arctan2(seen[1], seen[0]).tolist()

    def radial(directions, distances):
        turn = torch.atan2(directions[..., 1], directions[..., 0])
        away = torch.stack([(turn - a).abs() for a in angles]).amin(0)
        radius = torch.where(away < 1e-5, 0.6, 0.05)
        return distances / radius - 1

    star.radial = radial
    with torch.no_grad():
        star.centre.copy_(torch.tensor(centre))
    mask = draw_mask(representation, HEIGHT, WIDTH)
    region = outline(representation, HEIGHT, WIDTH)
    np.testing.assert_array_equal(redrawn(region), mask)
    tips = shapely.points((centre + 0.599 * (seen / np.hypot(*seen)).T) * WIDTH)
    frame = shapely.box(0, 0, WIDTH, HEIGHT)
    for tip in tips[shapely.contains(frame, tips)]:
        assert region.distance(tip) < 0.1


def test_a_union_with_a_member_that_is_not_finite_is_empty():
    union = scattered("union", 0, 3.0)
    assert draw_mask(union, HEIGHT, WIDTH).any()
    with torch.no_grad():
        union.members[1].network.first_u.weight[0, 0] = np.nan
    assert not draw_mask(union, HEIGHT, WIDTH).any()
    assert outline(union, HEIGHT, WIDTH).is_empty
    level = draw_level(union, HEIGHT, WIDTH)
    assert outline(union, HEIGHT, WIDTH, level=level).is_empty


def test_levels_that_are_no_numbers_in_a_part_of_the_picture_are_background():
    convex = scattered("convex", 2, 3.0)
    level = draw_level(convex, HEIGHT, WIDTH)
    level[:, : WIDTH // 2] = np.nan
    assert (level <= 0).any()
    region = outline(convex, HEIGHT, WIDTH, level=level)
    np.testing.assert_array_equal(redrawn(region), level <= 0)


def test_a_picture_with_depth_agrees_at_jumps_of_the_depth():
    random = np.random.default_rng(0)
    depth = ThirdAxis("depth", random.uniform(0, 1, (HEIGHT, WIDTH)).round(1))
    scene = Scene(HEIGHT, WIDTH, third=depth)
    torch.manual_seed(1)
    representation = build("convex", 3, width=8)
    with torch.no_grad():
        level = level_function(representation)(scene.coordinates())
        representation.network.output_z.bias -= float(np.median(level))
    level = level_function(representation)(scene.coordinates())
    region = raster_outline(seen_level(representation, scene, depth), level)
    assert isinstance(region, MultiPolygon)
    np.testing.assert_array_equal(redrawn(region), level <= 0)


# Cells.


@pytest.mark.parametrize("convention", ["isotropic", "linspace"])
@pytest.mark.parametrize("grid", [(12, 20), (6, 10), (5, 7)])
def test_centres_have_the_coordinates_that_masks_are_drawn_at(grid, convention):
    canvas = Canvas((12, 20), grid, convention)
    own = canvas.coordinates(canvas.centres())
    # Bit for bit: a level close to 0 has another sign beside it.
    np.testing.assert_array_equal(own, grid_coordinates(12, 20, grid, convention))
    np.testing.assert_allclose(canvas.points(own), canvas.centres())


def test_regions_come_back_to_pixels():
    cell = box(2, 1, 3, 2)
    assert Canvas((12, 20), (6, 5), "isotropic").in_pixels(cell).equals(box(8, 2, 12, 4))
    assert Canvas((12, 20), (12, 20), "isotropic").in_pixels(cell) is cell
