import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from isr.coordinates import ThirdAxis
from isr.data.items import (
    Frame,
    find_items,
    frame_file,
    pixels,
    read_item,
    write_picture,
    write_video,
)
from isr.data.pictures import Picture
from isr.errors import UserError
from isr.io import read_png, write_png

ABOUT = {"name": "v", "object": 2, "source": "s", "licence": "l"}


def make_picture(grid=(4, 6), third=None, **known):
    generator = np.random.default_rng(0)
    return Picture(
        "007",
        (generator.integers(0, 256, (*grid, 3)) / np.float32(255)).astype(np.float32),
        ground_truth=generator.choice(np.array([0, 128, 255], np.uint8), grid),
        third=third,
        text="A test. Unaries: noise.",
        source="nowhere",
        licence="none",
        **known,
    )


def make_unaries(grid=(4, 6)):
    return np.random.default_rng(1).uniform(0, 1, grid).astype(np.float16).astype(np.float32)


def make_scribbles(objects=1, grid=(4, 6)):
    scribbles = np.zeros(grid, np.uint8)
    scribbles[..., 0, :], scribbles[..., 3, :] = 1, 255
    if objects == 2:
        scribbles[..., 0, 3:] = 2
    return scribbles


TIMES = ThirdAxis("t", np.linspace(0, 1, 3))
INSTANCES = np.array([[1, 1, 2, 2, 0, 0]] * 4, np.uint8)
PICTURES = {
    "plain": make_picture(unaries=make_unaries()),
    "scribbled": make_picture(scribbles=make_scribbles()),
    "without truth": replace(make_picture(scribbles=make_scribbles()), ground_truth=None),
    "objects": make_picture(scribbles=make_scribbles(2), instances=INSTANCES),
    "depth": make_picture(
        third=ThirdAxis("depth", np.linspace(0, 1, 24).reshape(4, 6)), scribbles=make_scribbles()
    ),
    "video": make_picture((3, 4, 6), TIMES, unaries=make_unaries((3, 4, 6))),
    "scribbled video": make_picture((3, 4, 6), TIMES, scribbles=make_scribbles(2, (3, 4, 6))),
    "volume": make_picture((12, 4, 6), ThirdAxis("z", np.arange(12) / 6)),
    "one slice": make_picture((1, 4, 6), ThirdAxis("z", np.zeros(1))),
}


def assert_equal(found, expected):
    for key in ("name", "text", "source", "licence"):
        assert getattr(found, key) == getattr(expected, key)
    for key in ("image", "scribbles", "ground_truth", "instances", "unaries"):
        a, b = getattr(found, key), getattr(expected, key)
        assert (a is None) == (b is None), key
        if a is not None:
            assert a.dtype == b.dtype, key
            np.testing.assert_array_equal(a, b)
    assert (found.third is None) == (expected.third is None)
    if found.third is not None:
        assert found.third.name == expected.third.name
        assert found.third.values.dtype == np.float64
        np.testing.assert_array_equal(found.third.values, expected.third.values)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_written_picture_is_read_again(kind, tmp_path):
    picture = PICTURES[kind]
    item = write_picture(tmp_path / "item", picture)
    again = read_item(tmp_path / "item")
    assert vars(again) == vars(item)
    assert_equal(again.read(), picture)
    assert (again.grid, again.size, again.scribbled) == (
        picture.grid,
        picture.size,
        picture.objects,
    )
    assert pixels(again) == np.prod(picture.grid)
    assert again.is_video == (kind in ("video", "scribbled video"))
    assert (again.third_axis() is None) == (picture.third is None)
    scene = again.scene("isotropic")
    assert (scene.height, scene.width) == picture.size
    assert find_items([tmp_path / "item"])["007"].folder == tmp_path / "item"


def test_what_is_not_wanted_is_not_read(tmp_path):
    item = write_picture(tmp_path / "item", PICTURES["objects"])
    for kind in ("frames", "ground_truth", "objects"):
        (tmp_path / "item" / kind / frame_file(0)).unlink()
    picture = item.read(image=False, truth=False)
    assert not picture.image.any()
    assert picture.ground_truth is picture.instances is None
    np.testing.assert_array_equal(picture.scribbles, PICTURES["objects"].scribbles)


def test_the_truth_of_one_object_is_known(tmp_path):
    item = write_picture(tmp_path / "item", PICTURES["objects"])
    whole = item.ground_truth()
    for number in (1, 2):
        expected = np.where(number == INSTANCES, 255, 0)
        expected[whole == 128] = 128
        np.testing.assert_array_equal(item.truth_of(0, number), expected)
        np.testing.assert_array_equal(item.of_object(number).ground_truth(), expected)
    plain = write_picture(tmp_path / "plain", PICTURES["plain"])
    assert plain.truth_of(0, 1) is plain.objects() is None


@given(arrays.arrays(np.float32, (3, 2), elements=st.floats(0, 1, width=32)))
def test_stored_probabilities_stay_probabilities(tmp_path_factory, unaries):
    folder = tmp_path_factory.mktemp("items") / "item"
    image = np.zeros((3, 2, 3), np.float32)
    found = write_picture(folder, Picture("a", image, unaries=unaries)).unaries()
    np.testing.assert_allclose(found, unaries, atol=2.5e-4)
    assert found.min() >= 0
    assert found.max() <= 1


def files_of(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_layout_is_the_documented_one(tmp_path):
    item = write_picture(tmp_path / "a", PICTURES["video"])
    frames = [f"{kind}/0000{k}.png" for kind in ("frames", "ground_truth") for k in range(3)]
    assert files_of(tmp_path / "a") == [*frames, "item.json", "third.npy", "unaries.npy"]
    item = write_picture(tmp_path / "a", PICTURES["objects"])
    kinds = ("frames", "ground_truth", "objects", "scribbles")
    assert files_of(tmp_path / "a") == sorted([*(f"{k}/00000.png" for k in kinds), "item.json"])
    # What is scored is not what is fitted to.
    assert sorted(str(path.relative_to(tmp_path / "a")) for path in item.all_files()) == [
        "frames/00000.png",
        "item.json",
        "scribbles/00000.png",
    ]


def test_a_bad_picture_leaves_the_old_one(tmp_path):
    write_picture(tmp_path / "a", PICTURES["plain"])
    bad = replace(PICTURES["plain"], unaries=np.full((4, 6), 1.5, np.float32))
    with pytest.raises(UserError, match=r"^007: .*unaries reach from 1\.5 to 1\.5"):
        write_picture(tmp_path / "a", bad)
    assert_equal(read_item(tmp_path / "a").read(), PICTURES["plain"])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _read_all(folder):
    item = read_item(folder)
    item.read()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("item.json", None, r"item\.json does not exist: unpack the data set first"),
        ("item.json", b"[]", r"item\.json is damaged"),
        ("item.json", b"{", r"item\.json is not valid JSON"),
        ("unaries.npy", b"", r"unaries\.npy is damaged"),
        ("third.npy", None, r"third\.npy does not exist"),
        ("third.npy", b"no array", r"third\.npy is damaged"),
        ("frames/00001.png", None, r"00001\.png does not exist"),
        ("frames/00001.png", b"", r"00001\.png cannot be read as a picture"),
        ("ground_truth/00002.png", None, r"ground_truth/00002\.png does not exist"),
    ],
)
def test_a_damaged_folder_is_one_sentence(file, content, message, tmp_path):
    write_picture(tmp_path / "a", PICTURES["video"])
    path = tmp_path / "a" / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        _read_all(tmp_path / "a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("third", "y"), ("frames", None), ("annotated", 3), ("object", "two"), ("height", "tall")],
)
def test_a_damaged_description_is_one_sentence(key, value, tmp_path):
    write_picture(tmp_path / "a", PICTURES["plain"])
    content = json.loads((tmp_path / "a" / "item.json").read_text())
    assert key in content
    (tmp_path / "a" / "item.json").write_text(json.dumps({**content, key: value}))
    with pytest.raises(UserError, match=r"item\.json is damaged .*: unpack the item again"):
        read_item(tmp_path / "a")
    del content[key]
    (tmp_path / "a" / "item.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"item\.json is damaged"):
        read_item(tmp_path / "a")


def test_files_of_another_size_are_told(tmp_path):
    item = write_picture(tmp_path / "a", PICTURES["plain"])
    np.save(tmp_path / "a" / "unaries.npy", np.zeros((6, 4), np.float16))
    with pytest.raises(UserError, match=r"unaries\.npy has shape \(6, 4\), expected \(4, 6\)"):
        item.unaries()
    write_png(tmp_path / "a" / "ground_truth" / "00000.png", np.zeros((4, 6), np.uint16))
    with pytest.raises(UserError, match=r"00000\.png has shape \(4, 6\) \(uint16\)"):
        item.ground_truth()


def make_frames(count=3, size=(4, 6)):
    for number in range(count):
        image = np.full((*size, 3), number * 10, np.uint8)
        objects = None
        if number != 1:
            objects = np.zeros(size, np.uint8)
            objects[0], objects[1] = 1, 2
        yield Frame(image, objects, file=f"v_{number + 1:02d}")


def test_a_video_is_read_again_frame_by_frame(tmp_path):
    write_video(tmp_path / "v", make_frames(), notes=["odd"], named=False, **ABOUT)
    video = read_item(tmp_path / "v")
    assert (len(video), video.size, video.annotated, video.object) == (3, (4, 6), (0, 2), 2)
    assert (video.name, video.source, video.licence, video.notes) == ("v", "s", "l", ("odd",))
    assert (video.is_video, video.named) == (True, False)
    assert video.files == ("v_01", "v_02", "v_03")
    assert (video.frame(2) == 20).all()
    np.testing.assert_array_equal(video.third_axis().values, [0, 0.5, 1])
    assert video.ground_truth(1) is video.objects(1) is None
    np.testing.assert_array_equal(video.objects(2)[:, 0], [1, 2, 0, 0])
    np.testing.assert_array_equal(video.ground_truth(2)[:, 0], [0, 255, 0, 0])
    # Not all frames are annotated: there is no truth of the whole.
    assert video.read().ground_truth is None
    other = video.of_object(1)
    np.testing.assert_array_equal(other.ground_truth(2)[:, 0], [255, 0, 0, 0])
    assert files_of(tmp_path / "v") == [
        *(f"frames/0000{n}.png" for n in range(3)),
        *(f"ground_truth/0000{n}.png" for n in (0, 2)),
        "item.json",
        *(f"objects/0000{n}.png" for n in (0, 2)),
        "third.npy",
    ]
    assert read_png(tmp_path / "v/frames/00001.png").shape == (4, 6, 3)


def test_unknown_pixels_are_marked(tmp_path):
    objects = np.full((4, 6), 2, np.uint8)
    unknown = np.zeros((4, 6), bool)
    unknown[0] = True
    frame = Frame(np.zeros((4, 6, 3), np.uint8), objects, unknown)
    video = write_video(tmp_path / "v", [frame], **ABOUT)
    np.testing.assert_array_equal(video.ground_truth(0)[:, 0], [128, 255, 255, 255])
    np.testing.assert_array_equal(video.of_object(1).ground_truth(0)[:, 0], [128, 0, 0, 0])


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
        ([Frame(np.zeros((4, 6), np.uint8))], "expected RGB"),
        ([Frame(np.zeros((4, 6, 3)))], "expected RGB"),
        ([*make_frames(1), *make_frames(1, (4, 5))], "frame 1 is 5 x 4 pixels, the first frame"),
        (
            [Frame(np.zeros((4, 6, 3), np.uint8), np.zeros((3, 6), np.uint8))],
            "frame 0's annotation is 6 x 3",
        ),
    ],
)
def test_wrong_frames_leave_nothing_behind(tmp_path, frames, message):
    with pytest.raises(UserError, match=message):
        write_video(tmp_path / "v", frames, **ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_do_not_fit_are_told(tmp_path):
    folder = tmp_path / "v"
    video = write_video(folder, make_frames(), **ABOUT)
    with pytest.raises(UserError, match="v: there is no frame 3: there are 3, from 0"):
        video.frame(3)
    for array, message in (
        (np.zeros((2, 2, 3), np.uint8), "expected 8 bits and 6 x 4 .*: unpack v again"),
        (np.zeros((4, 6), np.uint8), r"00000\.png is not RGB: unpack v again"),
        (np.zeros((4, 6, 4), np.uint8), r"00000\.png is not RGB: unpack v again"),
    ):
        write_png(folder / "frames" / frame_file(0), array)
        with pytest.raises(UserError, match=message):
            video.frame(0)


def test_colours_are_corrupted_as_they_are_read_and_nothing_else_is(tmp_path):
    depth = ThirdAxis("depth", np.ones((4, 6)))
    scribbles = np.repeat(np.array([[1], [255]], np.uint8), 2, 0) + np.zeros((4, 6), np.uint8)
    clean = write_picture(tmp_path / "p", make_picture(third=depth, scribbles=scribbles))
    noisy = clean.corrupted("gaussian_noise", 3)
    assert (noisy.frame() != clean.frame()).any()
    np.testing.assert_allclose(noisy.image(), noisy.frame() / 255, atol=1e-6)
    np.testing.assert_array_equal(noisy.read().image, noisy.image())
    np.testing.assert_array_equal(noisy.ground_truth(), clean.ground_truth())
    np.testing.assert_array_equal(noisy.scribbles(), clean.scribbles())
    assert noisy == clean.corrupted("gaussian_noise", 3) != clean.corrupted("gaussian_noise", 4)
    # From the item as it is stored, whatever was done to it before.
    assert noisy.corrupted("contrast", 3) == clean.corrupted("contrast", 4)
    assert noisy.corrupted("clean", 3) == clean == read_item(clean.folder)


def test_slices_of_a_volume_have_noise_of_their_own(tmp_path):
    axis = ThirdAxis("z", np.zeros(2))
    picture = replace(make_picture((2, 4, 6), axis), image=np.full((2, 4, 6, 3), 0.5, np.float32))
    first, second = write_picture(tmp_path / "v", picture).corrupted("shot_noise", 0).image()
    assert (first != second).any()


def test_colours_of_16_bits_stay_so_and_are_shown_at_8(tmp_path):
    fine = np.linspace(0, 1, 4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3) / 40
    picture = replace(make_picture(), image=fine)
    plain = write_picture(tmp_path / "8", picture)
    item = write_picture(tmp_path / "16", replace(picture, bits=16))
    np.testing.assert_allclose(item.image(), fine, atol=0.6 / 65535)
    assert len(np.unique(plain.image())) < 10 < 70 < len(np.unique(item.image()))
    np.testing.assert_array_equal(item.frame(), plain.frame())
    assert item.frame().dtype == np.uint8
    # What is corrupted has 8 bits, as in the paper.
    dark, shown = item.corrupted("contrast", 0), plain.corrupted("contrast", 0)
    np.testing.assert_array_equal(dark.image(), shown.image())
