"""Everything that is made of one case of a gallery."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from isr.data.gallery import GalleryPicture, write_picture
from isr.fitting.store import write_fits

from isr import representations
from isr.coordinates import ThirdAxis
from isr.errors import UserError
from isr.evaluation import case
from isr.evaluation.baselines import project_trivially
from isr.io import read_png
from isr.representations.convex import Convex

SETTINGS = {
    "study": "g",
    "case": "c",
    "source": "embedded",
    "constraint": "convex",
    "seed": 42,
    "protocol": "paper",
}
CELL_COLUMNS = ["study", "dataset", "constraint", "predictor", "features", "fit", "seed", "picture"]


def picture(grid=(20, 30), third=None, **more):
    image = np.full((*grid, 3), 0.5, np.float32)
    if "scribbles" not in more:
        unaries = np.zeros(grid, np.float32)
        unaries[..., 5:15, 5:20] = 1
        more["unaries"] = unaries
    return GalleryPicture("box", image, third=third, **more)


def halfspace(dim):
    """Foreground where x <= 0.5 (in pixels of a picture 30 wide: the left half)."""
    representation = Convex(dim, width=4)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        network = representation.network
        network.first.weight[0, 0] = 1.0
        network.first.bias[0] = -0.5
        network.hidden_z[0].weight[0, 0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation


def evaluate(tmp_path, content, dim=2):
    write_picture(tmp_path / "picture", content)
    state = {f"representation.{k}": v.detach() for k, v in halfspace(dim).named_parameters()}
    about = {"name": "convex", "dim": dim, "options": {"width": 4}}
    metadata = {
        "representation": about,
        "convention": "isotropic",
        "settings": {"steps": 3},
        "finite": {"box": True},
    }
    write_fits(tmp_path / "fits.safetensors", {"box": state}, metadata)
    output = tmp_path / "case"
    case.evaluate_case(tmp_path / "fits.safetensors", tmp_path / "picture", output, SETTINGS)
    metrics = pd.read_csv(output / "metrics.csv")
    return output, metrics.set_index(["output", "against"]), metrics


def test_scores_against_unaries_and_ground_truth(tmp_path):
    truth = np.zeros((20, 30), np.uint8)
    truth[:, :15] = 255
    output, scores, metrics = evaluate(tmp_path, picture(ground_truth=truth))
    assert scores.loc[("representation", "ground truth"), "iou"] == 1
    # 10 x 10 of the unaries' 10 x 15 lie among the mask's 20 x 15.
    assert scores.loc[("representation", "unaries"), "iou"] == pytest.approx(100 / 350)
    assert scores.loc[("unaries", "ground truth"), "iou"] == pytest.approx(100 / 350)
    assert set(metrics["steps"]) == {3}
    mask = read_png(output / "masks" / "box.png")
    np.testing.assert_array_equal(mask, truth)
    assert (output / "outlines" / "box.svg").exists()
    assert not (output / "outlines" / "box.ply").exists()


def test_certificates_have_the_columns_of_other_cells(tmp_path):
    output, *_ = evaluate(tmp_path, picture())
    certificates = pd.read_csv(output / "certificates.csv")
    assert set(CELL_COLUMNS) <= set(certificates.columns)
    assert set(certificates["case"]) == {"c"}
    assert certificates["holds"].all()


def test_a_picture_with_depth_is_scored_on_its_scribbles(tmp_path):
    scribbles = np.zeros((20, 30), np.uint8)
    scribbles[3, 10:20] = 1
    scribbles[8, 10:20] = 255
    depth = ThirdAxis("depth", np.linspace(0, 1, 600).reshape(20, 30))
    output, scores, metrics = evaluate(tmp_path, picture(third=depth, scribbles=scribbles), dim=3)
    row = scores.loc[("representation", "scribbles")]
    assert (row["scored_pixels"], row["accuracy"]) == (20, 0.5)
    assert set(metrics["predictor"]) == {"scribbles"}
    geometry = json.loads((output / "outlines" / "box.geojson").read_text())["geometry"]
    points = np.array(geometry["coordinates"][0])
    np.testing.assert_allclose(
        [points.min(axis=0), points.max(axis=0)], [[0, 0], [15, 20]], atol=1e-3
    )
    assert (output / "outlines" / "box.ply").stat().st_size > 0


def test_a_video_has_a_mask_for_each_frame_and_a_mesh(tmp_path):
    content = picture((4, 20, 30), ThirdAxis("t", np.linspace(0, 1, 4)))
    output, scores, _ = evaluate(tmp_path, content, dim=3)
    masks = sorted((output / "masks" / "box").iterdir())
    assert [path.name for path in masks] == [f"00{number}.png" for number in range(4)]
    assert (read_png(masks[3]) > 0).sum() == 300
    assert scores.loc[("representation", "unaries"), "scored_pixels"] == 2400
    assert [path.name for path in (output / "outlines").iterdir()] == ["box.ply"]


@pytest.mark.parametrize(
    ("constraint", "names"),
    [
        ("convex", ["convex_hull", "convex_hull_largest"]),
        ("star_shaped", ["ray_polygon"]),
        ("path_connected", ["largest_component_filled"]),
        ("radially_connected", []),
        ("unconstrained", []),
    ],
)
def test_trivial_projections_are_scored_against_the_same(constraint, names):
    truth = np.zeros((20, 30), np.uint8)
    truth[4:15, 5:20] = 255
    content = picture(ground_truth=truth)
    content.unaries[8:12, 8:12] = 0
    rows = case.score(content, np.zeros((20, 30), bool), constraint)
    scores = pd.DataFrame(rows).set_index(["against", "output"])
    assert list(scores.loc["unaries"].index) == ["representation", *names]
    assert list(scores.loc["ground truth"].index) == ["unaries", "representation", *names]
    for name, found in project_trivially(content.unaries > 0.5, constraint).items():
        common, either = found & (truth == 255), found | (truth == 255)
        assert scores.loc[("ground truth", name), "iou"] == common.sum() / either.sum()


def test_trivial_projections_are_of_the_plane():
    content = picture((4, 20, 30), ThirdAxis("t", np.linspace(0, 1, 4)))
    rows = case.score(content, np.zeros((4, 20, 30), bool), "convex")
    assert {row["output"] for row in rows} == {"representation"}


@pytest.mark.parametrize("connect", [False, True])
def test_connections_are_drawn_on_demand(tmp_path, monkeypatch, connect):
    drawn = np.zeros((20, 30), bool)
    drawn[3, 4:9] = True
    monkeypatch.setattr(case, "draw_connected", lambda *_: drawn)
    write_picture(tmp_path / "picture", picture())
    module = representations.build("path_connected", blocks=2)
    state = {f"representation.{k}": v.detach() for k, v in module.named_parameters()}
    about = {"name": "path_connected", "dim": 2, "options": {"blocks": 2}}
    metadata = {"representation": about, "convention": "isotropic"}
    metadata |= {"settings": {"steps": 3}, "finite": {"box": True}}
    write_fits(tmp_path / "fits.safetensors", {"box": state}, metadata)
    settings = SETTINGS | {"constraint": "path_connected", "connect": connect}
    output = tmp_path / "case"
    case.evaluate_case(tmp_path / "fits.safetensors", tmp_path / "picture", output, settings)
    mask = read_png(output / "masks" / "box.png") > 0
    assert (mask == drawn).all() == connect


def test_connections_of_other_shapes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(SETTINGS, "connect", True)
    with pytest.raises(UserError, match="connect is for path_connected in the plane"):
        evaluate(tmp_path, picture())
