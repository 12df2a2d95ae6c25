"""Figures 3, 17 and 18, which slice a representation in (x, y, t)."""

import numpy as np
import pytest
from isr.data.videos import VideoFrame, write_video
from isr.reporting.video_views import CellFiles
from moving_bar import FRAMES, HEIGHT, WIDTH, left, titles
from mpl_toolkits.mplot3d.art3d import PathPatch3D

from isr.errors import UserError
from isr.reporting import time_slices, video_figures


def test_figure_3_shows_the_path_of_the_centroid(settings):
    figure = video_figures.make(settings("figure_3", "spatio-temporal", between=3))
    assert figure.get_suptitle() == "The path of the centroid: clip; motion labels"
    assert titles(figure)[:2] == [
        "(a) clip: unaries, frame by frame",
        "(b) path-connected in (x, y, t), 3 steps from frame to frame",
    ]
    path = np.asarray(figure.axes[1].collections[-1].get_offsets())
    assert path.shape == (FRAMES, 2)
    middle = [(left(number) + 0.1875) * WIDTH for number in range(FRAMES)]
    assert path[:, 0] == pytest.approx(middle, abs=0.3)
    assert path[:, 1] == pytest.approx(HEIGHT / 2, abs=0.3)


def test_figure_3_needs_several_frames(settings, tmp_path):
    frame = VideoFrame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), None)
    about = {"name": "clip", "object": 1, "source": "", "licence": ""}
    write_video(tmp_path / "clip", [frame], **about)
    content = settings("figure_3", "spatio-temporal") | {"videos": str(tmp_path)}
    with pytest.raises(UserError, match="clip has one frame"):
        video_figures.make(content)


def test_figure_17_stacks_the_slices(settings):
    figure = video_figures.make(settings("figure_17", "spatio-temporal", between=2))
    (axes,) = figure.axes
    filled = [each for each in axes.patches if isinstance(each, PathPatch3D)]
    assert len(filled) == FRAMES
    middles = [np.mean([point[0] for point in each._segment3d]) for each in filled]
    assert np.diff(middles) == pytest.approx(0.25 * WIDTH / (FRAMES - 1), abs=0.2)


def test_figure_18_marks_the_noisy_frames(settings):
    content = settings("figure_18", "spatio-temporal", frames=[3, 5], between=3)
    figure = video_figures.make(content)
    assert figure.get_suptitle() == (
        "Some frames fitted to noise: clip, 40 % noise (frames 2 and 4); motion labels"
    )
    assert [title.partition(":")[0] for title in titles(figure)] == [
        *("frame 3", "frame 3.33", "frame 3.67"),
        *("frame 4, noise", "frame 4.33", "frame 4.67"),
        *("frame 5", "", ""),
    ]
    assert figure.axes[0].get_title().startswith("frame 3: IoU ")


def test_figure_18_without_noise_says_so(settings, monkeypatch):
    monkeypatch.setattr(CellFiles, "noisy", lambda self, video: [])
    figure = video_figures.make(settings("figure_18", "spatio-temporal"))
    assert figure.get_suptitle() == "Fitted in time without noise: clip; motion labels"


def test_a_cell_that_was_not_compared_with_its_unaries(cells, video):
    cell = CellFiles(cells["spatio-temporal"])
    cell.__dict__["metrics"] = cell.metrics[cell.metrics["against"] == "ground truth"]
    with pytest.raises(UserError, match="compares no representation with unaries"):
        time_slices.moments(cell, video, range(2), 2)


def test_another_distance_than_the_papers_is_named(settings, monkeypatch):
    monkeypatch.setattr(CellFiles, "distance", "absolute")
    figure = video_figures.make(settings("figure_17", "spatio-temporal"))
    assert figure.get_suptitle().endswith("; motion labels, absolute distance")
