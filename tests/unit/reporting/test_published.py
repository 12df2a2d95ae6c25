"""The digitised tables against what the papers print and say in words."""

import doctest

import pytest

from isr.reporting.published import convexity, student, videos

# Table 3 as it is printed, row by row (the headings of its text are damaged).
TABLE_3 = [
    ("cnn", "predictor", "rgb+xy", 0.697, 0.066, 0.903, 0.028),
    ("cnn", "predictor", "rgb+semantic", 0.726, 0.014, 0.929, 0.006),
    ("cnn", "predictor", "rgb+xy+semantic", 0.778, 0.019, 0.937, 0.005),
    ("fcn", "predictor", "rgb+xy", 0.732, 0.010, 0.928, 0.003),
    ("fcn", "predictor", "rgb+semantic", 0.714, 0.010, 0.929, 0.003),
    ("fcn", "predictor", "rgb+xy+semantic", 0.736, 0.009, 0.928, 0.003),
    ("cnn", "representation", "rgb+xy", 0.763, 0.013, 0.934, 0.006),
    ("cnn", "representation", "rgb+semantic", 0.843, 0.012, 0.965, 0.004),
    ("cnn", "representation", "rgb+xy+semantic", 0.766, 0.022, 0.935, 0.007),
    ("fcn", "representation", "rgb+xy", 0.711, 0.019, 0.921, 0.006),
    ("fcn", "representation", "rgb+semantic", 0.851, 0.008, 0.967, 0.002),
    ("fcn", "representation", "rgb+xy+semantic", 0.746, 0.021, 0.931, 0.005),
]


@pytest.mark.parametrize("row", TABLE_3)
def test_rows_of_table_3_are_the_sequential_ones(row):
    predictor, output, features, *values = row
    result = convexity.find("sequential", features, predictor, output)
    assert result == convexity.Result(*values)


def test_all_24_settings_have_an_iou():
    assert len(convexity.CONVEXITY) == 24
    assert all(0.6 < result.iou < 0.9 for result in convexity.CONVEXITY.values())
    assert convexity.find("joint", "rgb+semantic", "fcn", "representation").iou == 0.894
    assert convexity.find("joint", "rgb+semantic", "fcn", "predictor").iou == 0.635


def test_joint_deviations_and_accuracies_are_unknown():
    for (fit, *_), result in convexity.CONVEXITY.items():
        known = (result.iou_deviation, result.accuracy, result.accuracy_deviation)
        assert all(value is None for value in known) == (fit == "joint")


def test_no_result_of_a_setting_that_the_papers_do_not_have():
    assert convexity.find("joint", "rgb", "fcn", "predictor") is None


def iou(fit, output):
    return videos.mean(fit, output).iou


def test_every_sequence_has_eight_numbers():
    assert len(videos.SEQUENCES) == 18
    for scores in videos.SEQUENCES.values():
        assert set(scores) == {(fit, out) for fit in videos.FITS for out in videos.OUTPUTS}
        for score in scores.values():
            assert 0 < score.iou < score.accuracy < 1


def test_columns_are_in_the_papers_order():
    cars3 = videos.SEQUENCES["cars3"]
    assert cars3["sequential", "predictor"] == videos.Score(0.779, 0.986)
    assert cars3["sequential", "representation"] == videos.Score(0.880, 0.992)
    assert cars3["joint", "predictor"] == videos.Score(0.885, 0.992)
    assert cars3["joint", "representation"] == videos.Score(0.887, 0.993)
    # Its accuracies, the only ones below a half, tell the columns apart.
    marple10 = videos.SEQUENCES["marple10"]
    assert marple10["joint", "predictor"] == videos.Score(0.023, 0.452)


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
        score = videos.mean(*key)
        assert (18 * score.iou, 18 * score.accuracy) == pytest.approx(expected)


def test_means_need_every_sequence():
    assert videos.mean("joint", "predictor", ["cars3", "unheard of"]) is None
    assert videos.mean("joint", "predictor", []) is None
    assert videos.mean("joint", "predictor", ["cars3"]) == videos.Score(0.885, 0.992)
    assert videos.find("cars3", "spatio-temporal", "representation") is None


def test_noise_of_up_to_20_percent_costs_3_percent():
    assert videos.noise(0.0) - videos.noise(0.2) == pytest.approx(0.03)
    assert [videos.noise(share / 10) for share in range(7)] == list(videos.NOISE.values())
    assert videos.noise(0.7) is None


def test_worked_examples():
    results = doctest.testmod(videos)
    assert results.attempted > 0
    assert results.failed == 0


def test_in_the_student_report_a_flow_and_a_teacher_help():
    table = student.TABLE_1
    for flag in (False, True):
        assert table["path_connected", flag] > table["convex", flag]
    for constraint in student.NAMES:
        assert table[constraint, True] > table[constraint, False]
    assert student.SCRIBBLED // (student.BATCH - student.DRAWN) == 52
