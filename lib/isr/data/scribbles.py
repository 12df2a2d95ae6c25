"""A user's own folder: images/, scribbles/ and, where there is one, ground_truth/.

How the files are coded is stated in the configuration and never guessed:

    {kind: scribbles, path: DIR,
     scribble_values: {none: 0, foreground: 1, background: 2},
     ground_truth_values: {background: 0, object: 255, unknown: 128}}

`foreground` may be a list of values: objects 1..n in that order (numbered without gaps in each
picture). `object` may then be a list too, the same objects in the same order, by which each is
scored. `objects: merge` takes all objects of a picture for one. A file of labels belongs to the
image of the same name, whatever the two formats.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.data.dataset import (
    BACKGROUND,
    BACKGROUND_SCRIBBLE,
    NO_SCRIBBLE,
    OBJECT,
    UNKNOWN,
    Picture,
    check_picture,
    list_values,
)
from isr.data.files import is_turned, list_pictures, read_image, read_labels
from isr.errors import UserError

_log = logging.getLogger(__name__)

GROUND_TRUTH_VALUES = {"background": 0, "object": 255, "unknown": 128}


@dataclass(frozen=True)
class Coding:
    """What the stored values mean: stored value -> value of the one layout.

    Attributes:
        scribbles: of the scribble files; objects are numbered as `foreground` lists them.
        none: the stored value of pixels without a scribble.
        ground_truth: of the ground-truth files.
        instances: of the ground-truth files, the number of each object and 0 for all else; empty
            where they do not tell objects apart.
        merge: whether all objects of a picture are one.
    """

    scribbles: Mapping[int, int]
    none: int
    ground_truth: Mapping[int, int]
    instances: Mapping[int, int]
    merge: bool


def read_coding(entry: Mapping[str, Any]) -> Coding:
    """Read `scribble_values`, `ground_truth_values` and `objects` of a data set's entry.

    Raises:
        UserError: a key is missing or unknown, a value is no whole number or used twice, or the
            ground truth has other objects than the scribbles.
    """
    values = entry.get("scribble_values")
    if values is None:
        raise UserError(
            "scribble_values is missing: state how the scribbles are coded, for example "
            "{none: 0, foreground: 1, background: 2}."
        )
    _check_keys("scribble_values", values, required={"none", "foreground", "background"})
    foreground = _as_list(values["foreground"])
    if not 1 <= len(foreground) < BACKGROUND_SCRIBBLE:
        raise UserError("scribble_values: foreground must name 1 to 254 values.")
    pairs = [
        (values["none"], NO_SCRIBBLE),
        (values["background"], BACKGROUND_SCRIBBLE),
        *((value, number) for number, value in enumerate(foreground, start=1)),
    ]
    scribbles = _as_mapping("scribble_values", pairs)

    truth = entry.get("ground_truth_values") or GROUND_TRUTH_VALUES
    _check_keys(
        "ground_truth_values", truth, required={"background", "object"}, optional={"unknown"}
    )
    codes = {"background": BACKGROUND, "object": OBJECT, "unknown": UNKNOWN}
    truth_pairs = [(value, codes[key]) for key, each in truth.items() for value in _as_list(each)]
    ground_truth = _as_mapping("ground_truth_values", truth_pairs)
    merge = entry.get("objects") == "merge"
    instances = {} if merge else _instances(foreground, _as_list(truth["object"]), ground_truth)
    return Coding(scribbles, values["none"], ground_truth, instances, merge)


def _as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _instances(
    foreground: list[Any], objects: list[Any], ground_truth: Mapping[int, int]
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


def _check_keys(key: str, values: Any, *, required: set[str], optional: Iterable[str] = ()) -> None:
    if not isinstance(values, Mapping):
        raise UserError(f"{key} must map {', '.join(sorted(required))} to stored values.")
    if missing := sorted(required - set(values)):
        raise UserError(f"{key}: {missing[0]} is missing: state its stored value.")
    if unknown := sorted(map(str, set(values) - required - set(optional))):
        raise UserError(f"{key}: {unknown[0]} is unknown: use {', '.join(sorted(required))}.")


def _as_mapping(key: str, pairs: list[tuple[Any, int]]) -> dict[int, int]:
    for value, _ in pairs:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UserError(f"{key}: {value!r} is not a stored value (a whole number from 0).")
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise UserError(f"{key}: a stored value has two meanings: make them differ.")
    return mapping


def read_folder(
    folder: Path, entry: Mapping[str, Any], chosen: Iterable[str] | None = None
) -> Iterator[Picture]:
    """Read the pictures of a user's folder one after the other.

    Args:
        folder: holds images/, scribbles/ and optionally ground_truth/.
        entry: the data set's entry, for its coding.
        chosen: names of the pictures wanted; all by default.

    Raises:
        UserError: a file is missing, unreadable or does not fit; the message names it.
    """
    folder, coding = Path(folder), read_coding(entry)
    images, scribbles = list_pictures(folder / "images"), list_pictures(folder / "scribbles")
    truth_folder = folder / "ground_truth"
    truths = list_pictures(truth_folder) if truth_folder.is_dir() else {}
    for name in images if chosen is None else chosen:
        if name not in images:
            raise UserError(f"{folder / 'images'} holds no picture named {name!r}.")
        if name not in scribbles:
            raise UserError(f"{folder / 'scribbles' / name}.* is missing: draw its scribbles.")
        yield _read_picture(name, images[name], scribbles[name], truths.get(name), coding)


def _read_picture(
    name: str, image: Path, scribbles: Path, truth: Path | None, coding: Coding
) -> Picture:
    colours = read_image(image)
    labels = _decode(
        read_labels(scribbles, transparent=coding.none),
        coding.scribbles,
        scribbles,
        "scribble_values",
    )
    _check_size(labels, scribbles, colours, image)
    picture = Picture(name, colours, number_objects(labels))
    check_picture(picture, path=scribbles)
    if coding.merge:
        picture = _merged(picture, scribbles)
    if truth is None:
        return picture
    stored = read_labels(truth)
    decoded = _decode(stored, coding.ground_truth, truth, "ground_truth_values")
    _check_size(decoded, truth, colours, image)
    picture = replace(picture, ground_truth=decoded)
    if coding.instances:
        instances = _decode(stored, coding.instances, truth, "ground_truth_values")
        picture = replace(picture, instances=_number_like(labels, instances, truth))
    check_picture(picture, path=truth)
    return picture


def _merged(picture: Picture, path: Path) -> Picture:
    """The picture with all its objects as one."""
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
        hint = ": JPEG blurs labels, save them as PNG" if path.suffix.lower() in _JPEG else ""
        raise UserError(
            f"{path} holds the values {list_values(found.tolist())}, but {key} states only "
            f"{list_values(sorted(coding))}{hint or f': state what {strange[0]} means'}."
        )
    decoded = np.array([coding[int(value)] for value in found], np.uint8)
    return np.asarray(decoded[inverse].reshape(stored.shape))


_JPEG = (".jpg", ".jpeg")


def number_objects(scribbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Number the objects of a picture from 1 without gaps, keeping their order."""
    present = _objects(scribbles)
    table = np.arange(256, dtype=np.uint8)
    table[present] = np.arange(1, len(present) + 1)
    return np.asarray(table[scribbles])


def _objects(scribbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.setdiff1d(np.unique(scribbles), (NO_SCRIBBLE, BACKGROUND_SCRIBBLE))


def _number_like(
    scribbles: NDArray[np.uint8], instances: NDArray[np.uint8], path: Path
) -> NDArray[np.uint8]:
    """Number the objects of the ground truth as `number_objects` does those of the scribbles."""
    present = _objects(scribbles)
    if unscribbled := np.setdiff1d(np.unique(instances), (0, *present)).tolist():
        _log.warning(
            "%s: no scribble is on object %s of the list; it counts as missed",
            path,
            list_values(unscribbled),
        )
    table = np.zeros(256, np.uint8)
    table[present] = np.arange(1, len(present) + 1)
    return np.asarray(table[instances])


def _check_size(
    labels: NDArray[np.uint8], path: Path, image: NDArray[np.float32], image_path: Path
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
