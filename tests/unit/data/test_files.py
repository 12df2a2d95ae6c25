import numpy as np
import pytest
import tifffile
from PIL import Image

from isr.data.files import (
    is_turned,
    list_frames,
    list_pictures,
    read_frame,
    read_image,
    read_labels,
)
from isr.errors import UserError

ORIENTATION = 0x0112
GREY = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
COLOURS = np.stack([GREY, GREY[::-1], 255 - GREY], axis=-1)
OPAQUE = np.full((2, 3, 1), 255, np.uint8)


def save(path, array, mode=None, **options):
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def exif(orientation):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".webp"])
def test_colour_images(tmp_path, suffix):
    options = {"lossless": True} if suffix == ".webp" else {}
    image = read_image(save(tmp_path / f"a{suffix}", COLOURS, **options))
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, COLOURS / 255.0, atol=1e-6)


def test_grey_sixteen_bit_palette_and_alpha_images(tmp_path):
    expected = np.repeat(GREY[..., None] / 255.0, 3, axis=2)
    files = [
        save(tmp_path / "grey.png", GREY),
        save(tmp_path / "16.png", GREY.astype(np.uint16) * 257),
        save(tmp_path / "palette.png", GREY, "P"),
        save(tmp_path / "alpha.png", np.dstack([GREY, GREY, GREY, GREY])),
        save(tmp_path / "grey_alpha.png", np.dstack([GREY, OPAQUE[..., 0]])),
    ]
    tifffile.imwrite(tmp_path / "16.tif", GREY.astype(np.uint16) * 257)
    tifffile.imwrite(tmp_path / "big.tif", GREY.astype(np.uint16) * 257, byteorder=">")
    tifffile.imwrite(tmp_path / "float.tif", (GREY / 255).astype(np.float32))
    tifffile.imwrite(
        tmp_path / "16_colour.tif", np.dstack([GREY] * 3).astype(np.uint16) * 257, photometric="rgb"
    )
    files += [tmp_path / f"{name}.tif" for name in ("16", "big", "float", "16_colour")]
    for file in files:
        np.testing.assert_allclose(read_image(file), expected, atol=1e-6, err_msg=file.name)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_and_labels_are_read_upright(tmp_path, orientation):
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a),
    }
    file = save(tmp_path / "a.png", COLOURS, exif=exif(orientation))
    np.testing.assert_allclose(read_image(file), turns[orientation](COLOURS) / 255.0, atol=1e-6)
    tiff = save(tmp_path / "a.tif", GREY, exif=exif(orientation))
    np.testing.assert_array_equal(read_labels(tiff), turns[orientation](GREY))
    file16 = save(tmp_path / "b.png", GREY.astype(np.uint16) * 100, exif=exif(orientation))
    np.testing.assert_array_equal(read_labels(file16), turns[orientation](GREY.astype(int) * 100))
    assert is_turned(file) == (orientation > 1)


def test_jpeg_is_read_upright(tmp_path):
    array = np.zeros((16, 32, 3), np.uint8)
    array[:, :16] = 255
    image = read_image(save(tmp_path / "a.jpg", array, exif=exif(6), quality=95))
    assert image.shape == (32, 16, 3)
    assert image[:12].min() > 0.9
    assert image[20:].max() < 0.1


def test_labels_are_the_stored_numbers(tmp_path):
    numbers = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    palette = Image.fromarray(numbers).convert("P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    palette.save(tmp_path / "palette.png")
    palette.save(tmp_path / "two_bits.png", bits=2)
    palette.save(tmp_path / "see_through.png", transparency=0)
    save(tmp_path / "grey.png", numbers)
    save(tmp_path / "16.png", numbers.astype(np.uint16))
    save(tmp_path / "rgb.png", np.dstack([numbers] * 3))
    save(tmp_path / "rgba.png", np.dstack([numbers] * 3 + [OPAQUE[..., 0]]))
    save(tmp_path / "grey_alpha.png", np.dstack([numbers, OPAQUE[..., 0]]))
    tifffile.imwrite(tmp_path / "grey.tif", numbers)
    for file in sorted(tmp_path.iterdir()):
        np.testing.assert_array_equal(read_labels(file), numbers, err_msg=file.name)
    save(tmp_path / "large.png", numbers.astype(np.uint16) * 1000)
    np.testing.assert_array_equal(read_labels(tmp_path / "large.png"), numbers.astype(int) * 1000)


def test_one_bit_labels_are_black_and_white(tmp_path):
    save(tmp_path / "a.png", np.array([[True, False]]))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), [[255, 0]])


def test_transparent_labels(tmp_path):
    labels = np.array([[9, 1]], np.uint8)
    alpha = np.array([[0, 255]], np.uint8)
    file = save(tmp_path / "a.png", np.dstack([labels] * 3 + [alpha]))
    np.testing.assert_array_equal(read_labels(file, transparent=7), [[7, 1]])
    with pytest.raises(UserError, match=r"a\.png is partly transparent"):
        read_labels(file)
    half = save(tmp_path / "b.png", np.dstack([labels] * 3 + [alpha // 2]))
    with pytest.raises(UserError, match=r"b\.png is partly transparent"):
        read_labels(half, transparent=7)


def test_labels_that_are_not_clear(tmp_path):
    colours = save(tmp_path / "a.png", COLOURS)
    with pytest.raises(UserError, match=r"a\.png is coloured"):
        read_labels(colours)
    deep = tmp_path / "deep.tif"
    tifffile.imwrite(deep, np.dstack([GREY] * 3).astype(np.uint16), photometric="rgb")
    np.testing.assert_array_equal(read_labels(deep), GREY)
    tifffile.imwrite(tmp_path / "float.tif", GREY.astype(np.float32))
    with pytest.raises(UserError, match=r"float\.tif holds values of type float32"):
        read_labels(tmp_path / "float.tif")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"GIF89a and more", "not a picture of a format"),
        (b"half", "is damaged, truncated"),
    ],
)
@pytest.mark.parametrize("read", [read_image, read_labels])
def test_unreadable_files(tmp_path, read, content, message):
    file = tmp_path / "bad.png"
    if content == b"half":
        save(file, np.random.default_rng(0).integers(0, 256, (50, 50), np.uint8))
        content = file.read_bytes()[:1000]
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=rf"bad\.png.*{message}"):
        read(file)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_images_of_numbers_that_are_not_finite(tmp_path, value):
    array = np.zeros((2, 3), np.float32)
    array[1, 1] = value
    tifffile.imwrite(tmp_path / "a.tif", array)
    with pytest.raises(UserError, match="NaN or infinite"):
        read_image(tmp_path / "a.tif")


def test_listing(tmp_path):
    for name in ("b.png", "a.JPG", ".hidden", "Thumbs.db"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert list(list_pictures(tmp_path)) == ["a", "b"]
    (tmp_path / "a.png").touch()
    with pytest.raises(UserError, match=r"a\.png and a\.JPG share a name"):
        list_pictures(tmp_path)
    (tmp_path / "a.png").rename(tmp_path / "c.heic")
    with pytest.raises(UserError, match=r"c\.heic is not of a supported format"):
        list_pictures(tmp_path)
    with pytest.raises(UserError, match="none does not exist"):
        list_pictures(tmp_path / "none")


@pytest.mark.parametrize(
    "names",
    [
        ["f2.png", "f10.png", "f100.png"],
        ["frame_2.jpg", "frame_10.JPG", "frame_11.jpeg"],
        ["a.ppm", "a1.ppm", "b.ppm"],
        ["1-9.png", "1-10.png", "2-1.png"],
        ["2024-01-02 shot.png", "2024-01-10 shot.png"],
    ],
)
def test_frames_stand_in_the_natural_order_of_their_names(tmp_path, names):
    for name in reversed(names):
        (tmp_path / name).touch()
    assert [path.name for path in list_frames(tmp_path)] == names


@pytest.mark.parametrize(
    "names",
    [
        ["left_01.png", "left_02.png", "right_01.png"],
        ["frame_1_left.png", "frame_1_right.png"],
        ["f01.png", "f1.png"],
    ],
)
def test_frames_of_two_series_are_no_video(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(UserError, match="of the same number: keep one series"):
        list_frames(tmp_path)


def test_what_is_no_frame_is_passed_over(tmp_path):
    for name in ("f1.png", "._f1.png", ".f2.png", "notes.txt", "clip.mp4", "f3.tif"):
        (tmp_path / name).touch()
    assert [path.name for path in list_frames(tmp_path)] == ["f1.png"]


def test_a_frame_in_two_formats_is_told(tmp_path):
    for name in ("f1.png", "f1.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"f1\.png and f1\.jpg share a name: keep one"):
        list_frames(tmp_path)


def test_only_frames_of_the_known_formats_are_opened(tmp_path):
    for name, kind in (("f1.png", "GIF"), ("f2.png", "TIFF")):
        Image.new("RGB", (4, 4)).save(tmp_path / name, kind)
        with pytest.raises(UserError, match=rf"{name} is not a picture of a format"):
            read_frame(tmp_path / name)
