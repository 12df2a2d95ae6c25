"""The paper's Tables 4 and 5: ours beside the published numbers, and the notes below them."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from isr.constraints import record
from isr.evaluation.columns import UNARIES
from isr.reporting import recipes, words
from isr.reporting.metrics import count_stopped
from isr.reporting.published import videos as published
from isr.reporting.tables import layout
from isr.reporting.tables.averages import SCORES
from isr.reporting.tables.layout import NONE, Heading, Line, Row, Span, Table, line_of
from isr.reporting.tables.videos import MEANS, OVER_FRAMES, OVER_SEQUENCES, SEQUENCE, Group
from isr.settings import SPATIO_TEMPORAL

_FRAMES = {"n_frames": "annotated", "n_contradicted": "contradicted"}
_SCORE_WORDS = {"iou": "IoU", "accuracy": "Acc."}
_TROUBLES = {
    "skipped": "were skipped because their unaries are of one class (scored as an empty mask)",
    "failed": "failed (IoU with their unaries below 0.5, also from scratch)",
    "retried": "were fitted anew from scratch",
}


def table_4(
    summary: pd.DataFrame, metrics: pd.DataFrame, group: Group, title: str | None = None
) -> Table:
    """IoU and accuracy per item: predictor, its trivial projection, representation, by kind of fit.

    Args:
        summary: of `videos.summarise`.
        metrics: the rows behind it.
        group: what was planned.
        title: replaces the words about the content; the data are always named.
    """
    noun = _noun(metrics)
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
    names = [_output(name, group) for name in outputs]
    last = [*made, "seeds", *frames, *names * (len(fits) * len(SCORES))]
    shown = "Motion segmentation" if noun == "sequence" else "Segmentation"
    shown += " with and without the shape prior"
    return Table(
        title=layout.titled(group.study.describe(group.items), title, shown, 4, group.compares),
        stubs=(noun.capitalize(), ""),
        headings=(tuple(groups), tuple(scores), tuple(Heading(name) for name in last)),
        lines=tuple(lines),
        notes=tuple(_notes_of_table_4(summary, metrics, group)),
    )


def _noun(metrics: pd.DataFrame) -> str:
    """What the items are called."""
    return "sequence" if metrics.empty or metrics["frame"].notna().any() else "picture"


def _output(name: str, group: Group) -> str:
    """Heading of the scores of an output."""
    if name == "predictor":
        return group.predictor
    if name == "representation":
        return "prior" if group.shared.constraint != "unconstrained" else "no constraint"
    if name == "largest_component_filled":
        return f"{group.predictor}, largest part"
    return words.output(name, group.shared.constraint)


def _block(
    name: str, part: pd.DataFrame, fits: Sequence[str], outputs: Sequence[str], group: Group
) -> list[Line]:
    """The lines of a sequence or a mean: ours, and the paper's below."""
    rows = {(row.fit, row.output): row for row in part.itertuples()}
    found = [
        (score, [rows.get((fit, output)) for output in outputs]) for fit in fits for score in SCORES
    ]
    counts = _made_from(part) + _counts(list(rows.values()), part)
    ours: list[Span] = []
    for score, each in found:
        best = layout.best_of(each, score)
        ours += [layout.score(row, score, best=best) for row in each]
    others = words.listing(dict.fromkeys(filter(None, part["labels_follow"])))
    called = f"ours: labels follow {others}" if others else "ours"
    lines = [line_of((name, called), counts + ours, True)]
    # The paper has no mean over frames, nor the numbers of frames to take it.
    if group.compares and name != OVER_FRAMES:
        for word, entry in (("published", layout.published), ("difference", layout.difference)):
            spans = [entry(row, score) for score, each in found for row in each]
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


def _counts(rows: Sequence[Row], part: pd.DataFrame) -> list[Span]:
    """How many seeds and annotated frames, and for how many of these the constraint cannot hold."""
    columns = [column for column in _FRAMES if column in part]
    ran = [row for row in rows if row.status == "ran"]
    if not ran:
        return [Span(NONE)] * (1 + len(columns))
    most = max(ran, key=lambda row: row.n_frames)
    numbers = sorted({row.n_seeds for row in ran})
    seeds = " to ".join(map(str, numbers[:1] + numbers[1:][-1:])) if most.row == SEQUENCE else ""
    return [Span(seeds), *(Span(str(getattr(most, column))) for column in columns)]


def table_5(
    summary: pd.DataFrame, metrics: pd.DataFrame, group: Group, title: str | None = None
) -> Table:
    """IoU of spatio-temporal priors with the clean unaries, a row per share of noise.

    The kinds of distance from the unaries stand beside each other.

    Args:
        summary: of `videos.summarise_noise`.
        metrics: the rows behind it.
        group: what was planned.
        title: replaces the words about the content; the data are always named.
    """
    compares = bool(summary["published"].any())
    lines = []
    for share, part in summary.groupby("noise"):
        rows = list(part.itertuples())
        spans = [layout.published(rows[0], "iou")] if compares else []
        for row in rows:
            spans.append(layout.score(row, "iou", deviation=True))
            spans += [layout.difference(row, "iou")] if compares else []
            spans.append(layout.score(row, "iou_noisy", deviation=True))
        # Which frames are noise does not depend on the distance.
        most = max(rows, key=lambda row: row.n_frames)
        spans += [Span(str(most.n_noisy)), Span(str(most.n_frames)), *_made_from(part)]
        lines.append(line_of((words.share(float(str(share))),), spans))
    names = ("all frames", *(("difference",) if compares else ()), "noisy frames")
    groups = [Heading(words.distance(name), len(names)) for name in group.distances]
    first = (Heading(""),) if compares else ()
    last = ("published",) if compares else ()
    shown = "Spatio-temporal prior with unaries replaced by noise"
    below = (*last, *names * len(groups), "noisy", "all", "labels", group.predictor)
    return Table(
        title=layout.titled(group.study.describe(group.items), title, shown, 5, compares),
        stubs=("Noise",),
        headings=(
            (*first, *groups, Heading("frames", 2), Heading("made from", 2)),
            tuple(Heading(name) for name in below),
        ),
        lines=tuple(lines),
        notes=tuple(_notes_of_table_5(summary, metrics, group)),
    )


def _notes_of_table_4(summary: pd.DataFrame, metrics: pd.DataFrame, group: Group) -> list[str]:
    notes = _provenance(summary, metrics, group, "scored at full size")
    notes += _meaning(summary, metrics, group)
    if group.compares:
        means = {
            (fit, output): published.mean(fit, output)
            for fit in published.FITS
            for output in published.OUTPUTS
        }
        ious = {key: f"{score.iou:.3f}" for key, score in means.items() if score}
        gains = "; ".join(
            f"{fit} UNet {ious[fit, 'predictor']}, prior {ious[fit, 'representation']}"
            for fit in published.FITS
        )
        notes.append(
            f"Published: ICML 2024 paper, Table 4, means over {published.SEEDS} runs. Computed "
            f"from its rows, the mean IoUs over all {len(published.SEQUENCES)} sequences are: "
            f"{gains}."
        )
        if missing := [name for name in published.SEQUENCES if name not in group.items]:
            notes.append(f"Not in this study: {words.listing(missing)}.")
    if (summary["status"] == "ran").any():
        notes.append("Bold: the best of our results in each row and kind of fit.")
    return notes


def _meaning(summary: pd.DataFrame, metrics: pd.DataFrame, group: Group) -> list[str]:
    notes = []
    if _noun(metrics) == "sequence":
        notes.append(
            "Every annotated frame counts. The mean over sequences is what the authors' code "
            "takes, the mean over frames what the paper's text speaks of; the csv has the scores "
            "of those frames alone that the authors' code would count."
        )
    if group.may_be_contradicted and _noun(metrics) == "sequence":
        notes.append(
            "Contradicted: annotated frames whose ground truth is in several parts or has a hole, "
            "each of at least 2 % of the object. The prior's region is a deformed convex one, "
            "which is in one part and cannot have a hole."
        )
    if "largest_component_filled" in record(group.shared.constraint).projections:
        name = group.predictor
        notes.append(
            f"{name}, largest part: the trivial projection, the largest component of the mask of "
            f"the {name} with its holes filled."
        )
    sequences = summary[(summary["row"] == SEQUENCE) & (summary["status"] == "ran")]
    counts = sequences.groupby(["fit", "output"]).size()
    if counts.nunique() > 1 or (len(counts) and counts.iloc[0] < len(group.items)):
        means = summary[
            (summary["row"] == OVER_SEQUENCES) & (summary["output"] == "representation")
        ]
        items = [f"{row.fit} {row.n_sequences}" for row in means.itertuples()]
        notes.append(
            f"Means are over the {_noun(metrics)}s that ran, of {len(group.items)}: "
            f"{words.listing(items)}."
        )
    return notes


def _notes_of_table_5(summary: pd.DataFrame, metrics: pd.DataFrame, group: Group) -> list[str]:
    scored = "compared at that size (annotated frames at full size)"
    notes = _provenance(summary, metrics, group, scored)
    notes.append(
        f"IoU of the spatio-temporal prior with the thresholded unaries of the {group.predictor} "
        "without noise: over all frames as in the paper, and over those alone whose unaries were "
        "replaced by noise. The first and the last frame never are."
    )
    if "absolute" in group.distances:
        notes.append(
            "Of noise the squared distance asks for a probability of one half; the absolute one "
            "does so less strongly, and not at all where unaries are 0 or 1 with the same chance."
        )
    if summary["published"].any():
        notes.append(
            f"Published: ICML 2024 paper, Table 5 ({published.NOISE_SEQUENCE}), means over "
            f"{published.SEEDS} runs, squared distance."
        )
    if summary["iou_deviation"].notna().any():
        notes.append(layout.DEVIATION_NOTE)
    return notes


def _provenance(
    summary: pd.DataFrame, metrics: pd.DataFrame, group: Group, scored: str
) -> list[str]:
    """How our numbers were made, and what of the paper's setting was reduced.

    Args:
        summary: of either table.
        metrics: the rows behind the summary.
        group: what was planned.
        scored: at which size, in words.
    """
    ran = summary[summary["status"] == "ran"]
    if ran.empty:
        return ["Ours: no cell has run." if metrics.empty else "Nothing has a ground truth."]
    fits = metrics[metrics["output"] == "representation"]
    conditions = [words.seeds(metrics["seed"])]
    if labels := recipes.told(metrics, "labels_kind", recipes.labels):
        conditions.append(f"weak labels {labels}")
    say = partial(recipes.network, training=group.shared.training)
    if networks := recipes.told(metrics, "weights", say):
        width = words.numbers(metrics["width"])
        conditions.append(f"{group.predictor} of width {width} {networks}")
    pixels = "frames" if _noun(metrics) == "sequence" else "pictures"
    conditions += [
        f"{pixels} scaled by {words.numbers(metrics['scale'])}, {scored}",
        f"steps {recipes.steps_by_fit(fits)}, {words.numbers(metrics['points'])} points each",
        f"protocol {words.listing(metrics['protocol'].unique())}",
    ]
    sentences = [f"Ours: {'; '.join(conditions)}."]
    sentences += recipes.foreground_notes(metrics, compares=group.compares)
    sentences += recipes.left_out(summary)
    sentences += _reductions(metrics, group)
    fits = summary[(summary["output"] == "representation") & (summary["item"] != "")]
    keys = ["item", "fit", *(["distance", "noise"] if "noise" in summary else [])]
    return [*sentences, *recipes.shortfalls(fits, keys, _called), *_troubles(metrics)]


def _called(row: Row) -> str:
    """What seeds are of, in print."""
    called = f"{row.item} {row.fit}"
    if row.row != "noise":
        return called
    return f"{called} {words.share(row.noise)} noise, {words.distance(row.distance)}"


def _reductions(metrics: pd.DataFrame, group: Group) -> list[str]:
    """What is less than in the paper, where its numbers stand beside."""
    if not group.compares:
        return []
    found = []
    if set(metrics["width"].dropna()) - {published.WIDTH}:
        width = words.numbers(metrics["width"])
        found.append(f"{group.predictor} width {width} instead of {published.WIDTH}")
    if set(metrics["scale"]) != {published.SCALE}:
        scale = words.numbers(metrics["scale"])
        found.append(f"frames scaled by {scale} instead of whole ones")
    fits = metrics[metrics["output"] == "representation"]
    for fit, own in fits.groupby("fit", sort=False):
        found += _other_steps(str(fit), own)
    if published.DISTANCE not in group.distances:
        names = words.listing(map(words.distance, group.distances))
        found.append(f"{names} from the unaries instead of the squared one")
    found.append(f"{words.numbers(metrics['points'])} points a step instead of whole frames")
    for column, text in (("labels_kind", "other weak labels"), ("weights", "UNets of our own")):
        if set(metrics[column]) != {published.LABELS}:
            found.append(text)
    return [f"Not as in the paper: {'; '.join(found)}."]


def _other_steps(fit: str, own: pd.DataFrame) -> list[str]:
    """How the steps and the descent of a kind of fit differ from the paper's, number by number."""
    if fit == SPATIO_TEMPORAL:
        steps = words.numbers(own["steps"])
        return [f"{fit} steps {steps} instead of {published.STEPS_IN_TIME}"]
    found = []
    known = published.STEPS[fit]
    if any(set(own[name]) != {number} for name, number in known.items()):
        ours = ", then ".join(words.numbers(own[name]) for name in known)
        paper = ", then ".join(f"{number:,}" for number in known.values())
        found.append(f"{fit} steps {ours} instead of {paper}")
    if fit == "joint":
        if set(own["rate"].dropna()) - {published.JOINT_RATE}:
            rate = words.numbers(own["rate"])
            found.append(f"{fit} rate {rate} instead of {published.JOINT_RATE:g}")
        return found
    if set(own["optimiser"]) - {published.OPTIMISER, ""} or set(own["rate"].dropna()) - {
        published.RATE
    }:
        ours = f"{words.listing(own['optimiser'].str.capitalize().unique())} at "
        ours += words.numbers(own["rate"])
        paper = f"{published.OPTIMISER.capitalize()} at {published.RATE:g}"
        found.append(f"{fit} {ours} instead of {paper}")
    return found


def _troubles(metrics: pd.DataFrame) -> list[str]:
    """Frames that were skipped or failed, and fits that stopped early."""
    fits = metrics[(metrics["output"] == "representation") & (metrics["against"] == UNARIES)]
    counts = fits["status"].value_counts()
    items = [f"{counts[status]:,} {text}" for status, text in _TROUBLES.items() if status in counts]
    of = f"Of {len(fits):,} frames (all seeds and fits) {words.listing(items)}." if items else ""
    return list(filter(None, [of, recipes.stopped(count_stopped(metrics))]))
