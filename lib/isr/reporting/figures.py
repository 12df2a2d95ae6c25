"""From settings and files to the paper's figures; the drawing itself takes arrays and tables."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from isr.data.dataset import Picture, read_picture
from isr.data.problems import read_unaries
from isr.errors import UserError
from isr.evaluation.drawing import draw_level
from isr.fitting.store import read_fits
from isr.io import read_png
from isr.levels import likely_foreground
from isr.reporting import bars, comparison, level_surface, settings, summary, words


def make(content: dict[str, Any], metrics: Sequence[Path]) -> Figure:
    """Make the figure that the settings ask for.

    Args:
        content: settings with the key `kind`: "figure_5", "figure_9a" or "figure_11".
        metrics: metrics.csv of the study's cells, for figure 11.

    Raises:
        UserError: a setting is wrong, or a file is missing.
    """
    kind = content.get("kind")
    if kind not in MAKERS:
        kinds = ", ".join(MAKERS)
        raise UserError(f"kind {kind!r} of the figure is unknown: use one of {kinds}.")
    return MAKERS[kind](content, metrics)


def figure_5(content: dict[str, Any], metrics: Sequence[Path]) -> Figure:
    """Scribbles, predictor, sequential and joint fits of the pictures that the settings name."""
    settings.check_keys(content, "the top", required=("kind", "rows"), optional=("title",))
    rows = [_comparison(row) for row in content["rows"]]
    return comparison.draw(rows, content.get("title"), constraint=_constraint(content["rows"]))


def _comparison(row: Any) -> comparison.Comparison:
    settings.check_keys(row, "rows", required=("dataset", "picture", "sequential", "joint"))
    picture = read_picture(Path(row["dataset"]), row["picture"])
    pairs = [_segmentations(row[fit], picture.name) for fit in ("sequential", "joint")]
    return comparison.Comparison(
        picture.name,
        picture.image,
        picture.scribbles,
        picture.ground_truth,
        (*pairs[0], *pairs[1]),
    )


def _constraint(rows: Iterable[dict[str, Any]]) -> str:
    """The constraint of the cells that the rows show; of several, all names."""
    folders = dict.fromkeys(row[fit] for row in rows for fit in ("sequential", "joint"))
    metrics = summary.read_metrics(Path(each) / "metrics.csv" for each in folders if each)
    return words.listing(metrics["constraint"].unique()) or "convex"


def _segmentations(
    folder: str | None, picture: str
) -> tuple[comparison.Segmentation | None, comparison.Segmentation | None]:
    """Masks of the predictor and of the representation of one cell, with their IoUs."""
    if folder is None:
        return None, None
    cell = Path(folder)
    scores = summary.read_metrics([cell / "metrics.csv"])
    scores = scores[scores["picture"] == picture].set_index("output")["iou"]
    unaries = read_unaries(cell / "predictor" / f"{picture}.png")
    mask = read_png(cell / "masks" / f"{picture}.png")
    return (
        comparison.Segmentation(likely_foreground(unaries), _score(scores, "predictor")),
        comparison.Segmentation(mask > 0, _score(scores, "representation")),
    )


def _score(scores: "pd.Series[float]", output: str) -> float | None:
    value = scores.get(output)
    return None if value is None or pd.isna(value) else float(value)


def figure_9a(content: dict[str, Any], metrics: Sequence[Path]) -> Figure:
    """The level surface of one stored fit over its picture."""
    settings.check_keys(
        content, "the top", required=("kind", "dataset", "picture", "fits"), optional=("title",)
    )
    picture = read_picture(Path(content["dataset"]), content["picture"])
    level = _level(map(Path, content["fits"]), picture)
    return level_surface.draw(level, picture.image, title=content.get("title"))


def _level(fits: Iterable[Path], picture: Picture) -> Any:
    for path in fits:
        stored = read_fits(path)
        if picture.name in stored.pictures:
            height, width = picture.image.shape[:2]
            representation = stored.representation(picture.name)
            return draw_level(representation, height, width, stored.metadata["convention"])
    raise UserError(f"No file of `fits` holds the picture {picture.name!r}: name another picture.")


def figure_11(content: dict[str, Any], metrics: Sequence[Path]) -> Figure:
    """The IoU of every setting of a study as bars."""
    settings.check_keys(
        content,
        "the top",
        required=("kind", *settings.STUDY_KEYS),
        optional=("title", *settings.STUDY_OPTIONS),
    )
    study = settings.parse_study(content)
    numbers = summary.summarise(summary.read_metrics(metrics, study.name), study)
    return bars.draw(numbers, study, title=content.get("title"))


MAKERS: dict[str, Callable[[dict[str, Any], Sequence[Path]], Figure]] = {
    "figure_5": figure_5,
    "figure_9a": figure_9a,
    "figure_11": figure_11,
}
