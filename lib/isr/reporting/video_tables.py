"""The paper's Tables 4 and 5: motion segmentation, ours beside the published numbers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from isr.errors import UserError
from isr.reporting import video_words, words
from isr.reporting.noise_summary import summarise_noise
from isr.reporting.published_videos import FITS
from isr.reporting.summary import NOT_RUN
from isr.reporting.tables import DEVIATION, MINUS, Heading, Line, Span, Table
from isr.reporting.video_study import VideoStudy
from isr.reporting.video_summary import (
    MEANS,
    OVER_SEQUENCES,
    SCORES,
    SEQUENCE,
    summarise_sequences,
)
from isr.video_axes import SPATIO_TEMPORAL

NONE = "-"
_MADE = {"labels_kind": "labels", "weights": "UNet"}
_FRAMES = {"n_frames": "annotated", "n_contradicted": "contradicted"}
_SCORE_WORDS = {"iou": "IoU", "accuracy": "Acc."}

Row = Any  # what DataFrame.itertuples gives
Rows = dict[tuple[str, str], Row]
"""Rows of one sequence or mean, by (fit, output)."""

FITS_OF_KIND: dict[str, tuple[str, ...]] = {"table_4": FITS, "table_5": (SPATIO_TEMPORAL,)}
"""The fits that each kind of table is about."""


def check_kind(kind: str) -> str:
    """Give `kind` back when there is such a table.

    Raises:
        UserError: there is none.
    """
    if not isinstance(kind, str) or kind not in FITS_OF_KIND:
        kinds = ", ".join(FITS_OF_KIND)
        raise UserError(f"kind {kind!r} of the table is unknown: use one of {kinds}.")
    return kind


def make(
    kind: str, metrics: pd.DataFrame, study: VideoStudy, title: str | None = None
) -> tuple[pd.DataFrame, Table]:
    """Average the metrics of cells and lay the numbers out as one of the paper's tables.

    Args:
        kind: "table_4" or "table_5".
        metrics: rows of `isr.reporting.video_summary.read_video_metrics`.
        study: what was planned.
        title: replaces the words about the content; the data are always named.

    Returns:
        The numbers in tidy form, and the table.

    Raises:
        UserError: there is no such kind.
    """
    if check_kind(kind) == "table_5":
        summary = summarise_noise(metrics, study)
        return summary, table_5(summary, study, metrics, title)
    summary = summarise_sequences(metrics, study)
    return summary, table_4(summary, study, metrics, title)


def table_4(
    summary: pd.DataFrame, study: VideoStudy, metrics: pd.DataFrame, title: str | None = None
) -> Table:
    """IoU and accuracy per sequence: UNet, its trivial projection and the prior, by kind of fit."""
    fits = list(dict.fromkeys(summary["fit"]))
    outputs = list(dict.fromkeys(summary["output"]))
    lines: list[Line] = []
    for video, part in summary[summary["row"] == SEQUENCE].groupby("video", sort=False):
        lines += _block(str(video), part, fits, outputs, study.compares)
    for kind in MEANS:
        # The paper has no mean over frames, nor the numbers of frames to take it.
        compares = study.compares and kind == OVER_SEQUENCES
        lines += _block(kind, summary[summary["row"] == kind], fits, outputs, compares)
    columns, made = len(outputs), list(_MADE.values())
    frames = [name for column, name in _FRAMES.items() if column in summary]
    groups = [Heading("made from", len(made)), Heading(""), Heading("frames", len(frames))]
    groups += [Heading(fit, 2 * columns) for fit in fits]
    scores = [Heading("", len(made)), Heading(""), Heading("", len(frames))]
    scores += [Heading(_SCORE_WORDS[name], columns) for _ in fits for name in SCORES]
    names = [video_words.output(name, study.constraint) for name in outputs]
    last = [*made, "seeds", *frames, *names * (len(fits) * len(SCORES))]
    notes = video_words.sequence_notes(summary, study, metrics)
    if (summary["status"] == "ran").any():
        notes.append("Bold: the best of our results in each row and kind of fit.")
    place = "the paper's Table 4" if study.compares else "after the paper's Table 4"
    content = title or f"Motion segmentation with and without the shape prior ({place})"
    return Table(
        title=f"{study.describe()}. {content}",
        stubs=("Sequence", ""),
        headings=(tuple(groups), tuple(scores), tuple(Heading(name) for name in last)),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _block(
    name: str, part: pd.DataFrame, fits: Sequence[str], outputs: Sequence[str], compares: bool
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
    lines = [_line((name, f"ours: labels follow {others}" if others else "ours"), spans, True)]
    if compares:
        for word, entry in (("published", _published), ("difference", _difference)):
            spans = [entry(rows.get((fit, out)), score) for fit, score in keys for out in outputs]
            if not any(span.text for span in spans):
                spans = [Span(NONE)] * len(spans)
            lines.append(_line(("", word), [Span("")] * len(counts) + spans, secondary=True))
    return lines


def _made_from(part: pd.DataFrame) -> list[Span]:
    """Which labels and which network made the numbers of some rows."""
    found = [dict.fromkeys("|".join(part[column]).split("|")) for column in _MADE]
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
    best = max(numbers, key=float) if len(numbers) > 1 else None
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
    return Span("" if value != value else _signed(value))


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", MINUS)


def _line(
    names: tuple[str, ...],
    spans: Sequence[Span],
    opens_block: bool = False,
    secondary: bool = False,
) -> Line:
    return Line(names, tuple((span,) for span in spans), opens_block, secondary)


def table_5(
    summary: pd.DataFrame, study: VideoStudy, metrics: pd.DataFrame, title: str | None = None
) -> Table:
    """IoU of spatio-temporal priors with the clean unaries, a row per share of noise.

    The kinds of distance from the unaries stand beside each other.
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
        lines.append(_line((video_words.share(float(str(share))),), spans))
    names = ("all frames", *(("difference",) if compares else ()), "noisy frames")
    groups = [Heading(video_words.distance(name), len(names)) for name in study.distances]
    first = (Heading(""),) if compares else ()
    last = ("published",) if compares else ()
    place = "the paper's Table 5" if compares else "after the paper's Table 5"
    content = title or f"Spatio-temporal prior with unaries replaced by noise ({place})"
    notes = video_words.noise_notes(summary, study, metrics)
    if summary["iou_deviation"].notna().any():
        notes.append(f"{DEVIATION}: standard deviation over seeds (ddof 1).")
    below = (*last, *names * len(groups), "noisy", "all", *_MADE.values())
    return Table(
        title=f"{study.describe()}. {content}",
        stubs=("Noise",),
        headings=(
            (*first, *groups, Heading("frames", 2), Heading("made from", len(_MADE))),
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
    # One seed has no deviation.
    return f"{value:.3f}" + (f" {DEVIATION} {deviation:.3f}" if deviation == deviation else "")
