import io

import pandas as pd
import pytest
from score_rows import entries, grid_plan, score, study_of

from isr.errors import UserError

GIVEN = {"predictor": "given", "features": None}


def _row(item, pairs, background, iou=0.8, **changes):
    about = {"output": "representation", "against": "unaries", **GIVEN, **changes}
    found = {"unaries_violating_pairs": pairs, "unaries_hull_background": background}
    return score(iou, item, **about, **found, violating_pairs=0.0, hull_background=0.0)


def test_masks_stand_beside_what_they_became(table_of):
    study = study_of([grid_plan(seed=seed, **GIVEN) for seed in (42, 47)], "ab", "gallery")
    rows = [*_row("a", 0.1, 0.2, 0.7), *_row("a", 0.1, 0.2, 0.9, seed=47)]
    rows += [*_row("b", 0.3, 0.05), *_row("b", 0.3, 0.05, seed=47)]
    csv, table = table_of("non_convexity", rows, study)
    assert entries(table, "a") == ["10.00 %", "20.00 %", "0.00 %", "0.00 %", "0.800"]
    assert entries(table, "mean") == ["20.00 %", "12.50 %", "0.00 %", "0.00 %", "0.800"]
    assert [head.text for head in table.headings[0]] == ["given mask", "convex region", ""]
    tidy = pd.read_csv(io.StringIO(csv))
    assert list(tidy["unaries_violating_pairs"]) == [0.1, 0.3, 0.2]
    assert list(tidy["n_seeds"]) == [2, 2, 2]


def test_without_unaries_there_are_no_rows(table_of):
    study = study_of([grid_plan(**GIVEN)], "a", "gallery")
    _, table = table_of("non_convexity", score(0.5, output="representation", **GIVEN), study)
    assert table.lines == ()
    assert table.notes == ("No cell has run on unaries.",)


def test_the_masks_are_those_of_one_predictor(table_of):
    study = study_of([grid_plan(), grid_plan(predictor="cnn")], "a", "gallery")
    rows = _row("a", 0.1, 0.2, predictor="cnn", features="rgb+xy")
    with pytest.raises(UserError, match="several of predictor"):
        table_of("non_convexity", rows, study)
    _, table = table_of("non_convexity", rows, study, predictor="cnn")
    assert table.headings[0][0].text == "CNN's mask"


def test_a_convex_cell_is_needed(table_of):
    study = study_of([grid_plan(constraint="star_shaped")], "a", "gallery")
    with pytest.raises(UserError, match="has no convex cell"):
        table_of("non_convexity", [], study)
