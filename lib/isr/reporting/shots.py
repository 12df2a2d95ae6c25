"""One frame of a video and what a predictor and a representation make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from isr.data.dataset import OBJECT, UNKNOWN
from isr.reporting import overlays, panels
from isr.reporting.overlays import Mask

PREDICTOR = "predictor"
REPRESENTATION = "representation"


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame of a video and what a cell makes of it.

    Attributes:
        video: name of the video.
        frame: number of the frame.
        image: (h, w, 3) in [0, 1].
        ground_truth: (h, w), 255 object; or None.
        predicted: (h, w), the thresholded unaries.
        mask: (h, w), the foreground of the representation.
        scores: IoU with the ground truth by output; empty without a ground truth.
        predictor: name of the predictor in print.
        constraint: of the representation, in words.
        remark: what became of a fit that did not succeed, such as "failed"; else empty.
    """

    video: str
    frame: int
    image: NDArray[np.floating]
    ground_truth: NDArray[np.uint8] | None
    predicted: Mask
    mask: Mask
    scores: Mapping[str, float] = field(default_factory=dict)
    predictor: str = "predictor"
    constraint: str = "path-connected"
    remark: str = ""

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.image.shape[1] / self.image.shape[0])

    @property
    def truth(self) -> Mask:
        """The object of the ground truth (h, w); empty without one."""
        if self.ground_truth is None:
            return np.zeros(self.mask.shape, dtype=bool)
        return np.asarray(self.ground_truth == OBJECT)

    @property
    def unknown(self) -> Mask:
        """Where the ground truth says nothing (h, w)."""
        if self.ground_truth is None:
            return np.ones(self.mask.shape, dtype=bool)
        return np.asarray(self.ground_truth == UNKNOWN)

    @property
    def gain(self) -> float:
        """IoU of the representation less that of the predictor; NaN where it is not known."""
        return self.scores.get(REPRESENTATION, np.nan) - self.scores.get(PREDICTOR, np.nan)

    def scored(self, output: str, called: str = "") -> str:
        """The IoU of an output with the ground truth, as far as known, after what it is called."""
        value = self.scores.get(output, np.nan)
        return ": ".join(filter(None, (called, "" if np.isnan(value) else f"IoU {value:.3f}")))

    def heading(self, output: str, before: str = "") -> str:
        """The name of an output and its IoU."""
        name = self.predictor if output == PREDICTOR else self.constraint
        return self.scored(output, before + name)


def draw_outputs(left: Axes, right: Axes, shot: Shot, heads: tuple[str, str]) -> None:
    """Draw the predictor on the left and the representation on the right, under two headings."""
    for axes, mask, colour, head in (
        (left, shot.predicted, overlays.PREDICTOR, heads[0]),
        (right, shot.mask, overlays.REPRESENTATION, heads[1]),
    ):
        overlays.show_segmentation(axes, shot.image, mask, colour, shot.ground_truth)
        panels.head(axes, head)
    panels.caption(right, f"the fit of this frame {shot.remark}" if shot.remark else "")


def entries(shot: Shot) -> list[panels.Entry]:
    """What `draw_outputs` draws, for a legend."""
    found = [
        (panels.line(overlays.PREDICTOR), shot.predictor),
        (panels.line(overlays.REPRESENTATION), shot.constraint),
    ]
    if shot.ground_truth is not None:
        found.append((panels.line("#000000", 1.2, "--"), "ground truth"))
    return found
