"""Which frames of a video are shown when the configuration names none."""

import numpy as np
import pandas as pd
import pytest
from evaluated_cells import FRAMES, HEIGHT, WIDTH, Cells, bar

from isr.errors import UserError
from isr.evaluation.certificates.path_connectedness import THIN
from isr.reporting import frame_choices
from isr.reporting.cell_files import CellFiles

GAINS = {0: 0.1, 9: -0.3, 18: -0.05}


def scores(gains):
    table = pd.DataFrame({"predictor": 0.5, "representation": 0.5}, index=list(gains))
    table["representation"] += pd.Series(gains)
    return table


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return Cells(tmp_path_factory.mktemp("cells"))


@pytest.mark.parametrize(("rank", "frame"), [(1, 9), (2, 18), (3, 0), (-1, 0)])
def test_the_rank_th_largest_loss_is_chosen(rank, frame):
    told = "the prior loses on 2 of 3 annotated frames"
    assert frame_choices.choose(scores(GAINS), rank) == (frame, told)


def test_a_representation_that_loses_nowhere():
    told = "the prior loses on none of 2 annotated frames"
    assert frame_choices.choose(scores({0: 0.2, 9: 0.01, 18: np.nan})) == (9, told)
    told = "the prior loses on none of 1 annotated frame (3 without a fit left out)"
    assert frame_choices.choose(scores({0: 0.2}), left_out=3) == (0, told)


@pytest.mark.parametrize("rank", [0, 4, -4])
def test_a_rank_that_there_is_not(rank):
    with pytest.raises(UserError, match="there are 3 annotated frames"):
        frame_choices.choose(scores(GAINS), rank)


def test_nothing_to_compare():
    with pytest.raises(UserError, match="compares nothing"):
        frame_choices.choose(scores(GAINS)[["representation"]])


@pytest.mark.parametrize(
    ("noisy", "count", "wanted", "shown"),
    [
        ([5, 12, 13, 16], 19, None, range(11, 17)),
        ([5, 12, 13, 16], 19, [10, 15], range(10, 16)),
        ([], 19, None, range(6)),
        ([1], 4, None, range(4)),
        ([2], 4, [3, 3], range(3, 4)),
    ],
)
def test_the_frames_that_are_shown(noisy, count, wanted, shown):
    assert frame_choices.stretch(noisy, count, wanted) == shown


@pytest.mark.parametrize("wanted", [[3], [4, 2], [0, 19], [-1, 3], ["a", "b"], 7])
def test_frames_that_are_no_range(wanted):
    with pytest.raises(UserError, match="frames of the figure"):
        frame_choices.stretch([], 19, wanted)


def test_the_thinnest_frame_is_one_that_is_certified_as_thin(cells):
    cell = CellFiles(cells["sequential"])
    cell.certificates.loc[cell.certificates["frame"] == 5, "verdict"] = THIN
    assert frame_choices.thinnest(cell, cells.item) == 5


def test_without_one_it_is_that_which_falls_apart_first(cells, monkeypatch):
    cell = CellFiles(cells["sequential"])
    dumbbell = np.zeros((HEIGHT, WIDTH), bool)
    dumbbell[8:24, 4:16] = dumbbell[8:24, 30:40] = dumbbell[16, 16:30] = True
    monkeypatch.setattr(
        CellFiles, "mask", lambda self, item, number: dumbbell if number == 4 else bar(number)
    )
    assert frame_choices.thinnest(cell, cells.item) == 4


@pytest.mark.parametrize("status", ["skipped", "failed"])
def test_frames_without_a_fit_are_left_out(cells, status):
    cell = CellFiles(cells["sequential"])
    cell.metrics.loc[cell.metrics["frame"] == 6, "status"] = status
    scores, left_out = frame_choices.judged(cell, cells.item)
    assert (list(scores.index), left_out) == ([0, 3], 1)


def test_the_frame_with_the_best_agreement_and_that_with_the_largest_gain(cells):
    sequential, joint = CellFiles(cells["sequential"]), CellFiles(cells["joint"])
    assert frame_choices.best_fitted(sequential, cells.item) == 0
    assert frame_choices.gains_most(sequential, joint, cells.item) == 6
    joint.metrics["against"] = "unaries"
    assert frame_choices.best_fitted(joint, cells.item) in range(FRAMES)
    with pytest.raises(UserError, match="share no annotated frame of clip"):
        frame_choices.gains_most(sequential, joint, cells.item)
