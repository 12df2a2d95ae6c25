"""What people give: painted and coded strokes, boxes and points, stacks, clips, masks."""

import cv2
import numpy as np
import pytest
import tifffile
from painted_discs import painted
from PIL import Image

from isr.app import given
from isr.data.pictures import Picture
from isr.errors import UserError


def test_painted_strokes(files, drawn):
    picture = given.read_subject(files / "photo.png")
    read = given.with_strokes(picture, files / "strokes.png")
    np.testing.assert_array_equal(read.scribbles, drawn.scribbles)


def test_painted_strokes_on_paper(files, drawn):
    layer = painted(drawn.scribbles)
    colours = np.where(layer[..., 3:] > 0, layer[..., :3], 255).astype(np.uint8)
    Image.fromarray(colours).save("opaque.png")
    read = given.with_strokes(given.read_subject(files / "photo.png"), files / "opaque.png")
    np.testing.assert_array_equal(read.scribbles, drawn.scribbles)


@pytest.mark.parametrize(
    ("values", "background"),
    [(None, 255), ({"none": 0, "object": 1, "background": 2}, 2)],
)
def test_coded_strokes(files, drawn, values, background):
    stored = np.where(drawn.scribbles == 255, background, drawn.scribbles).astype(np.uint8)
    Image.fromarray(stored).save("coded.png")
    read = given.with_strokes(given.read_subject(files / "photo.png"), files / "coded.png", values)
    np.testing.assert_array_equal(read.scribbles, drawn.scribbles)


def test_strokes_without_background_are_told(files, drawn):
    Image.fromarray(painted(np.where(drawn.scribbles == 1, 1, 0))).save("half.png")
    with pytest.raises(UserError, match="the background has no scribble"):
        given.with_strokes(given.read_subject(files / "photo.png"), files / "half.png")


def test_a_box_is_background_outside_and_object_in_its_middle():
    said = given.prompted((40, 60), box=(10, 5, 50, 35))
    assert (said[:, :10] == 255).all()
    assert (said[:5] == 255).all()
    assert said[20, 30] == 1
    assert said[7, 12] == 0


def test_points():
    said = given.prompted((40, 60), points=[(30, 20)], background=[(2, 2)])
    assert said[20, 30] == 1
    assert said[2, 2] == 255
    assert 0 < (said == 1).sum() < 12
    # With a point, the middle of a box is not taken for object.
    assert given.prompted((40, 60), (10, 5, 50, 35), [(15, 10)])[20, 30] == 0


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ({"box": (10, 5, 8, 35)}, "correct it"),
        ({"box": (10, 5, 80, 35)}, "correct it"),
        ({"points": [(70, 2)]}, "lies outside"),
    ],
)
def test_prompts_outside_are_told(prompt, words):
    with pytest.raises(UserError, match=words):
        given.prompted((40, 60), **prompt)


def test_a_stack_is_a_volume_and_a_page_a_picture(tmp_path):
    stack = np.arange(2 * 4 * 6, dtype=np.uint8).reshape(2, 4, 6)
    tifffile.imwrite(tmp_path / "stack.tif", stack)
    tifffile.imwrite(tmp_path / "page.tif", stack[0])
    volume = given.read_subject(tmp_path / "stack.tif", spacing=3.0)
    assert volume.grid == (2, 4, 6)
    assert np.diff(volume.third.values)[0] == pytest.approx(3 / 6)
    assert given.read_subject(tmp_path / "page.tif").third is None


def test_a_clip_and_a_folder_of_frames(tmp_path):
    frames = np.zeros((4, 32, 48, 3), np.uint8)
    frames[:, 8:24, 8:24] = 200
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (48, 32)
    )
    (tmp_path / "frames").mkdir()
    for number, frame in enumerate(frames):
        writer.write(frame)
        Image.fromarray(frame).save(tmp_path / "frames" / f"{number}.png")
    writer.release()
    Image.fromarray(frames[0]).save(
        tmp_path / "clip.gif", save_all=True, append_images=[Image.fromarray(f) for f in frames[1:]]
    )
    clips = [given.read_subject(tmp_path / "clip.avi"), given.read_subject(tmp_path / "clip.gif")]
    clips.append(given.read_subject(tmp_path / "frames", frames=True))
    assert [clip.third.name for clip in clips] == ["t"] * 3
    assert clips[0].grid == clips[2].grid == (4, 32, 48)
    assert np.abs(clips[0].image - clips[2].image).max() < 0.1


def test_strokes_on_some_frames(tmp_path):
    third = given.ThirdAxis("t", np.linspace(0, 1, 12))
    clip = Picture("clip", np.zeros((12, 20, 24, 3), np.float32), third=third)
    layer = np.zeros((20, 24), np.uint8)
    layer[5:8, 5:8], layer[15] = 1, 255
    (tmp_path / "strokes").mkdir()
    Image.fromarray(painted(layer)).save(tmp_path / "strokes" / "frame_10.png")
    read = given.with_strokes(clip, tmp_path / "strokes")
    assert (read.scribbles[10] == layer).all()
    assert not np.delete(read.scribbles, 10, axis=0).any()
    Image.fromarray(painted(layer)).save(tmp_path / "strokes" / "frame_12.png")
    Image.fromarray(painted(layer)).save(tmp_path / "first7.png")
    read = given.with_strokes(clip, tmp_path / "first7.png")
    assert (read.scribbles[0] == layer).all()
    assert not read.scribbles[1:].any()
    with pytest.raises(UserError, match="number of a frame from 0 to 11"):
        given.with_strokes(clip, tmp_path / "strokes")


def test_unaries_of_other_programs(tmp_path):
    values = np.linspace(0, 1, 24).reshape(4, 6)
    Image.fromarray((values * 65535).astype(np.uint16)).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", values)
    for name in ("a.png", "b.npy"):
        read = given.read_unaries(tmp_path / name, (4, 6))
        np.testing.assert_allclose(read, values, atol=1e-4)
    with pytest.raises(UserError, match="make them the same size"):
        given.read_unaries(tmp_path / "a.png", (5, 6))
    np.save(tmp_path / "c.npy", values * 3)
    with pytest.raises(UserError, match="rescale it"):
        given.read_unaries(tmp_path / "c.npy", (4, 6))
