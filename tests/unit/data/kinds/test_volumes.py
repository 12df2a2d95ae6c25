"""Volumes of a user's own, from files to the one layout."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from isr.coordinates import pixel_coordinates
from isr.data.items import read_item
from isr.data.kinds import Known, read_entry
from isr.data.kinds.volumes import read_volume, slice_coordinates
from isr.errors import UserError

GRID = (4, 16, 18)
ENTRY = {
    "kind": "volumes",
    "path": "own",
    "scribble_values": {"none": 0, "foreground": [1, 2], "background": 9},
    "ground_truth_values": {"background": 0, "object": 1},
}


def make_scribbles():
    scribbles = np.zeros(GRID, np.uint8)
    scribbles[1:3, 6, 4:8], scribbles[1:3, 10, 4:8], scribbles[:, 0] = 1, 2, 9
    return scribbles


def make_grey():
    return np.random.default_rng(0).integers(0, 256, GRID, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A user's folder `own` with all of the volume a, and b with unaries alone."""
    own = tmp_path / "own"
    for kind in ("images", "scribbles", "unaries", "ground_truth"):
        (own / kind).mkdir(parents=True)
    tifffile.imwrite(own / "images" / "a.tif", make_grey(), photometric="minisblack")
    np.save(own / "scribbles" / "a.npy", make_scribbles())
    np.save(own / "unaries" / "a.npy", np.linspace(0, 1, np.prod(GRID)).reshape(GRID))
    np.save(own / "ground_truth" / "a.npy", (make_grey() > 128).astype(np.uint8))
    np.save(own / "unaries" / "b.npy", np.full(GRID, 0.25, np.float32))
    (own / "images" / "notes.txt").write_text("no volume")
    return own


@pytest.fixture
def unpack(folder):
    """Unpacks a volume of the folder as it is by then, and opens it."""

    def unpack(name, **change):
        output = folder.parent / "out" / name
        read_entry({**ENTRY, **change}).unpack(name, folder.parent, folder.parent, output)
        return read_item(output)

    return unpack


def test_what_is_known_before_a_volume_is_read(folder):
    entry = read_entry(ENTRY)
    assert entry.names(folder.parent) == ["a", "b"]
    assert entry.known("a", folder.parent) == Known(scribbles=True, unaries=True, third="z")
    assert entry.known("b", folder.parent) == Known(scribbles=False, unaries=True, third="z")
    found = [str(path.relative_to(folder)) for path in entry.sources("a", folder.parent).files]
    assert sorted(found) == [
        "ground_truth/a.npy",
        "images/a.tif",
        "scribbles/a.npy",
        "unaries/a.npy",
    ]
    assert (
        entry.describe("own", ["a", "b"])
        == "own (2 volumes of the user's own, not the paper's set)"
    )


def test_a_volume_comes_with_all_that_is_known_of_it(unpack):
    item = unpack("a")
    assert (item.grid, item.third, item.scribbled) == (GRID, "z", 2)
    assert not item.is_video
    assert (item.source, item.licence) == ("folder own", "not stated")
    picture = item.read()
    for channel in range(3):
        np.testing.assert_allclose(picture.image[..., channel], make_grey() / 255, atol=1e-6)
    stored = make_scribbles()
    np.testing.assert_array_equal(picture.scribbles, np.where(stored == 9, 255, stored))
    np.testing.assert_array_equal(picture.ground_truth, np.where(make_grey() > 128, 255, 0))
    assert picture.instances is None
    expected = np.linspace(0, 1, np.prod(GRID)).reshape(GRID)
    np.testing.assert_allclose(picture.unaries, expected, atol=5e-4)


def test_voxels_are_cubes_unless_a_spacing_is_given(unpack):
    np.testing.assert_allclose(unpack("a").third_axis().values, (np.arange(4) + 0.5) / 18)
    spaced = unpack("a", spacing=2.5).third_axis()
    np.testing.assert_allclose(spaced.values, (np.arange(4) + 0.5) * 2.5 / 18)


def test_unaries_are_shown_where_there_is_no_image(folder, unpack):
    picture = unpack("b").read()
    assert picture.scribbles is picture.ground_truth is None
    np.testing.assert_allclose(picture.unaries, 0.25)
    np.testing.assert_allclose(picture.image, 0.25, atol=1 / 255)


def test_objects_can_be_merged(unpack):
    item = unpack("a", objects="merge")
    assert item.scribbled == 1
    stored = make_scribbles()
    expected = np.where(stored == 9, 255, np.minimum(stored, 1))
    np.testing.assert_array_equal(item.scribbles(), expected)


def _save(kind, array):
    def change(folder):
        for old in (folder / kind).glob("a.*"):
            old.unlink()
        np.save(folder / kind / "a.npy", array)

    return change


def _damage(folder):
    (folder / "images" / "a.tif").write_bytes(b"II*")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_damage, r"images/a\.tif is damaged, truncated"),
        (_save("images", np.zeros(GRID[1:])), r"images/a\.npy has shape \(16, 18\), expected"),
        (_save("unaries", np.full(GRID, -0.5)), r"unaries/a\.npy holds values from -0\.5 to"),
        (_save("unaries", np.zeros((4, 18, 16))), r"unaries/a\.npy: the unaries are 16 x 18 x 4"),
        (_save("scribbles", np.zeros(GRID)), r"scribbles/a\.npy holds values of type float64"),
        (_save("scribbles", np.zeros(GRID, np.uint8)), r"scribbles/a\.npy: there is no scribble"),
        (_save("scribbles", np.full(GRID, 5, np.uint8)), r"scribbles/a\.npy holds the values 5"),
        (_save("scribbles", make_scribbles()[1:]), r"scribbles/a\.npy: the scribbles are"),
        (_save("ground_truth", np.ones((4, 8, 18), int)), r"ground_truth/a\.npy: the ground truth"),
        (_save("ground_truth", np.full(GRID, -3)), r"ground_truth/a\.npy holds the values -3"),
        (
            lambda folder: np.save(folder / "images" / "a.npy", make_grey()),
            "share a name: keep one",
        ),
    ],
)
def test_bad_volumes_are_named(folder, unpack, change, message):
    change(folder)
    with pytest.raises(UserError, match=message) as caught:
        unpack("a")
    assert "\n" not in str(caught.value)
    assert not (folder.parent / "out").exists()


def test_missing_volumes_are_told(folder, unpack):
    with pytest.raises(UserError, match="images holds no volume named 'c'"):
        unpack("c")
    with pytest.raises(UserError, match="items: there is no 'c' among a, b"):
        read_entry({**ENTRY, "items": ["c"]}).names(folder.parent)
    with pytest.raises(UserError, match="none does not exist or is no folder"):
        read_entry({**ENTRY, "path": "none"}).names(folder.parent)
    for path in folder.glob("*/*"):
        path.unlink()
    with pytest.raises(
        UserError, match=r"own holds no volumes \(\.tif, \.tiff, \.npy\) in images/"
    ):
        read_entry(ENTRY).names(folder.parent)


STACK = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 10


COLOURED = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3), np.uint8)


def save(path: Path, array: np.ndarray) -> Path:
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        photometric = "rgb" if array.ndim > 2 and array.shape[-1] == 3 else "minisblack"
        tifffile.imwrite(path, array, photometric=photometric)
    return path


@pytest.mark.parametrize("file", ["a.npy", "a.tif", "a.TIFF"])
@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (STACK, STACK / 255),
        (STACK.astype(np.uint16) * 250, STACK * (250 / 65535)),
        (STACK.astype(np.float32) - 7, STACK - 7.0),
        (STACK.astype(np.float64), STACK),
    ],
)
def test_values_and_axes(
    file: str, array: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    volume = read_volume(save(tmp_path / file, array))
    assert volume.dtype == np.float32
    assert volume.shape == (2, 3, 4)
    np.testing.assert_allclose(volume, expected, rtol=1e-6)


def test_truth_values_become_zero_and_one(tmp_path: Path) -> None:
    volume = read_volume(save(tmp_path / "a.npy", STACK > 100))
    assert set(np.unique(volume)) == {0, 1}


def test_one_page_is_a_stack_of_one(tmp_path: Path) -> None:
    assert read_volume(save(tmp_path / "a.tif", STACK[0])).shape == (1, 3, 4)


@pytest.mark.parametrize(
    ("file", "array", "message"),
    [
        ("a.npy", STACK[0], r"shape \(3, 4\), expected \(depth, height, width\)"),
        ("a.npy", STACK[None], "expected"),
        ("a.npy", STACK[:0], "no pixels|empty"),
        ("a.npy", STACK * 1j, "complex"),
        ("a.npy", STACK.astype(np.int16) - 50, "negative"),
        ("a.npy", np.where(STACK > 20, np.nan, 0.0), "NaN"),
        ("a.npy", np.full((2, 3, 4), 1e300), "infinite"),
        ("a.tif", COLOURED, "coloured"),
        ("a.tif", COLOURED[0], "coloured"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_what_is_no_grey_stack_is_refused(
    file: str, array: np.ndarray, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        read_volume(save(tmp_path / file, array))


def test_pages_of_different_sizes_are_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.zeros((4, 5), np.uint8))
        file.write(np.zeros((6, 5), np.uint8))
    with pytest.raises(UserError, match="different sizes"):
        read_volume(tmp_path / "a.tif")


def test_pickled_arrays_are_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="is damaged, truncated or of a kind"):
        read_volume(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.tif", b"not a tiff", "does not begin like a TIFF file"),
        ("a.tif", b"", "is empty"),
        ("a.npy", b"", "is empty"),
        ("a.npy", b"not an array", "is damaged, truncated"),
        ("a.png", b"x", r"save it as one of \.tif"),
        ("a.npy", None, "does not exist"),
    ],
)
def test_damaged_and_missing_files(
    file: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_volume(tmp_path / file)


def test_voxels_are_cubes() -> None:
    third = slice_coordinates(5, 20, 40)
    step = np.diff(pixel_coordinates(20, 40)[0, :, 0])[0]
    np.testing.assert_allclose(np.diff(third.values), step)
    assert third.name == "z"
    assert third.values[0] == pytest.approx(0.5 / 40)
    np.testing.assert_allclose(slice_coordinates(5, 20, 40, spacing=3).values, third.values * 3)


BALL = np.indices((4, 6, 8)).sum(0) % 5 > 2


@pytest.mark.parametrize("file", ["a.npy", "a.tif"])
@pytest.mark.parametrize(
    "stored",
    [
        BALL.astype(np.uint8),
        BALL.astype(np.uint8) * 255,
        BALL.astype(np.uint16),
        BALL.astype(np.uint16) * 4095,
        BALL.astype(np.int32),
        BALL.astype(np.int64),
    ],
)
def test_masks_of_any_type_are_read_as_masks(file, stored, tmp_path):
    path = save(tmp_path / file, stored)
    np.testing.assert_array_equal(read_volume(path), BALL)
    np.testing.assert_array_equal(read_volume(path, holds="labels"), stored)


def test_ids_are_read_as_what_they_are_said_to_be(tmp_path):
    ids = np.arange(24, dtype=np.int64).reshape(2, 3, 4)
    path = save(tmp_path / "a.tif", ids)
    with pytest.raises(UserError, match="may be ids of objects"):
        read_volume(path)
    np.testing.assert_array_equal(read_volume(path, holds="mask"), ids > 0)
    np.testing.assert_array_equal(read_volume(path, holds="labels"), ids)
    np.testing.assert_allclose(read_volume(path, holds="brightness"), ids / 23, rtol=1e-6)
    np.testing.assert_allclose(
        read_volume(path, value_range=(0, 46), holds="brightness").max(), 0.5
    )


def test_channels_and_axes_of_volumes(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", array, imagej=True, metadata={"axes": "ZCYX"})
    with pytest.raises(UserError, match="holds 3 channels"):
        read_volume(tmp_path / "a.tif")
    one = read_volume(tmp_path / "a.tif", select={"channel": 2})
    np.testing.assert_allclose(one, array[:, 2] / 255, rtol=1e-6)
    np.save(tmp_path / "a.npy", array[:, 0])
    turned = read_volume(tmp_path / "a.npy", axes="YXZ")
    np.testing.assert_allclose(turned, array[:, 0].transpose(2, 0, 1) / 255, rtol=1e-6)
    with pytest.raises(UserError, match=r"has 3 axes .* but axes names 4"):
        read_volume(tmp_path / "a.npy", axes="TZYX")


def test_a_header_of_npy_that_asks_for_more_than_the_file_holds(tmp_path):
    path = save(tmp_path / "a.npy", STACK)
    path.write_bytes(path.read_bytes().replace(b"(2, 3, 4)", b"(9, 9, 9)"))
    with pytest.raises(UserError, match="is damaged, truncated"):
        read_volume(path)


def test_volumes_of_few_bits_and_of_masks(folder, unpack, caplog):
    stored = make_grey().astype(np.uint16) * 16
    _save("images", stored)(folder)
    _save("unaries", (make_grey() > 128).astype(np.int64))(folder)
    picture = unpack("a").read()
    top = float(stored.max())
    np.testing.assert_allclose(picture.image[..., 0], stored / top, atol=1e-4)
    assert "images/a.npy: brightness is taken from 0 to" in caplog.text
    np.testing.assert_array_equal(picture.unaries, make_grey() > 128)
