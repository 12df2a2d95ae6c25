"""Figures 3, 17 and 18: outlines and how they are stacked; centroids."""

import doctest

import numpy as np
import pytest
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection, PathPatch3D

from isr.reporting.drawing import in_time


def disc(centre, rows=30, columns=40, radius=8.0):
    y, x = np.mgrid[:rows, :columns] + 0.5
    return np.hypot(y - centre[1], x - centre[0]) - radius


def test_an_outline_lies_in_pixel_units_of_the_picture():
    (line,) = in_time.outlines(disc((20, 15)), (60, 80))
    assert np.hypot(*(line - [40, 30]).T) == pytest.approx(16, abs=0.3)
    assert np.allclose(line[0], line[-1])


def test_an_outline_runs_along_the_frame():
    (line,) = in_time.outlines(disc((40, 15)), (30, 40))
    assert line[:, 0].max() == 40
    assert np.count_nonzero(line[:, 0] == 40) > 10
    (whole,) = in_time.outlines(np.full((30, 40), -1.0), (30, 40))
    assert (whole.min(axis=0) == 0).all()
    assert (whole.max(axis=0) == [40, 30]).all()
    assert in_time.outlines(np.ones((5, 6)), (5, 6)) == []


def stacked(frames=3, between=2, empty=()):
    """Heights of the filled regions and of the lines between them, and the order of the former."""
    times = np.arange((frames - 1) * between + 1) / between
    lines = [
        [] if time in empty else in_time.outlines(disc((12 + 0.2 * time, 15)), (30, 40))
        for time in times
    ]
    axes = Figure().add_subplot(projection="3d")
    in_time.add_slices(axes, times, lines)
    filled = [each for each in axes.patches if isinstance(each, PathPatch3D)]
    others = [each for each in axes.collections if isinstance(each, Line3DCollection)]
    return (
        [float(each._segment3d[0][2]) for each in filled],
        [float(each._segments3d[0][0][2]) for each in others],
        [each.get_zorder() for each in filled],
    )


def test_frames_are_filled_and_times_between_are_lines():
    filled, between, orders = stacked()
    assert (filled, between) == ([0.0, 1.0, 2.0], [0.5, 1.5])
    # Later slices cover earlier ones.
    assert orders == sorted(orders)
    assert orders[0] > 1
    assert stacked(empty=(1.0, 1.5))[:2] == ([0.0, 2.0], [0.5])


def test_of_a_long_video_some_frames_are_filled():
    filled, between, _ = stacked(frames=60, between=1)
    assert filled == [float(time) for time in range(0, 60, 3)]
    assert len(filled) + len(between) == 60


def test_centroids_lie_in_pixel_units_of_the_picture():
    masks = np.zeros((3, 30, 40), bool)
    for frame, column in enumerate((4, 10)):
        masks[frame, 8:12, column : column + 6] = True
    found = in_time.centroids(masks, (60, 80))
    np.testing.assert_allclose(found[:2], [[14, 20], [26, 20]])
    assert np.isnan(found[2]).all()
    assert np.isnan(in_time.unevenness(found[:2]))
    results = doctest.testmod(in_time)
    assert (results.attempted > 0, results.failed) == (True, 0)
