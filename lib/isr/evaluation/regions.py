"""What is found of an item, or of a frame of a video: its regions, scored.

Every object's region has the guaranteed shape and is scored as it is. Regions of touching objects
may overlap, however small the penalty made that; labels give such a pixel to the region in which it
lies deepest, which may take that region's shape from the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from isr.coordinates import Points
from isr.data.pictures import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    UNKNOWN,
)
from isr.evaluation.baselines import project_trivially
from isr.evaluation.certificates import Certificate
from isr.evaluation.columns import ALL_OBJECTS, GROUND_TRUTH, SCRIBBLES, UNARIES, Row
from isr.evaluation.metrics import compare, resize_unaries
from isr.evaluation.outlines.marching import Mesh
from isr.levels import foreground, likely_foreground

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Unaries = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Region:
    """What was found of one object, or of all together.

    Attributes:
        name: of its files.
        level: (*grid) of the representation.
        outputs: masks (*grid) by name: of the predictor, the representation, trivial projections.
        unaries: of the predictor, at the size that they are stored at; None without.
        outline: in pixels of the item's own size; None of a whole video or volume.
    """

    name: str
    level: Points
    outputs: Mapping[str, Mask]
    unaries: Unaries | None
    outline: Polygon | MultiPolygon | None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found of one item, or of one frame of a video.

    Attributes:
        name: of its files.
        item: name of the item.
        frame: its number, or None.
        regions: all objects as one and, where they are several, each of them.
        rows: of metrics.csv, without what they share.
        certificates: by the name of the representation that they are of.
        picture: what is drawn as SVG, and the picture below it; None for none.
        surface: the mesh of a picture with depth or a volume.
        labels: (h, w) which of several objects a pixel belongs to.
    """

    name: str
    item: str
    frame: int | None
    regions: Sequence[Region]
    rows: Sequence[Row]
    certificates: Mapping[str, Sequence[Certificate]]
    picture: tuple[Polygon | MultiPolygon, Bytes] | None = None
    surface: Mesh | None = None
    labels: Bytes | None = None


def outputs_of(mask: Mask, unaries: Unaries | None, constraint: str | None) -> dict[str, Mask]:
    """What is scored of a region: its mask (*grid) and, with unaries, theirs and its projections.

    Args:
        mask: of the representation.
        unaries: at any size.
        constraint: that trivial projections are for, if there are any.
    """
    if unaries is None:
        return {"representation": mask}
    predicted = likely_foreground(resize_unaries(unaries, *mask.shape[-2:]))
    trivial = {} if constraint is None else project_trivially(predicted, constraint)
    return {"predictor": predicted, "representation": mask, **trivial}


def together(
    name: str, level: Points, regions: Sequence[Region], outline: Polygon | MultiPolygon | None
) -> Region:
    """All objects of an item as one: the union of the regions, with its level and outline."""
    each = [region.unaries for region in regions if region.unaries is not None]
    unions = {
        key: np.logical_or.reduce([region.outputs[key] for region in regions])
        for key in regions[0].outputs
    }
    return Region(name, level, unions, np.maximum.reduce(each) if each else None, outline)


def score(
    whole: Region,
    regions: Sequence[Region],
    truth: Bytes | None,
    scribbles: Bytes | None = None,
    truths: Sequence[Bytes | None] = (),
) -> list[Row]:
    """Scores of all objects together, and of each where the ground truth tells them apart.

    Args:
        whole: all objects as one.
        regions: each of them.
        truth: ground truth (*grid), where there is any.
        scribbles: (*grid), where there are any.
        truths: of each region, where it is known.
    """
    rows: list[Row] = [{"object": ALL_OBJECTS} | row for row in _compared(whole, truth, scribbles)]
    for number, (region, own) in enumerate(zip(regions, truths, strict=False), start=1):
        if own is not None:
            rows += [
                {"object": str(number)} | row for row in compare(region.outputs, GROUND_TRUTH, own)
            ]
    shared = {key: overlaps([one.outputs[key] for one in regions]) for key in whole.outputs}
    for row in rows:
        row["objects"] = len(regions)
        row["overlap"] = shared[row["output"]][object_number(row)]
    return rows


def object_number(row: Row) -> int:
    """Which object a row is of, from 1; 0 for all together."""
    return 0 if row["object"] == ALL_OBJECTS else int(row["object"])


def _compared(region: Region, truth: Bytes | None, scribbles: Bytes | None) -> list[Row]:
    """How the outputs of a region agree with all that is known."""
    rows: list[Row] = []
    found = {key: mask for key, mask in region.outputs.items() if key != "predictor"}
    if region.unaries is not None:
        rows += compare(found, UNARIES, coded(region.outputs["predictor"]))
    if scribbles is not None:
        known = np.full(scribbles.shape, UNKNOWN, np.uint8)
        known[scribbles != NO_SCRIBBLE] = OBJECT
        known[scribbles == BACKGROUND_SCRIBBLE] = BACKGROUND
        rows += compare(found, SCRIBBLES, known)
    if truth is not None:
        rows += compare(region.outputs, GROUND_TRUTH, truth)
    return rows


def coded(mask: Mask) -> Bytes:
    """A mask as ground truth is coded: 255 where it is foreground, else 0."""
    return np.where(mask, OBJECT, BACKGROUND).astype(np.uint8)


def label_map(levels: Sequence[Points]) -> NDArray[np.uint8]:
    """Labels (h, w): 0 background, k where object k is foreground and has the least level.

    Args:
        levels: (h, w) of each object, in their order; the first of equals wins.

    >>> label_map([np.array([[-1.0, -1.0, 2.0]]), np.array([[3.0, -2.0, 1.0]])])
    array([[1, 2, 0]], dtype=uint8)
    """
    stacked = np.stack(levels)
    deepest = stacked.argmin(axis=0) + 1
    return np.where(foreground(stacked.min(axis=0)), deepest, 0).astype(np.uint8)


def overlaps(masks: Sequence[Mask]) -> list[int]:
    """Pixels in which regions overlap: those of all together, then those of each object.

    >>> overlaps([np.array([True, True, False]), np.array([False, True, True])])
    [1, 1, 1]
    """
    several = np.sum(masks, axis=0) > 1
    return [int(several.sum()), *(int((several & mask).sum()) for mask in masks)]
