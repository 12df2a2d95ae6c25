import errno
import json
import os
import stat
from contextlib import suppress

import numpy as np
import pandas as pd
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


def test_what_killed_writers_left_is_taken_over(tmp_path):
    file, folder = tmp_path / "a.csv", tmp_path / "part-0"
    (tmp_path / ".a.new.csv").write_text("half")
    (tmp_path / ".part-0.new").mkdir()
    (tmp_path / ".part-0.new/half").touch()
    (tmp_path / ".part-0.old").mkdir()
    io.write_text(file, "whole")
    with io.atomic_folder(folder) as temporary:
        assert list(temporary.iterdir()) == []
    assert file.read_text() == "whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "part-0"]


def test_two_writers_of_a_file_do_not_meet(tmp_path):
    path = tmp_path / "a.txt"
    with io.atomic_path(path) as first:
        first.write_text("first")
        with io.atomic_path(path) as second:
            assert second != first
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_scratch_folders_of_killed_jobs_go_and_those_of_others_stay(tmp_path):
    archive = tmp_path / "a.zip"
    (tmp_path / ".a.dead.scratch").mkdir()
    with io.scratch_folder(archive) as one, io.scratch_folder(archive) as other:
        assert one != other
        assert sorted(tmp_path.iterdir()) == sorted([one, other])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only")]
)
def test_what_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, number, message):
    def refuse(handle):
        raise OSError(number, "refused")

    monkeypatch.setattr(os, "fsync", refuse)
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UserError, match=rf"a.txt.*{message}"):
        io.write_text(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_cannot_be_made_is_told_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="a part of its path is a file"):
        io.must_write(tmp_path / "file" / "below")
    io.must_write(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


ODD = ["NA", "nan", "None", "null", "True", "Infinity", "007", "1e3", "", "<NA>"]
ODD += ["a,b", 'a"b', "no"]


def test_names_in_tables_are_what_stands_there(tmp_path):
    rows = {"item": ODD, "iou": [0.5, float("nan")] * 6 + [1.0], "frame": range(13)}
    pd.DataFrame(rows).assign(holds=True).to_csv(tmp_path / "a.csv", index=False)
    table = io.read_table(tmp_path / "a.csv", ("item",), missing="-", advice="-")
    assert table["item"].tolist() == ODD
    assert table["iou"].isna().sum() == 6
    assert (table["frame"].dtype.kind, table["holds"].dtype.kind) == ("i", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item,iou\na,0.5\nb,0.", "cut off"),
        ("", "it is empty"),
        ("item,iou\na,0.5,7,8\n", "more values than there are columns"),
        ('item,iou\n"a,0.5\n', "EOF"),
    ],
)
def test_damaged_tables_are_told(tmp_path, content, message):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(UserError, match=rf"a\.csv is damaged.*{message}"):
        io.read_table(tmp_path / "a.csv", ("item",), missing="-", advice="make it again")
