"""What a joint fit of a video starts from, and the fit itself."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from isr.constraints import build
from isr.data.items import Item, frame_name, read_item
from isr.data.problems import write_unaries
from isr.fitting.engine.long_work import Run
from isr.fitting.fit import FitJob, fit
from isr.fitting.joint_frames import Before
from isr.fitting.labelled_video import LabelledVideo
from isr.fitting.weak_label_training import stored_network, unet_metadata
from isr.networks.inference import predict_video
from isr.networks.layers import initialise_
from isr.networks.unet import UNet
from isr.settings import CellSettings
from isr.store import PREDICTOR, UNARIES, Group, read_fits, write_fits

CPU = torch.device("cpu")
SEED = 7
ABOUT = {"representation": {"name": "convex", "dim": 2, "options": {"width": 8}}}
FITTED = [0, 1, 3]
SKIPPED = {"status": "skipped", "iou": None}


def joint_settings(protocol: str = "paper", points: int = 60, **changed: Any) -> dict[str, Any]:
    cell = {
        "constraint": "convex",
        "options": {"width": 8},
        "predictor": "unet",
        "labels": "simulated",
        "fit": "joint",
        "points": {"strokes": points // 2, "random": points - points // 2},
        "epochs": 3,
        "stack_size": 1,
        **changed,
    }
    return {
        "study": "s",
        "batch": "b",
        "protocol": protocol,
        "cell": CellSettings.model_validate(cell).model_dump(),
        "predictor": {"kind": "unet", "width": 2, "scale": 1.0},
        "works": [["disc", SEED]],
    }


def representation_state(seed: int) -> dict[str, torch.Tensor]:
    module = build("convex", width=8)
    initialise_(module, np.random.default_rng(seed))
    module.project_()
    return {f"representation.{key}": p.detach().clone() for key, p in module.named_parameters()}


def write_sequential(path: Path, seeds: dict[int, int], about: dict[str, Any] = ABOUT) -> Path:
    """Sequential fits of some of the five frames, each with weights drawn with a seed."""
    told = {f"disc/{n:05d}": dict(SKIPPED) for n in range(5)}
    told |= {f"disc/{n:05d}": {"status": "fitted", "iou": 0.9} for n in seeds}
    states = {(f"disc/{n:05d}", SEED): representation_state(seed) for n, seed in seeds.items()}
    metadata = {"convention": "isotropic", "frames": {str(SEED): told}}
    write_fits(path, [Group(states, about)] if states else [], metadata)
    return path


def write_start(folder: Path, video: Item, labels: Path) -> dict[str, Path]:
    """A UNet with its unaries, and sequential fits of three of the five frames."""
    network = UNet(width=2)
    initialise_(network, np.random.default_rng(1))
    with torch.no_grad():  # Statistics that fit the frames.
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        frames = LabelledVideo(video, labels, scale=1.0, seed=0, device=CPU)
        network(frames.inputs(2))
    predictions = folder / "predictions"
    group = Group({("disc", SEED): stored_network(network)}, {"predictor": unet_metadata(network)})
    write_fits(predictions / PREDICTOR, [group], {})
    for number, unaries in enumerate(predict_video(network, video, 1.0)):
        write_unaries(predictions / UNARIES / str(SEED), frame_name("disc", number), unaries)
    fits = write_sequential(folder / "sequential.safetensors", {n: n for n in FITTED})
    return {"video": video.folder, "labels": labels, "predictions": predictions, "fits": fits}


def open_job(start: dict[str, Path], run: Run | None = None, **changed: Any) -> FitJob:
    return FitJob(
        joint_settings(**changed),
        {"disc": read_item(start["video"])},
        None,
        [start["predictions"]],
        {"disc": start["labels"]},
        [read_fits(start["fits"])],
        run or Run(),
    )


def opened(start: dict[str, Path], **changed: Any) -> Before:
    return Before.of(open_job(start, **changed), ("disc", SEED))


def run_joint(start: dict[str, Path], output: Path, run: Run | None = None, **changed: Any) -> Path:
    fit(open_job(start, run, **changed), output)
    return output
