"""Drawing the frames of a video from its fits."""

import tracemalloc

import numpy as np
import pytest
import shapely
import tiny_cells as tiny
import torch
from tiny_cells import SEED

from isr.constraints import build
from isr.errors import UserError
from isr.evaluation import frames
from isr.evaluation.frames import VideoGrid, draw_framewise, draw_spatio_temporal

HEIGHT, WIDTH, FRAMES = 32, 48, 4
SMALL = (16, 24)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return tiny.write_clip(tmp_path_factory.mktemp("video"), (HEIGHT, WIDTH), FRAMES)


@pytest.fixture
def leaning(tmp_path):
    """Foreground where x + t <= 1."""
    module, about = tiny.halfspace(3, 1.0, leans=1.0)
    return tiny.store(tmp_path / "time.safetensors", {"clip": module}, about).of_seed(SEED)


def test_a_long_video_is_certified_on_a_coarser_raster(video, leaning, monkeypatch):
    grid, sizes = VideoGrid(video, SMALL, "isotropic"), []
    certified = frames.certify

    def certify(representation, *size, **options):
        sizes.append(size[:2])
        return certified(representation, *size, **options)

    monkeypatch.setattr(frames, "certify", certify)
    for pixels in (2**23, FRAMES * 16 * 24 // 2):
        monkeypatch.setattr(frames, "_CERTIFIED", pixels)
        last = list(draw_spatio_temporal(leaning, grid, seed=0))[-1]
        assert len(last.certificates["clip"]) == 3
        assert all(row.holds for row in last.certificates["clip"])
    assert sizes == [SMALL, (8, 12)]


@pytest.mark.parametrize(("scale", "keeps"), [(SMALL, True), ((16, 23), False)])
def test_rounded_sizes_keep_the_coordinates_of_the_original(video, scale, keeps):
    grid = VideoGrid(video, scale, "isotropic")
    assert grid.keeps_coordinates(scale) == keeps
    corners = grid.coordinates(scale)
    step = np.array([WIDTH / scale[1], HEIGHT / scale[0]]) / 2 / WIDTH
    np.testing.assert_allclose(corners[0, 0], step)
    np.testing.assert_allclose(corners[-1, -1], [1, HEIGHT / WIDTH] - step)


@pytest.mark.parametrize("draw", [draw_framewise, draw_spatio_temporal])
def test_a_skipped_video_has_empty_frames_and_a_missing_one_is_refused(tmp_path, video, draw):
    grid = VideoGrid(video, SMALL, "isotropic")
    told = {f"clip/{n:05d}": {"status": "skipped", "iou": None} for n in range(FRAMES)}
    path = tmp_path / "fits.safetensors"
    skipped = tiny.store(path, {}, {}, frames={str(SEED): told}).of_seed(SEED)
    drawn = list(draw(skipped, grid, seed=0))
    assert len(drawn) == FRAMES
    assert all(np.isinf(frame.level).all() and frame.outline.is_empty for frame in drawn)
    assert not any(frame.certificates for frame in drawn)
    with pytest.raises(UserError, match="nor was it skipped"):
        next(draw(tiny.store(path, {}, {}).of_seed(SEED), grid, seed=0))
    # What was skipped with another seed was not with this one.
    with pytest.raises(UserError, match="nor was it skipped"):
        next(draw(skipped.of_seed(SEED + 1), grid, seed=0))


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
def test_outlines_agree_with_what_is_drawn_at_either_size(tmp_path, video, draw, working):
    grid = VideoGrid(video, working, "isotropic")
    framewise = draw is draw_framewise
    names = [f"clip/{number:05}" for number in range(FRAMES)] if framewise else ["clip"]
    dim = 2 if framewise else 3
    about = {"name": "periodic", "dim": dim, "options": {"waves": 8, "frequency": 200.0}}
    modules = dict.fromkeys(names, ragged(dim))
    fits = tiny.store(tmp_path / "fits.safetensors", modules, about).of_seed(SEED)
    sizes = set()
    for frame in draw(fits, grid, seed=0):
        rows, columns = frame.level.shape
        y, x = np.mgrid[:rows, :columns] + 0.5
        inside = shapely.contains_xy(frame.outline, x * WIDTH / columns, y * HEIGHT / rows)
        np.testing.assert_array_equal(inside, frame.level <= 0)
        assert 0.1 < inside.mean() < 0.9
        sizes.add((rows, columns))
    assert sizes == {working, (HEIGHT, WIDTH)}


def test_one_frame_is_held_at_a_time(tmp_path):
    """A video ten times as long takes no more memory than its names do."""
    module, about = tiny.halfspace(2)
    peaks = []
    for length in (4, 40):
        video = tiny.write_clip(tmp_path / str(length), (128, 192), length, annotated=())
        names = [f"clip/{number:05}" for number in range(length)]
        path = tmp_path / f"{length}.safetensors"
        fits = tiny.store(path, dict.fromkeys(names, module), about).of_seed(SEED)
        grid = VideoGrid(video, video.size, "isotropic")
        tracemalloc.start()
        for _ in draw_framewise(fits, grid, seed=0):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    frame = 128 * 192 * 8
    assert peaks[1] < peaks[0] + 5 * frame
