"""Everything that is measured, proved and drawn of one cell, from its stored parameters alone."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.coordinates import Points
from isr.data.dataset import Picture, read_picture
from isr.data.problems import quantise_unaries, read_unaries
from isr.evaluation.baselines import project_trivially
from isr.evaluation.certificates import Certificate, certify
from isr.evaluation.drawing import draw_level
from isr.evaluation.metrics import resize_unaries, scores
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
class Evaluation:
    """What was found for one picture.

    Attributes:
        picture: at the size it is scored at.
        unaries: (h, w) of the predictor at that size.
        level: (h, w) of the representation.
        metrics: one row per output.
        certificates: of the representation.
    """

    picture: Picture
    unaries: NDArray[np.float32]
    level: Points
    metrics: list[dict[str, Any]]
    certificates: list[Certificate]


def _score(outputs: Mapping[str, Mask], picture: Picture) -> list[dict[str, Any]]:
    """Rows of IoU and accuracy; NaN for a picture without ground truth."""
    truth = picture.ground_truth
    rows = []
    for output, mask in outputs.items():
        row: dict[str, Any] = {"picture": picture.name, "output": output}
        if truth is None:
            row |= {"iou": np.nan, "accuracy": np.nan, "scored_pixels": 0}
        else:
            row |= scores(mask, truth)
        rows.append(row)
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
    return {
        "steps": made.metadata["settings"]["steps"],
        "finite": made.metadata["finite"][row["picture"]],
    }


def evaluate_picture(fits: StoredFits, pictures: PictureFolder, name: str) -> Evaluation:
    """Draw, score and certify the fit of one picture at the picture's own size."""
    settings = pictures.settings
    picture = read_picture(pictures.dataset, name)
    height, width = picture.size
    representation = fits.representation(name)
    convention = fits.metadata["convention"]
    level = draw_level(representation, height, width, convention)
    unaries = resize_unaries(_unaries(fits, pictures, name), height, width)
    predicted = likely_foreground(unaries)
    outputs = {
        "predictor": predicted,
        "representation": foreground(level),
        **project_trivially(predicted, settings["constraint"]),
    }
    certificates = certify(
        representation, height, width, convention, seed=settings["seed"], level=level
    )
    return Evaluation(
        picture, unaries.astype(np.float32), level, _score(outputs, picture), certificates
    )


def _evaluations(
    parts: Sequence[StoredFits], pictures: PictureFolder
) -> Iterator[tuple[StoredFits, Evaluation]]:
    for fits in parts:
        for name in fits.names:
            _log.info(
                "evaluate %s/%s: %s", pictures.settings["study"], pictures.settings["cell"], name
            )
            yield fits, evaluate_picture(fits, pictures, name)


def evaluate_cell(
    parts: Sequence[StoredFits], pictures: PictureFolder, output: Path, *, semantic: str
) -> None:
    """Write metrics.csv, certificates.csv, masks/, predictor/ and outlines/ of a cell.

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
            mask = np.where(foreground(found.level), 255, 0).astype(np.uint8)
            write_png(masks / f"{name}.png", mask)
            write_png(predictor / f"{name}.png", quantise_unaries(found.unaries, name))
            _write_outline(outlines, fits, found, axes)
    for path, rows in ("metrics.csv", metrics), ("certificates.csv", certificates):
        with atomic_path(output / path) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)


def _write_outline(
    folder: Path, fits: StoredFits, found: Evaluation, axes: Mapping[str, Any]
) -> None:
    picture = found.picture
    height, width = picture.size
    region = outline(
        fits.representation(picture.name),
        height,
        width,
        fits.metadata["convention"],
        level=found.level,
    )
    image = np.rint(picture.image * 255).astype(np.uint8)
    write_svg(folder / f"{picture.name}.svg", region, image, title=picture.name)
    write_geojson(folder / f"{picture.name}.geojson", region, {**axes, "picture": picture.name})
