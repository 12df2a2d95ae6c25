"""Table 4: averages by hand, its layout, and what it says of how its rows were made."""

import numpy as np
import pytest
from score_rows import entries, make_study, pick, plan, row

from isr.data.weak_labels.store import ANOTHER, NO_OBJECT

PUBLISHED = {"labels_kind": "published", "weights": "published"}
AUTO = [plan(labels="auto")]
VIDEOS = ("cars3", "cars6")


def test_means_over_sequences_and_over_frames(summarise):
    # cars3 has three frames and two seeds, cars6 one frame and one seed.
    rows = [
        row(iou, frame=frame, seed=seed)
        for seed, ious in {42: (0.2, 0.4, 0.6), 47: (0.4, 0.6, 0.8)}.items()
        for frame, iou in enumerate(ious)
    ]
    rows += [row(0.9, "cars6")]
    study = make_study(cells=[plan(seed=42), plan(seed=47, items=["cars3"])])
    summary = summarise(rows, study)
    own = summary[summary["output"] == "representation"]
    cars3, cars6 = (pick(own, item=name) for name in ("cars3", "cars6"))
    assert (cars3.iou, cars3.accuracy) == pytest.approx((0.5, 0.25))
    assert cars3.iou_deviation == pytest.approx(np.std([0.4, 0.6], ddof=1))
    assert (cars3.n_seeds, cars3.seeds, cars3.n_frames) == (2, "42 47", 3)
    assert np.isnan(cars6.iou_deviation)
    assert (cars6.n_seeds, cars6.planned_seeds) == (1, 1)
    over_sequences = pick(own, row="mean over sequences")
    over_frames = pick(own, row="mean over frames")
    assert over_sequences.iou == pytest.approx((0.5 + 0.9) / 2)
    assert over_frames.iou == pytest.approx((3 * 0.5 + 0.9) / 4)
    assert over_sequences.n_frames == over_frames.n_frames == 4
    # Seed 42 alone scored both sequences.
    assert np.isnan(over_sequences.iou_deviation)


def test_deviations_of_means_are_over_seeds(summarise):
    ious = {("cars3", 42): 0.2, ("cars3", 47): 0.4, ("cars6", 42): 0.5, ("cars6", 47): 0.9}
    rows = [row(iou, video, seed=seed) for (video, seed), iou in ious.items()]
    rows += [row(ious["cars3", seed], frame=1, seed=seed) for seed in (42, 47)]
    study = make_study(cells=[plan(seed=42), plan(seed=47)])
    summary = summarise(rows, study)
    own = summary[summary["output"] == "representation"]
    over_sequences = pick(own, row="mean over sequences")
    over_frames = pick(own, row="mean over frames")
    assert over_sequences.iou_deviation == pytest.approx(np.std([0.35, 0.65], ddof=1))
    assert over_frames.iou == pytest.approx((2 * 0.3 + 0.7) / 3)
    assert over_frames.iou_deviation == pytest.approx(np.std([0.9 / 3, 1.7 / 3], ddof=1))


def test_the_published_numbers_stand_beside_ours(summarise):
    rows = [
        row(0.9),
        row(0.7, "cars6"),
        row(0.5, output="predictor"),
        row(0.6, "new"),
    ]
    study = make_study(("cars3", "cars6"), cells=[plan()])
    summary = summarise(rows, study)
    prior = pick(summary, item="cars3", output="representation")
    assert prior.published_iou == 0.880
    assert prior.difference_iou == pytest.approx(0.02)
    assert prior.difference_accuracy == pytest.approx(0.45 - 0.992)
    mean = pick(summary, row="mean over sequences", output="representation")
    assert mean.published_iou == pytest.approx((0.880 + 0.766) / 2)
    assert mean.difference_iou == pytest.approx(0.8 - (0.880 + 0.766) / 2)
    # cars6 did not score its predictor: the published mean is of the same sequences.
    alone = pick(summary, row="mean over sequences", output="predictor")
    assert (alone.published_iou, alone.n_sequences) == (0.779, 1)
    frames = pick(summary, row="mean over frames", output="representation")
    assert np.isnan(frames.published_iou)
    assert not pick(summary, item="cars3", output="largest_component_filled").published


def test_frames_that_the_published_code_scores_have_numbers_of_their_own(summarise):
    rows = [
        row(0.9),
        row(0.5, frame=1, published_rule=False),
        row(0.4, frame=2),
    ]
    rows += [row(0.3, "cars6", published_rule=False)]
    rows += [row(0.1, frame=3, against="unaries", published_rule=None, annotated=False)]
    study = make_study(cells=[plan()])
    summary = summarise(rows, study)
    cars3 = pick(summary, item="cars3", output="representation")
    assert cars3.iou == pytest.approx(0.6)
    assert cars3.iou_published_rule == pytest.approx(0.65)
    assert (cars3.n_frames, cars3.n_frames_published_rule) == (3, 2)
    assert cars3.iou_unaries == pytest.approx(0.1)
    cars6 = pick(summary, item="cars6", output="representation")
    assert np.isnan(cars6.iou_published_rule)
    assert cars6.n_frames_published_rule == 0
    frames = pick(summary, row="mean over frames", output="representation")
    assert frames.iou_published_rule == pytest.approx(0.65)


def test_contradicted_frames_are_counted(summarise):
    rows = [row(0.9, frame=n, contradicted=n < 2, seed=seed) for n in range(3) for seed in (42, 47)]
    study = make_study(("cars3",))
    summary = summarise(rows, study)
    cars3 = pick(summary, item="cars3", output="representation", fit="sequential")
    assert (cars3.n_contradicted, cars3.n_frames) == (2, 3)


def test_frames_that_one_seed_lacks_are_left_out(summarise):
    rows = [row(0.2), row(0.9, frame=1), row(0.4, seed=47)]
    study = make_study(("cars3",), cells=[plan(seed=42), plan(seed=47)])
    summary = summarise(rows, study)
    for kind in ("sequence", "mean over sequences", "mean over frames"):
        own = pick(summary, row=kind, output="representation")
        assert own.iou == pytest.approx(0.3)
        assert own.iou_deviation == pytest.approx(np.std([0.2, 0.4], ddof=1))


def test_columns_say_how_the_numbers_were_made(summarise):
    study = make_study(("cars3",), cells=[plan()])
    rows = [row(0.5), row(0.5, frame=1, protocol="published-code", points=500)]
    cars3 = pick(summarise(rows, study), item="cars3", output="representation")
    names = ("protocol", "first_steps", "next_steps", "steps", "points", "scale", "weights")
    found = [cars3[name] for name in names]
    assert found == ["paper|published-code", "5000", "400", "", "1000|500", "0.5", "trained"]


def both(**changes):
    """The prior's rows of two sequences, the first from published labels and networks."""
    about = {"labels": "auto", **changes}
    return [row(0.9, **about, **PUBLISHED), row(0.6, "cars6", **about)]


@pytest.fixture
def make(table_of, summarise):
    """The averages, and the layout of Table 4."""

    def make(rows, videos=VIDEOS, cells=AUTO):
        study = make_study(videos, cells)
        return summarise(rows, study), table_of("table_4", rows, study)[1]

    return make


def test_each_row_says_which_labels_and_which_network_made_it(make):
    summary, table = make(both())
    assert entries(table, "cars3", "ours")[:2] == ["published", "published"]
    assert entries(table, "cars6", "ours")[:2] == ["motion", "trained"]
    assert entries(table, "mean over sequences", "ours")[0] == "published and motion"
    own = summary[(summary["row"] == "sequence") & (summary["output"] == "representation")]
    assert list(own["labels_kind"]) == ["published", "motion"]
    notes = "\n".join(table.notes)
    assert (
        "weak labels published multicut labels (Kardoost & Keuper 2021) (cars3) and from" in notes
    )
    assert "with the published weights (cars3) and trained on each sequence (cars6);" in notes
    assert "other weak labels; UNets of our own." in notes


def test_of_published_ones_alone_no_departure_is_told(make):
    _, table = make(both(width=64, scale=1.0)[:1], ("cars3",))
    notes = "\n".join(table.notes)
    assert "Not as in the paper: 1,000 points a step instead of whole frames.\n" in notes
    assert "weak labels published multicut labels (Kardoost & Keuper 2021); UNet" in notes


def test_labels_that_follow_another_object_are_told_and_not_compared(make):
    rows = both()
    rows[1] |= {"labels_follow": ANOTHER}
    summary, table = make(rows)
    assert entries(table, "cars6", "ours: labels follow another object")[7] == "0.600"
    assert set(entries(table, "cars6", "difference")[5:]) == {"-"}
    assert "0.766" in entries(table, "cars6", "published")
    assert entries(table, "cars3", "difference")[7] == "+0.020"
    # The mean of differences is that of cars3 alone; ours and published are over both.
    mean = pick(summary, row="mean over sequences", output="representation")
    assert mean.iou == pytest.approx(0.75)
    assert mean.published_iou == pytest.approx((0.880 + 0.766) / 2)
    assert (mean.difference_iou, mean.n_compared) == (pytest.approx(0.02), 1)
    notes = "\n".join(table.notes)
    assert "Labels follow another object than the one that is scored in cars6" in notes
    assert "means of differences are over the other sequences: sequential 1 of 2." in notes


def test_where_no_sequence_is_compared_there_is_no_mean_of_differences(make):
    summary, table = make(both(labels_follow=NO_OBJECT))
    assert np.isnan(
        pick(summary, row="mean over sequences", output="representation").difference_iou
    )
    assert set(entries(table, "mean over sequences", "difference")[5:]) == {"-"}
    assert any("Labels follow no object in cars3 and cars6" in note for note in table.notes)


def test_an_object_that_the_labels_chose_among_several_is_told(make):
    rows = both()
    rows[1] |= {"scored_object": 2, "object_sure": False}
    _, table = make(rows)
    (note,) = [note for note in table.notes if note.startswith("Several objects")]
    assert "annotated in cars6 and the authors' choice cannot be had" in note
    assert note.endswith("which may not be that of the published row.")
