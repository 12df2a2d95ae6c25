"""The papers' numbers on the convexity study, each once, with its place in the paper.

Source: "Implicit Representations for Constrained Image Segmentation" (ICML 2024). Table 1 gives the
foreground IoU of both outputs of all twelve settings. Table 3 (appendix B.3) adds deviations over
three seeds and pixel accuracies; its text shows 12 of 24 rows. The IoUs of Table 1 tell what these
rows are: the first six are the sequentially trained predictors, the six headed "Jointly Trained"
are the convex projections of these predictors. Joint deviations and joint accuracies are therefore
unknown. Table 2 (appendix A) gives the foreground IoU of SAM, prompted with a random point of the
foreground scribbles, and of its convex projection, of clean and of corrupted pictures. Tables 1 and
2 of the workshop paper (UniReps 2023) repeat Tables 1 and 2 digit by digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from isr.data.kinds import DatasetKind
from isr.data.kinds.convexitydb import COUNT

PICTURES = COUNT
"""Pictures behind every number: the whole ConvexityDB (section 3.1)."""

CONSTRAINT = "convex"
"""The constraint of every number."""

SEEDS = 3
"""Runs behind every number (captions of Tables 1 and 3)."""

STEPS = 3000
"""Optimisation steps per picture (appendix B.2)."""

PREDICTORS = ("cnn", "fcn")
"""Kinds of predictors of Tables 1 and 3."""
SAM = "segment_anything"
"""The kind of predictor of Table 2."""
FEATURES = ("rgb+xy", "rgb+semantic", "rgb+xy+semantic")
FITS = ("sequential", "joint")
OUTPUTS = ("predictor", "representation")

Setting = tuple[str, str, str, str]
"""(fit, features, predictor, output)"""

TABLE_2: dict[str, tuple[float, float]] = {
    "clean": (0.7275, 0.7407),
    "spatter": (0.5627, 0.5817),
    "contrast": (0.6489, 0.6597),
    "brightness": (0.6456, 0.6516),
    "impulse_noise": (0.5330, 0.5504),
    "shot_noise": (0.6298, 0.6371),
    "gaussian_noise": (0.6246, 0.6357),
    "defocus_blur": (0.7333, 0.7426),
    "glass_blur": (0.7187, 0.7321),
}
"""IoU of SAM and of its convex projection, by corruption at severity 5, in the order of Table 2."""


@dataclass(frozen=True)
class Result:
    """One published result; None where the paper's text does not give the number.

    All values lie in [0, 1]: foreground IoU and pixel accuracy, means over pictures and seeds, and
    their standard deviations over seeds.
    """

    iou: float
    iou_deviation: float | None = None
    accuracy: float | None = None
    accuracy_deviation: float | None = None


# Table 1, read row by row: predictor / convex for each pair of features and predictor.
_TABLE_1: dict[tuple[str, str, str], tuple[float, float]] = {
    ("sequential", "rgb+xy", "cnn"): (0.697, 0.763),
    ("sequential", "rgb+xy", "fcn"): (0.732, 0.711),
    ("sequential", "rgb+semantic", "cnn"): (0.726, 0.843),
    ("sequential", "rgb+semantic", "fcn"): (0.714, 0.851),
    ("sequential", "rgb+xy+semantic", "cnn"): (0.778, 0.766),
    ("sequential", "rgb+xy+semantic", "fcn"): (0.736, 0.746),
    ("joint", "rgb+xy", "cnn"): (0.798, 0.799),
    ("joint", "rgb+xy", "fcn"): (0.755, 0.756),
    ("joint", "rgb+semantic", "cnn"): (0.818, 0.899),
    ("joint", "rgb+semantic", "fcn"): (0.635, 0.894),
    ("joint", "rgb+xy+semantic", "cnn"): (0.805, 0.809),
    ("joint", "rgb+xy+semantic", "fcn"): (0.768, 0.769),
}

# Table 3 without the IoUs that Table 1 already gives: IoU deviation, accuracy, its deviation.
_TABLE_3: dict[Setting, tuple[float, float, float]] = {
    ("sequential", "rgb+xy", "cnn", "predictor"): (0.066, 0.903, 0.028),
    ("sequential", "rgb+semantic", "cnn", "predictor"): (0.014, 0.929, 0.006),
    ("sequential", "rgb+xy+semantic", "cnn", "predictor"): (0.019, 0.937, 0.005),
    ("sequential", "rgb+xy", "fcn", "predictor"): (0.010, 0.928, 0.003),
    ("sequential", "rgb+semantic", "fcn", "predictor"): (0.010, 0.929, 0.003),
    ("sequential", "rgb+xy+semantic", "fcn", "predictor"): (0.009, 0.928, 0.003),
    ("sequential", "rgb+xy", "cnn", "representation"): (0.013, 0.934, 0.006),
    ("sequential", "rgb+semantic", "cnn", "representation"): (0.012, 0.965, 0.004),
    ("sequential", "rgb+xy+semantic", "cnn", "representation"): (0.022, 0.935, 0.007),
    ("sequential", "rgb+xy", "fcn", "representation"): (0.019, 0.921, 0.006),
    ("sequential", "rgb+semantic", "fcn", "representation"): (0.008, 0.967, 0.002),
    ("sequential", "rgb+xy+semantic", "fcn", "representation"): (0.021, 0.931, 0.005),
}


def _collect() -> dict[Setting, Result]:
    results = {}
    for (fit, features, predictor), ious in _TABLE_1.items():
        for output, iou in zip(OUTPUTS, ious, strict=True):
            setting = (fit, features, predictor, output)
            results[setting] = Result(iou, *_TABLE_3.get(setting, (None, None, None)))
    return results


CONVEXITY: dict[Setting, Result] = _collect()
"""All 24 published results, keyed by (fit, features, predictor, output)."""


def find(
    fit: str, features: str, predictor: str, output: str, corruption: str = "clean"
) -> Result | None:
    """The published result of one setting, or None when the papers have no such setting."""
    if predictor == SAM:
        known = fit == "sequential" and output in OUTPUTS and corruption in TABLE_2
        return Result(TABLE_2[corruption][OUTPUTS.index(output)]) if known else None
    return CONVEXITY.get((fit, features, predictor, output)) if corruption == "clean" else None


def grid(predictors: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """The settings (fit, features, predictor, corruption) of some kinds of predictors."""
    found = [
        (fit, features, predictor, "clean")
        for fit, features, predictor, _ in CONVEXITY
        if predictor in predictors
    ]
    if SAM in predictors:
        found += [("sequential", "", SAM, corruption) for corruption in TABLE_2]
    return list(dict.fromkeys(found))


def difference(dataset: DatasetKind, pictures: int) -> str:
    """How some pictures of a data set differ from those behind the numbers; "" if they do not."""
    if dataset.kind != "convexitydb" or pictures != PICTURES:
        return "other pictures than ours"
    return "" if getattr(dataset, "long_side", None) is None else "ours are shrunk"
