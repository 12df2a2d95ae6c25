"""How much likelier the background is than the object at each pixel, by the scribbled ones.

Densities are those of Nieuwenhuis & Cremers, "Spatially varying color distributions for interactive
multilabel segmentation" (PAMI 2013), which the papers name for a model-based likelihood: estimated
with Gaussian kernels around the scribbled pixels, which are the wider in the plane, the further
away the scribbles of a class are.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from isr.data.features.sets import XY, channel_slices
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE
from isr.errors import UserError

Array = NDArray[np.float32]

# Chosen on photographs, for all feature sets alike.
_WIDTH = 0.05
"""Standard deviation of the kernels in colours and semantic features, which lie in [0, 1]."""
_SPREAD, _LEAST_REACH = 1.3, 0.01
"""That in the plane, by the distance to the class's nearest scribble, and at least."""
_FLOOR = 0.003
"""Density of what no scribble explains: neither class gets it for certain."""
_SAMPLES = 1000
"""Scribbled pixels of each class that are taken at most, evenly from all of them."""
_PAIRS = 2**20
"""Pairs of pixels whose kernels are computed at once."""


def log_likelihood_ratio(
    features: Array, scribbles: NDArray[np.uint8], sets: str, *, name: str = "scribbles"
) -> Array:
    """Log p(f | background) / p(f | object) of every pixel: D of eq. 3 is linear with these slopes.

    With `xy` among the features, p is the spatially varying density p(f, x | class); without, that
    of the other features alone.

    Args:
        features: (h, w, channels) of the picture, as `isr.data.features.assemble` makes them.
        scribbles: (h, w), 0 none, 255 background, anything else object.
        sets: the combination of features, such as `rgb+xy`.
        name: of the picture, for messages.

    Returns:
        (h, w), negative where the object is likelier.

    Raises:
        UserError: the scribbles lack object or background.
    """
    background = scribbles == BACKGROUND_SCRIBBLE
    objects = (scribbles != NO_SCRIBBLE) & ~background
    if not background.any() or not objects.any():
        raise UserError(
            f"{name}: at the size it is predicted at, scribbles lack object or background: draw "
            "more."
        )
    background_log, object_log = (
        np.log(_density(features, scribbled, sets) + np.float32(_FLOOR))
        for scribbled in (background, objects)
    )
    return np.asarray(background_log - object_log, dtype=np.float32)


def _density(features: Array, scribbled: NDArray[np.bool_], sets: str) -> Array:
    """(h, w) density among the scribbled pixels, up to a factor that both classes share."""
    pixels = np.flatnonzero(scribbled)
    chosen = np.linspace(0, len(pixels) - 1, min(len(pixels), _SAMPLES)).astype(int)
    pixels = pixels[chosen]
    flat = features.reshape(-1, features.shape[-1])
    slices = channel_slices(sets)
    place = slices.pop(XY, None)
    looks = [flat[:, columns] for columns in slices.values()]
    look = np.concatenate([*looks, np.zeros((len(flat), 1), np.float32)], axis=1)
    look = np.asarray(look / (np.sqrt(2) * _WIDTH), dtype=np.float32)
    reach = np.ones(len(flat), np.float32) if place is None else _reach(scribbled)
    density = np.empty(len(flat), np.float32)
    step = max(1, _PAIRS // len(pixels))
    for start in range(0, len(flat), step):
        rows = slice(start, start + step)
        exponent = _squared_distances(look[rows], look[pixels])
        if place is not None:
            away = _squared_distances(flat[rows, place], flat[pixels, place])
            exponent += away / (2 * reach[rows, None] ** 2)
        density[rows] = np.exp(-exponent).mean(1)
    if place is not None:
        density /= 2 * np.pi * reach**2
    return density.reshape(scribbled.shape)


def _reach(scribbled: NDArray[np.bool_]) -> Array:
    """(h w,) standard deviation in the plane of the kernels that each pixel sees."""
    away = distance_transform_edt(~scribbled) / max(scribbled.shape)
    return np.asarray(np.maximum(_SPREAD * away, _LEAST_REACH), dtype=np.float32).ravel()


def _squared_distances(points: Array, samples: Array) -> Array:
    """(points, samples) from (points, channels) and (samples, channels)."""
    squares = np.square(points).sum(1)[:, None] + np.square(samples).sum(1)
    squares -= 2 * points @ samples.T
    return np.asarray(np.maximum(squares, 0, out=squares))
