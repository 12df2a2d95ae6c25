"""From stored cells of videos to figures and animations."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from isr.reporting.video_views import CellFiles
from matplotlib.colors import to_rgb
from moving_bar import ANNOTATED, FAILED, FRAMES, HEIGHT, SKIPPED, WIDTH, bar, left, titles
from PIL import Image

from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.errors import UserError
from isr.evaluation.certificates.path_connectedness import THIN
from isr.io import write_text
from isr.reporting import annotated_frames, frame_choices, overlays, time_slices, video_figures

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(cells):
    return cells.folder


def captions(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def test_figure_6_shows_the_frame_on_which_the_prior_loses_most(settings):
    figure = video_figures.make(settings("figure_6", "sequential", dataset="FBMS-59"))
    assert figure.get_suptitle() == (
        "Where the prior loses: clip of FBMS-59, frame 6; motion labels"
    )
    assert titles(figure)[1] == "(b) UNet: IoU 1.000"
    assert titles(figure)[2].startswith("(c) path-connected: IoU 0.7")
    assert captions(figure) == [
        "the ground truth does not contradict the constraint",
        "the prior loses on 1 of 3 annotated frames",
    ]


@pytest.mark.parametrize("status", ["skipped", "failed"])
def test_figure_6_leaves_out_frames_without_a_fit(cells, video, status):
    cell = CellFiles(cells["sequential"])
    cell.metrics.loc[cell.metrics["frame"] == 6, "status"] = status
    scores, left_out = frame_choices.judged(cell, video)
    assert list(scores.index) == [0, 3]
    assert left_out == 1


def test_figure_6_says_where_the_constraint_is_contradicted(settings):
    figure = video_figures.make(settings("figure_6", "sequential", frame=3))
    assert "constraint contradicted: ground truth has 2 parts" in captions(figure)
    assert ": clip, frame 3;" in figure.get_suptitle()


def test_figure_6_of_a_representation_that_loses_nowhere(settings):
    figure = video_figures.make(settings("figure_6", "joint"))
    assert figure.get_suptitle().startswith("Where the prior does not lose: ")
    assert "the prior loses on none of 3 annotated frames" in captions(figure)


def test_figure_6_needs_a_ground_truth(settings):
    with pytest.raises(UserError, match="frame 2 of the settings has no ground truth"):
        video_figures.make(settings("figure_6", "sequential", frame=2))


def test_figure_14_shows_the_region_of_a_frame(settings):
    figure = video_figures.make(settings("figure_14", "sequential", frame=4))
    assert figure.get_suptitle() == "No raster loses a connection: clip; motion labels"
    assert titles(figure)[0].startswith("(a) frame 4, raster ")
    assert len(figure.axes) == 3


def test_figure_15_has_a_row_for_each_fit(settings, folder):
    content = settings("figure_15", "sequential", "joint", labels=str(folder / "labels"))
    figure = video_figures.make(content)
    names = titles(figure)
    assert names[0] == "frame 6: weak labels"
    assert names[2].startswith("sequential path-connected: IoU 0.7")
    assert names[3] == "ground truth"
    assert names[5] == "joint path-connected: IoU 1.000"
    shown = figure.axes[0].images[0].get_array()
    assert np.allclose(shown[0, 0], to_rgb(overlays.BACKGROUND_SCRIBBLE))
    assert len(figure.axes[3].lines) == 2


def test_dense_labels_let_the_frame_show_through(settings, folder, tmp_path):
    labels = np.full((HEIGHT, WIDTH), 255, np.uint8)
    labels[12:20, 20:28], labels[:4] = 1, 0
    about = {"kind": "motion", "text": "", "options": {}}
    write_labels(tmp_path / "clip", [WeakLabels(labels)], about)
    content = settings("figure_15", "sequential", "joint", labels=str(tmp_path), frame=0)
    shown = video_figures.make(content).axes[0].images[0].get_array()
    assert np.allclose(shown[0, 0], 90 / 255)
    mixed = 0.6 * np.array([200, 120, 60]) / 255 + 0.4 * np.array(to_rgb(overlays.OBJECT_SCRIBBLE))
    assert np.allclose(shown[16, 24], mixed)
    assert not np.allclose(shown[30, 24], shown[0, 0])


def test_figure_15_says_that_a_fit_failed_and_does_without_labels(settings):
    content = settings("figure_15", "sequential", "joint", frame=FAILED)
    figure = video_figures.make(content)
    assert titles(figure)[0] == f"frame {FAILED}"
    assert captions(figure) == ["the fit of this frame failed"] * 2


def test_figure_16_shows_the_best_frame(settings):
    figure = video_figures.make(settings("figure_16", "sequential"))
    assert "(c) frame 0: the region in parts" in titles(figure)
    assert len(figure.axes) == 4


def test_figure_19_of_many_frames_says_how_many_it_shows(settings, monkeypatch):
    monkeypatch.setattr(annotated_frames, "_MOST", 2)
    figure = video_figures.make(settings("figure_19", "sequential"))
    assert figure.get_suptitle() == ("Annotated frames: clip, 2 of 3, evenly spaced; motion labels")
    assert titles(figure)[::3] == ["frame 0", "frame 6"]


def test_figure_19_has_a_row_for_each_annotated_frame(settings):
    figure = video_figures.make(settings("figure_19", "sequential"))
    assert len(figure.axes) == 3 * len(ANNOTATED)
    assert titles(figure)[::3] == ["frame 0", "frame 3", "frame 6"]
    assert titles(figure)[1] == "UNet: IoU 1.000"
    both = video_figures.make(settings("figure_19", "sequential", "joint"))
    assert len(both.axes) == 5 * len(ANNOTATED)
    assert titles(both)[4] == "joint: IoU 1.000"


@pytest.mark.parametrize(
    ("fit", "between", "count"),
    [("joint", None, FRAMES), ("spatio-temporal", 3, 3 * (FRAMES - 1) + 1)],
)
def test_an_animation_shows_every_frame(settings, tmp_path, fit, between, count):
    path = tmp_path / "a.gif"
    video_figures.animate(settings("animation", fit, between=between), path)
    with Image.open(path) as found:
        assert found.n_frames == count
        found.seek(count - 1)
        last = np.asarray(found.convert("RGB"))[:240].astype(float)
    colour = np.array([0xF0, 0x7F, 0x13])
    columns = np.nonzero((np.abs(last - colour).max(axis=-1) < 10).sum(axis=0) > 60)[0]
    assert columns.min() == pytest.approx(0.5 * 360, abs=8)
    assert columns.max() == pytest.approx(0.875 * 360, abs=8)


def test_the_thinnest_frame_is_one_that_is_certified_as_thin(cells, video, tmp_path):
    cell = CellFiles(cells["joint"])
    cell.certificates.loc[cell.certificates["frame"] == 5, "verdict"] = THIN
    assert frame_choices.thinnest(cell, video) == 5


def test_without_one_it_is_that_which_falls_apart_first(cells, video, monkeypatch):
    cell = CellFiles(cells["joint"])
    dumbbell = np.zeros((HEIGHT, WIDTH), bool)
    dumbbell[8:24, 4:16] = dumbbell[8:24, 30:40] = dumbbell[16, 16:30] = True
    monkeypatch.setattr(
        CellFiles, "mask", lambda self, name, number, size: dumbbell if number == 4 else bar(number)
    )
    assert frame_choices.thinnest(cell, video) == 4


def test_frames_of_all_sizes_are_compared_at_one(cells, video, monkeypatch):
    cell = CellFiles(cells["joint"])
    thin = np.zeros((HEIGHT, WIDTH), bool)
    thin[8:24, 4:16] = thin[8:24, 30:40] = thin[14:16, 16:30] = True
    sizes = []

    def mask(self, name, number, size=None):
        sizes.append(size)
        # At half the size the same connection falls apart on a raster half as coarse.
        stored = thin if number in (0, 4) else bar(number)
        return stored[::2, ::2] if size is None and number not in ANNOTATED else stored

    monkeypatch.setattr(CellFiles, "mask", mask)
    assert frame_choices.thinnest(cell, video) == 0
    assert set(sizes) == {video.size}


def test_certificates_that_are_missing_or_empty(tmp_path):
    with pytest.raises(UserError, match="does not exist: evaluate the cell first"):
        _ = CellFiles(tmp_path).certificates
    write_text(tmp_path / "certificates.csv", "")
    with pytest.raises(UserError, match="is empty: remove it and evaluate the cell again"):
        _ = CellFiles(tmp_path).certificates


# Here, not with the other slices: this file evaluates the joint cell anyway.
def test_levels_between_frames(cells, video):
    cell = CellFiles(cells["spatio-temporal"])
    (level,) = time_slices.levels(cell, video, np.array([1.5]), (HEIGHT, WIDTH))
    columns = np.nonzero((level <= 0).any(axis=0))[0]
    assert (columns[0] / WIDTH, (columns[-1] + 1) / WIDTH) == (
        pytest.approx(left(1.5), abs=0.02),
        pytest.approx(left(1.5) + 0.375, abs=0.02),
    )
    with pytest.raises(UserError, match="holds no fit of clip"):
        next(time_slices.levels(CellFiles(cells["joint"]), video, np.array([0.0]), (4, 4)))


@pytest.mark.parametrize(
    ("kind", "fits", "more", "message"),
    [
        ("figure_5", ("joint",), {}, "kind 'figure_5' of the figure is unknown"),
        ("figure_6", ("joint", "sequential"), {}, "figure_6 shows one fit"),
        ("figure_6", ("joint",), {"rank": 9}, "there are 3 annotated frames"),
        ("figure_6", ("joint",), {"rank": "first"}, "give a whole number"),
        ("figure_14", ("joint",), {"frame": 7}, "clip has 7 frames"),
        ("figure_14", ("joint",), {"frame": SKIPPED}, "no fit of clip/00001"),
        ("figure_14", ("spatio-temporal",), {}, "no fit of a frame of clip"),
        ("figure_15", ("joint",), {}, "needs the keys sequential and joint"),
        ("figure_17", ("spatio-temporal",), {"between": 0}, "give 1 or more"),
        ("figure_18", ("spatio-temporal",), {"frames": [5, 9]}, "of 7 frames"),
        ("figure_19", (), {}, "give the folder of each fit"),
        ("figure_19", ("joint",), {"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_mistakes_in_settings(settings, kind, fits, more, message):
    with pytest.raises(UserError, match=message):
        video_figures.make(settings(kind, *fits, **more))


def test_files_that_are_missing(settings, tmp_path):
    content = settings("figure_19", "joint")
    with pytest.raises(UserError, match="evaluate the cell first"):
        video_figures.make(content | {"cells": {"joint": str(tmp_path)}})
    with pytest.raises(UserError, match="unpack the video first"):
        video_figures.make(content | {"videos": str(tmp_path)})
    write_text(tmp_path / "metrics.csv", "study\ns\n")
    with pytest.raises(UserError, match="lacks the column"):
        video_figures.make(content | {"cells": {"joint": str(tmp_path)}})


def test_a_frame_that_metrics_do_not_have(cells):
    cell = CellFiles(cells["joint"])
    assert cell.row("clip", 3)["against"] == "ground truth"
    with pytest.raises(UserError, match="has no frame 9 of clip"):
        cell.row("clip", 9)


def test_the_command_line_writes_figures_and_animations(settings, tmp_path):
    main = runpy.run_path(str(ROOT / "scripts" / "video_figures.py"))["main"]
    for kind, name in (("figure_19", "figure.png"), ("animation", "animation.gif")):
        content = json.dumps(settings(kind, "joint"))
        main(["--settings", content, "--output", str(tmp_path / name)])
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["animation.gif", "figure.png", "figure.svg"]
