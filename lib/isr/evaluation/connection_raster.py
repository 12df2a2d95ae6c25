"""The raster certificate of path-connected regions: is the drawn mask connected, and how."""

import numpy as np

from isr.coordinates import Points
from isr.evaluation.connections import Connection, connect_components, open_hole
from isr.evaluation.findings import RASTER_WORDS, Finding, joined, not_finite, raster_verdict
from isr.evaluation.paths import Paths
from isr.evaluation.pixel_components import Components, background_components, components
from isr.evaluation.scene_grid import SceneGrid
from isr.evaluation.verdicts import Certificate, Scene
from isr.levels import foreground

PROPERTY = "path-connected"
IN_PICTURE = "connected in the picture"
THIN = "connected, thinner than a pixel"
OUTSIDE = "connected outside the picture"
MAX_HOLES = 40


def certify_connection(paths: Paths, scene: Scene, level: Points, explained: float) -> Certificate:
    """The mask drawn from `level` and, where it is not connected, the paths that connect it.

    The guarantee is about the space, the raster about the picture. So there are three verdicts that
    hold: the mask has one component and, in two dimensions, no hole; it does not, but paths inside
    the region (and out of each hole, outside of the region) connect it within the picture; or some
    of these paths leave the picture. The margin is the side, in pixels, of the samples that show
    every connection: 1 in the mask itself, down to 1/16, and 0 where no tried sampling shows it.

    Args:
        paths: of the representation.
        scene: for which the level was drawn.
        level: as `scene.shape`.
        explained: by how much rounding may lift a level on a path.
    """
    if not np.isfinite(level).all():
        return joined(PROPERTY, "raster", [not_finite("pixel centres")])
    mask = foreground(level).astype(bool)
    verdict = raster_verdict(mask)
    if verdict is not None:
        return joined(PROPERTY, "raster", [Finding(0.0, True, RASTER_WORDS[verdict])], verdict)
    found = components(mask)
    flat = scene.dim == 2
    if found.count == 1 and (found.euler == 1 or not flat):
        sentence = f"The mask has one component, its Euler number is {found.euler}."
        return joined(PROPERTY, "raster", [Finding(1.0, True, sentence)], IN_PICTURE)
    if scene.third is not None and scene.third.name == "depth":
        sentence = (
            f"The mask has {found.count} components; the region connects them in (x, y, depth), "
            "off the surface that the picture shows."
        )
        return joined(PROPERTY, "raster", [Finding(0.0, True, sentence)], OUTSIDE)
    return _connected(paths, SceneGrid(scene), level, found, explained)


def _connected(
    paths: Paths, grid: SceneGrid, level: Points, found: Components, explained: float
) -> Certificate:
    joins = connect_components(paths, grid, level, found) if found.count > 1 else []
    opened: list[Connection] = []
    count = 0
    if level.ndim == 2:
        labels, count = background_components(level <= 0)
        opened = [
            open_hole(paths, grid, level, labels, hole)
            for hole in range(2, min(count, MAX_HOLES) + 2)
        ]
    made = [*joins, *opened]
    wrong = sum(not (each.worst <= explained) for each in made)
    torn = sum(not each.jump <= 1 for each in made)
    findings = [_drawn(found, count, joins, opened)]
    if wrong or torn:
        sentence = (
            f"Of the {len(made)} paths that should connect the mask {wrong} leave the region and "
            f"{torn} jump."
        )
        findings.append(Finding(float(-wrong - torn), False, sentence))
    outside = any(each.outside > 0 for each in joins)
    return joined(PROPERTY, "raster", findings, OUTSIDE if outside else THIN)


def _drawn(
    found: Components, holes: int, joins: list[Connection], opened: list[Connection]
) -> Finding:
    words = []
    if joins:
        words.append(
            f"In the picture the mask has {found.count} components; {_course(joins)}, and "
            f"{'is' if len(joins) == 1 else 'are'} {_seen(joins)}."
        )
    if opened:
        words.append(
            f"Background that runs out of {_holes(len(opened), holes)} is {_seen(opened)}."
        )
    finest = [1 / each.samples if each.samples else 0.0 for each in [*joins, *opened]]
    return Finding(min(finest), True, " ".join(words))


def _course(joins: list[Connection]) -> str:
    """Where the paths that connect components run."""
    leaving = [each.outside for each in joins if each.outside > 0]
    if len(joins) == 1:
        path = "the path that connects them"
        if leaving:
            return f"{path} leaves it with {leaving[0]:.0%} of its length"
        return f"{path} stays in it"
    if not leaving:
        return f"the {len(joins)} paths that connect them stay in it"
    return (
        f"{len(leaving)} of the {len(joins)} paths that connect them "
        f"{'leaves' if len(leaving) == 1 else 'leave'} it, with up to {max(leaving):.0%} of the "
        "length"
    )


def _holes(followed: int, count: int) -> str:
    if followed < count:
        return f"{followed} of the {count} holes that were followed"
    return "1 hole" if count == 1 else f"{count} holes"


def _seen(made: list[Connection]) -> str:
    """How finely one has to sample to see all connections."""
    hidden = [each.tried for each in made if each.samples is None]
    if not hidden:
        return f"seen with {max(each.samples or 0 for each in made)}x sampling"
    if min(hidden) == 0:
        return "too long to be sampled"
    return f"not found up to {min(hidden)}x sampling"
