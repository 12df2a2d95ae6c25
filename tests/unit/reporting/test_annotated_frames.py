"""Figure 19: how many frames stand beside each other, and whether their headings have room."""

import doctest
import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from isr.reporting import annotated_frames
from isr.reporting.shots import Shot


def make(count, fits, remark=""):
    mask = np.zeros((24, 32), bool)
    mask[6:12, 8:20] = True
    truth = np.where(mask, 255, 0).astype(np.uint8)
    image = np.full((24, 32, 3), 0.4)
    scores = {"predictor": 0.5, "representation": 0.75}
    return [
        {
            fit: Shot("clip", number, image, truth, mask, mask, scores, "UNet", remark=remark)
            for fit in fits
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "fits", "beside", "heading"),
    [
        (3, ["sequential"], 3, "path-connected: IoU 0.750"),
        (7, ["sequential"], 6, "IoU 0.750"),
        (3, ["sequential", "joint"], 5, "sequential: IoU 0.750"),
    ],
)
def test_headings_have_room(count, fits, beside, heading):
    figure = annotated_frames.draw(make(count, fits), "A title")
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert len(figure.axes) == count * (1 + 2 * len(fits))
    assert figure.axes[2].get_title() == heading
    first = [axes.title.get_window_extent(renderer) for axes in figure.axes[:beside]]
    assert len({round(box.y0) for box in first}) == 1
    assert all(left.x1 + 2 < right.x0 for left, right in itertools.pairwise(first))
    assert max(box.x1 for box in first) < figure.bbox.x1


@pytest.mark.parametrize(("fits", "count"), [(["joint"], 24), (["sequential", "joint"], 12)])
def test_many_frames_stay_on_a_page(fits, count):
    shown = annotated_frames.shown(range(5, 205), len(fits))
    assert len(shown) == count
    assert (shown[0], shown[-1]) == (5, 204)
    steps = np.diff(shown)
    assert steps.max() - steps.min() <= 1
    figure = annotated_frames.draw(make(count, fits), "A title")
    assert figure.get_size_inches()[1] < 28


def test_worked_examples():
    results = doctest.testmod(annotated_frames)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("fits", [1, 2])
def test_few_frames_are_all_shown(fits):
    assert annotated_frames.shown([3, 7, 8], fits) == [3, 7, 8]


def test_the_last_row_has_panels_of_the_same_size():
    figure = annotated_frames.draw(make(7, ["joint"]), "A title")
    places = [axes.get_position() for axes in figure.axes]
    assert len(places) == 21
    assert len({(round(each.width, 6), round(each.height, 6)) for each in places}) == 1


@pytest.mark.parametrize(("count", "fits"), [(3, ["joint"]), (7, ["joint"]), (5, ["joint", "x"])])
def test_remarks_do_not_lie_on_the_headings_below(count, fits):
    figure = annotated_frames.draw(make(count, fits, "skipped"), "A title")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axes.title.get_window_extent(renderer) for axes in figure.axes]
    boxes += [text.get_window_extent(renderer) for axes in figure.axes for text in axes.texts]
    boxes = [box for box in boxes if box.width > 1]
    assert len(boxes) > len(figure.axes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
