"""Making the semantic features of a data set: one file per item, and where they come from.

A folder of features holds ITEM.npy, float32 (*grid, 2), and source.json with `source` (published
or efficientnet-lite0), `text` (one sentence for tables) and `normalised`.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np

from isr.data.features.published import PublishedFiles
from isr.data.features.semantic import Maps, efficientnet_maps, published_maps
from isr.data.items import Item
from isr.errors import UserError
from isr.io import atomic_folder, write_json

Source = Literal["auto", "published", "efficientnet-lite0"]
SOURCES: tuple[Source, ...] = get_args(Source)
TEXTS = {
    "published": "two principal components of the published features (Aksoy et al. 2018)",
    "efficientnet-lite0": "two principal components of EfficientNet-Lite0 activations, "
    "averaged over Felzenszwalb regions (our stand-in)",
}

# Sides of shrunk pictures were rounded to whole pixels.
_ASPECT_TOLERANCE = 0.02


def write_semantic(
    items: Sequence[Item],
    output: Path,
    *,
    source: Source = "auto",
    published: Path | None = None,
    normalise: bool = True,
) -> None:
    """Make the semantic features of all items of a data set, as a whole or not at all.

    Those of a volume or a video are made slice by slice, frame by frame.

    Args:
        items: of the data set.
        output: folder to make.
        source: `auto` takes the published features if there is a file for every picture.
        published: folder or zip file with the published features; it need not exist for `auto`.
        normalise: scale the maps to [0, 1]; otherwise leave them as components of norm 1.

    Raises:
        UserError: a wanted file is missing or not valid.
    """
    names = [item.name for item in items]
    files = _published_files(source, published, names)
    make = _efficientnet if files is None else _reduce_published(files)
    taken = "efficientnet-lite0" if files is None else "published"
    with atomic_folder(Path(output)) as temporary:
        started = time.monotonic()
        for number, item in enumerate(items, start=1):
            np.save(temporary / f"{item.name}.npy", make(item, normalise))
            seconds = time.monotonic() - started
            left = seconds / number * (len(names) - number)
            _say(f"{item.name}: {number} of {len(names)} items, {left:.0f} s left")
        text = TEXTS[taken] + ("" if normalise else ", as raw principal components")
        content = {"source": taken, "text": text, "normalised": normalise}
        write_json(temporary / "source.json", content)


def _published_files(
    source: Source, published: Path | None, names: list[str]
) -> PublishedFiles | None:
    """The published files if they are to be used."""
    if source == "efficientnet-lite0":
        return None
    files = PublishedFiles(published) if published is not None else None
    missing = names if files is None else files.missing(names)
    if not missing:
        return files
    if source == "published":
        raise UserError(
            f"{published or 'published'}: the published features of {missing[0]} are missing: put "
            "the file in place, or choose the source auto or efficientnet-lite0."
        )
    if files is not None:
        _say(
            f"published features are missing for {len(missing)} of {len(names)} pictures: "
            "EfficientNet-Lite0 stands in for all"
        )
    return None


def _say(line: str) -> None:
    print(f"semantic features: {line}", file=sys.stderr, flush=True)


def _efficientnet(item: Item, normalise: bool) -> Maps:
    frames = [
        efficientnet_maps(
            item.frame(number).astype(np.float32) / np.float32(255), normalise=normalise
        )
        for number in range(item.frames)
    ]
    return np.stack(frames) if item.is_layered else frames[0]


def _reduce_published(files: PublishedFiles) -> Callable[[Item, bool], Maps]:
    def make(item: Item, normalise: bool) -> Maps:
        embedmap = files.read(item.name)
        height, width = item.size
        rows, columns = embedmap.shape[:2]
        if abs(np.log(rows * width / (columns * height))) > _ASPECT_TOLERANCE:
            raise UserError(
                f"{item.name}.pt holds features of {columns} x {rows} pixels, which do not fit "
                f"the picture of {width} x {height}: put the right file in place."
            )
        maps = published_maps(embedmap, normalise=normalise)
        if (rows, columns) == (height, width):
            return maps
        way = cv2.INTER_AREA if rows > height else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(maps, (width, height), interpolation=way), np.float32)

    return make
