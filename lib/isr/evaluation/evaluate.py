"""Everything that is measured, proved and drawn of a cell, from its stored parameters alone.

Whatever the items are, a cell's folder holds

- metrics.csv: one row per item, frame, object, output and what it is compared with (`COLUMNS`)
- certificates.csv: what is proved of each stored representation
- masks/NAME.png: 8 bits, 255 where it is foreground; predictor/NAME.png: unaries of 16 bits
- outlines/NAME.geojson, in pixels of the item's own size, of all but volumes; of pictures NAME.svg
  too; of pictures with depth and volumes NAME.ply, a mesh in coordinates
- cell.json: what the cell is of, for figures, tables and the report, and how many rows there are

NAME is an item's, ITEM/00007 of a frame or slice, ITEM/k of one of several objects;
masks/ITEM/labels.png then says which object each pixel belongs to.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from isr.data.items import frame_file
from isr.data.problems import quantise_unaries
from isr.evaluation import frames, wholes
from isr.evaluation.columns import CERTIFICATE_COLUMNS, COLUMNS, Row
from isr.evaluation.job import EvaluateJob
from isr.evaluation.regions import Evaluation, coded
from isr.evaluation.vector_files import write_geojson, write_ply, write_svg
from isr.io import atomic_folder, atomic_path, write_json, write_png
from isr.settings import CONVENTIONS

_log = logging.getLogger(__name__)


def evaluate(job: EvaluateJob, output: Path) -> None:
    """Write all that is known of a cell into its folder.

    Args:
        job: what it is evaluated from.
        output: the cell's folder.

    Raises:
        UserError: a file is missing, or an item was not fitted.
    """
    metrics: list[Row] = []
    certificates: list[Row] = []
    axes = job.axes
    recipes = {name: job.recipe(job.items[name]) for name in job.settings["items"]}
    with (
        atomic_folder(output / "masks") as masks,
        atomic_folder(output / "predictor") as predictor,
        atomic_folder(output / "outlines") as outlines,
    ):
        for found in _evaluations(job):
            place = {"item": found.item, "frame": found.frame}
            metrics += [axes | recipes[found.item] | place | row for row in found.rows]
            for name, rows in found.certificates.items():
                # What holds for a whole video is of no frame.
                about = axes | place | {"fit_of": name}
                about["frame"] = found.frame if name == found.name else None
                certificates += [about | asdict(row) for row in rows]
            _write_rasters(masks, predictor, found)
            _write_outlines(outlines, found, axes | place)
    _write_table(output / "metrics.csv", metrics, COLUMNS)
    _write_table(output / "certificates.csv", certificates, CERTIFICATE_COLUMNS)
    counts = {"metrics.csv": len(metrics), "certificates.csv": len(certificates)}
    write_json(output / "cell.json", _about(job) | {"rows": counts})


def _write_table(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    with atomic_path(path) as temporary:
        pd.DataFrame(rows, columns=list(columns)).to_csv(temporary, index=False)


def _about(job: EvaluateJob) -> dict[str, Any]:
    """What a reader of the cell's folder has to know."""
    return {
        **job.settings,
        "convention": CONVENTIONS[job.protocol],
        "folders": {name: str(item.folder) for name, item in job.items.items()},
        "labels": {name: str(path) for name, path in job.labels.items()},
        "fits": [str(part.path) for part in job.parts],
    }


def _evaluations(job: EvaluateJob) -> Iterator[Evaluation]:
    for name in job.settings["items"]:
        _log.info("evaluate %s/%s: %s", job.settings["study"], job.settings["cell"], name)
        item = job.items[name].corrupted(job.cell.corruption, job.seed)
        if item.is_video:
            yield from frames.evaluate(job, item)
        else:
            yield wholes.evaluate(job, item)


def _write_rasters(masks: Path, predictor: Path, found: Evaluation) -> None:
    for region in found.regions:
        _write_layers(masks, region.name, coded(region.outputs["representation"]))
        if region.unaries is not None:
            _write_layers(predictor, region.name, quantise_unaries(region.unaries, region.name))
    if found.labels is not None:
        write_png(masks / found.name / "labels.png", found.labels)


def _write_layers(folder: Path, name: str, pixels: NDArray[Any]) -> None:
    """Write (h, w) as NAME.png, or layers (n, h, w) as NAME/00000.png ..."""
    if pixels.ndim == 2:
        write_png(folder / f"{name}.png", pixels)
        return
    for number, layer in enumerate(pixels):
        write_png(folder / name / frame_file(number), layer)


def _write_outlines(folder: Path, found: Evaluation, about: Mapping[str, Any]) -> None:
    known = {key: value for key, value in about.items() if value is not None}
    for number, region in enumerate(found.regions):
        if region.outline is not None:
            one = {"object": number} if number else {}
            write_geojson(folder / f"{region.name}.geojson", region.outline, known | one)
    if found.picture is not None:
        outline, image = found.picture
        write_svg(folder / f"{found.name}.svg", outline, image, title=found.name)
    if found.surface is not None:
        write_ply(folder / f"{found.name}.ply", found.surface)
