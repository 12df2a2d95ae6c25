import io
import tarfile

import pytest

from isr.data.archives import safe_untar
from isr.errors import UserError


def _write(path, members):
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
    _write(tmp_path / "a.tar", members)
    safe_untar(tmp_path / "a.tar", tmp_path / "out", lambda name: "cars" in name.parts)
    found = [path for path in (tmp_path / "out").rglob("*") if not path.is_dir()]
    assert [(path.name, path.read_bytes()) for path in found] == [("1.h5", b"one")]


@pytest.mark.parametrize("name", ["../cars/1.h5", "/cars/1.h5", "cars\\..\\..\\1.h5"])
def test_a_file_outside_of_the_folder_is_refused(tmp_path, name):
    _write(tmp_path / "a.tar", {"cars/0.h5": b"one", name: b"two"})
    with pytest.raises(UserError, match=r"a\.tar holds .* outside of its folder"):
        safe_untar(tmp_path / "a.tar", tmp_path / "out", lambda name: True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_a_cut_off_file_is_told(tmp_path):
    _write(tmp_path / "a.tar", {"cars/0.h5": b"one" * 5000})
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:3000])
    with pytest.raises(UserError, match="no tar file that can be read"):
        safe_untar(tmp_path / "a.tar", tmp_path / "out", lambda name: True)
    assert not (tmp_path / "out").exists()
