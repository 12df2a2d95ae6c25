"""Figures 5, 6, 13, 15 and 19: ways of fitting side by side, and whether headings have room."""

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
    return sequential, joint


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
    assert fits_compared.shown_frames([3, 7, 8], len(fits)) == [3, 7, 8]
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


@pytest.mark.parametrize(("count", "fits"), [(3, ["joint"]), (7, ["joint"]), (5, ["joint", "x"])])
def test_remarks_do_not_lie_on_the_headings_below(count, fits):
    figure = fits_compared.draw_frames(make(count, fits, "skipped"), "A title")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axes.title.get_window_extent(renderer) for axes in figure.axes]
    boxes += [text.get_window_extent(renderer) for axes in figure.axes for text in axes.texts]
    boxes = [box for box in boxes if box.width > 1]
    assert len(boxes) > len(figure.axes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def make_view(truth, predicted, mask):
    return disc_view(
        frame=9,
        image=np.full((*truth.shape, 3), 0.4),
        ground_truth=np.where(truth, 255, 0).astype(np.uint8),
        predicted=predicted,
        mask=mask,
        scores={("predictor", TRUTH): 0.623, ("representation", TRUTH): 0.578},
        predictor="UNet",
        constraint="path-connected",
    )


def two_bars():
    truth = np.zeros((20, 30), bool)
    truth[5:15, 3:10] = truth[5:15, 20:27] = True
    bridged = truth.copy()
    bridged[9:11] |= np.arange(30) < 25
    bridged[9:11, :3] = False
    return make_view(truth, truth, bridged)


@pytest.mark.parametrize(
    ("contradicted", "parts", "holes", "line"),
    [
        (True, 2.0, 0.0, "constraint contradicted: ground truth has 2 parts"),
        (True, 1.0, 1.0, "constraint contradicted: ground truth has 1 hole"),
        (True, 3.0, 2.0, "constraint contradicted: ground truth has 3 parts and 2 holes"),
        (False, 1.0, 0.0, "the ground truth does not contradict the constraint"),
    ],
)
def test_the_line_on_a_contradiction(contradicted, parts, holes, line):
    row = {"contradicted": contradicted, "truth_components": parts, "truth_holes": holes}
    row |= {"constraint": "path_connected", "fit": "joint"}
    assert fits_compared.contradiction(row) == line
    # Nothing of the kind was looked for.
    assert fits_compared.contradiction(row | {"constraint": "convex"}) == ""
    assert fits_compared.contradiction(row | {"fit": "spatio-temporal"}) == ""


def test_four_panels_with_their_scores_and_the_reason():
    figure = fits_compared.draw_loss(two_bars(), "A title", why="because", remark="a remark")
    assert titles(figure) == [
        "(a) ground truth",
        "(b) UNet: IoU 0.623",
        "(c) path-connected: IoU 0.578",
        "(d) where they disagree",
    ]
    below = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert below[0] == ["because"]
    assert below[3] == ["a remark"]


def test_parts_of_the_truth_have_colours_of_their_own_and_the_bridge_is_wrong():
    figure = fits_compared.draw_loss(two_bars(), "A title")
    truth, differences = (figure.axes[place].images[0].get_array() for place in (0, 3))
    assert not np.allclose(truth[9, 5], truth[9, 22])
    assert np.ptp(truth[1, 1]) == pytest.approx(0)
    wrong = 0.25 * 0.4 + 0.75 * np.array(to_rgb("#e0218a"))
    assert np.allclose(differences[9, 15], wrong)
    assert not np.allclose(differences[7, 5], wrong)
