import stat
import zipfile

import pytest

from isr.data.archives import check_zip, safe_unzip
from isr.errors import UserError


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_unpacking_replaces_the_folder(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"top/groun truth/GT_1.png": "x", "empty/": ""})
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    safe_unzip(archive, folder)
    assert (folder / "top" / "groun truth" / "GT_1.png").read_text() == "x"
    assert (folder / "empty").is_dir()
    assert not (folder / "old").exists()


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a/../../evil", "..\\evil", "\\evil", "C:\\evil", "C:/evil"]
)
def test_members_outside_are_refused_before_anything_is_written(tmp_path, name):
    archive = make_zip(tmp_path / "a.zip", {"good": "x", name: "x"})
    with pytest.raises(UserError, match=r"a\.zip holds .*outside"):
        safe_unzip(archive, tmp_path / "below" / "folder")
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(UserError, match="link 'link'"):
        safe_unzip(tmp_path / "a.zip", tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_only_what_is_wanted_is_unpacked(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"set/one/a": "1", "set/one10/a": "2", "one": "3"})
    safe_unzip(path, tmp_path / "folder", lambda member: "one" in member.parts[:-1])
    files = [p for p in (tmp_path / "folder").rglob("*") if p.is_file()]
    assert files == [tmp_path / "folder/set/one/a"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../outside", "not wanted, but a sign of a bad file")
    with pytest.raises(UserError, match="outside"):
        safe_unzip(path, tmp_path / "folder", lambda member: "one" in member.parts[:-1])


def test_a_check_finds_what_is_wrong(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a": "some text " * 1000, "b": "x"})
    check_zip(path, "a.zip")
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[40] ^= 0xFF
    for content, message in (
        (whole[:50], "not a zip file"),
        (b"", "not a zip file"),
        (bytes(flipped), "damaged|cannot|not a zip file"),
        (b"\n <!DOCTYPE html><html>Moved</html>", "web page"),
        (b"<html><body>404", "web page"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=message):
            check_zip(path, "a.zip")
    with pytest.raises(UserError, match="does not exist"):
        safe_unzip(tmp_path / "none.zip", tmp_path / "folder")
