"""The shape while it grows: a coarse outline of a fit that is under way, every second or so."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from shapely import MultiPolygon, Polygon

from isr.app.drawn import draw_masks
from isr.app.segment import shrunk_image
from isr.coordinates import Scene
from isr.data.pictures import Picture
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.marching import assemble
from isr.evaluation.vector_files import write_svg
from isr.fitting.unaries import Progress
from isr.representations import Representation

Region: TypeAlias = Polygon | MultiPolygon

_SIDE, _BELOW = 96, 900
"""Cells along the longer side of a coarse outline; pixels of the picture below it."""


def coarse_outline(representation: Representation, scene: Scene, side: int = _SIDE) -> Region:
    """The outline in pixels on a coarse raster; of frames or slices, that of the middle one."""
    height, width = scene.height, scene.width
    scale = min(1.0, side / max(height, width))
    grid = max(1, round(height * scale)), max(1, round(width * scale))
    if scene.third is None:
        return outline(representation, height, width, scene.convention, grid=grid)
    from isr.reporting.drawing.overlays import outlines

    middle = len(scene.third.values) // 2
    slice_ = Scene(height, width, scene.convention, scene.third.part(slice(middle, middle + 1)))
    (mask,) = draw_masks(representation, slice_, grid)
    to_pixels = np.array([width / grid[1], height / grid[0]])
    return assemble([line * to_pixels for line in outlines(mask)], height, width)


class Watching:
    """Tells of the shape from time to time while it is fitted.

    Args:
        scene: that it is drawn for.
        show: is given the outline in pixels, and how far the fit is.
        every: seconds between two.
    """

    def __init__(
        self, scene: Scene, show: Callable[[Region, Progress], None], every: float = 1.0
    ) -> None:
        self.scene, self.show, self.every = scene, show, every
        self._shown = -every

    def __call__(self, progress: Progress) -> None:
        """Show the outline, if it is time, or the end."""
        now = time.monotonic()
        if now - self._shown < self.every and progress.done < progress.total:
            return
        self.show(coarse_outline(progress.representation(), self.scene), progress)
        self._shown = time.monotonic()


def into_file(path: Path, picture: Picture, every: float = 1.0) -> Watching:
    """Writes the outline over the picture into an SVG again and again."""
    image = shrunk_image(picture, _BELOW)
    scene = Scene(image.shape[0], image.shape[1], third=picture.third)

    def show(region: Region, progress: Progress) -> None:
        write_svg(path, region, image, title=f"step {progress.done} of {progress.total}")

    return Watching(scene, show, every)
