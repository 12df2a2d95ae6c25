import json
import shutil

import numpy as np
import pytest
import torch

from isr.data.items import frame_file, read_item
from isr.data.weak_labels.store import WeakLabels, read_labels, write_labels
from isr.errors import UserError
from isr.fitting.labelled_video import KeptVideo, LabelledVideo
from isr.levels import probability
from isr.networks.inference import network_input, predict_video
from isr.networks.layers import initialise_
from isr.networks.unet import UNet

CPU = torch.device("cpu")


def _frames(disc_video, *, scale: float = 1.0, seed: int = 7) -> LabelledVideo:
    video, labels = disc_video
    return LabelledVideo(video, labels, scale=scale, seed=seed, device=CPU)


def test_frames_without_labels_are_left_out_those_of_one_class_are_not(disc_video):
    assert _frames(disc_video).labelled_frames == [0, 1, 2, 3]


@pytest.mark.parametrize(("missing", "word"), [(1, "foreground"), (255, "background")])
def test_a_video_without_a_class_is_a_users_mistake(disc_video, tmp_path, missing, word):
    video, labels = disc_video
    kept = [read_labels(labels, number).labels.copy() for number in range(5)]
    for each in kept:
        each[each == missing] = 0
    write_labels(tmp_path / "bad", map(WeakLabels, kept), {"kind": "simulated", "text": "x"})
    frames = LabelledVideo(video, tmp_path / "bad", scale=1.0, seed=0, device=CPU)
    with pytest.raises(UserError, match=rf"^disc: .*no {word}.*choose other labels"):
        frames.labelled_frames  # noqa: B018


def test_inputs_and_targets_are_those_of_the_working_size(disc_video):
    frames, (video, labels) = _frames(disc_video, scale=0.8), disc_video
    assert frames.size == (32, 45)
    assert np.array_equal(frames.inputs(2)[0].numpy(), network_input(video.frame(2), 0.8))
    target, labelled = frames.targets(2, 0)
    marks = read_labels(labels, 2, (32, 45)).labels.ravel()
    assert np.array_equal(target[0].numpy(), marks == 1)
    assert np.array_equal(labelled[0].numpy(), marks != 0)


def test_a_video_that_is_kept_gives_the_same(disc_video):
    frames, (video, labels) = _frames(disc_video), disc_video
    kept = KeptVideo(video, labels, scale=1.0, seed=7, device=CPU)
    assert kept.labelled_frames == frames.labelled_frames
    flipped = set()
    for number in range(len(video)):
        assert torch.equal(kept.inputs(number), frames.inputs(number))
        for epoch in (0, 3, 1):
            both = (kept.targets(number, epoch), frames.targets(number, epoch))
            for one, other in zip(*both, strict=True):
                assert torch.equal(one, other)
            flipped.add((number, both[0][0].numpy().tobytes()))
    # The labels of the second frame may be wrong, and are drawn anew in each epoch.
    assert len(flipped) == len(video) + 2


def test_doubtful_labels_are_drawn_anew_in_each_epoch(disc_video):
    frames, (_, labels) = _frames(disc_video), disc_video
    stored = read_labels(labels, 1)
    doubtful = (stored.flip > 0).ravel()
    original = (stored.labels == 1).ravel()
    flipped = []
    for epoch in range(40):
        target, labelled = frames.targets(1, epoch)
        changed = target[0].numpy().astype(bool) != original
        assert not changed[~doubtful].any()
        assert np.array_equal(labelled[0].numpy(), stored.labels.ravel() != 0)
        flipped.append(changed[doubtful])
    share = np.array(flipped).mean()
    deviation = np.sqrt(0.4 * 0.6 / np.array(flipped).size)
    assert abs(share - 0.4) < 5 * deviation
    assert not np.array_equal(flipped[0], flipped[1])
    again, _ = frames.targets(1, 0)
    assert np.array_equal(again[0].numpy().astype(bool)[doubtful] != original[doubtful], flipped[0])
    other, _ = _frames(disc_video, seed=8).targets(1, 0)
    assert not torch.equal(again, other)


def test_the_place_of_every_labelled_frame_is_drawn_for_each_epoch(disc_video):
    frames = _frames(disc_video)
    places = np.stack([frames.places(epoch) for epoch in range(20)])
    assert places.shape == (20, 4)
    assert places.min() >= 0
    assert places.max() < 1
    assert len({tuple(order) for order in np.argsort(places, axis=1)}) > 5
    again = np.stack([_frames(disc_video).places(epoch) for epoch in range(20)])
    assert np.array_equal(places, again)
    assert not np.array_equal(places, [_frames(disc_video, seed=8).places(e) for e in range(20)])


def test_the_digest_sees_frames_labels_and_flips(disc_video, tmp_path):
    video, labels = disc_video
    first = _frames(disc_video).digest()
    shutil.copytree(video.folder, tmp_path / "video")
    shutil.copytree(labels, tmp_path / "labels")

    def digest() -> str:
        copy = read_item(tmp_path / "video")
        return LabelledVideo(copy, tmp_path / "labels", scale=1.0, seed=7, device=CPU).digest()

    assert digest() == first
    files = [
        tmp_path / "video" / "frames" / frame_file(3),
        tmp_path / "labels" / frame_file(2),
        tmp_path / "labels" / "flip" / frame_file(1),
    ]
    seen = {first}
    for file in files:
        file.write_bytes(file.read_bytes() + b"x")
        seen.add(digest())
    assert len(seen) == 4


def test_the_digest_sees_what_the_labels_are(disc_video, tmp_path):
    """Points are shrunk in another way than areas."""
    video, labels = disc_video
    shutil.copytree(labels, tmp_path / "labels")
    about = json.loads((labels / "about.json").read_text())
    (tmp_path / "labels" / "about.json").write_text(json.dumps({**about, "points": True}))
    assert _frames((video, tmp_path / "labels")).digest() != _frames(disc_video).digest()


@pytest.mark.parametrize("scale", [1.0, 0.8])
def test_labels_of_another_size_than_the_video_are_refused(disc_video, tmp_path, scale):
    video, _ = disc_video
    about = {"kind": "simulated", "text": "x"}
    write_labels(tmp_path / "l", [WeakLabels(np.ones((32, 45), np.uint8))] * 5, about)
    frames = _frames((video, tmp_path / "l"), scale=scale)
    with pytest.raises(UserError, match=r"00000\.png has size \(32, 45\), its frame \(40, 56\)"):
        frames.labelled_frames  # noqa: B018


@pytest.mark.parametrize("count", [4, 6])
def test_labels_of_more_or_fewer_frames_are_refused(disc_video, tmp_path, count):
    video, labels = disc_video
    marks = [read_labels(labels, min(number, 4)) for number in range(count)]
    write_labels(tmp_path / "l", marks, {"kind": "simulated", "text": "x"})
    with pytest.raises(UserError, match=rf"labels of {count} frames, disc has 5"):
        _frames((video, tmp_path / "l"))


def test_predictions_are_those_of_evaluation(disc_video):
    video, _ = disc_video
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    network.train()
    found = list(predict_video(network, video, 0.8))
    assert len(found) == 5
    assert not network.training
    for number in (0, 4):
        inputs = torch.from_numpy(network_input(video.frame(number), 0.8))[None]
        with torch.no_grad():
            expected = probability(network(inputs)[0]).numpy()
        assert found[number].shape == (32, 45)
        assert found[number].dtype == np.float32
        assert np.allclose(found[number], expected, atol=1e-6)
