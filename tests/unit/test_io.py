import json
import stat
from contextlib import suppress

import numpy as np
import pytest

from isr import io
from isr.errors import UserError


def test_atomic_path_replaces_only_on_success(tmp_path):
    path = tmp_path / "below" / "file.txt"
    io.write_text(path, "old")
    with suppress(RuntimeError), io.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with io.atomic_path(path) as temporary:
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [file.name for file in path.parent.iterdir()] == ["file.txt"]


def test_files_and_folders_are_readable_by_others(tmp_path):
    io.write_text(tmp_path / "file", "x")
    with io.atomic_folder(tmp_path / "folder"):
        pass
    umask = io._umask()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~umask


def test_atomic_folder_replaces_the_whole_folder_or_nothing(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "old").touch()
    with suppress(RuntimeError), io.atomic_folder(folder) as temporary:
        (temporary / "half").touch()
        raise RuntimeError
    assert [file.name for file in folder.iterdir()] == ["old"]
    with io.atomic_folder(folder) as temporary:
        (temporary / "new").touch()
    assert [file.name for file in folder.iterdir()] == ["new"]
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_json_round_trip_and_errors(tmp_path):
    path = tmp_path / "x.json"
    io.write_json(path, {"name": "Häggström", "values": [1, None]})
    assert io.read_json(path) == {"name": "Häggström", "values": [1, None]}
    assert "Häggström" in path.read_text(encoding="utf-8")
    path.write_text(json.dumps({})[:1])
    with pytest.raises(UserError, match=r"x\.json is not valid JSON"):
        io.read_json(path)
    with pytest.raises(UserError, match=r"none\.json does not exist"):
        io.read_json(tmp_path / "none.json")


@pytest.mark.parametrize(
    "picture",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.arange(36, dtype=np.uint8).reshape(3, 4, 3),
        np.arange(0, 60000, 5000, dtype=np.uint16).reshape(3, 4),
        np.full((1, 1), 65535, np.uint16),
        np.arange(0, 64800, 1800, dtype=np.uint16).reshape(3, 4, 3),
    ],
    ids=["grey", "rgb", "16 bit", "one pixel", "rgb of 16 bit"],
)
def test_png_round_trip(tmp_path, picture):
    io.write_png(tmp_path / "x.png", picture)
    back = io.read_png(tmp_path / "x.png")
    assert back.dtype == picture.dtype
    np.testing.assert_array_equal(back, picture)


def test_damaged_png_is_a_user_error(tmp_path):
    path = tmp_path / "x.png"
    random = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    io.write_png(path, random)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[37] ^= 0xFF
    for content in (b"", b"no picture", whole[: len(whole) // 2], whole[:40], bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"x\.png cannot be read"):
            io.read_png(path)
    with pytest.raises(UserError, match=r"none\.png does not exist"):
        io.read_png(tmp_path / "none.png")
