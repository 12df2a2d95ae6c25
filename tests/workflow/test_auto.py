"""Labels and networks `auto`: what is planned, and what is taken with and without the files."""

import json

import h5py
import numpy as np
import pytest
import torch
from configurations import DEMO_STUDIES
from PIL import Image

from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.store import read_fits

SIZE = (36, 48)
LABELS = "resources/labels/mine/auto/cars3"
PREDICTIONS = "resources/predictions/mine/unet+auto/seed-42_cars3"
PAPER = ("--configfile", "config/paper.yaml")
DEFINITION = """Total number of regions:
3
Scale of region 0:
0
Scale of region 1:
255
Scale of region 2:
128
Total number of frames in this shot:
3
Total number of labeled frames for this shot:
1
Frame number:
1
File name:
cars3_2.pgm
Input file name:
cars3_2.ppm
"""


def places(number):
    """A large object that rests and a small one that moves: their pixels in a frame."""
    found = np.zeros(SIZE, np.uint8)
    found[4:24, 4:20], found[26:34, 6 + 6 * number : 18 + 6 * number] = 255, 128
    return found


@pytest.fixture(scope="module")
def config(repository):
    """A sequence like those of FBMS-59, and published files that cannot be downloaded."""
    folder = repository.folder / "my_sequences" / "cars3"
    (folder / "GroundTruth").mkdir(parents=True)
    (folder / "GroundTruth" / "cars3Def.dat").write_text(DEFINITION)
    texture = np.random.default_rng(0).integers(0, 120, (*SIZE, 3))
    for number in range(3):
        picture = texture + places(number)[..., None] // 2
        picture[26:34] = np.roll(picture[26:34], 6 * number, axis=1)
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"cars3_{number + 1}.png")
    Image.fromarray(places(1)).save(folder / "GroundTruth" / "cars3_2.pgm")
    gone = (repository.folder / "gone").as_uri()
    entry = {
        "kind": "videos",
        "path": "my_sequences",
        **{
            key: {"url": f"{gone}/{file}", "file": file}
            for key, file in (("labels", "labels.tar"), ("checkpoints", "networks.tar"))
        },
    }
    settings = {"labels": "auto", "predictor": "unet", "constraint": "path_connected"}
    return {
        "datasets": {"mine": entry},
        "predictors": {"unet": {"weights": "auto", "width": 2, "epochs": 1, "min_steps": 0}},
        "studies": {
            **dict.fromkeys(DEMO_STUDIES),
            "film": {"dataset": "mine", "settings": settings},
        },
    }


def taken(repository, config):
    """What a run takes: about.json of the labels, and the metadata of the network."""
    code, output = repository.snakemake(LABELS, PREDICTIONS, "--cores", "1", config=config)
    assert code == 0, output
    about = json.loads((repository.folder / LABELS / "about.json").read_text())
    stored = read_fits(repository.folder / PREDICTIONS / "predictor.safetensors")
    return about, stored.metadata["origins"]["42"]["cars3"]


def test_without_the_files_ours_are_taken_and_with_them_theirs(repository, config):
    labels, network = taken(repository, config)
    assert (labels["kind"], labels["wanted"]) == ("motion", "auto")
    assert labels["reason"] == "resources/downloads/labels.tar does not exist"
    assert (network["weights"], network["labels"]["kind"]) == ("trained", "motion")
    assert network["weights_reason"] == "resources/downloads/networks.tar does not exist"
    status = repository.folder / "resources/downloads/networks.tar.status.json"
    assert not json.loads(status.read_text())["present"]

    put_by_hand(repository.folder / "resources/downloads")
    assert repository.plan(LABELS, PREDICTIONS, config=config) == {
        **dict.fromkeys(("label", "predict"), 1),
        "total": 2,
    }
    labels, network = taken(repository, config)
    assert (labels["kind"], labels["wanted"]) == ("published", "auto")
    # The labels follow the small object, though the large one was unpacked as the foreground.
    assert labels["foreground"] == {
        **{"object": 2, "objects": 2, "named": False, "share": 1.0, "follow": ""}
    }
    assert (network["weights"], network["weights_reason"]) == ("published", "")
    assert network["labels"]["kind"] == "published"
    assert repository.plan(LABELS, PREDICTIONS, config=config) == {}


def put_by_hand(downloads):
    folder = downloads / "labels" / "cars3"
    folder.mkdir(parents=True)
    for number in range(3):
        labels = np.full(SIZE, -1.0)
        labels[2:34:2, ::2] = np.where(places(number) == 128, 1, 0)[2:34:2, ::2]
        with h5py.File(folder / f"cars3_{number + 1}.h5", "w") as content:
            content["img"], content["confidence"] = labels.T, np.where(labels < 0, -1.0, 1.0).T
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(0))
    (downloads / "networks").mkdir()
    torch.save({"state_dict": network.state_dict()}, downloads / "networks" / "cars3.pth")


def test_the_paper_s_labels_and_networks_are_fetched_if_they_can_be_had(repository):
    plan = repository.plan("results/motion/labels~auto_fit~sequential_seed~42/metrics.csv", *PAPER)
    assert (plan["fetch_optional"], plan["fetch"]) == (3, 1)
    assert plan["label"] == plan["predict"] == plan["fit"] == 18


def test_files_of_the_paper_put_there_by_hand_are_not_fetched(repository):
    downloads = repository.folder / "resources/downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    names = ("labelsUncertFbms.tar", "modelsUncertFbms.tar")
    for name in names:
        (downloads / name).write_bytes(b"")
    assert repository.plan("download", *PAPER)["fetch_optional"] == 2
    for name in names:
        (downloads / name).unlink()
    assert repository.plan("download", *PAPER)["fetch_optional"] == 4


def test_a_video_that_was_drawn_needs_no_file(repository):
    config = {
        "predictors": {"unet": {"weights": "auto"}},
        "studies": {"motion": {"vary": {"labels": ["auto"]}}},
    }
    plan = repository.plan("motion", config=config)
    assert plan["label"] == plan["predict"] == 1
    assert "fetch_optional" not in plan
