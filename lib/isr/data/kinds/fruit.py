"""Two scribbled pictures of fruit, drawn by this software, in place of the student report's.

Positions and lengths are coordinates of the picture (isotropic: the width is 1, the height 0.75, y
points down). As in the report, one object is a single fruit and the other two that lie apart, so
that neither a convex nor a path-connected region can be all of it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.coordinates import grid_coordinates
from isr.data.items import write_picture
from isr.data.kinds.base import DatasetKind, Known, count_words
from isr.data.kinds.embedded import draw_scribbles
from isr.data.pictures import BACKGROUND, OBJECT, Picture

_SAMPLES = 3
_NOISE = 0.03
_STROKE = 0.012

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Painted = tuple[Floats, Mask]
"""Colours (n, 3) in [0, 1] at n points, and which of these (n,) lie on fruit."""


class Fruit(DatasetKind):
    """Two drawn pictures of fruit with scribbles and their ground truth; no download.

    `apple` has a dent and a leaf, `mandarins` are two that hardly touch.
    """

    kind: Literal["fruit"]
    long_side: Annotated[int, Field(ge=64, le=4096)] = Field(
        320, description="pixels on the longer side"
    )

    def all_names(self, root: Path) -> list[str]:
        """In the report's order."""
        return list(_PICTURES)

    def known(self, name: str, root: Path) -> Known:
        """Both are scribbled."""
        return Known(scribbles=True)

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Draw a picture."""
        write_picture(output, draw(name, self.long_side))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """Not the report's pictures."""
        shown = count_words(items, "drawn picture")
        return self.text or f"{shown} of fruit, not the student report's, which are not published"


def draw(name: str, long_side: int = 320) -> Picture:
    """Draw `apple` or `mandarins` with its scribbles and its ground truth.

    Args:
        name: of the picture.
        long_side: its width in pixels; its height is three quarters of that.
    """
    paint, strokes = _PICTURES[name]
    size = round(long_side * 0.75), long_side
    fine = size[0] * _SAMPLES, size[1] * _SAMPLES
    colours, inside = paint(grid_coordinates(*size, fine).reshape(-1, 2))
    image = _pool(colours.reshape(*fine, 3))
    image += np.random.default_rng(3).normal(0, _NOISE, image.shape)
    share = _pool(inside.reshape(*fine, 1).astype(np.float64))[..., 0]
    y, x = ((np.arange(count) + 0.5) / long_side for count in size)
    return Picture(
        name=name,
        image=np.clip(image, 0, 1).astype(np.float32),
        scribbles=draw_scribbles(strokes, x, y),
        ground_truth=np.where(share >= 0.5, OBJECT, BACKGROUND).astype(np.uint8),
        text=f"{name[0].upper()}{name[1:]}.",
        source="drawn by this software",
        licence="MIT",
    )


def _pool(samples: Floats) -> Floats:
    height, width = samples.shape[0] // _SAMPLES, samples.shape[1] // _SAMPLES
    blocks = samples.reshape(height, _SAMPLES, width, _SAMPLES, -1)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _table(points: Floats) -> Floats:
    """Wooden boards, whose grain has the colours of fruit in some places."""
    x, y = points.T
    grain = 0.5 + 0.5 * np.sin(70 * y + 4 * np.sin(5 * x) + 2 * np.sin(17 * x + 3 * y))
    dark, light = np.array([0.42, 0.24, 0.12]), np.array([0.78, 0.52, 0.30])
    return np.asarray(dark + grain[:, None] * (light - dark))


def _lit(points: Floats, centre: tuple[float, float], radius: float, colour: Floats) -> Floats:
    """A round body's colour (n, 3): lit from the upper left, with a highlight."""
    offset = (points - np.array(centre)) / radius
    away = np.linalg.norm(offset - np.array([-0.35, -0.4]), axis=1)
    shade = np.clip(1.1 - 0.45 * away, 0.25, 1.1)[:, None]
    gloss = np.exp(-((away / 0.16) ** 2))[:, None]
    return np.asarray(np.clip(shade * colour + 0.6 * gloss, 0, 1))


def _shadowed(colours: Floats, points: Floats, centre: tuple[float, float], radius: float) -> None:
    """Darken the table below and to the right of a body, in place."""
    offset = (points - np.array(centre)) / radius - np.array([0.35, 0.35])
    colours *= 1 - 0.6 * np.exp(-((offset**2).sum(axis=1) ** 2))[:, None]


def _apple(points: Floats) -> Painted:
    centre, radius = (0.47, 0.42), 0.21
    x, y = (points - np.array(centre)).T
    angle = np.arctan2(x, -y)  # 0 above
    dents = 0.26 * np.exp(-((angle / 0.4) ** 2)) + 0.05 * np.exp(
        -(((np.abs(angle) - np.pi) / 0.3) ** 2)
    )
    body = np.hypot(x, y) < radius * (1 + 0.08 * np.cos(2 * angle + np.pi) - dents)
    stem = (np.abs(x - 0.12 * (y + 0.16)) < 0.010) & (y > -0.27) & (y < -0.10)
    along, across = (x - 0.075) * 0.87 - (y + 0.235) * 0.5, (x - 0.075) * 0.5 + (y + 0.235) * 0.87
    leaf = (along / 0.095) ** 2 + (across / 0.032) ** 2 < 1
    colours = _table(points)
    _shadowed(colours, points, centre, radius)
    red = np.array([0.80, 0.13, 0.10]) + np.clip(1.5 * x, 0, 0.3)[:, None] * np.array([0, 1, 0.2])
    for part, colour in (
        (body, _lit(points, centre, radius, red)),
        (stem, np.array([0.30, 0.20, 0.10])),
        (leaf, np.array([0.28, 0.55, 0.16]) + 0.4 * across[:, None]),
    ):
        colours[part] = np.broadcast_to(colour, colours.shape)[part]
    return colours, body | stem | leaf


def _mandarins(points: Floats) -> Painted:
    colours, found = _table(points), np.zeros(len(points), bool)
    bodies = (((0.32, 0.40), 0.165), ((0.655, 0.42), 0.16))
    for centre, radius in bodies:
        _shadowed(colours, points, centre, radius)
    for centre, radius in bodies:
        x, y = (points - np.array(centre)).T
        inside = np.hypot(x, y / 0.88) < radius
        orange = _lit(points, centre, radius, np.array([0.95, 0.52, 0.10]))
        green = np.hypot(x + 0.01, y + 0.06) < 0.013
        orange[green] = (0.35, 0.45, 0.15)
        colours[inside] = orange[inside]
        found |= inside
    return colours, found


def _stroke(label: str, *line: tuple[float, float]) -> dict[str, Any]:
    return {"label": label, "line": [list(point) for point in line], "width": _STROKE}


_APPLE_STROKES = (
    _stroke("object", (0.33, 0.34), (0.32, 0.45), (0.40, 0.56), (0.53, 0.57), (0.61, 0.48)),
    _stroke("object", (0.40, 0.34), (0.47, 0.42), (0.58, 0.37)),
    _stroke("object", (0.464, 0.21), (0.475, 0.30)),
    _stroke("object", (0.50, 0.21), (0.59, 0.16)),
    _stroke("background", (0.08, 0.10), (0.30, 0.14), (0.40, 0.15), (0.42, 0.23)),
    _stroke("background", (0.20, 0.20), (0.17, 0.45), (0.28, 0.64), (0.50, 0.69), (0.70, 0.62)),
    _stroke("background", (0.74, 0.50), (0.75, 0.28), (0.68, 0.12), (0.92, 0.10)),
    _stroke("background", (0.57, 0.225), (0.64, 0.23)),
)
_MANDARIN_STROKES = (
    _stroke("object", (0.22, 0.36), (0.27, 0.48), (0.38, 0.48), (0.43, 0.38), (0.33, 0.31)),
    _stroke("object", (0.56, 0.38), (0.61, 0.50), (0.72, 0.50), (0.76, 0.40), (0.68, 0.33)),
    _stroke("background", (0.10, 0.20), (0.30, 0.19), (0.48, 0.24), (0.66, 0.21), (0.88, 0.20)),
    _stroke("background", (0.10, 0.60), (0.30, 0.61), (0.49, 0.56), (0.66, 0.63), (0.90, 0.62)),
    _stroke("background", (0.08, 0.30), (0.09, 0.50)),
    _stroke("background", (0.91, 0.30), (0.90, 0.52)),
    _stroke("background", (0.488, 0.24), (0.488, 0.31)),
)

_PICTURES: dict[str, tuple[Callable[[Floats], Painted], Sequence[dict[str, Any]]]] = {
    "apple": (_apple, _APPLE_STROKES),
    "mandarins": (_mandarins, _MANDARIN_STROKES),
}
