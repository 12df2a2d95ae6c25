import pytest
from PIL import Image

from isr.data.frame_files import list_frames, opened
from isr.errors import UserError


@pytest.mark.parametrize(
    "names",
    [
        ["f2.png", "f10.png", "f100.png"],
        ["frame_2.jpg", "frame_10.JPG", "frame_11.jpeg"],
        ["a.ppm", "a1.ppm", "b.ppm"],
        ["1-9.png", "1-10.png", "2-1.png"],
        ["f01.png", "f1.png"],
        ["2024-01-02 shot.png", "2024-01-10 shot.png"],
    ],
)
def test_frames_stand_in_the_natural_order_of_their_names(tmp_path, names):
    for name in reversed(names):
        (tmp_path / name).touch()
    assert [path.name for path in list_frames(tmp_path)] == names


def test_what_is_no_frame_is_passed_over(tmp_path):
    for name in ("f1.png", "._f1.png", ".f2.png", "notes.txt", "clip.mp4", "f3.tif"):
        (tmp_path / name).touch()
    assert [path.name for path in list_frames(tmp_path)] == ["f1.png"]


def test_a_frame_in_two_formats_is_told(tmp_path):
    for name in ("f1.png", "f1.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"f1\.png and f1\.jpg share a name: keep one"):
        list_frames(tmp_path)


def test_only_pictures_of_the_known_formats_are_opened(tmp_path):
    path = tmp_path / "f1.png"
    Image.new("RGB", (4, 4)).save(path, "GIF")
    with pytest.raises(UserError, match=r"f1\.png cannot be read as a picture"), opened(path):
        pass
