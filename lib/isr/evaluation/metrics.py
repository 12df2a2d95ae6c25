"""How well a drawn region agrees with the ground truth, and how that is averaged."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.data.pictures import UNKNOWN

Mask = NDArray[np.bool_]
GroundTruth = NDArray[np.uint8]


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


def scores(prediction: Mask, ground_truth: GroundTruth) -> dict[str, float]:
    """The columns of metrics.csv that say how a prediction agrees with the ground truth.

    Arguments and errors are those of `foreground_iou`.
    """
    return {
        "iou": foreground_iou(prediction, ground_truth),
        "accuracy": pixel_accuracy(prediction, ground_truth),
        "scored_pixels": scored_pixels(ground_truth),
    }


def compare(
    outputs: Mapping[str, Mask], against: str, ground_truth: GroundTruth
) -> list[dict[str, Any]]:
    """Rows of metrics.csv: how each of some outputs agrees with what it is compared to.

    Args:
        outputs: boolean masks by name, of one shape.
        against: what they are compared to, in words.
        ground_truth: uint8 like the masks, as for `foreground_iou`.
    """
    return [
        {"output": output, "against": against, **scores(mask, ground_truth)}
        for output, mask in outputs.items()
    ]


def resize_unaries(unaries: NDArray[np.floating], height: int, width: int) -> NDArray[np.floating]:
    """Unaries (..., height, width), bilinear between the pixel centres of `unaries` (..., h, w).

    Centres keep their place in the picture: enlarged twice, the new centres lie a quarter of an old
    pixel from the old ones, and beyond the outermost centres the value is constant.

    >>> resize_unaries(np.array([[0.0, 1.0]]), 1, 4)
    array([[0.  , 0.25, 0.75, 1.  ]])
    """
    if unaries.shape[-2:] == (height, width):
        return unaries
    if unaries.ndim == 3:
        return np.stack([resize_unaries(layer, height, width) for layer in unaries])
    return np.asarray(cv2.resize(unaries, (width, height), interpolation=cv2.INTER_LINEAR))


def mean_and_deviation(scores: pd.DataFrame) -> tuple[float, float]:
    """Mean over pictures, then mean and deviation over seeds.

    Args:
        scores: one row per picture, one column per seed.

    Returns:
        The mean over seeds of the means over pictures, and their standard deviation with n - 1 in
        the denominator; NaN for one seed.

    >>> scores = pd.DataFrame({42: [0.2, 0.4], 47: [0.4, 0.6]})
    >>> [round(value, 3) for value in mean_and_deviation(scores)]
    [0.4, 0.141]
    """
    by_seed = scores.mean(axis="index")
    return float(by_seed.mean()), float(by_seed.std(ddof=1))
