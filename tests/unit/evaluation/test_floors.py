from math import isnan, nan

import pandas as pd
import pytest
import yaml

from isr.errors import UserError
from isr.evaluation.floors import Floor, check, read_floors

TRUTH = {"against": "ground truth"}
ALL = {"object": "all", **TRUTH}
ROWS = [
    {"fit": "sequential", "output": "predictor", "iou": 0.6, **ALL},
    {"fit": "sequential", "output": "predictor", "iou": 0.8, **ALL},
    {"fit": "sequential", "output": "predictor", "iou": 0.1, **ALL, "against": "scribbles"},
    {"fit": "sequential", "output": "predictor", "iou": 0.1, **ALL, "object": "1"},
    {"fit": "sequential", "output": "representation", "iou": 0.69, **ALL},
    {"fit": "joint", "output": "representation", "iou": nan, **ALL},
]


@pytest.fixture
def results(tmp_path):
    for number, row in enumerate(ROWS):
        folder = tmp_path / "convexity" / f"cell-{number}"
        folder.mkdir(parents=True)
        pd.DataFrame([row]).to_csv(folder / "metrics.csv", index=False)
    return tmp_path


def _outcome(results, where, floor, beyond=None):
    return check([Floor("convexity", where | TRUTH, floor, "so", beyond)], results)[0]


def test_a_floor_is_reached_by_the_mean_of_its_rows(results):
    where = {"fit": "sequential", "output": "predictor"}
    found = _outcome(results, where, 0.7)
    assert found.value == pytest.approx(0.7)
    assert (found.rows, found.reached) == (2, True)
    assert not _outcome(results, where, 0.71).reached


def test_a_floor_of_a_difference(results):
    where, beyond = {"fit": "sequential", "output": "representation"}, {"output": "predictor"}
    found = _outcome(results, where, -0.02, beyond)
    assert found.value == pytest.approx(-0.01)
    assert found.reached
    assert not _outcome(results, where, 0.0, beyond).reached


@pytest.mark.parametrize("where", [{"fit": "joint"}, {"fit": "neither"}])
def test_no_rows_and_no_scores_reach_nothing(results, where):
    found = _outcome(results, where, -1.0)
    assert isnan(found.value)
    assert not found.reached


def test_unknown_columns_and_studies_are_told(results):
    with pytest.raises(UserError, match="no column 'predictor'"):
        _outcome(results, {"predictor": "cnn"}, 0.5)
    with pytest.raises(UserError, match="run the study first"):
        check([Floor("motion", {}, 0.5, "so")], results)


def test_a_file_of_floors(tmp_path):
    path = tmp_path / "floors.yaml"
    entry = {"study": "s", "where": {"output": "predictor", **TRUTH}, "floor": 0.5, "reason": "so"}
    path.write_text(yaml.safe_dump([entry, {**entry, "beyond": {"output": "representation"}}]))
    first, second = read_floors(path)
    assert (str(first), first.floor) == ("s: against ground truth, output predictor", 0.5)
    assert str(second) == f"{first}, less that of output representation"
    for broken in ([], [{"study": "s"}], {"study": "s"}, [{**entry, "more": 1}], [3]):
        path.write_text(yaml.safe_dump(broken))
        with pytest.raises(UserError, match=r"floors\.yaml"):
            read_floors(path)
    path.write_text(yaml.safe_dump([entry | {"where": {"output": "predictor"}}]))
    with pytest.raises(UserError, match="does not say what is compared against"):
        read_floors(path)
    with pytest.raises(UserError, match="does not exist: give a YAML list"):
        read_floors(tmp_path / "none.yaml")
