import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest

from isr.data import archives
from isr.data.archives import check_tar, check_zip, unpacked
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


def test_a_tar_file_that_was_cut_off_between_members_is_refused(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as content:
        for name in "ab":
            about = tarfile.TarInfo(name)
            about.size = 512
            content.addfile(about, io.BytesIO(bytes(512)))
    whole = path.read_bytes()
    check_tar(path, "a.tar")
    path.write_bytes(whole[: 4 * 512 + 512])
    check_tar(path, "a.tar")
    path.write_bytes(whole[: 2 * 512])
    with pytest.raises(UserError, match=r"a\.tar is cut off"):
        check_tar(path, "a.tar")


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_a_compressed_tar_file_is_checked_to_its_end(tmp_path, mode):
    path = tmp_path / "a.tar"
    with tarfile.open(path, mode) as content:
        about = tarfile.TarInfo("a")
        about.size = 5000
        content.addfile(about, io.BytesIO(np.random.default_rng(0).bytes(5000)))
    check_tar(path, "a.tar")
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(UserError, match=r"a\.tar"):
        check_tar(path, "a.tar")


def _refused_unpacking(path):
    with pytest.raises(UserError, match="far more than"), unpacked(path, lambda _: True):
        pass
    assert list(path.parent.iterdir()) == [path]


def test_few_bytes_that_unpack_to_many_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_ALWAYS", 1 << 20)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("zeros", bytes(20 << 20))
    assert path.stat().st_size < 1 << 15
    _refused_unpacking(path)
    with pytest.raises(UserError, match="far more than"):
        check_zip(path, "a.zip")


def test_a_hole_in_a_tar_file_is_refused(tmp_path):
    path = tmp_path / "a.tar"
    about = tarfile.TarInfo("hole")
    about.type, about.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(about.tobuf(tarfile.GNU_FORMAT))
    # One piece of no bytes at the end of a gigabyte.
    header[386:398], header[398:410] = b"10000000000\0", b"00000000000\0"
    header[483:495] = b"10000000000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(bytes(header) + bytes(1024))
    with tarfile.open(path) as content:
        assert content.getmembers()[0].size == 1 << 30
    _refused_unpacking(path)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_systems_put_into_archives_is_left_out(tmp_path, kind):
    names = ["a/b.png", "__MACOSX/a/._b.png", "a/._b.png", "a/.DS_Store", "a/@eaDir/b.png"]
    path = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as content:
            for name in names:
                content.writestr(name, b"x")
    else:
        with tarfile.open(path, "w") as content:
            for name in names:
                about = tarfile.TarInfo(name)
                about.size = 1
                content.addfile(about, io.BytesIO(b"x"))
    with unpacked(path, lambda _: True) as folder:
        found = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    assert found == ["a/b.png"]


def test_an_archive_that_the_disk_has_no_room_for_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("a", b"12345")
    usage = type("Usage", (), {"free": 4})
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match="free some space"), unpacked(path, lambda _: True):
        pass
