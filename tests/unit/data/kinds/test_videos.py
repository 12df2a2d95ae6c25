import numpy as np
import pytest
from PIL import Image

from isr.data import own_video
from isr.data.videos import read_video
from isr.errors import UserError

SIZE = (8, 10)
GREYS = {"f9.png": 10, "f10.ppm": 20, "f11.jpg": 30}


def picture(grey, size=SIZE):
    return Image.fromarray(np.full((*size, 3), grey, np.uint8))


@pytest.fixture
def clip(tmp_path):
    """A folder of three frames of increasing brightness."""
    folder = tmp_path / "clip"
    folder.mkdir()
    for name, grey in GREYS.items():
        picture(grey).save(folder / name)
    return folder


@pytest.fixture
def unpacked(clip, tmp_path):
    """Unpacks the folder as it is by then."""
    return lambda: own_video.unpack(clip, "clip", tmp_path / "out")


def test_a_folder_of_frames_becomes_a_video_without_annotation(clip, unpacked, tmp_path):
    (clip / "notes.txt").write_text("not a frame")
    video = unpacked()
    assert (video.name, len(video), video.size, video.annotated) == ("clip", 3, SIZE, ())
    assert [int(video.frame(number).mean()) for number in range(3)] == [10, 20, 30]
    assert video.files == ("f9", "f10", "f11")
    assert (video.source, video.licence) == ("a folder of frames", "not stated")
    assert video.ground_truth(0) is None
    assert read_video(tmp_path / "out").files == video.files


def test_greys_palettes_and_transparency_become_rgb(clip, unpacked):
    Image.new("L", SIZE[::-1], 7).save(clip / "f9.png")
    colours = Image.new("P", SIZE[::-1], 1)
    colours.putpalette([0, 0, 0, 200, 100, 50])
    colours.save(clip / "f12.png")
    Image.new("RGBA", SIZE[::-1], (1, 2, 3, 0)).save(clip / "f13.png")
    video = unpacked()
    assert [tuple(video.frame(number)[0, 0]) for number in (0, 3, 4)] == [
        (7, 7, 7),
        (200, 100, 50),
        (1, 2, 3),
    ]


def test_frames_are_turned_upright(clip, unpacked):
    orientation = Image.Exif()
    orientation[0x0112] = 6
    for path in clip.iterdir():
        path.unlink()
    for number in (1, 2):
        sideways = np.zeros((*SIZE[::-1], 3), np.uint8)
        sideways[:, 0] = 255
        Image.fromarray(sideways).save(clip / f"f{number}.png", exif=orientation)
    video = unpacked()
    assert video.size == SIZE
    assert (video.frame(0)[0] == 255).all()
    assert (video.frame(0)[1:] == 0).all()


def shrink(folder):
    picture(20, (4, 6)).save(folder / "f10.ppm")


def cut_off(folder):
    path = folder / "f11.jpg"
    path.write_bytes(path.read_bytes()[:200])


def deepen(folder):
    Image.fromarray(np.full(SIZE, 1000, np.uint16)).save(folder / "f9.png")


def keep(*names):
    def change(folder):
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shrink, r"f10\.ppm is 6 x 4 pixels, f9\.png 10 x 8 \(width x height\): make all frames"),
        (cut_off, r"f11\.jpg cannot be read as a picture"),
        (deepen, r"f9\.png has more than 8 bits a channel: convert it"),
        (keep("f9.png"), r"clip holds only the frame f9\.png, but a video has 2 or more \(\.jpg"),
        (keep(), "clip holds no frames, but a video has 2 or more"),
    ],
)
def test_what_is_wrong_with_frames_is_told(clip, unpacked, tmp_path, change, message):
    change(clip)
    with pytest.raises(UserError, match=message):
        unpacked()
    assert not (tmp_path / "out").exists()


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist or is no folder: put the frames there"):
        own_video.unpack(tmp_path / "none", "none", tmp_path / "out")
