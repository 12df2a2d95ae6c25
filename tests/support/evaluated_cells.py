"""Stored fits whose answers are known, evaluated into folders of cells; and views of a disc."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from isr.constraints import build
from isr.coordinates import ThirdAxis
from isr.data.items import Frame, Item, frame_name, read_item, write_picture, write_video
from isr.data.pictures import Picture
from isr.data.problems import write_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.evaluation.evaluate import evaluate
from isr.evaluation.job import EvaluateJob
from isr.io import read_json, write_json
from isr.networks.layers import initialise_
from isr.reporting.cell_files import View
from isr.reporting.study import Study, read_study
from isr.representations import Representation
from isr.settings import CellSettings
from isr.store import FITS, Group, read_fits, write_fits

HEIGHT, WIDTH, FRAMES = 32, 48, 7
ANNOTATED = (0, 3, 6)
SKIPPED, FAILED = 1, 2
NOISY = [2, 4]
SEED = 42
UNET = {"kind": "unet", "width": 4, "scale": 0.5}

Modules = dict[str, tuple[Representation, dict[str, Any]]]


def disc_picture(name: str = "disc") -> Picture:
    """A 40 x 30 picture with scribbles and a disc as its object."""
    rows, columns = np.mgrid[:30, :40] + 0.5
    disc = (rows - 15) ** 2 + (columns - 20) ** 2 < 100
    image = np.where(disc[..., None], [0.8, 0.3, 0.1], [0.2, 0.4, 0.6]).astype(np.float32)
    scribbles = np.zeros((30, 40), np.uint8)
    scribbles[14:16, 15:25] = 1
    scribbles[1:3, 2:38] = 255
    return Picture(name, image, scribbles, np.where(disc, 255, 0).astype(np.uint8))


def disc_view(**changes: Any) -> View:
    """The disc, found a little too small, with its unaries."""
    rows, columns = np.mgrid[:30, :40] + 0.5
    distance = np.hypot(rows - 15, columns - 20)
    about: dict[str, Any] = {
        "item": "disc",
        "frame": None,
        "image": disc_picture().image,
        "mask": distance < 9,
        "predicted": distance < 10,
        "scores": {("representation", "unaries"): 0.81},
        "predictor": "unaries",
        "constraint": "convex",
    }
    return View(**about | changes)


def write_item(folder: Path, shape: str = "picture") -> Item:
    """The disc as a picture with unaries, with or without scribbles; with depth; in layers."""
    drawn = disc_picture()
    assert drawn.ground_truth is not None
    disc = drawn.ground_truth == 255
    if shape == "scribbled":
        return write_picture(folder, replace(drawn, unaries=disc.astype(np.float32)))
    if shape == "depth":
        depth = ThirdAxis("depth", np.linspace(0, 1, 1200).reshape(30, 40))
        return write_picture(folder, Picture("disc", drawn.image, drawn.scribbles, third=depth))
    layers = {"picture": None, "volume": "z", "video": "t"}[shape]
    third = None if layers is None else ThirdAxis(layers, np.linspace(0, 1, 3))
    grid = (30, 40) if layers is None else (3, 30, 40)
    image = np.broadcast_to(drawn.image, (*grid, 3))
    unaries = np.broadcast_to(disc, grid).astype(np.float32)
    return write_picture(folder, Picture("disc", image, unaries=unaries, third=third))


def _half_foreground_(module: Representation) -> None:
    """Draw parameters with which half of the picture is foreground."""
    generator = np.random.default_rng(0)
    initialise_(module, generator)
    module.project_()
    points = torch.from_numpy(generator.uniform(size=(400, module.dim))).float()
    with torch.no_grad():
        middle = module(points).median()
        for name, parameter in module.named_parameters():
            if name.endswith("output_z.bias"):
                parameter -= middle


def whole_cell(
    folder: Path, constraint: str = "convex", shape: str = "picture", **settings: Any
) -> Path:
    """A cell of one item that was fitted as a whole, evaluated; its folder."""
    item = write_item(folder / "items" / shape, shape)
    dim = 2 if item.third is None else 3
    module = build(constraint, dim)
    _half_foreground_(module)
    name = f"{constraint}-{shape}-{len(list(folder.glob('*-*')))}"
    about = {"name": constraint, "dim": dim, "options": {}}
    fit = "spatio-temporal" if item.is_video else "sequential"
    told = {"constraint": constraint, "fit": fit, **settings}
    return evaluated(folder, name, item, {"disc": (module, about)}, **told)


def evaluated(
    folder: Path,
    name: str,
    item: Item,
    modules: Modules,
    *,
    predictor: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    labels: Path | None = None,
    predictions: Path | None = None,
    **settings: Any,
) -> Path:
    """Store fits of an item, evaluate them into the folder of a cell, and give it."""
    groups = [
        Group(
            {
                (key, SEED): {
                    f"representation.{part}": value.detach()
                    for part, value in module.named_parameters()
                }
            },
            {"representation": about},
        )
        for key, (module, about) in modules.items()
    ]
    told: dict[str, Any] = {"frames": {}, "noisy": {}, "schedules": {}, **(metadata or {})}
    told = {key: {str(SEED): value} for key, value in told.items()}
    told |= {"finite": {str(SEED): dict.fromkeys(modules, True)}, "convention": "isotropic"}
    fits = folder / name / "fits" / FITS
    write_fits(fits, groups, told)
    entry = predictor or {"kind": "given"}
    cell = CellSettings.model_validate({"predictor": entry["kind"], "seed": SEED, **settings})
    job = EvaluateJob(
        {
            "study": "s",
            "cell": name,
            "dataset": "d",
            "protocol": "paper",
            "seed": SEED,
            "name": entry["kind"],
            "predictor": entry,
            "items": [item.name],
            "settings": cell.model_dump(exclude={"items"}),
        },
        {item.name: item},
        [read_fits(fits)],
        predictions=() if predictions is None else (predictions,),
        labels={} if labels is None else {item.name: labels},
    )
    evaluate(job, folder / name)
    return folder / name


def study_of(*folders: Path, **about: Any) -> Study:
    """The study that some cells are of; its data are drawn videos unless told otherwise."""
    found = [read_json(folder / "cell.json") for folder in folders]
    cells = [
        {"name": own["cell"], "folder": folder, "settings": own["settings"], "items": own["items"]}
        for folder, own in zip(folders, found, strict=True)
    ]
    return read_study(
        {
            "name": "s",
            "dataset": "d",
            "entry": {"kind": "drawn"},
            "cells": cells,
            "predictors": {own["name"]: own["predictor"] for own in found},
            **about,
        }
    )


# A bar that moves to the right.


def left(number: float) -> float:
    """Where the object begins, as a share of the width."""
    return 0.25 + 0.25 * number / (FRAMES - 1)


def bar(number: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """The object in a frame, as a mask."""
    mask = np.zeros(size, bool)
    columns = (round(share * size[1]) for share in (left(number), left(number) + 0.375))
    mask[size[0] // 4 : 3 * size[0] // 4, slice(*columns)] = True
    return mask


def box(planes: list[tuple[float, ...]]) -> tuple[Representation, dict[str, Any]]:
    """A path-connected region where all planes (..., offset) are at most zero."""
    dim = len(planes[0]) - 1
    options = {"blocks": 2**dim - 2, "base_options": {"width": len(planes), "hidden_layers": 1}}
    region: Any = build("path_connected", dim, **options)
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


def moving(number: int, longer: float = 0.0) -> tuple[Representation, dict[str, Any]]:
    """The bar of a frame as a region; `longer` by a share of the width."""
    low, high = HEIGHT / 4 / WIDTH, 3 * HEIGHT / 4 / WIDTH
    start, end = left(number), left(number) + 0.375 + longer
    return box([(-1, 0, start), (1, 0, -end), (0, -1, low), (0, 1, -high)])


def write_clip(folder: Path) -> Item:
    """A video in whose middle the object is in two parts, its weak labels and its unaries."""
    frames, labels = [], []
    for number in range(FRAMES):
        objects = bar(number).astype(np.uint8)
        if number == 3:
            objects[:, 24:30] = 0
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        image[objects > 0] = (200, 120, 60)
        frames.append(Frame(image, objects if number in ANNOTATED else None))
        marks = np.zeros((HEIGHT, WIDTH), np.uint8)
        marks[0], marks[HEIGHT // 2, 24:27] = 255, 1
        labels.append(WeakLabels(marks))
        unaries = np.where(bar(number, (16, 24)), 0.9, 0.1)
        place = folder / "predictions" / "unaries" / str(SEED)
        write_unaries(place, frame_name("clip", number), unaries)
    write_fits(folder / "predictions" / "predictor.safetensors", [], {"origins": {}})
    about = {"kind": "motion", "text": "from motion", "options": {}}
    write_labels(folder / "labels", labels, about)
    return write_video(folder / "clip", frames, name="clip", object=1, source="", licence="")


class Cells(dict[str, Path]):
    """Folders of cells of the bar by fit, each evaluated when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.labels = folder / "labels"
        write_clip(folder)

    @property
    def item(self) -> Item:
        """The video."""
        return read_item(self.folder / "clip")

    def __missing__(self, fit: str) -> Path:
        self[fit] = self._in_time() if fit == "spatio-temporal" else self._framewise(fit)
        return self[fit]

    def _framewise(self, fit: str) -> Path:
        """Sequential fits that are too long at the end, or joint ones that are not."""
        status = {SKIPPED: "skipped", FAILED: "failed"}
        numbers = [number for number in range(FRAMES) if number != SKIPPED]
        longer = {"sequential": 0.1, "joint": 0.0}[fit]
        modules = {
            frame_name("clip", number): moving(number, longer if number == 6 else 0.0)
            for number in numbers
        }
        frames = {
            frame_name("clip", number): {"status": status.get(number, "fitted"), "iou": None}
            for number in range(FRAMES)
        }
        folder = self._evaluated(fit, modules, {"frames": frames}, fit="sequential")
        # Figures read what was drawn: a tuned network is not needed to tell the fits apart.
        about = read_json(folder / "cell.json")
        about["settings"]["fit"] = fit
        write_json(folder / "cell.json", about)
        return folder

    def _in_time(self) -> Path:
        """One fit in (x, y, t)."""
        low, high = HEIGHT / 4 / WIDTH, 3 * HEIGHT / 4 / WIDTH
        planes = [(-1, 0, 0.25, 0.25), (1, 0, -0.25, -0.625), (0, -1, 0, low), (0, 1, 0, -high)]
        noisy = {"noisy": {"clip": NOISY}}
        told = {"fit": "spatio-temporal", "noise": 0.4}
        return self._evaluated("spatio-temporal", {"clip": box(planes)}, noisy, **told)

    def _evaluated(
        self, name: str, modules: Modules, metadata: dict[str, Any], **settings: Any
    ) -> Path:
        return evaluated(
            self.folder,
            name,
            self.item,
            modules,
            predictor=UNET,
            metadata=metadata,
            labels=self.labels,
            predictions=self.folder / "predictions",
            constraint="path_connected",
            **settings,
        )


def titles(figure: Any) -> list[str]:
    """Headings of all panels of a figure."""
    return [axes.get_title() for axes in figure.axes]


def captions(figure: Any) -> list[str]:
    """What stands in or below the panels of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]
