"""The certificate of convexity: structure, sampled margin and raster."""

import numpy as np
import torch

from isr.coordinates import Points, frame
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.pixel_hull import pixel_hull
from isr.evaluation.verdicts import Certificate, Scene
from isr.levels import foreground
from isr.networks.input_convex import InputConvexNetwork
from isr.representations.convex import Convex

PAIRS = 4000
CHORDS = 64
CHORD_STEPS = 256
CLOSE = 1e-3
# Worst gap that rounding may cause, in units of the scale returned by `rounding_scale`.
ROUNDING = 8 * float(np.finfo(np.float64).eps)


def certify_convex(
    representation: Convex, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored weights, of sampled levels, of the drawn `level` (h, w)."""
    scale = rounding_scale(representation.network, scene)
    # Overflow excuses nothing.
    tolerance = ROUNDING * scale if np.isfinite(scale) else 0.0
    return [
        certify_structure(representation),
        certify_samples(level_function(representation), scene, tolerance, seed=seed),
        certify_raster(level, tolerance),
    ]


def _certificate(method: str, margin: float, holds: bool, sentence: str) -> Certificate:
    return Certificate("convex", method, margin, holds, "holds" if holds else "fails", sentence)


def certify_structure(representation: Convex) -> Certificate:
    """Every parameter is finite and every weight on a z-path at least zero, exactly.

    The margin is the smallest z-weight, -inf when a parameter is not finite.
    """
    method = "structure"
    with torch.no_grad():
        broken = [n for n, p in representation.named_parameters() if not p.isfinite().all()]
        if broken:
            sentence = f"Not all parameters are finite: {', '.join(broken)}."
            return _certificate(method, -np.inf, False, sentence)
        weights = torch.cat([w.flatten() for w in representation.constrained_weights().values()])
        smallest, negative = float(weights.min()), int((weights < 0).sum())
    sentence = (
        f"{negative} of the {len(weights):,} weights on a z-path are negative, the smallest is "
        f"{smallest:.3g}; all parameters are finite."
    )
    return _certificate(method, smallest, negative == 0, sentence)


def rounding_scale(network: InputConvexNetwork, scene: Scene) -> float:
    """Largest sum of magnitudes that a value of `network` is added up from in the sampled box.

    The network's own recursion with all weights and coordinates replaced by their magnitudes. It
    bounds every value and, times the unit roundoff, the order of the rounding error, which values
    alone do not where large terms cancel. At least 1; infinite or NaN when a parameter is.
    """
    low, high = _box(scene, 3.0)
    x = torch.from_numpy(np.maximum(np.abs(low), np.abs(high)))

    def magnitude(layer: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        assert isinstance(layer, torch.nn.Linear)
        total = layer.weight.double().abs() @ inputs
        return total if layer.bias is None else total + layer.bias.double().abs()

    with torch.no_grad():
        z = magnitude(network.first, x)
        for z_layer, x_layer in zip(network.hidden_z, network.hidden_x, strict=True):
            z = magnitude(z_layer, z) + magnitude(x_layer, x)
        scale = float(magnitude(network.output_z, z) + magnitude(network.output_x, x))
    return float(np.maximum(1.0, scale))


def _box(scene: Scene, size: float) -> tuple[Points, Points]:
    """Lower and upper corner of a box `size` times as large as the picture, round its middle."""
    edges = np.array(frame(scene.height, scene.width, scene.convention))
    middle, half = (edges[2:] + edges[:2]) / 2, (edges[2:] - edges[:2]) / 2
    return middle - size * half, middle + size * half


def certify_samples(
    level: LevelFunction, scene: Scene, tolerance: float, *, seed: int
) -> Certificate:
    """Convexity's inequality at sampled points, in float64.

    The margin is the smallest gap t f(x) + (1 - t) f(y) - f(t x + (1 - t) y), which has to be at
    least -`tolerance`. Pairs x, y are drawn over the picture and over a box three times as large,
    with random t; 1e-3 apart, with t = 1/2; and at all distances along chords of that box, where
    the same levels serve many pairs.
    """
    generator = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        gaps = np.concatenate(
            [
                *(_pair_gaps(level, _box(scene, size), generator) for size in (1.0, 3.0)),
                *(_close_gaps(level, _box(scene, size), generator) for size in (1.0, 3.0)),
                *(_chord_gaps(level, _box(scene, size), generator) for size in (1.0, 3.0)),
            ]
        )
        worst = float(gaps.min()) if np.isfinite(gaps).all() else -np.inf
    count = f"{len(gaps):,}"
    sentence = (
        f"The smallest of {count} sampled convexity gaps is {worst:.3g}; rounding explains "
        f"{-tolerance:.3g}."
        if np.isfinite(worst)
        else "Levels are not finite at sampled points."
    )
    holds = bool(np.isfinite(worst) and worst >= -tolerance)
    return _certificate("sampled margin", worst, holds, sentence)


def _gaps(level: LevelFunction, x: Points, y: Points, t: Points) -> Points:
    share = t[:, None]
    between = level(share * x + (1 - share) * y)
    return np.asarray(t * level(x) + (1 - t) * level(y) - between)


def _pair_gaps(
    level: LevelFunction, box: tuple[Points, Points], generator: np.random.Generator
) -> Points:
    x, y = generator.uniform(*box, size=(2, PAIRS, 2))
    return _gaps(level, x, y, generator.uniform(size=PAIRS))


def _close_gaps(
    level: LevelFunction, box: tuple[Points, Points], generator: np.random.Generator
) -> Points:
    x = generator.uniform(*box, size=(PAIRS, 2))
    angle = generator.uniform(0, 2 * np.pi, size=PAIRS)
    y = x + CLOSE * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return _gaps(level, x, y, np.full(PAIRS, 0.5))


def _chord_gaps(
    level: LevelFunction, box: tuple[Points, Points], generator: np.random.Generator
) -> Points:
    """Midpoint gaps along random chords, between points 2, 4, 8, ... steps apart."""
    start, end = generator.uniform(*box, size=(2, CHORDS, 1, 2))
    t = np.linspace(0, 1, CHORD_STEPS + 1)[:, None]
    values = level((1 - t) * start + t * end)
    strides = 2 ** np.arange(int(np.log2(CHORD_STEPS)))
    gaps = [
        (values[:, : -2 * k] + values[:, 2 * k :]) / 2 - values[:, k:-k] for k in strides.tolist()
    ]
    return np.concatenate([gap.ravel() for gap in gaps])


def certify_raster(level: Points, tolerance: float) -> Certificate:
    """The mask drawn from `level` (h, w) against the convex hull of its pixel centres.

    Hull and containment are exact. Convexity bounds the level of a centre in the hull by zero; one
    that exceeds it by no more than `tolerance` is counted as rounding. The margin is minus the
    number of the other centres in the hull that are background.
    """
    if not np.isfinite(level).all():
        return _certificate("raster", -np.inf, False, "Levels are not finite at pixel centres.")
    mask = foreground(level).astype(bool)
    missing = pixel_hull(mask) & ~mask
    rounded = int(np.count_nonzero(missing & (level <= tolerance)))
    wrong = int(np.count_nonzero(missing)) - rounded
    if not mask.any():
        verdict, sentence = "empty", "No pixel centre is foreground."
    elif mask.all():
        verdict, sentence = "whole picture", "Every pixel centre is foreground."
    else:
        verdict = "fails" if wrong else "holds"
        sentence = (
            f"Of the pixel centres in the hull of the {np.count_nonzero(mask):,} foreground ones "
            f"{wrong} are background, and {rounded} more by rounding alone."
        )
    return Certificate("convex", "raster", float(-wrong), wrong == 0, verdict, sentence)
