import pytest

from isr.reporting import published

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
    result = published.find("sequential", features, predictor, output)
    assert result == published.Result(*values)


def test_all_24_settings_have_an_iou():
    assert len(published.CONVEXITY) == 24
    assert all(0.6 < result.iou < 0.9 for result in published.CONVEXITY.values())
    assert published.find("joint", "rgb+semantic", "fcn", "representation").iou == 0.894
    assert published.find("joint", "rgb+semantic", "fcn", "predictor").iou == 0.635


def test_joint_deviations_and_accuracies_are_unknown():
    for (fit, *_), result in published.CONVEXITY.items():
        known = (result.iou_deviation, result.accuracy, result.accuracy_deviation)
        assert all(value is None for value in known) == (fit == "joint")


def test_no_result_of_a_setting_that_the_papers_do_not_have():
    assert published.find("joint", "rgb", "fcn", "predictor") is None
