"""Trainings of UNets on the weak labels of videos, and the unaries that they give."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from stacks import files_of, limited, stopped

from isr.data.items import Frame, Item, frame_file, write_video
from isr.data.problems import read_unaries
from isr.data.weak_labels.store import WeakLabels, read_labels, write_labels
from isr.errors import UserError
from isr.fitting.engine.long_work import PLAIN_RUN, Run, complete
from isr.fitting.labelled_video import LabelledVideo
from isr.fitting.predict import PredictJob, predict
from isr.fitting.weak_label_training import (
    UNetTraining,
    WeakLabelTraining,
    settle_statistics,
    stored_network,
    train,
)
from isr.networks.inference import predict_video
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.store import HISTORY, PREDICTOR, UNARIES, read_fits

CPU, SEED = torch.device("cpu"), 7


def _job(
    *pairs: tuple[Item, Path],
    seeds: tuple[int, ...] = (SEED,),
    labels: str = "simulated",
    training: str = "each",
    checkpoints: Path | None = None,
    run: Run = PLAIN_RUN,
    **options,
) -> PredictJob:
    """A job on videos with their labels."""
    chosen = {"kind": "unet", "width": 2, "scale": 1.0, "epochs": 3, "learning_rate": 0.02}
    settings = {
        "dataset": "drawn",
        "name": "unet",
        "labels": labels,
        "training": training,
        "predictor": chosen | options,
        "protocol": "paper",
        "works": [[video.name, seed] for seed in seeds for video, _ in pairs],
    }
    items = {video.name: video for video, _ in pairs}
    folders = {video.name: labels for video, labels in pairs}
    return PredictJob(settings, items, None, folders, checkpoints, run)


def _predicted(output: Path, *pairs: tuple[Item, Path], **changed) -> Path:
    predict(_job(*pairs, **changed), output)
    return output


def _unaries(made: Path, name: str, number: int, seed: int = SEED) -> np.ndarray:
    return read_unaries(made / UNARIES / str(seed) / name / frame_file(number))


def _origin(made: Path, name: str = "disc") -> dict:
    return read_fits(made / PREDICTOR).metadata["origins"][str(SEED)][name]


def _frames(*pairs: tuple[Item, Path], seed: int = SEED) -> list[LabelledVideo]:
    return [LabelledVideo(*pair, scale=1.0, seed=seed, device=CPU) for pair in pairs]


def _training(disc_video, **options) -> WeakLabelTraining:
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    return WeakLabelTraining(network, *_frames(disc_video), **options)


def _trained(disc_video, seed: int = SEED, **options) -> WeakLabelTraining:
    job = _job(disc_video, seeds=(seed,), **options)
    return train(job, *_frames(disc_video, seed=seed))


def test_the_object_is_learnt_from_weak_labels(disc_video, tmp_path):
    video, _ = disc_video
    made = _predicted(tmp_path / "made", disc_video, width=4, epochs=25, learning_rate=0.01)
    for number in video.annotated:
        unaries = _unaries(made, "disc", number)
        found, wanted = unaries >= 0.5, video.ground_truth(number) == 255
        assert (found & wanted).sum() / (found | wanted).sum() > 0.65
    history = pd.read_parquet(made / HISTORY)
    assert list(history.columns) == ["item", "seed", "step", "term", "value"]
    assert list(history.step) == list(range(25))
    assert set(history.item) == {"disc"}
    assert set(history.term) == {"multicut"}
    assert history.value.iloc[-1] < 0.5 * history.value.iloc[0]


def test_what_is_stored_gives_the_stored_unaries(disc_video, tmp_path):
    video, _ = disc_video
    made = _predicted(tmp_path / "made", disc_video, scale=0.8)
    fits = read_fits(made / PREDICTOR)
    assert fits.names == ["disc"]
    assert _origin(made)["labels"]["kind"] == "simulated"
    predictor = fits.predictor("disc")
    assert isinstance(predictor, UNet)
    assert (predictor.width, predictor.training) == (2, False)
    for number, unaries in enumerate(predict_video(predictor, video, 0.8)):
        stored = _unaries(made, "disc", number)
        assert stored.shape == (32, 45)
        assert np.allclose(stored, unaries, atol=1e-5)
    assert len(list((made / UNARIES / str(SEED) / "disc").iterdir())) == 5


def test_the_rate_falls_after_each_third_of_the_epochs(disc_video):
    training = _training(disc_video, epochs=6, learning_rate=0.5, decay=0.1)
    rates = []
    while training.done < training.total:
        training.advance()
        rates.append(training.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.5] * 8 + [0.05] * 8 + [0.005] * 8)
    assert not any(parameter.isnan().any() for parameter in training.network.parameters())


def test_replayed_steps_give_the_same_bits(disc_video):
    """Of frames of two sizes, and gone on with from a state in between."""
    found = []
    for replays in (False, True):
        network = UNet(width=2)
        initialise_(network, np.random.default_rng(0))
        scales = [
            LabelledVideo(*disc_video, scale=scale, seed=SEED, device=CPU) for scale in (1.0, 0.8)
        ]
        training = WeakLabelTraining(network, *scales, epochs=3, replays=replays)
        while not training.finished:
            training.advance()
            if training.done == 10:
                training.load_state(copy.deepcopy(training.state()))
        found.append(training)
    one, other = found
    assert one.history == other.history
    for key, value in one.network.state_dict().items():
        assert torch.equal(value, other.network.state_dict()[key]), key


@pytest.mark.parametrize(("least", "epochs"), [(0, 3), (12, 3), (13, 4), (40, 10)])
def test_a_short_video_is_seen_more_often(disc_video, least, epochs):
    training = _training(disc_video, epochs=3, min_steps=least)
    assert (training.epochs, training.total) == (epochs, 4 * epochs)


def test_the_first_step_is_adams_on_the_weighted_cross_entropy(disc_video):
    training = _training(disc_video, learning_rate=0.01)
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    (frames,) = _frames(disc_video)
    number = int(np.argmin(frames.places(0)))
    target, labelled = (each[0] for each in frames.targets(number, 0))
    network.train()
    level = network(frames.inputs(number)).flatten()
    objects, count = float((target * labelled).sum()), float(labelled.sum())
    heavier = round((count - objects) / max(objects, 1) / 10) + 1
    weight = torch.where(target > 0, float(heavier), 1.0) * labelled
    entropy = torch.nn.functional.softplus(torch.where(target > 0, level, -level))
    ((weight * entropy).sum() / count).backward()
    training.advance()
    for key, parameter in network.named_parameters():
        moved = dict(training.network.named_parameters())[key]
        clear = parameter.grad.abs() > 1e-4
        step = (moved - parameter)[clear]
        assert torch.allclose(step, -0.01 * parameter.grad.sign()[clear], atol=2e-4), key


def test_seeds_and_names_determine_the_weights(disc_video):
    def weights(seed: int) -> torch.Tensor:
        return _trained(disc_video, seed, epochs=1).network.last.weight

    assert torch.equal(weights(7), weights(7))
    assert not torch.equal(weights(7), weights(8))


def test_settled_statistics_are_the_means_over_all_frames(disc_video):
    training = _training(disc_video, epochs=1, learning_rate=0.05)
    while training.done < training.total:
        training.advance()
    settle_statistics(training.network, *training.videos)
    first = training.network.down[0][:1]
    seen = [first(training.videos[0].inputs(number)) for number in range(5)]
    norm = training.network.down[0][1]
    mean = torch.stack([each.mean((0, 2, 3)) for each in seen]).mean(0)
    spread = torch.stack([each.var((0, 2, 3)) for each in seen]).mean(0)
    assert torch.allclose(norm.running_mean, mean, atol=1e-5)
    assert torch.allclose(norm.running_var, spread, rtol=1e-4)
    assert norm.momentum == 0.1
    assert not training.network.training


def test_a_trained_predictor_has_settled_statistics(disc_video):
    (frames,) = _frames(disc_video)
    trained = _trained(disc_video, epochs=1).network
    found = {key: value.clone() for key, value in trained.named_buffers()}
    assert not trained.training
    settle_statistics(trained, frames)
    for key, value in trained.named_buffers():
        assert torch.equal(found[key], value), key


def test_labels_of_another_kind_than_the_settings_say_are_refused(disc_video, tmp_path):
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'motion'"):
        _predicted(tmp_path / "made", disc_video, labels="motion")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("steps", [1, 4, 6, 11])
def test_a_stopped_training_ends_with_the_bits_of_one_left_alone(disc_video, tmp_path, steps):
    whole = _predicted(tmp_path / "whole", disc_video)
    run = Run(checkpoint=tmp_path / "job" / "checkpoint.pt", every=0.0)
    with stopped(WeakLabelTraining, steps):
        _predicted(tmp_path / "made", disc_video, run=run)
    assert list((tmp_path / "job").rglob("*.pt"))
    assert not (tmp_path / "made").exists()
    with limited(WeakLabelTraining, 12 - steps):
        _predicted(tmp_path / "made", disc_video, run=run)
    assert list((tmp_path / "job").iterdir()) == []
    assert files_of(whole) == files_of(tmp_path / "made")


def test_a_checkpoint_of_other_labels_is_not_used(disc_video, tmp_path):
    video, labels = disc_video
    run = Run(checkpoint=tmp_path / "checkpoint.pt", every=0.0)
    with stopped(WeakLabelTraining, 5):
        _trained(disc_video, run=run)
    shutil.copytree(labels, tmp_path / "labels")
    shutil.copy(labels / frame_file(0), tmp_path / "labels" / frame_file(2))
    other = (video, tmp_path / "labels")
    fresh = stored_network(_trained(other).network)
    found = stored_network(_trained(other, run=run).network)
    assert all(torch.equal(value, found[key]) for key, value in fresh.items())


def test_two_seeds_in_one_job_are_those_of_two_jobs(disc_video, tmp_path):
    both = _predicted(tmp_path / "both", disc_video, seeds=(7, 8), epochs=1)
    for seed in (7, 8):
        alone = _predicted(tmp_path / f"{seed}", disc_video, seeds=(seed,), epochs=1)
        for number in range(5):
            place = Path(UNARIES) / str(seed) / "disc" / frame_file(number)
            assert (both / place).read_bytes() == (alone / place).read_bytes()
        one, other = (read_fits(m / PREDICTOR).of_seed(seed) for m in (both, alone))
        for key, value in one.state("disc", "predictor").items():
            assert torch.equal(value, other.state("disc", "predictor")[key])


def test_a_loss_that_is_not_finite_is_told(disc_video):
    training = _training(disc_video, epochs=5, learning_rate=1e30)
    with pytest.raises(UserError, match=r"^disc: .*not finite in epoch \d.*learning_rate"):
        complete(training, PLAIN_RUN, fingerprint="x", what="train")


def test_published_networks_are_taken_as_they_are(disc_video, tmp_path):
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(3))
    file = tmp_path / "disc.pth"
    torch.save({"state_dict": network.state_dict()}, file)
    made = _predicted(tmp_path / "made", disc_video, checkpoints=file, weights="published")
    predictor = read_fits(made / PREDICTOR).predictor("disc")
    assert predictor.channel_order == "bgr"
    for key, value in network.state_dict().items():
        assert torch.equal(value, predictor.state_dict()[key])
    assert len(pd.read_parquet(made / HISTORY)) == 0
    assert _origin(made)["steps"] == 0


def _write_network(path: Path, width: int) -> None:
    network = UNet(width=width)
    initialise_(network, np.random.default_rng(3))
    torch.save({"state_dict": network.state_dict()}, path)


@pytest.mark.parametrize(
    ("file", "width", "taken", "reason"),
    [
        ("disc.pth", 2, "published", ""),
        (
            "disc.pth",
            3,
            "trained",
            "disc.pth holds 110 tensors that do not fit a UNet of this width (110 tensors)",
        ),
        ("gap.pth", 2, "trained", "networks holds no network of disc"),
        (None, 2, "trained", "networks does not exist"),
    ],
)
def test_auto_takes_the_published_network_of_a_video_or_trains_one(
    disc_video, tmp_path, file, width, taken, reason
):
    networks = tmp_path / "networks"
    if file:
        networks.mkdir()
        _write_network(networks / file, width)
    made = _predicted(tmp_path / "made", disc_video, checkpoints=networks, weights="auto", epochs=1)
    about = _origin(made)
    assert about["weights"] == taken
    assert about["weights_reason"].endswith(reason)
    assert bool(about["weights_reason"]) == (taken == "trained")
    order = read_fits(made / PREDICTOR).predictor("disc").channel_order
    assert order == {"published": "bgr", "trained": "rgb"}[taken]


def test_a_published_network_that_is_wanted_has_to_be_there(disc_video, tmp_path):
    networks = tmp_path / "networks"
    with pytest.raises(UserError, match="networks does not exist: put the published networks"):
        _predicted(tmp_path / "made", disc_video, checkpoints=networks, weights="published")


def test_labels_that_auto_took_are_those_that_auto_asks_for(disc_video, tmp_path):
    video, labels = disc_video
    folder = tmp_path / "labels"
    shutil.copytree(labels, folder)
    about = json.loads((folder / "about.json").read_text()) | {"wanted": "auto"}
    (folder / "about.json").write_text(json.dumps(about))
    _predicted(tmp_path / "made", (video, folder), labels="auto", epochs=1)
    with pytest.raises(UserError, match="kind 'simulated', the settings say 'auto'"):
        _predicted(tmp_path / "other", disc_video, labels="auto")


# One network for several videos


@pytest.fixture(scope="module")
def upright(disc_video, tmp_path_factory) -> tuple[Item, Path]:
    """The first three frames of the disc's video, on their sides."""
    folder, (video, labels) = tmp_path_factory.mktemp("upright"), disc_video
    made = write_video(
        folder / "upright",
        [Frame(np.rot90(video.frame(number)).copy()) for number in range(3)],
        name="upright",
        object=1,
        source="drawn",
        licence="none",
    )
    marks = (np.rot90(read_labels(labels, number).labels).copy() for number in range(3))
    about = {"kind": "simulated", "text": "drawn", "options": {}}
    write_labels(folder / "labels", map(WeakLabels, marks), about)
    return made, folder / "labels"


@pytest.fixture(scope="module")
def made(disc_video, upright, tmp_path_factory) -> Path:
    folder, told = tmp_path_factory.mktemp("made"), {"width": 4, "epochs": 12}
    return _predicted(
        folder / "made", disc_video, upright, training="together", learning_rate=0.01, **told
    )


def _shuffled(*pairs: tuple[Item, Path]) -> UNetTraining:
    return UNetTraining(UNet(width=2), *_frames(*pairs), epochs=6, learning_rate=0.1)


def _epochs(training: UNetTraining) -> list[list[tuple[str, int]]]:
    """What is seen in each epoch."""
    seen: list[list[tuple[str, int]]] = [[] for _ in range(training.epochs)]
    for done in range(training.total):
        training.done = done
        epoch, number, video = training.place()
        seen[epoch].append((video.video.name, number))
    return seen


def test_an_epoch_sees_the_frames_of_all_videos_shuffled(disc_video, upright):
    epochs = _epochs(_shuffled(disc_video, upright))
    every = [*(("disc", number) for number in range(4)), *(("upright", n) for n in range(3))]
    assert all(sorted(epoch) == every for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)
    names = ["".join(name[0] for name, _ in epoch) for epoch in epochs]
    assert any(name not in ("dddduuu", "uuudddd") for name in names)


def test_the_order_within_a_video_is_that_of_a_training_on_it_alone(disc_video, upright):
    together, alone = (_epochs(_shuffled(*v)) for v in ((disc_video, upright), (disc_video,)))
    assert [[place for place in epoch if place[0] == "disc"] for epoch in together] == alone


def test_all_videos_share_one_network_but_for_its_batch_statistics(made):
    networks = [read_fits(made / PREDICTOR).predictor(name) for name in ("disc", "upright")]
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        assert torch.equal(one, other)
    first, second = (network.down[0][1].running_mean for network in networks)
    assert not torch.equal(first, second)


def test_both_videos_are_learnt(made, disc_video, upright):
    for video, labels in (disc_video, upright):
        for number in range(3):
            unaries = _unaries(made, video.name, number)
            marks = read_labels(labels, number).labels
            assert (unaries[marks == 1] > 0.5).mean() > 0.8
            assert (unaries[marks == 255] < 0.5).mean() > 0.95


def test_what_is_stored_of_each_video_gives_its_unaries(made, upright):
    fits = read_fits(made / PREDICTOR)
    assert _origin(made, "upright")["trained_on"] == ["disc", "upright"]
    assert _origin(made, "upright")["steps"] == 12 * 7
    predicted = predict_video(fits.predictor("upright"), upright[0])
    for number, unaries in enumerate(predicted):
        stored = _unaries(made, "upright", number)
        assert np.allclose(stored, unaries, atol=1e-5)


def test_each_video_is_told_its_own_losses(made):
    history = pd.read_parquet(made / HISTORY)
    first, second = (history[history.item == name] for name in ("disc", "upright"))
    for own in (first, second):
        assert list(own.step) == list(range(12))
        assert own.value.iloc[-1] < 0.6 * own.value.iloc[0]
    assert not np.allclose(first.value, second.value)


def test_a_stopped_training_on_several_goes_on(disc_video, upright, tmp_path):
    told = {"training": "together", "epochs": 1, "seeds": (7, 8)}
    whole = _predicted(tmp_path / "whole", disc_video, upright, **told)
    run = Run(checkpoint=tmp_path / "job" / "checkpoint.pt", every=0.0)
    with stopped(WeakLabelTraining, 10):  # In the network of the second seed.
        _predicted(tmp_path / "made", disc_video, upright, run=run, **told)
    made = _predicted(tmp_path / "made", disc_video, upright, run=run, **told)
    assert files_of(whole) == files_of(made)


def test_other_company_gives_other_weights(disc_video, upright):
    alone, together = (
        train(_job(*pairs, epochs=1), *_frames(*pairs)).network.last.weight
        for pairs in ((disc_video,), (disc_video, upright))
    )
    assert not torch.equal(alone, together)
