"""Averages of the scores of pictures, by hand, and the tidy table."""

import io

import numpy as np
import pandas as pd
import pytest
from score_rows import grid_plan, make_table, pick, row, score, study_of, written

from isr.errors import UserError
from isr.reporting.metrics import read_cells
from isr.reporting.tables import convexity

BOTH = [grid_plan(seed=seed) for seed in (42, 47)]


@pytest.fixture
def summarise(tmp_path):
    """Averages rows of a study, by default of two seeds of one cell."""

    def make(rows, cells=BOTH, kind="embedded", published=True, **changes):
        items = list(dict.fromkeys(each["item"] for each in rows)) or ["a"]
        study = written(rows, study_of(cells, items, kind, **changes), tmp_path)
        metrics = read_cells(study.cells, "s")
        constraint = cells[0]["constraint"]
        return convexity.summarise(metrics, study, constraint, published)

    return make


def row_of(numbers, output="predictor", **axes):
    wanted = {"predictor": "fcn", "features": "rgb+xy", "fit": "sequential"} | axes
    return pick(numbers, output=output, **wanted)


def test_mean_over_pictures_then_mean_and_deviation_over_seeds(summarise):
    rows = score(0.5, accuracy=0.9) + score(0.7, "b", accuracy=0.7)
    rows += score(0.8, accuracy=0.6, seed=47) + score(0.8, "b", accuracy=1.0, seed=47)
    found = row_of(summarise(rows))
    assert found["iou"] == pytest.approx(0.7)
    assert found["iou_deviation"] == pytest.approx(0.2 / np.sqrt(2))
    assert found["accuracy"] == pytest.approx(0.8)
    assert found["accuracy_deviation"] == pytest.approx(0.0)
    assert (found["n_seeds"], found["n_pictures"], found["seeds"]) == (2, 2, "42 47")


def test_one_seed_has_no_deviation(summarise):
    found = row_of(summarise(score(0.5)))
    assert np.isnan(found["iou_deviation"])
    assert (found["n_seeds"], found["planned_seeds"]) == (1, 2)


def test_only_pictures_of_all_seeds_are_averaged(summarise):
    rows = score(0.2) + score(0.6, seed=47) + score(1.0, "b", seed=47)
    found = row_of(summarise(rows))
    assert found["iou"] == pytest.approx(0.4)
    assert found["n_pictures"] == 1


def test_scores_against_other_things_and_of_single_objects_are_left_out(summarise):
    rows = score(0.5) + score(0.9, against="unaries") + score(0.1, object="1")
    assert row_of(summarise(rows))["iou"] == 0.5


def test_a_setting_without_metrics_did_not_run(summarise):
    found = row_of(summarise(score(0.5)), fit="joint")
    assert found["status"] == "not run"
    assert np.isnan(found["iou"])
    assert found["published_iou"] == 0.755


def test_pictures_without_ground_truth_are_said_so(summarise):
    rows = score(0.9, output="representation", against="unaries")
    found = row_of(summarise(rows), "representation")
    assert (found["status"], found["n_pictures"], found["n_seeds"]) == ("no ground truth", 1, 1)


@pytest.mark.parametrize(
    ("kind", "entry", "pictures", "same"),
    [
        ("convexitydb", {}, 51, True),
        ("convexitydb", {"long_side": 240}, 51, False),
        ("convexitydb", {}, 50, False),
        ("embedded", {}, 51, False),
    ],
)
def test_a_difference_only_on_the_papers_pictures(summarise, kind, entry, pictures, same):
    rows = [each for number in range(pictures) for each in score(0.75, f"img_{number}")]
    found = row_of(summarise(rows, kind=kind, entry=entry))
    assert found["same_pictures"] == same
    if same:
        assert found["difference_iou"] == pytest.approx(0.75 - 0.732)
    else:
        assert np.isnan(found["difference_iou"])


def test_of_other_predictors_alone_nothing_is_compared(summarise):
    cells = [grid_plan(predictor="tv")]
    numbers = summarise(score(0.5, predictor="tv"), cells)
    assert set(numbers["predictor"]) == {"tv"}
    assert not numbers["published"].any()
    assert not summarise(score(0.5), published=False)["published"].any()


def test_a_predictor_of_another_name_is_compared_with_its_network(summarise):
    numbers = summarise(score(0.5, predictor="small"), [grid_plan(predictor="small")])
    assert row_of(numbers, predictor="small")["published_iou"] == 0.732
    assert set(numbers["predictor"]) == {"small", "cnn"}


def test_frames_of_videos_are_averaged_by_what_their_predictor_learned_from(summarise):
    cell = grid_plan(predictor="unet", features=None, labels="motion", constraint="star_shaped")
    rows = [
        row(iou, frame=frame, **cell, output="predictor") for frame, iou in enumerate((0.2, 0.6))
    ]
    numbers = summarise(rows, [cell])
    found = pick(numbers, output="predictor")
    assert (found["labels"], found["features"], found["n_pictures"]) == ("motion", "", 2)
    assert found["iou"] == pytest.approx(0.4)


def test_an_item_that_is_scored_twice_is_an_error(tmp_path):
    study = written(score(0.5) * 2, study_of(BOTH, "a", "embedded"), tmp_path)
    with pytest.raises(UserError, match="scored twice"):
        read_cells(study.cells, "s")


def test_csv_has_words_for_what_is_missing(tmp_path, grid_rows, grid_study):
    text, _ = make_table("table_1", grid_rows, grid_study, tmp_path)
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
    ran = row_of(table, output="representation", fit="joint")
    own = pd.DataFrame(grid_rows).query(
        "predictor == 'fcn' and features == 'rgb+xy' and fit == 'joint'"
        " and output == 'representation'"
    )
    assert float(ran["iou"]) == pytest.approx(own["iou"].mean(), abs=1e-4)
    assert ran["iou_deviation"] == ""
    assert (ran["steps"], ran["optimiser"], ran["first_steps"]) == ("400", "adam", "")
    assert ran["published_iou"] == "0.7560"
    assert ran["published_accuracy"] == ran["published_iou_deviation"] == "not legible"
    assert ran["difference_iou"] == "other pictures"
    assert ran["difference_accuracy"] == "not legible"
    missing = row_of(table, predictor="cnn", fit="joint")
    assert missing["iou"] == missing["accuracy"] == missing["difference_iou"] == "not run"
    hull = row_of(table, output="convex_hull")
    assert hull["published_iou"] == hull["difference_iou"] == ""


def test_fits_that_stopped_are_counted(summarise):
    rows = score(0.5, output="representation")
    rows += score(0.5, output="representation", seed=47, finite=False)
    rows += score(0.5, output="representation", seed=47, finite=False, against="unaries")
    assert row_of(summarise(rows), "representation")["n_stopped"] == 1
