"""Jobs from pictures and volumes on disk to stored predictions and fits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_sam
import torch
from stacks import files_of, stopped
from whole_jobs import (
    SEED,
    bright_ball,
    bright_disc,
    fit_job,
    fitted,
    predict_job,
    predicted,
    write_items,
)

from isr.data.items import Frame, frame_file, write_video
from isr.data.pictures import Picture
from isr.data.problems import read_unaries
from isr.errors import UserError
from isr.fitting.engine import long_work
from isr.fitting.engine.long_work import Run
from isr.fitting.engine.stack import Stack
from isr.fitting.fit import fit
from isr.fitting.predict import predict
from isr.fitting.wholes import fit as fit_wholes
from isr.levels import foreground
from isr.store import HISTORY, PREDICTOR, read_fits


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    return write_items(folder, [bright_disc("first", 30, 40), bright_disc("second", 36, 24)])


def _largest_difference(one, other) -> float:
    """The largest difference between the parameters of two files."""
    assert sorted(one.keys) == sorted(other.keys)
    largest = 0.0
    for name, seed in one.keys:
        mine, theirs = (f.of_seed(seed).state(name, "representation") for f in (one, other))
        largest = max(largest, *(float((mine[key] - theirs[key]).abs().max()) for key in mine))
    return largest


def test_a_prediction_and_its_projection_find_the_disc(items, tmp_path):
    made = predicted(items, tmp_path / "prediction")
    for name, shape in ("first", (30, 40)), ("second", (36, 24)):
        unaries = read_unaries(made / "unaries" / str(SEED) / f"{name}.png")
        assert unaries.shape == shape
        assert unaries[shape[0] // 2, shape[1] // 2] > 0.9
        assert unaries[1].max() < 0.1
    job = fit_job(items, predictions=[made], works=[["second", SEED]])
    stored = fitted(job, tmp_path / "fits")
    assert stored.names == ["second"]
    assert stored.metadata["finite"] == {str(SEED): {"second": True}}
    assert stored.metadata["settings"] == job.settings
    assert set(stored.metadata["versions"]) == {"isr", "torch", "numpy"}
    assert stored.convention == "isotropic"
    centre = torch.tensor([[12 / 36, 0.5], [12 / 36, 1.5 / 36]], dtype=torch.float64)
    inside, outside = stored.representation("second")(centre).tolist()
    assert inside < 0 < outside
    history = pd.read_parquet(tmp_path / "fits" / HISTORY)
    assert list(history.columns) == ["item", "seed", "step", "term", "value"]
    assert set(history.item) == {"second"}
    assert set(history.seed) == {SEED}


def test_a_smaller_scale_predicts_at_a_smaller_size(items, tmp_path):
    made = predicted(items, tmp_path, predictor={"kind": "fcn", "scale": 0.5}, steps=2)
    assert read_unaries(made / "unaries" / str(SEED) / "first.png").shape == (15, 20)


@pytest.mark.parametrize("kind", ["sequential", "joint"])
def test_two_seeds_in_one_job_are_those_of_two_jobs(items, tmp_path, kind):
    """Bit for bit one after the other; to rounding side by side."""
    seeds = (3, 4)
    together, apart = tmp_path / "together", tmp_path / "apart"
    short = {"steps": 40, "stack_size": 1, "seeds": seeds}
    predictions = {}
    if kind == "sequential":
        made = predicted(items, together / "predictions", **short)
        own = [predicted(items, apart / f"{s}", **short | {"seeds": [s]}) for s in seeds]
        for seed, folder in zip(seeds, own, strict=True):
            for name in items:
                file = f"unaries/{seed}/{name}.png"
                assert (made / file).read_bytes() == (folder / file).read_bytes()
        predictions = {"predictions": own}
    both = fitted(fit_job(items, fit=kind, **predictions, **short), together / "fits")
    assert both.keys == [(name, seed) for seed in seeds for name in items]
    for seed in seeds:
        job = fit_job(items, fit=kind, **predictions, **short | {"seeds": [seed]})
        assert _largest_difference(fitted(job, apart / f"fits-{seed}"), both.of_seed(seed)) == 0.0
    job = fit_job(items, fit=kind, **predictions, **short | {"stack_size": 4})
    assert 0 < _largest_difference(fitted(job, together / "stack"), both) < 1e-3
    one, other = (both.of_seed(seed).state("first", "representation") for seed in seeds)
    assert not torch.equal(one["network.first.weight"], other["network.first.weight"])


@pytest.mark.parametrize("kind", ["sequential", "joint"])
def test_a_picture_and_a_volume_in_one_job(items, tmp_path, kind):
    """An FCN trained on scribbles, projected and jointly."""
    ball = bright_ball("ball")
    volume = write_items(tmp_path, [ball])
    told = {"steps": 1000 if kind == "joint" else 400}
    predictions = []
    if kind == "sequential":
        each = ({"first": items["first"]}, volume)
        predictions = [predicted(own, tmp_path / f"{n}", **told) for n, own in enumerate(each)]
        slices = sorted((predictions[1] / "unaries" / str(SEED) / "ball").iterdir())
        assert [path.name for path in slices] == [frame_file(number) for number in range(8)]
    both = {"first": items["first"], **volume}
    job = fit_job(both, fit=kind, predictions=predictions, **told)
    stored = fitted(job, tmp_path / "fits")
    assert stored.names == ["first", "ball"]
    assert [stored.modules(name)["representation"]["dim"] for name in stored.names] == [2, 3]
    assert set(stored.metadata["schedules"]) == {"stack 0", "stack 1"}
    scene = volume["ball"].scene("isotropic")
    with torch.no_grad():
        level = stored.representation("ball")(torch.from_numpy(scene.coordinates()))
    found, truth = foreground(level).numpy(), ball.ground_truth == 255
    assert (found & truth).sum() / (found | truth).sum() > 0.6


def test_items_of_one_prediction_have_as_many_coordinates(items, tmp_path):
    both = items | write_items(tmp_path, [bright_ball("ball")])
    with pytest.raises(UserError, match=r"^d has items with a third coordinate and others"):
        predicted(both, tmp_path / "made", steps=4)
    assert not (tmp_path / "made").exists()


_UNION = {"constraint": "union", "options": {"count": 2, "options": {"width": 8}}}
_TURNED = {"constraint": "rotationally_symmetric", "options": {"order": 2, "width": 8}}


@pytest.mark.parametrize("shape", [_UNION, _TURNED])
@pytest.mark.parametrize("kind", ["sequential", "joint"])
def test_every_constraint_goes_with_a_predictor(items, tmp_path, shape, kind):
    only = {"first": items["first"]}
    predictions = [] if kind == "joint" else [predicted(only, tmp_path / "made")]
    steps = 1000 if kind == "joint" else 200
    job = fit_job(only, fit=kind, predictions=predictions, steps=steps, **shape)
    stored = fitted(job, tmp_path / "fits")
    points = torch.tensor([[20 / 40, 15 / 40], [20 / 40, 1.5 / 40]], dtype=torch.float64)
    inside, outside = stored.representation("first")(points).tolist()
    assert inside < 0 < outside
    terms = {term for phase in stored.metadata["schedules"]["stack 0"] for term in phase["terms"]}
    assert ("overlap" in terms) == (shape is _UNION)


def _flower(name: str, petals: int) -> Picture:
    rows, columns = np.mgrid[0:48, 0:48] + 0.5
    angle = np.arctan2(rows - 24, columns - 24)
    unaries = 14 + 6 * np.cos(petals * angle) > np.hypot(rows - 24, columns - 24)
    image = np.zeros((48, 48, 3), np.float32)
    return Picture(name, image, unaries=unaries.astype(np.float32))


def test_problems_of_other_orders_are_groups_of_one_file(tmp_path):
    flowers = write_items(tmp_path / "items", [_flower("three", 3), _flower("five", 5)])
    settings = {
        "predictor": "given",
        "features": None,
        "constraint": "rotationally_symmetric",
        "options": {"order": [3, 4, 5], "width": 16},
        "steps": 40,
    }
    run = Run(checkpoint=tmp_path / "part.pt", every=0.0)
    stored = fitted(fit_job(flowers, run=run, **settings), tmp_path / "fits")
    assert [stored.representation(name).order for name in ("three", "five")] == [3, 5]
    assert len(stored.metadata["groups"]) == 2
    assert not list(tmp_path.glob("part.pt*"))


def test_what_is_not_trained_leaves_the_same_files_and_is_projected(items, tmp_path):
    told = {"predictor": {"kind": "tv", "alpha": 0.03}}
    made = predicted(items, tmp_path / "made", seeds=(3, 4), **told)
    stored = read_fits(made / PREDICTOR)
    assert stored.names == ["first", "second"]
    assert all(finite for _, _, finite in stored.metadata["finite"])
    assert 0 <= float(stored.of_seed(3).state("first", "computation")["gap"]) < 1e-3
    fits = fitted(fit_job(items, predictions=[made], **told), tmp_path / "fits")
    assert fits.metadata["finite"] == {str(SEED): {"first": True, "second": True}}


def test_what_is_computed_of_corrupted_pictures_depends_on_the_seed(items, tmp_path):
    told = {"predictor": {"kind": "threshold"}}
    made = predicted(items, tmp_path / "noisy", seeds=(3, 4), corruption="shot_noise", **told)
    clean = predicted(items, tmp_path / "clean", seeds=(3, 4), **told)
    files = {
        folder: [(folder / f"unaries/{seed}/first.png").read_bytes() for seed in (3, 4)]
        for folder in (made, clean)
    }
    assert files[made][0] != files[made][1]
    assert files[clean][0] == files[clean][1] != files[made][0]


@tiny_sam.needs_sam
def test_what_sam_finds_is_predicted_for_each_seed_and_projected(items, tmp_path, monkeypatch):
    entry = tiny_sam.install(monkeypatch, tmp_path)
    job = predict_job(items, predictor=entry, seeds=(SEED, 4), corruption="spatter")
    job = replace(job, checkpoints=Path(entry["checkpoint"]))
    predict(job, tmp_path / "made")
    stored = read_fits(tmp_path / "made" / PREDICTOR)
    points = [
        {key: float(state[key]) for key in ("row", "column")}
        for seed in (SEED, 4)
        for state in [stored.of_seed(seed).state("first", "computation")]
    ]
    assert points[0] != points[1]
    fits = fitted(
        fit_job(items, predictor=entry, predictions=[tmp_path / "made"]), tmp_path / "fits"
    )
    assert fits.metadata["finite"] == {str(SEED): {"first": True, "second": True}}


def test_unaries_that_come_with_the_items_are_not_predicted(items, tmp_path):
    with pytest.raises(UserError, match="predictor given: its unaries come with the items"):
        predict(predict_job(items, predictor="given"), tmp_path / "made")


def test_a_picture_is_not_fitted_in_time(items, tmp_path):
    with pytest.raises(UserError, match=r"^first is no video, but fit is spatio-temporal"):
        fit(fit_job(items, fit="spatio-temporal"), tmp_path / "fits")
    assert not (tmp_path / "fits").exists()


def test_alpha_is_stored_and_changes_the_fit(items, tmp_path):
    found = []
    for number, changed in enumerate([{}, {"alpha": 1.0}, {"alpha": 0.1}, {"uncoupled": 0.5}]):
        job = fit_job({"first": items["first"]}, fit="joint", steps=12, **changed)
        stored = fitted(job, tmp_path / f"{number}")
        phase = stored.metadata["schedules"]["stack 0"][1]
        assert phase["terms"]["coupling"] == changed.get("alpha", 1.0)
        found.append(stored.state("first", "representation")["network.first.weight"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0], found[3])


def test_a_threshold_moves_into_the_function_and_keeps_the_predictor(items, tmp_path):
    only = {"first": items["first"]}
    shape = {"constraint": "periodic", "fit": "joint", "steps": 20}
    plain, moved = (
        fitted(fit_job(only, threshold=threshold, **shape), tmp_path / f"{threshold}")
        for threshold in (0.0, 0.25)
    )
    points = torch.rand(50, 2, dtype=torch.float64)
    levels = [stored.representation("first")(points) for stored in (plain, moved)]
    assert torch.allclose(levels[1], levels[0] - 0.25, atol=1e-5)
    assert moved.predictor("first") is not None


@pytest.mark.parametrize("blocks", [2, 5])
def test_a_stopped_job_ends_with_the_bits_of_one_left_alone(items, tmp_path, blocks):
    """In the picture's stack and in the volume's."""
    both = {"first": items["first"], **write_items(tmp_path / "more", [bright_ball("ball")])}
    told = {"fit": "joint", "steps": 150}
    fit(fit_job(both, **told), tmp_path / "whole")
    run = Run(checkpoint=tmp_path / "job" / "part.pt", every=0.0)
    with stopped(Stack, blocks):
        fit(fit_job(both, run=run, **told), tmp_path / "stopped")
    assert not (tmp_path / "stopped").exists()
    fit(fit_job(both, run=run, **told), tmp_path / "stopped")
    assert list((tmp_path / "job").iterdir()) == []
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "stopped")


@pytest.mark.parametrize("kind", ["fcn", "cnn"])
def test_a_stopped_prediction_ends_with_the_bits_of_one_left_alone(items, tmp_path, kind):
    told = {"predictor": kind, "steps": 60, "stack_size": 1}
    whole = predicted(items, tmp_path / "whole", **told)
    run = Run(checkpoint=tmp_path / "job" / "share.pt", every=0.0)
    with stopped(Stack, 3):
        predicted(items, tmp_path / "stopped", run=run, **told)
    assert files_of(predicted(items, tmp_path / "stopped", run=run, **told)) == files_of(whole)


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [("nothing", True), ("edit", True), ("code", False), ("numerics", False), ("inputs", False)],
)
def test_which_checkpoints_are_gone_on_from(tmp_path, monkeypatch, caplog, change, goes_on):
    """Not of other numerics, inputs or, where edits are to redo fits, of other code."""
    picture = bright_disc("first", 30, 40)
    items = write_items(tmp_path / "items", [picture])
    told = {"fit": "joint", "steps": 150}
    run = Run(checkpoint=tmp_path / "part.pt", every=0.0)
    with stopped(Stack, 2):
        fit(fit_job(items, run=run, **told), tmp_path / "fits")
    if change == "edit":  # The code is another one, but nobody is told.
        monkeypatch.setattr(long_work, "_INTERVAL", 1.0)
    if change == "code":
        run = Run(checkpoint=run.checkpoint, every=0.0, code="edited")
    if change == "numerics":
        monkeypatch.setattr(long_work, "NUMERICS", long_work.NUMERICS + 1)
    if change == "inputs":
        picture.scribbles[2] = 255
        write_items(tmp_path / "items", [picture])
    with caplog.at_level("INFO", logger="isr"):
        fit(fit_job(items, run=run, **told), tmp_path / "fits")
    assert ("going on from step" in caplog.text) == goes_on
    assert ("belongs to other settings" in caplog.text) != goes_on


def test_a_video_and_a_picture_of_one_job_come_to_one_file(items, tmp_path):
    """Both are fitted to unaries that come with them; those of the video frame by frame."""
    rows, columns = np.mgrid[0:24, 0:32]
    frames = [Frame(np.zeros((24, 32, 3), np.uint8)) for _ in range(3)]
    video = write_video(tmp_path / "clip", frames, name="clip", object=1, source="", licence="")
    discs = [np.hypot(rows - 12, columns - 14 - k) < 7 for k in range(3)]
    np.save(video.folder / "unaries.npy", np.stack(discs).astype(np.float16))
    both = {"flower": write_items(tmp_path, [_flower("flower", 3)])["flower"], "clip": video}
    for scale in (1.0, 0.5):
        told = {"predictor": {"kind": "given", "scale": scale}, "features": None, "steps": 60}
        job = fit_job(both, first_steps=300, next_steps=40, **told)
        stored = fitted(job, tmp_path / f"{scale}")
        assert stored.names == ["flower", *(f"clip/0000{k}" for k in range(3))]
        told_frames = stored.metadata["frames"][str(SEED)]
        assert {about["status"] for about in told_frames.values()} == {"fitted"}


def test_nothing_is_read_of_what_is_not_fitted(items, tmp_path):
    job = fit_job(items, works=[["first", SEED]], fit="joint", steps=8)
    assert list(fit_wholes(job, job.keys).finite) == [("first", SEED)]
