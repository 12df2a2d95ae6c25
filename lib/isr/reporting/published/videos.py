"""The paper's numbers on motion segmentation, each once, with its place in the paper.

Source: "Implicit Representations for Constrained Image Segmentation" (ICML 2024). Table 4 (appendix
C.3) gives foreground IoU and pixel accuracy of 18 sequences of FBMS-59, Table 5 (appendix C.3.4)
the IoU of a spatio-temporal representation of cars3 with the clean unaries. The paper prints no
mean over the sequences of Table 4; the means here are computed from its rows. Section 3.2 says in
words that the sequential prior gains about 1 % IoU "over all frames", the joint one about 2 %. The
rows give that when they are averaged over the sequences, as the authors' code does, and both priors
are compared with the UNet before joint training: 0.703 and 0.712 against 0.691.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

FITS = ("sequential", "joint")
OUTPUTS = ("predictor", "representation")
SCORES = ("iou", "accuracy")

SEEDS = 3
"""Runs behind every number (captions of Tables 4 and 5)."""

WIDTH = 64
"""Channels of the UNet's first layer (its published code)."""

SCALE = 1.0
"""Frames are fitted at their own size."""

STEPS: dict[str, dict[str, int]] = {
    "sequential": {"first_steps": 5000, "next_steps": 400},
    "joint": {"first_steps": 5000, "next_steps": 400, "epochs": 15},
}
"""How long representations are optimised: first frame, each next frame, jointly (appendix C.2)."""

STEPS_IN_TIME = "400 convex steps, then 1,000 epochs over all frames"
"""Those of a spatio-temporal one, in other units than ours: its base, then all (published code)."""

OPTIMISER, RATE = "adamax", 0.001
"""Of projections (appendix C.2)."""
JOINT_RATE = 0.0001
"""Of the UNet and the representations in joint fits (its published code)."""

CONSTRAINT = "path_connected"
"""The constraint of every number."""

DISTANCE = "squared"
"""From the unaries (section C.2)."""

LABELS = "published"
"""Weak labels of Kardoost & Keuper (2021), by multicuts of point trajectories (section 3.2)."""

NOISE_SEQUENCE = "cars3"
"""The sequence of Table 5."""


@dataclass(frozen=True)
class Score:
    """Foreground IoU and pixel accuracy in [0, 1], means over frames and seeds."""

    iou: float
    accuracy: float


# Table 4 as printed: IoU of UNet and prior, accuracy of UNet and prior, sequential and then joint.
_TABLE_4 = """
bear01     0.840 0.834 0.988 0.988 0.838 0.820 0.988 0.987
bear02     0.803 0.802 0.968 0.968 0.758 0.804 0.951 0.968
cars2      0.559 0.572 0.964 0.967 0.606 0.617 0.970 0.973
cars3      0.779 0.880 0.986 0.992 0.885 0.887 0.992 0.993
cars6      0.718 0.766 0.990 0.992 0.791 0.808 0.993 0.994
cars7      0.691 0.693 0.988 0.988 0.775 0.751 0.992 0.991
cars8      0.771 0.770 0.977 0.977 0.793 0.784 0.980 0.979
cats04     0.714 0.763 0.991 0.992 0.769 0.760 0.995 0.993
cats05     0.607 0.571 0.971 0.969 0.406 0.534 0.964 0.969
horses01   0.872 0.849 0.990 0.989 0.856 0.845 0.988 0.988
horses03   0.737 0.744 0.941 0.941 0.728 0.761 0.937 0.947
marple1    0.709 0.710 0.873 0.872 0.705 0.733 0.868 0.887
marple10   0.014 0.020 0.261 0.253 0.023 0.020 0.452 0.222
marple11   0.732 0.800 0.987 0.990 0.742 0.774 0.989 0.990
marple5    0.615 0.615 0.945 0.945 0.688 0.622 0.962 0.946
meerkats01 0.616 0.617 0.980 0.980 0.546 0.656 0.978 0.983
people04   0.843 0.843 0.992 0.992 0.834 0.845 0.993 0.992
rabbits01  0.816 0.806 0.991 0.990 0.816 0.791 0.993 0.988
"""


def _collect() -> dict[str, dict[tuple[str, str], Score]]:
    rows = {}
    for line in _TABLE_4.split("\n")[1:-1]:
        name, *texts = line.split()
        values = [float(text) for text in texts]
        rows[name] = {
            (fit, output): Score(values[4 * row + column], values[4 * row + 2 + column])
            for row, fit in enumerate(FITS)
            for column, output in enumerate(OUTPUTS)
        }
    return rows


SEQUENCES: dict[str, dict[tuple[str, str], Score]] = _collect()
"""Table 4: sequence -> (fit, output) -> score, in the paper's order."""

NOISE: dict[float, float] = {
    0.0: 0.826,
    0.1: 0.799,
    0.2: 0.796,
    0.3: 0.527,
    0.4: 0.514,
    0.5: 0.186,
    0.6: 0.189,
}
"""Table 5: share of frames whose unaries were replaced by noise -> IoU."""


def find(sequence: str, fit: str, output: str) -> Score | None:
    """The published score of a sequence, or None when Table 4 does not have it."""
    return SEQUENCES.get(sequence, {}).get((fit, output))


def mean(fit: str, output: str, sequences: Iterable[str] = tuple(SEQUENCES)) -> Score | None:
    """The mean of the published scores over sequences; None when Table 4 lacks one of them.

    >>> round(mean("sequential", "predictor", ["cars3", "cars6"]).iou, 4)
    0.7485
    """
    found = [find(name, fit, output) for name in sequences]
    known = [score for score in found if score is not None]
    if not known or len(known) < len(found):
        return None
    return Score(fmean(score.iou for score in known), fmean(score.accuracy for score in known))


def noise(share: float) -> float | None:
    """The published IoU with this share of noise, or None when Table 5 does not have it."""
    return NOISE.get(round(share, 6))
