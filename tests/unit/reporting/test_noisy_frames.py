"""Figure 18: which frames are shown, and that noisy ones are marked."""

import numpy as np
import pytest

from isr.errors import UserError
from isr.reporting import noisy_frames
from isr.reporting.noisy_frames import NOISE, Moment


@pytest.mark.parametrize(
    ("noisy", "count", "wanted", "shown"),
    [
        ([5, 12, 13, 16], 19, None, range(11, 17)),
        ([5, 12, 13, 16], 19, [10, 15], range(10, 16)),
        ([], 19, None, range(6)),
        ([1], 4, None, range(4)),
        ([2], 4, [3, 3], range(3, 4)),
    ],
)
def test_the_frames_that_are_shown(noisy, count, wanted, shown):
    assert noisy_frames.choose(noisy, count, wanted) == shown


@pytest.mark.parametrize("wanted", [[3], [4, 2], [0, 19], [-1, 3], ["a", "b"], 7])
def test_frames_that_are_no_range(wanted):
    with pytest.raises(UserError, match="frames of the settings"):
        noisy_frames.choose([], 19, wanted)


def draw():
    mask = np.zeros((12, 16), bool)
    mask[3:8, 4:9] = True
    image = np.full((12, 16, 3), 0.4)
    rows = [
        [Moment(4.0, mask, image, iou=0.81), Moment(4.5, mask)],
        [Moment(5.0, mask, image, noisy=True)],
    ]
    return noisy_frames.draw(rows, "A title", constraint="path-connected")


def test_frames_stand_before_what_lies_between_them():
    figure = draw()
    assert [axes.get_title() for axes in figure.axes] == [
        "frame 4: IoU 0.81",
        "frame 4.50",
        "frame 5, noise",
        "",
    ]


def test_noisy_frames_are_marked_and_masks_between_stand_on_white():
    clean, between, noisy, none = draw().axes
    assert clean.title.get_color() != NOISE == noisy.title.get_color()
    assert len(noisy.patches) == len(clean.patches) + 1
    assert noisy.patches[-1].get_edgecolor()[:3] == pytest.approx((0.878, 0.129, 0.541), abs=1e-3)
    shown = between.images[0].get_array()
    assert np.all(shown[0, 0] == 1)
    assert shown[5, 6, 2] < 0.6
    assert not none.images
