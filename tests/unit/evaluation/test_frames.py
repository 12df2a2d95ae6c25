"""What is found of videos whose fits are known."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tiny_cells as tiny
import torch
from tiny_cells import SEED, box

from isr.data.items import Frame, read_item, write_video
from isr.data.problems import read_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.errors import UserError
from isr.evaluation.evaluate import evaluate
from isr.evaluation.frames import scored_by_published_code
from isr.io import read_png
from isr.networks.inference import predict_video
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.store import Group, read_fits, write_fits

HEIGHT, WIDTH, FRAMES = 32, 48, 4
SMALL = (16, 24)
ANNOTATED = (0, 3)
STATUS = ["fitted", "retried", "skipped", "failed"]
LEFT, RIGHT = 1, 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A box in two halves, divided in the last frame; unaries of half the size have it whole."""
    folder = tmp_path_factory.mktemp("video")
    frames, labels = [], []
    for number in range(FRAMES):
        objects = box((HEIGHT, WIDTH)).astype(np.uint8)
        if number == 3:
            objects[:, 21:27] = 0
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        frames.append(Frame(image, objects if number in ANNOTATED else None))
        marks = np.zeros((HEIGHT, WIDTH), np.uint8)
        marks[0], marks[HEIGHT // 2, 14:18] = 255, 1 if number == 0 else 0
        labels.append(WeakLabels(marks))
    about = {"kind": "motion", "text": "from motion", "options": {}}
    write_labels(folder / "labels" / "clip", labels, about)
    write_clip(folder, frames)
    unaries = [np.where(box(SMALL), 0.9, 0.1)] * FRAMES
    tiny.write_predictions(folder / "predictions", "clip", unaries, **taken("trained"))
    return folder


def taken(weights):
    return {"origins": {str(SEED): {"clip": {"weights": weights}}}}


def write_clip(folder, frames, **more):
    about = {"name": "clip", "object": LEFT, "source": "", "licence": "", **more}
    return write_video(folder / "items" / "clip", frames, **about)


def planes(right):
    """Half-planes of the box, or of its left part."""
    low, high = HEIGHT / 4 / WIDTH, 3 * HEIGHT / 4 / WIDTH
    return [(-1, 0, 0.25), (1, 0, -right), (0, -1, low), (0, 1, -high)]


@pytest.fixture(scope="module")
def framewise(folder, bent):
    """The box in all frames, in the first one its left half alone; frame 2 was skipped."""
    options = {"blocks": 2, "base_options": {"width": 4, "hidden_layers": 1}}
    frames = {f"clip/{n:05}": {"status": text, "iou": None} for n, text in enumerate(STATUS)}
    modules = {f"clip/{n:05}": bent(planes(0.5 if n == 0 else 0.75)) for n in (0, 1, 3)}
    about = {"name": "path_connected", "dim": 2, "options": options}
    path = folder / "framewise.safetensors"
    return tiny.store(path, modules, about, frames={str(SEED): frames})


@pytest.fixture(scope="module")
def in_time(folder):
    """Foreground where x + t <= 1: its edge moves to the left. The third frame was noise."""
    module, about = tiny.halfspace(3, 1.0, leans=1.0)
    noisy = {str(SEED): {"clip": [2]}}
    return tiny.store(folder / "time.safetensors", {"clip": module}, about, noisy=noisy)


@pytest.fixture(scope="module")
def job(folder):
    """The evaluation of fits of the video; folders that `places` names take others' place."""

    def make(fits, places=None, networks=(), **cell):
        found = dict.fromkeys(("items", "labels", "predictions"), folder) | (places or {})
        options = {"predictor": "half", "constraint": "path_connected", **cell}
        return tiny.job_of(
            [read_item(found["items"] / "items" / "clip")],
            [fits],
            tiny.cell_settings(**options),
            predictions=[found["predictions"] / "predictions"],
            labels={"clip": found["labels"] / "labels" / "clip"},
            networks=networks,
        )

    return make


@pytest.fixture(scope="module")
def found(folder, job, framewise):
    evaluate(job(framewise), folder / "cell")
    return folder / "cell", pd.read_csv(folder / "cell" / "metrics.csv")


def test_every_frame_has_a_row_for_each_output_and_comparison(found):
    _, metrics = found
    rows = metrics.groupby(["frame", "against"])["output"].agg(list)
    projected = ["representation", "largest_component_filled"]
    assert list(metrics["frame"].unique()) == list(range(FRAMES))
    assert set(metrics["item"]) == {"clip"}
    for frame in range(FRAMES):
        assert rows[frame, "unaries"] == projected
        annotated = (frame, "ground truth") in rows.index
        assert annotated == (frame in ANNOTATED)
        if annotated:
            assert rows[frame, "ground truth"] == ["predictor", *projected]


def test_scores_are_those_of_the_drawn_masks(found):
    _, metrics = found
    scores = metrics.set_index(["frame", "against", "output"])
    iou, accuracy = scores["iou"], scores["accuracy"]
    assert iou[0, "unaries", "representation"] == pytest.approx(0.5)
    assert iou[0, "ground truth", "representation"] == pytest.approx(0.5)
    assert iou[0, "ground truth", "predictor"] == 1
    # 18 of the box's 24 columns are the object's in the last frame.
    assert iou[3, "ground truth", "representation"] == pytest.approx(18 / 24)
    assert iou[1, "unaries", "representation"] == 1
    assert accuracy[0, "ground truth", "representation"] == pytest.approx(1 - 1 / 8)


def test_annotated_frames_are_scored_at_their_own_size(found):
    output, metrics = found
    pixels = metrics.groupby("frame")["scored_pixels"].agg(["min", "max"])
    own, small = HEIGHT * WIDTH, HEIGHT * WIDTH // 4
    assert pixels["min"].tolist() == pixels["max"].tolist() == [own, small, small, own]
    shapes = [read_png(output / "masks" / f"clip/{n:05}.png").shape for n in range(FRAMES)]
    assert shapes == [(HEIGHT, WIDTH), SMALL, SMALL, (HEIGHT, WIDTH)]
    mask = read_png(output / "masks" / "clip/00003.png")
    np.testing.assert_array_equal(mask, np.where(box((HEIGHT, WIDTH)), 255, 0))
    unaries = read_unaries(output / "predictor" / "clip" / "00003.png")
    np.testing.assert_allclose(unaries, np.where(box(SMALL), 0.9, 0.1), atol=1e-5)


def test_a_skipped_frame_is_an_empty_mask_without_a_certificate(found):
    output, metrics = found
    skipped = metrics[metrics["frame"] == 2].set_index("output")
    assert skipped.loc["representation", ["status", "iou"]].tolist() == ["skipped", 0.0]
    assert not read_png(output / "masks" / "clip/00002.png").any()
    assert metrics.groupby("frame")["status"].first().tolist() == STATUS
    certificates = pd.read_csv(output / "certificates.csv")
    assert sorted(certificates["frame"].unique()) == [0, 1, 3]
    assert sorted(certificates["fit_of"].unique()) == [f"clip/{n:05}" for n in (0, 1, 3)]
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


def test_a_joint_cell_asks_the_tuned_network(tmp_path, job, framewise, monkeypatch):
    # The network halves the frame four times: it takes no side below 32 pixels.
    monkeypatch.setitem(tiny.PREDICTORS["half"], "scale", 1.0)
    with pytest.raises(UserError, match="no tuned network of clip: give all parts"):
        evaluate(job(framewise, fit="joint"), tmp_path / "cell")
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    state = {f"predictor.{key}": value for key, value in network.state_dict().items()}
    about = {"predictor": {"kind": "unet", "channels": 4, "options": {"width": 2}}}
    write_fits(tmp_path / "predictors", [Group({("clip", SEED): state}, about)], {})
    own = job(framewise, fit="joint", networks=[read_fits(tmp_path / "predictors")])
    evaluate(own, tmp_path / "cell")
    for number, expected in enumerate(predict_video(network, own.items["clip"], 1.0)):
        stored = read_unaries(tmp_path / "cell" / "predictor" / f"clip/{number:05}.png")
        np.testing.assert_allclose(stored, expected, atol=1e-4)


def test_a_representation_in_time_is_sliced_at_each_frame(tmp_path, job, in_time):
    output = tmp_path / "cell"
    evaluate(job(in_time, fit="spatio-temporal", constraint="convex"), output)
    shares = [(read_png(output / "masks" / f"clip/{n:05}.png") > 0).mean() for n in range(FRAMES)]
    np.testing.assert_allclose(shares, [1, 2 / 3, 1 / 3, 0], atol=0.05)
    certificates = pd.read_csv(output / "certificates.csv")
    assert set(certificates["fit_of"]) == {"clip"}
    assert certificates["frame"].isna().all()
    assert certificates["holds"].all()
    metrics = pd.read_csv(output / "metrics.csv")
    assert metrics.groupby("frame")["noisy"].first().tolist() == [False, False, True, False]
    content = json.loads((output / "outlines" / "clip" / "00001.geojson").read_text())
    points = np.array(content["geometry"]["coordinates"][0])
    # The edge is found in levels drawn at half the size.
    assert points[:, 0].max() == pytest.approx(2 / 3 * WIDTH, abs=1)
    assert points[:, 1].max() == HEIGHT


def test_frames_without_a_fit_that_were_not_skipped_are_reported(tmp_path, job, in_time):
    with pytest.raises(UserError, match="no fit of clip/00000, nor was it skipped"):
        evaluate(job(in_time), tmp_path / "cell")
    assert not (tmp_path / "cell" / "masks").exists()


def test_files_of_another_size_are_reported(tmp_path, job, framewise):
    about = {"kind": "motion", "text": "", "options": {}}
    labels = [WeakLabels(np.zeros((HEIGHT, WIDTH + 1), np.uint8))] * FRAMES
    write_labels(tmp_path / "labels" / "clip", labels, about)
    with pytest.raises(UserError, match=r"has size \(32, 49\), its frame \(32, 48\): label the"):
        evaluate(job(framewise, {"labels": tmp_path}), tmp_path / "cell")
    unaries = [np.zeros((16, 25))] * FRAMES
    tiny.write_predictions(tmp_path / "predictions", "clip", unaries, **taken("trained"))
    with pytest.raises(UserError, match=r"unaries have size \(16, 25\).*: predict again"):
        evaluate(job(framewise, {"predictions": tmp_path}), tmp_path / "cell")


def test_fits_that_stopped_early_are_told(tmp_path, job, framewise, in_time):
    for fits, change, stopped in (
        (framewise, {}, "clip/00001"),
        (in_time, {"fit": "spatio-temporal", "constraint": "convex"}, "clip"),
    ):
        fits.metadata["finite"][str(SEED)][stopped] = False
        evaluate(job(fits, **change), tmp_path / "cell")
        fits.metadata["finite"][str(SEED)][stopped] = True
        metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv")
        found = metrics.drop_duplicates("frame").set_index("frame")["finite"]
        expected = [stopped not in ("clip", f"clip/{n:05}") for n in range(FRAMES)]
        assert found.tolist() == expected


def test_unknown_pixels_are_not_scored(tmp_path, job, framewise):
    truth = box((HEIGHT, WIDTH)).astype(np.uint8)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    # The representation of the first frame lacks the right half of the box.
    unknown = np.zeros((HEIGHT, WIDTH), bool)
    unknown[:, WIDTH // 2 :] = True
    known = [Frame(image, truth, unknown) if n in ANNOTATED else Frame(image) for n in range(4)]
    write_clip(tmp_path, known)
    evaluate(job(framewise, {"items": tmp_path}), tmp_path / "cell")
    metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv")
    rows = metrics[(metrics["frame"] == 0) & (metrics["against"] == "ground truth")]
    row = rows.set_index("output").loc["representation"]
    assert (row["iou"], row["accuracy"], row["scored_pixels"]) == (1, 1, HEIGHT * WIDTH // 2)


# Of which object, labels and network.


@pytest.fixture
def scores(tmp_path, folder, job, in_time):
    """Of a video that two objects fill, whose labels follow one in some way."""

    def make(**foreground):
        objects = np.full((HEIGHT, WIDTH), LEFT, np.uint8)
        objects[:, 3 * WIDTH // 4 :] = RIGHT
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        frames = [Frame(image, objects if n in ANNOTATED else None) for n in range(FRAMES)]
        write_clip(tmp_path, frames, named=False)
        labels = tmp_path / "labels" / "clip"
        shutil.copytree(folder / "labels" / "clip", labels)
        kept = json.loads((labels / "about.json").read_text())
        told = {"objects": 2, "named": False, "share": 0.9, "follow": "", **foreground}
        (labels / "about.json").write_text(json.dumps({**kept, "foreground": told}))
        places = {"items": tmp_path, "labels": tmp_path}
        own = job(in_time, places, fit="spatio-temporal", constraint="convex")
        evaluate(own, tmp_path / "cell")
        metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv")
        rows = metrics[(metrics["output"] == "representation") & (metrics["frame"] == 0)]
        return rows.set_index("against")

    return make


def test_frames_are_scored_by_the_object_that_the_labels_follow(scores):
    # The fit of the first frame is the whole picture.
    found = scores(object=RIGHT).loc["ground truth"]
    assert (found["scored_object"], found["object_sure"]) == (RIGHT, False)
    assert pd.isna(found["labels_follow"])
    assert found["iou"] == pytest.approx(0.25)


def test_labels_of_another_object_are_told(scores):
    rows = scores(object=LEFT, named=True, follow="another object")
    assert set(rows["labels_follow"]) == {"another object"}
    assert set(rows["scored_object"]) == {LEFT}
    assert set(rows["object_sure"]) == {True}


@pytest.mark.parametrize("weights", ["trained", "published"])
def test_the_network_that_was_taken_is_told(tmp_path, folder, job, in_time, weights):
    shutil.copytree(folder / "predictions", tmp_path / "predictions")
    path = tmp_path / "predictions" / "predictor.safetensors"
    write_fits(path, [Group({("clip", SEED): {"w": torch.zeros(1)}}, {})], taken(weights))
    own = job(in_time, {"predictions": tmp_path}, fit="spatio-temporal", constraint="convex")
    evaluate(own, tmp_path / "cell")
    assert set(pd.read_csv(tmp_path / "cell" / "metrics.csv")["weights"]) == {weights}
    path.unlink()
    with pytest.raises(UserError, match=r"predictor.safetensors does not exist"):
        evaluate(own, tmp_path / "cell")


def test_the_published_code_scores_frames_whose_labels_tell_objects_apart():
    objects = np.zeros((4, 6), np.uint8)
    objects[:, :2], objects[:, 4:] = 1, 2
    labels = np.zeros_like(objects)
    labels[:, 2:4] = 255
    assert not scored_by_published_code(labels, objects)
    labels[0, :2] = 1
    assert scored_by_published_code(labels, objects)
    # Most of the foreground's labels lie where the background's do.
    labels[1:, 2:4] = 1
    assert not scored_by_published_code(labels, objects)
    # Another object is not the background.
    assert scored_by_published_code(np.where(objects == 2, 255, objects), objects)
    assert not scored_by_published_code(np.where(objects == 1, 1, 0).astype(np.uint8), objects)
