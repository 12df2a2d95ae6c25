"""What is proved of a stored representation, and what a certificate says, whatever the property.

`certify` asks the function that the record of the constraint names; such functions make
certificates of their findings by what stands below.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from isr.constraints import load, record_of
from isr.coordinates import Convention, Points, Scene, ThirdAxis
from isr.evaluation.drawing import scene_level
from isr.evaluation.pixels import Mask
from isr.levels import foreground
from isr.representations import Representation
from isr.torch_state import in_usual_state

_RASTER_WORDS = {
    "empty": "No pixel centre is foreground.",
    "whole picture": "Every pixel centre is foreground.",
}


@dataclass(frozen=True)
class Certificate:
    """One check of one property of a stored representation.

    Args:
        property: the property, such as `convex`; `none` for a representation that promises nothing.
        method: how it was checked: `structure`, `sampled margin`, `raster`, or `none`.
        margin: by how much it holds (0 or more) or fails, in the unit that the sentence names;
            -inf when values are not finite, NaN when nothing was checked.
        holds: whether the check found nothing wrong.
        verdict: `holds`, `fails`, or one of its own, such as `empty` or `whole picture`.
        sentence: the check and its outcome in words.
    """

    property: str
    method: str
    margin: float
    holds: bool
    verdict: str
    sentence: str


def all_hold(certificates: Sequence[Certificate]) -> bool:
    """Whether a representation passes as a whole: it was checked, and every check holds."""
    return bool(certificates) and all(certificate.holds for certificate in certificates)


def in_words(certificates: Sequence[Certificate]) -> str:
    """All certificates of a representation in a few words; without a guarantee, none is claimed."""
    if not all_hold(certificates):
        return "a check fails"
    promised = any(certificate.method != "none" for certificate in certificates)
    return "every check holds" if promised else "nothing is promised"


@in_usual_state
def certify(
    representation: Representation,
    height: int,
    width: int,
    convention: Convention = "isotropic",
    *,
    third: ThirdAxis | None = None,
    seed: int,
    level: Points | None = None,
) -> list[Certificate]:
    """Check the property of `representation` for a picture of `width` x `height`.

    Args:
        representation: as it was stored, in any precision; values are computed in float64.
        height: rows of the picture for which the mask is drawn.
        width: columns of that picture.
        convention: of the coordinates that the representation was fitted with.
        third: the third coordinate of a video, a volume or a picture with depth.
        seed: for the sampled points.
        level: float64 levels of this representation at the scene's pixel centres, (h, w) or
            (frames, h, w), if they are at hand.

    Returns:
        One certificate per method; of a union those of its members too. A state that is not finite
        fails; it raises nothing.

    Raises:
        TypeError: no constraint has this type of representation.
    """
    scene = Scene(height, width, convention, third)
    if level is None:
        level = scene_level(representation, scene)
    if level.shape != scene.shape:
        raise ValueError(f"the level has shape {level.shape}, the scene {scene.shape}")
    with np.errstate(all="ignore"):
        return check(representation, scene, level, seed)


def check(
    representation: Representation, scene: Scene, level: Points, seed: int
) -> list[Certificate]:
    """The certificates of a representation, by the record of its constraint."""
    proves = load(record_of(representation).certificate)
    found: list[Certificate] = proves(representation, scene, level, seed=seed)
    return found


def certify_nothing(
    representation: Representation, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """One certificate of a representation that promises no shape: whether its levels are finite."""
    if np.isfinite(level).all():
        sentence = "An unconstrained representation promises no shape."
        return [Certificate("none", "none", np.nan, True, "no guarantee", sentence)]
    sentence = "Levels are not finite at pixel centres."
    return [Certificate("none", "none", -np.inf, False, "fails", sentence)]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Args:
        margin: by how much it holds or fails, in the unit that the sentence names.
        holds: whether it does.
        sentence: what was checked, and the outcome.
    """

    margin: float
    holds: bool
    sentence: str


def at_most(value: float, limit: float, sentence: str) -> Finding:
    """Find whether an error is at most `limit`; the margin is minus the error.

    Args:
        value: the error; one that is not finite fails.
        limit: what rounding explains.
        sentence: has the fields {value} and {limit}.
    """
    words = sentence.format(value=f"{value:.3g}", limit=f"{limit:.3g}")
    if not np.isfinite(value):
        return Finding(-np.inf, False, f"Values are not finite. {words}")
    return Finding(0.0 - value, value <= limit, words)


def not_finite(where: str) -> Finding:
    """Levels are not finite at the points called `where`."""
    return Finding(-np.inf, False, f"Levels are not finite at {where}.")


def joined(
    property_: str, method: str, findings: Sequence[Finding], verdict: str | None = None
) -> Certificate:
    """One certificate of several findings, which holds where all of them do.

    The margin is that of the first finding, or the smallest of those that fail, whose sentences
    come first. `verdict` replaces `holds`.
    """
    failing = [finding for finding in findings if not finding.holds]
    holding = [finding for finding in findings if finding.holds]
    margin = min((f.margin for f in failing), default=findings[0].margin)
    said = "fails" if failing else verdict or "holds"
    sentence = " ".join(finding.sentence for finding in [*failing, *holding])
    return Certificate(property_, method, margin, not failing, said, sentence)


def certify_structure(
    property_: str, representation: Representation, more: Sequence[Finding] = ()
) -> Certificate:
    """Every parameter is finite and every constrained weight at least zero, exactly.

    The margin is the smallest constrained weight, -inf when a parameter is not finite.

    Args:
        property_: what is certified.
        representation: as it was stored.
        more: what else the property rests on; left out when a parameter is not finite.
    """
    with torch.no_grad():
        broken = [n for n, p in representation.named_parameters() if not p.isfinite().all()]
        if broken:
            sentence = f"Not all parameters are finite: {', '.join(broken)}."
            return joined(property_, "structure", [Finding(-np.inf, False, sentence)])
        constrained = [w.flatten() for w in representation.constrained_weights().values()]
        if not constrained:
            finite = Finding(0.0, True, "All parameters are finite.")
            return joined(property_, "structure", [*more, finite])
        weights = torch.cat(constrained)
        smallest, negative = float(weights.min()), int((weights < 0).sum())
    sentence = (
        f"{negative} of the {len(weights):,} weights on a z-path are negative, the smallest is "
        f"{smallest:.3g}; all parameters are finite."
    )
    signs = Finding(smallest, negative == 0, sentence)
    return joined(property_, "structure", [signs, *more])


def unknown(property_: str, structure: Certificate) -> list[Certificate]:
    """The three certificates of a representation whose parameters are not finite."""
    return [
        structure,
        joined(property_, "sampled margin", [not_finite("sampled points")]),
        joined(property_, "raster", [not_finite("pixel centres")]),
    ]


def sample_points(
    generator: np.random.Generator, boxes: Sequence[tuple[Points, Points]], count: int
) -> Points:
    """`count` points in each box (lower and upper corner), (boxes * count, dim)."""
    return np.concatenate([generator.uniform(*box, (count, len(box[0]))) for box in boxes])


def raster_verdict(mask: Mask) -> str | None:
    """`empty` or `whole picture`, where one of them is all there is to say of a mask."""
    if not mask.any():
        return "empty"
    return "whole picture" if mask.all() else None


def settled_raster(property_: str, level: Points) -> Certificate | None:
    """The certificate of a drawn level of one sign, or one that is not finite; None of others."""
    if not np.isfinite(level).all():
        return joined(property_, "raster", [not_finite("pixel centres")])
    verdict = raster_verdict(foreground(level))
    if verdict is None:
        return None
    return joined(property_, "raster", [Finding(0.0, True, _RASTER_WORDS[verdict])], verdict)


def counted(property_: str, wrong: int, sentence: str, mask: Mask | None = None) -> Certificate:
    """A certificate of a drawn mask whose margin is minus the number of `wrong` pixels.

    Args:
        property_: what is certified.
        wrong: must be 0.
        sentence: what was counted.
        mask: of which it is said where it is empty or the whole picture, if it may be.
    """
    verdict = None if mask is None else raster_verdict(mask)
    if verdict is not None:
        sentence = f"{_RASTER_WORDS[verdict]} {sentence}"
    return joined(property_, "raster", [Finding(float(-wrong), wrong == 0, sentence)], verdict)
