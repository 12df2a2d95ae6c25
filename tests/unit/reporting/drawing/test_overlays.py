import numpy as np
from evaluated_cells import disc_picture
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

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


def test_the_outline_of_a_mask_at_the_border_is_closed():
    axes = Figure().add_subplot()
    overlays.draw_outline(axes, np.ones((4, 6), bool), "#000000")
    (line,) = axes.lines
    points = line.get_xydata()
    np.testing.assert_array_equal(points[0], points[-1])
    assert points[:, 0].min() == 0.0
    assert points[:, 0].max() == 6.0
    assert points[:, 1].max() == 4.0
