"""A cell of one short video of a box, and fits of it."""

import numpy as np
import torch
from isr.data.videos import VideoFrame, write_video
from isr.evaluation.video_cell import VideoCell
from isr.fitting.store import read_fits, write_fits

from isr.data.problems import quantise_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.io import write_png
from isr.representations.convex import Convex

SETTINGS = {
    "study": "s",
    "cell": "c",
    "dataset": "d",
    "videos": ["clip"],
    "labels": "motion",
    "predictor": "unet-4",
    "predictor_options": {"kind": "unet", "width": 4, "scale": 0.5},
    "constraint": "path_connected",
    "fit": "sequential",
    "noise": 0.0,
    "seed": 42,
    "protocol": "paper",
    "points": 300,
    "first_steps": 50,
    "next_steps": 4,
}
HEIGHT, WIDTH, FRAMES = 32, 48, 4
SMALL = (16, 24)
ANNOTATED = (0, 3)


def box(left, right, size=(HEIGHT, WIDTH)):
    """Columns `left` to `right` of a picture, as shares of its width, in its middle rows."""
    height, width = size
    mask = np.zeros(size, bool)
    mask[height // 4 : 3 * height // 4, round(left * width) : round(right * width)] = True
    return mask


def write_cell(folder):
    """Two halves of a box, divided in the last frame; unaries have the box whole."""
    frames, labels = [], []
    for number in range(FRAMES):
        objects = box(0.25, 0.75).astype(np.uint8)
        if number == 3:
            objects[:, 21:27] = 0
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        frames.append(VideoFrame(image, objects if number in ANNOTATED else None))
        marks = np.zeros((HEIGHT, WIDTH), np.uint8)
        marks[0], marks[HEIGHT // 2, 14:18] = 255, 1 if number == 0 else 0
        labels.append(WeakLabels(marks))
    about = {"kind": "motion", "text": "from motion", "options": {}}
    write_video(folder / "videos" / "clip", frames, name="clip", object=1, source="", licence="")
    write_labels(folder / "labels" / "clip", labels, about)
    for number in range(FRAMES):
        unaries = np.where(box(0.25, 0.75, SMALL), 0.9, 0.1)
        path = folder / "predictions" / "clip" / "unaries" / f"{number:05}.png"
        write_png(path, quantise_unaries(unaries, "clip"))
    folders = {name: folder / name for name in ("videos", "labels", "predictions")}
    return VideoCell(dict(SETTINGS), **folders)


def store(path, modules, about, **metadata):
    states = {
        name: {f"representation.{key}": part.detach() for key, part in module.named_parameters()}
        for name, module in modules.items()
    }
    write_fits(path, states, {"representation": about, "convention": "isotropic", **metadata})
    return read_fits(path)


def halfspace():
    """Foreground where x + t <= 1: its edge moves to the left with time."""
    representation = Convex(3, width=4)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        network = representation.network
        network.first.weight[0] = torch.tensor([1.0, 0.0, 1.0])
        network.first.bias[0] = -1.0
        network.hidden_z[0].weight[0, 0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation


def store_in_time(path):
    """The moving half-plane as the fit of the video, whose third frame was noise."""
    about = {"name": "convex", "dim": 3, "options": {"width": 4}}
    noisy = {"clip": [2]}
    return store(path, {"clip": halfspace()}, about, noisy=noisy)
