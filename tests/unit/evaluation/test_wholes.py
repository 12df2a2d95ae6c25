"""What is found of pictures, pictures with depth and volumes whose fits are known."""

import json

import numpy as np
import pandas as pd
import pytest
import tiny_cells as tiny
import torch
from tiny_cells import SEED

from isr.constraints import build
from isr.coordinates import ThirdAxis
from isr.data.pictures import Picture
from isr.errors import UserError
from isr.evaluation import wholes
from isr.evaluation.baselines import project_trivially
from isr.evaluation.columns import NON_CONVEXITY
from isr.evaluation.evaluate import evaluate
from isr.evaluation.regions import label_map, overlaps
from isr.io import read_png
from isr.representations.convex import Convex
from isr.store import write_fits

FCN = {"predictor": "fcn", "features": "rgb+xy"}


def picture(grid=(20, 30), third=None, **more):
    """A box of 10 x 15 pixels, unless there are scribbles."""
    image = np.full((*grid, 3), 0.5, np.float32)
    if "scribbles" not in more:
        unaries = np.zeros(grid, np.float32)
        unaries[..., 5:15, 5:20] = 1
        more["unaries"] = unaries
    return Picture("box", image, third=third, **more)


def evaluated(tmp_path, content, module=None, about=None, *, dim=2, **cell):
    """The cell of a picture that the left half-space was fitted to, or `module`."""
    items = tiny.write_items(tmp_path, content)
    if module is None:
        module, about = tiny.halfspace(dim)
    fits = tiny.store(tmp_path / "fits.safetensors", {"box": module}, about)
    evaluate(tiny.job_of(items, [fits], tiny.cell_settings(**cell)), tmp_path / "cell")
    metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv")
    return tmp_path / "cell", metrics.set_index(["output", "against"])


def test_scores_against_unaries_and_ground_truth(tmp_path):
    truth = np.zeros((20, 30), np.uint8)
    truth[:, :15] = 255
    output, scores = evaluated(tmp_path, picture(ground_truth=truth))
    assert scores.loc[("representation", "ground truth"), "iou"] == 1
    # 10 x 10 of the unaries' 10 x 15 lie among the mask's 20 x 15.
    assert scores.loc[("representation", "unaries"), "iou"] == pytest.approx(100 / 350)
    assert scores.loc[("predictor", "ground truth"), "iou"] == pytest.approx(100 / 350)
    np.testing.assert_array_equal(read_png(output / "masks" / "box.png"), truth)
    assert (output / "outlines" / "box.svg").exists()
    assert not (output / "outlines" / "box.ply").exists()


@pytest.mark.parametrize("constraint", ["convex", "star_shaped"])
def test_a_convex_cell_says_how_far_its_unaries_are_from_convex(tmp_path, constraint):
    content = picture()
    content.unaries[5:10, 8:17] = 0
    about = {"name": constraint, "dim": 2, "options": {"width": 4}}
    module = build(constraint, 2, width=4)
    module.project_()
    _, scores = evaluated(tmp_path, content, module, about, constraint=constraint)
    row = scores.loc[("representation", "unaries")]
    if constraint != "convex":
        assert row[[*NON_CONVEXITY]].isna().all()
        return
    # 9 x 5 pixels are missing of the hull of the box.
    assert row["unaries_hull_background"] == pytest.approx(45 / 150)
    assert 0.1 < row["unaries_violating_pairs"] < 0.9
    assert not row["hull_background"] > 0
    assert scores.loc[("convex_hull", "unaries"), "hull_background"] == 0


def test_a_picture_with_depth_is_scored_on_its_scribbles(tmp_path):
    scribbles = np.zeros((20, 30), np.uint8)
    scribbles[3, 10:20] = 1
    scribbles[8, 10:20] = 255
    third = ThirdAxis("depth", np.linspace(0, 1, 600).reshape(20, 30))
    output, scores = evaluated(tmp_path, picture(third=third, scribbles=scribbles), dim=3)
    row = scores.loc[("representation", "scribbles")]
    assert (row["scored_pixels"], row["accuracy"]) == (20, 0.5)
    np.testing.assert_allclose(corners(output, "box"), [[0, 0], [15, 20]], atol=1e-3)
    assert (output / "outlines" / "box.ply").stat().st_size > 0


def test_the_outline_of_a_depth_is_of_what_is_seen(tmp_path):
    """x + depth <= 1/2 where the depth falls from 0 to 1 with x: x <= 1/4 is seen."""
    columns = (np.arange(30) + 0.5) / 30
    third = ThirdAxis("depth", np.broadcast_to(columns, (20, 30)))
    module, about = tiny.halfspace(3, leans=1.0)
    output, _ = evaluated(tmp_path, picture(third=third), module, about)
    np.testing.assert_allclose(corners(output, "box"), [[0, 0], [7.5, 20]], atol=1e-3)


def corners(cell, name):
    geometry = json.loads((cell / "outlines" / f"{name}.geojson").read_text())["geometry"]
    points = np.array(geometry["coordinates"][0])
    return [points.min(axis=0), points.max(axis=0)]


def test_a_volume_has_a_mask_for_each_slice_and_a_mesh(tmp_path):
    content = picture((4, 20, 30), ThirdAxis("z", np.linspace(0, 1, 4)))
    output, scores = evaluated(tmp_path, content, dim=3)
    masks = sorted((output / "masks" / "box").iterdir())
    assert [path.name for path in masks] == [f"0000{number}.png" for number in range(4)]
    assert (read_png(masks[3]) > 0).sum() == 300
    assert scores.loc[("representation", "unaries"), "scored_pixels"] == 2400
    assert [path.name for path in (output / "outlines").iterdir()] == ["box.ply"]
    # Trivial projections are of the plane.
    assert set(scores.index.get_level_values("output")) == {"representation"}


@pytest.mark.parametrize(
    ("constraint", "options", "names"),
    [
        ("convex", {"width": 4}, ["convex_hull", "convex_hull_largest"]),
        ("star_shaped", {"width": 4}, ["ray_polygon"]),
        ("path_connected", {"blocks": 2}, ["largest_component_filled"]),
        ("radially_connected", {"width": 4}, []),
        ("unconstrained", {"width": 4}, []),
    ],
)
def test_trivial_projections_are_scored_against_the_same(tmp_path, constraint, options, names):
    truth = np.zeros((20, 30), np.uint8)
    truth[4:15, 5:20] = 255
    content = picture(ground_truth=truth)
    content.unaries[8:12, 8:12] = 0
    about = {"name": constraint, "dim": 2, "options": options}
    module = build(constraint, 2, **options)
    _, scores = evaluated(tmp_path, content, module, about, constraint=constraint, options=options)
    rows = scores.reset_index().groupby("against")["output"].agg(list)
    assert rows["unaries"] == ["representation", *names]
    assert rows["ground truth"] == ["predictor", "representation", *names]
    for name, found in project_trivially(content.unaries > 0.5, constraint).items():
        common, either = found & (truth == 255), found | (truth == 255)
        assert scores.loc[(name, "ground truth"), "iou"] == common.sum() / either.sum()


@pytest.mark.parametrize("connect", [False, True])
def test_connections_are_drawn_on_demand(tmp_path, monkeypatch, connect):
    drawn = np.zeros((20, 30), bool)
    drawn[3, 4:9] = True
    monkeypatch.setattr(wholes, "draw_connected", lambda *_: drawn)
    module, about = path_connected()
    output, _ = evaluated(tmp_path, picture(), module, about, connect=connect)
    mask = read_png(output / "masks" / "box.png") > 0
    assert (mask == drawn).all() == connect


def path_connected():
    about = {"name": "path_connected", "dim": 2, "options": {"blocks": 2}}
    return build("path_connected", blocks=2), about


def test_connections_of_other_shapes_are_refused(tmp_path):
    with pytest.raises(UserError, match="connect is for path_connected in the plane"):
        evaluated(tmp_path, picture(), connect=True)
    third = ThirdAxis("z", np.linspace(0, 1, 4))
    options = {"blocks": 6}
    about = {"name": "path_connected", "dim": 3, "options": options}
    module = build("path_connected", 3, **options)
    with pytest.raises(UserError, match="connect is for path_connected in the plane"):
        evaluated(tmp_path, picture((4, 20, 30), third), module, about, connect=True)


def test_unaries_at_a_smaller_scale_are_enlarged(tmp_path):
    items = tiny.write_items(tmp_path, tiny.picture())
    module, about = tiny.halfspace(2)
    fits = tiny.store(tmp_path / "fits.safetensors", {"box": module}, about)
    small = np.where(tiny.box((10, 15)), 0.9, 0.1)
    predictions = [tiny.write_predictions(tmp_path / "predictions", "box", small)]
    cell = tiny.cell_settings(predictor="half")
    evaluate(tiny.job_of(items, [fits], cell, predictions=predictions), tmp_path / "cell")
    stored = read_png(tmp_path / "cell" / "predictor" / "box.png")
    assert stored.shape == (20, 30)
    assert (stored[7:13, 10:20] > 50000).all()


# Several objects.

HEIGHT, WIDTH = 12, 20


def columns(first, last):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:, first:last] = True
    return mask


def strip(first, last):
    """Foreground in the columns from `first` up to `last`, deepest in their middle."""
    module = Convex(2, width=4)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        network = module.network
        middle, half = (first + last) / 2 / WIDTH, (last - first) / 2 / WIDTH
        network.first.weight[:2, 0] = torch.tensor([1.0, -1.0])
        network.first.bias[:2] = torch.tensor([-middle, middle])
        for layer in network.hidden_z:
            layer.weight.copy_(torch.eye(4))
        network.output_z.weight[0, :2] = 1.0
        network.output_z.bias[0] = -half
    return module


def strips(name, objects, instances):
    scribbles = np.zeros((HEIGHT, WIDTH), np.uint8)
    scribbles[:, 0] = 255
    truth, numbers = np.zeros_like(scribbles), np.zeros_like(scribbles)
    for number, (first, last) in enumerate(objects, start=1):
        scribbles[5, (first + last) // 2] = number
        truth[:, first:last], numbers[:, first:last] = 255, number
    truth[0, :] = 128
    image = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    return Picture(name, image, scribbles, truth, numbers if instances else None)


def evaluate_strips(tmp_path, pictures, found):
    """Evaluate strips fitted to pictures of strips; unaries are those of the truth."""
    items = tiny.write_items(tmp_path, *pictures)
    modules = {name: strip(*span) for name, span in found.items()}
    about = {"name": "convex", "dim": 2, "options": {"width": 4}}
    finite = {str(SEED): {name: not name.endswith("/2") for name in found}}
    fits = tiny.store(tmp_path / "fits.safetensors", modules, about, finite=finite)
    made = tmp_path / "predictions"
    for name, span in found.items():
        tiny.write_predictions(made, name, np.where(columns(*span), 0.9, 0.1))
    told = {"settings": {"steps": 7}, "finite": [[name, SEED, True] for name in found]}
    write_fits(made / "predictor.safetensors", [], told)
    job = tiny.job_of(items, [fits], tiny.cell_settings(**FCN), predictions=[made])
    evaluate(job, tmp_path / "cell")
    return tmp_path / "cell"


TWO = strips("two", [(2, 8), (8, 16)], True)
FOUND = {"two/1": (2, 10), "two/2": (8, 16)}


def test_objects_are_scored_one_by_one_and_together(tmp_path):
    pictures = [
        TWO,
        strips("one", [(4, 12)], True),
        strips("untold", [(2, 8), (10, 16)], False),
    ]
    untold = {"untold/1": (2, 8), "untold/2": (10, 16)}
    cell = evaluate_strips(tmp_path, pictures, {**FOUND, "one": (4, 12), **untold})
    metrics = pd.read_csv(cell / "metrics.csv", dtype={"object": str})
    metrics = metrics[metrics["against"] == "ground truth"]
    shapes = metrics[metrics["output"] == "representation"].set_index(["item", "object"])
    scored = {"two": ["all", "1", "2"], "one": ["all", "1"], "untold": ["all"]}
    assert list(shapes.index) == [(name, each) for name in scored for each in scored[name]]
    assert shapes["iou"].round(6).tolist() == [1, 0.75, 1, 1, 1, 1]
    assert shapes["objects"].tolist() == [2, 2, 2, 1, 1, 2]
    assert shapes["overlap"].tolist() == [24, 24, 24, 0, 0, 0]
    assert shapes["finite"].tolist() == [False, True, False, True, True, False]
    assert shapes["scored_pixels"].unique().tolist() == [220]
    hulls = metrics[metrics["output"] == "convex_hull"].set_index(["item", "object"])
    assert hulls["iou"].round(6).to_dict() == shapes["iou"].round(6).to_dict()
    # What was made of the unaries alone tells how those were made.
    assert hulls["finite"].all()
    assert set(hulls["steps"]) == {7}
    assert set(shapes["steps"]) == {tiny.cell_settings().steps}


def test_masks_unaries_outlines_and_certificates_of_every_object(tmp_path):
    cell = evaluate_strips(tmp_path, [TWO], FOUND)
    masks = {name: read_png(cell / "masks" / f"{name}.png") for name in ("two", "two/1", "two/2")}
    for mask, span in zip(masks.values(), [(2, 16), (2, 10), (8, 16)], strict=True):
        np.testing.assert_array_equal(mask, np.where(columns(*span), 255, 0))
    labels = read_png(cell / "masks" / "two" / "labels.png")
    assert labels[3].tolist() == [0] * 2 + [1] * 7 + [2] * 7 + [0] * 4
    sizes = [np.ptp(corners(cell, name), axis=0).tolist() for name in masks]
    np.testing.assert_allclose(sizes, [(14, 12), (8, 12), (8, 12)], atol=1e-3)
    told = json.loads((cell / "outlines" / "two" / "2.geojson").read_text())["properties"]
    assert (told["study"], told["item"], told["object"], told["seed"]) == ("s", "two", 2, SEED)
    assert None not in told.values()
    drawn = (cell / "outlines" / "two.svg").read_text().partition("<path")[2]
    assert drawn.count("Z") == 2
    unaries = read_png(cell / "predictor" / "two.png")
    each = [read_png(cell / "predictor" / "two" / f"{k}.png") for k in (1, 2)]
    np.testing.assert_array_equal(unaries, np.maximum(*each))
    certificates = pd.read_csv(cell / "certificates.csv")
    assert certificates["holds"].all()
    assert set(certificates["item"]) == set(certificates["fit_of"]) == {"two"}
    assert {"member 1: convex", "member 2: convex"} <= set(certificates["property"])


def test_an_item_with_a_fit_of_one_object_alone_is_reported(tmp_path):
    with pytest.raises(UserError, match="holds no fit of two: give all parts"):
        evaluate_strips(tmp_path, [TWO], {"two/2": (8, 16)})


def test_labels_are_of_the_deepest_region_and_nothing_where_a_level_is_unknown():
    levels = [np.array([-1.0, -3.0, 0.0, np.nan]), np.array([-2.0, -3.0, 5.0, -1.0])]
    assert label_map(levels).tolist() == [2, 1, 1, 0]


def test_overlaps_are_counted_once_however_many_regions_meet():
    masks = [columns(0, 4), columns(2, 6), columns(3, 8)]
    assert overlaps(masks) == [48, 24, 48, 36]
