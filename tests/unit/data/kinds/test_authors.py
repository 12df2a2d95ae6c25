import hashlib
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isr.data.items import read_item
from isr.data.kinds import authors, read_entry
from isr.errors import UserError

NAMES = read_entry({"kind": "authors"}).names(Path())

RED, GREEN, WHITE, BLACK, GREY = (
    (255, 0, 0),
    (0, 160, 0),
    (255, 255, 255),
    (0, 0, 0),
    (120, 120, 120),
)
OBJECT_SIDE = slice(0, 4)


def stand_in(name: str, folder: Path) -> dict[str, np.ndarray]:
    """Files of 12 x 8 pixels: on the left third what the rule must find."""

    def colours(left: tuple, right: tuple) -> np.ndarray:
        image = np.empty((8, 12, 3), np.uint8)
        image[:] = right
        image[:, OBJECT_SIDE] = left
        return image

    match name:
        case "tomato":
            return {"cocktail-tomatoes.jpg": colours(RED, GREEN)}
        case "depth_plane":
            strokes = colours(GREEN, RED)
            strokes[4:] = GREY
            ramp = np.repeat(np.linspace(0, 255, 8).astype(np.uint8)[:, None, None], 12, 1)
            return {"depth_gray.png": np.repeat(ramp, 3, 2), "depth_scribbles.png": strokes}
        case "starfish":
            return {"starfish.jpg": colours((240, 120, 60), GREY)}
        case "butterfly":
            return {"butterfly.jpg": colours((255, 0, 255), (0, 255, 0))}
        case "perforated_sheet":
            return {
                "perforated_sheet.jpg": colours(BLACK, WHITE),
                "perforated_sheet_unaries.png": colours(WHITE, BLACK),
            }
        case "cat":
            return {"cat.jpg": colours(GREY, WHITE), "cat_scribbled.jpg": colours(RED, WHITE)}
    frames = {f"ball/frame_{k}.png": colours(RED, (k, k, k)) for k in range(8)}
    return frames | {f"ball/unaries_{k}.png": colours(WHITE, BLACK) for k in range(8)}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins of all files, served from a folder, and a list that names them."""
    folder, listed = tmp_path / "downloads" / "gallery", {}
    for name in NAMES:
        listed[name] = []
        for file, pixels in stand_in(name, folder).items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path, format="PNG")
            content = path.read_bytes()
            listed[name].append(
                {
                    "file": file,
                    "path": file,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "bytes": len(content),
                }
            )
    entry = {"source": "here", "licence": "ours", "address": f"file://{folder}/", "files": listed}
    monkeypatch.setattr(authors, "_list", lambda: entry)
    return folder.parent


@pytest.mark.parametrize("name", [name for name in NAMES if name != "depth_plane"])
def test_the_object_has_high_probability(name: str, server: Path) -> None:
    picture = authors.load(name, server)
    unaries = picture.unaries
    halved = name in ("starfish", "butterfly", "cat")
    height, width = (4, 6) if halved else (8, 12)
    assert unaries.shape[-2:] == (height, width)
    assert unaries.dtype == np.float32
    # Resizing mixes the columns beside the edge.
    assert (unaries[..., : width // 3 - 1] == 1).mean() > 0.9
    assert (unaries[..., width // 3 + 1 :] == 0).mean() > 0.9
    assert (picture.source, picture.licence) == ("here", "ours")
    assert "naries:" in picture.text


def test_the_depth_plane_has_strokes_and_depth(server: Path) -> None:
    picture = authors.load("depth_plane", server)
    assert picture.unaries is None
    assert picture.third.name == "depth"
    assert picture.scribbles[0].tolist() == [1, 1, *picture.scribbles[0, 2:3], 255, 255, 255]
    assert (picture.scribbles[3] == 0).all()
    depth = picture.third.values
    assert depth.shape == (4, 6)
    assert (np.diff(depth[:, 0]) > 0).all()
    np.testing.assert_array_equal(depth, picture.image[..., 0])


def test_the_ball_has_its_frames_in_order(server: Path) -> None:
    picture = authors.load("ball", server)
    np.testing.assert_array_equal(picture.third.values, np.linspace(0, 1, 8))
    np.testing.assert_allclose(picture.image[:, 0, -1, 0] * 255, np.arange(8), atol=1e-4)


def test_the_butterfly_is_the_same_each_time(server: Path) -> None:
    first, second = (authors.load("butterfly", server) for _ in range(2))
    np.testing.assert_array_equal(first.unaries, second.unaries)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_the_expected_one_is_refused(name: str, server: Path) -> None:
    file = server / authors.files(name)[-1].file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(UserError, match="sha256"):
        authors.load(name, server)
    file.unlink()
    with pytest.raises(UserError, match="does not exist"):
        authors.load(name, server)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_known_before_a_picture_is_unpacked_is_so(name: str, server: Path) -> None:
    entry, output = read_entry({"kind": "authors"}), server.parent / "out"
    entry.unpack(name, server.parent, server, output)
    item, known = read_item(output), entry.known(name, server)
    assert (item.name, item.third) == (name, known.third)
    assert (item.scribbled > 0, item.unaries() is not None) == (known.scribbles, known.unaries)
    assert entry.sources(name, server).downloads == authors.files(name)


def test_nothing_is_left_where_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_entry({"kind": "authors"}).unpack("cat", tmp_path, tmp_path, tmp_path / "cat")
    assert not (tmp_path / "cat").exists()
    with pytest.raises(UserError, match=r"there is no 'teapot' among tomato"):
        read_entry({"kind": "authors", "items": ["teapot"]}).names(tmp_path)


def test_the_packaged_list_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was used"))
    files = [file for name in NAMES for file in authors.files(name)]
    assert len(NAMES) == 7
    assert len(files) == len({file.file for file in files}) == 25
    assert len({file.sha256 for file in files}) == 25
    assert [file.file for file in authors.files("cat")] == [
        "gallery/cat.jpg",
        "gallery/cat_scribbled.jpg",
    ]
    for file in files:
        assert "/7ea73f24aa80c7182700932759c4b61d14b274c2/" in file.url
        assert len(bytes.fromhex(file.sha256)) == 32
        assert file.bytes > 0
