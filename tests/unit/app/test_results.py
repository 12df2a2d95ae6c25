"""Results: what lies in their folders, and that a result that was tampered with is refused."""

import hashlib
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from isr.app.results import FURTHER, certify_again, draw, read_result, save
from isr.errors import UserError


@pytest.fixture
def result(found, tmp_path):
    return save(found, tmp_path / "result")


def test_files_of_a_picture(found, result):
    names = {path.name for path in result.iterdir()}
    assert names == {
        *("certificate.json", "fits.safetensors", "mask.png"),
        *("outline.svg", "outline.geojson", "picture.png"),
    }
    about = json.loads((result / "certificate.json").read_text())
    assert about["holds"]
    assert about["size"] == [56, 40]
    assert set(about["files"]) == names - {"certificate.json"}
    with Image.open(result / "mask.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask) > 0, found.mask())


def test_a_stored_result_is_certified_and_drawn_again(found, result):
    again, certificates = certify_again(result)
    assert all(each.holds for each in certificates)
    np.testing.assert_array_equal(again.mask(), found.mask())
    path = draw(result, (80, 112), None)
    with Image.open(path) as large:
        assert large.size == (112, 80)
        np.testing.assert_array_equal(np.asarray(large) > 0, found.mask((80, 112)))
    # A drawing beside the others is no part of what was certified.
    certify_again(result)


def _digest_again(result, name):
    """Make the certificate name a file as it now is: what a careful forger does."""
    path = result / "certificate.json"
    about = json.loads(path.read_text())
    about["files"][name] = hashlib.sha256((result / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(about))


def _paint(result):
    with Image.open(result / "mask.png") as picture:
        mask = np.array(picture)
    mask[2:6, 2:6] = 255
    Image.fromarray(mask).save(result / "mask.png")


def _bend(result):
    """Change the sign of a weight on which convexity rests."""
    path = result / "fits.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    name = (
        f"0/representation.{next(iter(read_result(result).representation.constrained_weights()))}"
    )
    tensors[name] = -torch.ones_like(tensors[name])
    save_file(tensors, path, metadata)


@pytest.mark.parametrize("forged", [False, True])
@pytest.mark.parametrize(
    ("tamper", "name", "words"),
    [
        (_paint, "mask.png", "16 pixels of its mask are not those of the shape"),
        (_bend, "fits.safetensors", "weights on a z-path are negative"),
    ],
)
def test_what_was_tampered_with_is_refused(result, tamper, name, words, forged):
    tamper(result)
    if forged:
        _digest_again(result, name)
    with pytest.raises(UserError, match="is refused") as refusal:
        certify_again(result)
    expected = words if forged else f"{name} is not the file that was certified"
    assert expected in str(refusal.value)


def test_what_is_missing_is_refused(result):
    (result / "outline.svg").unlink()
    with pytest.raises(UserError, match=r"outline\.svg is missing"):
        certify_again(result)


def test_a_folder_of_other_things_is_left_alone(found, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds other things"):
        save(found, tmp_path)
    assert (tmp_path / "thesis.tex").exists()
    with pytest.raises(UserError, match="name the folder of a result"):
        read_result(tmp_path)


def test_an_earlier_result_is_replaced(found, result):
    further = tuple(name for name in FURTHER if name != "coco-rle")
    save(found, result, ("mask", *further))
    names = {path.name for path in result.iterdir()}
    assert {"labels.tif", "outline-qgis.geojson", "shapes.csv", "coco.json"} <= names
    assert "outline.svg" not in names
    with pytest.raises(UserError, match="format 'gif' is unknown"):
        save(found, result, ("gif",))
