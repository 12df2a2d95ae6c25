"""The paper's Table 2: averages by corruption, with the published numbers of SAM below ours."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from isr.reporting import words
from isr.reporting.published import convexity as published
from isr.reporting.study import Study
from isr.reporting.tables import averages, convexity, layout
from isr.reporting.tables.averages import PAIR
from isr.reporting.tables.layout import Heading, Line, Row, Span, Table

summarise = partial(convexity.summarise, networks=(published.SAM,))
"""As `convexity.summarise`; the published numbers beside ours are those of SAM."""

_UNKNOWN = ("published_iou_deviation", "published_accuracy", "published_accuracy_deviation")
"""What the papers do not say of these results."""
_SOURCE = (
    "Table 2, as in the UniReps 2023 paper, SAM with one random scribbled point as prompt, which "
    "of its models is not said"
)


def to_csv(summary: pd.DataFrame) -> str:
    """The tidy table as CSV, with words where a number is missing for a reason."""
    kept = summary.drop(columns=[*_UNKNOWN, "difference_accuracy"])
    status = summary["status"].to_numpy(object)
    other = summary["published"] & (status == "ran") & ~summary["same_pictures"]
    told = ["" if not each else convexity.OTHER_PICTURES for each in other]
    scores = [each for name in averages.SCORES for each in (name, f"{name}_deviation")]
    return averages.to_csv(kept, scores, {"difference_iou": told})


def table_2(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    study: Study,
    constraint: str,
    title: str | None = None,
    shows_published: bool = True,
) -> Table:
    """Foreground IoU, a column per corruption and a line per predictor and output.

    Args:
        summary: of `summarise`.
        metrics: the rows behind it.
        study: what was planned.
        constraint: of the cells.
        title: replaces the words about the content; the data are always named.
        shows_published: whether the papers' numbers are wanted beside ours.
    """
    corruptions = list(dict.fromkeys(summary["corruption"]))
    best = {
        name: layout.best_of(own.itertuples(), "iou")
        for name, own in summary.groupby("corruption", sort=False)
    }
    lines: list[Line] = []
    for setting, own in summary.groupby(["predictor", "features", "labels", "fit"], sort=False):
        lines += _block(_called(study, setting), own, corruptions, constraint, best)
    beside = shows_published and constraint == published.CONSTRAINT
    compared = convexity.compares(study, constraint, (published.SAM,))
    notes = convexity.notes_on(summary, metrics, study, "in each column", _SOURCE)
    if beside:
        same = compared and convexity.same_pictures(summary, study)
        lines += _published(corruptions, same)
        if not summary["published"].any():
            notes.insert(1, f"Published: ICML 2024 paper, {_SOURCE}; on other pictures than ours.")
    notes.append(
        "Corruptions: Hendrycks & Dietterich (2019), severity 5, drawn anew for every picture and "
        "seed."
    )
    return Table(
        title=layout.titled(
            convexity.data_in_words(metrics, study), title, _usual(study, summary), 2, compared
        ),
        stubs=("Predictor", "Segmentation"),
        headings=(tuple(Heading(_capitalised(words.corruption(name))) for name in corruptions),),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _usual(study: Study, summary: pd.DataFrame) -> str:
    """What is shown, and who stands in SAM's place if it is not there."""
    names = list(dict.fromkeys(summary["predictor"]))
    others = [name for name in names if _kind(study, name) != published.SAM]
    stand_in = "" if len(others) < len(names) else ", {} in the place of SAM"
    called = words.listing(words.predictor(study.predictors, name) for name in others)
    return "Foreground IoU on clean and corrupted pictures" + stand_in.format(called)


def _kind(study: Study, name: str) -> str:
    return study.predictors[name].kind if name in study.predictors else name


def _called(study: Study, setting: Any) -> str:
    """A predictor with what it sees and, unless it is projected, how it is fitted."""
    predictor, features, labels, fit = setting
    called = words.predictor(study.predictors, predictor)
    return " ".join(
        filter(None, [called, words.seen(features, labels), fit if fit != "sequential" else ""])
    )


def _block(
    called: str,
    own: pd.DataFrame,
    corruptions: Sequence[str],
    constraint: str,
    best: dict[Any, str | None],
) -> list[Line]:
    """The lines of a predictor: raw, its trivial projections, the representation, differences."""
    rows: dict[tuple[str, str], Row] = {
        (row.output, row.corruption): row for row in own.itertuples()
    }
    lines: list[Line] = []
    for output in dict.fromkeys(own["output"]):
        spans = [
            layout.score(rows.get((output, name)), "iou", best=best[name]) for name in corruptions
        ]
        name = "raw" if output == PAIR[0] else words.output(output, constraint)
        stubs = (called if not lines else "", name)
        lines.append(layout.line_of(stubs, spans, not lines, output not in PAIR))
    for output, name in zip(PAIR, ("raw", words.output(PAIR[1], constraint)), strict=True):
        spans = [layout.difference(rows.get((output, each)), "iou") for each in corruptions]
        if any(span.text for span in spans) and own["same_pictures"].any():
            lines.append(layout.line_of(("", f"{name}, difference"), spans, secondary=True))
    return lines


def _published(corruptions: Sequence[str], same: bool) -> list[Line]:
    """The papers' two lines."""
    called = "SAM, published" + ("" if same else " (other pictures)")
    lines: list[Line] = []
    for number, name in enumerate(("raw", words.output(PAIR[1], published.CONSTRAINT))):
        spans = [
            Span(f"{published.TABLE_2[each][number]:.3f}" if each in published.TABLE_2 else "")
            for each in corruptions
        ]
        lines.append(layout.line_of((called if not number else "", name), spans, not number, True))
    return lines


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
