"""A picture to look at: what was given and found beside the shape, with its outline."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage
from shapely import affinity

from isr import constraints
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.evaluation.certificates import in_words
from isr.io import atomic_path
from isr.reporting.cell_files import View
from isr.reporting.drawing import overlays

if TYPE_CHECKING:
    from isr.app.segment import Segmentation

_SIDE, _DPI = 900, 100
_COVERS = 0.3
"""Share of a picture of which background strokes would hide too much."""


def write_preview(path: Path, found: "Segmentation") -> None:
    """Draw strokes and the predictor's mask beside the shape; of frames, the middle one."""
    view = _view(found)
    height, width = view.image.shape[:2]
    wide = 6.0
    figure = Figure(figsize=(2 * wide, wide * height / width + 0.45), dpi=_DPI)
    left, right = figure.subplots(1, 2)
    overlays.draw_evidence(left, view)
    overlays.draw_result(right, view)
    asked = found.predictor_title if view.predicted is not None else "strokes alone"
    left.set_title(asked, fontsize=11)
    proved = in_words(found.certificate())
    right.set_title(f"{constraints.words(found.constraint)}: {proved}", fontsize=11)
    figure.subplots_adjust(0.005, 0.005, 0.995, 1 - 0.4 / figure.get_figheight(), 0.01)
    with atomic_path(path) as temporary:
        figure.savefig(temporary)


def _view(found: "Segmentation") -> View:
    from isr.app.segment import shrunk_image

    image = shrunk_image(found.picture, _SIDE) / 255.0
    rows, columns = _nearest(found, image.shape[:2])

    def small(layer: NDArray[Any] | None) -> NDArray[Any] | None:
        if layer is None:
            return None
        plane = layer if layer.ndim == 2 else layer[len(layer) // 2]
        return np.asarray(plane[rows][:, columns])

    mask = small(found.mask())
    assert mask is not None
    region = None
    if not found.is_layered:
        height, width = found.picture.size
        scale = image.shape[1] / width, image.shape[0] / height
        region = affinity.scale(found.outline(), *scale, origin=(0, 0))
    return View(
        found.name,
        None,
        image,
        mask,
        small(found.found),
        _in_outline(small(found.picture.scribbles)),
        region=region,
        predictor=found.predictor_title,
        constraint=constraints.words(found.constraint),
    )


def _in_outline(scribbles: NDArray[Any] | None) -> NDArray[Any] | None:
    """Strokes (h, w); of background that covers much, as outside of a box, the rim alone."""
    if scribbles is None:
        return None
    background = scribbles == BACKGROUND_SCRIBBLE
    if background.mean() < _COVERS:
        return scribbles
    inner = ndimage.binary_erosion(background, iterations=2, border_value=1)
    return np.where(inner, NO_SCRIBBLE, scribbles)


def _nearest(found: "Segmentation", size: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows and columns of the picture that a smaller one shows."""
    sides = zip(found.picture.size, size, strict=True)
    rows, columns = (((np.arange(n) + 0.5) * side / n).astype(int) for side, n in sides)
    return rows, columns
