"""The paper's Tables 4 and 5: ours beside the published numbers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from isr.reporting import words
from isr.reporting.metrics import NOT_RUN
from isr.reporting.tables import video_notes
from isr.reporting.tables.layout import (
    DEVIATION,
    Heading,
    Line,
    Span,
    Table,
    best_of,
    line_of,
    signed,
    spread,
)
from isr.reporting.tables.video_summary import (
    MEANS,
    OVER_FRAMES,
    OVER_SEQUENCES,
    SCORES,
    SEQUENCE,
    Group,
)

NONE = "-"
_FRAMES = {"n_frames": "annotated", "n_contradicted": "contradicted"}
_SCORE_WORDS = {"iou": "IoU", "accuracy": "Acc."}

Row = Any  # what DataFrame.itertuples gives
Rows = dict[tuple[str, str], Row]
"""Rows of one sequence or mean, by (fit, output)."""


def table_4(
    summary: pd.DataFrame, metrics: pd.DataFrame, group: Group, title: str | None = None
) -> Table:
    """IoU and accuracy per item: predictor, its trivial projection, representation, by kind of fit.

    Args:
        summary: of `video_summary.summarise`.
        metrics: the rows behind it.
        group: what was planned.
        title: replaces the words about the content; the data are always named.
    """
    noun = video_notes.noun(metrics)
    fits = list(dict.fromkeys(summary["fit"]))
    outputs = list(dict.fromkeys(summary["output"]))
    lines: list[Line] = []
    for item, part in summary[summary["row"] == SEQUENCE].groupby("item", sort=False):
        lines += _block(str(item), part, fits, outputs, group)
    # Of pictures both means are the same.
    for kind in MEANS if noun == "sequence" else (OVER_SEQUENCES,):
        name = kind.replace("sequence", noun) if kind == OVER_SEQUENCES else kind
        lines += _block(name, summary[summary["row"] == kind], fits, outputs, group)
    columns, made = len(outputs), ["labels", group.predictor]
    frames = [name for column, name in _FRAMES.items() if column in summary]
    groups = [Heading("made from", len(made)), Heading(""), Heading("frames", len(frames))]
    groups += [Heading(fit, 2 * columns) for fit in fits]
    scores = [Heading("", len(made)), Heading(""), Heading("", len(frames))]
    scores += [Heading(_SCORE_WORDS[name], columns) for _ in fits for name in SCORES]
    names = [video_notes.output(name, group) for name in outputs]
    last = [*made, "seeds", *frames, *names * (len(fits) * len(SCORES))]
    notes = video_notes.sequence_notes(summary, metrics, group)
    if (summary["status"] == "ran").any():
        notes.append("Bold: the best of our results in each row and kind of fit.")
    place = "the paper's Table 4" if group.compares else "after the paper's Table 4"
    what = "Motion segmentation" if noun == "sequence" else "Segmentation"
    content = title or f"{what} with and without the shape prior ({place})"
    return Table(
        title=f"{group.study.describe(group.items)}. {content}",
        stubs=(noun.capitalize(), ""),
        headings=(tuple(groups), tuple(scores), tuple(Heading(name) for name in last)),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _block(
    name: str, part: pd.DataFrame, fits: Sequence[str], outputs: Sequence[str], group: Group
) -> list[Line]:
    """The lines of a sequence or a mean: ours, and the paper's below."""
    rows = {(row.fit, row.output): row for row in part.itertuples()}
    keys = [(fit, score) for fit in fits for score in SCORES]
    counts = _made_from(part)
    counts += _counts(list(rows.values()), [column for column in _FRAMES if column in part])
    spans = list(counts)
    for fit, score in keys:
        spans += _ours(rows, fit, outputs, score)
    others = words.listing(dict.fromkeys(filter(None, part["labels_follow"])))
    lines = [line_of((name, f"ours: labels follow {others}" if others else "ours"), spans, True)]
    # The paper has no mean over frames, nor the numbers of frames to take it.
    if group.compares and name != OVER_FRAMES:
        for word, entry in (("published", _published), ("difference", _difference)):
            spans = [entry(rows.get((fit, out)), score) for fit, score in keys for out in outputs]
            if not any(span.text for span in spans):
                spans = [Span(NONE)] * len(spans)
            lines.append(line_of(("", word), [Span("")] * len(counts) + spans, secondary=True))
    return lines


def _made_from(part: pd.DataFrame) -> list[Span]:
    """Which labels and which network made the numbers of some rows."""
    found = [
        dict.fromkeys("|".join(part[column]).split("|")) for column in ("labels_kind", "weights")
    ]
    return [Span(words.listing(filter(None, each)) or NONE) for each in found]


def _counts(rows: Sequence[Row], columns: Sequence[str]) -> list[Span]:
    """How many seeds and annotated frames, and for how many of these the constraint cannot hold."""
    ran = [row for row in rows if row.status == "ran"]
    if not ran:
        return [Span(NONE)] * (1 + len(columns))
    most = max(ran, key=lambda row: row.n_frames)
    numbers = sorted({row.n_seeds for row in ran})
    seeds = " to ".join(map(str, numbers[:1] + numbers[1:][-1:])) if most.row == SEQUENCE else ""
    return [Span(seeds), *(Span(str(getattr(most, column))) for column in columns)]


def _ours(rows: Rows, fit: str, outputs: Sequence[str], score: str) -> list[Span]:
    found = [rows.get((fit, output)) for output in outputs]
    texts = [_text(row, score) for row in found]
    numbers = [
        text
        for row, text in zip(found, texts, strict=True)
        if row is not None and row.status == "ran"
    ]
    best = best_of(numbers)
    return [Span(text, bold=text == best) for text in texts]


def _text(row: Row | None, score: str) -> str:
    if row is None or row.status != "ran":
        return NOT_RUN if row is None else str(row.status)
    return f"{getattr(row, score):.3f}"


def _published(row: Row | None, score: str) -> Span:
    if row is None or not row.published:
        return Span("")
    return Span(f"{getattr(row, f'published_{score}'):.3f}")


def _difference(row: Row | None, score: str) -> Span:
    if row is None or not row.published or row.labels_follow:
        return Span("")
    if row.status != "ran":
        return Span(str(row.status))
    value = getattr(row, f"difference_{score}")
    return Span("" if value != value else signed(value))


def table_5(
    summary: pd.DataFrame, metrics: pd.DataFrame, group: Group, title: str | None = None
) -> Table:
    """IoU of spatio-temporal priors with the clean unaries, a row per share of noise.

    The kinds of distance from the unaries stand beside each other.

    Args:
        summary: of `noise_summary.summarise`.
        metrics: the rows behind it.
        group: what was planned.
        title: replaces the words about the content; the data are always named.
    """
    compares = bool(summary["published"].any())
    lines = []
    for share, part in summary.groupby("noise"):
        rows = list(part.itertuples())
        spans = [_published(rows[0], "iou")] if compares else []
        for row in rows:
            spans += _distance(row, compares)
        # Which frames are noise does not depend on the distance.
        most = max(rows, key=lambda row: row.n_frames)
        spans += [Span(str(most.n_noisy)), Span(str(most.n_frames)), *_made_from(part)]
        lines.append(line_of((words.share(float(str(share))),), spans))
    names = ("all frames", *(("difference",) if compares else ()), "noisy frames")
    groups = [Heading(words.distance(name), len(names)) for name in group.distances]
    first = (Heading(""),) if compares else ()
    last = ("published",) if compares else ()
    place = "the paper's Table 5" if compares else "after the paper's Table 5"
    content = title or f"Spatio-temporal prior with unaries replaced by noise ({place})"
    notes = video_notes.noise_notes(summary, metrics, group)
    if summary["iou_deviation"].notna().any():
        notes.append(f"{DEVIATION}: standard deviation over seeds (ddof 1).")
    below = (*last, *names * len(groups), "noisy", "all", "labels", group.predictor)
    return Table(
        title=f"{group.study.describe(group.items)}. {content}",
        stubs=("Noise",),
        headings=(
            (*first, *groups, Heading("frames", 2), Heading("made from", 2)),
            tuple(Heading(name) for name in below),
        ),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _distance(row: Row, compares: bool) -> list[Span]:
    difference = [_difference(row, "iou")] if compares else []
    return [Span(_spread(row, "iou")), *difference, Span(_spread(row, "iou_noisy"))]


def _spread(row: Row, score: str) -> str:
    if row.status != "ran":
        return str(row.status)
    value, deviation = getattr(row, score), getattr(row, f"{score}_deviation")
    if value != value:
        return NONE
    return spread(value, deviation)
