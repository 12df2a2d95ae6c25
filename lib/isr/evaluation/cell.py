"""Everything that is measured, proved and drawn of one cell, from its stored parameters alone.

Of a picture with several objects that is the union of their regions and, beside it, each of them.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import MultiPolygon, get_parts

from isr.coordinates import Points
from isr.data.dataset import Picture, read_picture
from isr.data.objects import parse_name, truth_of
from isr.data.problems import quantise_unaries, read_unaries
from isr.evaluation.baselines import project_trivially
from isr.evaluation.certificates import Certificate, certify
from isr.evaluation.drawing import draw_level
from isr.evaluation.metrics import ALL_OBJECTS, resize_unaries, scores
from isr.evaluation.objects import label_map, overlaps, together
from isr.evaluation.outlines import outline
from isr.evaluation.vector_files import write_geojson, write_svg
from isr.fitting.jobs import PictureFolder, predict_levels
from isr.fitting.store import StoredFits, read_fits
from isr.io import atomic_folder, atomic_path, write_png
from isr.levels import foreground, likely_foreground, probability

_log = logging.getLogger(__name__)

_AXES = ("study", "dataset", "constraint", "predictor", "features", "fit", "seed")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Region:
    """What was found of one object, or of all together.

    Attributes:
        name: of the picture, or PICTURE/k.
        unaries: (h, w) of the predictor at the size of the picture.
        level: (h, w) of the representation.
        outputs: masks (h, w) by name: of the predictor, the representation, trivial projections.
    """

    name: str
    unaries: NDArray[np.float32]
    level: Points
    outputs: Mapping[str, Mask]

    @property
    def mask(self) -> Mask:
        """Foreground (h, w) of the representation."""
        return self.outputs["representation"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found for one picture.

    Attributes:
        picture: at the size it is scored at.
        whole: all its objects together.
        objects: each of several; empty where there is but one.
        labels: (h, w) which of several objects a pixel belongs to; None where there is but one.
        metrics: one row per output, of all objects and, where the ground truth tells them apart, of
            each.
        certificates: of the representation: of a union with those of its members.
    """

    picture: Picture
    whole: Region
    objects: tuple[Region, ...]
    labels: NDArray[np.uint8] | None
    metrics: list[dict[str, Any]]
    certificates: list[Certificate]


def _score(picture: Picture, whole: Region, each: Sequence[Region]) -> list[dict[str, Any]]:
    """Rows of IoU and accuracy; NaN for a picture without ground truth."""
    scored = {ALL_OBJECTS: (whole, picture.ground_truth)}
    for number, region in enumerate(each, start=1):
        if (truth := truth_of(picture, number)) is not None:
            scored[str(number)] = (region, truth)
    shared = {output: overlaps([one.outputs[output] for one in each]) for output in whole.outputs}
    rows = []
    for number, (name, (region, truth)) in enumerate(scored.items()):
        for output, mask in region.outputs.items():
            row: dict[str, Any] = {"picture": picture.name, "object": name, "objects": len(each)}
            row |= {"output": output}
            if truth is None:
                row |= {"iou": np.nan, "accuracy": np.nan, "scored_pixels": 0}
            else:
                row |= scores(mask, truth)
            rows.append(row | {"overlap": shared[output][number]})
    return rows


def _unaries(fits: StoredFits, pictures: PictureFolder, name: str) -> NDArray[np.float32]:
    """The predictor's unaries at its working size, from stored predictions or parameters."""
    if pictures.predictions is not None:
        return read_unaries(pictures.predictions / "unaries" / f"{name}.png")
    return probability(predict_levels(fits.predictor(name), pictures.load(name)))


def _origin(
    row: Mapping[str, Any], fits: StoredFits, predicted: StoredFits | None
) -> dict[str, Any]:
    """How the parameters behind a row of metrics were made: steps, and whether all were taken."""
    made = fits if predicted is None or row["output"] == "representation" else predicted
    problems = made.problems(row["picture"])
    if row["object"] != ALL_OBJECTS:
        problems = [problems[int(row["object"]) - 1]]
    return {
        "steps": made.metadata["settings"]["steps"],
        "finite": all(made.metadata["finite"][problem] for problem in problems),
    }


def evaluate_picture(fits: StoredFits, pictures: PictureFolder, name: str) -> Evaluation:
    """Draw, score and certify the fit of one picture at the picture's own size."""
    settings = pictures.settings
    picture = read_picture(pictures.dataset, name)
    height, width = picture.size
    convention = fits.metadata["convention"]
    levels, regions = [], []
    for problem in fits.problems(name):
        level = draw_level(fits.representation(problem), height, width, convention)
        unaries = resize_unaries(_unaries(fits, pictures, problem), height, width)
        predicted = likely_foreground(unaries)
        outputs = {
            "predictor": predicted,
            "representation": foreground(level),
            **project_trivially(predicted, settings["constraint"]),
        }
        levels.append(level)
        regions.append(Region(problem, unaries.astype(np.float32), level, outputs))
    whole, several = regions[0], len(regions) > 1
    if several:
        unaries = np.maximum.reduce([each.unaries for each in regions])
        outputs = {key: together([each.outputs[key] for each in regions]) for key in whole.outputs}
        whole = Region(name, unaries, np.minimum.reduce(levels), outputs)
    certificates = certify(
        fits.representation(name),
        height,
        width,
        convention,
        seed=settings["seed"],
        level=whole.level,
    )
    return Evaluation(
        picture,
        whole,
        tuple(regions) if several else (),
        label_map(levels) if several else None,
        _score(picture, whole, regions),
        certificates,
    )


def _evaluations(
    parts: Sequence[StoredFits], pictures: PictureFolder
) -> Iterator[tuple[StoredFits, Evaluation]]:
    for fits in parts:
        for name in fits.pictures:
            _log.info(
                "evaluate %s/%s: %s", pictures.settings["study"], pictures.settings["cell"], name
            )
            yield fits, evaluate_picture(fits, pictures, name)


def evaluate_cell(
    parts: Sequence[StoredFits], pictures: PictureFolder, output: Path, *, semantic: str
) -> None:
    """Write metrics.csv, certificates.csv, masks/, predictor/ and outlines/ of a cell.

    Masks, unaries and outlines are named after the picture. Those of several objects are of all
    together; beside them lie NAME/k of each object as it was fitted, and masks/NAME/labels.png,
    whose values are the objects' numbers, each pixel being that of one object.

    Args:
        parts: the stored fits of the cell.
        pictures: its pictures.
        output: the cell's folder.
        semantic: how the semantic features were made; `none` if the cell does not use them.
    """
    settings = pictures.settings
    axes = {axis: settings[axis] for axis in _AXES}
    about = {
        **axes,
        "protocol": settings["protocol"],
        "semantic": semantic,
        "scale": settings["predictor_options"].get("scale", 1.0),
    }
    predicted = None
    if pictures.predictions is not None:
        predicted = read_fits(pictures.predictions / "predictor.safetensors")
    metrics: list[dict[str, Any]] = []
    certificates: list[dict[str, Any]] = []
    with (
        atomic_folder(output / "masks") as masks,
        atomic_folder(output / "predictor") as predictor,
        atomic_folder(output / "outlines") as outlines,
    ):
        for fits, found in _evaluations(parts, pictures):
            name = found.picture.name
            metrics += [about | _origin(row, fits, predicted) | row for row in found.metrics]
            certificates += [axes | {"picture": name} | asdict(row) for row in found.certificates]
            for region in (found.whole, *found.objects):
                pixels = np.where(region.mask, 255, 0).astype(np.uint8)
                write_png(masks / f"{region.name}.png", pixels)
                unaries = quantise_unaries(region.unaries, region.name)
                write_png(predictor / f"{region.name}.png", unaries)
            if found.labels is not None:
                write_png(masks / name / "labels.png", found.labels)
            _write_outlines(outlines, fits, found, axes)
    for path, rows in ("metrics.csv", metrics), ("certificates.csv", certificates):
        with atomic_path(output / path) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)


def _write_outlines(
    folder: Path, fits: StoredFits, found: Evaluation, axes: Mapping[str, Any]
) -> None:
    """Outlines of all objects together, and of each of several.

    The drawing shows the outline of each object, also where they overlap.
    """
    picture = found.picture
    place = (*picture.size, fits.metadata["convention"])
    regions = {
        one.name: outline(fits.representation(one.name), *place, level=one.level)
        for one in (found.whole, *found.objects)
    }
    drawn = region = regions.pop(picture.name)
    if regions:
        drawn = MultiPolygon([part for own in regions.values() for part in get_parts(own).tolist()])
    for name, own in regions.items():
        about = {**axes, "picture": picture.name, "object": parse_name(name)[1]}
        write_geojson(folder / f"{name}.geojson", own, about)
    image = np.rint(picture.image * 255).astype(np.uint8)
    write_svg(folder / f"{picture.name}.svg", drawn, image, title=picture.name)
    write_geojson(folder / f"{picture.name}.geojson", region, {**axes, "picture": picture.name})
