"""Masks, outlines and scribbles over a picture; what a view shows."""

import numpy as np
import pytest
from evaluated_cells import disc_picture, disc_view
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from shapely import MultiPolygon, Polygon, box

from isr.reporting.drawing import overlays


def test_tint_mixes_the_colour_into_the_mask_only():
    image = np.full((2, 2, 3), 0.5)
    mask = np.array([[True, False], [False, False]])
    tinted = overlays.tinted(image, mask, "#ff0000", strength=0.5)
    np.testing.assert_allclose(tinted[0, 0], [0.75, 0.25, 0.25])
    np.testing.assert_allclose(tinted[1, 1, 0], tinted[1, 1, 2])


def test_scribbles_are_painted():
    painted = overlays.with_scribbles(disc_picture().image, disc_picture().scribbles)
    np.testing.assert_allclose(painted[14, 20], to_rgb(overlays.OBJECT_SCRIBBLE), atol=1e-6)
    np.testing.assert_allclose(painted[1, 20], to_rgb(overlays.BACKGROUND_SCRIBBLE), atol=1e-6)
    np.testing.assert_array_equal(painted[10, 5], disc_picture().image[10, 5])


def test_outlines_of_masks_and_regions_agree():
    mask = np.zeros((6, 9), bool)
    mask[2:4, 3:8] = True
    for shape in (mask, box(3, 2, 8, 4)):
        (line,) = overlays.outlines(shape)
        assert (line.min(axis=0) == [3, 2]).all()
        assert (line.max(axis=0) == [8, 4]).all()
    ringed = box(0, 0, 9, 9).difference(box(3, 3, 4, 4))
    assert len(overlays.outlines(MultiPolygon([ringed, box(20, 0, 30, 9)]))) == 3
    assert overlays.outlines(Polygon()) == []


def test_the_outline_of_a_mask_at_the_border_is_closed():
    (line,) = overlays.outlines(np.ones((4, 6), bool))
    np.testing.assert_array_equal(line[0], line[-1])
    assert (line.min(axis=0) == 0).all()
    assert (line.max(axis=0) == [6, 4]).all()


@pytest.mark.parametrize(
    ("status", "below"), [("", []), ("failed", ["the fit of this frame failed"])]
)
def test_both_outputs_are_drawn(status, below):
    left, right = Figure().subplots(1, 2)
    overlays.draw_outputs(left, right, disc_view(status=status), ("one", "two"))
    assert (left.get_title(), right.get_title()) == ("one", "two")
    assert [text.get_text() for text in right.texts] == below
    assert len(left.lines) == len(right.lines) == 1
    assert left.lines[0].get_color() != right.lines[0].get_color()


def test_a_fit_to_scribbles_has_no_unaries_to_draw():
    scribbled = disc_view(predicted=None, scribbles=disc_picture().scribbles)
    left, right = Figure().subplots(1, 2)
    overlays.draw_outputs(left, right, scribbled, ("", ""))
    assert (len(left.lines), len(right.lines)) == (0, 1)
    assert (overlays.evidence(scribbled), overlays.evidence(disc_view(predictor="FCN"))) == (
        "scribbles",
        "FCN",
    )


def test_legends_name_the_predictors():
    views = [disc_view(), disc_view(predictor="FCN"), disc_view(predicted=None)]
    names = [name for _, name in overlays.evidence_entries(views, "representation")]
    assert names == ["unaries, FCN, thresholded", "representation"]
    truth = disc_picture().ground_truth
    assert [name for _, name in overlays.entries(disc_view(ground_truth=truth))][
        -1
    ] == "ground truth"
    assert len(overlays.entries(disc_view())) == 2
