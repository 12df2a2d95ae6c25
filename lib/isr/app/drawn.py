"""Masks and labels of a shape at any size, a few rows at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isr.coordinates import Points, Scene, from_pixels
from isr.evaluation.drawing import frozen_copy, level_function, point_map
from isr.evaluation.regions import label_map
from isr.levels import foreground
from isr.representations import Representation

_ROWS = 2**18
"""Pixels that are drawn at once."""


def draw_masks(
    representation: Representation, scene: Scene, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """The foreground (h, w), or (n, h, w) of frames or slices, at any height and width."""
    return _drawn(scene, size, level_function(representation), foreground, np.bool_)


def draw_labels(
    representation: Representation, scene: Scene, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Which of several objects a pixel belongs to, like `draw_masks`: 0 none, k object k."""
    parts = point_map(frozen_copy(representation).parts, torch.float64)

    def labels(levels: Points) -> NDArray[np.uint8]:
        return label_map(list(np.moveaxis(levels, -1, 0)))

    return _drawn(scene, size, parts, labels, np.uint8)


def _drawn(
    scene: Scene,
    size: tuple[int, int],
    levels: Callable[[Points], Points],
    decide: Callable[[Points], NDArray[Any]],
    kind: type,
) -> NDArray[Any]:
    third = scene.third
    if third is not None and third.name == "depth":
        return decide(levels(scene.coordinates()))
    values = [None] if third is None else list(third.coordinates)
    found: NDArray[Any] = np.empty((len(values), *size), kind)
    for layer, value in zip(found, values, strict=True):
        for rows, plane in _strips(scene, size):
            points = plane
            if value is not None:
                points = np.concatenate([plane, np.full((*plane.shape[:2], 1), value)], axis=-1)
            layer[rows] = decide(levels(points))
    return np.asarray(found[0] if third is None else found)


def _strips(scene: Scene, size: tuple[int, int]) -> Iterator[tuple[slice, Points]]:
    """Some rows of a raster at a time, with the coordinates (rows, w, 2) of their pixels."""
    height, width = size
    step = max(1, _ROWS // width)
    x = (np.arange(width) + 0.5) * (scene.width / width)
    for first in range(0, height, step):
        rows = slice(first, min(height, first + step))
        y = (np.arange(rows.start, rows.stop) + 0.5) * (scene.height / height)
        places = np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=-1)
        yield rows, from_pixels(places, scene.height, scene.width, scene.convention)
