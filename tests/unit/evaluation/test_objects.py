"""Pictures of several objects: scored one by one and together, with what overlaps."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from grid_settings import grid_settings
from isr.data.dataset import Picture, write_dataset
from isr.evaluation.cell import evaluate_cell
from isr.fitting.jobs import PictureFolder
from isr.fitting.store import read_fits, write_fits

from isr.data.problems import quantise_unaries
from isr.evaluation.objects import label_map, overlaps, together
from isr.io import read_png, write_png
from isr.reporting.summary import read_metrics
from isr.representations.convex import Convex

HEIGHT, WIDTH = 12, 20
SETTINGS = grid_settings(predictor_options={"kind": "fcn"}, features="rgb", steps=7)


def _columns(first, last):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:, first:last] = True
    return mask


def _strip(first, last):
    """Foreground in the columns from `first` up to `last`, deepest in their middle."""
    strip = Convex(2, width=4)
    with torch.no_grad():
        for parameter in strip.parameters():
            parameter.zero_()
        network = strip.network
        middle, half = (first + last) / 2 / WIDTH, (last - first) / 2 / WIDTH
        network.first.weight[:2, 0] = torch.tensor([1.0, -1.0])
        network.first.bias[:2] = torch.tensor([-middle, middle])
        for layer in network.hidden_z:
            layer.weight.copy_(torch.eye(4))
        network.output_z.weight[0, :2] = 1.0
        network.output_z.bias[0] = -half
    return strip


def _picture(name, objects, instances):
    scribbles = np.zeros((HEIGHT, WIDTH), np.uint8)
    scribbles[:, 0] = 255
    truth, numbers = np.zeros_like(scribbles), np.zeros_like(scribbles)
    for number, (first, last) in enumerate(objects, start=1):
        scribbles[5, (first + last) // 2] = number
        truth[:, first:last], numbers[:, first:last] = 255, number
    truth[0, :] = 128
    image = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    return Picture(name, image, scribbles, truth, numbers if instances else None)


@pytest.fixture
def evaluate(tmp_path):
    """Evaluate strips fitted to pictures of strips; unaries are those of the truth."""

    def run(pictures, strips):
        write_dataset(tmp_path / "set", pictures, source="drawn", licence="none")
        predictions, states = tmp_path / "predictions", {}
        for name, columns in strips.items():
            found = {f"representation.{k}": v for k, v in _strip(*columns).named_parameters()}
            states[name] = {key: value.detach() for key, value in found.items()}
            unaries = quantise_unaries(np.where(_columns(*columns), 0.9, 0.1), name)
            write_png(predictions / "unaries" / f"{name}.png", unaries)
        about = {"name": "convex", "dim": 2, "options": {"width": 4}}
        finite = {name: not name.endswith("/2") for name in strips}
        metadata = {"settings": SETTINGS, "convention": "isotropic", "finite": finite}
        write_fits(tmp_path / "fits.safetensors", states, {**metadata, "representation": about})
        write_fits(predictions / "predictor.safetensors", states, metadata)
        folder = PictureFolder(tmp_path / "set", dict(SETTINGS), predictions=predictions)
        fits = read_fits(tmp_path / "fits.safetensors")
        evaluate_cell([fits], folder, tmp_path / "cell", semantic="none")
        return tmp_path / "cell"

    return run


def test_objects_are_scored_one_by_one_and_together(evaluate):
    pictures = [
        _picture("two", [(2, 8), (8, 16)], True),
        _picture("one", [(4, 12)], True),
        _picture("untold", [(2, 8), (10, 16)], False),
    ]
    strips = {
        **{"two/1": (2, 10), "two/2": (8, 16), "one": (4, 12)},
        **{"untold/1": (2, 8), "untold/2": (10, 16)},
    }
    cell = evaluate(pictures, strips)
    metrics = pd.read_csv(cell / "metrics.csv", dtype={"object": str})
    shapes = metrics[metrics["output"] == "representation"].set_index(["picture", "object"])
    scored = {"two": ["all", "1", "2"], "one": ["all", "1"], "untold": ["all"]}
    assert list(shapes.index) == [(name, each) for name in scored for each in scored[name]]
    assert shapes["iou"].round(6).tolist() == [1, 0.75, 1, 1, 1, 1]
    assert shapes["objects"].tolist() == [2, 2, 2, 1, 1, 2]
    assert shapes["overlap"].tolist() == [24, 24, 24, 0, 0, 0]
    assert shapes["finite"].tolist() == [False, True, False, True, True, False]
    assert shapes["scored_pixels"].unique().tolist() == [220]
    hulls = metrics[metrics["output"] == "convex_hull"].set_index(["picture", "object"])["iou"]
    assert hulls.round(6).to_dict() == shapes["iou"].round(6).to_dict()


def test_masks_unaries_outlines_and_certificates_of_every_object(evaluate):
    picture = _picture("two", [(2, 8), (8, 16)], True)
    cell = evaluate([picture], {"two/1": (2, 10), "two/2": (8, 16)})
    masks = {name: read_png(cell / "masks" / f"{name}.png") for name in ("two", "two/1", "two/2")}
    for mask, columns in zip(masks.values(), [(2, 16), (2, 10), (8, 16)], strict=True):
        np.testing.assert_array_equal(mask, np.where(_columns(*columns), 255, 0))
    labels = read_png(cell / "masks" / "two" / "labels.png")
    assert labels[3].tolist() == [0] * 2 + [1] * 7 + [2] * 7 + [0] * 4
    areas = []
    for name in ("two", "two/1", "two/2"):
        feature = json.loads((cell / "outlines" / f"{name}.geojson").read_text())
        ring = np.array(feature["geometry"]["coordinates"][0])
        areas.append(np.ptp(ring[:, 0]) * np.ptp(ring[:, 1]))
    assert np.round(areas, 2).tolist() == [14 * 12, 8 * 12, 8 * 12]
    drawn = (cell / "outlines" / "two.svg").read_text().partition("<path")[2]
    assert drawn.count("Z") == 2
    unaries = read_png(cell / "predictor" / "two.png")
    each = [read_png(cell / "predictor" / "two" / f"{k}.png") for k in (1, 2)]
    np.testing.assert_array_equal(unaries, np.maximum(*each))
    certificates = pd.read_csv(cell / "certificates.csv")
    assert certificates["holds"].all()
    assert set(certificates["picture"]) == {"two"}
    assert {"member 1: convex", "member 2: convex"} <= set(certificates["property"])


def test_readers_take_all_objects_together_unless_they_ask(evaluate):
    cell = evaluate(
        [_picture("two", [(2, 8), (8, 16)], True)], {"two/1": (2, 10), "two/2": (8, 16)}
    )
    path = [cell / "metrics.csv"]
    assert set(read_metrics(path)["object"]) == {"all"}
    assert set(read_metrics(path, each_object=True)["object"]) == {"1", "2"}
    table = pd.read_csv(path[0])
    table[table["object"] == "all"].drop(columns="object").to_csv(path[0], index=False)
    assert len(read_metrics(path)) == 4
    assert read_metrics(path, each_object=True).empty


def test_labels_are_of_the_deepest_region_and_nothing_where_a_level_is_unknown():
    levels = [np.array([-1.0, -3.0, 0.0, np.nan]), np.array([-2.0, -3.0, 5.0, -1.0])]
    assert label_map(levels).tolist() == [2, 1, 1, 0]


def test_overlaps_are_counted_once_however_many_regions_meet():
    masks = [_columns(0, 4), _columns(2, 6), _columns(3, 8)]
    assert overlaps(masks) == [48, 24, 48, 36]
    np.testing.assert_array_equal(together(masks), _columns(0, 8))
