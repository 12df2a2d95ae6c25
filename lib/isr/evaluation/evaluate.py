"""Everything that is measured, proved and drawn of a cell, from its stored parameters alone.

Whatever the items are, a cell's folder holds

- metrics.csv: one row per item, frame, object, output and what it is compared with (`COLUMNS`)
- certificates.csv: what is proved of each stored representation
- masks/NAME.png: 8 bits, 255 where it is foreground; predictor/NAME.png: unaries of 16 bits
- outlines/NAME.geojson, in pixels of the item's own size, of all but volumes; of pictures NAME.svg
  too; of pictures with depth and volumes NAME.ply, a mesh in coordinates
- cell.json: what the cell is of, for figures, tables and the report

NAME is an item's, ITEM/00007 of a frame or slice, ITEM/k of one of several objects;
masks/ITEM/labels.png then says which object each pixel belongs to.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from isr.coordinates import Convention
from isr.data.items import Item, frame_file
from isr.data.problems import Predictions, ProblemReader, quantise_unaries
from isr.errors import UserError
from isr.evaluation.certificates import Certificate
from isr.evaluation.columns import CERTIFICATE_COLUMNS, COLUMNS, Row, axes_of, recipe_of
from isr.evaluation.meshes import Mesh, write_ply
from isr.evaluation.vector_files import write_geojson, write_svg
from isr.io import atomic_folder, atomic_path, write_json, write_png
from isr.predictors import PredictorKind, read_entry
from isr.predictors.base import trains_along
from isr.settings import CONVENTIONS, CellSettings, Protocol
from isr.store import PREDICTORS, StoredFits, read_fits

_log = logging.getLogger(__name__)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found of one item, or of one frame of a video.

    Attributes:
        name: of its files.
        item: name of the item.
        frame: its number, or None.
        rows: of metrics.csv, without what they share.
        certificates: by the name of the representation and the frame that it is of, or None.
        masks: (*grid) foreground, by name of the file.
        unaries: (*grid) of the predictor, by name of the file.
        outlines: regions in pixels of the item's own size, by name of the file.
        picture: what is drawn as SVG, and the picture below it; None for none.
        surface: the mesh of a picture with depth or a volume.
        labels: (h, w) which of several objects a pixel belongs to.
    """

    name: str
    item: str
    frame: int | None = None
    rows: list[Row] = field(default_factory=list)
    certificates: Mapping[tuple[str, int | None], list[Certificate]] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    unaries: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    outlines: Mapping[str, Polygon | MultiPolygon] = field(default_factory=dict)
    picture: tuple[Polygon | MultiPolygon, NDArray[np.uint8]] | None = None
    surface: Mesh | None = None
    labels: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class EvaluateJob:
    """What a cell is evaluated from.

    Attributes:
        settings: what the job was told: study, cell, dataset, protocol, seed, settings (of the
            cell), predictor (its entry), name (of the predictor), items.
        items: by name.
        parts: the stored fits of the cell's batch, of all seeds.
        networks: the stored networks of joint fits of videos.
        semantic: folder of the semantic features, if a predictor that was trained along sees them.
        semantic_source: where the semantic features come from; "" if none are seen.
        predictions: folders of the stored predictions.
        labels: folders of the weak labels of videos, by their names.
    """

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    parts: Sequence[StoredFits]
    networks: Sequence[StoredFits] = ()
    semantic: Path | None = None
    semantic_source: str = ""
    predictions: Sequence[Path] = ()
    labels: Mapping[str, Path] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Of the cell."""
        return int(self.settings["seed"])

    @cached_property
    def cell(self) -> CellSettings:
        """How the items were fitted."""
        return CellSettings.model_validate(self.settings["settings"])

    @property
    def protocol(self) -> Protocol:
        """Whose schedules and coordinates."""
        protocol: Protocol = self.settings["protocol"]
        return protocol

    @cached_property
    def predictor(self) -> PredictorKind:
        """The predictor of the cell."""
        return read_entry(self.settings["predictor"])

    @property
    def trains(self) -> bool:
        """Whether a predictor was trained along, on scribbles."""
        return trains_along(self.predictor, self.cell, self.protocol)

    @cached_property
    def reader(self) -> ProblemReader:
        """Reads the problems as the fits did."""
        return ProblemReader(
            self.items,
            cast(Convention, CONVENTIONS[self.protocol]),
            self.predictor.scale,
            self.cell.features if self.trains else None,
            self.semantic,
            Predictions(self.predictions) if self.predictions else None,
        )

    @cached_property
    def fits(self) -> list[StoredFits]:
        """The fits of the cell's own seed."""
        return [part.of_seed(self.seed) for part in self.parts]

    def fits_of(self, item: str) -> StoredFits:
        """The part with the fits of an item.

        Raises:
            UserError: there is none.
        """
        for part in self.fits:
            told = part.metadata["frames"].get(str(self.seed), {})
            names = {*part.names, *told}
            if any(name == item or name.partition("/")[0] == item for name in names):
                return part
        raise UserError(f"--fits holds no fit of {item}: give all parts of the cell.")


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
    axes = axes_of(job)
    recipes = {name: recipe_of(job, job.items[name]) for name in job.settings["items"]}
    with (
        atomic_folder(output / "masks") as masks,
        atomic_folder(output / "predictor") as predictor,
        atomic_folder(output / "outlines") as outlines,
    ):
        for found in _evaluations(job):
            place = {"item": found.item, "frame": found.frame}
            metrics += [axes | recipes[found.item] | place | row for row in found.rows]
            certificates += [
                axes | place | {"frame": frame, "fit_of": name} | asdict(row)
                for (name, frame), rows in found.certificates.items()
                for row in rows
            ]
            _write_rasters(masks, predictor, found)
            _write_outlines(outlines, found, axes | place)
    _write_table(output / "metrics.csv", metrics, COLUMNS)
    _write_table(output / "certificates.csv", certificates, CERTIFICATE_COLUMNS)
    write_json(output / "cell.json", _about(job))


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
    # They are made of what stands here.
    from isr.evaluation import frames, wholes

    for name in job.settings["items"]:
        _log.info("evaluate %s/%s: %s", job.settings["study"], job.settings["cell"], name)
        item = job.items[name]
        if item.is_video:
            yield from frames.evaluate(job, item)
        else:
            yield wholes.evaluate(job, item)


def _write_rasters(masks: Path, predictor: Path, found: Evaluation) -> None:
    for name, mask in found.masks.items():
        _write_layers(masks, name, np.where(mask, 255, 0).astype(np.uint8))
    for name, unaries in found.unaries.items():
        _write_layers(predictor, name, quantise_unaries(unaries, name))
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
    for name, region in found.outlines.items():
        one = {} if name == found.name else {"object": int(name.removeprefix(f"{found.name}/"))}
        write_geojson(folder / f"{name}.geojson", region, known | one)
    if found.picture is not None:
        region, image = found.picture
        write_svg(folder / f"{found.name}.svg", region, image, title=found.name)
    if found.surface is not None:
        write_ply(folder / f"{found.name}.ply", found.surface)


def read_networks(parts: Sequence[Path]) -> list[StoredFits]:
    """The networks that joint fits of videos have tuned, of those parts that have any."""
    return [read_fits(part / PREDICTORS) for part in parts if (part / PREDICTORS).exists()]
