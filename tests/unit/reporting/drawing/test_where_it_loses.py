"""Figures 6 and 13: what is drawn and said of the frame."""

import numpy as np
import pytest
from evaluated_cells import disc_view, titles
from matplotlib.colors import to_rgb

from isr.reporting.drawing import where_it_loses


def make_view(truth, predicted, mask):
    against = "ground truth"
    return disc_view(
        frame=9,
        image=np.full((*truth.shape, 3), 0.4),
        ground_truth=np.where(truth, 255, 0).astype(np.uint8),
        predicted=predicted,
        mask=mask,
        scores={("predictor", against): 0.623, ("representation", against): 0.578},
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
    assert where_it_loses.contradiction(row) == line
    # Nothing of the kind was looked for.
    assert where_it_loses.contradiction(row | {"constraint": "convex"}) == ""
    assert where_it_loses.contradiction(row | {"fit": "spatio-temporal"}) == ""


def test_four_panels_with_their_scores_and_the_reason():
    figure = where_it_loses.draw(two_bars(), "A title", why="because", remark="a remark")
    assert titles(figure) == [
        "(a) ground truth",
        "(b) UNet: IoU 0.623",
        "(c) path-connected: IoU 0.578",
        "(d) where they disagree",
    ]
    below = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert below[0] == ["because"]
    assert below[3] == ["a remark"]


def test_parts_of_the_truth_have_colours_of_their_own():
    figure = where_it_loses.draw(two_bars(), "A title")
    shown = figure.axes[0].images[0].get_array()
    left, right, background = shown[9, 5], shown[9, 22], shown[1, 1]
    assert not np.allclose(left, right)
    assert np.ptp(background) == pytest.approx(0)


def test_the_bridge_is_shown_as_wrong():
    figure = where_it_loses.draw(two_bars(), "A title")
    shown = figure.axes[3].images[0].get_array()
    wrong = 0.25 * 0.4 + 0.75 * np.array(to_rgb("#e0218a"))
    assert np.allclose(shown[9, 15], wrong)
    assert not np.allclose(shown[7, 5], wrong)
