import numpy as np
import pandas as pd
import pytest
from tiny_cells import picture, run, write_items

from isr.fitting.engine.queue import phase_ends
from isr.fitting.recipe import Recipe
from isr.fitting.three_stages import three_stage_schedule
from isr.settings import CellSettings
from isr.store import FITS, HISTORY, read_fits

SCRIBBLES = {"predictor_scribbles", "representation_scribbles"}


def test_the_stages_begin_at_the_epochs_of_the_report():
    schedule = three_stage_schedule()
    assert phase_ends(schedule, 300) == [30, 200, 300]
    assert {phase.learning_rate for phase in schedule} == {1e-4}
    assert [set(phase.terms) - SCRIBBLES for phase in schedule] == [
        set(),
        {"binarised_coupling"},
        {"coupling"},
    ]


def test_without_a_teacher_there_is_one_stage():
    (only,) = three_stage_schedule(teacher=False)
    assert dict(only.terms) == {"representation_scribbles": 1.0}


@pytest.mark.parametrize("constraint", ["convex", "path_connected", "union"])
def test_a_cell_names_its_rate_and_keeps_its_penalties(constraint):
    cell = CellSettings(constraint=constraint, schedule="three-stage", learning_rate=0.003)
    recipe = Recipe.of_cell(cell, "paper")
    taught = recipe.training_schedule("joint")
    alone = recipe.schedule(unaries=False, scribbles=True)
    assert {phase.learning_rate for phase in (*taught, *alone)} == {0.003}
    assert [len(taught), len(alone)] == [3, 1]
    assert all(("overlap" in phase.terms) == (constraint == "union") for phase in (*taught, *alone))


@pytest.mark.parametrize("teacher", [False, True])
def test_a_fit_goes_through_its_stages(tmp_path, teacher):
    taught = {"predictor": "fcn", "features": "rgb+xy", "fit": "joint"} if teacher else {}
    items = write_items(tmp_path, picture())
    settings = {"constraint": "path_connected", "options": {"blocks": 2}}
    run(tmp_path, items, schedule="three-stage", steps=20, **settings, **taught)
    folder = tmp_path / "fits" / taught.get("fit", "sequential") / "part-0"
    history = pd.read_parquet(folder / HISTORY)
    first = history.groupby("term")["step"].min()
    expected = {"representation_scribbles": 0}
    if teacher:
        expected |= {"predictor_scribbles": 0, "binarised_coupling": 2, "coupling": 13}
    assert first.to_dict() == expected
    (stored,) = read_fits(folder / FITS).metadata["schedules"].values()
    assert len(stored) == (3 if teacher else 1)
    assert np.isfinite(history["value"]).all()
