"""What a certificate says, whatever the property: how findings make one, and in which words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from isr.evaluation.pixels import Mask
from isr.representations import Representation

RASTER_WORDS = {
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


def raster_verdict(mask: Mask) -> str | None:
    """`empty` or `whole picture`, where one of them is all there is to say of a mask."""
    if not mask.any():
        return "empty"
    return "whole picture" if mask.all() else None
