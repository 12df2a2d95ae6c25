"""What all kinds of data sets offer, and that reading a configuration stays light."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isr.data.items import read_item
from isr.data.kinds import KINDS, Known, read_entry
from isr.data.kinds.base import count_words, files_below
from isr.errors import UserError
from isr.models import kind_of

ROOT = Path(__file__).parents[4]
PACKAGED = {
    "embedded": {"long_side": 96},
    "gallery": {},
    "drawn": {"frames": 3, "long_side": 32},
}
"""Kinds whose items come with the software, and keys that make these small."""
HEAVY = ("torch", "pandas", "scipy", "matplotlib", "h5py", "tifffile", "shapely", "normflows")


def test_kinds_are_told_apart():
    names = [kind_of(kind) for kind in KINDS]
    assert len(set(names)) == len(names)
    with pytest.raises(UserError, match=r"^data set.kind is 'picturs'|kind is 'picturs'.*pictures"):
        read_entry({"kind": "picturs"})


@pytest.mark.parametrize("module", ["isr.config.models", "isr.data.kinds", "isr.predictors"])
def test_reading_a_configuration_loads_nothing_heavy(module):
    program = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    environment = {"PYTHONPATH": str(ROOT / "lib"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("kind", PACKAGED)
def test_what_is_known_of_packaged_items_is_so(kind, tmp_path):
    entry = read_entry({"kind": kind} | PACKAGED[kind])
    for name in entry.names(tmp_path):
        assert entry.sources(name, tmp_path).files == ()
        entry.unpack(name, tmp_path, tmp_path, tmp_path / kind / name)
        item = read_item(tmp_path / kind / name)
        known = Known(item.scribbled > 0, item.unaries() is not None, item.third)
        assert (item.name, known) == (name, entry.known(name, tmp_path))
        assert item.source
        assert item.licence


def test_items_are_chosen_in_their_order(tmp_path):
    entry = read_entry({"kind": "embedded"})
    every = entry.names(tmp_path)
    chosen = every[2::-2]
    assert read_entry({"kind": "embedded", "items": chosen}).names(tmp_path) == chosen
    numbered = read_entry({"kind": "convexitydb", "items": [40, "2", "img_3"]})
    assert numbered.names(tmp_path) == ["img_40", "img_2", "img_3"]
    assert len(read_entry({"kind": "convexitydb"}).names(tmp_path)) == 51


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": ["unicorn"]}, r"items: there is no 'unicorn' among .*coffee"),
        ({"items": ["coffee", "coffee"]}, "items: 'coffee' is named twice"),
        ({"items": []}, "items is empty; name at least one"),
        ({"pictures": ["coffee"]}, "pictures is unknown; it is called items now"),
        ({"long_side": 8}, "long_side is 8; it must be at least 16"),
    ],
)
def test_bad_entries(tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        read_entry({"kind": "embedded", **change}).names(tmp_path)


def test_unpacking_is_told_what_concerns_it_alone():
    entry = read_entry({"kind": "embedded", "items": ["coffee"], "text": "A", "long_side": 99})
    told = entry.settings("gland")
    assert told == {"kind": "embedded", "items": ["gland"], "text": None, "long_side": 99}
    assert read_entry(told).names(ROOT) == ["gland"]


def test_descriptions():
    assert read_entry({"kind": "embedded", "text": "Mine"}).describe("a", ["b"]) == "Mine"
    assert "1 embedded picture," in read_entry({"kind": "embedded"}).describe("a", ["b"])
    assert "all 51" in read_entry({"kind": "convexitydb"}).describe("a", ["x"] * 51)
    assert "2 of its 51" in read_entry({"kind": "convexitydb"}).describe("a", ["x"] * 2)
    assert count_words(["a"], "picture") == "1 picture"
    assert count_words([], "picture") == "0 pictures"


def test_files_of_an_item_are_those_called_so(tmp_path):
    # The folder may itself lie in one that is called like an item.
    folder = tmp_path / "cars" / "own"
    for name in ("cars/1.png", "bear/1.png", "labels/cars.h5", "cars/.hidden", "x/cars/deep/2.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    found = [str(path.relative_to(folder)) for path in files_below(folder, "cars")]
    assert found == ["cars/1.png", "labels/cars.h5", "x/cars/deep/2.png"]
    assert len(files_below(folder)) == 4


def test_files_behind_links_to_folders_are_found(tmp_path):
    (tmp_path / "disk/GroundTruth").mkdir(parents=True)
    (tmp_path / "disk/GroundTruth/a.png").touch()
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip/0.png").touch()
    (tmp_path / "clip/GroundTruth").symlink_to(tmp_path / "disk/GroundTruth")
    # A link that leads back to where it is.
    (tmp_path / "clip/again").symlink_to(tmp_path / "clip")
    folder = tmp_path / "clip"
    assert set(files_below(folder)) == {folder / "0.png", folder / "GroundTruth/a.png"}
