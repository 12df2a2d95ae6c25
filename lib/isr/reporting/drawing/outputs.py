"""What a predictor and a representation make of a picture, panel by panel, for many figures."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes

from isr.evaluation.columns import GROUND_TRUTH, SCRIBBLES, UNARIES
from isr.reporting.cell_files import REPRESENTATION, View
from isr.reporting.drawing import overlays, panels


def evidence(view: View) -> str:
    """What a representation was fitted to, in a word or two."""
    return "scribbles" if view.predicted is None else view.predictor


def draw_evidence(axes: Axes, view: View) -> None:
    """Show the thresholded unaries in blue, or the scribbles where there are none."""
    image = view.image
    if view.predicted is not None:
        image = overlays.tinted(image, view.predicted, overlays.PREDICTOR)
    if view.scribbles is not None:
        image = overlays.with_scribbles(image, view.scribbles)
    overlays.show(axes, image)
    if view.predicted is not None:
        # The mask is often scattered: a thick outline would hide it.
        overlays.draw_outline(axes, view.predicted, overlays.PREDICTOR, width=0.7)


def draw_result(axes: Axes, view: View, *, outline: float = 1.8) -> None:
    """Show the foreground of the representation in orange, with an outline so many points wide."""
    overlays.show(axes, overlays.tinted(view.image, view.mask, overlays.REPRESENTATION))
    if view.region is None:
        overlays.draw_outline(axes, view.mask, overlays.REPRESENTATION, width=outline)
    else:
        overlays.draw_region(axes, view.region, overlays.REPRESENTATION, width=outline)


def score_line(view: View) -> str:
    """IoU with the best that is known: ground truth, unaries or scribbles; empty without any."""
    for against in (GROUND_TRUTH, UNARIES, SCRIBBLES):
        iou = view.iou(REPRESENTATION, against)
        if not np.isnan(iou):
            return f"IoU with {against} {iou:.3f}"
    return ""


def draw_outputs(left: Axes, right: Axes, view: View, heads: tuple[str, str]) -> None:
    """Draw the predictor on the left and the representation on the right, under two headings."""
    for axes, mask, colour, head in (
        (left, view.predicted, overlays.PREDICTOR, heads[0]),
        (right, view.mask, overlays.REPRESENTATION, heads[1]),
    ):
        panels.head(axes, head)
        if mask is None:
            overlays.show(axes, view.image)
        else:
            overlays.show_segmentation(axes, view.image, mask, colour, view.ground_truth)
    panels.caption(right, f"the fit of this frame {view.status}" if view.status else "")


def entries(view: View) -> list[panels.Entry]:
    """What `draw_outputs` draws, for a legend."""
    found = [
        (panels.line(overlays.PREDICTOR), view.predictor),
        (panels.line(overlays.REPRESENTATION), view.constraint),
    ]
    if view.ground_truth is not None:
        found.append((panels.line("#000000", 1.2, "--"), "ground truth"))
    return found


def evidence_entries(views: Iterable[View], representation: str) -> list[panels.Entry]:
    """What `draw_evidence` and `draw_result` draw, for a legend."""
    shown = list(views)
    predictors = dict.fromkeys(view.predictor for view in shown if view.predicted is not None)
    found = []
    if predictors:
        names = ", ".join(predictors)
        found.append((panels.line(overlays.PREDICTOR), f"{names}, thresholded"))
    if any(view.scribbles is not None for view in shown):
        found += scribble_entries()
    found.append((panels.line(overlays.REPRESENTATION), representation))
    return found


def scribble_entries(noun: str = "scribble") -> list[panels.Entry]:
    """What scribbles look like, for a legend."""
    return [
        (panels.line(overlays.OBJECT_SCRIBBLE, 4), f"object {noun}"),
        (panels.line(overlays.BACKGROUND_SCRIBBLE, 4), f"background {noun}"),
    ]
