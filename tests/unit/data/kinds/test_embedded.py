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
from isr.data.pictures import BACKGROUND_SCRIBBLE, OBJECT, UNKNOWN, Picture, check_picture
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


def solidity(picture: Picture) -> float:
    inside = picture.ground_truth == OBJECT
    return float(inside.sum() / convex_hull_image(inside, offset_coordinates=False).sum())


def test_there_are_six_near_convex_pictures_and_two_others() -> None:
    near_convex = [embedded.description(name)["near_convex"] for name in NAMES]
    assert sum(near_convex) >= 6
    assert len(near_convex) - sum(near_convex) >= 2
    assert near_convex == sorted(near_convex, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_draws_without_network(name: str, no_network: None) -> None:
    picture = embedded.load(name)
    check_picture(picture, path=name)
    assert picture.name == name
    assert picture.image.dtype == np.float32
    assert picture.image.std() > 0.02
    assert max(picture.image.shape) <= 240
    assert picture.ground_truth is not None
    assert (picture.ground_truth == OBJECT).mean() > 0.03


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("long_side", [80, 240, 500])
def test_scribbles_agree_with_the_ground_truth(name: str, long_side: int) -> None:
    picture = embedded.load(name, long_side)
    truth, scribbles = picture.ground_truth, picture.scribbles
    assert truth is not None
    assert set(np.unique(scribbles)) == {0, 1, BACKGROUND_SCRIBBLE}
    assert (truth[scribbles == 1] == OBJECT).all()
    assert (truth[scribbles == BACKGROUND_SCRIBBLE] == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_small_share_is_scribbled(name: str) -> None:
    scribbles = embedded.load(name).scribbles
    assert 0.003 <= (scribbles > 0).mean() <= 0.08
    assert (scribbles == 1).mean() >= 0.002
    assert (scribbles == BACKGROUND_SCRIBBLE).mean() >= 0.002


@pytest.mark.parametrize("name", NAMES)
def test_solidity_fits_the_description(name: str) -> None:
    picture = embedded.load(name)
    if embedded.description(name)["near_convex"]:
        assert solidity(picture) >= 0.93
        assert label(picture.ground_truth == OBJECT).max() == 1
    else:
        assert solidity(picture) < 0.9


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaves_the_picture(name: str) -> None:
    entry = embedded._read(name)
    width, height = entry["size"]
    x_min, y_min, x_max, y_max = entry["crop"]
    assert 0 <= x_min < x_max <= width
    assert 0 <= y_min < y_max <= height
    points = np.array(points_of(entry))
    assert (points >= [x_min, y_min]).all()
    assert (points <= [x_max, y_max]).all()


@pytest.mark.parametrize("name", NAMES)
def test_polygons_do_not_cross_themselves(name: str) -> None:
    for shape in embedded._read(name)["ground_truth"]:
        if "polygon" in shape:
            assert Polygon(shape["polygon"]).is_valid


@pytest.mark.parametrize("name", NAMES)
def test_the_photograph_has_the_stated_size(name: str) -> None:
    entry = embedded._read(name)
    height, width = embedded._photograph(entry).shape[:2]
    assert [width, height] == entry["size"]


@pytest.mark.parametrize("name", NAMES)
def test_ground_truth_is_the_same_at_each_resolution(name: str) -> None:
    large, small = (embedded.load(name, side).ground_truth for side in (500, 120))
    assert large is not None
    assert small is not None
    assert (small == OBJECT).mean() == pytest.approx((large == OBJECT).mean(), rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_description_names_source_and_licence(name: str) -> None:
    description = embedded.description(name)
    assert set(description) == {"object", "near_convex", "source", "author", "licence"}
    assert description["source"].startswith("skimage.data.")
    assert all(description[key] for key in ("object", "author", "licence"))


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
    scribbles = embedded._draw_scribbles([stroke], x, y)
    assert label(scribbles, connectivity=2).max() == 1
    assert (scribbles.max(axis=0) == 1).sum() >= 18


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(UserError, match=r"'teapot'.*coffee"):
        embedded.load("teapot")
    with pytest.raises(UserError, match="coffee"):
        embedded.description("../coffee")


def test_another_photograph_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(UserError, match=r"coffee\.png does not exist"):
        embedded.load("coffee")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coffee.png").write_bytes(b"something else")
    with pytest.raises(UserError, match="not the photograph"):
        embedded.load("coffee")
