"""Results as folders: written as a whole, read, drawn at another size, and certified again.

fits.safetensors holds the shape, from which everything else can be made again; certificate.json
says what is proved of it, what contradicts it, and the sha256 of every file beside it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import tifffile
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, affinity

from isr import constraints
from isr.app.drawn import draw_masks
from isr.app.exchange import coco, write_features, write_labels, write_napari
from isr.app.preview import write_preview
from isr.app.segment import Segmentation, shrunk_image
from isr.coordinates import Scene, ThirdAxis, ThirdName
from isr.errors import UserError
from isr.evaluation.certificates import Certificate, all_hold, certify
from isr.evaluation.outlines import outline
from isr.evaluation.vector_files import write_ply, write_svg
from isr.fitting.engine.long_work import versions
from isr.io import atomic_folder, atomic_path, read_json, read_png, write_json, write_png
from isr.representations import Representation
from isr.representations.union import Union
from isr.store import FITS, Group, read_fits, write_fits

CERTIFICATE, MASK, MASKS, OUTLINE = "certificate.json", "mask.png", "mask.tif", "outline.geojson"
FORMATS: tuple[str, ...] = ("mask", "svg", "geojson", "picture")
"""What is written where nothing else is asked."""
FURTHER: tuple[str, ...] = ("labels", "qgis", "napari", "coco", "coco-rle", "ply")

_SVG_SIDE = 2000
"""Pixels of the picture below an outline at most."""


def save(found: Segmentation, folder: Path, formats: tuple[str, ...] = FORMATS) -> Path:
    """Write a segmentation to a folder, which takes its place as a whole.

    Args:
        found: what was found.
        folder: to make; one that holds an earlier result is replaced.
        formats: among FORMATS and FURTHER.

    Raises:
        UserError: a format is unknown, or the folder holds something else than a result.
    """
    if unknown := set(formats) - {*FORMATS, *FURTHER}:
        raise UserError(
            f"format {min(unknown)!r} is unknown: choose among {', '.join((*FORMATS, *FURTHER))}."
        )
    folder = Path(folder)
    refuse_other_things(folder)
    with atomic_folder(folder) as temporary:
        _write_fit(found, temporary / FITS)
        (_write_layers if found.is_layered else _write_plane)(found, temporary, {*formats})
        if "picture" in formats:
            write_preview(temporary / "picture.png", found)
        write_json(temporary / CERTIFICATE, _about(found, temporary))
    return folder


def refuse_other_things(folder: Path) -> None:
    """See that nothing is lost with a folder: it is not there, is empty, or an earlier result.

    Raises:
        UserError: something would be.
    """
    empty = folder.is_dir() and not any(folder.iterdir())
    if folder.exists() and not empty and not (folder / CERTIFICATE).exists():
        raise UserError(f"{folder} holds other things than a result: name another folder.")


def _write_fit(found: Segmentation, path: Path) -> None:
    shape = found.representation
    state = {f"representation.{key}": value for key, value in shape.named_parameters()}
    scene = found.scene
    third = scene.third
    metadata = {
        "convention": scene.convention,
        "size": [scene.height, scene.width],
        "third": None if third is None else _about_third(third),
        "versions": versions(),
    }
    group = Group({(found.name, found.seed): state}, {"representation": shape.about})
    write_fits(path, [group], metadata)


def _about_third(third: ThirdAxis) -> dict[str, Any]:
    origin, length = third.unit
    about = {"name": third.name, "values": third.values.tolist()}
    return about | {"origin": origin, "length": length, "step": third.step}


def _write_plane(found: Segmentation, folder: Path, formats: set[str]) -> None:
    """What is written of a picture."""
    mask = found.mask()
    write_png(folder / MASK, np.where(mask, 255, 0).astype(np.uint8))
    if "labels" in formats or found.representation.part_count > 1:
        write_labels(folder / "labels.tif", found.labels())
    regions, masks = regions_of(found), {found.constraint: mask}
    if len(regions) > 1:
        labels = found.labels()
        masks = {name: labels == number for number, name in enumerate(regions, start=1)}
    words = {"classification": {"name": constraints.words(found.constraint)}}
    if "svg" in formats:
        image = shrunk_image(found.picture, _SVG_SIDE)
        write_svg(folder / "outline.svg", _scaled(found, image), image, title=found.name)
    if "geojson" in formats:
        write_features(folder / OUTLINE, regions, words)
    if "qgis" in formats:
        write_features(folder / "outline-qgis.geojson", regions, words, below=True)
    if "napari" in formats:
        write_napari(folder / "shapes.csv", list(regions.values()))
    if "coco" in formats or "coco-rle" in formats:
        content = coco(found.name, found.picture.size, regions, masks, rle="coco-rle" in formats)
        write_json(folder / "coco.json", content)


def _write_layers(found: Segmentation, folder: Path, formats: set[str]) -> None:
    """What is written of frames or slices."""
    mask = np.where(found.mask(), 255, 0).astype(np.uint8)
    with atomic_path(folder / MASKS) as temporary:
        tifffile.imwrite(temporary, mask, compression="zlib", photometric="minisblack")
    if "labels" in formats or found.representation.part_count > 1:
        write_labels(folder / "labels.tif", found.labels())
    if mask.any():
        write_ply(folder / "surface.ply", found.surface())


def regions_of(found: Segmentation) -> dict[str, Polygon | MultiPolygon]:
    """The outlines by name: that of the shape or, of several objects, that of each."""
    shape = found.representation
    if not isinstance(shape, Union):
        return {found.constraint: found.outline()}
    size, grid = found.picture.size, found.certified_size
    return {
        f"{found.constraint} {number}": outline(cast(Representation, member), *size, grid=grid)
        for number, member in enumerate(shape.members, start=1)
    }


def _scaled(found: Segmentation, image: NDArray[np.uint8]) -> Polygon | MultiPolygon:
    """The outline in pixels of a picture that may be smaller."""
    height, width = found.picture.size
    x, y = image.shape[1] / width, image.shape[0] / height
    return affinity.scale(found.outline(), x, y, origin=(0, 0))


def _about(found: Segmentation, folder: Path) -> dict[str, Any]:
    """What certificate.json says."""
    certificates = found.certificate()
    height, width = found.picture.size
    rows, columns = found.certified_size
    agreement = found.agreement()
    return {
        "name": found.name,
        "constraint": found.constraint,
        "holds": all_hold(certificates),
        "size": [width, height],
        "raster": [columns, rows],
        "frames": found.scene.shape[0] if found.is_layered else None,
        "checks": [_plain(each) for each in certificates],
        "warnings": found.warnings,
        "predictor": found.predictor,
        "agreement": None if agreement != agreement else round(agreement, 4),
        "share": round(float(found.mask().mean()), 6),
        "seed": found.seed,
        "seconds": round(found.seconds, 2),
        "files": {path.name: _digest(path) for path in sorted(folder.iterdir()) if path.is_file()},
    }


def _plain(certificate: Certificate) -> dict[str, Any]:
    """A certificate as JSON: margins that are no numbers are words."""
    row = asdict(certificate)
    margin = float(row["margin"])
    return row | {"margin": margin if np.isfinite(margin) else str(margin)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# Reading


@dataclass(frozen=True, eq=False)
class Result:
    """A result that was read.

    Attributes:
        folder: that it lies in.
        about: what its certificate says.
        representation: the shape.
        scene: what it is drawn for.
    """

    folder: Path
    about: Mapping[str, Any]
    representation: Representation
    scene: Scene

    def mask(self, size: tuple[int, int] | None = None) -> NDArray[np.bool_]:
        """The foreground (h, w) or (n, h, w) at a height and width; None for those it has."""
        return draw_masks(
            self.representation, self.scene, size or (self.scene.height, self.scene.width)
        )


def read_result(folder: Path) -> Result:
    """Read a folder that `save` wrote.

    Raises:
        UserError: it is no such folder, or a file is damaged.
    """
    folder = Path(folder)
    if not (folder / CERTIFICATE).exists():
        raise UserError(f"{folder} holds no {CERTIFICATE}: name the folder of a result.")
    about = read_json(folder / CERTIFICATE)
    fits = read_fits(folder / FITS)
    try:
        height, width = fits.metadata["size"]
        third = fits.metadata["third"]
        axis = None
        if third is not None:
            values = np.asarray(third["values"], float)
            unit = third["origin"], third["length"], third["step"]
            axis = ThirdAxis(cast(ThirdName, third["name"]), values, *unit)
        (name,) = fits.names
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{folder / FITS} is of no result: make it again.") from None
    scene = Scene(int(height), int(width), fits.convention, axis)
    return Result(folder, about, fits.representation(name), scene)


def certify_again(folder: Path) -> tuple[Result, list[Certificate]]:
    """Check a stored result: that its files are those certified, and that the shape holds.

    The certificate is made again from the stored parameters, and the mask is drawn again.

    Raises:
        UserError: a file is missing or is another one, a check fails, or the mask is not that of
            the shape; the message has all reasons.
    """
    folder = Path(folder)
    reasons = _changed(folder)
    result = read_result(folder)
    columns, rows = result.about.get("raster") or (result.scene.width, result.scene.height)
    scene = result.scene
    certificates = certify(
        result.representation,
        int(rows),
        int(columns),
        scene.convention,
        third=scene.third,
        seed=int(result.about.get("seed", 0)),
    )
    reasons += [
        f"{each.property}, {each.method}: {each.verdict}. {each.sentence}"
        for each in certificates
        if not each.holds
    ]
    if not reasons and (wrong := int((_stored_mask(folder) != result.mask()).sum())):
        reasons.append(f"{wrong:,} pixels of its mask are not those of the shape")
    if reasons:
        raise UserError(f"{folder} is refused: {'; '.join(reasons)}.")
    return result, certificates


def _changed(folder: Path) -> list[str]:
    """Reasons against the files of a folder: those that are missing, or others than certified."""
    if not (folder / CERTIFICATE).exists():
        raise UserError(f"{folder} holds no {CERTIFICATE}: name the folder of a result.")
    known = read_json(folder / CERTIFICATE).get("files")
    if not isinstance(known, dict) or FITS not in known:
        raise UserError(f"{folder / CERTIFICATE} names no files: make the result again.")
    reasons = []
    for name, digest in known.items():
        path = folder / Path(name).name
        if not path.exists():
            reasons.append(f"{name} is missing")
        elif _digest(path) != digest:
            reasons.append(f"{name} is not the file that was certified")
    return reasons


def _stored_mask(folder: Path) -> NDArray[np.bool_]:
    if (folder / MASK).exists():
        return np.asarray(read_png(folder / MASK) > 0)
    return np.asarray(tifffile.imread(folder / MASKS) > 0)


def draw(folder: Path, size: tuple[int, int] | None, output: Path | None) -> Path:
    """Draw the mask of a stored result at another height and width.

    Args:
        folder: of the result.
        size: None for that of the picture.
        output: PNG, of frames or slices TIFF; None for a file beside the others of the result.

    Returns:
        The file.

    Raises:
        UserError: the folder holds no result.
    """
    result = read_result(folder)
    mask = np.where(result.mask(size), 255, 0).astype(np.uint8)
    name = f"mask-{mask.shape[-1]}x{mask.shape[-2]}"
    path = output or Path(folder) / f"{name}{'.png' if mask.ndim == 2 else '.tif'}"
    if mask.ndim == 2:
        write_png(path, mask)
    else:
        with atomic_path(path) as temporary:
            tifffile.imwrite(temporary, mask, compression="zlib", photometric="minisblack")
    return path
