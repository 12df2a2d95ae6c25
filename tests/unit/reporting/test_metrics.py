"""What is read of metrics.csv and certificates.csv."""

from dataclasses import replace

import pandas as pd
import pytest
from score_rows import grid_plan, make_study, noise_plan, noise_row, plan, row, score, study_of
from score_rows import written as write

from isr.errors import UserError
from isr.evaluation.columns import CERTIFICATE_COLUMNS, NUMBERS
from isr.reporting import metrics


def test_names_without_meaning_are_empty_and_places_name_frames(tmp_path):
    study = write([row(0.5, frame=7)], make_study(cells=[plan()]), tmp_path)
    found = metrics.read_cells(study.cells, "s")
    assert found["place"].tolist() == ["cars3/00007"]
    assert found[["features", "semantic", "noise"]].iloc[0].tolist() == ["", "", 0.0]
    assert found["finite"].tolist() == [True]
    pictures = write(score(0.5), study_of([grid_plan()], "a", "embedded"), tmp_path)
    own = metrics.read_cells(pictures.cells, "s").iloc[0]
    assert (own["place"], own["labels"], own["contradicted"]) == ("a", "", False)


def test_objects_are_read_together_or_each(tmp_path):
    rows = score(0.5) + score(0.7, object="1") + score(0.9, object="2")
    study = write(rows, study_of([grid_plan()], "a", "embedded"), tmp_path)
    assert metrics.read_cells(study.cells, "s")["iou"].tolist() == [0.5]
    each = metrics.read_cells(study.cells, "s", each_object=True)
    assert each["iou"].tolist() == [0.7, 0.9]


def test_cells_that_did_not_run_have_no_rows(tmp_path):
    study = write([], study_of([grid_plan()], "a", "embedded"), tmp_path)
    assert metrics.read_cells(study.cells, "s").empty
    assert metrics.read_certificates(study.cells).empty


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "empty"), ("study,iou\ns,1\n", "lacks the column 'cell'"), (None, "does not exist")],
)
def test_a_bad_file_is_named(tmp_path, content, message):
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        metrics.read_metrics([path], "s")
    assert str(path) in str(caught.value)


def test_a_file_of_another_study_and_one_that_is_given_twice_are_refused(tmp_path):
    study = write(score(0.5), study_of([grid_plan()], "a", "embedded"), tmp_path)
    path = study.cells[0].folder / "metrics.csv"
    assert len(metrics.read_metrics([path], "s")) == 1
    with pytest.raises(UserError, match="belongs to study 's', not 'other'"):
        metrics.read_metrics([path], "other")
    with pytest.raises(UserError, match="scored twice"):
        metrics.read_metrics([path, path], "s")


def test_a_fit_in_time_stops_once(tmp_path):
    rows = [noise_row(0.5, n, 0.2, finite=False) for n in range(4)]
    study = write(rows, make_study(("cars3",), [noise_plan(0.2)]), tmp_path)
    assert metrics.count_stopped(metrics.read_cells(study.cells, "s")) == 1
    rows = [row(0.5, frame=n, finite=n > 1) for n in range(4)]
    study = write(rows, make_study(("cars3",), [plan()]), tmp_path / "frames")
    assert metrics.count_stopped(metrics.read_cells(study.cells, "s")) == 2


def test_certificates_lack_no_column(tmp_path):
    (cell,) = study_of([grid_plan()], "a", "embedded").cells
    cell = replace(cell, folder=tmp_path)
    table = pd.DataFrame([dict.fromkeys(CERTIFICATE_COLUMNS, "x") | dict.fromkeys(NUMBERS, 1)])
    table = table[[*CERTIFICATE_COLUMNS]]
    table.to_csv(tmp_path / "certificates.csv", index=False)
    assert len(metrics.read_certificates([cell, cell])) == 2
    table.drop(columns="margin").to_csv(tmp_path / "certificates.csv", index=False)
    with pytest.raises(UserError, match="'margin'"):
        metrics.read_certificates([cell])


@pytest.mark.parametrize("name", ["NA", "nan", "None", "null", "True", "Infinity", "007"])
def test_items_may_be_called_anything(tmp_path, name):
    rows = score(0.25, name) + score(0.75, "other")
    study = write(rows, study_of([grid_plan()], "a", "embedded"), tmp_path)
    found = metrics.read_cells(study.cells, "s")
    assert found["item"].tolist() == [name, "other"]
    assert found["iou"].mean() == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iou": "high"}, "'iou' does not hold numbers"),
        ({"frame": -1}, "no numbers of frames"),
        ({"frame": float("inf")}, "no numbers of frames"),
    ],
)
def test_numbers_that_are_none_are_told(tmp_path, change, message):
    study = write([score(0.5)[0] | change], study_of([grid_plan()], "a", "embedded"), tmp_path)
    with pytest.raises(UserError, match=message):
        metrics.read_cells(study.cells, "s")


def test_a_file_that_was_cut_off_in_a_row_is_refused(tmp_path):
    study = write(score(0.5), study_of([grid_plan()], "a", "embedded"), tmp_path)
    path = study.cells[0].folder / "metrics.csv"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="its last row is cut off"):
        metrics.read_cells(study.cells, "s")
