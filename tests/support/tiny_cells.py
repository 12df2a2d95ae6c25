"""Tiny items, and cells of them that are really predicted, fitted and evaluated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from isr.coordinates import ThirdAxis
from isr.data.items import Frame, Item, frame_file, write_picture, write_video
from isr.data.pictures import Picture
from isr.data.problems import write_unaries
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.evaluation.evaluate import evaluate
from isr.evaluation.job import EvaluateJob, read_networks
from isr.fitting.fit import FitJob, fit
from isr.fitting.predict import PredictJob, predict
from isr.predictors import read_entry
from isr.predictors.base import needs_predictions
from isr.settings import CellSettings
from isr.store import FITS, Group, read_fits, read_parts, write_fits

SEED = 3
PREDICTORS: dict[str, dict[str, Any]] = {
    "given": {"kind": "given"},
    "fcn": {"kind": "fcn"},
    "unet": {"kind": "unet", "width": 4, "epochs": 1, "min_steps": 60},
    "half": {"kind": "unet", "width": 2, "scale": 0.5},
}


def box(size, rows=(0.25, 0.75), columns=(0.25, 0.75)):
    """A mask of `size` (h, w): a box between shares of its height and its width."""
    mask = np.zeros(size, bool)
    (top, bottom), (left, right) = (
        (round(low * side), round(high * side))
        for side, (low, high) in zip(size, (rows, columns), strict=True)
    )
    mask[top:bottom, left:right] = True
    return mask


def picture(name="box", size=(20, 30), third=None, objects=1, known=("scribbles", "truth")):
    """Boxes side by side; `known` is of scribbles, unaries, truth and instances.

    `size` is (h, w), or (slices, h, w) with a third axis of t or z.
    """
    plane = size[-2:]
    width = 0.6 / objects
    spans = [(0.2 + number * width, 0.2 + (number + 1) * width) for number in range(objects)]
    boxes = [box(plane, columns=span) for span in spans]
    inside = np.any(boxes, axis=0)
    scribbles, numbers = np.zeros(plane, np.uint8), np.zeros(plane, np.uint8)
    scribbles[1, 1:-1] = scribbles[-2, 1:-1] = 255
    for number, ((left, right), own) in enumerate(zip(spans, boxes, strict=True), start=1):
        middle = round((left + right) / 2 * plane[1])
        scribbles[plane[0] // 2, middle - 1 : middle + 2] = number
        numbers[own] = number
    image = np.where(inside[..., None], [0.8, 0.4, 0.2], [0.2, 0.5, 0.6]).astype(np.float32)
    image[..., 2] += numbers / 10
    arrays = {
        "scribbles": scribbles,
        "unaries": np.where(inside, 0.9, 0.1).astype(np.float32),
        "truth": np.where(inside, 255, 0).astype(np.uint8),
        "instances": numbers,
    }
    given = {key: np.broadcast_to(arrays[key], size) for key in known}
    given["ground_truth"] = given.pop("truth", None)
    return Picture(name, np.broadcast_to(image, (*size, 3)), third=third, **given)


def depth(size=(20, 30)):
    """A plane that falls back to the right."""
    return ThirdAxis("depth", np.broadcast_to(np.linspace(0, 0.5, size[1]), size))


def write_items(folder: Path, *pictures: Picture) -> list[Item]:
    return [write_picture(folder / "items" / each.name, each) for each in pictures]


def write_clip(folder: Path, size=(32, 48), frames=4, annotated=(0, 3)) -> Item:
    """A video of a box, of whose frames some are annotated, with its weak labels beside it."""
    objects = box(size).astype(np.uint8)
    image = np.where(objects[..., None], (200, 100, 50), (50, 120, 150)).astype(np.uint8)
    drawn = [Frame(image, objects if number in annotated else None) for number in range(frames)]
    marks = np.full(size, 255, np.uint8)
    marks[objects == 1] = 1
    about = {"kind": "motion", "text": "from motion", "options": {}}
    write_labels(folder / "labels" / "clip", [WeakLabels(marks)] * frames, about)
    path = folder / "items" / "clip"
    return write_video(path, drawn, name="clip", object=1, source="drawn", licence="CC0")


def write_predictions(folder: Path, name: str, unaries, *, seeds=(SEED,), **metadata) -> Path:
    """Stored unaries of a problem (h, w), or of the frames of a video, and what made them."""
    finite = [[name, seed, True] for seed in seeds]
    told = {"settings": {"steps": 7}, "finite": finite, **metadata}
    write_fits(folder / "predictor.safetensors", [], told)
    for seed in seeds:
        place = folder / "unaries" / str(seed)
        if isinstance(unaries, np.ndarray):
            write_unaries(place, name, unaries)
            continue
        for number, each in enumerate(unaries):
            write_unaries(place / name, Path(frame_file(number)).stem, each)
    return folder


def store(path: Path, modules: Mapping, about: Mapping, *, seed=SEED, **metadata):
    """Representations as they are stored by fits: all equal but for their parameters."""
    states = {
        (name, seed): {f"representation.{k}": part.detach() for k, part in each.named_parameters()}
        for name, each in modules.items()
    }
    empty = {"frames": {}, "noisy": {}, "schedules": {}, "convention": "isotropic"}
    finite = {str(seed): dict.fromkeys(modules, True)}
    groups = [Group(states, {"representation": about})] if states else []
    write_fits(path, groups, {**empty, "finite": finite, **metadata})
    return read_fits(path)


def cell_settings(**changed) -> CellSettings:
    tiny = {
        "steps": 300,
        "points": {"strokes": 20, "random": 60},
        "options": {"width": 8},
        "first_steps": 200,
        "next_steps": 8,
        "epochs": 1,
        "seed": SEED,
        "stack_size": 2,
    }
    return CellSettings.model_validate({**tiny, **changed})


def told(cell: CellSettings, items: Sequence[str], protocol="paper") -> dict[str, Any]:
    """What the evaluation of a cell is told."""
    return {
        "study": "s",
        "cell": "c",
        "dataset": "d",
        "protocol": protocol,
        "seed": cell.seed,
        "name": cell.predictor,
        "predictor": PREDICTORS[cell.predictor],
        "items": list(items),
        "settings": cell.model_dump(exclude={"items"}),
    }


def job_of(items: Sequence[Item], fits, cell: CellSettings, **more) -> EvaluateJob:
    """The evaluation of stored fits."""
    by_name = {item.name: item for item in items}
    return EvaluateJob(told(cell, list(by_name)), by_name, fits, **more)


def run(
    folder: Path,
    items: Sequence[Item],
    *,
    seeds: Sequence[int] = (SEED,),
    predictions: Path | None = None,
    protocol: str = "paper",
    **changed: Any,
) -> list[Path]:
    """Predict, fit and evaluate a cell with every seed in one job each; the cells' folders."""
    cell = cell_settings(**changed)
    entry = read_entry(PREDICTORS[cell.predictor])
    by_name = {item.name: item for item in items}
    works = [[name, seed] for seed in seeds for name in by_name]
    labels = folder / "labels"
    known = {path.name: path for path in labels.iterdir()} if labels.exists() else {}
    if needs_predictions(entry, cell, protocol) and predictions is None:
        predictions = _predict(folder, by_name, cell, works, known, protocol)
    shared = {"study": "s", "protocol": protocol, "predictor": entry.model_dump(), "works": works}
    made = [] if predictions is None else [predictions]
    before = []
    fits = [cell.model_copy(update={"fit": "sequential"})] if _goes_on(cell, items) else []
    for each in [*fits, cell]:
        part = folder / "fits" / each.fit / "part-0"
        settings = {**shared, "batch": each.fit, "cell": each.model_dump()}
        fit(FitJob(settings, by_name, None, made, known, before), part)
        before = read_parts([part / FITS])
    found = []
    for seed in seeds:
        own = cell.model_copy(update={"seed": seed})
        job = EvaluateJob(
            told(own, list(by_name), protocol),
            by_name,
            before,
            read_networks([part]),
            predictions=made,
            labels=known if entry.input == "labels" else {},
        )
        evaluate(job, folder / f"cell-{seed}")
        found.append(folder / f"cell-{seed}")
    return found


def _goes_on(cell: CellSettings, items: Sequence[Item]) -> bool:
    return cell.fit == "joint" and items[0].is_video


def _predict(folder, items, cell, works, labels, protocol) -> Path:
    settings = {
        "dataset": "d",
        "name": cell.predictor,
        "predictor": PREDICTORS[cell.predictor],
        "protocol": protocol,
        "works": works,
        "features": cell.features,
        "labels": cell.labels,
        "training": cell.training,
        "steps": cell.steps,
        "points": cell.points.model_dump(),
        "stack_size": 2,
    }
    predict(PredictJob(settings, items, labels=labels), folder / "predictions")
    return folder / "predictions"


def halfspace(dim: int, edge: float = 0.5, *, leans: float = 0.0):
    """Foreground where x + `leans` times the last coordinate is at most `edge`, and its options."""
    from isr.representations.convex import Convex

    representation = Convex(dim, width=4)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        network = representation.network
        network.first.weight[0, -1] = leans
        network.first.weight[0, 0] = 1.0
        network.first.bias[0] = -edge
        network.hidden_z[0].weight[0, 0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation, {"name": "convex", "dim": dim, "options": {"width": 4}}
