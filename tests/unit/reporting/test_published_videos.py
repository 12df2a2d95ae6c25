"""The digitised Tables 4 and 5 against what the paper says of them in words."""

import doctest

import pytest

from isr.reporting import published_videos as published


def iou(fit, output):
    return published.mean(fit, output).iou


def test_every_sequence_has_eight_numbers():
    assert len(published.SEQUENCES) == 18
    for scores in published.SEQUENCES.values():
        assert set(scores) == {(fit, out) for fit in published.FITS for out in published.OUTPUTS}
        for score in scores.values():
            assert 0 < score.iou < score.accuracy < 1


def test_columns_are_in_the_papers_order():
    cars3 = published.SEQUENCES["cars3"]
    assert cars3["sequential", "predictor"] == published.Score(0.779, 0.986)
    assert cars3["sequential", "representation"] == published.Score(0.880, 0.992)
    assert cars3["joint", "predictor"] == published.Score(0.885, 0.992)
    assert cars3["joint", "representation"] == published.Score(0.887, 0.993)
    # Its accuracies, the only ones below a half, tell the columns apart.
    marple10 = published.SEQUENCES["marple10"]
    assert marple10["joint", "predictor"] == published.Score(0.023, 0.452)


def test_the_sequential_prior_gains_about_1_percent():
    gain = iou("sequential", "representation") - iou("sequential", "predictor")
    assert gain == pytest.approx(0.0122, abs=5e-5)


def test_the_joint_prior_gains_about_2_percent_over_the_sequential_unet():
    gain = iou("joint", "representation") - iou("sequential", "predictor")
    assert gain == pytest.approx(0.0209, abs=5e-5)


def test_sums_of_all_columns():
    # A digit that is wrong changes one of them.
    sums = {
        ("sequential", "predictor"): (12.436, 16.783),
        ("sequential", "representation"): (12.655, 16.785),
        ("joint", "predictor"): (12.559, 16.985),
        ("joint", "representation"): (12.812, 16.790),
    }
    for key, expected in sums.items():
        score = published.mean(*key)
        assert (18 * score.iou, 18 * score.accuracy) == pytest.approx(expected)


def test_means_need_every_sequence():
    assert published.mean("joint", "predictor", ["cars3", "unheard of"]) is None
    assert published.mean("joint", "predictor", []) is None
    assert published.mean("joint", "predictor", ["cars3"]) == published.Score(0.885, 0.992)
    assert published.find("cars3", "spatio-temporal", "representation") is None


def test_noise_of_up_to_20_percent_costs_3_percent():
    assert published.noise(0.0) - published.noise(0.2) == pytest.approx(0.03)
    assert [published.noise(share / 10) for share in range(7)] == list(published.NOISE.values())
    assert published.noise(0.7) is None


def test_worked_examples():
    results = doctest.testmod(published)
    assert results.attempted > 0
    assert results.failed == 0
