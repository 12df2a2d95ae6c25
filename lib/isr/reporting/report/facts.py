"""What the cells of a study that ran have in common or between them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from isr import constraints
from isr.data.weak_labels.store import label_kind
from isr.reporting import recipes, words
from isr.reporting.metrics import read_cells
from isr.reporting.study import PlannedCell, Study
from isr.settings import DISTANCES

Facts = list[tuple[str, str]]
"""(heading, words)"""


def facts(metrics: pd.DataFrame, study: Study, cells: Mapping[str, Mapping[str, Any]]) -> Facts:
    """What a study is of and how its numbers were made, as (heading, words).

    Args:
        metrics: of the cells that ran.
        study: with all cells planned.
        cells: cell.json of those that ran, by name.
    """
    if metrics.empty:
        return []
    called = partial(words.predictor, study.predictors)
    by_predictor = partial(recipes.by_predictor, metrics, called=called)
    fits = metrics[metrics["output"] == "representation"]
    found = [
        ("Constraint", _names(metrics, "constraint", constraints.words)),
        ("Predictor", _names(metrics, "predictor", called)),
        ("Input", _names(metrics, "features", words.features)),
        ("Weak labels", _labels(cells.values())),
        ("Foreground", " ".join(recipes.foreground_notes(metrics))),
        ("Width of the network", words.numbers(metrics["width"])),
        ("Weights", recipes.told(metrics, "weights", recipes.network)),
        ("Networks for each video, or one for all together", _others(metrics, "training", "each")),
        ("Fits", _names(metrics, "fit")),
        ("Distance from unaries", _others(metrics, "distance", DISTANCES[0])),
        ("Shares of noise", words.numbers(metrics["noise"]) if metrics["noise"].any() else ""),
        ("Seeds", words.listing(sorted(metrics["seed"].unique()))),
        ("Items", _items(metrics, study)),
        ("Steps", recipes.by_predictor(fits, recipes.steps, called)),
        ("Protocol", by_predictor(lambda row: row.protocol)),
        ("Scale for predictors", by_predictor(lambda row: f"{row.scale:g}")),
        ("Semantic features", recipes.semantic(metrics)),
        *_objects(metrics, study),
        ("Set by hand, by trial", _by_hand(study)),
    ]
    return [(heading, text) for heading, text in found if text]


def _names(metrics: pd.DataFrame, column: str, say: Callable[[str], str] = str) -> str:
    return words.listing(dict.fromkeys(say(value) for value in metrics[column].unique() if value))


def _others(metrics: pd.DataFrame, column: str, usual: str) -> str:
    """The values of an axis, if there are others than the usual one."""
    return _names(metrics, column) if set(metrics[column]) - {usual, ""} else ""


def _items(metrics: pd.DataFrame, study: Study) -> str:
    """How many items there are, of how many frames, and how large they are at most."""
    found = [str(metrics["item"].nunique())]
    framed = metrics[metrics["frame"].notna()]
    if len(framed):
        videos = words.count(framed["item"].nunique(), "video")
        found.append(f"of them {videos} with {words.count(framed['place'].nunique(), 'frame')}")
    if (side := getattr(study.dataset, "long_side", None)) is not None:
        found.append(f"at most {side:,} px")
    if getattr(study.dataset, "objects", None) == "merge":
        found.append("all objects of a picture taken for one region (objects: merge)")
    return ", ".join(found)


def _labels(cells: Any) -> str:
    """What weak labels are; if that differs, of which videos, and why."""
    videos: dict[tuple[str, str], list[str]] = {}
    for folder, name in {
        folder: name for about in cells for name, folder in about["labels"].items()
    }.items():
        about = label_kind(folder)
        videos.setdefault((about["text"], about.get("reason", "")), []).append(name)
    if len(videos) == 1:
        ((text, reason),) = videos
        return text + (f" ({reason})" if reason else "")
    return "; ".join(
        f"{text} ({': '.join(filter(None, [words.listing(dict.fromkeys(own)), reason]))})"
        for (text, reason), own in videos.items()
    )


def _objects(metrics: pd.DataFrame, study: Study) -> Facts:
    """How the single objects of pictures were found; nothing without any."""
    several = metrics[metrics["objects"] > 1]
    if several.empty:
        return []
    own = several[several["output"] == "representation"].drop_duplicates(["cell", "place"])
    overlapping = f"{int((own['overlap'] > 0).sum())} of {words.count(len(own), 'union')}"
    found = [
        (
            "Pictures of several objects",
            f"{several['item'].nunique()}, of at most {int(several['objects'].max())} objects, "
            "each with a representation of its own; tables score them together",
        ),
        ("Overlap of objects", f"in {overlapping}, at most {int(own['overlap'].max())} px"),
    ]
    each = read_cells(study.cells, study.name, each_object=True)
    each = each[each["against"] == "ground truth"]
    for output in ("predictor", "representation"):
        scores = each.loc[each["output"] == output, "iou"]
        if len(scores):
            text = f"mean {scores.mean():.3f}, least {scores.min():.3f}, of {len(scores)}"
            found.append((f"IoU of single objects, {output}", text))
    return found


def _by_hand(study: Study) -> str:
    """What was set by hand, with the cells that have it; thumbnails tell it of single items."""
    if is_single(study.cells):
        return ""
    having: dict[str, list[str]] = {}
    for cell in study.cells:
        if cell.by_hand:
            having.setdefault(by_hand_words(cell), []).append(words.cell(cell.name))
    if len(having) == 1 and len(next(iter(having.values()))) == len(study.cells):
        return next(iter(having))
    return "; ".join(f"{text} ({words.listing(names)})" for text, names in having.items())


def by_hand_words(cell: PlannedCell) -> str:
    """Settings of a cell that were set by hand, as they stand in the configuration."""
    return ", ".join(
        f"{key.removeprefix('options.')} {value}" for key, value in cell.by_hand.items()
    )


def is_single(cells: Sequence[PlannedCell]) -> bool:
    """Whether every cell is of one item."""
    return all(len(cell.items) == 1 for cell in cells)
