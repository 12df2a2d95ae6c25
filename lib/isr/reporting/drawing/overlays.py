"""A picture with masks, outlines and scribbles on axes; and what a view shows, panel by panel."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray
from scipy import ndimage
from shapely import get_parts
from skimage.measure import find_contours

from isr.data.pictures import BACKGROUND_SCRIBBLE as BACKGROUND
from isr.data.pictures import NO_SCRIBBLE, OBJECT
from isr.reporting.cell_files import Mask, Region, View
from isr.reporting.drawing import panels

Image = NDArray[np.floating]
Lines = list[NDArray[np.float64]]

PREDICTOR = "#1f8bf2"
REPRESENTATION = "#f07f13"
OBJECT_SCRIBBLE = "#35d461"
BACKGROUND_SCRIBBLE = "#e0218a"


def tinted(image: Image, mask: Mask, colour: str, *, strength: float = 0.55) -> Image:
    """Mix `colour` into the masked pixels and fade the others.

    Args:
        image: (h, w, 3) in [0, 1].
        mask: (h, w).
        colour: any colour that matplotlib knows.
        strength: share of the colour inside the mask.

    Returns:
        (h, w, 3) in [0, 1].
    """
    grey = image.mean(axis=-1, keepdims=True)
    faded = 0.55 * (0.35 * image + 0.65 * grey) + 0.2
    inside = (1.0 - strength) * image + strength * np.asarray(to_rgb(colour))
    return np.clip(np.where(mask[..., None], inside, faded), 0.0, 1.0)


def painted(image: Image, layers: Iterable[tuple[Mask, Any]], strength: float) -> Image:
    """Mix a colour into each of some masks (h, w) of a picture (h, w, 3), in their order."""
    shown = np.array(image, dtype=float)
    for here, colour in layers:
        shown[here] = (1 - strength) * shown[here] + strength * np.asarray(to_rgb(colour))
    return shown


def highlighted(image: Image, layers: Sequence[tuple[Mask, Any]], strength: float = 0.75) -> Image:
    """A picture (h, w, 3) that is painted inside some masks (h, w) and faded outside of all."""
    inside = np.broadcast_to(np.any([here for here, _ in layers], axis=0), image.shape[:2])
    return painted(tinted(image, inside, "#ffffff", strength=0.0), layers, strength)


def show(axes: Axes, image: Image) -> None:
    """Show a picture (h, w, 3) on bare axes, whose pixel (i, j) covers [j, j+1] x [i, i+1]."""
    height, width = image.shape[:2]
    axes.imshow(image, extent=(0, width, height, 0), interpolation="nearest")
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()


def contours(values: NDArray[np.floating], level: float) -> Lines:
    """The lines (n, 2) of points (row, column) on which an array (h, w) crosses a level."""
    return list(find_contours(values, level))


def outlines(shape: Mask | Region) -> Lines:
    """Closed lines (n, 2) as (x, y) in pixel units, holes included.

    That of a mask (h, w) runs half-way between pixel centres.
    """
    if isinstance(shape, np.ndarray):
        padded = np.pad(shape.astype(float), 1)
        return [line[:, ::-1] - 0.5 for line in contours(padded, 0.5)]
    parts = [part for part in get_parts(shape).tolist() if not part.is_empty]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [np.asarray(ring.coords) for ring in rings]


def draw_outline(
    axes: Axes, shape: Mask | Region, colour: str, *, width: float = 1.8, dashed: bool = False
) -> None:
    """Draw the outline of a mask (h, w) or of a region in pixel units; thick ones get a rim."""
    style: dict[str, Any] = {"linestyle": (0, (4, 2))} if dashed else {}
    effects = [Normal()] if dashed or width < 1.0 else rim(width)
    for line in outlines(shape):
        axes.plot(*line.T, color=colour, linewidth=width, path_effects=effects, **style)


def rim(width: float) -> list[Any]:
    """Path effects that put a dark rim around a line of the given width in points."""
    return [Stroke(linewidth=width + 1.4, foreground="#000000", alpha=0.55), Normal()]


def draw_ground_truth(axes: Axes, view: View) -> None:
    """Draw the outline of the object thin and dashed, where it is known."""
    if view.ground_truth is not None:
        mask = view.ground_truth == OBJECT
        draw_outline(axes, mask, "#000000", width=1.1)
        draw_outline(axes, mask, "#ffffff", width=1.1, dashed=True)


def with_scribbles(image: Image, scribbles: NDArray[np.uint8] | None) -> Image:
    """Paint scribbles (h, w: 0 none, 255 background, else object) over a picture (h, w, 3).

    Strokes are at least a 150th of the picture's long side wide, so that thin ones stay visible.
    """
    if scribbles is None:
        return image
    background = scribbles == BACKGROUND
    marks = [
        (background, BACKGROUND_SCRIBBLE),
        ((scribbles != NO_SCRIBBLE) & ~background, OBJECT_SCRIBBLE),
    ]
    if grow := max(image.shape[:2]) // 300:
        marks = [(ndimage.binary_dilation(each, iterations=grow), colour) for each, colour in marks]
    return painted(image, marks, 1.0)


def evidence(view: View) -> str:
    """What a representation was fitted to, in a word or two."""
    return "scribbles" if view.predicted is None else view.predictor


def draw_evidence(axes: Axes, view: View) -> None:
    """Show the thresholded unaries in blue, or the scribbles where there are none."""
    image = view.image
    if view.predicted is not None:
        image = tinted(image, view.predicted, PREDICTOR)
    show(axes, with_scribbles(image, view.scribbles))
    if view.predicted is not None:
        # The mask is often scattered: a thick outline would hide it.
        draw_outline(axes, view.predicted, PREDICTOR, width=0.7)


def draw_result(axes: Axes, view: View, *, outline: float = 1.8) -> None:
    """Show the foreground of the representation in orange, with an outline so many points wide."""
    show(axes, tinted(view.image, view.mask, REPRESENTATION))
    draw_outline(axes, view.outlined, REPRESENTATION, width=outline)


def draw_outputs(
    left: Axes, right: Axes, view: View, heads: Sequence[str], below: Sequence[str] = ("", "")
) -> None:
    """Draw the predictor on the left and the representation on the right, each with its words.

    Both masks (h, w) are tinted and outlined, with the outline of the ground truth.
    """
    status = f"the fit of this frame {view.status}" if view.status else below[1]
    for axes, mask, colour, width, head, caption in (
        # A predictor's mask is often scattered: a thick outline would hide it.
        (left, view.predicted, PREDICTOR, 0.8, heads[0], below[0]),
        (right, view.mask, REPRESENTATION, 1.8, heads[1], status),
    ):
        panels.head(axes, head, caption)
        show(axes, view.image if mask is None else tinted(view.image, mask, colour))
        if mask is not None:
            draw_outline(axes, mask, colour, width=width)
            draw_ground_truth(axes, view)


def entries(view: View) -> list[panels.Entry]:
    """What `draw_outputs` draws, for a legend."""
    found = [
        (panels.line(PREDICTOR), view.predictor),
        (panels.line(REPRESENTATION), view.constraint),
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
        found.append((panels.line(PREDICTOR), f"{', '.join(predictors)}, thresholded"))
    if any(view.scribbles is not None for view in shown):
        found += scribble_entries()
    return [*found, (panels.line(REPRESENTATION), representation)]


def scribble_entries(noun: str = "scribble") -> list[panels.Entry]:
    """What scribbles look like, for a legend."""
    return [
        (panels.line(OBJECT_SCRIBBLE, 4), f"object {noun}"),
        (panels.line(BACKGROUND_SCRIBBLE, 4), f"background {noun}"),
    ]
