import io

import numpy as np
import pandas as pd
import pytest

from isr.errors import UserError
from isr.reporting import summary
from isr.reporting.settings import Cell


def row_of(numbers, output="predictor", **axes):
    chosen = numbers[numbers["output"] == output]
    for name, value in (
        {"predictor": "fcn", "features": "rgb+xy", "fit": "sequential"} | axes
    ).items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_mean_over_pictures_then_mean_and_deviation_over_seeds(score, study):
    rows = score(0.5, accuracy=0.9) + score(0.7, accuracy=0.7, picture="b")
    rows += score(0.8, accuracy=0.6, seed=47) + score(0.8, accuracy=1.0, picture="b", seed=47)
    row = row_of(summary.summarise(pd.DataFrame(rows), study()))
    assert row["iou"] == pytest.approx(0.7)
    assert row["iou_deviation"] == pytest.approx(0.2 / np.sqrt(2))
    assert row["accuracy"] == pytest.approx(0.8)
    assert row["accuracy_deviation"] == pytest.approx(0.0)
    assert (row["n_seeds"], row["n_pictures"], row["seeds"]) == (2, 2, "42 47")


def test_one_seed_has_no_deviation(score, study):
    row = row_of(summary.summarise(pd.DataFrame(score(0.5)), study()))
    assert np.isnan(row["iou_deviation"])
    assert (row["n_seeds"], row["planned_seeds"]) == (1, 2)


def test_only_pictures_of_all_seeds_are_averaged(score, study):
    rows = score(0.2) + score(0.6, seed=47) + score(1.0, picture="b", seed=47)
    row = row_of(summary.summarise(pd.DataFrame(rows), study()))
    assert row["iou"] == pytest.approx(0.4)
    assert row["n_pictures"] == 1


def test_a_setting_without_metrics_did_not_run(score, study):
    row = row_of(summary.summarise(pd.DataFrame(score(0.5)), study()), fit="joint")
    assert row["status"] == "not run"
    assert np.isnan(row["iou"])
    assert row["published_iou"] == 0.755


def test_pictures_without_ground_truth_are_said_so(score, study):
    row = row_of(summary.summarise(pd.DataFrame(score(np.nan)), study()))
    assert (row["status"], row["n_pictures"], row["n_seeds"]) == ("no ground truth", 1, 1)


@pytest.mark.parametrize(
    ("kind", "pictures", "same"),
    [("convexitydb", 51, True), ("convexitydb", 50, False), ("embedded", 51, False)],
)
def test_a_difference_only_on_the_papers_pictures(score, study, kind, pictures, same):
    rows = [row for number in range(pictures) for row in score(0.75, picture=f"img_{number}")]
    row = row_of(summary.summarise(pd.DataFrame(rows), study(kind=kind)))
    assert row["same_pictures"] == same
    if same:
        assert row["difference_iou"] == pytest.approx(0.75 - 0.732)
    else:
        assert np.isnan(row["difference_iou"])


def test_rows_of_cells_that_are_not_planned_are_left_out(score, study):
    rows = score(0.5) + score(0.9, seed=1)
    row = row_of(summary.summarise(pd.DataFrame(rows), study()))
    assert row["iou"] == 0.5


def test_a_study_of_its_own_has_no_rows_of_the_papers(score, study):
    own = study([Cell("convex", "mine", "rgb", "sequential", 42)], shows_published=False)
    numbers = summary.summarise(pd.DataFrame(score(0.5, predictor="mine", features="rgb")), own)
    assert set(numbers["predictor"]) == {"mine"}
    assert not numbers["published"].any()


def test_a_predictor_of_another_name_is_compared_with_its_network(score, study):
    cells = [Cell("convex", "small", "rgb+xy", "sequential", 42)]
    own = study(cells, predictors={"small": "fcn"})
    numbers = summary.summarise(pd.DataFrame(score(0.5, predictor="small")), own)
    assert row_of(numbers, predictor="small")["published_iou"] == 0.732
    assert set(numbers["predictor"]) == {"small", "cnn"}


def test_predictors_that_the_study_does_not_use_are_left_out(score, study):
    own = study(
        predictors={"fcn": "fcn", "cnn": "cnn", "cnn_small": "cnn", "threshold": "threshold"}
    )
    numbers = summary.summarise(pd.DataFrame(score(0.5)), own)
    assert set(numbers["predictor"]) == {"fcn", "cnn"}


def test_the_same_file_twice_is_an_error(score, study):
    with pytest.raises(UserError, match="scored twice"):
        summary.summarise(pd.DataFrame(score(0.5) * 2), study())


def test_csv_has_words_for_what_is_missing(grid_metrics, grid_study):
    text = summary.to_csv(summary.summarise(grid_metrics, grid_study))
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
    ran = row_of(table, output="representation", fit="joint")
    assert float(ran["iou"]) == pytest.approx(
        grid_metrics.query(
            "predictor == 'fcn' and features == 'rgb+xy' and fit == 'joint'"
            " and output == 'representation'"
        )["iou"].mean(),
        abs=1e-4,
    )
    assert ran["iou_deviation"] == ""
    assert ran["published_iou"] == "0.7560"
    assert ran["published_accuracy"] == ran["published_iou_deviation"] == "not legible"
    assert ran["difference_iou"] == "other pictures"
    assert ran["difference_accuracy"] == "not legible"
    missing = row_of(table, predictor="cnn", fit="joint")
    assert missing["iou"] == missing["accuracy"] == missing["difference_iou"] == "not run"
    hull = row_of(table, output="convex_hull")
    assert hull["published_iou"] == hull["difference_iou"] == ""


def test_csv_says_that_ground_truth_is_missing(score, study):
    numbers = summary.summarise(pd.DataFrame(score(np.nan)), study())
    table = pd.read_csv(io.StringIO(summary.to_csv(numbers)), keep_default_na=False, dtype=str)
    row = row_of(table)
    assert row["iou"] == row["accuracy"] == row["difference_iou"] == "no ground truth"


def test_fits_that_stopped_are_counted_and_an_old_file_has_none(tmp_path, score, study):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    pd.DataFrame(score(0.5)).to_csv(old, index=False)
    rows = score(0.5, seed=47, finite=False) + score(0.5, seed=47, picture="b", finite=True)
    pd.DataFrame(rows).to_csv(new, index=False)
    metrics = summary.read_metrics([old, new])
    assert metrics["finite"].tolist() == [True, False, True]
    assert row_of(summary.summarise(metrics, study()))["n_stopped"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "empty"), ("study,iou\ns,1\n", "lacks the column 'dataset'"), (None, "does not exist")],
)
def test_a_bad_file_is_named(tmp_path, content, message):
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        summary.read_metrics([path], "s")
    assert str(path) in str(caught.value)


def test_a_file_of_another_study_is_refused(tmp_path, score):
    path = tmp_path / "metrics.csv"
    pd.DataFrame(score(0.5)).to_csv(path, index=False)
    assert len(summary.read_metrics([path], "s")) == 1
    with pytest.raises(UserError, match="belongs to study 's', not 'other'"):
        summary.read_metrics([path], "other")
