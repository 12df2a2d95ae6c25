"""What stored numbers are taken for: by the caller, never by what their type could hold."""

import logging

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from isr.data.pixels import read_pixels
from isr.data.pixels.meaning import brightness, distances, labels, probabilities
from isr.errors import UserError

RAMP = np.linspace(0.2, 0.8, 12).reshape(3, 4)
MASK = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]])


def _tiff(path, array, **options):
    tifffile.imwrite(path, array, **{"photometric": "minisblack"} | options)
    return read_pixels(path)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_brightness_of_few_bits_in_16_keeps_its_contrast(bits, tmp_path, caplog):
    stored = np.rint(RAMP * (2**bits - 1)).astype(np.uint16)
    pixels = _tiff(tmp_path / "a.tif", stored)
    with caplog.at_level(logging.WARNING):
        found = brightness(pixels)
    np.testing.assert_allclose(found, (RAMP - 0.2) / 0.6, atol=2e-3)
    assert "a.tif: brightness is taken from" in caplog.text
    declared = brightness(pixels, (0, 2**bits - 1))
    np.testing.assert_allclose(declared, RAMP, atol=1e-3)


def test_values_beyond_a_stated_range_are_cut_off(tmp_path):
    pixels = _tiff(tmp_path / "a.tif", np.array([[-1000, -160, 40, 240, 3000]], np.int16))
    np.testing.assert_allclose(brightness(pixels, (-160, 240)), [[0, 0, 0.5, 1, 1]])


def test_brightness_of_8_bits_and_of_floating_point_in_its_range_is_as_it_is(tmp_path, caplog):
    dark = np.array([[10, 20]], np.uint8)
    np.testing.assert_allclose(brightness(_tiff(tmp_path / "a.tif", dark)), dark / 255, rtol=1e-6)
    floats = np.array([[0.25, 0.5]], np.float32)
    np.testing.assert_array_equal(brightness(_tiff(tmp_path / "b.tif", floats)), floats)
    assert not caplog.text
    wide = brightness(_tiff(tmp_path / "c.tif", floats * 4000))
    np.testing.assert_allclose(wide, [[0, 1]])
    assert "from 1000 to 2000" in caplog.text


def test_bits_that_the_file_states_are_its_range(tmp_path, caplog):
    stored = np.array([[0, 1024, 2048, 4095]], np.uint16)
    pixels = _tiff(tmp_path / "a.tif", stored, bitspersample=12)
    np.testing.assert_array_equal(pixels.values, stored)
    np.testing.assert_allclose(brightness(pixels), stored / 4095, rtol=1e-6)
    assert not caplog.text


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_white_is_zero_of_8_and_16_bits_alike(kind, tmp_path):
    top = np.iinfo(kind).max
    shown = np.array([[0, 1, 2, top]], kind)
    pixels = _tiff(tmp_path / "a.tif", top - shown, photometric="miniswhite")
    np.testing.assert_array_equal(labels(pixels), shown)
    np.testing.assert_allclose(brightness(pixels), shown / top, atol=1e-6)
    two = _tiff(tmp_path / "b.tif", (top - shown)[:, ::3], photometric="miniswhite")
    np.testing.assert_array_equal(probabilities(two), [[0, 1]])


def test_white_is_zero_with_a_range(tmp_path):
    stored = np.array([[0, 2048, 4096]], np.uint16)
    pixels = _tiff(tmp_path / "a.tif", stored, photometric="miniswhite")
    np.testing.assert_allclose(brightness(pixels, (0, 4096)), [[1, 0.5, 0]])


@pytest.mark.parametrize("scale", [1, 255, 4095, 65535])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.int64])
def test_a_mask_is_never_divided(kind, scale, tmp_path):
    if scale > np.iinfo(kind).max:
        return
    pixels = _tiff(tmp_path / "a.tif", (MASK * scale).astype(kind))
    np.testing.assert_array_equal(probabilities(pixels), MASK)
    np.testing.assert_array_equal(labels(pixels), MASK * scale)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.int64])
def test_ids_are_labels_or_a_mask_but_no_probabilities(kind, tmp_path):
    ids = np.arange(12).reshape(3, 4).astype(kind)
    pixels = _tiff(tmp_path / "a.tif", ids)
    np.testing.assert_array_equal(labels(pixels), ids)
    np.testing.assert_array_equal(probabilities(pixels, holds="mask"), ids > 0)
    with pytest.raises(UserError, match="may be ids of objects: say that it holds a mask"):
        probabilities(pixels)


def test_probabilities_of_16_bits(tmp_path, caplog):
    whole = np.array([[0, 13, 33000, 65000]], np.uint16)
    found = probabilities(_tiff(tmp_path / "a.tif", whole))
    np.testing.assert_allclose(found, whole / 65535, rtol=1e-6)
    assert not caplog.text
    few = _tiff(tmp_path / "b.tif", whole // 16)
    np.testing.assert_allclose(probabilities(few), (whole // 16) / 4062, rtol=1e-6)
    assert "probability 1 is taken to be 4062" in caplog.text
    np.testing.assert_allclose(probabilities(few, (0, 8124)).max(), 0.5)
    with pytest.raises(UserError, match=r"values from 0 to 4062, expected \[0, 1000\]"):
        probabilities(few, (0, 1000))


def test_probabilities_out_of_range(tmp_path):
    with pytest.raises(UserError, match=r"values from 0.5 to 1.5, expected \[0, 1\]"):
        probabilities(_tiff(tmp_path / "a.tif", np.array([[0.5, 1.5]], np.float32)))
    with pytest.raises(UserError, match="negative"):
        probabilities(_tiff(tmp_path / "b.tif", np.array([[-3, 5, 9]], np.int16)))


def test_labels_of_any_size(tmp_path):
    large = np.array([[0, 70000, 2**40]])
    np.testing.assert_array_equal(labels(_tiff(tmp_path / "a.tif", large)), large)
    with pytest.raises(UserError, match="beyond 2"):
        labels(_tiff(tmp_path / "b.tif", np.array([[0, 2**64 - 1]], np.uint64)))
    with pytest.raises(UserError, match="save labels as whole numbers"):
        labels(_tiff(tmp_path / "c.tif", RAMP.astype(np.float32)))


@pytest.mark.parametrize("inverted", [False, True])
def test_one_bit_is_black_and_white(inverted, tmp_path):
    photometric = "miniswhite" if inverted else "minisblack"
    pixels = _tiff(tmp_path / "a.tif", MASK.astype(bool) ^ inverted, photometric=photometric)
    np.testing.assert_array_equal(labels(pixels), MASK * 255)
    np.testing.assert_array_equal(brightness(pixels), MASK)
    np.testing.assert_array_equal(probabilities(pixels), MASK)


def test_distances_keep_their_holes(tmp_path):
    millimetres = np.array([[0, 800, 1600]], np.uint16)
    np.testing.assert_allclose(distances(_tiff(tmp_path / "a.tif", millimetres)), [[0, 0.5, 1]])
    metres = np.array([[np.nan, 2, 8]], np.float32)
    np.testing.assert_allclose(distances(_tiff(tmp_path / "b.tif", metres)), [[np.nan, 0.25, 1]])
    near = np.array([[0.1, 0.2]], np.float32)
    np.testing.assert_allclose(distances(_tiff(tmp_path / "c.tif", near)), near)
    with pytest.raises(UserError, match="no finite number"):
        distances(_tiff(tmp_path / "d.tif", np.full((2, 2), np.nan, np.float32)))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_16_bits_keep_them(suffix, channels, tmp_path):
    stored = np.random.default_rng(0).integers(0, 4096, (5, 6, channels), np.uint16)
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        order = [2, 1, 0, 3][:channels]
        assert cv2.imwrite(str(path), stored[..., order])
    else:
        extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
        tifffile.imwrite(path, stored, photometric="rgb", **extra)
    pixels = read_pixels(path)
    np.testing.assert_array_equal(pixels.values, stored[..., :3])
    assert (pixels.alpha is None) == (channels == 3)
    np.testing.assert_allclose(brightness(pixels, (0, 4095)), stored[..., :3] / 4095, rtol=1e-6)


def test_colours_that_are_stored_times_their_opacity(tmp_path):
    stored = np.array([[[50, 100, 25, 128], [9, 9, 9, 0]]], np.uint8)
    pixels = _tiff(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["assocalpha"])
    found = brightness(pixels)
    np.testing.assert_allclose(found[0, 0], np.array([50, 100, 25]) / 128, rtol=1e-6)
    np.testing.assert_allclose(found[0, 1], 9 / 255, rtol=1e-6)


def test_palettes_are_colours_or_indices(tmp_path):
    indices = np.array([[0, 1, 2]], np.uint8)
    palette = np.zeros((3, 256), np.uint16)
    palette[:, 1], palette[0, 2] = 65535, 65535
    pixels = _tiff(tmp_path / "a.tif", indices, photometric="palette", colormap=palette)
    np.testing.assert_array_equal(labels(pixels), indices)
    np.testing.assert_allclose(brightness(pixels), [[[0, 0, 0], [1, 1, 1], [1, 0, 0]]])
    with pytest.raises(UserError, match="coloured"):
        probabilities(pixels)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_have_pages(kind, tmp_path):
    frames = [Image.new("RGB", (8, 6), (shade, 0, 0)) for shade in (0, 200)]
    path = tmp_path / "a.png"
    frames[0].save(path, kind, save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(UserError, match=r"holds 2 pages"):
        read_pixels(path)
    second = read_pixels(path, select={"page": 1})
    assert second.values.shape == (6, 8, 3)
    assert (second.values[..., 0] == 200).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_truncated_pictures_are_errors_wherever_they_are_cut(kind, tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    whole, cut = tmp_path / "a.png", tmp_path / "cut.png"
    Image.fromarray(array).save(whole, kind)
    content, expected = whole.read_bytes(), read_pixels(whole).values
    for length in [*range(0, len(content), len(content) // 29), *range(-24, 0)]:
        cut.write_bytes(content[:length])
        if length in range(-4, 0):
            # Of the last checksum or filling: every pixel is there.
            try:
                np.testing.assert_array_equal(read_pixels(cut).values, expected)
            except UserError:
                continue
        else:
            with pytest.raises(UserError, match=r"cut\.png is"):
                read_pixels(cut)
