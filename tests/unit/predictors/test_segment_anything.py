"""SAM: prompts, embeddings and weights, by a tiny one with random weights."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_sam
import torch

from isr.data.kinds import Known
from isr.data.problems import Problem
from isr.errors import UserError
from isr.predictors import read_entry
from isr.predictors.segment_anything import PUBLISHED

CPU = torch.device("cpu")


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """The entry of a tiny SAM."""
    return tiny_sam.install(monkeypatch, tmp_path)


def problem(size=(40, 60), name="cup", seed=1, scribbled=True):
    generator = np.random.default_rng(0)
    scribbles = np.zeros(size, np.uint8)
    if scribbled:
        middle = tuple(slice(side // 3, side // 3 + max(1, side // 4)) for side in size)
        scribbles[middle] = 1
        if min(size) > 1:
            scribbles[0], scribbles[-1] = 255, 255
    return Problem(
        name,
        np.zeros((*size, 2), np.float32),
        scribbles,
        generator.random((*size, 3), np.float32),
        seed=seed,
    )


def session(entry, **changed):
    predictor = read_entry({**entry, **changed})
    return predictor.prepared(Path(entry["checkpoint"]), CPU).__self__


class Asked(list):
    """What SAM was prompted with, and how often it embedded a picture."""

    def __init__(self, monkeypatch, sam):
        super().__init__()
        self.embedded = 0
        predict, embed = sam.predictor.predict, sam.predictor.set_image

        def asked(places, labels, **keys):
            self.append((places, labels, keys["multimask_output"]))
            return predict(places, labels, **keys)

        def embedding(picture):
            self.embedded += 1
            embed(picture)

        monkeypatch.setattr(sam.predictor, "predict", asked)
        monkeypatch.setattr(sam.predictor, "set_image", embedding)


@tiny_sam.needs_sam
@pytest.mark.parametrize("size", [(40, 60), (60, 40), (1, 1), (1, 500), (200, 300)])
def test_unaries_have_the_size_of_the_picture_and_are_soft(tiny, size):
    found = read_entry(tiny).compute(problem(size), "rgb")
    assert (found.unaries.shape, found.unaries.dtype) == (size, np.float32)
    assert found.unaries.min() >= 0
    assert found.unaries.max() <= 1
    assert set(found.numbers) == {"share", "quality", "row", "column"}
    assert "IoU by its own estimate" in found.remark
    if size == (40, 60):
        assert len(np.unique(found.unaries)) > 100


@tiny_sam.needs_sam
def test_a_point_is_a_scribbled_pixel_drawn_by_seed_and_name(tiny, monkeypatch):
    sam = session(tiny)
    asked = Asked(monkeypatch, sam)
    for seed, name in ((1, "cup"), (1, "cup"), (2, "cup"), (1, "bowl")):
        own = problem(seed=seed, name=name)
        sam.compute(own, "rgb")
        ((column, row),), labels, several = asked[-1]
        assert own.scribbles[int(row), int(column)] == 1
        assert (labels.tolist(), several) == ([1], True)
    points = [tuple(map(tuple, places)) for places, _, _ in asked]
    assert points[0] == points[1]
    assert len(set(points)) == 3


@tiny_sam.needs_sam
def test_all_scribbles_prompt_for_one_mask(tiny, monkeypatch):
    own = problem()
    for most in (10_000, 20):
        sam = session(tiny, prompt="scribbles", points=most)
        asked = Asked(monkeypatch, sam)
        found = sam.compute(own, "rgb")
        places, labels, several = asked[0]
        assert len(places) == min(most, np.count_nonzero(own.scribbles))
        marks = own.scribbles[places[:, 1].astype(int), places[:, 0].astype(int)]
        assert ((marks == 1) == labels).all()
        assert set(labels) == {0, 1}
        assert not several
        assert "row" not in found.numbers


@tiny_sam.needs_sam
def test_of_three_masks_the_one_of_highest_quality_is_taken(tiny, monkeypatch):
    sam = session(tiny)
    masks = np.stack([np.full((40, 60), level, np.float32) for level in (-1, 200, 3)])
    answer = (masks, np.array([0.1, 0.9, 0.3]), None)
    monkeypatch.setattr(sam.predictor, "predict", lambda *_, **__: answer)
    found = sam.compute(problem(), "rgb")
    assert found.unaries == pytest.approx(1)
    assert found.numbers["quality"] == pytest.approx(0.9)


@tiny_sam.needs_sam
def test_a_picture_is_embedded_once_and_its_corrupted_ones_too(tiny, monkeypatch):
    sam = session(tiny)
    asked = Asked(monkeypatch, sam)
    first = problem()
    noisy = replace(first, features=1 - first.features)
    results = [
        sam.compute(each, "rgb").unaries for each in (first, noisy, first, replace(first, seed=5))
    ]
    assert asked.embedded == 2
    np.testing.assert_array_equal(results[0], results[2])
    assert (results[0] != results[1]).any()
    # Those that were not seen for long are forgotten.
    for number in range(6):
        sam.compute(replace(first, features=np.full_like(first.features, number / 9)), "rgb")
    sam.compute(first, "rgb")
    assert asked.embedded == 9


@tiny_sam.needs_sam
def test_without_an_object_scribble_there_is_nothing_to_prompt_with(tiny):
    with pytest.raises(UserError, match=r"^cup: there is no object scribble: draw one\.$"):
        session(tiny).compute(problem(scribbled=False), "rgb")


@tiny_sam.needs_sam
def test_weights_that_are_missing_wrong_or_damaged(tiny, tmp_path):
    entry = read_entry(tiny)
    with pytest.raises(UserError, match=r"^segment_anything: there are no weights: get https://"):
        entry.prepared(None, CPU)
    with pytest.raises(UserError, match=r"none\.pth does not exist: get https://dl\..*sha256 ec2d"):
        entry.prepared(tmp_path / "none.pth", CPU)
    # Weights of one's own have to be told from the published ones.
    published = read_entry({**tiny, "sha256": None})
    with pytest.raises(UserError, match=r"^tiny\.pth has the sha256 .* says ec2df62732"):
        published.prepared(Path(tiny["checkpoint"]), CPU)
    cut = tmp_path / "cut.pth"
    cut.write_bytes(Path(tiny["checkpoint"]).read_bytes()[:-900])
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(2)}, other)
    for path, words in (
        (cut, r"cut\.pth cannot be read as weights \(.*\): get it again\.$"),
        (other, r"other\.pth does not hold the weights of vit_b: name its model"),
    ):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with pytest.raises(UserError, match=words):
            read_entry({**tiny, "sha256": digest}).prepared(path, CPU)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    with pytest.raises(UserError, match="pip install segment-anything torchvision"):
        read_entry({"kind": "segment_anything"}).prepared(Path("w.pth"), CPU)


def test_entries():
    entry = read_entry({"kind": "segment_anything"})
    assert entry.sources().downloads == (PUBLISHED["vit_h"],)
    own = read_entry({"kind": "segment_anything", "checkpoint": "w.pth"})
    assert own.sources().files == (Path("w.pth"),)
    assert entry.refuses(Known()) == "scribbles"
    for wrong, words in (
        ({"model": "vit_g"}, "model is 'vit_g'; choose one of vit_b, vit_l, vit_h"),
        ({"prompt": "box"}, "prompt is 'box'; choose one of point, scribbles"),
        ({"sha256": "ab"}, "sha256 is 'ab'; it must be a SHA-256 of 64"),
        ({"points": 0}, "points is 0; it must be at least 1"),
    ):
        with pytest.raises(UserError, match=words):
            read_entry({"kind": "segment_anything", **wrong})


@pytest.mark.slow
@tiny_sam.needs_sam
def test_a_picture_of_24_megapixels(tiny, monkeypatch):
    sam = session(tiny)
    asked = Asked(monkeypatch, sam)
    own = problem((4000, 6000))
    assert sam.compute(own, "rgb").unaries.shape == (4000, 6000)
    ((column, row),), _, _ = asked[0]
    assert own.scribbles[int(row), int(column)] == 1


@pytest.mark.gpu
@tiny_sam.needs_sam
def test_an_accelerator_finds_the_same(tiny):
    predictor = read_entry(tiny)
    found = [
        predictor.prepared(Path(tiny["checkpoint"]), torch.device(device))(problem(), "rgb")
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(found[0].unaries, found[1].unaries, atol=2e-3)
    assert found[0].numbers["row"] == found[1].numbers["row"]
