"""Figure 19: how many frames stand beside each other, and whether their headings have room."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from isr.reporting import annotated_frames
from isr.reporting.shots import Shot


def make(count, fits):
    mask = np.zeros((24, 32), bool)
    mask[6:12, 8:20] = True
    truth = np.where(mask, 255, 0).astype(np.uint8)
    image = np.full((24, 32, 3), 0.4)
    scores = {"predictor": 0.5, "representation": 0.75}
    return [
        {fit: Shot("clip", number, image, truth, mask, mask, scores, "UNet") for fit in fits}
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "fits", "beside", "heading"),
    [
        (3, ["sequential"], 3, "path-connected: IoU 0.750"),
        (7, ["sequential"], 6, "IoU 0.750"),
        (3, ["sequential", "joint"], 5, "sequential: IoU 0.750"),
    ],
)
def test_headings_have_room(count, fits, beside, heading):
    figure = annotated_frames.draw(make(count, fits), "A title")
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert len(figure.axes) == count * (1 + 2 * len(fits))
    assert figure.axes[2].get_title() == heading
    first = [axes.title.get_window_extent(renderer) for axes in figure.axes[:beside]]
    assert len({round(box.y0) for box in first}) == 1
    assert all(left.x1 + 2 < right.x0 for left, right in itertools.pairwise(first))
    assert max(box.x1 for box in first) < figure.bbox.x1


def test_many_frames_stay_on_a_page():
    figure = annotated_frames.draw(make(24, ["joint"]), "A title")
    assert figure.get_size_inches()[1] < 28
