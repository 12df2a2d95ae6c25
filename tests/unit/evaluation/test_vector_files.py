import base64
import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from PIL import Image
from shapely import MultiPolygon, Polygon, box

from isr.evaluation.vector_files import svg_path, write_geojson, write_svg

SVG = "{http://www.w3.org/2000/svg}"
HOLED = Polygon(box(0, 0, 10, 8).exterior.coords, [box(2, 2, 4, 4).exterior.coords])


@pytest.mark.parametrize("shape", [(8, 10), (8, 10, 3)])
def test_svg_carries_the_picture_and_the_outline(tmp_path, shape):
    image = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    write_svg(tmp_path / "a.svg", HOLED, image, title='cup & "saucer" <1>')
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert root.get("viewBox") == "0 0 10 8"
    assert root.findtext(f"{SVG}title") == 'cup & "saucer" <1>'
    kind, data = root.find(f"{SVG}image").get("href").split(",")
    assert kind == "data:image/png;base64"
    np.testing.assert_array_equal(Image.open(io.BytesIO(base64.b64decode(data))), image)
    path = root.find(f"{SVG}path")
    assert path.get("fill-rule") == "evenodd"
    assert path.get("d").count("M") == 2


def test_svg_opens_offline(tmp_path):
    write_svg(tmp_path / "a.svg", HOLED, np.zeros((8, 10), np.uint8))
    text = (tmp_path / "a.svg").read_text().replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text
    assert "file:" not in text


def test_path_of_several_parts_and_of_none():
    parts = MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3.12345678)])
    assert svg_path(parts) == "M1 0L1 1L0 1L0 0ZM3 2L3 3.1235L2 3.1235L2 2Z"
    assert svg_path(Polygon()) == ""
    assert svg_path(MultiPolygon()) == ""
    assert "-0" not in svg_path(Polygon([(-1e-9, 0), (1, 0), (1, 1)]))


@pytest.mark.parametrize("outline", [HOLED, MultiPolygon([box(0, 0, 1, 1)]), Polygon()])
def test_geojson_gives_the_same_outline_back(tmp_path, outline):
    write_geojson(tmp_path / "a.geojson", outline, {"picture": "coffee"})
    feature = json.loads((tmp_path / "a.geojson").read_text())
    assert feature["type"] == "Feature"
    assert feature["properties"] == {"units": "pixels, y down", "picture": "coffee"}
    assert shapely.geometry.shape(feature["geometry"]).equals(outline)


def test_rings_wind_after_rfc_7946(tmp_path):
    clockwise = Polygon([(0, 0), (0, 4), (4, 4), (4, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    write_geojson(tmp_path / "a.geojson", clockwise, {})
    found = shapely.geometry.shape(json.loads((tmp_path / "a.geojson").read_text())["geometry"])
    assert found.equals(clockwise)
    assert found.exterior.is_ccw
    assert not found.interiors[0].is_ccw
