"""What the report says of a gallery: each case with its scores, and where its picture is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from isr.data.gallery import GalleryPicture
from isr.reporting.gallery import Thumbnail
from isr.reporting.study_report import StudyReport
from isr.reporting.views import SOURCES, CaseFiles

from isr.reporting import certificate_summary, gallery, settings, summary, words

_COMPARED = ("unaries", "scribbles", "ground truth")
_WHY = {
    "periodic": "equation 8 has no period to keep: its free frequencies follow what hides the "
    "pattern too, and what brings hidden parts back, a penalty on the amplitudes or a threshold, "
    "costs the contours of those in sight",
}
"""Why a constraint loses against its unaries where it does, as far as that is known."""


@dataclass(frozen=True)
class CaseRow:
    """One case: words, then IoUs in the order of `GalleryReport.compared`, NaN for none."""

    case: str
    picture: str
    constraint: str
    steps: int
    scores: tuple[float, ...]


@dataclass(frozen=True)
class PictureRow:
    """One picture: its name, size, what it is and where it comes from."""

    name: str
    size: str
    text: str
    source: str
    licence: str


@dataclass(frozen=True)
class GalleryReport:
    """What the page says of one gallery.

    Attributes:
        study: what it says of every study.
        compared: headings of the scores.
        cases: those that ran.
        certificates: case, property, method, holds and sentence of every check.
        pictures: those that were fitted.
        thumbnails: one for each case that ran.
        losses: sentences on cases that agree less with the ground truth than their unaries do.
    """

    study: StudyReport
    compared: tuple[str, ...]
    cases: tuple[CaseRow, ...]
    certificates: tuple[dict[str, Any], ...]
    pictures: tuple[PictureRow, ...]
    thumbnails: tuple[Thumbnail, ...]
    losses: tuple[str, ...]


def make(entry: Any) -> GalleryReport:
    """Read what the cases of a gallery left.

    Args:
        entry: name, source, cases [{case, constraint, picture, folder and maybe by_hand}], maybe
            text.

    Raises:
        UserError: a setting is wrong, or a file cannot be read.
    """
    settings.check_keys(
        entry, "galleries", required=("name", "source", "cases"), optional=("text",)
    )
    cases = [_files(case) for case in entry["cases"]]
    by_hand = {case["case"]: _by_hand(case.get("by_hand", {})) for case in entry["cases"]}
    ran = [case for case in cases if (case.folder / "metrics.csv").exists()]
    metrics = pd.concat([case.metrics for case in ran]) if ran else pd.DataFrame()
    pictures = {case.picture_folder: case.picture for case in ran}
    missing = tuple(case.case for case in cases if case not in ran)
    certificates = certificate_summary.read_certificates(
        [case.folder / "certificates.csv" for case in ran]
    )
    return GalleryReport(
        study=_study(entry, len(cases), metrics, missing, certificates),
        compared=(*(f"IoU with {name}" for name in _COMPARED), "IoU of unaries with ground truth"),
        cases=tuple(map(_row, ran)),
        certificates=tuple(certificates.to_dict("records")),
        pictures=tuple(map(_picture, pictures.values())),
        thumbnails=tuple(_thumbnail(case, by_hand[case.case]) for case in ran),
        losses=tuple(filter(None, map(_loss, ran))),
    )


def _files(case: Any) -> CaseFiles:
    keys = ("case", "constraint", "picture", "folder")
    settings.check_keys(case, "cases", required=keys, optional=("by_hand",))
    return CaseFiles(str(case["case"]), Path(case["picture"]), Path(case["folder"]))


def _study(
    entry: Mapping[str, Any],
    planned: int,
    metrics: pd.DataFrame,
    missing: tuple[str, ...],
    certificates: pd.DataFrame,
) -> StudyReport:
    rows: tuple[tuple[str, str], ...] = ()
    if not metrics.empty:
        constraints = (words.output("representation", each) for each in metrics["constraint"])
        rows = (
            ("Constraints", words.listing(dict.fromkeys(constraints))),
            ("Pictures", str(metrics["picture"].nunique())),
            ("Seeds", _values(metrics["seed"])),
            ("Steps per fit", _values(metrics["steps"])),
            ("Protocol", _values(metrics["protocol"])),
        )
    fits = metrics[metrics["output"] == "representation"] if rows else metrics
    return StudyReport(
        name=str(entry["name"]),
        data=f"Gallery: {SOURCES.get(entry['source'], entry['source'])}",
        text=entry.get("text") or "",
        planned=planned,
        missing=missing,
        rows=rows,
        warning=words.stopped(summary.count_stopped(fits.drop_duplicates("case"))) if rows else "",
        certificates=certificate_summary.summarise(certificates),
    )


def _values(column: "pd.Series[Any]") -> str:
    return words.listing(sorted(column.unique()))


def _by_hand(values: Mapping[str, Any]) -> str:
    """Settings of a case that were set by hand, as they stand in the configuration."""
    return ", ".join(f"{key.removeprefix('options.')} {value}" for key, value in values.items())


def _row(case: CaseFiles) -> CaseRow:
    metrics = case.metrics.set_index(["output", "against"])["iou"]
    keys = [("representation", name) for name in _COMPARED] + [("unaries", "ground truth")]
    return CaseRow(
        case.case,
        case.picture.name,
        case.constraint,
        int(case.metrics["steps"].iloc[0]),
        tuple(float(metrics.get(key, np.nan)) for key in keys),
    )


def _loss(case: CaseFiles) -> str:
    """A sentence where the unaries agree more with the ground truth, and why if that is known."""
    iou = case.view().scores.get("ground truth", np.nan)
    if not iou < case.unaries_iou:
        return ""
    why = _WHY.get(str(case.metrics["constraint"].iloc[0]), "")
    numbers = (
        f"{case.case}: IoU with the ground truth {iou:.3f}, its unaries {case.unaries_iou:.3f}"
    )
    return f"{numbers}; {why}." if why else f"{numbers}."


def _picture(picture: GalleryPicture) -> PictureRow:
    height, width = picture.grid[-2:]
    size = f"{width} x {height}"
    if len(picture.grid) == 3:
        size += f" x {picture.grid[0]}"
    return PictureRow(picture.name, size, picture.text, picture.source, picture.licence)


def _thumbnail(case: CaseFiles, by_hand: str) -> Thumbnail:
    view, truth = case.view(), case.picture.ground_truth
    if truth is not None and truth.ndim == 3:
        truth = truth[len(truth) // 2]
    scores = [f"{name} {iou:.3f}" for name, iou in view.scores.items() if not np.isnan(iou)]
    line = [view.constraint, view.remark, f"IoU with {words.listing(scores)}" if scores else ""]
    line.append(f"set by hand: {by_hand}" if by_hand else "")
    return Thumbnail(
        case.case,
        gallery.data_uri(gallery.draw(view.image, view.mask, truth)),
        "; ".join(filter(None, line)),
    )
