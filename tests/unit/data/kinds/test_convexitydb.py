import numpy as np
import pytest
from PIL import Image

from isr.data.kinds import convexitydb
from isr.errors import UserError

MASK = np.array([[0, 128, 255], [0, 128, 255]], np.uint8)
TRUTH = np.array([[0, 0, 255], [0, 0, 255]], np.uint8)


def make(folder, numbers, names=("img", "user scribbles", "groun truth"), truth=True):
    images, scribbles, truths = (folder / name for name in names)
    for path in (images, scribbles, *([truths] if truth else [])):
        path.mkdir(parents=True)
    for number in numbers:
        Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(images / f"img_{number}.png")
        Image.fromarray(MASK).save(scribbles / f"scribbleMask_{number}.png")
        if truth:
            Image.fromarray(TRUTH).save(truths / f"GT_{number}.png")


@pytest.mark.parametrize("top", ["", "ConvexityDB"])
@pytest.mark.parametrize(
    "names",
    [
        ("img", "user scribbles", "groun truth"),
        ("images", "user_scribbles", "ground_truth"),
        ("img", "User Scribbles", "ground truth"),
    ],
)
def test_reading(tmp_path, names, top):
    make(tmp_path / top, [1, 10, 2], names)
    (tmp_path / "__MACOSX").mkdir()
    pictures = list(convexitydb.read_folder(tmp_path))
    assert [picture.name for picture in pictures] == ["img_1", "img_2", "img_10"]
    np.testing.assert_array_equal(pictures[0].scribbles, [[0, 255, 1]] * 2)
    np.testing.assert_array_equal(pictures[0].ground_truth, TRUTH)
    assert [p.name for p in convexitydb.read_folder(tmp_path, ["img_10"])] == ["img_10"]


def test_there_are_51_names():
    assert convexitydb.NAMES[0] == "img_1"
    assert convexitydb.NAMES[-1] == "img_51"


def test_ground_truth_may_be_missing_as_a_whole(tmp_path):
    make(tmp_path, [2], truth=False)
    (picture,) = convexitydb.read_folder(tmp_path)
    assert picture.ground_truth is None


@pytest.mark.parametrize(
    "file", ["img/img_1.png", "user scribbles/scribbleMask_1.png", "groun truth/GT_1.png"]
)
def test_missing_files_are_named(tmp_path, file):
    make(tmp_path, [1])
    (tmp_path / file).unlink()
    with pytest.raises(UserError, match=f"{file} does not exist"):
        list(convexitydb.read_folder(tmp_path, ["img_1"]))


def test_unexpected_values(tmp_path):
    make(tmp_path, [1])
    mask = tmp_path / "user scribbles" / "scribbleMask_1.png"
    Image.fromarray(MASK // 128).save(mask)
    with pytest.raises(UserError, match=r"scribbleMask_1\.png holds the values 0, 1, expected exa"):
        list(convexitydb.read_folder(tmp_path))
    Image.fromarray(MASK).save(mask)
    Image.fromarray(TRUTH // 255).save(tmp_path / "groun truth" / "GT_1.png")
    with pytest.raises(UserError, match=r"GT_1\.png holds the values 0, 1, expected 255"):
        list(convexitydb.read_folder(tmp_path))


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not hold ConvexityDB"):
        convexitydb.names(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        convexitydb.names(tmp_path / "none")
