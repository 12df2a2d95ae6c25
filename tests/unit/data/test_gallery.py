import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import unpack_gallery
from isr.coordinates import ThirdAxis
from isr.data import gallery
from isr.data.gallery import GalleryPicture, read_picture, write_picture
from isr.errors import UserError


def picture(grid: tuple[int, ...] = (4, 6), third: ThirdAxis | None = None) -> GalleryPicture:
    generator = np.random.default_rng(0)
    image = np.rint(generator.uniform(0, 255, (*grid, 3))) / 255
    return GalleryPicture(
        name="test",
        image=image.astype(np.float32),
        unaries=generator.uniform(0, 1, grid).astype(np.float16).astype(np.float32),
        third=third,
        text="A test. Unaries: noise.",
        ground_truth=generator.choice(np.array([0, 128, 255], np.uint8), grid),
        source="nowhere",
        licence="none",
    )


def with_scribbles() -> GalleryPicture:
    scribbles = np.zeros((4, 6), np.uint8)
    scribbles[0], scribbles[3] = 1, 255
    depth = ThirdAxis("depth", np.linspace(0, 1, 24).reshape(4, 6))
    return replace(picture(third=depth), unaries=None, scribbles=scribbles)


PICTURES = {
    "plain": picture(),
    "video": picture((3, 4, 6), ThirdAxis("t", np.linspace(0, 1, 3))),
    "volume": picture((12, 4, 6), ThirdAxis("z", np.arange(12) / 6)),
    "one frame": picture((1, 4, 6), ThirdAxis("t", np.zeros(1))),
    "depth": with_scribbles(),
    "scribbled video": replace(
        picture((2, 4, 6), ThirdAxis("t", np.array([0.0, 1.0]))),
        scribbles=np.arange(48, dtype=np.uint8).reshape(2, 4, 6),
    ),
}


def assert_equal(found: GalleryPicture, expected: GalleryPicture) -> None:
    for key in ("name", "text", "source", "licence"):
        assert getattr(found, key) == getattr(expected, key)
    for key in ("image", "unaries", "scribbles", "ground_truth"):
        a, b = getattr(found, key), getattr(expected, key)
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    assert (found.third is None) == (expected.third is None)
    if found.third is not None and expected.third is not None:
        assert found.third.name == expected.third.name
        assert found.third.values.dtype == np.float64
        np.testing.assert_array_equal(found.third.values, expected.third.values)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_written_picture_is_read_again(kind: str, tmp_path: Path) -> None:
    write_picture(tmp_path / "picture", PICTURES[kind])
    assert_equal(read_picture(tmp_path / "picture"), PICTURES[kind])


@given(arrays.arrays(np.float32, (3, 2), elements=st.floats(0, 1, width=32)))
def test_stored_probabilities_stay_probabilities(
    tmp_path_factory: pytest.TempPathFactory, unaries: np.ndarray
) -> None:
    folder = tmp_path_factory.mktemp("gallery") / "picture"
    write_picture(folder, replace(picture((3, 2)), unaries=unaries))
    found = read_picture(folder).unaries
    assert found is not None
    np.testing.assert_allclose(found, unaries, atol=2.5e-4)
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_layout_is_the_documented_one(tmp_path: Path) -> None:
    write_picture(tmp_path / "a", PICTURES["video"])
    found = {str(p.relative_to(tmp_path / "a")) for p in (tmp_path / "a").rglob("*") if p.is_file()}
    frames = {f"{kind}/{k:03}.png" for kind in ("frames", "truth") for k in range(3)}
    assert found == {"unaries.npy", "third.npy", "about.json", *frames}
    write_picture(tmp_path / "a", PICTURES["depth"])
    found = {path.name for path in (tmp_path / "a").iterdir()}
    assert found == {"image.png", "scribbles.png", "third.npy", "truth.png", "about.json"}


def test_a_bad_picture_leaves_the_old_one(tmp_path: Path) -> None:
    write_picture(tmp_path / "a", PICTURES["plain"])
    bad = replace(PICTURES["plain"], unaries=np.full((4, 6), 1.5, np.float32))
    with pytest.raises(UserError, match=r"unaries from 1\.5 to 1\.5"):
        write_picture(tmp_path / "a", bad)
    assert_equal(read_picture(tmp_path / "a"), PICTURES["plain"])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((4, 6), np.float32)}, "image has shape"),
        ({"image": np.full((4, 6, 3), np.nan, np.float32)}, "image from nan"),
        ({"unaries": np.zeros((6, 4), np.float32)}, r"unaries of shape \(6, 4\)"),
        ({"unaries": np.full((4, 6), np.nan, np.float32)}, "unaries from nan"),
        ({"unaries": None}, "neither unaries nor scribbles"),
        ({"scribbles": np.zeros((6, 4), np.uint8)}, "scribbles of shape"),
        ({"ground_truth": np.full((4, 6), 7, np.uint8)}, "other values than 0, 128 and 255"),
        ({"ground_truth": np.zeros((6, 4), np.uint8)}, "ground truth of shape"),
        ({"third": ThirdAxis("t", np.zeros(4))}, "frames need t or z"),
        ({"third": ThirdAxis("depth", np.zeros((6, 4)))}, "third coordinate depth of shape"),
        ({"third": ThirdAxis("depth", np.full((4, 6), np.inf))}, "NaN or infinite"),
    ],
)
def test_what_is_not_valid_is_refused(change: dict, message: str) -> None:
    with pytest.raises(UserError, match=f"^here: .*{message}"):
        gallery.check_picture(replace(picture(), **change), path="here")


def test_scribbles_are_of_every_frame() -> None:
    with pytest.raises(UserError, match=r"scribbles of shape \(4, 6\), expected \(3, 4, 6\)"):
        gallery.check_picture(
            replace(PICTURES["video"], scribbles=np.zeros((4, 6), np.uint8)), path="here"
        )


@pytest.mark.parametrize("name", gallery.names("embedded"))
def test_what_is_said_of_embedded_pictures_without_reading_them(name: str) -> None:
    found = gallery.embedded_load(name)
    assert (found.unaries is None) == (name in gallery.SCRIBBLED)
    assert (found.third is not None) == (name in gallery.WITH_THIRD)


def test_frames_without_a_third_coordinate_are_refused() -> None:
    with pytest.raises(UserError, match="frames need t or z"):
        gallery.check_picture(picture((3, 4, 6)), path="here")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("about.json", None, "about.json does not exist"),
        ("about.json", b"[]", "about.json is damaged"),
        ("about.json", b"{", "about.json is not valid JSON"),
        ("unaries.npy", b"", "unaries.npy is damaged"),
        ("unaries.npy", None, "neither unaries nor scribbles"),
        ("third.npy", None, "third.npy and about.json disagree"),
        ("frames/001.png", None, "image|shape"),
        ("frames/001.png", b"", "cannot be read as a picture"),
    ],
)
def test_a_damaged_folder_is_one_sentence(
    file: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    write_picture(tmp_path, PICTURES["video"])
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_picture(tmp_path)


def test_a_folder_without_image_is_refused(tmp_path: Path) -> None:
    write_picture(tmp_path, PICTURES["plain"])
    (tmp_path / "image.png").unlink()
    with pytest.raises(UserError, match="holds no image"):
        read_picture(tmp_path)


def test_names_of_both_sources() -> None:
    assert len(gallery.names("authors")) == 7
    assert {"coffee", "sheet", "drawn_ball"} <= set(gallery.names("embedded"))
    with pytest.raises(UserError, match="source: 'mine' is unknown"):
        gallery.names("mine")  # type: ignore[arg-type]


def test_an_unknown_picture_lists_the_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no 'teapot' among the authors .*tomato"):
        gallery.load("teapot", tmp_path)
    with pytest.raises(UserError, match=r"no 'tomato' among the embedded .*coffee"):
        gallery.embedded_load("tomato")
    with pytest.raises(UserError, match="no 'coffee'"):
        gallery.files(["coffee"])


def test_the_command_line_writes_an_embedded_picture(tmp_path: Path) -> None:
    folder = tmp_path / "resources" / "coffee"
    unpack_gallery.main(["--source", "embedded", "--name", "coffee", "--output", str(folder)])
    assert read_picture(folder).grid == (160, 240)
    about = json.loads((folder / "about.json").read_text())
    assert about["third"] is None
    assert "saucer" in about["text"]


def test_the_command_line_wants_a_folder_of_downloads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        unpack_gallery.main(
            ["--source", "authors", "--name", "cat", "--output", str(tmp_path / "a")]
        )
    assert "--downloads is needed" in capsys.readouterr().err
