"""What is found of items as a whole: pictures, pictures with depth, volumes.

Of an item with several objects that is the union of their regions and, beside it, each of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon, get_parts

from isr.coordinates import Points, Scene, ThirdAxis, from_pixels
from isr.data.items import Item
from isr.data.pictures import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    UNKNOWN,
    Picture,
)
from isr.data.problems import working_size
from isr.errors import UserError
from isr.evaluation.baselines import project_trivially
from isr.evaluation.certificates import Certificate, certify
from isr.evaluation.columns import ALL_OBJECTS, GROUND_TRUTH, SCRIBBLES, UNARIES, Row
from isr.evaluation.connecting import draw_connected
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.evaluate import Evaluation
from isr.evaluation.meshes import mesh
from isr.evaluation.metrics import compare, resize_unaries
from isr.evaluation.objects import label_map, overlaps, together
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.raster import raster_outline
from isr.levels import foreground, likely_foreground, probability
from isr.networks.inference import picture_levels
from isr.representations import Representation
from isr.representations.path_connected import PathConnected
from isr.store import StoredFits, read_fits

if TYPE_CHECKING:
    from isr.evaluation.evaluate import EvaluateJob

Mask = NDArray[np.bool_]
Unaries = NDArray[np.floating]

_MESH_RESOLUTION = 64


@dataclass(frozen=True, eq=False)
class Region:
    """What was found of one object, or of all together.

    Attributes:
        name: of the item, or ITEM/k.
        representation: of the object; of all together their union.
        unaries: (*grid) of the predictor at the size of the item; None without.
        level: (*grid) of the representation.
        outputs: masks (*grid) by name: of the predictor, the representation, trivial projections.
    """

    name: str
    representation: Representation
    unaries: Unaries | None
    level: Points
    outputs: Mapping[str, Mask]


def evaluate(job: "EvaluateJob", item: Item) -> Evaluation:
    """Draw, score and certify the fit of one item at its own size.

    Raises:
        UserError: a file is missing, or the item was not fitted.
    """
    fits = job.fits_of(item.name)
    scene = item.scene(fits.convention)
    problems = fits.problems(item.name)
    if not problems:
        raise UserError(f"{fits.path} holds no fit of {item.name}: give all parts of the cell.")
    regions = [_region(job, fits, item, scene, name) for name in problems]
    several = len(regions) > 1
    whole = _together(fits.representation(item.name), item.name, regions) if several else regions[0]
    shown = [whole, *(regions if several else [])]
    outlines = {} if item.is_layered else {each.name: _outline(each, scene) for each in shown}
    origins = _Origins.of(job, fits, problems)
    return Evaluation(
        item.name,
        item.name,
        rows=[row | origins.of_row(row) for row in _rows(item, whole, regions)],
        certificates={(item.name, None): _certificates(whole, scene, job.seed)},
        masks={each.name: each.outputs["representation"] for each in shown},
        unaries={each.name: each.unaries for each in shown if each.unaries is not None},
        outlines=outlines,
        picture=None if item.is_layered else _drawn(item, outlines),
        surface=None
        if scene.third is None
        else mesh(whole.representation, scene, _MESH_RESOLUTION),
        labels=label_map([each.level for each in regions])
        if several and not item.is_layered
        else None,
    )


def _certificates(whole: Region, scene: Scene, seed: int) -> list[Certificate]:
    return certify(
        whole.representation,
        scene.height,
        scene.width,
        scene.convention,
        third=scene.third,
        seed=seed,
        level=whole.level,
    )


def _region(job: "EvaluateJob", fits: StoredFits, item: Item, scene: Scene, name: str) -> Region:
    representation = fits.representation(name)
    level = level_function(representation)(scene.coordinates())
    mask = _connected(representation, scene) if job.cell.connect else foreground(level)
    unaries = _unaries(job, fits, item, name)
    outputs = {"representation": mask}
    if unaries is not None:
        predicted = likely_foreground(unaries)
        # A constraint on points of three coordinates says nothing of a picture's plane.
        trivial = project_trivially(predicted, job.cell.constraint) if scene.third is None else {}
        outputs = {"predictor": predicted, **outputs, **trivial}
    return Region(name, representation, unaries, level, outputs)


def _unaries(job: "EvaluateJob", fits: StoredFits, item: Item, name: str) -> Unaries | None:
    """The predictor's unaries at the item's own size: stored, given, or of stored parameters."""
    reader = job.reader
    if reader.predictions is not None:
        size = working_size(*item.size, job.predictor.scale)
        grid = (item.frames, *size) if item.is_layered else size
        unaries: Unaries = reader.predictions.read(name, job.seed, grid)
    elif job.trains:
        level = picture_levels(fits.predictor(name), reader.load(name, job.seed))
        unaries = probability(level)
    else:
        given = item.unaries()
        if given is None:
            return None
        unaries = given
    if unaries.ndim == 3:
        return np.stack([resize_unaries(each, *item.size) for each in unaries])
    return resize_unaries(unaries, *item.size)


def _connected(representation: Representation, scene: Scene) -> Mask:
    """The mask with thin connections drawn in.

    Raises:
        UserError: they can be drawn for path-connected regions of the plane alone.
    """
    if not isinstance(representation, PathConnected) or scene.third is not None:
        raise UserError("connect is for path_connected in the plane: set it to false.")
    return draw_connected(representation, scene.height, scene.width, scene.convention)


def _together(union: Representation, name: str, regions: Sequence[Region]) -> Region:
    """All objects of an item as one."""
    each = [region.unaries for region in regions if region.unaries is not None]
    return Region(
        name,
        union,
        np.maximum.reduce(each) if each else None,
        np.minimum.reduce([region.level for region in regions]),
        {key: together([region.outputs[key] for region in regions]) for key in regions[0].outputs},
    )


def _rows(item: Item, whole: Region, regions: Sequence[Region]) -> list[Row]:
    """Scores of all objects together, and of each where the ground truth tells them apart."""
    picture = item.read(image=False)
    shared = {key: overlaps([one.outputs[key] for one in regions]) for key in whole.outputs}
    about: Row = {"object": ALL_OBJECTS, "objects": len(regions)}
    rows = [about | row for row in _compared(whole, picture)]
    if not item.is_layered:
        for number, region in enumerate(regions, start=1):
            truth = item.truth_of(0, number)
            if truth is not None:
                about = {"object": str(number), "objects": len(regions)}
                rows += [about | row for row in compare(region.outputs, GROUND_TRUTH, truth)]
    return [row | {"overlap": shared[row["output"]][_number(row["object"])]} for row in rows]


def _number(name: str) -> int:
    return 0 if name == ALL_OBJECTS else int(name)


def _compared(region: Region, picture: Picture) -> list[Row]:
    """How the outputs of a region agree with all that is known of an item."""
    rows: list[Row] = []
    found = {key: mask for key, mask in region.outputs.items() if key != "predictor"}
    if region.unaries is not None:
        own = np.where(region.outputs["predictor"], OBJECT, BACKGROUND).astype(np.uint8)
        rows += compare(found, UNARIES, own)
    scribbles = picture.scribbles
    if scribbles is not None:
        known = np.full(scribbles.shape, UNKNOWN, np.uint8)
        known[scribbles != NO_SCRIBBLE] = OBJECT
        known[scribbles == BACKGROUND_SCRIBBLE] = BACKGROUND
        rows += compare(found, SCRIBBLES, known)
    if picture.ground_truth is not None:
        rows += compare(region.outputs, GROUND_TRUTH, picture.ground_truth)
    return rows


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
    def of(cls, job: "EvaluateJob", fits: StoredFits, problems: Sequence[str]) -> "_Origins":
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
        number, finite = _number(row["object"]), self.fitted
        if self.predicted and row["output"] != "representation":
            about["steps"], finite = self.steps, self.predicted
        return about | {"finite": all(finite) if number == 0 else finite[number - 1]}


def _outline(region: Region, scene: Scene) -> Polygon | MultiPolygon:
    """The outline of a region; of a picture with depth, of what is seen of it."""
    own, size = region.representation, (scene.height, scene.width)
    if scene.third is None:
        return outline(own, *size, scene.convention, level=region.level)
    return raster_outline(seen_level(own, scene, scene.third), *size, region.level)


def _drawn(
    item: Item, outlines: Mapping[str, Polygon | MultiPolygon]
) -> tuple[Polygon | MultiPolygon, NDArray[np.uint8]]:
    """The outline of each object, also where they overlap, and the picture below."""
    own = [region for name, region in outlines.items() if name != item.name]
    drawn = outlines[item.name]
    if own:
        drawn = MultiPolygon([part for region in own for part in get_parts(region).tolist()])
    return drawn, item.frame()


def seen_level(representation: Representation, scene: Scene, depth: ThirdAxis) -> LevelFunction:
    """The level as a function of points (..., 2) in pixel units, where the picture has a depth.

    Depths between pixel centres are interpolated.
    """
    level = level_function(representation)

    def seen(points: Points) -> Points:
        places = np.stack([points[..., 1], points[..., 0]]) - 0.5
        third = ndimage.map_coordinates(depth.values, places, order=1, mode="nearest")
        plane = from_pixels(points, scene.height, scene.width, scene.convention)
        return level(np.concatenate([plane, third[..., None]], axis=-1))

    return seen
