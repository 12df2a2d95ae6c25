"""What is found of items as a whole: pictures, pictures with depth, volumes.

Of an item with several objects that is the union of their regions and, beside it, each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, get_parts

from isr.coordinates import Points, Scene, ThirdAxis, from_pixels, with_nearest_depths
from isr.data.items import Item
from isr.data.pictures import NO_SCRIBBLE, UNKNOWN
from isr.data.problems import working_size
from isr.errors import UserError
from isr.evaluation.certificates import certify
from isr.evaluation.columns import GROUND_TRUTH, NON_CONVEXITY, Row
from isr.evaluation.drawing import LevelFunction, interpolated, level_function, scene_level
from isr.evaluation.job import EvaluateJob, outcome
from isr.evaluation.metrics import resize_unaries
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.marching import mesh, raster_outline
from isr.evaluation.paths import draw_connected
from isr.evaluation.regions import (
    Evaluation,
    Mask,
    Region,
    Unaries,
    label_map,
    object_number,
    outputs_of,
    score,
    together,
)
from isr.evaluation.violations import Violations, violations
from isr.levels import foreground, probability
from isr.networks.inference import picture_levels
from isr.representations import Representation
from isr.representations.path_connected import PathConnected
from isr.store import StoredFits, read_fits

_MESH_RESOLUTION = 64


def evaluate(job: EvaluateJob, item: Item) -> Evaluation:
    """Draw, score and certify the fit of one item at its own size.

    Raises:
        UserError: a file is missing, or the item was not fitted.
    """
    fits = job.fits_of(item.name)
    scene = item.scene(fits.convention)
    problems = fits.problems(item.name)
    if not problems:
        raise UserError(f"{fits.path} holds no fit of {item.name}: give all parts of the cell.")
    representation, several = fits.representation(item.name), len(problems) > 1
    regions = [_region(job, fits, item, scene, name) for name in problems]
    level = np.minimum.reduce([region.level for region in regions])
    whole = regions[0]
    if several:
        drawn = _outline(representation, level, item, scene)
        whole = together(item.name, level, regions, drawn)
    picture = item.read(image=False)
    each = range(1, len(regions) + 1)
    truths = [None if item.is_layered else item.truth_of(0, number) for number in each]
    rows = score(
        whole,
        regions,
        _scored(picture.ground_truth, scene),
        _scored(picture.scribbles, scene, NO_SCRIBBLE),
        [_scored(truth, scene) for truth in truths],
    )
    if job.cell.constraint == "convex" and scene.third is None:
        rows = _with_non_convexity(rows, [whole, *regions])
    origins = _Origins.of(job, fits, problems)
    size = scene.height, scene.width, scene.convention
    certificates = certify(representation, *size, third=scene.third, seed=job.seed, level=level)
    told_apart = several and not item.is_layered
    return Evaluation(
        item.name,
        item.name,
        None,
        [whole, *(regions if several else [])],
        [row | outcome(fits, item.name) | origins.of_row(row) for row in rows],
        {item.name: certificates},
        picture=_drawn(item, regions),
        surface=None if scene.third is None else mesh(representation, scene, _MESH_RESOLUTION),
        labels=label_map([region.level for region in regions]) if told_apart else None,
    )


def _scored(
    known: NDArray[np.uint8] | None, scene: Scene, unknown: int = UNKNOWN
) -> NDArray[np.uint8] | None:
    """What is known (*grid) of the pixels that lie somewhere: not where a depth is missing."""
    if known is None or scene.missing is None:
        return known
    return np.where(scene.missing, unknown, known).astype(np.uint8)


def _with_non_convexity(rows: Sequence[Row], regions: Sequence[Region]) -> list[Row]:
    """The rows with how far their outputs, and the unaries, are from convex.

    Args:
        rows: of metrics.csv.
        regions: all objects together, then each of them.
    """
    found: dict[tuple[int, str], Violations] = {}

    def measured(number: int, output: str) -> Violations | None:
        masks, key = regions[number].outputs, (number, output)
        if key not in found and output in masks:
            found[key] = violations(masks[output])
        return found.get(key)

    measures = []
    for row in rows:
        number = object_number(row)
        own, given = measured(number, row["output"]), measured(number, "predictor")
        pairs = [(each.pairs, each.background) if each else (None, None) for each in (own, given)]
        values = [value for pair in pairs for value in pair]
        measures.append(row | dict(zip(NON_CONVEXITY, values, strict=True)))
    return measures


def _region(job: EvaluateJob, fits: StoredFits, item: Item, scene: Scene, name: str) -> Region:
    representation = fits.representation(name)
    level = scene_level(representation, scene)
    mask = _connected(representation, scene) if job.cell.connect else foreground(level)
    unaries = _unaries(job, fits, item, name)
    # A constraint on points of three coordinates says nothing of a picture's plane.
    outputs = outputs_of(mask, unaries, job.cell.constraint if scene.third is None else None)
    return Region(name, level, outputs, unaries, _outline(representation, level, item, scene))


def _unaries(job: EvaluateJob, fits: StoredFits, item: Item, name: str) -> Unaries | None:
    """The predictor's unaries at the item's own size: stored, given, or of stored parameters."""
    reader = job.reader
    if reader.predictions is not None:
        size = working_size(*item.size, job.predictor.scale)
        grid = (item.frames, *size) if item.is_layered else size
        unaries: Unaries | None = reader.predictions.read(name, job.seed, grid)
    elif job.trains:
        unaries = probability(picture_levels(fits.predictor(name), reader.load(name, job.seed)))
    else:
        unaries = item.unaries()
    return None if unaries is None else resize_unaries(unaries, *item.size)


def _connected(representation: Representation, scene: Scene) -> Mask:
    """The mask with thin connections drawn in.

    Raises:
        UserError: they can be drawn for path-connected regions of the plane alone.
    """
    if not isinstance(representation, PathConnected) or scene.third is not None:
        raise UserError("connect is for path_connected in the plane: set it to false.")
    return draw_connected(representation, scene.height, scene.width, scene.convention)


@dataclass(frozen=True)
class _Origins:
    """How the parameters behind the rows of an item were made.

    Attributes:
        fitted: whether each object's fit stayed finite, in their order.
        predicted: the same of stored predictions; empty where none are projected.
        steps: that the predictor was trained for; None where it is computed.
    """

    fitted: Sequence[bool]
    predicted: Sequence[bool] = ()
    steps: int | None = None

    @classmethod
    def of(cls, job: EvaluateJob, fits: StoredFits, problems: Sequence[str]) -> "_Origins":
        told = fits.metadata["finite"][str(job.seed)]
        fitted = [told[name] for name in problems]
        if job.reader.predictions is None:
            return cls(fitted)
        folder = job.reader.predictions.folder(problems[0], job.seed)
        made = read_fits(folder / "predictor.safetensors").metadata
        finite = {(name, seed): value for name, seed, value in made["finite"]}
        predicted = [finite[name, job.seed] for name in problems]
        return cls(fitted, predicted, made["settings"].get("steps"))

    def of_row(self, row: Row) -> Row:
        """The columns of a row: steps, whether all were taken, and whether there is a truth."""
        about: Row = {"annotated": row["against"] == GROUND_TRUTH}
        number, finite = object_number(row), self.fitted
        if self.predicted and row["output"] != "representation":
            about["steps"], finite = self.steps, self.predicted
        return about | {"finite": all(finite) if number == 0 else finite[number - 1]}


def _outline(
    representation: Representation, level: Points, item: Item, scene: Scene
) -> Polygon | MultiPolygon | None:
    """The outline of a picture's region; with depth, of what is seen of it."""
    if item.is_layered:
        return None
    size = scene.height, scene.width
    if scene.third is None:
        return outline(representation, *size, scene.convention, level=level)
    return raster_outline(seen_level(representation, scene, scene.third), level)


def _drawn(
    item: Item, regions: Sequence[Region]
) -> tuple[Polygon | MultiPolygon, NDArray[np.uint8]] | None:
    """The outline of each object, also where they overlap, and the picture below."""
    outlines = [region.outline for region in regions if region.outline is not None]
    if not outlines:
        return None
    if len(outlines) == 1:
        return outlines[0], item.frame()
    parts = [part for each in outlines for part in get_parts(each).tolist()]
    return MultiPolygon(parts), item.frame()


def seen_level(representation: Representation, scene: Scene, depth: ThirdAxis) -> LevelFunction:
    """The level as a function of points (..., 2) in pixel units, where the picture has a depth.

    Depths between pixel centres are interpolated; a pixel without one is background.
    """
    known = with_nearest_depths(scene.coordinates())[..., -1]
    level, third, missing = level_function(representation), interpolated(known), depth.missing

    def seen(points: Points) -> Points:
        plane = from_pixels(points, scene.height, scene.width, scene.convention)
        found = level(np.concatenate([plane, third(points)[..., None]], axis=-1))
        if missing is None:
            return found
        cells = np.minimum(points.astype(int), np.array(missing.shape[::-1]) - 1)
        return np.where(missing[cells[..., 1], cells[..., 0]], 1.0, found)

    return seen
