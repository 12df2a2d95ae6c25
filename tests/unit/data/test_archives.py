import io
import stat
import tarfile
import zipfile

import pytest

from isr.data.archives import check_zip, safe_untar, safe_unzip
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


def make_tar(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


def test_wanted_files_are_unpacked_and_links_are_not(tmp_path):
    members = {"all/cars/1.h5": b"one", "all/cars/2.h5": None, "all/bear/1.h5": b"other"}
    make_tar(tmp_path / "a.tar", members)
    safe_untar(tmp_path / "a.tar", tmp_path / "out", lambda name: "cars" in name.parts)
    found = [path for path in (tmp_path / "out").rglob("*") if not path.is_dir()]
    assert [(path.name, path.read_bytes()) for path in found] == [("1.h5", b"one")]


@pytest.mark.parametrize("name", ["../cars/1.h5", "/cars/1.h5", "cars\\..\\..\\1.h5"])
def test_a_file_outside_of_the_folder_is_refused(tmp_path, name):
    make_tar(tmp_path / "a.tar", {"cars/0.h5": b"one", name: b"two"})
    with pytest.raises(UserError, match=r"a\.tar holds .* outside of its folder"):
        safe_untar(tmp_path / "a.tar", tmp_path / "out", lambda name: True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_a_cut_off_file_is_told(tmp_path):
    make_tar(tmp_path / "a.tar", {"cars/0.h5": b"one" * 5000})
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:3000])
    with pytest.raises(UserError, match="no tar file that can be read"):
        safe_untar(tmp_path / "a.tar", tmp_path / "out", lambda name: True)
    assert not (tmp_path / "out").exists()
