from pathlib import Path

import numpy as np
import pytest
import tifffile

from isr.coordinates import pixel_coordinates
from isr.data.kinds.volumes import read_volume, slice_coordinates
from isr.errors import UserError

STACK = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 10


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
        ("a.npy", STACK[:0], "expected"),
        ("a.npy", STACK * 1j, "complex"),
        ("a.npy", STACK.astype(np.int16) - 50, "negative"),
        ("a.npy", np.where(STACK > 20, np.nan, 0.0), "NaN"),
        ("a.npy", np.full((2, 3, 4), 1e300), "infinite"),
        ("a.tif", np.zeros((2, 5, 5, 3), np.uint8), "coloured"),
        ("a.tif", np.zeros((5, 5, 3), np.uint8), "coloured"),
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
    with pytest.raises(UserError, match="cannot be read as NPY"):
        read_volume(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.tif", b"not a tiff", "cannot be read as TIFF"),
        ("a.tif", b"", "cannot be read as TIFF"),
        ("a.npy", b"", "cannot be read as NPY"),
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
