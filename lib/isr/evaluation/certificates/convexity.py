"""The certificate of convexity: structure, sampled margin and raster."""

from collections.abc import Sequence

import numpy as np

from isr.coordinates import Points, Scene, with_nearest_depths
from isr.evaluation.certificates.rounding import rounding_scale, tolerance
from isr.evaluation.certificates.verdicts import (
    Certificate,
    Finding,
    certify_structure,
    counted,
    joined,
    not_finite,
    settled_raster,
)
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.pixels import Mask, depth_hull, pixel_hull, volume_hull
from isr.levels import foreground
from isr.representations.convex import Convex

PAIRS = 4000
CHORDS = 64
CHORD_STEPS = 256
CLOSE = 1e-3

Box = tuple[Points, Points]


def certify_convex(
    representation: Convex, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored weights, of sampled levels, of the drawn `level`."""
    boxes = [scene.box(1.0), scene.box(3.0)]
    # Close pairs reach a little beyond the box, which may be flat.
    bound = np.abs(boxes[1]).max(axis=0) + CLOSE
    explained = tolerance(rounding_scale(representation.network, bound))
    samples = sampled_convexity(level_function(representation), boxes, explained, seed=seed)
    return [
        certify_structure("convex", representation),
        joined("convex", "sampled margin", [samples]),
        certify_raster(level, explained, scene),
    ]


def sampled_convexity(
    level: LevelFunction, boxes: Sequence[Box], explained: float, *, seed: int
) -> Finding:
    """Convexity's inequality at sampled points, in float64.

    The margin is the smallest gap t f(x) + (1 - t) f(y) - f(t x + (1 - t) y), which has to be at
    least -`explained`. Pairs x, y are drawn in every box (lower and upper corner), with random t;
    1e-3 apart, with t = 1/2; and at all distances along chords, where the same levels serve many
    pairs.
    """
    generator = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        drawn = [
            sample(level, box, generator)
            for sample in (_pair_gaps, _close_gaps, _chord_gaps)
            for box in boxes
        ]
        gaps = np.concatenate(drawn)
        worst = float(gaps.min()) if np.isfinite(gaps).all() else -np.inf
    if not np.isfinite(worst):
        return not_finite("sampled points")
    sentence = (
        f"The smallest of {len(gaps):,} sampled convexity gaps is {worst:.3g}; rounding explains "
        f"{-explained:.3g}."
    )
    return Finding(worst, worst >= -explained, sentence)


def _gaps(level: LevelFunction, x: Points, y: Points, t: Points) -> Points:
    share = t[:, None]
    between = level(share * x + (1 - share) * y)
    return np.asarray(t * level(x) + (1 - t) * level(y) - between)


def _pair_gaps(level: LevelFunction, box: Box, generator: np.random.Generator) -> Points:
    x, y = generator.uniform(*box, size=(2, PAIRS, len(box[0])))
    return _gaps(level, x, y, generator.uniform(size=PAIRS))


def _close_gaps(level: LevelFunction, box: Box, generator: np.random.Generator) -> Points:
    x = generator.uniform(*box, size=(PAIRS, len(box[0])))
    direction = generator.normal(size=x.shape)
    y = x + CLOSE * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    return _gaps(level, x, y, np.full(PAIRS, 0.5))


def _chord_gaps(level: LevelFunction, box: Box, generator: np.random.Generator) -> Points:
    """Midpoint gaps along random chords, between points 2, 4, 8, ... steps apart."""
    start, end = generator.uniform(*box, size=(2, CHORDS, 1, len(box[0])))
    t = np.linspace(0, 1, CHORD_STEPS + 1)[:, None]
    return midpoint_gaps(level((1 - t) * start + t * end))


def midpoint_gaps(values: Points) -> Points:
    """(f(a) + f(b)) / 2 - f((a + b) / 2) from values (..., n) at equal steps, for all strides 2^k.

    The gaps of all strides come as one flat array.
    """
    strides = 2 ** np.arange(int(np.log2(values.shape[-1] - 1)))
    gaps = [
        (values[..., : -2 * k] + values[..., 2 * k :]) / 2 - values[..., k:-k]
        for k in strides.tolist()
    ]
    return np.concatenate([gap.ravel() for gap in gaps])


def certify_raster(level: Points, explained: float, scene: Scene) -> Certificate:
    """The mask drawn from `level` against the convex hull of its pixel centres.

    Hull and containment are exact in a picture and in every layer of a video or volume; between
    layers that are equally far apart too, but for qhull's rounding; else they spare a billionth of
    the hull. Convexity bounds the level of a centre in the hull by zero; one that exceeds it by no
    more than `explained` is counted as rounding. The margin is minus the number of the other
    centres in the hull that are background.
    """
    settled = settled_raster("convex", level)
    if settled is not None:
        return settled
    mask = foreground(level)
    missing = _hull(mask, scene) & ~mask
    rounded = int(np.count_nonzero(missing & (level <= explained)))
    wrong = int(np.count_nonzero(missing)) - rounded
    sentence = (
        f"Of the pixel centres in the hull of the {np.count_nonzero(mask):,} foreground ones "
        f"{wrong} are background, and {rounded} more by rounding alone."
    )
    return counted("convex", wrong, sentence)


def _hull(mask: Mask, scene: Scene) -> Mask:
    """Which pixels the foreground's hull contains."""
    if scene.third is None:
        return pixel_hull(mask)
    if scene.third.name == "depth":
        inside = depth_hull(mask, with_nearest_depths(scene.coordinates()))
        return inside if scene.missing is None else inside & ~scene.missing
    # Every layer of a convex region is convex.
    layers = np.stack([pixel_hull(layer) for layer in mask])
    return np.asarray(layers | volume_hull(layers, scene.third.coordinates))
