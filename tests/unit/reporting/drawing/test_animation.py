"""Animations: what is painted, and how large they become."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from isr.reporting.drawing import animation, overlays
from isr.reporting.drawing.animation import Still

ENTRIES = ((overlays.PREDICTOR, "UNet"), (overlays.REPRESENTATION, "path-connected"))
ORANGE = np.array(to_rgb(overlays.REPRESENTATION)) * 255
BLUE = np.array(to_rgb(overlays.PREDICTOR)) * 255
SQUARE = [np.array([[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0], [10.0, 10.0]])]


def make_still(width=80, height=60, caption="frame 0", seed=0, outline=SQUARE, predicted=()):
    generator = np.random.default_rng(seed)
    image = generator.integers(60, 120, (height, width, 3)).astype(np.uint8)
    return Still(image, outline, predicted, caption)


def near(picture, colour, tolerance=12):
    return np.abs(picture.astype(float) - colour).max(axis=-1) <= tolerance


def frames(path):
    with Image.open(path) as found:
        for number in range(found.n_frames):
            found.seek(number)
            yield np.asarray(found.convert("RGB"))


def test_outlines_lie_where_the_object_is():
    still = make_still(predicted=[2.0 * SQUARE[0] - 12.0])
    painted = animation.paint(still, 160, ENTRIES)
    assert painted.shape[1] == 160
    assert painted.shape[0] > 120
    picture = painted[:120]
    # Half of what the line is wide.
    rows, columns = np.nonzero(near(picture, ORANGE))
    assert (rows.min(), columns.min()) == (pytest.approx(20, abs=3), pytest.approx(20, abs=3))
    assert (rows.max(), columns.max()) == (pytest.approx(60, abs=3), pytest.approx(60, abs=3))
    rows, columns = np.nonzero(near(picture, BLUE, 60))
    assert (rows.max(), columns.max()) == (pytest.approx(96, abs=2), pytest.approx(96, abs=2))


def test_both_outlines_are_seen_where_they_lie_on_each_other():
    picture = animation.paint(make_still(predicted=SQUARE), 160, ENTRIES)[:120]
    across = picture[40, 10:30]
    assert near(across, BLUE).sum() >= 2
    assert near(across, ORANGE, 60).sum() >= 2


def test_the_caption_and_the_legend_stand_below():
    bars = [
        animation.paint(make_still(caption=caption), 360, entries)[270:]
        for caption, entries in (("", ()), ("frame 7", ()), ("", ENTRIES))
    ]
    assert (bars[0] == 255).all()
    assert (bars[1][:, :80] < 128).any()
    assert (bars[1][:, 180:] == 255).all()
    assert near(bars[2], ORANGE).sum() > 20
    assert near(bars[2], BLUE).sum() > 20


def test_an_animation_has_all_moments_and_loops(tmp_path):
    stills = [make_still(caption=f"frame {number}", seed=number) for number in range(5)]
    animation.save(stills, tmp_path / "a.gif", entries=ENTRIES)
    with Image.open(tmp_path / "a.gif") as found:
        assert (found.n_frames, found.info["loop"], found.info["duration"]) == (
            5,
            0,
            animation.MILLISECONDS,
        )
        assert found.size[0] == animation.NARROWEST
    pictures = list(frames(tmp_path / "a.gif"))
    assert all(near(picture[:270], ORANGE, 2).sum() > 100 for picture in pictures)
    assert not np.array_equal(pictures[0], pictures[1])
    animation.save([make_still(640, 480)] * 2, tmp_path / "large.gif", entries=ENTRIES)
    with Image.open(tmp_path / "large.gif") as found:
        assert found.size[0] == 480


def test_it_is_made_smaller_until_it_fits(tmp_path):
    stills = [make_still(400, 150, seed=number) for number in range(3)]
    sizes = {}
    for largest in (10_000_000, 90_000, 1):
        path = tmp_path / f"{largest}.gif"
        animation.save(stills, path, entries=ENTRIES, largest=largest)
        sizes[largest] = path.stat().st_size
    assert sizes[90_000] <= 90_000 < sizes[10_000_000]
    # The smallest there is, where nothing fits.
    assert 1 < sizes[1] < 90_000
    with Image.open(tmp_path / "1.gif") as found:
        assert (found.n_frames, found.size[0]) == (3, 160)
