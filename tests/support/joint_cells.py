"""What a joint fit of a video starts from, and the fit itself."""

from pathlib import Path

import numpy as np
import torch
from isr.data.videos import Video, frame_file
from isr.fitting.running import Run
from isr.fitting.store import read_fits, write_fits
from isr.fitting.video_folder import VideoFolder
from isr.fitting.video_joint import JointCell, finetune

from isr.data.problems import quantise_unaries
from isr.fitting.labelled_video import LabelledVideo, predict_video
from isr.io import write_png
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.representations import build

CPU = torch.device("cpu")
OPTIONS = {"width": 8}
FITTED = [0, 1, 3]
SKIPPED = {"status": "skipped", "iou": None}


def joint_settings(**changed) -> dict:
    return {
        "study": "s",
        "cell": "c",
        "dataset": "drawn",
        "labels": "simulated",
        "predictor": "unet",
        "predictor_options": {"kind": "unet", "width": 2, "scale": 1.0},
        "constraint": "convex",
        "fit": "joint",
        "noise": 0,
        "seed": 7,
        "protocol": "paper",
        "convention": "isotropic",
        "points": 60,
        "epochs": 3,
        **changed,
    }


def representation_state(seed: int) -> dict[str, torch.Tensor]:
    module = build("convex", **OPTIONS)
    initialise_(module, np.random.default_rng(seed))
    module.project_()
    return {f"representation.{key}": p.detach().clone() for key, p in module.named_parameters()}


def write_start(folder: Path, video: Video, labels: Path) -> dict[str, Path]:
    """A UNet with its unaries, and sequential fits of three of the five frames."""
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(1))
    with torch.no_grad():  # Statistics that fit the frames.
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        frames = LabelledVideo(video, labels, scale=1.0, seed=0, device=CPU)
        network(frames.inputs(2))
    state = {f"predictor.{key}": value for key, value in network.state_dict().items()}
    about = {"predictor": {"kind": "unet", "channels": 4, "options": {"width": 2}}}
    write_fits(folder / "predictions/disc/predictor.safetensors", {"disc": state}, about)
    for number, unaries in enumerate(predict_video(network, video, 1.0)):
        path = folder / "predictions/disc/unaries" / frame_file(number)
        write_png(path, quantise_unaries(unaries, "disc"))
    told = {f"disc/{n:05d}": dict(SKIPPED) for n in range(5)}
    told |= {f"disc/{n:05d}": {"status": "fitted", "iou": 0.9} for n in FITTED}
    write_fits(
        folder / "part-0.safetensors",
        {f"disc/{n:05d}": representation_state(n) for n in FITTED},
        {
            "representation": {"name": "convex", "dim": 2, "options": OPTIONS},
            "convention": "isotropic",
            "frames": told,
        },
    )
    labels_parent = folder / "labels"
    labels_parent.mkdir()
    (labels_parent / "disc").symlink_to(labels)
    return {
        "videos": video.folder.parent,
        "labels": labels_parent,
        "predictions": folder / "predictions",
        "fits": folder / "part-0.safetensors",
    }


def open_cell(start, **changed) -> JointCell:
    settings = joint_settings(**changed)
    folder = VideoFolder(start["videos"], start["predictions"], settings)
    return JointCell(settings, folder, start["labels"], read_fits(start["fits"]))


def run_finetune(start, output: Path, checkpoint: Path | None = None, **changed) -> Path:
    finetune(
        open_cell(start, **changed),
        ["disc"],
        output / "part-0.safetensors",
        output / "part-0.history.parquet",
        output / "part-0.predictors",
        run=Run(checkpoint=checkpoint, every=0.0),
    )
    return output
