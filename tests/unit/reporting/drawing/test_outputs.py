"""One frame with what a predictor and a representation make of it."""

import numpy as np
import pytest
from isr.reporting.shots import PREDICTOR, REPRESENTATION, Shot, draw_outputs, entries
from matplotlib.figure import Figure


def make_shot(ground_truth=None, scores=None, remark=""):
    rows, columns = np.mgrid[:12, :16]
    mask = (rows > 3) & (columns > 5)
    return Shot(
        "drive",
        3,
        np.full((12, 16, 3), 0.5),
        ground_truth,
        mask,
        mask,
        scores or {},
        "UNet",
        remark=remark,
    )


def test_without_a_ground_truth_nothing_is_scored():
    shot = make_shot()
    assert not shot.truth.any()
    assert shot.unknown.all()
    assert np.isnan(shot.gain)
    assert shot.heading(PREDICTOR) == "UNet"
    assert [name for _, name in entries(shot)] == ["UNet", "path-connected"]


def test_a_ground_truth_is_scored_where_it_is_known():
    truth = np.zeros((12, 16), np.uint8)
    truth[4:6, 4:6], truth[0] = 255, 128
    shot = make_shot(truth, {PREDICTOR: 0.5, REPRESENTATION: 0.75})
    assert (shot.truth.sum(), shot.unknown.sum()) == (4, 16)
    assert shot.gain == pytest.approx(0.25)
    assert shot.heading(REPRESENTATION, "(b) ") == "(b) path-connected: IoU 0.750"
    assert shot.scored(PREDICTOR) == "IoU 0.500"
    assert [name for _, name in entries(shot)][-1] == "ground truth"


@pytest.mark.parametrize(
    ("remark", "below"), [("", [""]), ("failed", ["the fit of this frame failed"])]
)
def test_both_outputs_are_drawn(remark, below):
    left, right = Figure().subplots(1, 2)
    draw_outputs(left, right, make_shot(remark=remark), ("one", "two"))
    assert (left.get_title(), right.get_title()) == ("one", "two")
    assert [text.get_text() for text in right.texts] == below
    assert len(left.lines) == len(right.lines) == 1
    assert left.lines[0].get_color() != right.lines[0].get_color()
