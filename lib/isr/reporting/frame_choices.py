"""Which frames of a video a figure shows when the configuration names none."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isr.data.items import Item
from isr.errors import UserError
from isr.evaluation.certificates.path_connectedness import THIN
from isr.evaluation.columns import GROUND_TRUTH, UNARIES
from isr.reporting import words
from isr.reporting.cell_files import NOT_FITTED, PREDICTOR, REPRESENTATION, CellFiles, Mask
from isr.reporting.drawing.thin_connection import pieces

_COARSEST = 12
_COUNT = 6


def thinnest(cell: CellFiles, item: Item) -> int:
    """The frame whose region is connected by less than a pixel, else on the fewest coarser rasters.

    Of several that are, the one whose second largest piece is largest. All are compared at the
    original size, whichever size they are stored at.

    Raises:
        UserError: the video has no fit.
    """
    numbers = cell.fitted_frames(item)
    table = cell.certificates
    certified = table[(table["item"] == item.name) & (table["verdict"] == THIN)]
    thin = sorted({int(number) for number in certified["frame"]} & set(numbers))
    return max(thin or numbers, key=lambda n: _falls_apart(cell.mask(item, n)))


def _falls_apart(mask: Mask) -> tuple[int, int]:
    """How soon a mask falls apart on coarser rasters, and how large the second piece is then."""
    for factor in range(1, _COARSEST + 1):
        labels, count = pieces(mask[factor // 2 :: factor, factor // 2 :: factor])
        if count > 1:
            return -factor, int(np.count_nonzero(labels == 2)) * factor**2
    return -_COARSEST - 1, 0


def best_fitted(cell: CellFiles, item: Item) -> int:
    """The frame that the representation agrees with best: its truth, or else its unaries.

    Raises:
        UserError: the video has no fit.
    """
    for against in (GROUND_TRUTH, UNARIES):
        scores = cell.scores(item.name, against)
        if REPRESENTATION in scores and not scores[REPRESENTATION].dropna().empty:
            return int(scores[REPRESENTATION].idxmax())
    return cell.fitted_frames(item)[0]


def gains_most(sequential: CellFiles, joint: CellFiles, item: Item) -> int:
    """The frame on which the jointly trained representation gains most on the sequential one.

    Raises:
        UserError: there is no frame with a ground truth that both have.
    """
    ours = [cell.scores(item.name) for cell in (sequential, joint)]
    if all(REPRESENTATION in scores for scores in ours):
        gains = (ours[1][REPRESENTATION] - ours[0][REPRESENTATION]).dropna()
        if not gains.empty:
            return int(gains.idxmax())
    raise UserError(
        f"{sequential.folder} and {joint.folder} share no annotated frame of {item.name}: "
        "set `frame`."
    )


def judged(cell: CellFiles, item: Item) -> tuple[pd.DataFrame, int]:
    """Scores with the ground truth of frames whose fit succeeded, and how many others there are."""
    scores = cell.scores(item.name)
    rows = cell.metrics[cell.metrics["item"] == item.name]
    without = set(rows.loc[rows["status"].isin(NOT_FITTED), "frame"])
    kept = scores[~scores.index.isin(without)]
    return kept, len(scores) - len(kept)


def choose(scores: pd.DataFrame, rank: int = 1, left_out: int = 0) -> tuple[int, str]:
    """Choose the frame on which the representation loses the rank-th most.

    Args:
        scores: IoU with the ground truth by frame, with a column for each output; of frames alone
            that could be fitted.
        rank: 1 for the largest loss; -1 for the largest gain, and so on.
        left_out: how many frames could not.

    Returns:
        The frame, and on how many of the frames the representation loses, in words.

    Raises:
        UserError: there are not so many annotated frames.
    """
    if not {PREDICTOR, REPRESENTATION} <= set(scores.columns):
        raise UserError("metrics.csv compares nothing with a ground truth: name another item.")
    gains = (scores[REPRESENTATION] - scores[PREDICTOR]).dropna().sort_values(kind="stable")
    noun = words.count(len(gains), "annotated frame")
    if not 1 <= abs(rank) <= len(gains):
        rest = f" and {left_out} without a fit" if left_out else ""
        raise UserError(
            f"rank {rank} of the figure: there are {noun}{rest}, the first is 1 and the last -1."
        )
    losing = int((gains < 0).sum()) or "none"
    rest = f" ({left_out} without a fit left out)" if left_out else ""
    told = f"the prior loses on {losing} of {noun}{rest}"
    return int(gains.index[rank - 1 if rank > 0 else rank]), told


def stretch(noisy: Sequence[int], count: int, wanted: Sequence[int] | None = None) -> range:
    """The frames to show: those wanted (first and last), else six with as many noisy as can be.

    Args:
        noisy: numbers of the noisy frames.
        count: number of frames of the video.
        wanted: first and last, or None.

    Raises:
        UserError: what is wanted is no range of frames of the video.
    """
    if wanted is not None:
        match wanted:
            case [int(first), int(last)] if 0 <= first <= last < count:
                return range(first, last + 1)
        raise UserError(
            f"frames of the figure is {wanted}: give the first and the last of {count} frames, "
            f"such as [0, {min(count, _COUNT) - 1}]."
        )
    starts = range(max(1, count - _COUNT + 1))
    # Between noisy frames there should be clean ones: of equals the one that begins with such.
    found = max(
        starts,
        key=lambda start: (
            sum(start <= each < start + _COUNT for each in noisy),
            sum(start < each < start + _COUNT - 1 for each in noisy),
            -start,
        ),
    )
    return range(found, min(found + _COUNT, count))
