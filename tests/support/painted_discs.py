"""Small pictures of discs, and strokes on them."""

import numpy as np

SIZE = (40, 56)


def disc(centre=(28, 20), radius=11, size=SIZE):
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    return np.hypot(columns - centre[0], rows - centre[1]) < radius


def coloured(mask):
    """A picture (h, w, 3) of bytes: reddish where the mask is, else bluish, with noise."""
    rng = np.random.default_rng(0)
    shade = np.where(mask[..., None], (200, 90, 60), (50, 80, 120))
    return np.clip(shade + rng.normal(0, 8, (*mask.shape, 3)), 0, 255).astype(np.uint8)


def strokes(*middles, size=SIZE):
    """A stroke for each object, and background along the edge."""
    found = np.zeros(size, np.uint8)
    found[[1, -2]], found[:, [1, -2]] = 255, 255
    for number, (x, y) in enumerate(middles, start=1):
        found[y - 1 : y + 2, x - 4 : x + 5] = number
    return found


def painted(scribbles):
    """Strokes as people paint them: green and red on a transparent layer."""
    layer = np.zeros((*scribbles.shape, 4), np.uint8)
    layer[scribbles == 1], layer[scribbles == 255] = (10, 200, 20, 255), (220, 0, 30, 255)
    return layer
