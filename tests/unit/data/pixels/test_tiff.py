"""TIFF files of many writers: their axes, and what is not whole or asks for too much."""

import struct
import tracemalloc

import numpy as np
import pytest
import tifffile
from PIL import Image

from isr.data.pixels import read_pixels
from isr.errors import UserError

RNG = np.random.default_rng(0)
STACK = RNG.integers(0, 256, (3, 40, 36), np.uint8)
CHANNELS = RNG.integers(0, 2**16, (3, 16, 20), np.uint16)


def _written(path, array=STACK, **options):
    tifffile.imwrite(path, array, **{"photometric": "minisblack"} | options)


def _appended(path, **options):
    for layer in STACK:
        _written(path, layer, append=True, **options)


def _by_pillow(path, **options):
    first, *others = [Image.fromarray(layer) for layer in STACK]
    first.save(path, save_all=True, append_images=others, **options)


WRITERS = {
    "plain": _written,
    "big endian": lambda path: _written(path, byteorder=">"),
    "BigTIFF": lambda path: _written(path, bigtiff=True),
    "without words": lambda path: _written(path, metadata=None),
    "strips": lambda path: _written(path, rowsperstrip=7),
    "deflate": lambda path: _written(path, compression="zlib", predictor=True, rowsperstrip=7),
    "LZW": lambda path: _written(path, compression="lzw", predictor=True),
    "LZMA": lambda path: _written(path, compression="lzma"),
    "Zstandard": lambda path: _written(path, compression="zstd"),
    "tiles": lambda path: _written(path, tile=(16, 16)),
    "tiles of deflate": lambda path: _written(path, tile=(16, 16), compression="zlib"),
    "ImageJ": lambda path: _written(path, imagej=True, metadata={"axes": "ZYX"}),
    "OME": lambda path: _written(path, ome=True, metadata={"axes": "ZYX"}),
    "one directory for all": lambda path: _written(path, truncate=True),
    "volumetric": lambda path: _written(path, tile=(2, 16, 16), volumetric=True),
    "appended": _appended,
    "appended deflate": lambda path: _appended(path, compression="zlib"),
    "Pillow": _by_pillow,
    "Pillow LZW": lambda path: _by_pillow(path, compression="tiff_lzw"),
    "Pillow PackBits": lambda path: _by_pillow(path, compression="packbits"),
    "white is zero": lambda path: _written(path, photometric="miniswhite"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_stacks_of_every_writer_are_read(writer, tmp_path):
    WRITERS[writer](tmp_path / "a.tif")
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.tif", "ZYX").values, STACK)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_truncated_file_is_an_error_wherever_it_is_cut(writer, tmp_path):
    WRITERS[writer](tmp_path / "a.tif")
    content, cut = (tmp_path / "a.tif").read_bytes(), tmp_path / "cut.tif"
    whole = len(content)
    for length in [*range(0, whole, whole // 19), *range(whole - 28, whole)]:
        cut.write_bytes(content[:length])
        if whole - length <= 64 and _is_whole(cut):
            # Some writers fill up their last words: nothing is missing without.
            continue
        with pytest.raises(UserError, match=r"cut\.tif is (damaged|empty)"):
            read_pixels(cut, "ZYX")


def _is_whole(path):
    try:
        return np.array_equal(read_pixels(path, "ZYX").values, STACK)
    except UserError:
        return False


def _changed(path, tag, value):
    """Put another number (16 or 32 bits) into the first directory."""
    with tifffile.TiffFile(path) as file:
        found = file.pages[0].tags[tag]
        kind = {3: "H", 4: "I"}[found.dtype]
        place = found.valueoffset
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(struct.pack(f"<{kind}", value))


WRONG = "asks for more pixels|strips or tiles|the shape|within its pixels|different sizes"


@pytest.mark.parametrize("writer", ["plain", "strips", "deflate", "LZW", "LZMA", "tiles", "Pillow"])
@pytest.mark.parametrize("tag", ["ImageWidth", "ImageLength"])
def test_a_header_that_asks_for_more_than_the_file_holds_takes_no_memory(writer, tag, tmp_path):
    path = tmp_path / "a.tif"
    WRITERS[writer](path)
    _changed(path, tag, 60000)
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=WRONG):
            read_pixels(path, "ZYX")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"images=3", b"images=9"), (b"slices=3", b"slices=1"), (b"images=3", b"images=1")],
)
def test_a_file_that_speaks_of_other_pages_than_it_has_is_refused(old, new, tmp_path):
    path = tmp_path / "a.tif"
    WRITERS["ImageJ"](path)
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(UserError, match="it speaks of"):
        read_pixels(path, "ZYX")


def test_planes_that_ome_places_elsewhere_or_leaves_out(tmp_path):
    path = tmp_path / "a.ome.tif"
    WRITERS["OME"](path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'SizeZ="3"', b'SizeZ="4"'))
    with pytest.raises(UserError, match="speaks of 4 pages, but has 3"):
        read_pixels(path, "ZYX")
    assert b'PlaneCount="3"' in content
    path.write_bytes(content.replace(b'PlaneCount="3"', b'PlaneCount="2"'))
    with pytest.raises(UserError, match="1 of its 3 planes are missing"):
        read_pixels(path, "ZYX")


@pytest.mark.parametrize("words", [{"imagej": True}, {"ome": True}, {}])
def test_channels_are_no_slices(words, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, CHANNELS, photometric="minisblack", metadata={"axes": "CYX"}, **words)
    for order in ("YX", "ZYX"):
        with pytest.raises(UserError, match=r"holds 3 channels \(axes CYX\): choose one, such as"):
            read_pixels(path, order)
    one = read_pixels(path, "YX", select={"channel": 1})
    np.testing.assert_array_equal(one.values, CHANNELS[1])
    # What the user says of the axes holds.
    np.testing.assert_array_equal(read_pixels(path, "ZYX", axes="ZYX").values, CHANNELS)
    with pytest.raises(UserError, match="select names channel 3: choose 0 to 2"):
        read_pixels(path, "YX", select={"channel": 3})


@pytest.mark.parametrize("words", [{"imagej": True}, {"ome": True}, {}])
def test_a_hyperstack_is_read_along_the_axes_that_are_selected(words, tmp_path):
    path, array = tmp_path / "a.tif", RNG.integers(0, 256, (2, 3, 4, 10, 12), np.uint8)
    tifffile.imwrite(path, array, photometric="minisblack", metadata={"axes": "TZCYX"}, **words)
    chosen = read_pixels(path, "ZYX", select={"time": 1, "channel": 2})
    np.testing.assert_array_equal(chosen.values, array[1, :, 2])
    plane = read_pixels(path, "YX", select={"time": 0, "channel": 3, "slice": 2})
    np.testing.assert_array_equal(plane.values, array[0, 2, 3])
    with pytest.raises(UserError, match="holds 2 times"):
        read_pixels(path, "ZYX", select={"channel": 2})


def test_pages_of_different_sizes_are_no_stack(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(STACK[0])
        file.write(CHANNELS[0])
    for order in ("YX", "ZYX"):
        with pytest.raises(UserError, match="2 pages of different sizes or types"):
            read_pixels(tmp_path / "a.tif", order)
    one = read_pixels(tmp_path / "a.tif", select={"page": 1})
    np.testing.assert_array_equal(one.values, CHANNELS[0])


def test_smaller_copies_and_masks_are_no_pages(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(STACK[0], metadata=None)
        file.write(STACK[0, ::2, ::2], subfiletype=1, metadata=None)
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.tif").values, STACK[0])


def test_further_samples_are_opacity_or_have_to_be_chosen(tmp_path):
    two = np.moveaxis(STACK[:2], 0, -1)
    _written(tmp_path / "alpha.tif", two, extrasamples=["unassalpha"], planarconfig="contig")
    _written(tmp_path / "two.tif", two, planarconfig="contig")
    _written(tmp_path / "planes.tif", STACK[:2], planarconfig="separate", metadata=None)
    infrared = RNG.integers(0, 256, (6, 5, 4), np.uint8)
    _written(tmp_path / "infrared.tif", infrared, photometric="rgb", extrasamples=["unspecified"])
    found = read_pixels(tmp_path / "alpha.tif")
    np.testing.assert_array_equal(found.values, STACK[0])
    np.testing.assert_array_equal(found.alpha, STACK[1])
    for name in ("two.tif", "planes.tif"):
        with pytest.raises(UserError, match="holds 2 samples"):
            read_pixels(tmp_path / name)
        second = read_pixels(tmp_path / name, select={"sample": 1})
        np.testing.assert_array_equal(second.values, STACK[1])
    coloured = read_pixels(tmp_path / "infrared.tif")
    np.testing.assert_array_equal(coloured.values, infrared[..., :3])
    assert coloured.alpha is None


def test_axes_are_those_that_the_file_names_in_whatever_order(tmp_path):
    _written(tmp_path / "a.tif", STACK.transpose(1, 2, 0), metadata={"axes": "YXZ"})
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.tif", "ZYX").values, STACK)


@pytest.mark.parametrize("method", ["group4", "tiff_lzw", "jpeg", "packbits", "tiff_deflate"])
def test_pictures_of_pillow_in_every_compression(method, tmp_path):
    array = STACK[0] > 128 if method == "group4" else STACK[0]
    Image.fromarray(array).save(tmp_path / "a.tif", compression=method)
    with Image.open(tmp_path / "a.tif") as picture:
        np.testing.assert_array_equal(read_pixels(tmp_path / "a.tif").values, np.asarray(picture))


def test_colours_that_are_not_read_are_told(tmp_path):
    _written(tmp_path / "a.tif", np.zeros((6, 5, 4), np.uint8), photometric="separated")
    with pytest.raises(UserError, match="its colours are neither grey nor RGB"):
        read_pixels(tmp_path / "a.tif")


def test_directories_that_run_in_a_circle(tmp_path):
    path = tmp_path / "a.tif"
    WRITERS["without words"](path)
    content = bytearray(path.read_bytes())
    first = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[first : first + 2])[0]
    place = first + 2 + 12 * count
    content[place : place + 4] = struct.pack("<I", first)
    path.write_bytes(content)
    with pytest.raises(UserError, match="run in a circle"):
        read_pixels(path, "ZYX")
