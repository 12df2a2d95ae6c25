"""One view with what a predictor and a representation make of it, and evidence."""

import pytest
from evaluated_cells import disc_picture, disc_view
from matplotlib.figure import Figure

from isr.reporting.drawing.outputs import draw_outputs, entries, evidence, evidence_entries


@pytest.mark.parametrize(
    ("status", "below"), [("", [""]), ("failed", ["the fit of this frame failed"])]
)
def test_both_outputs_are_drawn(status, below):
    left, right = Figure().subplots(1, 2)
    draw_outputs(left, right, disc_view(status=status), ("one", "two"))
    assert (left.get_title(), right.get_title()) == ("one", "two")
    assert [text.get_text() for text in right.texts] == below
    assert len(left.lines) == len(right.lines) == 1
    assert left.lines[0].get_color() != right.lines[0].get_color()


def test_a_fit_to_scribbles_has_no_unaries_to_draw():
    scribbled = disc_view(predicted=None, scribbles=disc_picture().scribbles)
    left, right = Figure().subplots(1, 2)
    draw_outputs(left, right, scribbled, ("", ""))
    assert (len(left.lines), len(right.lines)) == (0, 1)
    assert (evidence(scribbled), evidence(disc_view(predictor="FCN"))) == ("scribbles", "FCN")


def test_legends_name_the_predictors():
    views = [disc_view(), disc_view(predictor="FCN"), disc_view(predicted=None)]
    names = [name for _, name in evidence_entries(views, "representation")]
    assert names == ["unaries, FCN, thresholded", "representation"]
    truth = disc_picture().ground_truth
    assert [name for _, name in entries(disc_view(ground_truth=truth))][-1] == "ground truth"
    assert len(entries(disc_view())) == 2
