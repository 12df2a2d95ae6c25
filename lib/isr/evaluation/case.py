"""Everything that is measured, proved and drawn of one case of a gallery."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from isr.coordinates import Points, Scene, ThirdAxis, from_pixels
from isr.data.dataset import BACKGROUND, BACKGROUND_SCRIBBLE, NO_SCRIBBLE, OBJECT, UNKNOWN
from isr.data.gallery import GalleryPicture, read_picture
from isr.errors import UserError
from isr.evaluation.baselines import project_trivially
from isr.evaluation.certificates import certify
from isr.evaluation.connecting import draw_connected
from isr.evaluation.drawing import LevelFunction, level_function
from isr.evaluation.meshes import mesh, write_ply
from isr.evaluation.metrics import compare
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.raster import raster_outline
from isr.evaluation.vector_files import write_geojson, write_svg
from isr.fitting.store import StoredFits, read_fits
from isr.io import atomic_folder, atomic_path, write_png
from isr.levels import foreground, likely_foreground
from isr.representations import Representation
from isr.representations.path_connected import PathConnected

Mask = NDArray[np.bool_]

_MESH_RESOLUTION = 64


def case_scene(picture: GalleryPicture, fits: StoredFits) -> Scene:
    """What the fit of a picture is drawn and certified for."""
    height, width = picture.grid[-2:]
    return Scene(height, width, fits.metadata["convention"], picture.third)


def evaluate_case(fits_path: Path, folder: Path, output: Path, settings: Mapping[str, Any]) -> None:
    """Write metrics.csv, certificates.csv, masks/ and outlines/ of a case.

    Masks are NAME.png, or NAME/000.png ... of a video or a volume. Outlines are NAME.svg and
    NAME.geojson of what is seen in a single picture, and NAME.ply, a mesh in coordinates, wherever
    there is a third coordinate.

    Args:
        fits_path: the stored fit.
        folder: of the picture.
        output: the case's folder.
        settings: of the case: study, case, source, constraint, seed, protocol, and maybe connect:
            whether masks have thin connections drawn in.

    Raises:
        UserError: the fit or the picture cannot be read.
    """
    picture, fits = read_picture(folder), read_fits(fits_path)
    representation = fits.representation(picture.name)
    scene = case_scene(picture, fits)
    level = level_function(representation)(scene.coordinates())
    mask = _connected(representation, scene) if settings.get("connect") else foreground(level)
    certificates = certify(
        representation,
        scene.height,
        scene.width,
        scene.convention,
        third=scene.third,
        seed=settings["seed"],
        level=level,
    )
    axes = _axes(picture, settings)
    about = {
        **axes,
        "protocol": settings["protocol"],
        "semantic": "none",
        "scale": 1.0,
        "steps": fits.metadata["settings"]["steps"],
        "finite": fits.metadata["finite"][picture.name],
        "picture": picture.name,
    }
    metrics = [about | row for row in score(picture, mask, settings["constraint"])]
    rows = [axes | {"picture": picture.name} | asdict(row) for row in certificates]
    with atomic_folder(output / "masks") as masks, atomic_folder(output / "outlines") as outlines:
        write_masks(masks, picture.name, mask)
        _write_outlines(outlines, representation, scene, level, picture, axes)
    for path, table in ("metrics.csv", metrics), ("certificates.csv", rows):
        with atomic_path(output / path) as temporary:
            pd.DataFrame(table).to_csv(temporary, index=False)


def _axes(picture: GalleryPicture, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The axes of other studies' cells, as far as they have a meaning, and the case."""
    return {
        "study": settings["study"],
        "dataset": settings["source"],
        "case": settings["case"],
        "constraint": settings["constraint"],
        "predictor": "scribbles" if picture.unaries is None else "unaries",
        "features": "none",
        "fit": "sequential",
        "seed": settings["seed"],
    }


def _connected(representation: Representation, scene: Scene) -> Mask:
    """The mask with thin connections drawn in.

    Raises:
        UserError: they can be drawn for path-connected regions of the plane alone.
    """
    if not isinstance(representation, PathConnected) or scene.third is not None:
        raise UserError("connect is for path_connected in the plane: set it to false.")
    return draw_connected(representation, scene.height, scene.width, scene.convention)


def score(picture: GalleryPicture, mask: Mask, constraint: str) -> list[dict[str, Any]]:
    """Compare the drawn foreground (*grid) with all that is known of a picture.

    Returns:
        Rows with `output` (representation, the thresholded unaries, or a trivial projection of
        these for the constraint, in the plane), what it is compared `against` (unaries, scribbles,
        ground truth), iou, accuracy and scored_pixels.
    """
    rows = []
    outputs = {"representation": mask}
    if picture.unaries is not None:
        likely = likely_foreground(picture.unaries)
        # A constraint on points of three coordinates says nothing of a picture's plane.
        if picture.third is None:
            outputs |= project_trivially(likely, constraint)
        rows += compare(outputs, "unaries", _as_truth(likely))
        if picture.ground_truth is not None:
            rows += compare({"unaries": likely}, "ground truth", picture.ground_truth)
    if picture.scribbles is not None:
        known = np.full(picture.scribbles.shape, UNKNOWN, np.uint8)
        known[picture.scribbles != NO_SCRIBBLE] = OBJECT
        known[picture.scribbles == BACKGROUND_SCRIBBLE] = BACKGROUND
        rows += compare(outputs, "scribbles", known)
    if picture.ground_truth is not None:
        rows += compare(outputs, "ground truth", picture.ground_truth)
    return rows


def _as_truth(mask: Mask) -> NDArray[np.uint8]:
    return np.where(mask, OBJECT, BACKGROUND).astype(np.uint8)


def write_masks(folder: Path, name: str, mask: Mask) -> None:
    """Write a mask (h, w) as NAME.png, or its layers (frames, h, w) as NAME/000.png ..."""
    pixels = _as_truth(mask)
    if pixels.ndim == 2:
        write_png(folder / f"{name}.png", pixels)
        return
    for number, layer in enumerate(pixels):
        write_png(folder / name / f"{number:03}.png", layer)


def _write_outlines(
    folder: Path,
    representation: Representation,
    scene: Scene,
    level: Points,
    picture: GalleryPicture,
    properties: Mapping[str, Any],
) -> None:
    if scene.third is not None:
        write_ply(folder / f"{picture.name}.ply", mesh(representation, scene, _MESH_RESOLUTION))
    if len(scene.shape) == 3:
        return
    if scene.third is None:
        region = outline(representation, scene.height, scene.width, scene.convention, level=level)
    else:
        seen = seen_level(representation, scene, scene.third)
        region = raster_outline(seen, scene.height, scene.width, level)
    image = np.rint(picture.image * 255).astype(np.uint8)
    write_svg(folder / f"{picture.name}.svg", region, image, title=picture.name)
    write_geojson(
        folder / f"{picture.name}.geojson", region, {**properties, "picture": picture.name}
    )


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
