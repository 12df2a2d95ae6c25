import io
import stat
import tarfile
import zipfile

import pytest

from isr.data.archives import check_zip, unpacked
from isr.errors import UserError


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def every(member):
    return True


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a/../../evil", "..\\evil", "\\evil", "C:\\evil", "C:/evil"]
)
def test_members_outside_are_refused_before_anything_is_written(tmp_path, name):
    archive = make_zip(tmp_path / "a.zip", {"good": "x", name: "x"})
    with pytest.raises(UserError, match=r"a\.zip holds .*outside"), unpacked(archive, every):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with (
        pytest.raises(UserError, match="link 'link'"),
        unpacked(tmp_path / "a.zip", every),
    ):
        pass


def test_only_what_is_wanted_is_unpacked_for_the_time_being(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"set/one/a b": "1", "set/one10/a": "2", "one": "3"})
    with unpacked(path, lambda member: "one" in member.parts[:-1]) as folder:
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert files == [folder / "set/one/a b"]
        assert files[0].read_text() == "1"
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == [path]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../outside", "not wanted, but a sign of a bad file")
    with (
        pytest.raises(UserError, match="outside"),
        unpacked(path, lambda member: "one" in member.parts[:-1]),
    ):
        pass


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
    with pytest.raises(UserError, match="does not exist"), unpacked(tmp_path / "no.zip", every):
        pass


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


def test_wanted_files_of_a_tar_file_are_unpacked_and_links_are_not(tmp_path):
    members = {"all/cars/1.h5": b"one", "all/cars/2.h5": None, "all/bear/1.h5": b"other"}
    make_tar(tmp_path / "a.tar", members)
    with unpacked(tmp_path / "a.tar", lambda name: "cars" in name.parts) as folder:
        found = [path for path in folder.rglob("*") if not path.is_dir()]
        assert [(path.name, path.read_bytes()) for path in found] == [("1.h5", b"one")]


@pytest.mark.parametrize("name", ["../cars/1.h5", "/cars/1.h5", "cars\\..\\..\\1.h5"])
def test_a_file_outside_of_the_folder_is_refused(tmp_path, name):
    make_tar(tmp_path / "a.tar", {"cars/0.h5": b"one", name: b"two"})
    with (
        pytest.raises(UserError, match=r"a\.tar holds .* outside of its folder"),
        unpacked(tmp_path / "a.tar", every),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_a_cut_off_file_is_told(tmp_path):
    make_tar(tmp_path / "a.tar", {"cars/0.h5": b"one" * 5000})
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:3000])
    with (
        pytest.raises(UserError, match="no tar file that can be read"),
        unpacked(tmp_path / "a.tar", every),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]
