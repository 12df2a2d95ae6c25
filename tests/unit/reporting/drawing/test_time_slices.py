"""Figures 17 and 18: outlines of slices and how they are stacked, moments and which are noisy."""

import numpy as np
import pytest
from mpl_toolkits.mplot3d.art3d import Line3DCollection, PathPatch3D

from isr.reporting.drawing import time_slices
from isr.reporting.drawing.time_slices import NOISE, Moment, Slices


def disc(centre, rows=30, columns=40, radius=8.0):
    y, x = np.mgrid[:rows, :columns] + 0.5
    return np.hypot(y - centre[1], x - centre[0]) - radius


def test_an_outline_lies_in_pixel_units_of_the_picture():
    (line,) = time_slices.outlines(disc((20, 15)), (60, 80))
    assert np.hypot(*(line - [40, 30]).T) == pytest.approx(16, abs=0.3)
    assert np.allclose(line[0], line[-1])


def test_an_outline_runs_along_the_frame():
    (line,) = time_slices.outlines(disc((40, 15)), (30, 40))
    assert line[:, 0].max() == 40
    assert np.count_nonzero(line[:, 0] == 40) > 10
    (whole,) = time_slices.outlines(np.full((30, 40), -1.0), (30, 40))
    assert (whole.min(axis=0) == 0).all()
    assert (whole.max(axis=0) == [40, 30]).all()


def test_an_empty_slice_has_no_outline():
    assert time_slices.outlines(np.ones((5, 6)), (5, 6)) == []


def draw(frames=3, between=2, empty=()):
    times = np.arange((frames - 1) * between + 1) / between
    lines = [
        [] if time in empty else time_slices.outlines(disc((12 + 0.2 * time, 15)), (30, 40))
        for time in times
    ]
    slices = Slices(np.full((30, 40, 3), 0.5), times, lines)
    figure = time_slices.draw_slices(slices, "A title", name="drive", constraint="path-connected")
    (axes,) = figure.axes
    return figure, axes


def heights(axes):
    """Of the filled regions, and of the lines between them."""
    filled = [each for each in axes.patches if isinstance(each, PathPatch3D)]
    lines = [each for each in axes.collections if isinstance(each, Line3DCollection)]
    between = [float(each._segments3d[0][0][2]) for each in lines]
    return [float(each._segment3d[0][2]) for each in filled], between


def test_frames_are_filled_and_times_between_are_lines():
    figure, axes = draw()
    assert heights(axes) == ([0.0, 1.0, 2.0], [0.5, 1.5])
    assert [float(tick) for tick in axes.get_zticks()] == [0.0, 1.0, 2.0]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[1] == "between frames (2 times as many slices)"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_an_empty_slice_is_left_out():
    _, axes = draw(empty=(1.0, 1.5))
    assert heights(axes) == ([0.0, 2.0], [0.5])


def test_of_a_long_video_some_frames_are_filled():
    figure, axes = draw(frames=60, between=1)
    filled, between = heights(axes)
    assert filled == [float(time) for time in range(0, 60, 3)]
    assert len(filled) + len(between) == 60
    assert len(axes.get_zticks()) <= 21
    assert figure.legends[0].get_texts()[1].get_text() == "other frames"


def test_later_slices_cover_earlier_ones():
    _, axes = draw()
    orders = [each.get_zorder() for each in axes.patches]
    assert orders == sorted(orders)
    assert orders[0] > 1


def draw_moments():
    mask = np.zeros((12, 16), bool)
    mask[3:8, 4:9] = True
    image = np.full((12, 16, 3), 0.4)
    rows = [
        [Moment(4.0, mask, image, iou=0.81), Moment(4.5, mask)],
        [Moment(5.0, mask, image, noisy=True)],
    ]
    return time_slices.draw_moments(rows, "A title", constraint="path-connected")


def test_frames_stand_before_what_lies_between_them():
    figure = draw_moments()
    assert [axes.get_title() for axes in figure.axes] == [
        "frame 4: IoU 0.81",
        "frame 4.50",
        "frame 5, noise",
        "",
    ]


def test_noisy_frames_are_marked_and_masks_between_stand_on_white():
    clean, between, noisy, none = draw_moments().axes
    assert clean.title.get_color() != NOISE == noisy.title.get_color()
    assert len(noisy.patches) == len(clean.patches) + 1
    assert noisy.patches[-1].get_edgecolor()[:3] == pytest.approx((0.878, 0.129, 0.541), abs=1e-3)
    shown = between.images[0].get_array()
    assert np.all(shown[0, 0] == 1)
    assert shown[5, 6, 2] < 0.6
    assert not none.images
