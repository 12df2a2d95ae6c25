import socket
from pathlib import Path

import numpy as np
import pooch
import pytest
import skimage
from scipy import ndimage

from isr.coordinates import pixel_coordinates, to_pixels, with_third
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
    assert [float(unaries[p]) > 0.5 for p in inside] == [True] * len(inside)
    assert [float(unaries[p]) < 0.5 for p in outside] == [True] * len(outside)


def test_the_rocket_differs_from_its_ground_truth() -> None:
    picture = gallery.load("rocket")
    mask, truth = picture.unaries > 0.5, picture.ground_truth == OBJECT
    assert 0.3 < (mask & truth).sum() / (mask | truth).sum() < 0.9


def test_the_fence_cuts_the_cat() -> None:
    unaries = gallery.load("chelsea").unaries
    sizes = np.bincount(ndimage.label(unaries > 0.5)[0].ravel())[1:]
    assert (sizes > 300).sum() >= 8


def test_the_floor_is_a_plane_in_depth_and_nothing_else_is_scribbled_on_it() -> None:
    picture = gallery.load("motorcycle")
    assert picture.unaries is None
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


def test_another_photograph_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(UserError, match=r"horse\.png does not exist"):
        gallery.load("horse")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "horse.png").write_bytes(b"something else")
    with pytest.raises(UserError, match="not the file"):
        gallery.load("horse")


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("name", gallery.DRAWN)
def test_drawn_pictures_are_reproducible_and_imperfect(name: str) -> None:
    first, second = (gallery.load(name) for _ in range(2))
    np.testing.assert_array_equal(first.unaries, second.unaries)
    np.testing.assert_array_equal(first.image, second.image)
    agreement = iou(first.unaries > 0.5, first.ground_truth == OBJECT)
    assert 0.3 < agreement < 0.9
    assert first.unaries.dtype == first.image.dtype == np.float32


def test_the_sheets_truth_is_its_lattice() -> None:
    picture = gallery.load("sheet")
    truth = picture.ground_truth == OBJECT
    points = gallery.sheet_rectify(pixel_coordinates(*gallery.SHEET_SIZE))
    phase = (points - gallery.SHEET_ORIGIN) @ np.linalg.inv(gallery.SHEET_BASIS).T
    offset = (phase - np.rint(phase)) @ gallery.SHEET_BASIS.T
    expected = np.linalg.norm(offset, axis=-1) <= gallery.SHEET_RADIUS
    assert (truth == expected).mean() > 0.98
    assert iou(truth, expected) > 0.93


def sheet_holes() -> np.ndarray:
    """Coordinates (n, 2) of the holes whose centres lie in the sheet's picture, hidden ones too."""
    steps = np.stack(np.meshgrid(*[np.arange(-40, 41)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    flat = np.append(
        steps @ gallery.SHEET_BASIS.T + gallery.SHEET_ORIGIN, np.ones((len(steps), 1)), axis=1
    )
    projected = flat @ np.linalg.inv(gallery.SHEET_HOMOGRAPHY).T
    # The horizon separates the points in front of the camera from those behind it.
    projected = projected[projected[:, 2] > 1e-6]
    points = projected[:, :2] / projected[:, 2:]
    limit = np.array(gallery.SHEET_SIZE[::-1]) / max(gallery.SHEET_SIZE)
    return np.asarray(points[((points > 0) & (points < limit)).all(axis=1)])


def test_every_hole_is_a_component_of_the_truth_and_some_are_hidden() -> None:
    picture = gallery.load("sheet")
    truth = picture.ground_truth == OBJECT
    holes = to_pixels(sheet_holes(), *truth.shape)
    columns, rows = np.floor(holes).astype(int).T
    assert truth[rows, columns].all()
    labels, _ = ndimage.label(truth)
    found = labels[rows, columns]
    assert len(set(found.tolist())) == len(holes) > 50
    hidden = [(picture.unaries[labels == k] > 0.5).mean() < 0.1 for k in found]
    assert 6 <= sum(hidden) <= len(hidden) // 3


def test_a_part_of_the_key_looks_like_a_hole() -> None:
    picture = gallery.load("sheet")
    false = (picture.unaries > 0.5) & (picture.ground_truth != OBJECT)
    assert np.bincount(ndimage.label(false)[0].ravel())[1:].max() > 100


def test_the_ball_follows_its_path() -> None:
    picture = gallery.load("drawn_ball")
    assert picture.third.name == "t"
    np.testing.assert_array_equal(picture.third.values, np.linspace(0, 1, 8))
    coordinates = pixel_coordinates(*picture.grid[1:])
    centres = gallery.ball_centre(picture.third.values)
    for truth, centre in zip(picture.ground_truth == OBJECT, centres, strict=True):
        np.testing.assert_allclose(coordinates[truth].mean(axis=0), centre, atol=0.004)
        area = truth.sum() / truth.size
        assert area == pytest.approx(np.pi * gallery.BALL_RADIUS**2, rel=0.03)


def test_the_ball_is_hidden_and_flickers() -> None:
    picture = gallery.load("drawn_ball")
    found = [
        float((u > 0.5)[t == OBJECT].mean())
        for u, t in zip(picture.unaries, picture.ground_truth, strict=True)
    ]
    assert found[0] > 0.9
    assert found[-1] > 0.9
    assert min(found) < 0.6
    assert sum(0.5 < share < 0.9 for share in found) >= 2


def rotated(mask: np.ndarray, angle: float) -> np.ndarray:
    height, width = mask.shape
    offset = pixel_coordinates(height, width) - gallery.FLOWER_CENTRE
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    pixels = to_pixels(offset @ turn + gallery.FLOWER_CENTRE, height, width) - 0.5
    return ndimage.map_coordinates(mask.astype(float), pixels[..., ::-1].transpose(2, 0, 1)) > 0.5


@pytest.mark.parametrize(("parts", "symmetric"), [(5, True), (4, False), (6, False), (10, False)])
def test_the_flower_has_order_five(parts: int, symmetric: bool) -> None:
    truth = gallery.load("flower").ground_truth == OBJECT
    agreement = iou(truth, rotated(truth, 2 * np.pi / parts))
    assert agreement > 0.97 if symmetric else agreement < 0.8


def test_the_flower_is_partly_hidden() -> None:
    picture = gallery.load("flower")
    truth = picture.ground_truth == OBJECT
    filled = ndimage.median_filter(picture.unaries, 5) > 0.5
    assert (truth & ~filled).sum() > 0.15 * truth.sum()
    assert (filled & ~truth).sum() < 0.05 * truth.sum()


def test_the_volume_is_an_ellipsoid_of_cubic_voxels() -> None:
    picture = gallery.load("volume")
    depth, height, width = picture.grid
    assert picture.third.name == "z"
    truth = picture.ground_truth == OBJECT
    points = with_third(pixel_coordinates(height, width), picture.third)[truth]
    np.testing.assert_allclose(points.mean(axis=0), gallery.VOLUME_CENTRE, atol=0.003)
    volume = truth.sum() / max(height, width) ** 3
    expected = 4 / 3 * np.pi * np.prod(gallery.VOLUME_AXES)
    assert volume == pytest.approx(expected, rel=0.02)
    semi_axes = np.sqrt(5 * np.linalg.eigvalsh(np.cov(points.T)))
    np.testing.assert_allclose(semi_axes, np.sort(gallery.VOLUME_AXES), rtol=0.02)
    assert not truth[[0, depth - 1]].any()
