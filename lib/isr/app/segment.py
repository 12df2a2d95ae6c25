"""The one call behind command and page: a picture and strokes in, a certified shape out."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from isr import constraints
from isr.app.contradictions import contradictions, verdicts
from isr.app.drawn import draw_labels, draw_masks
from isr.app.given import picture_of, read_subject, with_strokes
from isr.app.predictions import Asked
from isr.coordinates import Scene, ThirdAxis, grid_coordinates, with_third
from isr.data.pictures import Picture, check_picture, resize_picture
from isr.errors import PoorFit, UserError
from isr.evaluation.certificates import Certificate, certify
from isr.evaluation.metrics import resize_unaries
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.marching import Mesh, mesh
from isr.fitting.engine.attempts import FAILED, iou, sentence
from isr.fitting.unaries import Watch, fit_scribbles, fit_unaries
from isr.levels import likely_foreground
from isr.reporting import words
from isr.representations import Representation

Region: TypeAlias = Polygon | MultiPolygon
Mask = NDArray[np.bool_]

GIVEN, STROKES = "given", "none"
"""Names of no predictor: unaries that were given, and strokes alone."""
_MOST = 2**20
"""Pixels beyond which a picture is shrunk for the fit; what is found is drawn at its own size."""
_MESH_RESOLUTION = 96


def segment(
    image: Picture | Path | str | NDArray[Any],
    scribbles: Path | str | NDArray[np.uint8] | None = None,
    constraint: str = "convex",
    *,
    predictor: str | Mapping[str, Any] | None = None,
    unaries: NDArray[np.floating[Any]] | None = None,
    third: ThirdAxis | None = None,
    weights: Path | None = None,
    seed: int = 0,
    device: str = "cpu",
    watch: Watch | None = None,
    **fit: Any,
) -> "Segmentation":
    """Segment a picture, a volume or a clip with a shape that is guaranteed.

    The predictor makes a mask or probabilities from colours and strokes; the shape is fitted to
    these and to the strokes together (the paper's eq. 15).

    Args:
        image: a file, or an array: (h, w) or (h, w, 3); with `third` (n, h, w) or (n, h, w, 3).
            Whole numbers are divided by the largest of their type.
        scribbles: a file, or uint8 like the image: 0 none, 255 background, k object k. Several
            objects make a union of one `constraint` for each.
        constraint: name of the shape, such as `convex`.
        predictor: its name, or its entry as in a configuration; `none` for strokes alone. By
            default `grabcut`, of volumes and clips `fcn`.
        unaries: (*grid) foreground probabilities, or a mask, in place of a predictor.
        third: the third coordinate of an array of slices or frames.
        weights: a file that the predictor needs.
        seed: determines all random numbers.
        device: where to compute.
        watch: is told of the progress of the fit.
        **fit: further arguments of `isr.fit_unaries`, such as `steps` or options of the shape.

    Raises:
        UserError: something does not fit together; the message says what.

    >>> import numpy as np, isr
    >>> rows, columns = np.mgrid[0:40, 0:60]
    >>> disc = (rows - 20) ** 2 + (columns - 30) ** 2 < 100
    >>> strokes = np.zeros((40, 60), np.uint8)
    >>> strokes[20, 25:35], strokes[3] = 1, 255
    >>> found = isr.segment(disc, strokes, "convex", steps=60)
    >>> found.mask((80, 120)).shape
    (80, 120)
    """
    began = time.monotonic()
    constraints.record(constraint)
    picture = _picture(image, scribbles, unaries, third)
    if picture.unaries is not None and predictor is not None:
        raise UserError("a predictor and a given mask both say what is seen: give one of them.")
    small = _shrunk(picture)
    asked, known = None, small.unaries
    if known is None and predictor != STROKES:
        asked = Asked.named(predictor, picture, weights=weights, seed=seed, device=device)
        plane = grid_coordinates(*picture.size, small.size)
        known = asked.unaries(small, with_third(plane, small.third).astype(np.float32))
    how = {"third": small.third, "size": picture.size, "seed": seed, "device": device, **fit}
    with warnings.catch_warnings():
        # What is found says so itself, see `Segmentation.warnings`.
        warnings.simplefilter("ignore", PoorFit)
        if known is None:
            assert small.scribbles is not None
            found = fit_scribbles(small.scribbles, constraint, watch=watch, **how)
        else:
            found = fit_unaries(known, constraint, scribbles=small.scribbles, watch=watch, **how)
    return Segmentation(
        picture,
        found,
        constraint,
        GIVEN if picture.unaries is not None else STROKES if asked is None else asked.kind.kind,
        "the given mask" if asked is None else asked.title,
        known,
        seed,
        time.monotonic() - began,
    )


def _picture(
    image: Picture | Path | str | NDArray[Any],
    scribbles: Path | str | NDArray[np.uint8] | None,
    unaries: NDArray[np.floating[Any]] | None,
    third: ThirdAxis | None,
) -> Picture:
    """All that was given as one picture, checked.

    Raises:
        UserError: it does not fit together, or there is nothing to segment by.
    """
    if isinstance(image, np.ndarray):
        picture = _stack(image, third) if third is not None else picture_of(image)
    else:
        picture = image if isinstance(image, Picture) else read_subject(Path(image))
    if unaries is not None:
        picture = replace(picture, unaries=np.asarray(unaries, np.float32))
    if isinstance(scribbles, np.ndarray):
        picture = replace(picture, scribbles=scribbles)
    elif scribbles is not None:
        picture = with_strokes(picture, Path(scribbles))
    check_picture(picture, path=picture.name)
    if picture.scribbles is None and picture.unaries is None:
        raise UserError(f"{picture.name}: nothing says what the object is: give strokes or a mask.")
    return picture


def _stack(image: NDArray[Any], third: ThirdAxis) -> Picture:
    if third.name == "depth":
        return replace(picture_of(image), third=third)
    if len(image) == 0 or image.ndim not in (3, 4):
        raise UserError(f"image has shape {image.shape}: give (n, h, w) or (n, h, w, 3).")
    frames = np.stack([picture_of(each).image for each in image])
    return Picture("stack", frames, third=third)


def _shrunk(picture: Picture) -> Picture:
    """The picture as it is fitted to: at most so many pixels."""
    height, width = picture.size
    if height * width <= _MOST or (picture.third is not None and picture.third.name == "depth"):
        return picture
    side = int(max(height, width) * (_MOST / (height * width)) ** 0.5)
    if picture.third is None:
        return resize_picture(picture, side)
    frames = [resize_picture(_slice(picture, number), side) for number in range(len(picture.image))]
    layers: dict[str, Any] = {
        key: np.stack([getattr(each, key) for each in frames])
        for key in ("image", "scribbles", "unaries")
        if getattr(picture, key) is not None
    }
    return replace(picture, **layers)


def _slice(picture: Picture, number: int) -> Picture:
    layers = {
        key: value[number]
        for key in ("image", "scribbles", "unaries")
        if (value := getattr(picture, key)) is not None
    }
    return Picture(picture.name, **layers)


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A shape that was found, and all that can be asked of it.

    Attributes:
        picture: that it was found in, with strokes and unaries that were given.
        representation: the shape, a function of coordinates.
        constraint: its name.
        predictor: the kind that was asked; `given`, or `none`.
        predictor_title: the same in print.
        unaries: (*grid), of several objects (*grid, n), that it was fitted to; None of strokes.
        seed: of the random numbers.
        seconds: that predictor and fit took.
    """

    picture: Picture
    representation: Representation
    constraint: str
    predictor: str
    predictor_title: str
    unaries: NDArray[np.float32] | None
    seed: int
    seconds: float

    @property
    def name(self) -> str:
        """Of the picture."""
        return self.picture.name

    @property
    def scene(self) -> Scene:
        """What the shape is drawn and certified for."""
        return Scene(*self.picture.size, third=self.picture.third)

    @property
    def is_layered(self) -> bool:
        """Whether it is of frames or slices."""
        return len(self.scene.shape) == 3

    def mask(self, size: tuple[int, int] | None = None) -> Mask:
        """The foreground (h, w), or (n, h, w) of frames or slices.

        Args:
            size: height and width to draw at; None for those of the picture.
        """
        if size is not None and tuple(size) != self.picture.size:
            return draw_masks(self.representation, self.scene, size)
        return self._own_mask

    @cached_property
    def _own_mask(self) -> Mask:
        return draw_masks(self.representation, self.scene, self.picture.size)

    def labels(self, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Which object a pixel belongs to: 0 background, k object k; shaped like the mask."""
        if self.representation.part_count == 1:
            return self.mask(size).astype(np.uint8)
        return draw_labels(self.representation, self.scene, size or self.picture.size)

    def outline(self) -> Region:
        """The boundary as a polygon in pixels: x to the right, y down.

        Raises:
            UserError: it is of frames or slices, whose boundary is a surface.
        """
        if self.is_layered:
            raise UserError(f"{self.name} has no outline: ask for the surface.")
        return self._outline

    @cached_property
    def _outline(self) -> Region:
        size = self.picture.size
        return outline(self.representation, *size, grid=self.certified_size)

    def surface(self) -> Mesh:
        """The boundary of frames or slices: vertices (n, 3) and triangles, see `isr.mesh`.

        Vertices are (x, y, z) in pixels, z in the third axis's own unit if that is another; those
        of a clip (x, y, frame), from 0 of the first.

        Raises:
            UserError: it is of a picture, or no surface lies in it.
        """
        third = self.scene.third
        if third is None:
            raise UserError(f"{self.name} has no surface: ask for the outline.")
        found = mesh(self.representation, self.scene, _MESH_RESOLUTION)
        longer, last = float(max(self.picture.size)), found.vertices[:, 2:]
        if third.name == "t":
            last = last * max(1, len(third.values) - 1)
        elif third.unit == (0.0, 1.0):
            last = last * longer
        else:
            last = third.to_values(last)
        return Mesh(np.hstack([found.vertices[:, :2] * longer, last]), found.faces)

    def certificate(self) -> list[Certificate]:
        """What is proved of the shape, see `isr.certify`; its raster is of `certified_size`."""
        return self._certificate

    @cached_property
    def _certificate(self) -> list[Certificate]:
        size, third = self.certified_size, self.scene.third
        return certify(self.representation, *size, third=third, seed=self.seed)

    @property
    def certified_size(self) -> tuple[int, int]:
        """Height and width of the raster that is certified: that of the fit."""
        third = self.picture.third
        # A depth has a value at the pixels of its picture alone.
        depth = third is not None and third.name == "depth"
        return self.picture.size if depth else _grid(self.picture.size)

    @cached_property
    def found(self) -> Mask | None:
        """The predictor's mask at the size of the picture, of all objects together."""
        if self.unaries is None:
            return None
        together = self.unaries
        if together.ndim > len(self.picture.grid):
            together = together.max(-1)
        return np.asarray(likely_foreground(resize_unaries(together, *self.picture.size)))

    @cached_property
    def warnings(self) -> list[str]:
        """Where what was given contradicts the constraint, in sentences; none where it does not."""
        own = contradictions(
            self.mask(),
            constraints.words(self.constraint),
            scribbles=self.picture.scribbles,
            found=self.found,
            called=self._called,
        )
        outcome = self.representation.outcome
        poor = [f"{sentence(outcome)}."] if outcome.get("status") == FAILED else []
        return poor + own + verdicts(self.certificate())

    @property
    def _called(self) -> str:
        """The predictor's mask in words."""
        given = self.predictor == GIVEN
        return self.predictor_title if given else words.mask_of(self.predictor_title)

    def agreement(self) -> float:
        """IoU with the predictor's mask; NaN without one."""
        if self.found is None:
            return float("nan")
        return iou(self.mask(), self.found)

    def save(self, folder: Path | str, formats: tuple[str, ...] | None = None) -> Path:
        """Write all of it to a folder, as a whole; see `isr.app.results.save`."""
        from isr.app.results import FORMATS, save

        return save(self, Path(folder), FORMATS if formats is None else formats)


def _grid(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the raster that a picture is fitted on."""
    height, width = size
    if height * width <= _MOST:
        return size
    small = (_MOST / (height * width)) ** 0.5
    return max(1, round(height * small)), max(1, round(width * small))


def shrunk_image(picture: Picture, side: int) -> NDArray[np.uint8]:
    """The picture, or the middle frame, as bytes (h, w, 3) with a longer side of at most `side`."""
    image = picture.image if picture.image.ndim == 3 else picture.image[len(picture.image) // 2]
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(np.clip(small, 0, 1) * 255), np.uint8)
