"""Figures 8 and 10: the prompt that a cell had, beside what came of it."""

from pathlib import Path

import numpy as np
from evaluated_cells import SEED, whole_cell

from isr.data.problems import Problem
from isr.predictors import read_entry
from isr.predictors.seeded import seeds_of
from isr.reporting.cell_files import CellFiles
from isr.reporting.drawing import prompts

SAM = {"kind": "segment_anything"}


def opened(folder: Path, **settings: object) -> prompts.Prompted:
    cell = CellFiles(whole_cell(folder, shape="scribbled", **settings))
    return prompts.prompted(cell, cell.item("disc"))


def test_the_point_is_the_one_that_sam_was_prompted_with(tmp_path: Path) -> None:
    found = opened(tmp_path, predictor=SAM)
    assert found.words == f"a point (seed {SEED})"
    assert found.point is not None
    scribbles = found.view.scribbles
    assert scribbles is not None
    assert scribbles[found.point] == 1
    problem = Problem("disc", np.zeros((30, 40, 2), np.float32), scribbles)
    places, _ = read_entry(SAM).places(seeds_of(problem), SEED, "disc")
    assert tuple(places[0]) == found.point


def test_other_prompts_and_corruptions_are_said(tmp_path: Path) -> None:
    whole = opened(tmp_path, predictor={**SAM, "prompt": "scribbles"})
    assert (whole.words, whole.point) == ("scribbles", None)
    cut = opened(tmp_path, predictor={"kind": "grabcut"}, corruption="glass_blur")
    assert (cut.words, cut.point) == ("scribbles, glass blur", None)
    figure = prompts.draw([whole, cut, opened(tmp_path, predictor=SAM)], "Title")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        *("(a) disc: scribbles", "(b) disc: scribbles, glass blur"),
        f"(c) disc: a point (seed {SEED})",
    ]
    assert [len(axes.lines) for axes in figure.axes][2] > len(figure.axes[0].lines)
    assert "object prompt" in [text.get_text() for text in figure.legends[0].get_texts()]
