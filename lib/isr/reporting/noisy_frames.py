"""Figure 18: a region in (x, y, t) that was fitted to some frames of noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from isr.errors import UserError
from isr.reporting import overlays, panels
from isr.reporting.overlays import Mask

NOISE = "#e0218a"
_COUNT = 6


@dataclass(frozen=True, eq=False)
class Moment:
    """A region at a frame or between two.

    Attributes:
        time: as index of the frame.
        mask: (h, w), the foreground of the representation.
        image: (h, w, 3) in [0, 1] of the frame; None between frames.
        noisy: whether the unaries of the frame were replaced by noise.
        iou: with the clean unaries, None where it is not known.
    """

    time: float
    mask: Mask
    image: NDArray[np.floating] | None = None
    noisy: bool = False
    iou: float | None = None


def choose(noisy: Sequence[int], count: int, wanted: Sequence[int] | None = None) -> range:
    """The frames to show: those wanted (first and last), else six with as many noisy as can be.

    Args:
        noisy: numbers of the noisy frames.
        count: number of frames of the video.
        wanted: first and last, or None.

    Raises:
        UserError: what is wanted is no range of frames of the video.
    """
    if wanted is not None:
        match wanted:
            case [int(first), int(last)] if 0 <= first <= last < count:
                return range(first, last + 1)
        raise UserError(
            f"frames of the settings is {wanted}: give the first and the last of {count} frames, "
            f"such as [0, {min(count, _COUNT) - 1}]."
        )
    starts = range(max(1, count - _COUNT + 1))
    # Between noisy frames there should be clean ones: of equals the one that begins with such.
    found = max(
        starts,
        key=lambda start: (
            sum(start <= each < start + _COUNT for each in noisy),
            sum(start < each < start + _COUNT - 1 for each in noisy),
            -start,
        ),
    )
    return range(found, min(found + _COUNT, count))


def draw(rows: Sequence[Sequence[Moment]], title: str, *, constraint: str) -> Figure:
    """Draw a row for each frame: the frame, then the masks on the way to the next one on white.

    Args:
        rows: a frame and the moments up to the next; the last row may be the frame alone.
        title: stands above.
        constraint: of the representation, in words.
    """
    height, width = rows[0][0].mask.shape
    columns = max(map(len, rows))
    figure, axes = panels.lay_out(
        [[width / height] * columns] * len(rows), title, captions=False, tallest=2.0
    )
    for places, row in zip(axes, rows, strict=True):
        for place, moment in zip(places, row, strict=False):
            _draw_moment(place, moment)
        for place in places[len(row) :]:
            place.set_axis_off()
    panels.add_legend(
        figure,
        [
            (panels.line(overlays.REPRESENTATION), f"{constraint} in (x, y, t)"),
            (
                Rectangle((0, 0), 1, 1, fill=False, edgecolor=NOISE, lw=3),
                "frame fitted to noise",
            ),
        ],
    )
    return figure


def _draw_moment(axes: Axes, moment: Moment) -> None:
    if moment.image is None:
        shown = np.ones((*moment.mask.shape, 3))
        shown[moment.mask] = 0.35 + 0.65 * np.array(to_rgb(overlays.REPRESENTATION))
        overlays.show(axes, shown)
        overlays.draw_outline(axes, moment.mask, overlays.REPRESENTATION, width=0.9)
        _frame(axes, "#9aa1a8", 0.8)
        axes.set_title(f"frame {moment.time:.2f}", fontsize=9, pad=3, color="#5b6670")
        return
    overlays.show(axes, moment.image)
    overlays.draw_outline(axes, moment.mask, overlays.REPRESENTATION)
    score = "" if moment.iou is None else f": IoU {moment.iou:.2f}"
    words = f"frame {round(moment.time)}{', noise' if moment.noisy else ''}{score}"
    axes.set_title(words, fontsize=9.5, pad=3, color=NOISE if moment.noisy else "#000000")
    if moment.noisy:
        _frame(axes, NOISE, 3.5)


def _frame(axes: Axes, colour: str, width: float) -> None:
    """A line round a whole panel."""
    place = Rectangle(
        (0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=colour, lw=width
    )
    place.set_clip_on(False)
    axes.add_patch(place)
