import json

import numpy as np
import pytest

from isr.data.videos import VideoFrame, frame_file, read_video, write_video
from isr.errors import UserError
from isr.io import read_png, write_png

ABOUT = {"name": "v", "object": 2, "source": "s", "licence": "l"}


def make_frames(count=3, size=(4, 6)):
    for number in range(count):
        image = np.full((*size, 3), number * 10, np.uint8)
        objects = None
        if number != 1:
            objects = np.zeros(size, np.uint8)
            objects[0], objects[1] = 1, 2
        yield VideoFrame(image, objects, file=f"v_{number + 1:02d}")


def test_round_trip(tmp_path):
    write_video(tmp_path / "v", make_frames(), notes=["odd"], **ABOUT)
    video = read_video(tmp_path / "v")
    assert (len(video), video.size, video.annotated, video.object) == (3, (4, 6), (0, 2), 2)
    assert (video.name, video.source, video.licence, video.notes) == ("v", "s", "l", ("odd",))
    assert video.files == ("v_01", "v_02", "v_03")
    assert (video.frame(2) == 20).all()
    assert video.ground_truth(1) is None
    assert video.objects(1) is None
    np.testing.assert_array_equal(video.objects(2)[:, 0], [1, 2, 0, 0])
    np.testing.assert_array_equal(video.ground_truth(2)[:, 0], [0, 255, 0, 0])


def test_unknown_pixels_are_marked(tmp_path):
    objects = np.full((4, 6), 2, np.uint8)
    unknown = np.zeros((4, 6), bool)
    unknown[0] = True
    frame = VideoFrame(np.zeros((4, 6, 3), np.uint8), objects, unknown)
    video = write_video(tmp_path / "v", [frame], **ABOUT)
    np.testing.assert_array_equal(video.ground_truth(0)[:, 0], [128, 255, 255, 255])


def test_frames_are_drawn_one_at_a_time(tmp_path):
    alive = []

    def frames():
        for frame in make_frames(5):
            alive.append(frame)
            yield frame
            files = list((tmp_path).glob(".v.*/frames/*.png"))
            assert len(files) == len(alive)

    write_video(tmp_path / "v", frames(), **ABOUT)
    assert len(alive) == 5


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "has no frames"),
        ([VideoFrame(np.zeros((4, 6), np.uint8))], "expected RGB"),
        ([VideoFrame(np.zeros((4, 6, 3)))], "expected RGB"),
        ([*make_frames(1), *make_frames(1, (4, 5))], "frame 1 is 5 x 4 pixels, the first frame"),
        (
            [VideoFrame(np.zeros((4, 6, 3), np.uint8), np.zeros((3, 6), np.uint8))],
            "frame 0's annotation is 6 x 3",
        ),
    ],
)
def test_wrong_frames_leave_nothing_behind(tmp_path, frames, message):
    with pytest.raises(UserError, match=message):
        write_video(tmp_path / "v", frames, **ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_or_damaged_is_told(tmp_path):
    with pytest.raises(UserError, match="unpack the video first"):
        read_video(tmp_path)
    folder = tmp_path / "v"
    video = write_video(folder, make_frames(), **ABOUT)
    with pytest.raises(UserError, match="there is no frame 3"):
        video.frame(3)
    write_png(folder / "frames" / frame_file(0), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(UserError, match="unpack the video again"):
        video.frame(0)
    write_png(folder / "frames" / frame_file(0), np.zeros((4, 6), np.uint8))
    with pytest.raises(UserError, match="not RGB"):
        video.frame(0)
    (folder / "frames" / frame_file(1)).unlink()
    with pytest.raises(UserError, match="does not exist"):
        video.frame(1)
    content = json.loads((folder / "video.json").read_text())
    del content["annotated"]
    (folder / "video.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="is damaged"):
        read_video(folder)


def test_files_are_as_declared(tmp_path):
    write_video(tmp_path / "v", make_frames(), **ABOUT)
    names = sorted(str(p.relative_to(tmp_path / "v")) for p in (tmp_path / "v").rglob("*.*"))
    assert names == [
        *(f"frames/0000{n}.png" for n in range(3)),
        *(f"ground_truth/0000{n}.png" for n in (0, 2)),
        *(f"objects/0000{n}.png" for n in (0, 2)),
        "video.json",
    ]
    assert read_png(tmp_path / "v/frames/00001.png").shape == (4, 6, 3)


def test_a_frame_with_transparency_is_not_rgb(tmp_path):
    frames = [VideoFrame(np.zeros((4, 5, 3), np.uint8))]
    video = write_video(tmp_path / "v", frames, name="v", object=1, source="", licence="")
    write_png(tmp_path / "v" / "frames" / "00000.png", np.zeros((4, 5, 4), np.uint8))
    with pytest.raises(UserError, match=r"00000\.png is not RGB: unpack"):
        video.frame(0)
