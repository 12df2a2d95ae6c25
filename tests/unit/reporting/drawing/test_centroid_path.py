"""Figure 3: centroids, and how their path is drawn."""

import numpy as np

from isr.reporting.drawing import centroid_path


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
        predictor="UNet",
        constraint="convex",
    )
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        "(a) disc: UNet, frame by frame",
        "(b) convex in (x, y, t), 4 steps from frame to frame",
    ]
