"""Fits of the command line: one picture with a bar of its steps, or a folder with a table."""

import argparse
import csv
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity
from tqdm import tqdm

from isr import constraints
from isr.app import given
from isr.app.exchange import rasterised, read_coco, read_label_image, read_napari
from isr.app.growth import into_file
from isr.app.results import FORMATS, refuse_other_things, save
from isr.app.segment import Segmentation, segment
from isr.data.files import list_pictures
from isr.data.pictures import Picture
from isr.errors import UserError
from isr.evaluation.certificates import all_hold, in_words
from isr.fitting.unaries import Progress
from isr.io import read_json, write_text

SUMMARY = "summary.csv"
_COLUMNS = ("name", "holds", "share", "agreement", "seconds", "warnings", "error")
_SUFFIXES = (".png", ".tif", ".tiff", ".npy", ".jpg", ".json", ".geojson", ".csv", "")


def fit_one(options: argparse.Namespace) -> None:
    """Fit one picture, volume or clip, and say what was found.

    Raises:
        UserError: something that was given is wrong.
    """
    out = options.out or Path(f"{options.picture.stem}-{options.constraint}")
    refuse_other_things(out)
    picture = read_given(options, options.picture, options.scribbles, options.unaries, options.mask)
    with tqdm(desc=picture.name, unit="step", disable=None, file=sys.stderr) as bar:
        found = _segmented(options, picture, bar)
    save(found, out, (*FORMATS, *options.formats))
    print(f"{out}: {_said(found)}")
    for sentence in found.warnings:
        print(f"warning: {sentence}", file=sys.stderr)


def fit_folder(options: argparse.Namespace) -> None:
    """Fit every picture of a folder; what goes wrong with one is told, and the others go on.

    Raises:
        UserError: a folder is missing, or pictures failed.
    """
    folder = options.picture
    inner = folder / "images"
    pictures = list_pictures(inner if inner.is_dir() else folder)
    if not pictures:
        raise UserError(f"{folder} holds no pictures: put some there.")
    if options.scribbles is None and (folder / "scribbles").is_dir():
        options.scribbles = folder / "scribbles"
    out = options.out or Path(f"{folder.name}-{options.constraint}")
    rows: list[dict[str, Any]] = []
    for name, path in tqdm(pictures.items(), unit="picture", disable=None, file=sys.stderr):
        try:
            rows.append(_fit_of_folder(options, name, path, out / name))
        except UserError as error:
            rows.append({"name": name, "error": str(error)})
        _write_summary(out / SUMMARY, rows)
    wrong = [row for row in rows if row.get("error")]
    print(f"{out}: {len(rows) - len(wrong)} of {len(rows)} pictures; {out / SUMMARY}")
    if wrong:
        raise UserError(f"{len(wrong)} pictures failed, the first: {wrong[0]['error']}")


def _fit_of_folder(options: argparse.Namespace, name: str, path: Path, out: Path) -> dict[str, Any]:
    """Fit one of the pictures; its row of the table."""
    refuse_other_things(out)
    own = [_same_name(each, name) for each in (options.scribbles, options.unaries, options.mask)]
    found = _segmented(options, read_given(options, path, *own), None)
    save(found, out, (*FORMATS, *options.formats))
    agreement = found.agreement()
    return {
        "name": name,
        "holds": all_hold(found.certificate()),
        "share": f"{found.mask().mean():.4f}",
        "agreement": "" if agreement != agreement else f"{agreement:.4f}",
        "seconds": f"{found.seconds:.1f}",
        "warnings": " ".join(found.warnings),
    }


def _same_name(place: Path | None, name: str) -> Path | None:
    """The file of a folder with the name of a picture; a file is of all pictures."""
    if place is None or not place.is_dir():
        return place
    for suffix in _SUFFIXES:
        if (place / f"{name}{suffix}").exists():
            return place / f"{name}{suffix}"
    raise UserError(f"{place} holds nothing named {name}: put it there.")


def _write_summary(path: Path, rows: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())


def _segmented(
    options: argparse.Namespace, picture: Picture, bar: "tqdm[Any] | None"
) -> Segmentation:
    watchers: list[Any] = []
    if bar is not None:
        watchers.append(lambda progress: _advance(bar, progress))
    if options.watch is not None:
        watchers.append(into_file(options.watch, picture))

    def watch(progress: Progress) -> None:
        for each in watchers:
            each(progress)

    fit = {"steps": options.steps, **dict(options.option)}
    if options.object_weight is not None:
        fit["object_weight"] = options.object_weight
    return segment(
        picture,
        constraint=options.constraint,
        predictor=options.predictor,
        weights=options.weights,
        seed=options.seed,
        device=options.device,
        watch=watch,
        **fit,
    )


def _advance(bar: "tqdm[Any]", progress: Progress) -> None:
    bar.total = progress.total
    bar.update(progress.done - bar.n)


def _said(found: Segmentation) -> str:
    words = [
        constraints.words(found.constraint),
        in_words(found.certificate()),
        f"{found.mask().mean():.1%} of the picture",
    ]
    if found.found is not None:
        words.append(f"IoU with {found.predictor_title} {found.agreement():.3f}")
    return f"{'; '.join(words)}; {found.seconds:.1f} s"


# What was given


def read_given(
    options: argparse.Namespace,
    path: Path,
    scribbles: Path | None,
    unaries: Path | None,
    mask: Path | None,
) -> Picture:
    """A picture with all that the command line says of it.

    Raises:
        UserError: a file cannot be read, or nothing says where the object is.
    """
    if unaries is not None and mask is not None:
        raise UserError("--unaries and --mask say the same: give one of them.")
    picture = given.read_subject(path, frames=options.frames, spacing=options.spacing)
    prompts = options.box or options.point or options.background_point
    if scribbles is not None:
        values = dict(options.scribble_values) if options.scribble_values else None
        picture = given.with_strokes(picture, scribbles, values)
    if prompts:
        picture = _with_prompts(picture, options)
    if unaries is not None:
        picture = replace(picture, unaries=given.read_unaries(unaries, picture.grid))
    if mask is not None:
        read = read_mask(mask, picture.grid, picture.name, options.label)
        picture = replace(picture, unaries=read.astype(np.float32))
    if picture.scribbles is None and picture.unaries is None:
        raise UserError(
            f"{path}: nothing says where the object is: give --scribbles, --box, --point, --mask "
            "or --unaries."
        )
    return picture


def _with_prompts(picture: Picture, options: argparse.Namespace) -> Picture:
    if picture.third is not None:
        raise UserError("--box and --point are of single pictures: give --scribbles.")
    said = given.prompted(picture.size, options.box, options.point, options.background_point)
    if picture.scribbles is None:
        return replace(picture, scribbles=said)
    return replace(picture, scribbles=np.where(picture.scribbles > 0, picture.scribbles, said))


def read_mask(
    path: Path, grid: tuple[int, ...], name: str, label: int | None = None
) -> NDArray[np.bool_]:
    """A mask in any of the formats that are known.

    Args:
        path: labels (PNG, TIFF, NPY), GeoJSON, napari's shapes (CSV), COCO (JSON).
        grid: (h, w) or (n, h, w) that it has to be of.
        name: of the picture, among those of a COCO file.
        label: the one to take of labels; None for all but 0.

    Raises:
        UserError: it cannot be read, or is of another size.
    """
    suffix, size = path.suffix.lower(), (grid[-2], grid[-1])
    if suffix == ".json":
        mask = read_coco(path, name)
    elif suffix == ".csv":
        mask = rasterised(read_napari(path), size)
    elif suffix == ".geojson":
        mask = rasterised(_read_geojson(path), size)
    else:
        labels = read_label_image(path)
        mask = labels > 0 if label is None else labels == label
    if mask.shape != grid:
        raise UserError(f"{path} has shape {mask.shape}, the picture {grid}: make them agree.")
    if not mask.any():
        raise UserError(f"{path} marks no pixel of the picture: check it, or name another label.")
    return mask


def _read_geojson(path: Path) -> list[Any]:
    content = read_json(path)
    try:
        features = content["features"] if isinstance(content, Mapping) else content
        if isinstance(content, Mapping) and content.get("type") == "Feature":
            features = [content]
        regions = [shapely.from_geojson(json.dumps(each["geometry"])) for each in features]
    except (KeyError, TypeError, shapely.GEOSException) as error:
        raise UserError(f"{path} is no GeoJSON of regions ({error!r}): export it again.") from None
    # QGIS lays pictures below the axis: all of y is minus the row.
    below = all(each.is_empty or each.bounds[3] <= 0 for each in regions)
    return [affinity.scale(each, 1, -1, origin=(0, 0)) if below else each for each in regions]
