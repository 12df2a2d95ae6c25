"""Drawing the frames of a video from its fits."""

import numpy as np
import pytest
import shapely
import torch
from box_cell import FRAMES, HEIGHT, SMALL, WIDTH, store
from isr.data.videos import read_video
from isr.evaluation.video_drawing import VideoGrid, draw_framewise, draw_spatio_temporal
from isr.fitting.store import StoredFits

from isr.constraints import build
from isr.errors import UserError


def test_a_long_video_is_certified_on_a_coarser_raster(cell, in_time, monkeypatch):
    video = read_video(cell.videos / "clip")
    grid = VideoGrid(video, SMALL, "isotropic")
    monkeypatch.setattr("isr.evaluation.video_drawing._CERTIFIED", FRAMES * 16 * 24 // 2)
    last = list(draw_spatio_temporal(in_time, grid, seed=0))[-1]
    assert all(row.holds for row in last.certificates["clip"])
    assert len(last.certificates["clip"]) == 3


@pytest.mark.parametrize(("scale", "keeps"), [(SMALL, True), ((16, 23), False)])
def test_rounded_sizes_keep_the_coordinates_of_the_original(cell, scale, keeps):
    grid = VideoGrid(read_video(cell.videos / "clip"), scale, "isotropic")
    assert grid.keeps_coordinates(scale) == keeps
    corners = grid.coordinates(scale)
    step = np.array([WIDTH / scale[1], HEIGHT / scale[0]]) / 2 / WIDTH
    np.testing.assert_allclose(corners[0, 0], step)
    np.testing.assert_allclose(corners[-1, -1], [1, HEIGHT / WIDTH] - step)


def test_a_skipped_video_has_empty_frames_and_a_missing_one_is_refused(cell, in_time):
    grid = VideoGrid(read_video(cell.videos / "clip"), SMALL, "isotropic")
    names = [f"{grid.video.name}/{number:05d}" for number in range(len(grid.video))]
    told = {name: {"status": "skipped", "iou": None} for name in names}
    skipped = StoredFits({**in_time.metadata, "names": [], "frames": told}, {})
    drawn = list(draw_spatio_temporal(skipped, grid, seed=0))
    assert [frame.level for frame in drawn] == [None] * len(grid.video)
    assert not any(frame.certificates for frame in drawn)
    lost = StoredFits({**skipped.metadata, "frames": {}}, {})
    with pytest.raises(UserError, match="nor was it skipped"):
        next(draw_spatio_temporal(lost, grid, seed=0))


def ragged(dim):
    """A region with many small islands and holes."""
    torch.manual_seed(0)
    representation = build("periodic", dim, waves=8, frequency=200.0)
    with torch.no_grad():
        representation.amplitudes.weight.normal_()
        representation.amplitudes.bias.fill_(0.3)
    return representation


@pytest.mark.parametrize("draw", [draw_framewise, draw_spatio_temporal])
@pytest.mark.parametrize("working", [SMALL, (11, 17)])
def test_outlines_agree_with_what_is_drawn_at_either_size(cell, tmp_path, draw, working):
    grid = VideoGrid(read_video(cell.videos / "clip"), working, "isotropic")
    framewise = draw is draw_framewise
    names = [f"clip/{number:05}" for number in range(FRAMES)] if framewise else ["clip"]
    dim = 2 if framewise else 3
    about = {"name": "periodic", "dim": dim, "options": {"waves": 8, "frequency": 200.0}}
    fits = store(tmp_path / "fits.safetensors", dict.fromkeys(names, ragged(dim)), about)
    sizes = set()
    for frame in draw(fits, grid, seed=0):
        rows, columns = frame.level.shape
        y, x = np.mgrid[:rows, :columns] + 0.5
        inside = shapely.contains_xy(frame.region, x * WIDTH / columns, y * HEIGHT / rows)
        np.testing.assert_array_equal(inside, frame.level <= 0)
        assert 0.1 < inside.mean() < 0.9
        sizes.add((rows, columns))
    assert sizes == {working, (HEIGHT, WIDTH)}
