"""Figure 5 (figure 2 of the workshop paper): what each way of fitting makes of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from isr.reporting import overlays, words

_PANELS = 5
_PANEL_WIDTH = 2.5
_CAPTION = 0.36
_LEGEND = 0.42


@dataclass(frozen=True)
class Segmentation:
    """A mask (h, w) and its IoU with the ground truth in [0, 1], None when there is none."""

    mask: NDArray[np.bool_]
    iou: float | None = None


@dataclass(frozen=True)
class Comparison:
    """One picture and what was made of it; None where a fit did not run.

    Attributes:
        name: name of the picture.
        image: (h, w, 3) in [0, 1].
        scribbles: (h, w), 0 none, 255 background, else object.
        ground_truth: (h, w), 255 object, or None.
        segmentations: predictor, its projection, joint predictor, joint representation.
    """

    name: str
    image: NDArray[np.floating]
    scribbles: NDArray[np.uint8]
    ground_truth: NDArray[np.uint8] | None
    segmentations: tuple[
        Segmentation | None, Segmentation | None, Segmentation | None, Segmentation | None
    ]


def draw(
    rows: Sequence[Comparison], title: str | None = None, *, constraint: str = "convex"
) -> Figure:
    """Draw one row of five panels for each picture: scribbles, predictor, projection, joint fits.

    Masks are tinted and outlined, blue for predictors and orange for representations; the ground
    truth is a thin dashed outline; the IoU stands under each panel. Representations are called by
    their `constraint`.
    """
    word = words.output("representation", constraint)
    headings = (
        "(a) scribbles",
        "(b) predictor",
        f"(c) projection: {word}",
        "(d) joint: predictor",
        f"(e) joint: {word}",
    )
    heights = [_PANEL_WIDTH * row.image.shape[0] / row.image.shape[1] + _CAPTION for row in rows]
    top = 0.3 + (0.32 if title else 0.0)
    size = (_PANELS * (_PANEL_WIDTH + 0.12), sum(heights) + top + _LEGEND)
    figure = Figure(figsize=size, dpi=160)
    grid = figure.add_gridspec(
        len(rows),
        _PANELS,
        height_ratios=heights,
        left=0.012,
        right=0.988,
        top=1 - top / size[1],
        bottom=_LEGEND / size[1],
        wspace=0.04,
        hspace=0.0,
    )
    if title:
        figure.suptitle(title, fontsize=13, y=1 - 0.08 / size[1], va="top")
    for index, row in enumerate(rows):
        panels = [figure.add_subplot(grid[index, column]) for column in range(_PANELS)]
        _draw_row(panels, row)
        if index == 0:
            for axes, heading in zip(panels, headings, strict=True):
                axes.set_title(heading, fontsize=11.5, pad=5)
    _draw_legend(figure, word)
    return figure


def _draw_row(panels: Sequence[Axes], row: Comparison) -> None:
    overlays.show(panels[0], overlays.with_scribbles(row.image, row.scribbles))
    _caption(panels[0], row.name)
    colours = (overlays.PREDICTOR, overlays.REPRESENTATION) * 2
    for axes, segmentation, colour in zip(panels[1:], row.segmentations, colours, strict=True):
        if segmentation is None:
            overlays.show(axes, np.full_like(row.image, 0.93))
            axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", fontsize=11)
            continue
        overlays.show_segmentation(axes, row.image, segmentation.mask, colour, row.ground_truth)
        if segmentation.iou is not None:
            _caption(axes, f"IoU {segmentation.iou:.3f}")


def _caption(axes: Axes, text: str) -> None:
    axes.annotate(
        text,
        (0.5, 0.0),
        xycoords="axes fraction",
        xytext=(0, -4),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=10.5,
    )


def _draw_legend(figure: Figure, representation: str) -> None:
    lines = [
        ("object scribble", overlays.OBJECT_SCRIBBLE, "-", 4),
        ("background scribble", overlays.BACKGROUND_SCRIBBLE, "-", 4),
        ("predictor", overlays.PREDICTOR, "-", 2.5),
        (f"representation: {representation}", overlays.REPRESENTATION, "-", 2.5),
        ("ground truth", "#000000", "--", 1.2),
    ]
    figure.legend(
        [Line2D([], [], color=colour, ls=style, lw=width) for _, colour, style, width in lines],
        [text for text, *_ in lines],
        loc="lower center",
        ncols=len(lines),
        frameon=False,
        fontsize=10.5,
        borderaxespad=0.2,
    )
