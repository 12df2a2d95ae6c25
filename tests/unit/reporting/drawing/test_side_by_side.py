"""Figures 1, 2, 4 and 7, on views."""

import io
from dataclasses import replace

import numpy as np
import pytest
from evaluated_cells import disc_view
from shapely import Point

from isr.reporting.drawing import side_by_side


def texts(figure):
    figure.savefig(io.BytesIO())
    found = [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.title)]
    return [*found, figure.get_suptitle(), *(text.get_text() for text in figure.texts)]


def test_figure_1_says_what_it_shows():
    scribbled = replace(
        disc_view(), predicted=None, scribbles=np.eye(30, 40, dtype=np.uint8), scores={}
    )
    figure = side_by_side.draw_pairs(
        [disc_view(), replace(scribbled, region=Point(20, 15).buffer(9))], "Title"
    )
    found = texts(figure)
    assert len(figure.axes) == 4
    for words in ("(a) disc: unaries", "(b) convex", "(c) disc: scribbles", "Title"):
        assert words in found
    assert "IoU with unaries 0.810" in found
    many = side_by_side.draw_pairs([disc_view()] * 14, "Title")
    assert many.axes[-1].get_title() == "(28) convex"


def holes(places):
    mask = np.zeros((30, 40), bool)
    for row, column in places:
        mask[row : row + 4, column : column + 4] = True
    return mask


def test_hidden_holes_are_counted_and_specks_are_not():
    likely = holes([(2, 2), (2, 12), (12, 2)])
    mask = holes([(2, 2), (2, 12), (12, 2), (12, 12)])
    mask[25, 25] = True
    assert (side_by_side.count_holes(likely), side_by_side.count_holes(mask)) == (3, 4)
    np.testing.assert_array_equal(side_by_side.hidden_holes(mask, likely), holes([(12, 12)]))
    assert not side_by_side.hidden_holes(mask, None).any()
    assert side_by_side.count_holes(np.zeros((3, 3), bool)) == 0
    view = replace(disc_view(), mask=mask, predicted=likely)
    found = texts(side_by_side.draw_pattern([view], "Title"))
    assert {"3 holes", "4 holes, 1 of them not in the unaries"} <= set(found)
    scores = {(output, "ground truth"): 0.5 for output in ("representation", "predictor")}
    found = texts(side_by_side.draw_pattern([replace(view, scores=scores)] * 8, "Title"))
    assert "4 holes, 1 of them not in the unaries; IoU with the truth 0.500" in found
    assert {"3 holes; IoU with the truth 0.500", "(j) convex"} <= set(found)


@pytest.mark.parametrize("depth", [np.zeros((30, 40)), np.linspace(3, 9, 1200).reshape(30, 40)])
def test_figure_4(depth):
    scribbled = replace(disc_view(), predicted=None, scribbles=np.eye(30, 40, dtype=np.uint8))
    figure = side_by_side.draw_depth([scribbled, scribbled], depth, "Title")
    assert "(d) convex in (x, y, depth)" in texts(figure)


def test_figure_7_is_in_the_order_of_its_decays():
    figure = side_by_side.draw_decays([disc_view()] * 3, [1.0, 1e-5, 0.003], "Title")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[1:] == [
        "weight decay 10⁻⁵",
        "weight decay 3 · 10⁻³",
        "weight decay 10⁰",
    ]
    assert any(text.startswith("IoU 0.810, fills ") for text in texts(figure))


def test_solidity():
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12] = True
    assert side_by_side.solidity(mask) == 1.0
    mask[2:7, 2:7] = False
    assert 0.7 < side_by_side.solidity(mask) < 0.9
    assert np.isnan(side_by_side.solidity(np.zeros((4, 4), bool)))
