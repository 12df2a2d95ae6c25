"""What was found, at the beginning of the page: a sentence for each study, and a figure."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from isr import constraints
from isr.errors import UserError
from isr.evaluation.columns import SCRIBBLES, UNARIES
from isr.reporting import paired, words
from isr.reporting.study import Study

_SIDE = 440
"""Pixels of a figure's width at the beginning: that of a column, twice as fine."""


def sentence(study: Study, settings: Sequence[paired.Setting], metrics: pd.DataFrame) -> str:
    """What a study found, in a sentence: against the ground truth, or what else is known.

    Args:
        study: with all its cells.
        settings: of `paired.settings_of`.
        metrics: of the cells that ran.
    """
    shapes, overall = _shapes(study), paired.overall(settings)
    if overall is None:
        return _without_truth(shapes, metrics)
    items = words.count(overall.items, _noun(metrics))
    ours, theirs = (
        pd.concat([getattr(each, name) for each in settings]).groupby(level=0).mean().mean()
        for name in ("ours", "theirs")
    )
    numbers = f"mean IoU {ours:.3f} against {theirs:.3f}, a difference of {overall}"
    over = f"95 % interval over {items}" if overall.low == overall.low else f"{items}, no interval"
    text = f"{shapes} {_verdict(overall)} by themselves: {numbers} ({over})."
    best = max(settings, key=lambda each: float(each.ours.mean()))
    # Of other items, another number would say nothing of the setting.
    alike = len({frozenset(each.ours.index) for each in settings}) == 1
    if len(settings) > 1 and alike and best.called:
        text = text[:-1] + f"; best: {best.called}, {best.ours.mean():.3f}."
    return text


def _verdict(found: paired.Comparison) -> str:
    """What the interval says of the difference, in words; of one item, what the number says."""
    than = "with the ground truth than the predictors"
    low, high = (found.low, found.high) if found.low == found.low else (found.mean, found.mean)
    if low > 0:
        return f"agree better {than}"
    if high < 0:
        return f"agree less {than}"
    return f"agree neither clearly better nor clearly less {than}"


def _without_truth(shapes: str, metrics: pd.DataFrame) -> str:
    fits = metrics[metrics["output"] == "representation"]
    for against in (UNARIES, SCRIBBLES):
        ious = fits.loc[fits["against"] == against].groupby("item")["iou"].mean().dropna()
        if len(ious):
            items = words.count(len(ious), _noun(metrics))
            return (
                f"{shapes} agree with their {against} to a mean IoU of {ious.mean():.3f} (from "
                f"{ious.min():.3f} to {ious.max():.3f}, {items}); no ground truth tells more."
            )
    return "No cell has scores yet."


def _shapes(study: Study) -> str:
    """The shapes of a study in words: one by its name, several by their number."""
    names = list(dict.fromkeys(cell.settings.constraint for cell in study.cells))
    if len(names) == 1:
        word = constraints.words(names[0])
        return f"{word[0].upper()}{word[1:]} regions"
    return f"Regions of {len(names)} kinds"


def _noun(metrics: pd.DataFrame) -> str:
    framed = metrics["frame"].notna()
    return "video" if framed.all() else "item" if framed.any() else "picture"


def small(path: Path) -> str:
    """A figure as a data address, shrunk; of an animation its first frame.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with Image.open(path) as picture:
            shown = picture.convert("RGB")
    except OSError:
        raise UserError(f"{path} cannot be read: make the figure first.") from None
    shown.thumbnail((2 * _SIDE, 2 * _SIDE))
    stream = io.BytesIO()
    shown.save(stream, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
