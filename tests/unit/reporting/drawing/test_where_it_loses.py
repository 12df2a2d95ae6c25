"""Figures 6 and 13: which frame is chosen, and what is said of it."""

import numpy as np
import pandas as pd
import pytest
from isr.reporting.shots import Shot
from matplotlib.colors import to_rgb

from isr.errors import UserError
from isr.reporting import where_it_loses

GAINS = {0: 0.1, 9: -0.3, 18: -0.05}


def scores(gains):
    table = pd.DataFrame({"predictor": 0.5, "representation": 0.5}, index=list(gains))
    table["representation"] += pd.Series(gains)
    return table


def make_shot(truth, predicted, mask):
    image = np.full((*truth.shape, 3), 0.4)
    ground_truth = np.where(truth, 255, 0).astype(np.uint8)
    return Shot(
        "drive",
        9,
        image,
        ground_truth,
        predicted,
        mask,
        {"predictor": 0.623, "representation": 0.578},
        "UNet",
    )


def two_bars():
    truth = np.zeros((20, 30), bool)
    truth[5:15, 3:10] = truth[5:15, 20:27] = True
    bridged = truth.copy()
    bridged[9:11] |= np.arange(30) < 25
    bridged[9:11, :3] = False
    return make_shot(truth, truth, bridged)


@pytest.mark.parametrize(
    ("rank", "frame", "gain"), [(1, 9, -0.3), (2, 18, -0.05), (3, 0, 0.1), (-1, 0, 0.1)]
)
def test_the_rank_th_largest_loss_is_chosen(rank, frame, gain):
    choice = where_it_loses.choose(scores(GAINS), rank)
    assert (choice.frame, choice.losing, choice.frames) == (frame, 2, 3)
    assert choice.gain == pytest.approx(gain)
    assert choice.words() == "the prior loses on 2 of 3 annotated frames"


def test_a_representation_that_loses_nowhere():
    choice = where_it_loses.choose(scores({0: 0.2, 9: 0.01, 18: np.nan}))
    assert choice.frame == 9
    assert choice.words() == "the prior loses on none of 2 annotated frames"
    choice = where_it_loses.choose(scores({0: 0.2}), left_out=3)
    assert choice.words() == (
        "the prior loses on none of 1 annotated frame (3 without a fit left out)"
    )


@pytest.mark.parametrize("rank", [0, 4, -4])
def test_a_rank_that_there_is_not(rank):
    with pytest.raises(UserError, match="there are 3 annotated frames"):
        where_it_loses.choose(scores(GAINS), rank)


def test_nothing_to_compare():
    with pytest.raises(UserError, match="compares nothing"):
        where_it_loses.choose(scores(GAINS)[["representation"]])


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
    assert [axes.get_title() for axes in figure.axes] == [
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
