"""Figures 5, 15 and 19: ways of fitting side by side, and whether their headings have room."""

import doctest
import itertools

import numpy as np
import pytest
from evaluated_cells import captions, disc_picture, disc_view, titles
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from isr.reporting.drawing import fits_compared, overlays

TRUTH = "ground truth"


def pair(**changes):
    drawn = disc_picture()
    about = {"scribbles": drawn.scribbles, "ground_truth": drawn.ground_truth} | changes
    sequential = disc_view(scores={("predictor", TRUTH): 0.25}, predictor="FCN", **about)
    joint = disc_view(scores={("representation", TRUTH): 1.0}, predictor="FCN", **about)
    return fits_compared.Pair(sequential, joint)


def test_five_panels_for_each_picture():
    figure = fits_compared.draw_pairs([pair(), pair(ground_truth=None)], "Title")
    assert titles(figure)[:5] == [
        *("(a) scribbles", "(b) FCN", "(c) projection: convex"),
        *("(d) joint: FCN", "(e) joint: convex"),
    ]
    assert len(figure.axes) == 10
    assert captions(figure)[:3] == ["disc", "IoU 0.250", "IoU 1.000"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["object scribble", "background scribble", "FCN", "convex", "ground truth"]


def test_an_empty_mask_is_drawn():
    empty = pair(mask=np.zeros((30, 40), bool))
    assert len(fits_compared.draw_pairs([empty], "Title").axes) == 5


def test_dense_marks_let_the_frame_show_through():
    marks = np.full((30, 40), 255, np.uint8)
    marks[12:20, 20:28], marks[:4] = 1, 0
    view = disc_view(image=np.full((30, 40, 3), 0.4), frame=3)
    figure = fits_compared.draw_frame({"joint": view}, marks, "label", "Title")
    shown = figure.axes[0].images[0].get_array()
    assert np.allclose(shown[0, 0], 0.4)
    assert np.allclose(shown[16, 24], 0.24 + 0.4 * np.array(to_rgb(overlays.OBJECT_SCRIBBLE)))
    assert titles(figure)[0] == "frame 3: weak labels"
    few = np.where(marks == 1, marks, 0)
    figure = fits_compared.draw_frame({"joint": view}, few, "scribble", "Title")
    assert titles(figure)[0] == "frame 3: scribbles"
    shown = figure.axes[0].images[0].get_array()
    assert np.allclose(shown[16, 24], to_rgb(overlays.OBJECT_SCRIBBLE))
    assert titles(fits_compared.draw_frame({"joint": view}, None, "label", "T"))[0] == "frame 3"


def make(count, fits, status=""):
    mask = np.zeros((24, 32), bool)
    mask[6:12, 8:20] = True
    truth = np.where(mask, 255, 0).astype(np.uint8)
    image = np.full((24, 32, 3), 0.4)
    scores = {("predictor", "ground truth"): 0.5, ("representation", "ground truth"): 0.75}
    return [
        {
            fit: disc_view(
                frame=number,
                predictor="UNet",
                constraint="path-connected",
                status=status,
                image=image,
                ground_truth=truth,
                mask=mask,
                predicted=mask,
                scores=scores,
            )
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
    figure = fits_compared.draw_frames(make(count, fits), "A title")
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert len(figure.axes) == count * (1 + 2 * len(fits))
    assert figure.axes[2].get_title() == heading
    first = [axes.title.get_window_extent(renderer) for axes in figure.axes[:beside]]
    assert len({round(box.y0) for box in first}) == 1
    assert all(left.x1 + 2 < right.x0 for left, right in itertools.pairwise(first))
    assert max(box.x1 for box in first) < figure.bbox.x1


@pytest.mark.parametrize(("fits", "count"), [(["joint"], 24), (["sequential", "joint"], 12)])
def test_many_frames_stay_on_a_page(fits, count):
    shown = fits_compared.shown_frames(range(5, 205), len(fits))
    assert len(shown) == count
    assert (shown[0], shown[-1]) == (5, 204)
    steps = np.diff(shown)
    assert steps.max() - steps.min() <= 1
    figure = fits_compared.draw_frames(make(count, fits), "A title")
    assert figure.get_size_inches()[1] < 28


def test_worked_examples():
    results = doctest.testmod(fits_compared)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("fits", [1, 2])
def test_few_frames_are_all_shown(fits):
    assert fits_compared.shown_frames([3, 7, 8], fits) == [3, 7, 8]


def test_the_last_row_has_panels_of_the_same_size():
    figure = fits_compared.draw_frames(make(7, ["joint"]), "A title")
    places = [axes.get_position() for axes in figure.axes]
    assert len(places) == 21
    assert len({(round(each.width, 6), round(each.height, 6)) for each in places}) == 1


@pytest.mark.parametrize(("count", "fits"), [(3, ["joint"]), (7, ["joint"]), (5, ["joint", "x"])])
def test_remarks_do_not_lie_on_the_headings_below(count, fits):
    figure = fits_compared.draw_frames(make(count, fits, "skipped"), "A title")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axes.title.get_window_extent(renderer) for axes in figure.axes]
    boxes += [text.get_window_extent(renderer) for axes in figure.axes for text in axes.texts]
    boxes = [box for box in boxes if box.width > 1]
    assert len(boxes) > len(figure.axes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
