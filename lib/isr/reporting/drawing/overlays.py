"""Drawing masks, outlines and scribbles over a picture."""

from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon, get_parts
from skimage.measure import find_contours

from isr.data.pictures import BACKGROUND_SCRIBBLE as BACKGROUND
from isr.data.pictures import NO_SCRIBBLE, OBJECT

Image = NDArray[np.floating]
Mask = NDArray[np.bool_]
Region: TypeAlias = Polygon | MultiPolygon

PREDICTOR = "#1f8bf2"
REPRESENTATION = "#f07f13"
GROUND_TRUTH = "#ffffff"
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


def show(axes: Axes, image: Image) -> None:
    """Show a picture (h, w, 3) on bare axes, whose pixel (i, j) covers [j, j+1] x [i, i+1]."""
    height, width = image.shape[:2]
    axes.imshow(image, extent=(0, width, height, 0), interpolation="nearest")
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()


def contours(values: NDArray[np.floating], level: float) -> list[NDArray[np.float64]]:
    """The lines (n, 2) of points (row, column) on which an array (h, w) crosses a level."""
    return list(find_contours(values, level))  # type: ignore[no-untyped-call]


def draw_outline(
    axes: Axes, mask: Mask, colour: str, *, width: float = 1.6, dashed: bool = False
) -> None:
    """Draw the outline of a mask (h, w) half-way between pixel centres; thick ones get a rim."""
    padded = np.pad(mask.astype(float), 1)
    style: dict[str, Any] = {"linestyle": (0, (4, 2))} if dashed else {}
    effects = [Normal()] if dashed or width < 1.0 else rim(width)
    for contour in contours(padded, 0.5):
        rows, columns = contour.T - 0.5
        axes.plot(columns, rows, color=colour, linewidth=width, path_effects=effects, **style)


def draw_region(
    axes: Axes,
    region: Region,
    colour: str,
    *,
    width: float = 1.8,
) -> None:
    """Draw the outline of a region in pixel units, holes included; thick ones get a rim."""
    effects = [Normal()] if width < 1.0 else rim(width)
    for part in get_parts(region).tolist():
        for ring in () if part.is_empty else (part.exterior, *part.interiors):
            columns, rows = np.asarray(ring.coords).T
            axes.plot(columns, rows, color=colour, linewidth=width, path_effects=effects)


def rim(width: float) -> list[Any]:
    """Path effects that put a dark rim around a line of the given width in points."""
    return [Stroke(linewidth=width + 1.4, foreground="#000000", alpha=0.55), Normal()]


def draw_ground_truth(axes: Axes, ground_truth: NDArray[np.uint8]) -> None:
    """Draw the outline of the object in a ground truth (h, w: 255 object) thin and dashed."""
    mask = ground_truth == OBJECT
    draw_outline(axes, mask, "#000000", width=1.1)
    draw_outline(axes, mask, GROUND_TRUTH, width=1.1, dashed=True)


def show_segmentation(
    axes: Axes, image: Image, mask: Mask, colour: str, ground_truth: NDArray[np.uint8] | None = None
) -> None:
    """Show a picture (h, w, 3) with a mask (h, w) tinted and outlined, and the truth's outline."""
    show(axes, tinted(image, mask, colour))
    # A predictor's mask is often scattered: a thick outline would hide it.
    draw_outline(axes, mask, colour, width=0.8 if colour == PREDICTOR else 1.8)
    if ground_truth is not None:
        draw_ground_truth(axes, ground_truth)


def with_scribbles(image: Image, scribbles: NDArray[np.uint8]) -> Image:
    """Paint scribbles (h, w: 0 none, 255 background, else object) over a picture (h, w, 3).

    Strokes are at least a 150th of the picture's long side wide, so that thin ones stay visible.
    """
    painted = image.copy()
    background = scribbles == BACKGROUND
    grow = max(image.shape[:2]) // 300
    for chosen, colour in (
        (background, BACKGROUND_SCRIBBLE),
        ((scribbles != NO_SCRIBBLE) & ~background, OBJECT_SCRIBBLE),
    ):
        stroke = ndimage.binary_dilation(chosen, iterations=grow) if grow else chosen
        painted[stroke] = to_rgb(colour)
    return painted
