"""Pictures of the user's own: a folder with images/ and what is known of each.

images/ holds the pictures; scribbles/, unaries/, depth/ and ground_truth/ hold, as far as there are
any, files of the same names, whatever their formats. How labels are coded is stated in the
configuration and never guessed:

    {kind: pictures, path: DIR,
     scribble_values: {none: 0, foreground: 1, background: 2},
     ground_truth_values: {background: 0, object: 255, unknown: 128}}

`foreground` may be a list of values: objects 1..n in that order (numbered without gaps in each
picture). `object` may then be a list too, the same objects in the same order, by which each is
scored. `objects: merge` takes all objects of a picture for one.
"""

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from isr.coordinates import ThirdAxis
from isr.data.files import in_colour, is_turned, list_pictures
from isr.data.items import write_picture
from isr.data.kinds.base import (
    DatasetKind,
    Known,
    LongSide,
    count_words,
    listed,
    own_folder,
    shrunk,
)
from isr.data.pictures import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    UNKNOWN,
    Picture,
    check_picture,
    list_values,
    object_labels,
)
from isr.data.pixels import Order, Pixels, read_pixels
from isr.data.pixels.meaning import brightness, distances, labels, probabilities
from isr.errors import UserError
from isr.models import Model, PathText, Sources

_log = logging.getLogger(__name__)

GreyValue = Annotated[int, Field(ge=0)]
GreyValues = GreyValue | Annotated[list[GreyValue], Field(min_length=1)]


class ScribbleValues(Model):
    """How scribbles are coded."""

    none: GreyValue = Field(description="no scribble")
    foreground: GreyValues = Field(description="the object, or a list with one value per object")
    background: GreyValue = Field(description="background")


class TruthValues(Model):
    """How the ground truth is coded."""

    background: GreyValue = Field(description="background")
    object: GreyValues = Field(
        description="the objects, or a list with one value per object in the order of the "
        "scribbles' `foreground`: each is then scored by itself too. Files of ids, 1 for the first "
        "object, 2 for the next: where it is 1, greater values are objects too, which is said; a "
        "list, if only `[1]`, names all there are"
    )
    unknown: GreyValue | None = Field(None, description="pixels that are not scored")


Place = Annotated[int, Field(ge=0)]


class Select(Model):
    """Which one to take along axes that files have beside height and width."""

    page: Place | None = Field(None, description="of pages that have no name")
    slice: Place | None = Field(None, description="of slices, where a picture is to be one")
    channel: Place | None = Field(None, description="of channels")
    time: Place | None = Field(None, description="of times")
    sample: Place | None = Field(
        None, description="of the numbers of a pixel that are neither colours nor opacity"
    )


def _check_ends(ends: list[float]) -> list[float]:
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise ValueError(f"it is {ends}; name two numbers, the smaller one first.")
    return ends


def _check_axes(axes: str) -> str:
    if set(axes) - set("XYZCTP") or len(set(axes)) < len(axes) or not set("XY") <= set(axes):
        raise ValueError(f"it is {axes!r}; name X, Y and any of Z, C, T, P, such as ZYX.")
    return axes


Ends = Annotated[list[float], AfterValidator(_check_ends)]
Axes = Annotated[str, AfterValidator(_check_axes)]


class OwnFolder(DatasetKind):
    """What pictures and volumes of the user's own have in common.

    Attributes:
        folders: that there may be, by what their files hold.
    """

    folders: ClassVar[tuple[str, ...]]

    path: PathText = Field(description="the folder, seen from the file that says so")
    scribble_values: ScribbleValues | None = Field(
        None,
        description="values in the scribble files; in palette files, indices of the palette; "
        "needed if there are scribbles",
    )
    ground_truth_values: TruthValues = Field(
        TruthValues(background=0, object=255, unknown=128),
        description="values in the ground-truth files",
    )
    value_range: Ends | None = Field(
        None,
        description="of images: the values of black and white; those beyond are cut off. null: 0 "
        "and 255 of 8 bits, 0 and 1 of floating-point numbers that lie there, and else the range "
        "of each file's own values, which is said",
    )
    unaries_range: Ends | None = Field(
        None,
        description="of unaries: the values of probability 0 and 1. null: as of images, but that 0 "
        "is probability 0, and that 16 bits which reach beyond 32767 end at 65535",
    )
    unaries_hold: Literal["probabilities", "mask"] | None = Field(
        None,
        description="`mask`: all that is not 0 is object, such as ids of objects; null: files of 0 "
        "and one other number are masks, all others probabilities",
    )
    select: Select = Field(
        Select(),
        description="which one to take, from 0, along axes that files have beside those of a "
        "picture or a stack; files with such axes are refused without it",
    )
    axes: Axes | None = Field(
        None,
        description="letters for the axes of files that have more than two, in their order and "
        "without colours, where files say otherwise or nothing: X, Y, Z, C (channel), T (time), "
        "P (page)",
    )
    objects: Literal["separate", "merge"] = Field(
        "separate",
        description="of pictures with several objects: `separate` gives each a predictor, in which "
        "the scribbles of all others are background, and a representation; `merge` takes all of "
        "them for one region",
    )

    def describe(self, name: str, items: Sequence[str]) -> str:
        """The user's own."""
        noun = "volume" if self.kind == "volumes" else "picture"
        shown = count_words(items, noun)
        return self.text or f"{name} ({shown} of the user's own, not the paper's set)"

    @staticmethod
    @abstractmethod
    def stored(folder: Path) -> dict[str, Path]:
        """The files of a folder by their stems.

        Raises:
            UserError: two files differ in nothing but their suffix, or one is of no known format.
        """

    def files(self, name: str, root: Path) -> dict[str, Path]:
        """The files of an item by what they hold."""
        folder = own_folder(self.path, root)
        found = {kind: self.stored(folder / kind).get(name) for kind in self.folders}
        return {kind: path for kind, path in found.items() if path is not None}

    def matched(self, names: list[str], root: Path) -> list[str]:
        """The names of all items, if the files beside them are called so.

        Raises:
            UserError: a file is called like no item, and an item lacks such a file.
        """
        folder = own_folder(self.path, root)
        for kind in self.folders:
            files = self.stored(folder / kind)
            others = [path for stem, path in files.items() if stem not in names]
            lacking = [name for name in names if name not in files]
            if others and files and lacking:
                raise UserError(
                    f"{others[0]} is called like no item, and {lacking[0]!r} has nothing in "
                    f"{kind}/: call it like what it belongs to, or move it elsewhere."
                )
            for path in others:
                _log.warning("%s is called like no item: it is not used", path)
        return names

    def pixels(self, path: Path, order: Order) -> Pixels:
        """The numbers of a file, with what is selected of it.

        Raises:
            UserError: it cannot be read, or has axes of which nothing is selected.
        """
        chosen = {key: value for key, value in self.select if value is not None}
        return read_pixels(path, order, select=chosen, axes=self.axes)

    def shown(self, name: str, paths: Mapping[str, Path], order: Order) -> Picture:
        """What is shown of an item, and its unaries, as far as there are any.

        Where there are unaries alone, they are shown.

        Raises:
            UserError: a file cannot be read, or holds no probabilities.
        """
        unaries, dimensions = None, len(order)
        if "unaries" in paths:
            stored = self.pixels(paths["unaries"], order)
            unaries = probabilities(stored, as_range(self.unaries_range), self.unaries_hold)
        if "images" in paths:
            stored = self.pixels(paths["images"], order)
            image, is_deep = brightness(stored, as_range(self.value_range)), stored.facts.bits > 8
        else:
            assert unaries is not None
            image, is_deep = unaries, False
        return Picture(
            name, in_colour(image, dimensions), unaries=unaries, bits=16 if is_deep else 8
        )

    def sources(self, name: str, root: Path) -> Sources:
        """The files of an item."""
        return Sources(files=tuple(self.files(name, root).values()))

    def coding(self) -> "Coding":
        """How labels are coded.

        Raises:
            UserError: a value has two meanings, or the ground truth has other objects than the
                scribbles.
        """
        return read_coding(self.scribble_values, self.ground_truth_values, self.objects == "merge")


class Pictures(OwnFolder):
    """A folder of the user's own: `images/`, and what is known of each in folders beside it.

    `scribbles/`, `unaries/` (foreground probabilities as grey values, for the predictor `given`),
    `depth/` (grey values, a third coordinate) and `ground_truth/`. Of masks alone, `unaries/` is
    enough: they are shown in place of pictures.
    """

    folders: ClassVar[tuple[str, ...]] = (
        "images",
        "scribbles",
        "unaries",
        "depth",
        "ground_truth",
    )

    kind: Literal["pictures"]
    long_side: LongSide = None

    def all_names(self, root: Path) -> list[str]:
        """Stems of the files in images/, or in unaries/ where there is nothing else to show."""
        shown = self._shown(root)
        return self.matched(listed(list_pictures(shown), shown, "pictures"), root)

    def _shown(self, root: Path) -> Path:
        """The folder of what is shown of an item."""
        images, masks = (own_folder(self.path, root) / name for name in ("images", "unaries"))
        return masks if masks.is_dir() and not images.is_dir() else images

    def known(self, name: str, root: Path) -> Known:
        """What files there are."""
        there = self.files(name, root)
        return Known(
            "scribbles" in there, "unaries" in there, "depth" if "depth" in there else None
        )

    @staticmethod
    def stored(folder: Path) -> dict[str, Path]:
        """The pictures of a folder by their stems; none of one that is missing."""
        return list_pictures(folder) if folder.is_dir() else {}

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read a picture, and shrink it."""
        paths, shown = self.files(name, root), self._shown(root)
        if shown.name not in paths:
            raise UserError(f"{shown} holds no picture named {name!r}.")
        picture = shrunk(self.read(name, paths), self.long_side)
        source = f"folder {Path(self.path).name}"
        write_picture(output, replace(picture, source=source, licence="not stated"))

    def read(self, name: str, paths: Mapping[str, Path]) -> Picture:
        """Read a picture of the user's own, with all that is known of it.

        Args:
            name: of the picture.
            paths: its files by what they hold.

        Raises:
            UserError: a file is unreadable or does not fit; the message names it.
        """
        path = paths.get("images") or paths["unaries"]
        picture = self.shown(name, paths, "YX")
        if picture.unaries is not None:
            _check_size(picture.unaries, paths["unaries"], picture.image, path)
        if "depth" in paths:
            depth = distances(self.pixels(paths["depth"], "YX"))
            _check_size(depth, paths["depth"], picture.image, path)
            third = ThirdAxis("depth", depth)
            picture = replace(picture, third=third)
            if third.missing is not None:
                _log.warning("%s: %s", paths["depth"], third.words_of_missing)
        check_picture(picture, path=path)

        def stored_labels(file: Path, transparent: int | None) -> NDArray[np.int64]:
            found = labels(self.pixels(file, "YX"), transparent)
            _check_size(found, file, picture.image, path)
            return found

        return with_labels(picture, paths, self.coding(), stored_labels)


def as_range(ends: list[float] | None) -> tuple[float, float] | None:
    """Two numbers of the configuration."""
    return None if ends is None else (ends[0], ends[1])


_JPEG = (".jpg", ".jpeg")


@dataclass(frozen=True)
class Coding:
    """What the stored values mean: stored value -> value of the one layout.

    Attributes:
        scribbles: of the scribble files; objects are numbered as `foreground` lists them. None
            where it is not stated.
        none: the stored value of pixels without a scribble.
        ground_truth: of the ground-truth files.
        instances: of the ground-truth files, the number of each object and 0 for all else; empty
            where they do not tell objects apart.
        merge: whether all objects of a picture are one.
        ids: whether the values of objects are counted from 1, of which the first alone is stated.
    """

    scribbles: Mapping[int, int] | None
    none: int | None
    ground_truth: Mapping[int, int]
    instances: Mapping[int, int]
    merge: bool
    ids: bool = False


def read_coding(scribbles: ScribbleValues | None, truth: TruthValues, merge: bool) -> Coding:
    """Turn the stated values into what each of them means.

    Raises:
        UserError: a value has two meanings, or the ground truth has other objects than the
            scribbles.
    """
    objects = _as_list(truth.object)
    truth_pairs = [(truth.background, BACKGROUND), *((value, OBJECT) for value in objects)]
    if truth.unknown is not None:
        truth_pairs.append((truth.unknown, UNKNOWN))
    ground_truth = _as_mapping("ground_truth_values", truth_pairs)
    ids = (truth.background, truth.object) == (0, 1)
    if scribbles is None:
        return Coding(None, None, ground_truth, {}, merge, ids)
    foreground = _as_list(scribbles.foreground)
    if len(foreground) >= BACKGROUND_SCRIBBLE:
        raise UserError("scribble_values: foreground names more than 254 values: name fewer.")
    pairs = [
        (scribbles.none, NO_SCRIBBLE),
        (scribbles.background, BACKGROUND_SCRIBBLE),
        *((value, number) for number, value in enumerate(foreground, start=1)),
    ]
    instances = {} if merge else _instances(foreground, objects, ground_truth)
    return Coding(
        _as_mapping("scribble_values", pairs), scribbles.none, ground_truth, instances, merge, ids
    )


def _as_list(values: int | list[int]) -> list[int]:
    return values if isinstance(values, list) else [values]


def _instances(
    foreground: list[int], objects: list[int], ground_truth: Mapping[int, int]
) -> dict[int, int]:
    """Numbers of the objects of the ground truth, if it tells apart what the scribbles do."""
    if len(foreground) == 1 or len(objects) == 1:
        return {}
    if len(objects) != len(foreground):
        raise UserError(
            f"ground_truth_values: object names {len(objects)} values, but foreground of "
            f"scribble_values {len(foreground)}: name the same objects in the same order, or one "
            "value for all."
        )
    numbers = {value: number for number, value in enumerate(objects, start=1)}
    return {value: numbers.get(value, 0) for value in ground_truth}


def _as_mapping(key: str, pairs: list[tuple[int, int]]) -> dict[int, int]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise UserError(f"{key}: a stored value has two meanings: make them differ.")
    return mapping


def with_labels(
    picture: Picture,
    paths: Mapping[str, Path],
    coding: Coding,
    read: Callable[[Path, int | None], NDArray[np.int64]],
) -> Picture:
    """The picture with its scribbles and its ground truth, as far as there are files of them.

    Objects are numbered without gaps or merged to one.

    Args:
        picture: without them.
        paths: its files by what they hold.
        coding: what their values mean.
        read: gives the stored values (*grid) of a file; its second argument is the value of
            transparent pixels, None where there must be none.

    Raises:
        UserError: a file holds other values than the configuration states, or it states none, or
            the labels do not fit the picture.
    """
    labels = None
    if path := paths.get("scribbles"):
        stored = read(path, coding.none)
        if coding.scribbles is None:
            raise UserError(
                f"{path}: scribble_values is missing: state how the scribbles are coded, for "
                "example {none: 0, foreground: 1, background: 2}."
            )
        labels = _decode(stored, coding.scribbles, path, "scribble_values")
        picture = replace(picture, scribbles=number_objects(labels))
        check_picture(picture, path=path)
        picture = _merged(picture, path) if coding.merge else picture
    if path := paths.get("ground_truth"):
        stored = read(path, None)
        if coding.ids:
            stored = _without_ids(stored, coding.ground_truth, path)
        truth = _decode(stored, coding.ground_truth, path, "ground_truth_values")
        picture = replace(picture, ground_truth=truth)
        if coding.instances and labels is not None:
            instances = _decode(stored, coding.instances, path, "ground_truth_values")
            picture = replace(picture, instances=_number_like(labels, instances, path))
        check_picture(picture, path=path)
    return picture


def _without_ids(
    stored: NDArray[np.int64], coding: Mapping[int, int], path: Path
) -> NDArray[np.int64]:
    """The stored values with 1 for every id of an object."""
    further = [int(value) for value in np.unique(stored) if value > 1 and int(value) not in coding]
    if further:
        _log.warning(
            "%s: the ids %s count as object, as 1 does (ground_truth_values: object: 1)",
            path,
            list_values(further),
        )
    return np.where(np.isin(stored, further), 1, stored)


def _merged(picture: Picture, path: Path) -> Picture:
    """The picture with all its objects as one."""
    assert picture.scribbles is not None
    if picture.objects > 1:
        _log.info("%s: %d objects are taken for one region (objects: merge)", path, picture.objects)
    background = picture.scribbles == BACKGROUND_SCRIBBLE
    one = np.where(background, picture.scribbles, np.minimum(picture.scribbles, np.uint8(1)))
    return replace(picture, scribbles=one)


def _decode(
    stored: NDArray[np.int64], coding: Mapping[int, int], path: Path, key: str
) -> NDArray[np.uint8]:
    found, inverse = np.unique(stored, return_inverse=True)
    if strange := [int(value) for value in found if int(value) not in coding]:
        hint = ""
        if path.suffix.lower() in _JPEG:
            hint = ": JPEG blurs labels, save them as PNG"
        elif len(strange) > 2 and all(min(coding) < value < max(coding) for value in strange):
            hint = ": if these are soft edges of a drawing or of a resized picture, threshold it, "
            hint += f"else state what {strange[0]} means"
        raise UserError(
            f"{path} holds the values {list_values(found.tolist())}, but {key} states only "
            f"{list_values(sorted(coding))}{hint or f': state what {strange[0]} means'}."
        )
    decoded = np.array([coding[int(value)] for value in found], np.uint8)
    return np.asarray(decoded[inverse].reshape(stored.shape))


def number_objects(scribbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Number the objects of a picture from 1 without gaps, keeping their order."""
    return np.asarray(_numbers(scribbles)[scribbles])


def _numbers(scribbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """By the number of an object on the list, or 255, its number in this picture; 0 without."""
    present = object_labels(scribbles)
    table = np.zeros(256, np.uint8)
    table[present] = np.arange(1, len(present) + 1)
    table[BACKGROUND_SCRIBBLE] = BACKGROUND_SCRIBBLE
    return table


def _number_like(
    scribbles: NDArray[np.uint8], instances: NDArray[np.uint8], path: Path
) -> NDArray[np.uint8]:
    """Number the objects of the ground truth as `number_objects` does those of the scribbles."""
    present = object_labels(scribbles)
    if unscribbled := np.setdiff1d(np.unique(instances), (0, *present)).tolist():
        _log.warning(
            "%s: no scribble is on object %s of the list; it counts as missed",
            path,
            list_values(unscribbled),
        )
    return np.asarray(_numbers(scribbles)[instances])


def _check_size(
    labels: NDArray[Any], path: Path, image: NDArray[np.float32], image_path: Path
) -> None:
    (height, width), (image_height, image_width) = labels.shape, image.shape[:2]
    if (height, width) == (image_height, image_width):
        return
    turned = ""
    if (height, width) == (image_width, image_height) and is_turned(image_path):
        turned = " after its EXIF orientation"
    raise UserError(
        f"{path} is {width} x {height} pixels, but {image_path.name} is "
        f"{image_width} x {image_height}{turned} (width x height): make them the same size."
    )
