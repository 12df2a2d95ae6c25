"""Figures 6 and 13: a frame on which the prior loses against the predictor, and why."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from isr.errors import UserError
from isr.evaluation.contradiction import SHARE
from isr.reporting import overlays, panels, words
from isr.reporting.shots import PREDICTOR, REPRESENTATION, Shot, draw_outputs, entries
from isr.reporting.thin_connection import pieces
from isr.video_axes import SPATIO_TEMPORAL

_RIGHT, _WRONG = "#35d461", "#e0218a"
_TRUTH = ("#ffd400", "#8f5bd6", "#19c5c5", "#c46a2b")
_STRENGTH = 0.5
_TALLEST = 3.3


@dataclass(frozen=True)
class Choice:
    """A frame chosen by what the representation loses on it.

    Attributes:
        frame: number of the frame.
        gain: IoU of the representation less that of the predictor.
        losing: on how many frames the representation loses.
        frames: of how many.
        left_out: how many more frames have no fit that could be judged.
    """

    frame: int
    gain: float
    losing: int
    frames: int
    left_out: int = 0

    def words(self) -> str:
        """The choice in a sentence."""
        noun = words.count(self.frames, "annotated frame")
        rest = f" ({self.left_out} without a fit left out)" if self.left_out else ""
        return f"the prior loses on {self.losing or 'none'} of {noun}{rest}"


def choose(scores: pd.DataFrame, rank: int = 1, left_out: int = 0) -> Choice:
    """Choose the frame on which the representation loses the rank-th most.

    Args:
        scores: IoU with the ground truth by frame, with a column for each output; of frames alone
            that could be fitted.
        rank: 1 for the largest loss; -1 for the largest gain, and so on.
        left_out: how many frames could not.

    Raises:
        UserError: there are not so many annotated frames.
    """
    if not {PREDICTOR, REPRESENTATION} <= set(scores.columns):
        raise UserError("metrics.csv compares nothing with a ground truth: name another video.")
    gains = (scores[REPRESENTATION] - scores[PREDICTOR]).dropna().sort_values(kind="stable")
    if not 1 <= abs(rank) <= len(gains):
        raise UserError(
            f"rank {rank} of the settings: there are {words.count(len(gains), 'annotated frame')}, "
            "the first is 1 and the last -1."
        )
    place = rank - 1 if rank > 0 else rank
    losing = int((gains < 0).sum())
    return Choice(int(gains.index[place]), float(gains.iloc[place]), losing, len(gains), left_out)


def draw(shot: Shot, title: str, *, why: str = "", remark: str = "") -> Figure:
    """Draw the ground truth, the predictor, the representation, and where the two disagree.

    Args:
        shot: the frame, with a ground truth.
        title: stands above.
        why: what in the ground truth contradicts the constraint.
        remark: what else is to be said of the choice of the frame.
    """
    figure, axes = panels.lay_out([[shot.aspect] * 2] * 2, title, tallest=_TALLEST)
    (truth, predictor), (representation, differences) = axes
    _show_truth(truth, shot)
    panels.head(truth, "(a) ground truth")
    panels.caption(truth, why)
    heads = shot.heading(PREDICTOR, "(b) "), shot.heading(REPRESENTATION, "(c) ")
    draw_outputs(predictor, representation, shot, heads)
    _show_differences(differences, shot)
    panels.head(differences, "(d) where they disagree")
    panels.caption(differences, remark)
    panels.add_legend(figure, _entries(shot))
    return figure


def contradiction(row: Mapping[Hashable, Any]) -> str:
    """Say whether the ground truth of a frame is such that no region with the constraint has it.

    Args:
        row: of metrics.csv, with the columns constraint, fit, contradicted, truth_components and
            truth_holes.

    Returns:
        A line for a caption; empty of other constraints than path-connectedness, and of regions in
        (x, y, t), whose slices may well be in parts.
    """
    if row["constraint"] != "path_connected" or row["fit"] == SPATIO_TEMPORAL:
        return ""
    if str(row.get("contradicted")) != "True":
        return "the ground truth does not contradict the constraint"
    found = [
        words.count(int(number), noun)
        for key, noun, few in (("truth_components", "part", 1), ("truth_holes", "hole", 0))
        if (number := row.get(key)) is not None and number > few
    ]
    return f"constraint contradicted: ground truth has {words.listing(found)}"


def _show_truth(axes: Axes, shot: Shot) -> None:
    """The object's parts, each in a colour of its own; specks have that of the largest."""
    truth = shot.truth
    # Pixels of which nothing is known may connect.
    labels, count = pieces(truth | shot.unknown)
    shown = overlays.tinted(shot.image, truth, _TRUTH[0], strength=0.0)
    for number in range(1, count + 1):
        here = truth & (labels == number)
        large = np.count_nonzero(here) >= SHARE * np.count_nonzero(truth)
        colour = to_rgb(_TRUTH[(number - 1) % len(_TRUTH) if large else 0])
        shown[here] = (1 - _STRENGTH) * shot.image[here] + _STRENGTH * np.asarray(colour)
    overlays.show(axes, shown)
    if shot.ground_truth is not None:
        overlays.draw_ground_truth(axes, shot.ground_truth)


def _show_differences(axes: Axes, shot: Shot) -> None:
    """Where representation and predictor differ: green where the former is right."""
    differ = (shot.mask != shot.predicted) & ~shot.unknown
    right = shot.mask == shot.truth
    shown = overlays.tinted(shot.image, differ, "#ffffff", strength=0.0)
    for here, colour in ((differ & right, _RIGHT), (differ & ~right, _WRONG)):
        shown[here] = 0.25 * shot.image[here] + 0.75 * np.asarray(to_rgb(colour))
    overlays.show(axes, shown)
    if shot.ground_truth is not None:
        overlays.draw_ground_truth(axes, shot.ground_truth)


def _entries(shot: Shot) -> list[panels.Entry]:
    return [
        *entries(shot),
        (Patch(color=_RIGHT), f"{shot.constraint} is right, {shot.predictor} wrong"),
        (Patch(color=_WRONG), f"{shot.predictor} is right, {shot.constraint} wrong"),
    ]
