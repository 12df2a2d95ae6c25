"""Every predictor by itself, with trivial projections and with ours."""

import io

import pandas as pd
import pytest
from score_rows import entries, grid_plan, pick, score, study_of

from isr.errors import UserError

CUT = {"predictor": "grabcut", "features": None}
FCN = {"predictor": "fcn", "features": "rgb+xy"}


def rows_of(scores, **changes):
    """Rows of outputs: {output: (of item a, of item b)}."""
    changes = {key: "" if value is None else value for key, value in changes.items()}
    return [
        each
        for output, ious in scores.items()
        for item, iou in zip("ab", ious, strict=True)
        for each in score(iou, item, output=output, **changes)
    ]


RAW = {"predictor": (0.5, 0.7), "convex_hull": (0.6, 0.6), "convex_hull_largest": (0.5, 0.7)}


@pytest.fixture
def made(table_of):
    """GrabCut with and without scribbles, an FCN that is projected and trained jointly."""
    cells = [grid_plan(**CUT, scribbles=flag) for flag in (True, False)]
    cells += [grid_plan(fit, **FCN) for fit in ("sequential", "joint")]
    rows = rows_of({**RAW, "representation": (0.9, 0.8)}, **CUT, scribbles=True)
    rows += rows_of({**RAW, "representation": (0.55, 0.65)}, **CUT, scribbles=False)
    rows += rows_of({**RAW, "representation": (0.6, 0.7)}, **FCN)
    rows += rows_of({"predictor": (0.7, 0.9), "representation": (0.8, 0.8)}, **FCN, fit="joint")
    csv, table = table_of("peers", rows, study_of(cells, "ab", "embedded"))
    return pd.read_csv(io.StringIO(csv)), table


def test_ways_from_a_predictor_to_a_mask_stand_beside_each_other(made):
    _, table = made
    assert [head.text for head in table.headings[0]] == [
        *("raw", "hull of the predictor's mask", "hull of the predictor's largest part"),
        *("convex, unaries alone", "convex, and scribbles", "joint predictor", "joint convex"),
    ]
    cut = ["0.600", "0.600", "0.600", "0.600", "0.850", "", ""]
    assert entries(table, "GrabCut", "2") == cut
    fcn = ["0.600", "0.600", "0.600", "", "0.650", "0.800", "0.800"]
    assert entries(table, "FCN RGB+spatial", "2") == fcn


def test_differences_are_paired_and_from_the_predictor_by_itself(made):
    tidy, table = made
    row = pick(tidy, predictor="GrabCut", way="convex, and scribbles")
    assert (row.difference, row.wins, row.ties, row.losses) == (0.25, 2, 0, 0)
    assert row.low < 0.25 < row.high
    below = entries(table, "GrabCut", "difference")
    assert below[0] == ""
    assert below[3].startswith("+0.000 [")
    assert below[3].endswith(", 1/0/1")
    # The predictor of a joint fit is another; what it is compared with was trained alone.
    assert pick(tidy, predictor="FCN RGB+spatial", way="joint predictor").difference == 0.2


def test_what_did_not_run_is_said(table_of):
    cells = [grid_plan(**CUT), grid_plan(predictor="tv", features=None)]
    rows = rows_of({**RAW, "representation": (0.9, 0.8)}, **CUT)
    _, table = table_of("peers", rows, study_of(cells, "ab", "embedded"))
    assert set(entries(table, "TV", "0")) == {"not run"}


def test_what_the_table_does_not_show_is_refused(table_of):
    cells = [grid_plan(**CUT, corruption=name) for name in ("clean", "spatter")]
    with pytest.raises(UserError, match="differ in corruption, which the table does not show"):
        table_of("peers", [], study_of(cells, "ab", "embedded"))
