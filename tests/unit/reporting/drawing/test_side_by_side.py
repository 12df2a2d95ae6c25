"""The drawing functions of a gallery's figures, on arrays."""

import io
from dataclasses import replace

import numpy as np
import pytest
from shapely import Point

from isr.reporting import centroid_path, decay_series, depth_plane, level_surface, pattern, teaser


def texts(figure):
    figure.savefig(io.BytesIO())
    found = [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.title)]
    return [*found, figure.get_suptitle(), *(text.get_text() for text in figure.texts)]


def test_figure_1_says_what_it_shows(view):
    scribbled = replace(view, likely=None, scribbles=np.eye(30, 40, dtype=np.uint8), scores={})
    figure = teaser.draw([view, replace(scribbled, region=Point(20, 15).buffer(9))], "Title")
    found = texts(figure)
    assert len(figure.axes) == 4
    for words in ("(a) disc: unaries", "(b) convex", "(c) disc: scribbles", "Title"):
        assert words in found
    assert "IoU with unaries 0.810" in found


def test_figure_1_with_many_pictures(view):
    figure = teaser.draw([view] * 14, "Title")
    assert "(28) convex" in texts(figure)


def holes(places):
    mask = np.zeros((30, 40), bool)
    for row, column in places:
        mask[row : row + 4, column : column + 4] = True
    return mask


def test_hidden_holes_are_counted_and_specks_are_not(view):
    likely = holes([(2, 2), (2, 12), (12, 2)])
    mask = holes([(2, 2), (2, 12), (12, 2), (12, 12)])
    mask[25, 25] = True
    assert (pattern.count(likely), pattern.count(mask)) == (3, 4)
    np.testing.assert_array_equal(pattern.hidden_holes(mask, likely), holes([(12, 12)]))
    assert not pattern.hidden_holes(mask, None).any()
    assert pattern.count(np.zeros((3, 3), bool)) == 0
    figure = pattern.draw([replace(view, mask=mask, likely=likely)], "Title")
    assert "4 holes, 1 of them not in the unaries" in texts(figure)
    scored = replace(view, mask=mask, likely=likely, scores={"ground truth": 0.5}, unaries_iou=0.75)
    found = texts(pattern.draw([scored], "Title"))
    assert "4 holes, 1 of them not in the unaries; IoU with the truth 0.500" in found
    assert "3 holes; IoU with the truth 0.750" in found


def test_centroids_and_their_path():
    masks = np.zeros((4, 30, 40), bool)
    for frame, column in enumerate((4, 10, 16)):
        masks[frame, 8:12, column : column + 6] = True
    found = centroid_path.centroids(masks)
    np.testing.assert_allclose(found[:3], [[7, 10], [13, 10], [19, 10]])
    assert np.isnan(found[3]).all()
    assert centroid_path.unevenness(found[:3]) == 0
    assert np.isnan(centroid_path.unevenness(found[:2]))
    between = np.stack([np.linspace(7, 19, 9), np.full(9, 10.0)], axis=-1)
    figure = centroid_path.draw(
        np.full((3, 30, 40, 3), 0.5),
        found[:3],
        between,
        np.linspace(0, 1, 3),
        "Title",
        name="disc",
        constraint="convex",
    )
    assert "(b) convex in (x, y, t), 4 steps from frame to frame" in texts(figure)


@pytest.mark.parametrize("depth", [np.zeros((30, 40)), np.linspace(3, 9, 1200).reshape(30, 40)])
def test_figure_4(view, depth):
    scribbled = replace(view, likely=None, scribbles=np.eye(30, 40, dtype=np.uint8))
    figure = depth_plane.draw([scribbled, scribbled], depth, "Title")
    assert "(d) convex in (x, y, depth)" in texts(figure)


def test_figure_7_is_in_the_order_of_its_decays(view):
    figure = decay_series.draw([view] * 3, [1.0, 1e-5, 0.003], "Title")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[1:] == [
        "weight decay $10^{-5}$",
        r"weight decay $3 \cdot 10^{-3}$",
        "weight decay $10^{0}$",
    ]
    assert any(text.startswith("IoU 0.810, fills ") for text in texts(figure))


def test_solidity():
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12] = True
    assert decay_series.solidity(mask) == 1.0
    mask[2:7, 2:7] = False
    assert 0.7 < decay_series.solidity(mask) < 0.9
    assert np.isnan(decay_series.solidity(np.zeros((4, 4), bool)))


def test_several_surfaces(view):
    rows, columns = np.mgrid[:30, :40] + 0.5
    level = np.hypot(rows - 15, columns - 20) - 10
    figure = level_surface.draw_several([(level, view.image, f"S{k}") for k in range(3)], "Title")
    assert len(figure.axes) == 3
    assert {"S0", "S1", "S2", "Title"} <= set(texts(figure))
