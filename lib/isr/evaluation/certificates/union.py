"""The certificate of a union: those of its members, and that it is their union."""

from dataclasses import replace

import numpy as np
import torch

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.verdicts import (
    Certificate,
    Finding,
    certify_structure,
    check,
    counted,
    joined,
    not_finite,
    sample_points,
)
from isr.evaluation.drawing import frozen_copy, level_function, point_map, scene_level
from isr.levels import foreground
from isr.representations import Representation
from isr.representations.union import Union

POINTS = 2000


def certify_union(
    representation: Union, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates of the union, and those of each member with its number.

    The structure of a union holds where that of every member does.

    Args:
        representation: as it was stored.
        scene: for which the level was drawn.
        level: as `scene.shape`.
        seed: for the sampled points.
    """
    members = [each for each in representation.members if isinstance(each, Representation)]
    drawn = [scene_level(member, scene) for member in members]
    kinds: list[str] = []
    rows, broken = [], []
    for number, (member, own) in enumerate(zip(members, drawn, strict=True), start=1):
        found = check(member, scene, own, seed)
        kinds.append(found[0].property)
        for row in found:
            if row.method == "structure" and not row.holds:
                sentence = f"Member {number} ({row.property}): {row.sentence}"
                broken.append(Finding(row.margin, False, sentence))
            rows.append(replace(row, property=f"member {number}: {row.property}"))
    name = f"union of {', '.join(kinds)}"
    return [
        certify_structure(name, representation, broken),
        joined(name, "sampled margin", [_sampled(representation, scene, seed)]),
        _raster(name, drawn, level),
        *rows,
    ]


def _sampled(representation: Union, scene: Scene, seed: int) -> Finding:
    """Bit for bit the least of the members' levels is the level, and theirs are the parts."""
    boxes = [scene.box(1.0), scene.box(3.0)]
    points = sample_points(np.random.default_rng(seed), boxes, POINTS)
    frozen = frozen_copy(representation)
    level = level_function(representation)(points)
    parts = point_map(frozen.parts, torch.float64)(points)
    own = np.stack([level_function(member)(points) for member in frozen.members], axis=-1)  # type: ignore[arg-type]
    if not (np.isfinite(level).all() and np.isfinite(parts).all() and np.isfinite(own).all()):
        return not_finite("sampled points")
    same = (level == parts.min(axis=-1)) & (level == own.min(axis=-1))
    wrong = int(np.count_nonzero(~same))
    sentence = (
        f"At {wrong} of {len(points):,} sampled points the level is not the least of the "
        f"{own.shape[-1]} members'."
    )
    return Finding(float(-wrong), wrong == 0, sentence)


def _raster(name: str, drawn: list[Points], level: Points) -> Certificate:
    """The mask is the members' masks laid over each other, bit for bit."""
    if not np.isfinite(level).all():
        return joined(name, "raster", [not_finite("pixel centres")])
    mask = foreground(level)
    wrong = int(np.count_nonzero(mask != np.logical_or.reduce([foreground(own) for own in drawn])))
    sentence = f"{wrong} pixels differ from the members' masks laid over each other."
    return counted(name, wrong, sentence, mask)
