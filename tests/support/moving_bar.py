"""A video of a bar that moves to the right, evaluated cells of it, and the titles of figures."""

import numpy as np
import torch
from isr.data.videos import VideoFrame, write_video
from isr.evaluation.video import evaluate_video_cell
from isr.evaluation.video_cell import VideoCell
from isr.fitting.store import read_fits, write_fits

from isr.data.problems import quantise_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.io import write_png
from isr.representations import build

HEIGHT, WIDTH, FRAMES = 32, 48, 7
ANNOTATED = (0, 3, 6)
SKIPPED, FAILED = 1, 2
NOISY = [2, 4]


def left(number):
    """Where the object begins, as a share of the width: it moves to the right."""
    return 0.25 + 0.25 * number / (FRAMES - 1)


def bar(number, size=(HEIGHT, WIDTH), longer=0.0):
    """The object in a frame, as a mask; `longer` by a share of the width."""
    mask = np.zeros(size, bool)
    columns = (round(share * size[1]) for share in (left(number), left(number) + 0.375 + longer))
    mask[size[0] // 4 : 3 * size[0] // 4, slice(*columns)] = True
    return mask


def box(planes):
    """A path-connected region where all planes (..., offset) are at most zero."""
    dim = len(planes[0]) - 1
    options = {"blocks": 2**dim - 2, "base_options": {"width": len(planes), "hidden_layers": 1}}
    region = build("path_connected", dim, **options)
    network = region.base.network
    with torch.no_grad():
        for parameter in region.base.parameters():
            parameter.zero_()
        for row, (*normal, offset) in enumerate(planes):
            network.first.weight[row] = torch.tensor(normal)
            network.first.bias[row] = offset
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-4
    return region, {"name": "path_connected", "dim": dim, "options": options}


def moving(number, longer=0.0):
    low, high = HEIGHT / 4 / WIDTH, 3 * HEIGHT / 4 / WIDTH
    start, end = left(number), left(number) + 0.375 + longer
    return box([(-1, 0, start), (1, 0, -end), (0, -1, low), (0, 1, -high)])


def write_clip(folder):
    """A video in whose middle the object is in two parts, its weak labels and its unaries."""
    frames, labels = [], []
    for number in range(FRAMES):
        objects = bar(number).astype(np.uint8)
        if number == 3:
            objects[:, 24:30] = 0
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        image[objects > 0] = (200, 120, 60)
        frames.append(VideoFrame(image, objects if number in ANNOTATED else None))
        marks = np.zeros((HEIGHT, WIDTH), np.uint8)
        marks[0], marks[HEIGHT // 2, 24:27] = 255, 1
        labels.append(WeakLabels(marks))
        unaries = np.where(bar(number, (16, 24)), 0.9, 0.1)
        path = folder / "predictions" / "clip" / "unaries" / f"{number:05}.png"
        write_png(path, quantise_unaries(unaries, "clip"))
    write_video(folder / "videos" / "clip", frames, name="clip", object=1, source="", licence="")
    about = {"kind": "motion", "text": "from motion", "options": {}}
    write_labels(folder / "labels" / "clip", labels, about)


def evaluate(folder, name, modules, fit="sequential", noise=0.0, **metadata):
    """Store fits, evaluate them into the folder of a cell, and give it."""
    states = {
        key: {f"representation.{part}": value.detach() for part, value in region.named_parameters()}
        for key, (region, _) in modules.items()
    }
    about = next(iter(modules.values()))[1]
    path = folder / name / "fits" / "part-0.safetensors"
    write_fits(path, states, {"representation": about, "convention": "isotropic", **metadata})
    settings = {
        "study": "s",
        "cell": name,
        "dataset": "d",
        "videos": ["clip"],
        "labels": "motion",
        "predictor": "unet",
        "predictor_options": {"kind": "unet", "width": 4, "scale": 0.5},
        "constraint": "path_connected",
        "fit": fit,
        "distance": "squared",
        "noise": noise,
        "seed": 42,
        "protocol": "paper",
        "convention": "isotropic",
        "points": 300,
        "first_steps": 50,
        "epochs": 2,
        "next_steps": 4,
        "steps": 50,
    }
    places = {place: folder / place for place in ("videos", "labels", "predictions")}
    evaluate_video_cell([read_fits(path)], VideoCell(settings, **places), folder / name)
    return folder / name


class Cells(dict):
    """Folders of cells by fit, each evaluated when it is first asked for: that takes a second."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def __missing__(self, fit):
        if fit == "spatio-temporal":
            self[fit] = evaluate_in_time(self.folder)
        else:
            self[fit] = evaluate_framewise(self.folder, fit)
        return self[fit]


def evaluate_framewise(folder, fit):
    """Sequential fits that are too long at the end, or joint ones that are not."""
    status = {SKIPPED: "skipped", FAILED: "failed"}
    frames = {
        f"clip/{number:05}": {"status": status.get(number, "fitted"), "iou": None}
        for number in range(FRAMES)
    }
    longer = {"sequential": 0.1, "joint": 0.0}[fit]
    modules = {
        f"clip/{number:05}": moving(number, longer if number == 6 else 0.0)
        for number in range(FRAMES)
        if number != SKIPPED
    }
    # Fine-tuned predictors of a joint cell are left out: figures read what was drawn.
    return evaluate(folder, fit, modules, frames=frames)


def evaluate_in_time(folder):
    """One fit in (x, y, t)."""
    low, high = HEIGHT / 4 / WIDTH, 3 * HEIGHT / 4 / WIDTH
    planes = [(-1, 0, 0.25, 0.25), (1, 0, -0.25, -0.625), (0, -1, 0, low), (0, 1, 0, -high)]
    modules = {"clip": box(planes)}
    fit = "spatio-temporal"
    return evaluate(folder, fit, modules, fit, 0.4, noisy={"clip": NOISY})


def titles(figure):
    return [axes.get_title() for axes in figure.axes]
