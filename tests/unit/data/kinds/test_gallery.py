import json
import socket
from pathlib import Path

import numpy as np
import pooch
import pytest
import skimage
from scipy import ndimage

from isr.data.kinds import gallery
from isr.data.pictures import OBJECT
from isr.errors import UserError


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args, **_keywords):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(pooch, "retrieve", refuse)


@pytest.mark.parametrize(
    ("name", "grid", "low", "high"),
    [
        ("coffee", (160, 240), 0.2, 0.26),
        ("rocket", (240, 171), 0.1, 0.16),
        ("chelsea", (160, 240), 0.45, 0.58),
        ("horse", (197, 240), 0.31, 0.35),
    ],
)
def test_size_and_share_of_the_object(
    name: str, grid: tuple[int, int], low: float, high: float
) -> None:
    picture = gallery.load(name)
    assert picture.unaries is not None
    assert picture.grid == picture.unaries.shape == grid
    assert picture.image.dtype == picture.unaries.dtype == np.float32
    assert low <= (picture.unaries > 0.5).mean() <= high
    assert "Unaries:" in picture.text
    assert picture.source.startswith("skimage.data.")
    assert picture.licence


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("coffee", [(120, 60), (140, 130), (90, 50)], [(10, 10), (50, 110), (80, 225)]),
        ("rocket", [(120, 87), (200, 87), (234, 80)], [(20, 20), (100, 40), (100, 140)]),
        ("chelsea", [(50, 45), (110, 85), (30, 160)], [(50, 215), (130, 230), (97, 100), (60, 26)]),
        ("horse", [(90, 120), (30, 205), (180, 168)], [(10, 10), (170, 110), (100, 230)]),
    ],
)
def test_points_on_the_object_and_beside_it(name: str, inside: list, outside: list) -> None:
    unaries = gallery.load(name).unaries
    assert unaries is not None
    assert [float(unaries[p]) > 0.5 for p in inside] == [True] * len(inside)
    assert [float(unaries[p]) < 0.5 for p in outside] == [True] * len(outside)


def test_the_rocket_differs_from_its_ground_truth() -> None:
    picture = gallery.load("rocket")
    assert picture.unaries is not None
    assert picture.ground_truth is not None
    mask, truth = picture.unaries > 0.5, picture.ground_truth == OBJECT
    assert 0.3 < (mask & truth).sum() / (mask | truth).sum() < 0.9


def test_the_fence_cuts_the_cat() -> None:
    unaries = gallery.load("chelsea").unaries
    assert unaries is not None
    sizes = np.bincount(ndimage.label(unaries > 0.5)[0].ravel())[1:]
    assert (sizes > 300).sum() >= 8


def test_the_floor_is_a_plane_in_depth_and_nothing_else_is_scribbled_on_it() -> None:
    picture = gallery.load("motorcycle")
    assert picture.unaries is None
    assert picture.scribbles is not None
    assert picture.third is not None
    assert picture.third.name == "depth"
    depth, strokes = picture.third.values, picture.scribbles
    assert picture.grid == depth.shape == (216, 320)
    assert (depth.min(), depth.max()) == (0, 1)
    assert set(np.unique(strokes)) == {0, 1, 255}
    rows, columns = np.indices(depth.shape)
    design = np.stack([columns, rows, np.ones(depth.shape)], axis=-1)
    floor = strokes == 1
    plane, *_ = np.linalg.lstsq(design[floor], depth[floor], rcond=None)
    distance = np.abs(depth - design @ plane)
    assert distance[floor].max() < 0.03
    assert np.quantile(distance[strokes == 255], 0.01) > 0.05


def test_lines_lie_where_they_are_stated() -> None:
    canvas = np.zeros((10, 20), np.uint8)
    line = {"width": 4, "line": [[10, 0], [10, 20]]}
    gallery._draw_line(canvas, line, (1,), [40, 20])
    assert set(np.nonzero(canvas)[1].tolist()) <= {3, 4, 5, 6}
    assert {4, 5} & set(np.nonzero(canvas)[1].tolist())
    assert (canvas.max(axis=1) == 1).all()


@pytest.mark.parametrize("name", ["chelsea", "horse", "motorcycle"])
def test_lines_stay_near_the_photograph(name: str) -> None:
    entry = gallery._entry(name)
    corners = np.array([p for s in entry.get("scribbles", []) for p in s["line"]]).reshape(-1, 2)
    assert (corners >= 0).all()
    assert (corners <= entry["size"]).all()
    assert json.dumps(entry)


def test_another_photograph_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(UserError, match=r"horse\.png does not exist"):
        gallery.load("horse")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "horse.png").write_bytes(b"something else")
    with pytest.raises(UserError, match="not the file"):
        gallery.load("horse")
