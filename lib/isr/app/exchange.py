"""Shapes in the formats of other programs: label images, GeoJSON, napari's shapes, COCO.

Outlines are polygons in pixels, x to the right and y down, where pixel (i, j) covers
[j, j+1] x [i, i+1]. Each program has its own idea of where that lies:

- QuPath counts as we do.
- QGIS lays a picture that is not georeferenced below the axis: y is minus the row.
- napari has pixels' centres at whole numbers, rows first.
- COCO counts as we do.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import shapely
import tifffile
from numpy.typing import NDArray
from PIL import Image
from shapely import MultiPolygon, Polygon, affinity

from isr.app.given import is_stack
from isr.data import pixels
from isr.data.pixels.meaning import labels as stored_labels
from isr.errors import UserError
from isr.io import atomic_path, read_json, write_json, write_text

Region: TypeAlias = Polygon | MultiPolygon
Labels = NDArray[Any]

NAPARI = ("index", "shape-type", "vertex-index", "axis-0", "axis-1")
"""Columns of napari's shapes in a CSV file of a picture."""
_MOST_16 = 65535


# Label images


def write_labels(path: Path, labels: Labels) -> None:
    """Write labels (h, w) or (n, h, w): 16 bits, or 32 where a label needs them, as TIFF or PNG.

    Raises:
        UserError: PNG is asked for a stack, or for labels above 65,535.
    """
    largest = int(labels.max(initial=0))
    stored = labels.astype(np.uint16 if largest <= _MOST_16 else np.uint32)
    if path.suffix.lower() != ".png":
        with atomic_path(path) as temporary:
            tifffile.imwrite(temporary, stored, compression="zlib", photometric="minisblack")
        return
    if stored.ndim != 2 or stored.dtype != np.uint16:
        raise UserError(f"{path}: PNG holds a picture of labels up to {_MOST_16}: name a .tif.")
    with atomic_path(path) as temporary:
        Image.fromarray(stored).save(temporary)


def read_label_image(path: Path) -> NDArray[np.int64]:
    """Read labels (h, w) or (n, h, w) of 8, 16 or 32 bits from PNG, TIFF or NPY.

    Raises:
        UserError: the file cannot be read, or holds no whole numbers.
    """
    return stored_labels(pixels.read_pixels(path, "ZYX" if is_stack(path) else "YX"))


# GeoJSON


def write_features(
    path: Path,
    regions: Mapping[str, Region],
    properties: Mapping[str, Any],
    *,
    below: bool = False,
) -> None:
    """Write outlines as a GeoJSON collection of features, atomically.

    Args:
        path: the file.
        regions: by name, in pixels.
        properties: of each feature.
        below: as QGIS has them: y is minus the row. Else as QuPath has them: y is the row, and
            features are annotations.
    """
    features = [
        {
            "type": "Feature",
            "properties": {
                **properties,
                **({} if below else {"objectType": "annotation"}),
                "name": name,
                "units": "pixels, y up" if below else "pixels, y down",
            },
            "geometry": shapely.geometry.mapping(_below(region) if below else region),
        }
        for name, region in regions.items()
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})


def _below(region: Region) -> Region:
    return affinity.scale(region, 1, -1, origin=(0, 0))


# napari


def write_napari(path: Path, regions: Sequence[Region]) -> None:
    """Write outlines as napari's shapes (CSV), atomically.

    napari's polygons have no holes: of a region with some, its outer rings are written.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(NAPARI)
    rings = [
        np.asarray(part.exterior.coords)[:-1]
        for region in regions
        for part in shapely.get_parts(region).tolist()
        if not part.is_empty
    ]
    for index, ring in enumerate(rings):
        for number, (x, y) in enumerate(ring.tolist()):
            writer.writerow([index, "polygon", number, f"{y - 0.5:.4f}", f"{x - 0.5:.4f}"])
    write_text(path, stream.getvalue())


def read_napari(path: Path) -> list[Polygon]:
    """Read the polygons, rectangles and ellipses of napari's shapes, as polygons in pixels.

    Raises:
        UserError: the file is no such CSV, or holds shapes in more than two dimensions.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows or set(NAPARI) - rows[0].keys() or "axis-2" in rows[0]:
            raise ValueError("its columns are others")
        shapes: dict[int, list[tuple[float, float]]] = {}
        kinds = {int(row["index"]): row["shape-type"] for row in rows}
        for row in rows:
            place = float(row["axis-1"]) + 0.5, float(row["axis-0"]) + 0.5
            shapes.setdefault(int(row["index"]), []).append(place)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} holds no shapes of napari ({error}): save them again.") from None
    known = {"polygon": Polygon, "rectangle": Polygon, "ellipse": _ellipse}
    return [known[kinds[n]](ring) for n, ring in shapes.items() if kinds[n] in known]


def _ellipse(corners: Sequence[tuple[float, float]]) -> Polygon:
    """The ellipse in a rectangle that may be turned, whose corners napari stores."""
    box = np.asarray(corners)
    middle, half, other = box.mean(axis=0), (box[1] - box[0]) / 2, (box[2] - box[1]) / 2
    angle = np.linspace(0, 2 * np.pi, 181)[:-1, None]
    return Polygon(middle + np.cos(angle) * half + np.sin(angle) * other)


# COCO


def coco(
    name: str,
    size: tuple[int, int],
    regions: Mapping[str, Region],
    masks: Mapping[str, NDArray[np.bool_]],
    *,
    rle: bool = False,
) -> dict[str, Any]:
    """A data set in COCO's format: one picture and its regions.

    Args:
        name: file name of the picture.
        size: its height and width.
        regions: by category; of one with holes, which COCO's polygons cannot have, the mask is
            taken.
        masks: the same, (h, w).
        rle: whether all are given as masks, in run lengths.

    Raises:
        UserError: run lengths need pycocotools.
    """
    height, width = size
    found = []
    for number, (category, region) in enumerate(regions.items(), start=1):
        parts = [part for part in shapely.get_parts(region).tolist() if not part.is_empty]
        holes = any(part.interiors for part in parts)
        left, top, right, bottom = region.bounds if parts else (0.0, 0.0, 0.0, 0.0)
        rings = [np.asarray(part.exterior.coords)[:-1] for part in parts]
        as_mask = rle or holes
        found.append(
            {
                "id": number,
                "image_id": 1,
                "category_id": number,
                "iscrowd": int(as_mask),
                "area": float(masks[category].sum()) if as_mask else float(region.area),
                "bbox": [left, top, right - left, bottom - top],
                "segmentation": _run_lengths(masks[category])
                if as_mask
                else [np.round(ring, 4).ravel().tolist() for ring in rings],
            }
        )
    names = [{"id": n, "name": each} for n, each in enumerate(regions, start=1)]
    picture = {"id": 1, "file_name": name, "height": height, "width": width}
    return {"images": [picture], "annotations": found, "categories": names}


def _tools() -> Any:
    try:
        return import_module("pycocotools.mask")
    except ImportError:
        raise UserError(
            "COCO's run lengths need pycocotools: install it with pip install 'isr[coco]'."
        ) from None


def _run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    encoded = _tools().encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}


def read_coco(path: Path, name: str, category: str | None = None) -> NDArray[np.bool_]:
    """The union of the annotations of one picture of a COCO data set, as a mask (h, w).

    Args:
        path: of the JSON file.
        name: of the picture, with or without its suffix; of a file of one picture, any.
        category: name of the only one to take; None for all.

    Raises:
        UserError: the file is none of COCO's, knows no such picture or category, or pycocotools
            is missing.
    """
    content = read_json(path)
    try:
        pictures = content["images"]
        named = [each for each in pictures if name in _names(each["file_name"])]
        chosen = pictures if len(pictures) == 1 else named
        kinds = {each["id"]: each["name"] for each in content["categories"]}
        if len(chosen) != 1:
            raise UserError(f"{path} has {len(chosen)} pictures named {name!r}: name one of them.")
        if category is not None and category not in kinds.values():
            there = ", ".join(kinds.values())
            raise UserError(f"{path} has no category {category!r}: it has {there}.")
        size = int(chosen[0]["height"]), int(chosen[0]["width"])
        found = np.zeros(size, bool)
        for each in content["annotations"]:
            wanted = category is None or kinds[each["category_id"]] == category
            if each["image_id"] == chosen[0]["id"] and wanted:
                found |= _decoded(each["segmentation"], size)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is no data set of COCO's ({error!r}): export it again.") from None
    return found


def _names(file: str) -> tuple[str, str]:
    return Path(file).name, Path(file).stem


def _decoded(segmentation: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    tools = _tools()
    whole = isinstance(segmentation, dict) and isinstance(segmentation["counts"], str)
    codes = segmentation if whole else tools.frPyObjects(segmentation, *size)
    merged = tools.merge(codes) if isinstance(codes, list) else codes
    return np.asarray(tools.decode(merged), bool)


def rasterised(regions: Sequence[Region], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels (h, w) whose centres lie in one of some regions."""
    height, width = size
    found = np.zeros(size, bool)
    x = np.arange(width) + 0.5
    for region in regions:
        shapely.prepare(region)
        low, high = (0, 0) if region.is_empty else (region.bounds[1], region.bounds[3])
        for row in range(max(0, int(low) - 1), min(height, int(high) + 1)):
            found[row] |= shapely.contains_xy(region, x, np.full(width, row + 0.5))
    return found
