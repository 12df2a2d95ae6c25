"""Everything that is made of one cell of videos."""

import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from box_cell import ANNOTATED, FRAMES, HEIGHT, SETTINGS, SMALL, WIDTH, box, store
from isr.data.videos import VideoFrame, read_video, write_video
from isr.evaluation.video import evaluate_video_cell
from isr.evaluation.video_cell import VideoCell
from isr.fitting.store import StoredFits, write_fits
from isr.fitting.video_predictor import unet_metadata

from isr.data.problems import read_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.errors import UserError
from isr.fitting.labelled_video import predict_video
from isr.io import read_png, write_png
from isr.networks.layers import initialise_
from isr.networks.unet import UNet

ROOT = Path(__file__).parents[3]


def planes(left, right):
    """Half-planes of `box`."""
    low, high = HEIGHT / 4 / WIDTH, 3 * HEIGHT / 4 / WIDTH
    return [(-1, 0, left), (1, 0, -right), (0, -1, low), (0, 1, -high)]


@pytest.fixture(scope="module")
def folder(cell):
    return cell.videos.parent


@pytest.fixture(scope="module")
def framewise(folder, bent):
    """The box in all frames, in the first one its left half alone; frame 2 was skipped."""
    options = {"blocks": 2, "base_options": {"width": 4, "hidden_layers": 1}}
    status = ["fitted", "retried", "skipped", "failed"]
    frames = {f"clip/{n:05}": {"status": text, "iou": None} for n, text in enumerate(status)}
    modules = {
        f"clip/{number:05}": bent(planes(0.25, 0.5 if number == 0 else 0.75))
        for number in (0, 1, 3)
    }
    about = {"name": "path_connected", "dim": 2, "options": options}
    return store(folder / "part-0.safetensors", modules, about, frames=frames)


@pytest.fixture(scope="module")
def found(folder, cell, framewise):
    output = folder / "cell"
    evaluate_video_cell([framewise], cell, output)
    return output, pd.read_csv(output / "metrics.csv")


def test_every_frame_has_a_row_for_each_output_and_comparison(found):
    _, metrics = found
    rows = metrics.groupby(["frame", "against"])["output"].agg(list)
    projected = ["representation", "largest_component_filled"]
    assert list(metrics["picture"].unique()) == [f"clip/{n:05}" for n in range(FRAMES)]
    for frame in range(FRAMES):
        assert rows[frame, "unaries"] == projected
        annotated = (frame, "ground truth") in rows.index
        assert annotated == (frame in ANNOTATED)
        if annotated:
            assert rows[frame, "ground truth"] == ["predictor", *projected]


def test_scores_are_those_of_the_drawn_masks(found):
    _, metrics = found
    scores = metrics.set_index(["frame", "against", "output"])["iou"]
    assert scores[0, "unaries", "representation"] == pytest.approx(0.5)
    assert scores[0, "ground truth", "representation"] == pytest.approx(0.5)
    assert scores[0, "ground truth", "predictor"] == 1
    # 18 of the box's 24 columns are the object's in the last frame.
    assert scores[3, "ground truth", "representation"] == pytest.approx(18 / 24)
    assert scores[1, "unaries", "representation"] == 1
    accuracy = metrics.set_index(["frame", "against", "output"])["accuracy"]
    assert accuracy[0, "ground truth", "representation"] == pytest.approx(1 - 1 / 8)


def test_annotated_frames_are_scored_at_their_own_size(found):
    output, metrics = found
    pixels = metrics.groupby("frame")["scored_pixels"].agg(["min", "max"])
    own, small = HEIGHT * WIDTH, HEIGHT * WIDTH // 4
    assert pixels["min"].tolist() == pixels["max"].tolist() == [own, small, small, own]
    shapes = [read_png(output / "masks" / f"clip/{n:05}.png").shape for n in range(FRAMES)]
    assert shapes == [(HEIGHT, WIDTH), SMALL, SMALL, (HEIGHT, WIDTH)]
    mask = read_png(output / "masks" / "clip/00003.png")
    np.testing.assert_array_equal(mask, np.where(box(0.25, 0.75), 255, 0))
    unaries = read_unaries(output / "predictor" / "clip" / "00003.png")
    np.testing.assert_allclose(unaries, np.where(box(0.25, 0.75, SMALL), 0.9, 0.1), atol=1e-5)


def test_a_skipped_frame_is_an_empty_mask_without_a_certificate(found):
    output, metrics = found
    skipped = metrics[metrics["frame"] == 2].set_index("output")
    assert skipped.loc["representation", ["status", "iou"]].tolist() == ["skipped", 0.0]
    assert not read_png(output / "masks" / "clip/00002.png").any()
    assert metrics.groupby("frame")["status"].first().tolist() == [
        "fitted",
        "retried",
        "skipped",
        "failed",
    ]
    certificates = pd.read_csv(output / "certificates.csv")
    assert sorted(certificates["frame"].unique()) == [0, 1, 3]
    assert certificates["holds"].all()
    assert certificates.groupby("frame").size().unique() == [3]


def test_frames_that_contradict_the_constraint_are_told(found):
    _, metrics = found
    frames = metrics.groupby("frame").first()
    assert frames["contradicted"].tolist() == [False, False, False, True]
    assert frames.loc[[0, 3], "truth_components"].tolist() == [1, 2]
    assert frames["unaries_components"].tolist() == [1] * 4
    # The last frame has no foreground labels.
    rule = metrics.drop_duplicates("frame").set_index("frame")["published_rule"]
    assert [str(value) for value in rule] == ["True", "nan", "nan", "False"]


def test_columns_say_how_the_numbers_were_made(found):
    _, metrics = found
    for column, value in {
        **{key: SETTINGS[key] for key in ("study", "dataset", "labels", "predictor", "fit")},
        "width": 4,
        "scale": 0.5,
        "steps": "50, then 4",
        "points": 300,
        "weights": "trained",
        "protocol": "paper",
        "labels_kind": "motion",
        "noise": 0,
        "seed": 42,
    }.items():
        assert set(metrics[column]) == {value}, column


def test_outlines_are_in_pixels_of_the_original_size(found):
    output, _ = found
    content = json.loads((output / "outlines" / "clip" / "00001.geojson").read_text())
    points = np.array(content["geometry"]["coordinates"][0])
    np.testing.assert_allclose(
        [points.min(axis=0), points.max(axis=0)], [[12, 8], [36, 24]], atol=1e-3
    )
    assert content["properties"]["frame"] == 1
    skipped = json.loads((output / "outlines" / "clip" / "00002.geojson").read_text())
    assert skipped["geometry"]["coordinates"] == []


def test_a_joint_cell_asks_the_tuned_predictor(tmp_path, cell, framewise):
    tuned = tmp_path / "part-0.predictors"
    # The network halves the frame four times: it takes no side below 32 pixels.
    options = SETTINGS["predictor_options"] | {"scale": 1.0}
    joint = SETTINGS | {"fit": "joint", "epochs": 2, "predictor_options": options}
    own = VideoCell(joint, cell.videos, cell.labels, cell.predictions, [tmp_path, tuned])
    with pytest.raises(UserError, match=r"holds no clip\.safetensors"):
        evaluate_video_cell([framewise], own, tmp_path / "joint")
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    state = {f"predictor.{key}": value for key, value in network.state_dict().items()}
    write_fits(tuned / "clip.safetensors", {"clip": state}, {"predictor": unet_metadata(network)})
    evaluate_video_cell([framewise], own, tmp_path / "joint")
    video = read_video(cell.videos / "clip")
    for number, expected in enumerate(predict_video(network, video, 1.0)):
        stored = read_unaries(tmp_path / "joint" / "predictor" / f"clip/{number:05}.png")
        np.testing.assert_allclose(stored, expected, atol=1e-4)
    metrics = pd.read_csv(tmp_path / "joint" / "metrics.csv")
    assert set(metrics["steps"]) == {"50, then 4, then 2 epochs"}


def test_a_representation_in_time_is_sliced_at_each_frame(tmp_path, cell, in_time):
    settings = SETTINGS | {"fit": "spatio-temporal", "constraint": "convex", "steps": 70}
    own = VideoCell(settings, cell.videos, cell.labels, cell.predictions)
    output = tmp_path / "cell"
    evaluate_video_cell([in_time], own, output)
    shares = [(read_png(output / "masks" / f"clip/{n:05}.png") > 0).mean() for n in range(FRAMES)]
    np.testing.assert_allclose(shares, [1, 2 / 3, 1 / 3, 0], atol=0.05)
    certificates = pd.read_csv(output / "certificates.csv")
    assert set(certificates["picture"]) == {"clip"}
    assert certificates["frame"].isna().all()
    assert certificates["holds"].all()
    metrics = pd.read_csv(output / "metrics.csv")
    assert metrics.groupby("frame")["noisy"].first().tolist() == [False, False, True, False]
    assert set(metrics["steps"]) == {"70 (Adam at the usual rate)"}
    content = json.loads((output / "outlines" / "clip" / "00001.geojson").read_text())
    points = np.array(content["geometry"]["coordinates"][0])
    # The edge is found in levels drawn at half the size.
    assert points[:, 0].max() == pytest.approx(2 / 3 * WIDTH, abs=1)
    assert points[:, 1].max() == HEIGHT


def test_a_video_that_was_not_fitted_is_reported(tmp_path, cell, framewise):
    settings = SETTINGS | {"videos": ["clip", "other"]}
    own = VideoCell(settings, cell.videos, cell.labels, cell.predictions)
    with pytest.raises(UserError, match="no fit of other: give all parts"):
        evaluate_video_cell([framewise], own, tmp_path / "cell")
    assert not (tmp_path / "cell" / "masks").exists()


def test_frames_without_a_fit_that_were_not_skipped_are_reported(tmp_path, cell, in_time):
    with pytest.raises(UserError, match="no fit of clip/00000, nor was it skipped"):
        evaluate_video_cell([in_time], cell, tmp_path / "cell")
    assert not (tmp_path / "cell" / "masks").exists()


def test_labels_of_another_size_are_reported(tmp_path, cell, framewise):
    about = {"kind": "motion", "text": "", "options": {}}
    labels = [WeakLabels(np.zeros((HEIGHT, WIDTH + 1), np.uint8))] * FRAMES
    write_labels(tmp_path / "labels" / "clip", labels, about)
    own = VideoCell(SETTINGS, cell.videos, tmp_path / "labels", cell.predictions)
    with pytest.raises(UserError, match=r"labels of frame 0 have size \(32, 49\).* label the"):
        evaluate_video_cell([framewise], own, tmp_path / "cell")


def test_fits_that_stopped_early_are_told(tmp_path, folder, cell, framewise, in_time):
    for fits, change, stopped in (
        (framewise, {}, "clip/00001"),
        (in_time, {"fit": "spatio-temporal", "constraint": "convex", "steps": 70}, "clip"),
    ):
        finite = {name: name != stopped for name in fits.names}
        fits = StoredFits({**fits.metadata, "finite": finite}, fits.parameters)
        own = VideoCell(SETTINGS | change, cell.videos, cell.labels, cell.predictions)
        evaluate_video_cell([fits], own, tmp_path / "cell")
        metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv")
        found = metrics.drop_duplicates("frame").set_index("frame")["finite"]
        expected = [stopped not in ("clip", f"clip/{n:05}") for n in range(FRAMES)]
        assert found.tolist() == expected


def test_unknown_pixels_are_not_scored(tmp_path, cell, framewise):
    truth = box(0.25, 0.75).astype(np.uint8)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frames = [VideoFrame(image, truth if n in ANNOTATED else None) for n in range(FRAMES)]
    about = {"name": "clip", "object": 1, "source": "", "licence": ""}
    write_video(tmp_path / "videos" / "clip", frames, **about)
    path = tmp_path / "videos" / "clip" / "ground_truth" / "00000.png"
    known = read_png(path).copy()
    # The representation of this frame lacks the right half of the box.
    known[:, WIDTH // 2 :] = 128
    write_png(path, known)
    own = VideoCell(SETTINGS, tmp_path / "videos", cell.labels, cell.predictions)
    evaluate_video_cell([framewise], own, tmp_path / "cell")
    metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv")
    rows = metrics[(metrics["frame"] == 0) & (metrics["against"] == "ground truth")]
    row = rows.set_index("output").loc["representation"]
    assert (row["iou"], row["accuracy"], row["scored_pixels"]) == (1, 1, HEIGHT * WIDTH // 2)


def test_the_script_evaluates_a_cell(tmp_path, monkeypatch, folder, cell, framewise, found):
    script = ROOT / "scripts" / "evaluate_video.py"
    arguments = ["--settings", json.dumps(SETTINGS), "--output", str(tmp_path / "cell")]
    for name in ("videos", "labels", "predictions"):
        arguments += [f"--{name}", str(folder / name)]
    arguments += ["--fits", str(folder / "part-0.safetensors")]
    monkeypatch.setattr("sys.argv", [str(script), *arguments])
    runpy.run_path(str(script))["main"]()
    output, _ = found
    for table in ("metrics.csv", "certificates.csv"):
        assert (tmp_path / "cell" / table).read_text() == (output / table).read_text()
