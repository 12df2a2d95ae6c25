"""What a cell left, whatever its items are: one reader of its files, one view of what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape

from isr import constraints
from isr.coordinates import Points, Scene, with_third
from isr.data.corruptions import CLEAN
from isr.data.items import Item, frame_file, frame_name, read_item
from isr.data.pictures import OBJECT, UNKNOWN
from isr.data.problems import read_unaries
from isr.data.weak_labels.store import label_kind, scored
from isr.errors import UserError, told
from isr.evaluation.columns import GROUND_TRUTH, SCRIBBLES, UNARIES
from isr.evaluation.drawing import level_function, scene_level
from isr.evaluation.metrics import resize_unaries
from isr.io import read_json, read_png
from isr.levels import likely_foreground
from isr.models import parse
from isr.predictors import PredictorKind, read_entry
from isr.reporting import words
from isr.reporting.metrics import read_certificate_file, read_metrics
from isr.representations import Representation
from isr.settings import CONVENTIONS, DISTANCES, SPATIO_TEMPORAL, TOGETHER, CellSettings
from isr.store import StoredFits, read_parts

Mask = NDArray[np.bool_]
Region: TypeAlias = Polygon | MultiPolygon

PREDICTOR, REPRESENTATION = "predictor", "representation"
"""Outputs that figures show."""
NOT_FITTED = ("skipped", "failed")
"""What the status of a frame is that the constraint is not to blame for."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture, or one frame of an item, and what a cell makes of it.

    Attributes:
        item: name of the item in print.
        frame: its number; None of a picture.
        image: (h, w, 3) in [0, 1].
        mask: (h, w), the drawn foreground of the representation.
        predicted: (h, w), the thresholded unaries of the predictor; None where there are none.
        scribbles: (h, w): 0 none, 255 background, else object; None where there are none.
        ground_truth: (h, w), 255 object, 128 unknown; None where there is none.
        region: the foreground's outline in pixel units; None: then that of the mask.
        scores: IoU by (output, what it is compared with).
        predictor: in print.
        constraint: in print.
        status: what became of a fit that did not succeed, such as "failed"; else empty.
        remark: which slice or frame it is, where the figure did not ask for one.
    """

    item: str
    frame: int | None
    image: NDArray[np.floating]
    mask: Mask
    predicted: Mask | None = None
    scribbles: NDArray[np.uint8] | None = None
    ground_truth: NDArray[np.uint8] | None = None
    region: Region | None = None
    scores: Mapping[tuple[str, str], float] = field(default_factory=dict)
    predictor: str = "predictor"
    constraint: str = "path-connected"
    status: str = ""
    remark: str = ""

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.image.shape[1] / self.image.shape[0])

    @property
    def outlined(self) -> Mask | Region:
        """What the representation's outline is drawn of."""
        return self.mask if self.region is None else self.region

    @property
    def place(self) -> str:
        """The picture or the frame in words."""
        return self.item if self.frame is None else f"frame {self.frame}"

    @property
    def truth(self) -> Mask:
        """The object of the ground truth (h, w); empty without one."""
        if self.ground_truth is None:
            return np.zeros(self.mask.shape, dtype=bool)
        return np.asarray(self.ground_truth == OBJECT)

    @property
    def unknown(self) -> Mask:
        """Where the ground truth says nothing (h, w)."""
        if self.ground_truth is None:
            return np.ones(self.mask.shape, dtype=bool)
        return np.asarray(self.ground_truth == UNKNOWN)

    def iou(self, output: str, against: str = GROUND_TRUTH) -> float:
        """An IoU; NaN where it is not known."""
        return self.scores.get((output, against), np.nan)

    @property
    def gain(self) -> float:
        """IoU of the representation less that of the predictor; NaN where it is not known."""
        return self.iou(REPRESENTATION) - self.iou(PREDICTOR)

    @property
    def score_line(self) -> str:
        """IoU with the best that is known: ground truth, unaries or scribbles; "" without any."""
        for against in (GROUND_TRUTH, UNARIES, SCRIBBLES):
            iou = self.iou(REPRESENTATION, against)
            if not np.isnan(iou):
                return f"IoU with {against} {iou:.3f}"
        return ""

    def scored(self, output: str, called: str = "") -> str:
        """The IoU of an output with the ground truth, as far as known, after what it is called."""
        value = self.iou(output)
        return ": ".join(filter(None, (called, "" if np.isnan(value) else f"IoU {value:.3f}")))

    def heading(self, output: str, before: str = "") -> str:
        """The name of an output and its IoU."""
        name = self.predictor if output == PREDICTOR else self.constraint
        return self.scored(output, before + name)


@dataclass(frozen=True)
class CellFiles:
    """The folder of a cell, and what lies in it.

    Args:
        folder: the cell's; paths inside its files are seen from the working folder.
    """

    folder: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the cell is of.

        Raises:
            UserError: the cell was not evaluated.
        """
        path = self.folder / "cell.json"
        if not path.exists():
            raise UserError(f"{path} does not exist: evaluate the cell first.")
        return _checked(read_json(path), path)

    @cached_property
    def settings(self) -> CellSettings:
        """How its items were segmented."""
        settings: CellSettings = parse(
            CellSettings, self.about["settings"], f"{self.folder / 'cell.json'}: settings"
        )
        return settings

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per item, frame, output and what it is compared with; all objects together."""
        return read_metrics([self.folder / "metrics.csv"])

    @cached_property
    def certificates(self) -> pd.DataFrame:
        """One row per fit and method of checking."""
        return read_certificate_file(self.folder / "certificates.csv")

    @cached_property
    def parts(self) -> list[StoredFits]:
        """All stored fits of its seed."""
        paths = [Path(path) for path in self.about["fits"]]
        return [part.of_seed(self.about["seed"]) for part in read_parts(paths)]

    @property
    def predictor(self) -> PredictorKind:
        """Its predictor."""
        return read_entry(self.about["predictor"])

    @property
    def constraint(self) -> str:
        """Its constraint in print."""
        return constraints.words(self.settings.constraint)

    @property
    def items(self) -> list[str]:
        """Names of its items."""
        return list(self.about["items"])

    def item(self, name: str) -> Item:
        """One of its items, with its colours as they were seen and the truth that it is scored by.

        Raises:
            UserError: the cell has no such item, or it is missing or damaged.
        """
        if name not in self.about["folders"]:
            raise UserError(f"{self.folder} has no item {name}: it has {', '.join(self.items)}.")
        stored = read_item(Path(self.about["folders"][name]))
        item = stored.corrupted(self.settings.corruption, self.about["seed"])
        labels = self.labels_folder(name)
        return item if labels is None else scored(item, label_kind(labels))

    def labels_folder(self, name: str) -> Path | None:
        """Folder of the weak labels that the predictor learnt from; None for none."""
        found = self.about["labels"].get(name)
        return None if found is None else Path(found)

    def scores(self, name: str, against: str = GROUND_TRUTH) -> pd.DataFrame:
        """IoU of an item with its ground truth or unaries: by frame, a column per output."""
        rows = self._of(name)
        rows = rows[rows["against"] == against]
        return rows.pivot_table(index="frame", columns="output", values="iou")

    def row(self, name: str, frame: int | None = None) -> "pd.Series[Any]":
        """What metrics.csv says of an item or one of its frames, whatever the output.

        Raises:
            UserError: it says nothing.
        """
        rows = self._of(name, frame)
        # Rows about the ground truth come first: what is said of it is said there.
        order = (rows["against"] != GROUND_TRUTH).sort_values(kind="stable").index
        return rows.loc[order].iloc[0]

    def _of(self, name: str, frame: int | None = None) -> pd.DataFrame:
        rows = self.metrics[self.metrics["item"] == name]
        if frame is not None and rows["frame"].notna().any():
            rows = rows[rows["frame"] == frame]
        if rows.empty:
            which = "" if frame is None else f"frame {frame} of "
            raise UserError(f"{self.folder / 'metrics.csv'} has no {which}{name}: name another.")
        return rows

    def fit_name(self, item: Item, frame: int | None = None) -> str:
        """What the fit of an item, or of one of its frames, is stored as."""
        framewise = item.is_video and self.settings.fit != SPATIO_TEMPORAL
        return frame_name(item.name, frame) if framewise and frame is not None else item.name

    def fits_of(self, name: str) -> StoredFits:
        """The part that holds the fit of an item (ITEM) or of a frame (ITEM/00000).

        Raises:
            UserError: no part does.
        """
        for part in self.parts:
            if name in part.names or part.problems(name):
                return part
        raise UserError(f"{self.folder} holds no fit of {name}: name another frame or cell.")

    def representation(self, name: str) -> Representation:
        """The stored representation of an item or of a frame, in float64."""
        return self.fits_of(name).representation(name)

    def fitted_frames(self, item: Item) -> list[int]:
        """Numbers of the frames of a video that have a fit of their own.

        Raises:
            UserError: there are none.
        """
        names = {name for part in self.parts for name in part.names}
        found = [n for n in range(len(item)) if frame_name(item.name, n) in names]
        if not found:
            raise UserError(
                f"{self.folder} holds no fit of a frame of {item.name}: name another cell or item."
            )
        return found

    def scene(self, item: Item) -> Scene:
        """What the representation of an item, or of one of its frames, is drawn for."""
        whole = item.scene(self.about["convention"])
        if item.is_video and self.settings.fit != SPATIO_TEMPORAL:
            return Scene(whole.height, whole.width, whole.convention)
        return whole

    def level(self, item: Item, frame: int | None = None) -> Points:
        """The level (h, w) in a picture, a frame or a slice; of several, in the middle one."""
        scene = self.scene(item)
        frame = _middle(item) if frame is None else frame
        representation = self.representation(self.fit_name(item, frame))
        if scene.third is None or scene.third.name == "depth":
            return scene_level(representation, scene)
        plane = Scene(scene.height, scene.width, scene.convention).coordinates()
        third = scene.third.part([frame or 0])
        return level_function(representation)(with_third(plane, third)[0])

    def noisy(self, name: str) -> list[int]:
        """Numbers of the frames whose unaries were noise."""
        told = self.fits_of(name).metadata["noisy"].get(str(self.about["seed"]), {})
        return [int(number) for number in told.get(name, [])]

    def mask(self, item: Item, frame: int | None = None) -> Mask:
        """The drawn foreground (h, w) at the size of the item."""
        drawn = np.asarray(read_png(self._file("masks", item, frame)) > 0)
        return likely_foreground(resize_unaries(drawn.astype(np.float32), *item.size))

    def predicted(self, item: Item, frame: int | None = None) -> Mask | None:
        """The thresholded unaries (h, w) at the size of the item; None where there are none."""
        path = self._file("predictor", item, frame)
        if not path.exists():
            return None
        return likely_foreground(resize_unaries(read_unaries(path), *item.size))

    def predictions(self, item: Item) -> list[Mask]:
        """The thresholded unaries (h, w) of all frames.

        Raises:
            UserError: the fit was to scribbles alone.
        """
        found = [self.predicted(item, number) for number in range(len(item))]
        kept = [each for each in found if each is not None]
        if len(kept) < len(item):
            raise UserError(f"{self.folder} has no unaries of {item.name}: name another item.")
        return kept

    def _file(self, kind: str, item: Item, frame: int | None) -> Path:
        if item.is_layered:
            return self.folder / kind / item.name / frame_file(frame or 0)
        return self.folder / kind / f"{item.name}.png"

    def region(self, item: Item, frame: int | None = None) -> Region | None:
        """The outline of the foreground in pixel units; None where it is not stored.

        Raises:
            UserError: the file is damaged.
        """
        name = item.name if frame is None or not item.is_layered else frame_name(item.name, frame)
        path = self.folder / "outlines" / f"{name}.geojson"
        if not path.exists():
            return None
        content = read_json(path)
        with told(path, "is damaged", "evaluate the cell again"):
            found = shape(content["geometry"])
        return found if isinstance(found, Polygon | MultiPolygon) else Polygon()

    def view(self, item: Item, frame: int | None = None) -> View:
        """What figures show of a picture or a frame; of several, the middle one is the default."""
        remark, number = "", _middle(item) if frame is None else frame
        if frame is None and number is not None:
            noun = "frame" if item.is_video else "slice"
            remark = f"{noun} {number + 1} of {len(item)}"
        rows = self._of(item.name, number)
        scribbles = item.scribbles()
        status = str(self.row(item.name, number)["status"])
        return View(
            item.name.replace("_", " "),
            frame if item.is_layered else None,
            item.frame(number or 0) / 255.0,
            self.mask(item, number),
            self.predicted(item, number),
            scribbles[number] if scribbles is not None and scribbles.ndim == 3 else scribbles,
            item.ground_truth(number or 0),
            self.region(item, number),
            {
                (str(row["output"]), str(row["against"])): float(row["iou"])
                for _, row in rows.iterrows()
            },
            self.predictor.title,
            self.constraint,
            status if status in NOT_FITTED else "",
            remark,
        )


def _checked(content: Any, path: Path) -> dict[str, Any]:
    """What cell.json says of a cell, if it is of the form that readers rely on."""
    kinds = {
        "settings": dict,
        "predictor": dict,
        "folders": dict,
        "labels": dict,
        "items": list,
        "fits": list,
        "seed": int,
        "convention": str,
    }
    for key, kind in kinds.items():
        if not isinstance(content, dict) or type(content.get(key)) is not kind:
            raise UserError(f"{path} is damaged at {key!r}: evaluate the cell again.")
    if content["convention"] not in CONVENTIONS.values():
        raise UserError(f"{path} is damaged at 'convention': evaluate the cell again.")
    texts = [*content["items"], *content["fits"], *content["folders"].values()]
    if not all(isinstance(text, str) for text in texts):
        raise UserError(f"{path} holds a name that is no text: evaluate the cell again.")
    return dict(content)


def _middle(item: Item) -> int | None:
    """The frame or slice that is shown where none is named; None of a picture."""
    return len(item) // 2 if item.is_layered else None


def conditions(cells: Sequence[CellFiles], name: str) -> str:
    """How an item was segmented, as far as a title has to say it; "" for nothing.

    What weak labels it has, whether all videos share a network, what corrupted its colours, and the
    distance from the unaries if it is not the paper's.
    """
    found = []
    folders = [folder for cell in cells if (folder := cell.labels_folder(name)) is not None]
    if folders:
        kinds = dict.fromkeys(str(label_kind(folder)["kind"]) for folder in folders)
        found.append(f"{words.listing(kinds)} labels")
        if any(cell.settings.training == TOGETHER for cell in cells):
            shared = cells[0].predictor.title
            found.append(f"one {shared} for all videos")
    corruptions = dict.fromkeys(cell.settings.corruption for cell in cells)
    found += [words.corruption(each) for each in corruptions if each != CLEAN]
    others = dict.fromkeys(cell.settings.distance for cell in cells)
    found += [words.distance(each) for each in others if each != DISTANCES[0]]
    return ", ".join(found)
