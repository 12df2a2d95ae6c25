import numpy as np
import pytest
import torch

from isr.coordinates import ThirdAxis
from isr.data.features.semantic import efficientnet_maps, published_maps, write_semantic
from isr.data.items import write_picture
from isr.data.pictures import Picture
from isr.errors import UserError
from isr.io import read_json

EMBEDMAP = np.random.default_rng(0).random((20, 30, 5)).astype(np.float32)


@pytest.fixture
def dataset(tmp_path):
    """The pictures img_1 and img_2 of 30 x 20 pixels."""
    scribbles = np.zeros((20, 30), np.uint8)
    scribbles[0], scribbles[10] = 255, 1
    rng = np.random.default_rng(0)
    pictures = [
        Picture(name, (rng.integers(0, 256, (20, 30, 3)) / 255).astype(np.float32), scribbles)
        for name in ("img_1", "img_2")
    ]
    return [write_picture(tmp_path / "items" / each.name, each) for each in pictures]


@pytest.fixture
def published(tmp_path):
    """Published features of both pictures."""
    (tmp_path / "Feat").mkdir()
    for name in ("img_1", "img_2"):
        torch.save({"embedmap": EMBEDMAP}, tmp_path / "Feat" / f"{name}.pt")
    return tmp_path / "Feat"


def source_of(folder):
    return read_json(folder / "source.json")["source"]


def test_the_stand_in(dataset, tmp_path, capsys):
    write_semantic(dataset, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "img_1.npy",
        "img_2.npy",
        "source.json",
    ]
    maps = np.load(tmp_path / "out" / "img_1.npy")
    assert maps.shape == (20, 30, 2)
    assert maps.dtype == np.float32
    assert source_of(tmp_path / "out") == "efficientnet-lite0"
    assert "EfficientNet-Lite0" in read_json(tmp_path / "out" / "source.json")["text"]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "img_2: 2 of 2 items" in lines[1]


def test_published_features_are_taken_if_all_are_there(dataset, published, tmp_path, capsys):
    write_semantic(dataset, tmp_path / "out", published=published)
    assert source_of(tmp_path / "out") == "published"
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "img_2.npy"), published_maps(EMBEDMAP))
    (published / "img_2.pt").unlink()
    capsys.readouterr()
    write_semantic(dataset, tmp_path / "out", published=published)
    assert source_of(tmp_path / "out") == "efficientnet-lite0"
    assert "missing for 1 of 2 pictures" in capsys.readouterr().err
    with pytest.raises(UserError, match="features of img_2 are missing"):
        write_semantic(dataset, tmp_path / "out", published=published, source="published")
    with pytest.raises(UserError, match="features of img_1 are missing"):
        write_semantic(dataset, tmp_path / "out", source="published")


def test_the_stand_in_can_be_chosen(dataset, published, tmp_path):
    write_semantic(dataset, tmp_path / "out", published=published, source="efficientnet-lite0")
    assert source_of(tmp_path / "out") == "efficientnet-lite0"


def test_raw_components(dataset, published, tmp_path):
    write_semantic(dataset, tmp_path / "a", published=published, normalise=False)
    write_semantic(dataset, tmp_path / "b", normalise=False)
    for folder in ("a", "b"):
        maps = np.load(tmp_path / folder / "img_1.npy")
        np.testing.assert_allclose((maps**2).sum((0, 1)), 1, rtol=1e-4)
        content = read_json(tmp_path / folder / "source.json")
        assert content["normalised"] is False
        assert "as raw principal components" in content["text"]


def test_published_features_are_brought_to_the_pictures_size(dataset, published, tmp_path):
    large = np.repeat(np.repeat(EMBEDMAP, 2, axis=0), 2, axis=1)
    torch.save({"embedmap": large}, published / "img_1.pt")
    write_semantic(dataset, tmp_path / "out", published=published)
    np.testing.assert_allclose(
        np.load(tmp_path / "out" / "img_1.npy"), published_maps(EMBEDMAP), atol=1e-5
    )
    torch.save({"embedmap": EMBEDMAP.swapaxes(0, 1).copy()}, published / "img_1.pt")
    with pytest.raises(UserError, match=r"img_1\.pt holds features of 20 x 30 pixels"):
        write_semantic(dataset, tmp_path / "out", published=published)
    assert source_of(tmp_path / "out") == "published"


def test_features_differ_between_pictures(dataset, tmp_path):
    write_semantic(dataset, tmp_path / "out")
    first, second = (np.load(tmp_path / "out" / f"img_{number}.npy") for number in (1, 2))
    assert not np.array_equal(first, second)
    assert efficientnet_maps(np.zeros((20, 30, 3), np.float32)).shape == first.shape


def test_those_of_a_volume_are_made_slice_by_slice(dataset, tmp_path):
    plane = dataset[0].image()
    third = ThirdAxis("z", np.arange(2) / 30)
    volume = Picture("stack", np.stack([plane, plane[:, ::-1]]), third=third)
    write_semantic([write_picture(tmp_path / "stack", volume)], tmp_path / "out")
    maps = np.load(tmp_path / "out" / "stack.npy")
    assert maps.shape == (2, 20, 30, 2)
    np.testing.assert_array_equal(maps[0], efficientnet_maps(plane))
