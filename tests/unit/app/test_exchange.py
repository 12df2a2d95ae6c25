"""Formats of other programs: areas that come out are those that went in."""

import json

import numpy as np
import pytest
import shapely
import skimage.io
import tifffile
from painted_discs import disc
from shapely import MultiPolygon, Polygon
from shapely.geometry import Point, box

from isr.app import exchange
from isr.errors import UserError

HOLED = Point(30, 20).buffer(15).difference(Point(30, 20).buffer(5))
DISC = Point(28, 20).buffer(11)


@pytest.mark.parametrize(("largest", "bits"), [(3, 16), (65535, 16), (70000, 32)])
def test_label_images(tmp_path, largest, bits):
    labels = np.array([[0, 1, 2], [0, largest, 2]])
    path = tmp_path / "labels.tif"
    exchange.write_labels(path, labels)
    read = skimage.io.imread(path)
    assert read.dtype.itemsize * 8 == bits
    np.testing.assert_array_equal(read, labels)
    np.testing.assert_array_equal(exchange.read_label_image(path), labels)


def test_label_pictures(tmp_path):
    labels = np.array([[0, 300], [7, 65535]])
    exchange.write_labels(tmp_path / "labels.png", labels)
    np.testing.assert_array_equal(skimage.io.imread(tmp_path / "labels.png"), labels)
    np.testing.assert_array_equal(exchange.read_label_image(tmp_path / "labels.png"), labels)
    with pytest.raises(UserError, match=r"name a \.tif"):
        exchange.write_labels(tmp_path / "labels.png", labels * 2)


def test_labels_that_are_none(tmp_path):
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((2, 2), np.float32))
    with pytest.raises(UserError, match="whole numbers"):
        exchange.read_label_image(tmp_path / "grey.tif")


def test_geojson_is_the_right_way_up(tmp_path):
    for below, sign in ((False, 1), (True, -1)):
        path = tmp_path / f"{below}.geojson"
        exchange.write_features(path, {"cup": HOLED}, {"by": "isr"}, below=below)
        content = json.loads(path.read_text())
        (feature,) = content["features"]
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.area == pytest.approx(HOLED.area)
        assert sign * shape.centroid.y == pytest.approx(20)
        assert feature["properties"]["name"] == "cup"
        assert ("objectType" in feature["properties"]) != below


def test_shapes_of_napari_come_back(tmp_path):
    path = tmp_path / "shapes.csv"
    two = MultiPolygon([DISC, box(45, 5, 50, 9)])
    exchange.write_napari(path, [two])
    assert path.read_text().splitlines()[0] == "index,shape-type,vertex-index,axis-0,axis-1"
    first, second = exchange.read_napari(path)
    assert first.symmetric_difference(DISC).area < 1e-2
    assert second.bounds == (45, 5, 50, 9)


def test_ellipses_and_lines_of_napari(tmp_path):
    rows = ["index,shape-type,vertex-index,axis-0,axis-1"]
    for number, (y, x) in enumerate([(9.5, 19.5), (9.5, 39.5), (29.5, 39.5), (29.5, 19.5)]):
        rows.append(f"0,ellipse,{number},{y},{x}")
    rows += ["1,line,0,0,0", "1,line,1,5,5"]
    (tmp_path / "shapes.csv").write_text("\n".join(rows))
    (found,) = exchange.read_napari(tmp_path / "shapes.csv")
    assert found.centroid.coords[0] == pytest.approx((30, 20))
    assert found.area == pytest.approx(np.pi * 100, rel=0.001)


def test_rasterised_regions_have_the_pixels_whose_centres_they_hold():
    np.testing.assert_array_equal(exchange.rasterised([DISC], (40, 56)), disc())
    assert not exchange.rasterised([Polygon()], (4, 5)).any()


def test_polygons_of_coco():
    content = exchange.coco("photo.jpg", (40, 56), {"convex": DISC}, {"convex": disc()})
    (annotation,) = content["annotations"]
    (ring,) = annotation["segmentation"]
    assert Polygon(np.reshape(ring, (-1, 2))).area == pytest.approx(annotation["area"], 1e-4)
    assert annotation["bbox"] == pytest.approx([17, 9, 22, 22])
    assert content["images"][0]["width"] == 56


@pytest.mark.parametrize("rle", [False, True])
def test_coco_comes_back(tmp_path, rle):
    pytest.importorskip("pycocotools")
    mask = exchange.rasterised([HOLED], (40, 60))
    content = exchange.coco("photo.jpg", (40, 60), {"ring": HOLED}, {"ring": mask}, rle=rle)
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(content))
    np.testing.assert_array_equal(exchange.read_coco(path, "photo"), mask)
    with pytest.raises(UserError, match="no category 'disc'"):
        exchange.read_coco(path, "photo", "disc")


def test_coco_without_its_tools_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pycocotools.mask", None)
    with pytest.raises(UserError, match=r"isr\[coco\]"):
        exchange.coco("a", (40, 56), {"a": DISC}, {"a": disc()}, rle=True)
