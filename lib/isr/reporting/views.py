"""One case of a gallery as figures show it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape

from isr.coordinates import Scene
from isr.data.gallery import GalleryPicture, read_picture
from isr.errors import UserError
from isr.fitting.store import StoredFits, read_fits
from isr.io import read_png
from isr.levels import likely_foreground
from isr.reporting import settings, summary, words
from isr.reporting.overlays import Region
from isr.representations import Representation

Mask = NDArray[np.bool_]

SOURCES = {
    "authors": "pictures of the paper's authors",
    "embedded": "embedded pictures, not the paper's",
}


@dataclass(frozen=True, eq=False)
class View:
    """A single picture with its unaries or strokes and what a representation makes of it.

    Attributes:
        name: of the picture.
        constraint: in words.
        image: (h, w, 3) in [0, 1].
        mask: (h, w), the drawn foreground.
        likely: (h, w), thresholded unaries, or None.
        scribbles: (h, w): 0 none, 255 background, else object; or None.
        region: the foreground's outline in pixel units, or None: then that of the mask.
        scores: IoU by what the foreground is compared with.
        remark: further words for a caption.
        unaries_iou: of the thresholded unaries with the ground truth, NaN where one is missing.
    """

    name: str
    constraint: str
    image: NDArray[np.floating]
    mask: Mask
    likely: Mask | None = None
    scribbles: NDArray[np.uint8] | None = None
    region: Region | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""
    unaries_iou: float = np.nan

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.image.shape[1] / self.image.shape[0])


@dataclass(frozen=True)
class CaseFiles:
    """Where a case and its picture lie."""

    case: str
    picture_folder: Path
    folder: Path

    @cached_property
    def picture(self) -> GalleryPicture:
        """The picture."""
        return read_picture(self.picture_folder)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The scores; of every row, the columns other than scores agree."""
        return summary.read_metrics([self.folder / "metrics.csv"])

    @cached_property
    def fits(self) -> StoredFits:
        """The stored fit."""
        return read_fits(self.folder / "fits" / "part-0.safetensors")

    @property
    def representation(self) -> Representation:
        """The stored representation in float64."""
        return self.fits.representation(self.picture.name)

    @property
    def scene(self) -> Scene:
        """What the representation is drawn for."""
        height, width = self.picture.grid[-2:]
        return Scene(height, width, self.fits.metadata["convention"], self.picture.third)

    @property
    def constraint(self) -> str:
        """The constraint in words."""
        return words.output("representation", str(self.metrics["constraint"].iloc[0]))

    def setting(self, key: str) -> Any:
        """What the fit was told."""
        return self.fits.metadata["settings"].get(key)

    def masks(self) -> Mask:
        """The drawn foreground (*grid)."""
        name = self.picture.name
        if len(self.picture.grid) == 2:
            return np.asarray(read_png(self.folder / "masks" / f"{name}.png") > 0)
        count = self.picture.grid[0]
        files = [self.folder / "masks" / name / f"{number:03}.png" for number in range(count)]
        return np.stack([read_png(file) > 0 for file in files])

    def view(self) -> View:
        """What a figure shows: of a video or a volume, the middle frame."""
        picture, masks = self.picture, self.masks()
        image, unaries, scribbles = picture.image, picture.unaries, picture.scribbles
        remark = ""
        if masks.ndim == 3:
            middle = len(masks) // 2
            kind = "frame" if picture.third is not None and picture.third.name == "t" else "slice"
            remark = f"{kind} {middle + 1} of {len(masks)}"
            image, masks = image[middle], masks[middle]
            unaries = None if unaries is None else unaries[middle]
            scribbles = None if scribbles is None else scribbles[middle]
        own = self.metrics[self.metrics["output"] == "representation"]
        return View(
            picture.name.replace("_", " "),
            self.constraint,
            image,
            masks,
            None if unaries is None else likely_foreground(unaries),
            scribbles,
            self._region(),
            dict(zip(own["against"], own["iou"].astype(float), strict=True)),
            remark,
            self.unaries_iou,
        )

    @property
    def unaries_iou(self) -> float:
        """IoU of the thresholded unaries with the ground truth, NaN where one is missing."""
        scores = self.metrics.set_index(["output", "against"])["iou"]
        return float(scores.get(("unaries", "ground truth"), np.nan))

    def _region(self) -> Region | None:
        return read_region(self.folder / "outlines" / f"{self.picture.name}.geojson")


def read_region(path: Path) -> Region | None:
    """Read the outline of a region, in pixel units; None where there is no file.

    Raises:
        UserError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        found = shape(json.loads(path.read_text(encoding="utf-8"))["geometry"])
    except (KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}): evaluate the case again.") from None
    return found if isinstance(found, Polygon | MultiPolygon) else Polygon()


def parse(content: Any, where: str = "cases") -> CaseFiles:
    """Read {case, picture, folder}.

    Raises:
        UserError: a key is missing or unknown.
    """
    settings.check_keys(content, where, required=("case", "picture", "folder"))
    return CaseFiles(str(content["case"]), Path(content["picture"]), Path(content["folder"]))


def data_words(cases: Sequence[CaseFiles]) -> str:
    """What the pictures of some cases are."""
    sources = dict.fromkeys(str(case.metrics["dataset"].iloc[0]) for case in cases)
    return words.listing(SOURCES.get(source, source) for source in sources)
