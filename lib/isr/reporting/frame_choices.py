"""Which frame of a video a figure shows when the settings name none."""

import numpy as np
import pandas as pd

from isr.data.videos import Video
from isr.errors import UserError
from isr.evaluation.certificates.path_connectedness import THIN
from isr.fitting.video_folder import frame_name
from isr.reporting.shots import REPRESENTATION
from isr.reporting.thin_connection import pieces
from isr.reporting.video_views import GROUND_TRUTH, NOT_FITTED, CellFiles, Mask

_COARSEST = 12
_UNARIES = "unaries"


def thinnest(cell: CellFiles, video: Video) -> int:
    """The frame whose region is connected by less than a pixel, else on the fewest coarser rasters.

    Of several that are, the one whose second largest piece is largest. All are compared at the
    original size, whichever size they are stored at.

    Raises:
        UserError: the video has no fit.
    """
    numbers = _fitted(cell, video)
    table = cell.certificates
    certified = table[(table["video"] == video.name) & (table["verdict"] == THIN)]
    thin = sorted({int(number) for number in certified["frame"]} & set(numbers))
    return max(thin or numbers, key=lambda n: _falls_apart(cell.mask(video.name, n, video.size)))


def _falls_apart(mask: Mask) -> tuple[int, int]:
    """How soon a mask falls apart on coarser rasters, and how large the second piece is then."""
    for factor in range(1, _COARSEST + 1):
        labels, count = pieces(mask[factor // 2 :: factor, factor // 2 :: factor])
        if count > 1:
            return -factor, int(np.count_nonzero(labels == 2)) * factor**2
    return -_COARSEST - 1, 0


def best_fitted(cell: CellFiles, video: Video) -> int:
    """The frame that the representation agrees with best: its truth, or else its unaries.

    Raises:
        UserError: the video has no fit.
    """
    for against in (GROUND_TRUTH, _UNARIES):
        scores = of_video(cell.scores(against), video)
        if REPRESENTATION in scores and not scores[REPRESENTATION].dropna().empty:
            return int(scores[REPRESENTATION].idxmax())
    return _fitted(cell, video)[0]


def gains_most(sequential: CellFiles, joint: CellFiles, video: Video) -> int:
    """The frame on which the jointly trained representation gains most on the sequential one.

    Raises:
        UserError: there is no frame with a ground truth that both have.
    """
    ours = [of_video(cell.scores(), video) for cell in (sequential, joint)]
    if all(REPRESENTATION in scores for scores in ours):
        gains = (ours[1][REPRESENTATION] - ours[0][REPRESENTATION]).dropna()
        if not gains.empty:
            return int(gains.idxmax())
    raise UserError(
        f"{sequential.folder} and {joint.folder} share no annotated frame of {video.name}: "
        "set `frame`."
    )


def judged(cell: CellFiles, video: Video) -> tuple[pd.DataFrame, int]:
    """Scores with the ground truth of frames whose fit succeeded, and how many others there are."""
    scores = of_video(cell.scores(), video)
    rows = cell.metrics[cell.metrics["video"] == video.name]
    without = set(rows.loc[rows["status"].isin(NOT_FITTED), "frame"])
    kept = scores[~scores.index.isin(without)]
    return kept, len(scores) - len(kept)


def of_video(scores: pd.DataFrame, video: Video) -> pd.DataFrame:
    """The scores of one video by frame."""
    return scores[scores.index.get_level_values("video") == video.name].droplevel("video")


def _fitted(cell: CellFiles, video: Video) -> list[int]:
    names = {name for part in cell.parts for name in part.names}
    found = [number for number in range(len(video)) if frame_name(video.name, number) in names]
    if not found:
        raise UserError(
            f"{cell.folder} holds no fit of a frame of {video.name}: name another cell or video."
        )
    return found
