"""Scores compared item by item, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_rows import grid_plan, read, score, study_of, written

from isr.reporting import paired


def series(**values):
    return pd.Series(values, dtype=float)


def test_the_interval_is_student_s_of_paired_differences():
    generator = np.random.default_rng(0)
    ours, theirs = generator.uniform(size=(2, 12))
    found = paired.compare_each(pd.Series(ours), pd.Series(theirs))
    expected = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.mean == pytest.approx(np.mean(ours - theirs))


def test_wins_ties_and_losses_are_counted():
    ours = series(a=0.9, b=0.504, c=0.496, d=0.2)
    found = paired.compare_each(ours, series(a=0.5, b=0.5, c=0.5, d=0.5))
    assert (found.wins, found.ties, found.losses) == (1, 2, 1)
    assert found.counts == "1/2/1"


def test_items_that_only_one_has_are_left_out():
    found = paired.compare_each(series(a=0.9, b=0.8), series(b=0.5, c=0.1))
    assert (found.items, found.mean) == (1, pytest.approx(0.3))
    assert np.isnan([found.low, found.high]).all()
    assert str(found) == "+0.300"
    assert paired.compare_each(series(a=0.9), series(b=0.9)) is None


def test_settings_of_one_item_are_no_new_items():
    ours = pd.DataFrame({0: [0.7, 0.6], 1: [0.7, 0.6]}, index=["a", "b"])
    found = paired.compare(ours, ours * 0 + 0.5)
    single = paired.compare_each(ours[0], ours[0] * 0 + 0.5)
    assert (found.items, found.low) == (2, pytest.approx(single.low))
    assert found.wins == 4


def rows_of(raw, ours, item, **changes):
    return [
        each
        for output, iou in (("predictor", raw), ("representation", ours))
        for each in score(iou, item, output=output, **changes)
    ]


@pytest.fixture
def both_fits(tmp_path):
    """A study of sequential and joint fits with two seeds each: (cells, metrics)."""
    cells = [grid_plan(fit, seed) for fit in ("sequential", "joint") for seed in (42, 47)]
    study = study_of(cells, "ab", "embedded")
    rows = []
    for seed, shift in ((42, -0.1), (47, 0.1)):
        rows += rows_of(0.5 + shift, 0.6 + shift, "a", seed=seed)
        rows += rows_of(0.4, 0.4, "b", seed=seed)
        rows += rows_of(0.8, 0.7, "a", fit="joint", seed=seed)
        rows += rows_of(0.8, 0.3, "b", fit="joint", seed=seed)
    return written(rows, study, tmp_path).cells, read(rows, study, tmp_path)


def test_joint_fits_are_compared_with_the_predictor_that_was_trained_alone(both_fits):
    sequential, joint = paired.settings_of(*both_fits)
    assert (sequential.called, joint.called) == ("sequential", "joint")
    assert sequential.comparison.mean == pytest.approx(0.05)
    assert joint.comparison.mean == pytest.approx((0.2 - 0.1) / 2)
    assert joint.comparison.counts == "1/0/1"
    assert list(joint.theirs) == pytest.approx([0.5, 0.4])


def test_the_sentence_counts_all_settings(both_fits):
    settings = paired.settings_of(*both_fits)
    assert paired.sentence(settings).startswith(
        "By the ground truth, the representation is better than the predictor by itself in 2, "
        "equal (within 0.005) in 1 and worse in 1 of 4 pairs of 2 items and 2 settings; mean "
        "difference of IoU +0.050 ["
    )
    assert [row["Predictor"] for row in paired.rows(settings)] == ["0.450", "0.450"]
    assert [row["Representation"] for row in paired.rows(settings)] == ["0.500", "0.500"]


def test_without_ground_truth_nothing_is_said(tmp_path):
    study = study_of([grid_plan()], "a", "embedded")
    rows = score(0.5, against="unaries", output="representation")
    cells = written(rows, study, tmp_path).cells
    assert paired.settings_of(cells, read(rows, study, tmp_path)) == []
    assert paired.sentence([]) == ""
