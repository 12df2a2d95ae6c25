import socket
from pathlib import Path

import numpy as np
import pooch
import pytest
import skimage
from shapely.geometry import Polygon
from skimage.measure import label
from skimage.morphology import convex_hull_image

from isr.data.kinds import embedded
from isr.data.kinds.base import packaged
from isr.data.pictures import BACKGROUND_SCRIBBLE, OBJECT, UNKNOWN, check_picture
from isr.errors import UserError

NAMES = embedded.names()


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_keywords):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(pooch.Pooch, "fetch", refuse)
    monkeypatch.setattr(pooch, "retrieve", refuse)


def points_of(entry: dict) -> list[list[float]]:
    corners = [p for shape in entry["ground_truth"] for p in shape.get("polygon", [])]
    for x, y, half_width, half_height in (
        shape["ellipse"] for shape in entry["ground_truth"] if "ellipse" in shape
    ):
        corners += [[x - half_width, y - half_height], [x + half_width, y + half_height]]
    for stroke in entry["scribbles"]:
        reach = stroke["width"] / 2
        corners += [[x + d, y + d] for x, y in stroke["line"] for d in (-reach, reach)]
    return corners


def test_there_are_six_near_convex_pictures_and_two_others() -> None:
    near_convex = [embedded.description(name)["near_convex"] for name in NAMES]
    assert sum(near_convex) >= 6
    assert len(near_convex) - sum(near_convex) >= 2
    assert near_convex == sorted(near_convex, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_drawn_as_it_is_described(name: str, no_network: None) -> None:
    picture, about = embedded.load(name), embedded.description(name)
    check_picture(picture, path=name)
    assert picture.name == name
    assert picture.image.dtype == np.float32
    assert picture.image.std() > 0.02
    assert max(picture.image.shape) <= 240
    assert about["source"].startswith("skimage.data.")
    assert all(about[key] for key in ("object", "author", "licence"))
    assert 0.003 <= (picture.scribbles > 0).mean() <= 0.08
    for label_of_class in (1, BACKGROUND_SCRIBBLE):
        assert (picture.scribbles == label_of_class).mean() >= 0.002
    inside = picture.ground_truth == OBJECT
    assert inside.mean() > 0.03
    solidity = inside.sum() / convex_hull_image(inside, offset_coordinates=False).sum()
    if about["near_convex"]:
        assert solidity >= 0.93
        assert label(inside).max() == 1
    else:
        assert solidity < 0.9


@pytest.mark.parametrize("name", NAMES)
def test_scribbles_and_ground_truth_agree_at_each_resolution(name: str) -> None:
    shares = []
    for long_side in (80, 120, 240, 500):
        picture = embedded.load(name, long_side)
        truth, scribbles = picture.ground_truth, picture.scribbles
        assert set(np.unique(scribbles)) == {0, 1, BACKGROUND_SCRIBBLE}
        assert (truth[scribbles == 1] == OBJECT).all()
        assert (truth[scribbles == BACKGROUND_SCRIBBLE] == 0).all()
        shares.append((truth == OBJECT).mean())
    assert shares[1] == pytest.approx(shares[3], rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_fits_the_photograph(name: str) -> None:
    entry = packaged("embedded_pictures", name)
    width, height = entry["size"]
    assert embedded.read_photograph(entry).shape == (height, width, 3)
    x_min, y_min, x_max, y_max = entry["crop"]
    assert 0 <= x_min < x_max <= width
    assert 0 <= y_min < y_max <= height
    points = np.array(points_of(entry))
    assert (points >= [x_min, y_min]).all()
    assert (points <= [x_max, y_max]).all()
    # Polygons do not cross themselves.
    assert all(Polygon(s["polygon"]).is_valid for s in entry["ground_truth"] if "polygon" in s)


def test_pixels_belong_to_a_polygon_by_their_centres() -> None:
    x, y = embedded._pixel_centres([10, 20, 15, 24], 4, 5)
    np.testing.assert_allclose(x, [10.5, 11.5, 12.5, 13.5, 14.5])
    np.testing.assert_allclose(y, [20.5, 21.5, 22.5, 23.5])
    box = [[11.6, 20.4], [14.4, 20.4], [14.4, 22.6], [11.6, 22.6]]
    expected = np.zeros((4, 5), bool)
    expected[0:3, 2:4] = True
    np.testing.assert_array_equal(embedded._inside_polygon(box, x, y), expected)


def test_shapes_are_painted_in_their_order() -> None:
    x, y = embedded._pixel_centres([0, 0, 8, 8], 8, 8)
    shapes = [
        {"label": "object", "ellipse": [4, 4, 3.2, 3.2]},
        {"label": "background", "polygon": [[0, 0], [4, 0], [4, 8], [0, 8]]},
        {"label": "unknown", "polygon": [[5, 3], [6, 3], [6, 4], [5, 4]]},
    ]
    truth = embedded._draw_ground_truth(shapes, x, y)
    assert truth[4, 4] == OBJECT
    assert truth[4, 3] == 0
    assert truth[3, 5] == UNKNOWN
    assert truth[4, 7] == 0


def test_a_thin_stroke_does_not_tear_when_it_is_drawn_small() -> None:
    x, y = embedded._pixel_centres([0, 0, 200, 100], 10, 20)
    stroke = {"label": "object", "width": 2, "line": [[10, 5], [190, 92]]}
    scribbles = embedded.draw_scribbles([stroke], x, y)
    assert label(scribbles, connectivity=2).max() == 1
    assert (scribbles.max(axis=0) == 1).sum() >= 18


def test_another_photograph_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(UserError, match=r"coffee\.png does not exist"):
        embedded.load("coffee")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coffee.png").write_bytes(b"something else")
    with pytest.raises(UserError, match="not the file"):
        embedded.load("coffee")
