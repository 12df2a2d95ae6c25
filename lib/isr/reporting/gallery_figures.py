"""From settings and stored fits to a gallery's figures; the drawing itself takes arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from isr.coordinates import Scene, ThirdAxis
from isr.errors import UserError
from isr.evaluation.drawing import level_function
from isr.levels import foreground, likely_foreground
from isr.reporting import (
    centroid_path,
    decay_series,
    deformation,
    depth_plane,
    level_surface,
    pattern,
    settings,
    teaser,
    thin_connection,
    views,
)
from isr.reporting.diffeomorphisms import find_connection, find_deformation
from isr.reporting.views import CaseFiles
from isr.representations.path_connected import PathConnected

_STEPS_BETWEEN = 8


def make(content: dict[str, Any]) -> Figure:
    """Make the figure that the settings ask for.

    Args:
        content: `kind`, `cases` as `views.parse` reads them, and maybe a `title`.

    Raises:
        UserError: a setting is wrong, a file is missing, or a case cannot be shown so.
    """
    settings.check_keys(content, "the top", required=("kind", "cases"), optional=("title",))
    kind = content["kind"]
    if kind not in MAKERS:
        kinds = ", ".join(MAKERS)
        raise UserError(f"kind {kind!r} of the figure is unknown: use one of {kinds}.")
    default, draw = MAKERS[kind]
    cases = [views.parse(entry) for entry in content["cases"]]
    if not cases:
        raise UserError("cases of the settings are empty: name at least one.")
    return draw(cases, f"{content.get('title') or default}: {views.data_words(cases)}")


def figure_1(cases: Sequence[CaseFiles], title: str) -> Figure:
    """Unaries and representations side by side."""
    return teaser.draw([case.view() for case in cases], title)


def figure_2(cases: Sequence[CaseFiles], title: str) -> Figure:
    """A periodic pattern continued."""
    return pattern.draw([case.view() for case in cases], title)


def figure_3(cases: Sequence[CaseFiles], title: str) -> Figure:
    """The path of a moving object's centroid."""
    (case,) = cases
    picture, scene = case.picture, case.scene
    if picture.third is None or picture.third.name != "t" or picture.unaries is None:
        raise UserError(f"figure_3: {picture.name} is no video with unaries: name another case.")
    times = picture.third.values
    count = (len(times) - 1) * _STEPS_BETWEEN + 1
    fine = np.interp(np.arange(count) / _STEPS_BETWEEN, np.arange(len(times)), times)
    between = Scene(scene.height, scene.width, scene.convention, ThirdAxis("t", fine))
    masks = foreground(level_function(case.representation)(between.coordinates()))
    return centroid_path.draw(
        picture.image,
        centroid_path.centroids(likely_foreground(picture.unaries)),
        centroid_path.centroids(masks),
        times,
        title,
        name=picture.name.replace("_", " "),
        constraint=case.constraint,
    )


def figure_4(cases: Sequence[CaseFiles], title: str) -> Figure:
    """Regions fitted to scribbles in (x, y, depth)."""
    third = cases[0].picture.third
    if third is None or third.name != "depth":
        raise UserError(f"figure_4: {cases[0].picture.name} has no depth: name another case.")
    return depth_plane.draw([case.view() for case in cases], third.values, title)


def figure_7(cases: Sequence[CaseFiles], title: str) -> Figure:
    """A series of weight decays."""
    decays = [float(case.setting("weight_decay") or 0.0) for case in cases]
    return decay_series.draw([case.view() for case in cases], decays, title)


def figure_9(cases: Sequence[CaseFiles], title: str) -> Figure:
    """Level surfaces."""
    surfaces = []
    for case in cases:
        level = level_function(case.representation)(case.scene.coordinates())
        view = case.view()
        if level.ndim == 3:
            level = level[len(level) // 2]
        surfaces.append((level, view.image, f"{view.name}: {view.constraint}"))
    return level_surface.draw_several(surfaces, title)


def figure_14(cases: Sequence[CaseFiles], title: str) -> Figure:
    """A connection thinner than a pixel."""
    (case,) = cases
    view = case.view()
    found = find_connection(_path_connected(case), _plane(case), view.image)
    return thin_connection.draw(found, title, name=view.name)


def figure_16(cases: Sequence[CaseFiles], title: str) -> Figure:
    """The diffeomorphism of a path-connected region."""
    (case,) = cases
    view = case.view()
    found = find_deformation(_path_connected(case), _plane(case), view.image, view.mask)
    options = case.fits.metadata["representation"]["options"]
    base = str(options.get("base", "convex")).replace("_", "-")
    return deformation.draw(found, title, name=view.name, base=base)


def _path_connected(case: CaseFiles) -> PathConnected:
    representation = case.representation
    if not isinstance(representation, PathConnected):
        raise UserError(f"{case.case} is {case.constraint}, not path-connected: name another case.")
    return representation


def _plane(case: CaseFiles) -> Scene:
    """The scene of a case in (x, y)."""
    if case.scene.third is not None:
        raise UserError(
            f"{case.case} has a third coordinate, and this figure shows pictures: name another."
        )
    return case.scene


MAKERS: dict[str, tuple[str, Callable[[Sequence[CaseFiles], str], Figure]]] = {
    "figure_1": ("Naive unaries and constrained representations", figure_1),
    "figure_2": ("A periodic pattern and what hides it", figure_2),
    "figure_3": ("Path of the centroid, frame by frame and super-resolved in time", figure_3),
    "figure_4": ("Segmentation from scribbles in (x, y, depth)", figure_4),
    "figure_7": ("Weight decay on the diffeomorphism, from expressive to convex", figure_7),
    "figure_9": ("Levels of representations as surfaces", figure_9),
    "figure_14": ("A connection that a raster loses", figure_14),
    "figure_16": ("The diffeomorphism of a path-connected region", figure_16),
}
