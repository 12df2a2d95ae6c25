"""Figure 15: what training both jointly changes on one frame."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from isr.data.weak_labels.store import BACKGROUND, FOREGROUND
from isr.reporting import overlays, panels
from isr.reporting.shots import PREDICTOR, REPRESENTATION, Shot, draw_outputs, entries
from isr.reporting.teaser import scribble_entries

_DENSE = 0.2


def draw(shots: Mapping[str, Shot], labels: NDArray[np.uint8] | None, title: str) -> Figure:
    """Draw what each way of fitting makes of a frame, a row for each.

    Args:
        shots: the same frame by the name of the fit, such as sequential and joint.
        labels: its weak labels (h, w): 0 none, 255 background, 1 foreground; or None.
        title: stands above.
    """
    first = next(iter(shots.values()))
    figure, axes = panels.lay_out(
        [[first.aspect] * 3] * len(shots),
        title,
        captions=any(shot.remark for shot in shots.values()),
        tallest=3.2,
    )
    if labels is None:
        overlays.show(axes[0][0], first.image)
        panels.head(axes[0][0], f"frame {first.frame}")
    else:
        overlays.show(axes[0][0], _with_labels(first, labels))
        panels.head(axes[0][0], f"frame {first.frame}: weak labels")
    for row in axes[1:]:
        overlays.show(row[0], first.image)
        panels.head(row[0], "ground truth" if first.ground_truth is not None else "")
    for row, (fit, shot) in zip(axes, shots.items(), strict=True):
        heads = shot.heading(PREDICTOR, f"{fit} "), shot.heading(REPRESENTATION, f"{fit} ")
        draw_outputs(row[1], row[2], shot, heads)
    if first.ground_truth is not None:
        overlays.draw_ground_truth(axes[-1][0], first.ground_truth)
    panels.add_legend(figure, _entries(first, labels is not None))
    return figure


def _with_labels(shot: Shot, labels: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The frame with its weak labels; where most pixels are labelled it shows through."""
    if np.count_nonzero(labels) < _DENSE * labels.size:
        return overlays.with_scribbles(0.6 * shot.image + 0.4, labels)
    shown = np.array(shot.image, dtype=float)
    for here, colour in (
        (labels == BACKGROUND, overlays.BACKGROUND_SCRIBBLE),
        (labels == FOREGROUND, overlays.OBJECT_SCRIBBLE),
    ):
        shown[here] = 0.6 * shown[here] + 0.4 * np.asarray(to_rgb(colour))
    return shown


def _entries(shot: Shot, labelled: bool) -> list[panels.Entry]:
    strokes = scribble_entries() if labelled else []
    return [(handle, text.replace("scribble", "label")) for handle, text in strokes] + entries(shot)
