import numpy as np
import pytest
import skimage
import torch
from PIL import Image
from skimage import transform

from isr.coordinates import ThirdAxis
from isr.data.features.semantic import efficientnet_maps, published_maps, write_semantic
from isr.data.items import write_picture
from isr.data.pictures import Picture
from isr.errors import UserError
from isr.io import read_json


@pytest.fixture(scope="module")
def coffee():
    """The photograph of a cup on a saucer on a wooden table, 240 x 160."""
    with Image.open(f"{skimage.__path__[0]}/data/coffee.png") as picture:
        return np.asarray(picture.resize((240, 160)), np.float32) / 255


@pytest.fixture(scope="module")
def coffee_maps(coffee):
    return efficientnet_maps(coffee)


def test_maps_have_the_pictures_size_and_fill_the_unit_interval(coffee, coffee_maps):
    assert coffee_maps.shape == (160, 240, 2)
    assert coffee_maps.dtype == np.float32
    assert (coffee_maps.min((0, 1)) == 0).all()
    assert (coffee_maps.max((0, 1)) == 1).all()
    np.testing.assert_array_equal(efficientnet_maps(coffee), coffee_maps)


def test_the_cup_stands_out_from_the_table(coffee_maps):
    cup, table = coffee_maps[30:75, 80:130], coffee_maps[:60, 170:]
    apart = np.percentile(cup, 10, axis=(0, 1)) - np.percentile(table, 90, axis=(0, 1))
    assert apart.max() > 0.2


def test_maps_change_at_the_edges_of_the_picture_alone(coffee, coffee_maps):
    steps = np.abs(np.diff(coffee_maps[..., 0], axis=1))
    # Constant within regions: a blurred object boundary would change a little nearly everywhere.
    assert np.mean(steps > 1e-6) < 0.25
    contrast = np.abs(np.diff(coffee, axis=1)).max(-1)
    assert contrast[steps > 0.2].mean() > 2 * contrast.mean()


def test_maps_hardly_depend_on_resolution(coffee, coffee_maps):
    large = transform.resize(coffee, (320, 480), order=1).astype(np.float32)
    small = efficientnet_maps(large).reshape(160, 2, 240, 2, 2).mean((1, 3))
    assert np.corrcoef(small[..., 0].ravel(), coffee_maps[..., 0].ravel())[0, 1] > 0.93


def test_sign_follows_the_rarer_side(coffee):
    raw = efficientnet_maps(coffee, normalise=False)
    np.testing.assert_allclose(raw.mean((0, 1), dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose((raw.astype(np.float64) ** 2).sum((0, 1)), 1, rtol=1e-4)
    mirrored = efficientnet_maps(np.ascontiguousarray(coffee[:, ::-1]), normalise=False)[:, ::-1]
    for channel in range(2):
        agreement = np.corrcoef(raw[..., channel].ravel(), mirrored[..., channel].ravel())[0, 1]
        assert agreement > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 3), (33, 65)])
def test_any_size_and_a_plain_picture(shape):
    maps = efficientnet_maps(np.full((*shape, 3), 0.5, np.float32))
    assert maps.shape == (*shape, 2)
    assert np.isfinite(maps).all()
    assert 0 <= maps.min() <= maps.max() <= 1


def test_very_large_pictures_are_made_smaller_on_the_way(coffee, coffee_maps):
    large = transform.resize(coffee, (900, 1350), order=1).astype(np.float32)
    maps = efficientnet_maps(large)
    assert maps.shape == (900, 1350, 2)
    small = transform.resize(maps[..., 0], (160, 240), order=1, anti_aliasing=True)
    assert np.corrcoef(small.ravel(), coffee_maps[..., 0].ravel())[0, 1] > 0.93


def test_published_maps_are_the_principal_axes_of_the_channels():
    embedmap = np.random.default_rng(1).random((6, 7, 9)) * np.arange(1, 10)
    matrix = embedmap.reshape(42, 9).T
    _, _, axes = np.linalg.svd(matrix - matrix.mean(axis=0), full_matrices=False)
    raw = published_maps(embedmap, normalise=False)
    assert raw.shape == (6, 7, 2)
    for channel in range(2):
        axis = axes[channel] * np.sign(axes[channel][np.abs(axes[channel]).argmax()])
        np.testing.assert_allclose(raw[..., channel].ravel(), axis, atol=1e-6)
    maps = published_maps(embedmap)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps.min((0, 1)), 0, atol=1e-7)
    np.testing.assert_allclose(maps.max((0, 1)), 1, atol=1e-7)
    for channel in range(2):
        low, high = raw[..., channel].min(), raw[..., channel].max()
        np.testing.assert_allclose(
            maps[..., channel], (raw[..., channel] - low) / (high - low), atol=1e-5
        )


def test_published_maps_of_constant_features():
    assert (published_maps(np.ones((3, 4, 5), np.float32)) == 0).all()


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


def test_corrupted_pictures_have_features_of_their_own_by_seed(dataset, published, tmp_path):
    items = [item.corrupted("spatter", seed) for seed in (1, 2) for item in dataset]
    write_semantic(items, tmp_path / "made", published=published)
    names = sorted(str(path.relative_to(tmp_path / "made")) for path in tmp_path.glob("made/*/*"))
    assert names == ["1/img_1.npy", "1/img_2.npy", "2/img_1.npy", "2/img_2.npy"]
    assert read_json(tmp_path / "made" / "source.json")["source"] == "efficientnet-lite0"
    with pytest.raises(UserError, match="published ones are of clean pictures"):
        write_semantic(items, tmp_path / "other", source="published", published=published)
