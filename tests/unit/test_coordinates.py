"""The third axis: its unit, what is missing of it, and where slices end."""

import dataclasses

import numpy as np
import pytest

import isr
from isr.coordinates import Scene, ThirdAxis, pixel_coordinates, with_nearest_depths, with_third
from isr.data.items import write_picture
from isr.data.kinds.volumes import slice_coordinates
from isr.data.pictures import Picture
from isr.errors import MissingDepth, UserError

H, W = 24, 32
ROWS, COLUMNS = np.mgrid[:H, :W] + 0.5
DISC = np.hypot(ROWS - 12, COLUMNS - 16) < 7
MILLIMETRES = (np.where(DISC, 800, 1600) + 2 * COLUMNS).astype(np.uint16)
HOLES = np.random.default_rng(0).random((H, W)) < 0.08


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (np.linspace(0, 1, 5), (0, 1)),
        (np.linspace(0.8, 1.7, 5), (0, 1)),
        (np.arange(5) + 1000, (1000, 4)),
        (np.arange(5) * 40.0, (0, 160)),
        (np.linspace(0, 1e-6, 5), (0, 1e-6)),
        (np.linspace(3, -3, 5), (-3, 6)),
        (np.zeros(1), (0, 1)),
        (np.full(1, 1e6), (1e6, 1)),
        (np.full(3, 7.0), (7, 1)),
    ],
)
def test_values_that_lie_as_x_and_y_do_are_coordinates_and_others_fill_the_unit(values, unit):
    axis = ThirdAxis("t", values)
    assert axis.unit == pytest.approx(unit)
    assert -1 <= axis.coordinates.min() <= axis.coordinates.max() <= 2
    np.testing.assert_allclose(axis.to_values(axis.coordinates), values)
    if unit == (0, 1):
        np.testing.assert_array_equal(axis.coordinates, values)


def test_a_part_of_an_axis_keeps_its_place():
    axis = ThirdAxis("t", np.arange(10) * 40.0)
    np.testing.assert_array_equal(axis.part([3]).coordinates, axis.coordinates[[3]])
    half = isr.ThirdAxis("t", np.array([20.0]), *axis.unit)
    assert half.coordinates[0] == pytest.approx(20 / 360)


@pytest.mark.parametrize("values", [MILLIMETRES, MILLIMETRES / 1000.0, MILLIMETRES / 65535])
def test_zeros_apart_from_all_other_depths_are_missing(values):
    assert ThirdAxis("depth", values).missing is None
    holed = np.where(HOLES, 0, values).astype(values.dtype)
    np.testing.assert_array_equal(ThirdAxis("depth", holed).missing, HOLES)
    nothing = np.where(HOLES, np.nan, values)
    np.testing.assert_array_equal(ThirdAxis("depth", nothing).missing, HOLES)
    assert np.isnan(ThirdAxis("depth", holed).coordinates[HOLES]).all()
    assert "pixels have no depth" in ThirdAxis("depth", holed).words_of_missing


@pytest.mark.parametrize("levels", [2, 3, 6, 256])
def test_a_zero_among_depths_is_one(levels):
    scaled = np.linspace(0, 1, levels)[np.arange(H * W).reshape(H, W) % levels]
    assert ThirdAxis("depth", scaled).missing is None


def test_missing_depths_are_those_of_the_nearest_pixel_for_a_start():
    third = ThirdAxis("depth", np.where(HOLES, 0, MILLIMETRES))
    coordinates = with_third(pixel_coordinates(H, W), third)
    filled = with_nearest_depths(coordinates)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[~HOLES], coordinates[~HOLES])
    assert set(filled[HOLES][:, 2]) <= set(coordinates[~HOLES][:, 2])


def test_slices_reach_from_edge_to_edge_as_pixels_do():
    third = slice_coordinates(4, H, W, spacing=2.0)
    low, high = Scene(H, W, third=third).box()
    np.testing.assert_allclose([low, high], [[0, 0, 0], [1, H / W, 8 / W]])
    uneven = ThirdAxis("z", np.array([10.0, 20.0, 40.0]))
    assert uneven.edges(1.0) == pytest.approx((-5 / 30, 40 / 30))
    np.testing.assert_allclose(uneven.layers(uneven.coordinates), [0.5, 1.5, 2.5])
    one = slice_coordinates(1, H, W, spacing=3.0)
    np.testing.assert_allclose(one.layers(np.array(one.edges(9.0))), [0, 1])
    assert ThirdAxis("t", np.linspace(0, 1, 3)).edges(0.1) == (0, 1)


BRIEF = {"steps": 60, "points": 120, "width": 24}


def _iou(found, wanted):
    return (found & wanted).sum() / (found | wanted).sum()


def test_a_depth_in_millimetres_is_found_as_when_it_is_scaled():
    low, high = int(MILLIMETRES.min()), int(MILLIMETRES.max())
    found = []
    for values in ((MILLIMETRES - low) / (high - low), MILLIMETRES, MILLIMETRES * 1e3):
        third = ThirdAxis("depth", values)
        shape = isr.fit_unaries(DISC.astype(np.float32), third=third, **BRIEF)
        found.append(isr.masks(shape, (H, W), third))
        assert _iou(found[-1], DISC) > 0.97
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[1], found[2])


@pytest.mark.parametrize("hole", [0, np.nan])
def test_holes_in_a_depth_are_said_and_left_out(hole):
    values = np.where(HOLES, hole, MILLIMETRES)
    third = ThirdAxis("depth", values)
    with pytest.warns(MissingDepth, match=f"^{HOLES.sum()} of 768 pixels have no depth"):
        shape = isr.fit_unaries(DISC.astype(np.float32), third=third, **BRIEF)
    mask = isr.masks(shape, (H, W), third)
    assert not mask[HOLES].any()
    assert _iou(mask[~HOLES], DISC[~HOLES]) > 0.97
    assert shape.outcome["iou"] == pytest.approx(_iou(mask[~HOLES], DISC[~HOLES]), abs=0.02)
    assert all(each.holds for each in isr.certify(shape, H, W, third=third, seed=0))


def test_frame_numbers_and_milliseconds_are_as_good_as_time():
    discs = np.stack([np.hypot(ROWS - 12, COLUMNS - 9 - 2 * k) < 6 for k in range(6)])
    masks = []
    for values in (np.linspace(0, 1, 6), np.arange(6) + 1000, np.arange(6) * 40.0):
        third = ThirdAxis("t", values)
        more = {**BRIEF, "steps": 150}
        region = isr.fit_unaries(discs.astype(np.float32), third=third, **more)
        masks.append(isr.masks(region, (H, W), third))
    assert _iou(masks[0], discs) > 0.8
    np.testing.assert_array_equal(masks[0], masks[1])
    # (40 k) / 200 is k / 5 but for rounding.
    assert _iou(masks[0], masks[2]) > 0.99


def test_an_item_keeps_the_unit_of_its_third_coordinate(tmp_path):
    third = ThirdAxis("depth", np.where(HOLES, 0, MILLIMETRES))
    picture = Picture("deep", np.zeros((H, W, 3), np.float32), third=third)
    item = write_picture(tmp_path / "deep", picture)
    np.testing.assert_array_equal(item.third_axis().coordinates, third.coordinates)
    thick = slice_coordinates(1, H, W, spacing=3.0)
    volume = Picture("thick", np.zeros((1, H, W, 3), np.float32), third=thick)
    assert write_picture(tmp_path / "thick", volume).third_axis().edges(1.0) == thick.edges(1.0)


@pytest.mark.parametrize("length", [0, -1.0, np.nan, np.inf])
def test_a_length_that_is_none_is_a_users_mistake(length):
    third = dataclasses.replace(ThirdAxis("t", np.arange(3.0)), length=length)
    with pytest.raises(UserError, match="third axis t has length"):
        isr.fit_unaries(np.zeros((3, 4, 5)), third=third)
