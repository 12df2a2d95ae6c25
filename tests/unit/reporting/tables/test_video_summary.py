"""Averages of the scores of frames, by hand."""

import numpy as np
import pytest
from score_rows import make_study, pick, plan, row


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
