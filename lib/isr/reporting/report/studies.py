"""What the report says of one study: facts, scores, frames, certificates, items and thumbnails.

A table is a list of rows, each with its values by their headings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from isr import constraints
from isr.data.corruptions import CLEAN
from isr.data.items import Item, read_item
from isr.data.weak_labels.store import label_kind
from isr.evaluation.columns import GROUND_TRUTH, SCRIBBLES, UNARIES
from isr.io import read_json
from isr.reporting import paired, recipes, words
from isr.reporting.metrics import count_stopped, read_cells, read_certificates
from isr.reporting.report import certificates, findings, thumbnails
from isr.reporting.study import PlannedCell, Study
from isr.settings import DISTANCES, SPATIO_TEMPORAL

About = Mapping[str, Mapping[str, Any]]
"""cell.json of the cells that ran, by name."""
Facts = list[tuple[str, str]]
"""(heading, words)"""

_AGREES = {f"IoU with {against}": against for against in (UNARIES, SCRIBBLES, GROUND_TRUTH)}
_COMPARED = {
    **{heading: ("representation", against) for heading, against in _AGREES.items()},
    "IoU of unaries with ground truth": ("predictor", GROUND_TRUTH),
}
_STATUSES = ("fitted", "retried", "failed", "skipped")


@dataclass(frozen=True)
class StudyReport:
    """What the page says of one study.

    Attributes:
        name: of the study.
        data: what its items are.
        text: a sentence of the configuration, or "".
        planned: number of cells.
        missing: cells that did not run, in words.
        facts: about those that ran.
        warning: a sentence on fits that stopped early, or "".
        certificates: of all its representations.
        frames: what became of the frames of videos, a row for each cell and video.
        scores: a row for each cell, where each is of one item.
        finding: what was found, in a sentence.
        paired: the representation against the predictor by itself, item by item: a sentence, or "".
        settings: the same, a row for each of several settings.
        losses: sentences on cells that agree less with the ground truth than their unaries do.
        shown: which cell the thumbnails are of, in words; "" where each has its own.
        thumbnails: of items.
        items: those of the cells that ran, a row for each.
    """

    name: str
    data: str
    text: str
    planned: int
    missing: list[str]
    facts: Facts
    warning: str
    certificates: certificates.Summary
    frames: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    finding: str
    paired: str
    settings: list[dict[str, str]]
    losses: list[str]
    shown: str
    thumbnails: list[thumbnails.Thumbnail]
    items: list[dict[str, Any]]


def make(study: Study) -> StudyReport:
    """Read what the cells of a study left.

    Raises:
        UserError: a file cannot be read.
    """
    ran = [cell for cell in study.cells if (cell.folder / "metrics.csv").exists()]
    about = {cell.name: read_json(cell.folder / "cell.json") for cell in ran}
    metrics = read_cells(ran, study.name)
    folders = {name: folder for each in about.values() for name, folder in each["folders"].items()}
    items = {name: read_item(Path(folders[name])) for name in study.items if name in folders}
    single = _is_single(study.cells)
    scored = [(cell, metrics[metrics["cell"] == cell.name]) for cell in ran]
    if not single:
        scored = scored[-1:]
    compared = paired.settings_of(ran, metrics)
    return StudyReport(
        name=study.name,
        data=study.describe(list(items) or None),
        text=study.text,
        planned=len(study.cells),
        missing=[words.cell(cell.name) for cell in study.cells if cell not in ran],
        facts=_facts(metrics, study, about),
        warning=recipes.stopped(count_stopped(metrics)),
        certificates=certificates.summarise(read_certificates(ran)),
        frames=_frames(metrics),
        scores=[_score_row(cell, own) for cell, own in scored] if single else [],
        finding=findings.sentence(study, compared, metrics),
        paired=paired.sentence(compared),
        settings=[] if single or len(compared) < 2 else paired.rows(compared),
        losses=[text for each in scored if (text := _loss(*each))] if single else [],
        shown="" if single or not ran else words.cell(ran[-1].name),
        thumbnails=_thumbnails(scored, items, single=single),
        items=[_item_row(item) for item in items.values()],
    )


def _is_single(cells: Sequence[PlannedCell]) -> bool:
    """Whether every cell is of one item."""
    return all(len(cell.items) == 1 for cell in cells)


def _item_row(item: Item) -> dict[str, str]:
    """One item: its size, what it is, and where it comes from."""
    height, width = item.size
    size = f"{width} × {height}"  # noqa: RUF001
    annotated = "yes" if item.annotated else "no"
    if item.is_layered:
        size += f" × {len(item)}"  # noqa: RUF001
        annotated = f"{len(item.annotated)} of {words.count(len(item), 'frame')}"
    return {
        "Item": item.name,
        "Size": size,
        "Ground truth": annotated,
        "What it is": item.text,
        "Source": item.source,
        "Licence": item.licence,
        "Notes": "; ".join(item.notes),
    }


# Cells of one item each


def _means(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Mean IoUs by output and what it is compared with; of a video, over its frames."""
    found: dict[tuple[str, str], float] = (
        rows.groupby(["output", "against"])["iou"].mean().dropna().to_dict()
    )
    return found


def _score_row(cell: PlannedCell, own: pd.DataFrame) -> dict[str, str]:
    means = _means(own)
    return {
        "Cell": words.cell(cell.name),
        "Item": cell.items[0],
        "Constraint": constraints.words(cell.settings.constraint),
        "Steps": recipes.steps_by_fit(own[own["output"] == "representation"]),
        **{
            heading: f"{means[key]:.3f}" if key in means else ""
            for heading, key in _COMPARED.items()
        },
    }


def _loss(cell: PlannedCell, own: pd.DataFrame) -> str:
    """A sentence where the unaries agree more with the ground truth, and why if that is known."""
    means = _means(own)
    iou, unaries = (
        means.get((name, GROUND_TRUTH), float("nan")) for name in ("representation", "predictor")
    )
    if not iou < unaries:
        return ""
    why = constraints.record(cell.settings.constraint).loses
    name = words.cell(cell.name)
    numbers = f"{name}: IoU with the ground truth {iou:.3f}, its unaries {unaries:.3f}"
    return f"{numbers}; {why}." if why else f"{numbers}."


def _thumbnails(
    scored: Iterable[tuple[PlannedCell, pd.DataFrame]], items: Mapping[str, Item], *, single: bool
) -> list[thumbnails.Thumbnail]:
    """One for each cell of one item, or for each item of one cell; a few dozen at most."""
    places = [(cell, own, item) for cell, own in scored for item in cell.items]
    found = []
    for cell, own, item in places[: thumbnails.MOST]:
        name = words.cell(cell.name) if single else item
        text = _cell_text(cell, own) if single else _item_text(own[own["item"] == item])
        found.append(thumbnails.make(cell.folder, items[item], name, text))
    return [each for each in found if each is not None]


def _cell_text(cell: PlannedCell, own: pd.DataFrame) -> str:
    """What stands below the thumbnail of a cell of one item."""
    means = _means(own)
    found = [
        f"{against} {means['representation', against]:.3f}"
        for against in _AGREES.values()
        if ("representation", against) in means
    ]
    texts = [
        words.output("representation", cell.settings.constraint),
        f"IoU with {words.listing(found)}" if found else "",
        f"set by hand: {_by_hand_words(cell)}" if cell.by_hand else "",
    ]
    return "; ".join(filter(None, texts))


def _item_text(own: pd.DataFrame) -> str:
    """What stands below the thumbnail of one of the items of a cell."""
    means = _means(own)
    parts = [
        f"{name} {means[name, GROUND_TRUTH]:.3f}"
        for name in ("predictor", "representation")
        if (name, GROUND_TRUTH) in means
    ]
    return f"IoU: {', '.join(parts)}" if parts else "no ground truth"


# Videos


def _frames(metrics: pd.DataFrame) -> list[dict[str, Any]]:
    """What became of the frames of each video in each cell; no row of pictures.

    Frames are counted whose ground truth or, of those without any, whose unaries contradict the
    constraint: where it is known what does. Slices of a connected region in (x, y, t) may be in
    parts.
    """
    rows = []
    fits = metrics[(metrics["output"] == "representation") & metrics["frame"].notna()]
    for (cell, video), own in fits.groupby(["cell", "item"], sort=False):
        found = own.drop_duplicates("frame")
        counts = found["status"].value_counts()
        known = found["constraint"].map(lambda name: constraints.record(name).contradiction)
        judged = found[(found["fit"] != SPATIO_TEMPORAL) & known.astype(bool)]
        annotated = judged["annotated"]
        rows.append(
            {
                "Cell": words.cell(str(cell)),
                "Video": video,
                "Frames": len(found),
                **{status.capitalize(): counts.get(status, "") for status in _STATUSES},
                "Noise": int(found["noisy"].sum()) or "",
                "Contradicted by the ground truth": _share(judged[annotated]["contradicted"]),
                "by the unaries": _share(judged[~annotated]["contradicted"]),
            }
        )
    return rows


def _share(flags: "pd.Series[Any]") -> str:
    return f"{int(flags.sum())} of {len(flags)}" if len(flags) else ""


# Facts


def _facts(metrics: pd.DataFrame, study: Study, cells: About) -> Facts:
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
        ("Corruption at severity 5", _others(metrics, "corruption", CLEAN, words.corruption)),
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
        ("Schedule, where it is not the protocol's", _names(metrics, "schedule")),
        ("Scale for predictors", by_predictor(lambda row: f"{row.scale:g}")),
        ("Semantic features", recipes.semantic(metrics)),
        *_objects(metrics, study),
        ("Set by hand, by trial", _by_hand(study)),
    ]
    return [(heading, text) for heading, text in found if text]


def _names(metrics: pd.DataFrame, column: str, say: Callable[[str], str] = str) -> str:
    return words.listing(dict.fromkeys(say(value) for value in metrics[column].unique() if value))


def _others(metrics: pd.DataFrame, column: str, usual: str, say: Callable[[str], str] = str) -> str:
    """The values of an axis, if there are others than the usual one."""
    return _names(metrics, column, say) if set(metrics[column]) - {usual, ""} else ""


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
    if _is_single(study.cells):
        return ""
    having: dict[str, list[str]] = {}
    for cell in study.cells:
        if cell.by_hand:
            having.setdefault(_by_hand_words(cell), []).append(words.cell(cell.name))
    if len(having) == 1 and len(next(iter(having.values()))) == len(study.cells):
        return next(iter(having))
    return "; ".join(f"{text} ({words.listing(names)})" for text, names in having.items())


def _by_hand_words(cell: PlannedCell) -> str:
    """Settings of a cell that were set by hand, as they stand in the configuration."""
    return ", ".join(
        f"{key.removeprefix('options.')} {value}" for key, value in cell.by_hand.items()
    )
