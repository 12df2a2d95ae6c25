import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from isr.data.features.published import PublishedFiles, read_embedmap
from isr.errors import UserError

EMBEDMAP = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)


def saved(content, *, legacy=False):
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def read(content):
    return read_embedmap(io.BytesIO(content), "img_1.pt")


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ">f4"])
def test_files_of_torch_save(legacy, dtype):
    embedmap = EMBEDMAP.astype(dtype)
    back = read(saved({"embedmap": embedmap, "other": [1, "two", None]}, legacy=legacy))
    np.testing.assert_array_equal(back, embedmap)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_pickles_and_both_names_of_numpys_module(order, protocol):
    content = pickle.dumps({"embedmap": np.asarray(EMBEDMAP, order=order)}, protocol=protocol)
    np.testing.assert_array_equal(read(content), EMBEDMAP)
    if protocol == 2:
        old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
        assert old != content
        np.testing.assert_array_equal(read(old), EMBEDMAP)


class Hostile:
    """Makes a folder as soon as it is unpickled by an unpickler that allows it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("legacy", [False, True])
def test_programs_are_not_run(tmp_path, legacy):
    trap = tmp_path / "trap"
    with pytest.raises(UserError, match=r"numpy arrays only.*mkdir"):
        read(saved({"embedmap": Hostile(trap)}, legacy=legacy))
    with pytest.raises(UserError, match="numpy arrays only"):
        read(pickle.dumps({"embedmap": EMBEDMAP, "x": Hostile(trap)}))
    assert not trap.exists()


@pytest.mark.parametrize(
    "callable_", [eval, getattr, np.load, np.fromfile, print], ids=lambda c: c.__name__
)
def test_other_callables_are_refused(callable_):
    with pytest.raises(UserError, match=callable_.__name__):
        read(pickle.dumps({"embedmap": callable_}, protocol=2))


def test_other_encodings_are_refused():
    content = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R."
    with pytest.raises(UserError, match="rot13"):
        read(content)


def test_tensors_are_refused():
    with pytest.raises(UserError, match="torch"):
        read(saved({"embedmap": torch.zeros(2, 2, 3)}))


@pytest.mark.parametrize(
    "content",
    [
        {"other": EMBEDMAP},
        {"embedmap": EMBEDMAP[0]},
        {"embedmap": EMBEDMAP[..., :2]},
        {"embedmap": EMBEDMAP.astype(np.int64)},
        {"embedmap": EMBEDMAP.astype(object)},
        {"embedmap": EMBEDMAP.tolist()},
        EMBEDMAP,
    ],
)
def test_other_contents_are_refused(content):
    with pytest.raises(UserError, match=r"img_1\.pt has no 'embedmap' of shape"):
        read(saved(content))


def test_damaged_files():
    whole = saved({"embedmap": EMBEDMAP})
    stream = io.BytesIO()
    zipfile.ZipFile(stream, "w").close()
    for content in (b"", b"<html>", whole[:100], stream.getvalue(), pickle.dumps({})[:3]):
        with pytest.raises(UserError, match=r"img_1\.pt is not a file of published features"):
            read(content)
    broken = EMBEDMAP.copy()
    broken[0, 0, 0] = np.nan
    with pytest.raises(UserError, match="NaN"):
        read(saved({"embedmap": broken}))


@pytest.mark.parametrize("top", ["", "Feat/"])
@pytest.mark.parametrize("as_zip", [False, True])
def test_published_files_in_a_folder_or_zip_file(tmp_path, top, as_zip):
    content = saved({"embedmap": EMBEDMAP})
    if as_zip:
        path = tmp_path / "Feat.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{top}img_1.pt", content)
    else:
        path = tmp_path / "published"
        (path / top).mkdir(parents=True)
        (path / top / "img_1.pt").write_bytes(content)
    files = PublishedFiles(path)
    assert files.missing(["img_1", "img_2"]) == ["img_2"]
    np.testing.assert_array_equal(files.read("img_1"), EMBEDMAP)
    with pytest.raises(UserError, match=r"no img_2\.pt"):
        files.read("img_2")


def test_published_files_that_are_not_there(tmp_path):
    assert PublishedFiles(tmp_path / "none").missing(["img_1"]) == ["img_1"]
    (tmp_path / "Feat.zip").write_text("<html>")
    with pytest.raises(UserError, match=r"Feat\.zip is not a zip file"):
        PublishedFiles(tmp_path / "Feat.zip")
