import io

import numpy as np
import pytest
from evaluated_cells import disc_picture
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from isr.reporting.drawing import level_surface


def cone(height=30, width=40):
    rows, columns = np.mgrid[:height, :width] + 0.5
    return np.hypot(rows - height / 2, columns - width / 2) - 10.0


def outlines(figure):
    return [child for child in figure.axes[0].collections if isinstance(child, Line3DCollection)][
        :2
    ]


def test_the_outline_lies_where_the_level_is_zero():
    figure = level_surface.draw(cone(), disc_picture().image, "Level")
    assert len(figure.axes) == 1
    (segment,) = outlines(figure)[0]._segments3d
    x, y, z = np.asarray(segment).T * 40
    np.testing.assert_allclose(np.hypot(x - 20, y - 15), 10.0, atol=0.1)
    assert (z == 0).all()


def test_cutting_keeps_the_part_below():
    triangle = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    (below,) = level_surface._cut([triangle], 0.0, keep_below=True)
    np.testing.assert_allclose(below, [[0, 0, -1], [0.5, 0, 0], [0, 0.5, 0]])
    (above,) = level_surface._cut([triangle], 0.0, keep_below=False)
    assert len(above) == 4
    assert above[:, 2].min() == 0.0
    assert level_surface._cut([triangle], -2.0, keep_below=True) == []


@pytest.mark.parametrize("level", [np.full((30, 40), 2.0), np.full((30, 40), -2.0), cone() * 1e6])
def test_empty_full_and_steep_levels_are_drawn(level):
    stream = io.BytesIO()
    level_surface.draw(level, disc_picture().image, "").savefig(stream)
    assert stream.tell() > 10_000


def test_several_surfaces():
    image = disc_picture().image
    figure = level_surface.draw_several([(cone(), image, f"S{k}") for k in range(3)], "Title")
    figure.savefig(io.BytesIO())
    assert len(figure.axes) == 3
    assert {"S0", "S1", "S2"} <= {text.get_text() for text in figure.texts}
