"""How well a drawn region agrees with the ground truth, and how that is averaged."""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
GroundTruth = NDArray[np.uint8]

UNKNOWN = 128
_VALUES = ("iou", "accuracy")


def _scored(prediction: Mask, ground_truth: GroundTruth) -> tuple[Mask, Mask]:
    """Prediction and truth at the pixels that count, as two boolean vectors."""
    if prediction.dtype != np.bool_:
        raise ValueError(f"the prediction has to be boolean, not {prediction.dtype}")
    if prediction.shape != ground_truth.shape:
        raise ValueError(
            f"the prediction has shape {prediction.shape}, the ground truth {ground_truth.shape}"
        )
    if not np.isin(ground_truth, (0, UNKNOWN, 255)).all():
        raise ValueError("the ground truth has values other than 0, 128 and 255")
    known = ground_truth != UNKNOWN
    return prediction[known], ground_truth[known] == 255


def scored_pixels(ground_truth: GroundTruth) -> int:
    """Number of pixels of `ground_truth` (h, w) that are not unknown (128).

    >>> scored_pixels(np.array([[255, 128, 0]], dtype=np.uint8))
    2
    """
    return int(np.count_nonzero(ground_truth != UNKNOWN))


def foreground_iou(prediction: Mask, ground_truth: GroundTruth) -> float:
    """Intersection over union of the foreground, in [0, 1].

    Args:
        prediction: boolean (h, w), true where foreground.
        ground_truth: uint8 (h, w) of 255 object, 0 background, 128 unknown (left out).

    Returns:
        The number of scored pixels that are foreground in both, divided by the number of those that
        are foreground in either. As in the paper's published code it is 0 where the ground truth
        has no foreground, even when the prediction has none; NaN when no pixel is scored.

    Raises:
        ValueError: shapes differ, or values are not those above.

    One pixel is foreground in both, three are in either, the unknown one is left out:

    >>> truth = np.array([[255, 255, 0, 128]], dtype=np.uint8)
    >>> foreground_iou(np.array([[True, False, True, True]]), truth)
    0.3333333333333333
    >>> foreground_iou(np.array([[False, False]]), np.zeros((1, 2), dtype=np.uint8))
    0.0
    """
    predicted, true = _scored(prediction, ground_truth)
    if not true.size:
        return float("nan")
    either = np.count_nonzero(predicted | true)
    return float(np.count_nonzero(predicted & true) / either) if either else 0.0


def pixel_accuracy(prediction: Mask, ground_truth: GroundTruth) -> float:
    """Share of the scored pixels that are right, in [0, 1]; NaN when no pixel is scored.

    Arguments and errors are those of `foreground_iou`.

    >>> truth = np.array([[255, 255, 0, 0, 128]], dtype=np.uint8)
    >>> pixel_accuracy(np.array([[True, False, False, False, True]]), truth)
    0.75
    """
    predicted, true = _scored(prediction, ground_truth)
    return float(np.mean(predicted == true)) if true.size else float("nan")


def resize_unaries(unaries: NDArray[np.floating], height: int, width: int) -> NDArray[np.floating]:
    """Unaries (height, width), bilinear between the pixel centres of `unaries` (h, w).

    Centres keep their place in the picture: enlarged twice, the new centres lie a quarter of an old
    pixel from the old ones, and beyond the outermost centres the value is constant.

    >>> resize_unaries(np.array([[0.0, 1.0]]), 1, 4)
    array([[0.  , 0.25, 0.75, 1.  ]])
    """
    if unaries.shape == (height, width):
        return unaries
    return np.asarray(cv2.resize(unaries, (width, height), interpolation=cv2.INTER_LINEAR))


def summarise(metrics: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Mean over pictures, then mean and deviation over seeds.

    Args:
        metrics: one row per picture, output, seed and axes of a cell, with the columns `picture`,
            `seed`, `iou` and `accuracy` and those named in `by`.
        by: the columns that tell the rows of the summary apart; together with seed and picture they
            have to tell every row of `metrics` apart.

    Returns:
        One row per combination of `by`, in order of appearance: `iou` and `accuracy` (mean over
        seeds of the mean over pictures), `iou_deviation` and `accuracy_deviation` (over seeds, with
        n - 1 in the denominator; NaN for one seed), `n_pictures` (the smallest number of any seed)
        and `n_seeds`.

    Raises:
        ValueError: two rows have the same `by`, seed and picture.

    >>> rows = [(1, "a", 0.2), (1, "b", 0.4), (2, "a", 0.4), (2, "b", 0.6)]
    >>> metrics = pd.DataFrame(rows, columns=["seed", "picture", "iou"])
    >>> summary = summarise(metrics.assign(accuracy=1.0, fit="joint"), ["fit"])
    >>> [float(summary[column].iloc[0].round(3)) for column in ("iou", "iou_deviation")]
    [0.4, 0.141]
    """
    axes = list(by)
    repeated = metrics.duplicated([*axes, "seed", "picture"])
    if repeated.any():
        example = metrics.loc[repeated, ["seed", "picture"]].iloc[0].to_dict()
        raise ValueError(f"{axes} do not tell apart the rows of {example}")
    # An axis that a cell does not have is NaN: dropna=False keeps such rows.
    seeds = metrics.groupby([*axes, "seed"], sort=False, dropna=False, as_index=False).agg(
        iou=("iou", "mean"), accuracy=("accuracy", "mean"), n_pictures=("picture", "nunique")
    )
    columns = {}
    for value in _VALUES:
        columns[value] = (value, "mean")
        columns[f"{value}_deviation"] = (value, "std")
    columns |= {"n_pictures": ("n_pictures", "min"), "n_seeds": ("seed", "nunique")}
    groups = seeds.groupby(axes, sort=False, dropna=False, as_index=False)
    summary: pd.DataFrame = groups.agg(**columns)
    return summary
