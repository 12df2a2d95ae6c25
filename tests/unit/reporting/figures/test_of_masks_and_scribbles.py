"""Figure 12, and figures 2 and 3 of the student report, of cells that are really made."""

import numpy as np
import pytest
import tiny_cells as tiny
from evaluated_cells import captions, study_of, whole_cell

from isr.errors import UserError
from isr.models import parse
from isr.reporting.cell_files import CellFiles
from isr.reporting.drawing import panels, training
from isr.reporting.figures import Figure


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are written."""
    found = []
    save = panels.save

    def kept(figure, path):
        found.append(figure)
        save(figure, path)

    monkeypatch.setattr(panels, "save", kept)
    return found


def draw(content, study, output):
    figure = parse(Figure, content, "config")
    shown = figure.shown({cell.name: cell.settings for cell in study.cells}, "figures.f")
    figure.check_items({name: study.cell(name).items for name in shown}, "figures.f")
    figure.draw(study, shown, output)
    assert output.stat().st_size > 10_000


def test_figure_12_tells_a_mask_from_its_convex_region(tmp_path, drawn):
    folder = whole_cell(tmp_path)
    mask = np.zeros((30, 40), np.float32)
    mask[10:20, 5:35] = 1
    mask[10:15, 15:25] = 0
    tiny.write_unaries(folder / "predictor", "disc", mask)
    draw({"kind": "figure_12"}, study_of(folder), tmp_path / "f.png")
    region, given = captions(drawn[0])
    assert region == "convex"
    assert given.endswith("of pairs, 16.7% of the hull")


def test_figure_12_needs_masks_and_convex_regions(tmp_path):
    study = study_of(whole_cell(tmp_path, "star_shaped"))
    with pytest.raises(UserError, match="figure_12 needs a cell that is convex"):
        draw({"kind": "figure_12"}, study, tmp_path / "f.png")
    study = study_of(whole_cell(tmp_path, shape="depth"))
    with pytest.raises(UserError, match="disc has no unaries, so no mask"):
        draw({"kind": "figure_12"}, study, tmp_path / "f.png")
    with pytest.raises(UserError, match=r"figures\.f\.items\[0\] is 'cup'"):
        draw({"kind": "figure_12", "items": ["cup"]}, study, tmp_path / "f.png")


@pytest.fixture
def study(tmp_path):
    """One with and one without a teacher, of 40 steps in three stages."""
    items = tiny.write_items(tmp_path / "items", tiny.picture())
    folders = []
    for number, taught in enumerate(({}, {"predictor": "fcn", "features": "xy", "fit": "joint"})):
        told = {"constraint": ("convex", "path_connected")[number], "options": {}, "steps": 40}
        made = tiny.run(tmp_path / str(number), items, schedule="three-stage", **told, **taught)
        folders += made
    return study_of(*folders, cells=[_planned(f"c{n}", each) for n, each in enumerate(folders)])


def _planned(name, folder):
    about = CellFiles(folder).about
    return {"name": name, "folder": folder, "settings": about["settings"], "items": about["items"]}


def test_the_loss_is_what_the_schedule_says(study):
    alone, taught = (CellFiles(cell.folder) for cell in study.cells)
    steps, values = training.losses(taught, "box")
    assert steps[0] == 0
    assert np.isfinite(values).all()
    # The second stage begins at step 4, and adds a term to those of the first.
    history = training.history(taught, "box")
    assert history["term"].nunique() == 4
    at = {step: history[history["step"] == step] for step in (3, 4)}
    assert [len(rows) for rows in at.values()] == [2, 3]
    assert values[list(steps).index(4)] == pytest.approx(at[4]["value"].sum())
    _, plain = training.losses(alone, "box")
    assert plain[-1] < plain[0]


def test_figures_of_the_student_report(tmp_path, drawn, study):
    about = {"items": ["box"], "cells": ["c0", "c1"]}
    draw({"kind": "student_figure_2", **about}, study, tmp_path / "2.png")
    draw({"kind": "student_figure_3", **about}, study, tmp_path / "3.png")
    losses, regions = drawn
    assert [len(axes.lines) for axes in losses.axes] == [2]
    assert [axes.get_title() for axes in regions.axes] == [
        "box: scribbles",
        "convex",
        "path-connected + FCN on spatial",
    ]
    with pytest.raises(UserError, match=r"items\[0\] is 'cup'"):
        draw({"kind": "student_figure_3", **about, "items": ["cup"]}, study, tmp_path / "f.png")
