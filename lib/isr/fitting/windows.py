"""Windows: how a convolutional predictor sees a few small parts of a picture per step.

A window is a core of pixels whose losses count, with a halo around it that the network needs. Half
of the windows lie anywhere with equal chance, half where a scribbled pixel is in the core; each
core pixel is weighted by one over the expected number of windows that hold it, which makes every
sum over cores an unbiased estimate of the sum over the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isr.fitting.sampling import Indices, Strata, stroke_strata


def _box_sums(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Sums of `values` (m, n) over all size x size boxes inside it: (m-size+1, n-size+1)."""
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    table[1:, 1:] = values.cumsum(0).cumsum(1)
    return table[size:, size:] - table[:-size, size:] - table[size:, :-size] + table[:-size, :-size]


@dataclass(frozen=True)
class WindowSampler:
    """Where the windows of each step lie.

    A corner (row, column) is the core's first pixel and runs from -(core - 1), where only the
    picture's first pixel is in the core, to the picture's last pixel.

    Attributes:
        height, width: of the picture.
        core: side of the core.
        halo: pixels around the core on each side.
        windows: windows per step.
        strokes: the scribbled pixels that half of the windows are drawn around.
        coverage: (h, w) expected number of windows whose core holds a pixel.
    """

    height: int
    width: int
    core: int
    halo: int
    windows: int
    strokes: Strata
    coverage: NDArray[np.float64]

    @property
    def side(self) -> int:
        """Side of a window with its halo."""
        return self.core + 2 * self.halo

    @property
    def pixels_per_step(self) -> int:
        """Pixels of all windows of a step, halos included."""
        return self.windows * self.side**2

    @property
    def uniforms(self) -> int:
        """How many uniform numbers a step needs."""
        return 2 * (self.windows - self.strokes.count) + 3 * self.strokes.count

    def corners(self, drawn: NDArray[np.float64]) -> Indices:
        """Corners (steps, windows, 2) of the cores from uniforms (steps, `uniforms`)."""
        steps = len(drawn)
        anywhere = self.windows - self.strokes.count
        free, bound = np.split(drawn, [2 * anywhere], axis=1)
        spans = np.array([self.height, self.width]) + self.core - 1
        free_corners = (free.reshape(steps, anywhere, 2) * spans).astype(np.int64) - self.core + 1
        chosen, offsets = np.split(bound, [self.strokes.count], axis=1)
        pixels = self.strokes.draw(chosen)
        within = (offsets.reshape(steps, -1, 2) * self.core).astype(np.int64)
        stroke_corners = np.stack([pixels // self.width, pixels % self.width], axis=-1) - within
        return np.concatenate([free_corners, stroke_corners], axis=1)

    def pixels(self, corners: Indices, *, margin: int) -> tuple[Indices, NDArray[np.bool_]]:
        """Flat picture indices of the cores grown by `margin`, and which of them are inside.

        Args:
            corners: (..., 2).
            margin: pixels on each side.

        Returns:
            Indices (..., side, side), 0 where outside the picture, and a boolean of that shape.
        """
        span = np.arange(-margin, self.core + margin)
        rows = corners[..., 0, None, None] + span[:, None]
        columns = corners[..., 1, None, None] + span[None, :]
        inside = (rows >= 0) & (rows < self.height) & (columns >= 0) & (columns < self.width)
        return np.where(inside, rows * self.width + columns, 0), inside


def window_sampler(
    scribbles: NDArray[np.uint8], *, core: int, halo: int, windows: int
) -> WindowSampler:
    """Prepare the windows of a picture.

    Args:
        scribbles: (h, w), 0 none, 255 background, anything else object.
        core: side of the core in pixels.
        halo: pixels around it.
        windows: windows per step, at least 4 so that both classes of scribbles and the rest of the
            picture are seen in every step.
    """
    height, width = scribbles.shape
    strokes, _ = stroke_strata(scribbles, windows // 2)
    anywhere = windows - strokes.count
    coverage = np.full(
        (height, width), anywhere * core**2 / ((height + core - 1) * (width + core - 1))
    )
    for members, count in zip(strokes.members, strokes.counts, strict=True):
        chosen = np.zeros(height * width)
        chosen[members] = 1.0 / len(members)
        # A corner's chance is the box mean of the chosen pixels; a pixel's, the corners' box sum.
        padded = np.pad(chosen.reshape(height, width), core - 1)
        corner_chance = _box_sums(padded, core) / core**2
        coverage += count * _box_sums(corner_chance, core)
    return WindowSampler(height, width, core, halo, windows, strokes, coverage)


@dataclass(frozen=True)
class WholePicture:
    """The whole picture as its only window, every step; for stacks of one.

    Attributes:
        height, width: of the picture.
    """

    height: int
    width: int
    halo: int = 0
    uniforms: int = 0

    @property
    def pixels_per_step(self) -> int:
        """Pixels of the picture."""
        return self.height * self.width

    @property
    def coverage(self) -> NDArray[np.float64]:
        """(h, w) ones: every pixel is in the one window."""
        return np.ones((self.height, self.width))

    def corners(self, drawn: NDArray[np.float64]) -> Indices:
        """Corners (steps, 1, 2), all zero."""
        return np.zeros((len(drawn), 1, 2), dtype=np.int64)

    def pixels(self, corners: Indices, *, margin: int) -> tuple[Indices, NDArray[np.bool_]]:
        """Flat indices (steps, 1, h, w) of all pixels, all of them inside."""
        every = np.arange(self.height * self.width).reshape(self.height, self.width)
        indices = np.broadcast_to(every, (*corners.shape[:2], self.height, self.width)).copy()
        return indices, np.ones(indices.shape, dtype=bool)
