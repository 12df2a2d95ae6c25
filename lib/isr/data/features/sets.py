"""What a predictor sees of a pixel: colours, position and semantic features, by name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isr.errors import UserError

if TYPE_CHECKING:
    from isr.data.items import Item

RGB, XY, SEMANTIC = "rgb", "xy", "semantic"
CHANNELS = {RGB: 3, XY: 2, SEMANTIC: 2}
"""Channels of each set in a picture; with a third coordinate, `xy` has it too."""


def parse(features: str) -> list[str]:
    """Split a combination such as `rgb+xy+semantic` into its sets, in the fixed order of CHANNELS.

    Raises:
        UserError: a set is unknown or named twice.

    >>> parse("semantic+rgb")
    ['rgb', 'semantic']
    """
    named = features.split("+")
    if unknown := [name for name in named if name not in CHANNELS]:
        raise UserError(
            f"features: {unknown[0]!r} is unknown: combine {', '.join(CHANNELS)} with '+'."
        )
    if len(set(named)) < len(named):
        raise UserError(f"features: {features!r} names a set twice: name each once.")
    return [name for name in CHANNELS if name in named]


def semantic_file(item: "Item") -> str:
    """The file with the semantic features of an item in their folder.

    Those of a corrupted picture are SEED/ITEM.npy where what was drawn depends on a seed.
    """
    seed = None if item.corruption is None else item.corruption.seed
    return f"{item.name}.npy" if seed is None else f"{seed}/{item.name}.npy"


def channel_slices(features: str, dim: int = 2) -> dict[str, slice]:
    """Where each set's channels stand in an array made by `assemble` of `dim` coordinates.

    >>> channel_slices("rgb+xy")
    {'rgb': slice(0, 3, None), 'xy': slice(3, 5, None)}
    """
    slices, start = {}, 0
    for name in parse(features):
        count = dim if name == XY else CHANNELS[name]
        slices[name] = slice(start, start + count)
        start += count
    return slices


def channels(features: str, dim: int = 2) -> int:
    """How many channels a combination has.

    >>> channels("rgb+xy"), channels("xy", dim=3)
    (5, 3)
    """
    return int(list(channel_slices(features, dim).values())[-1].stop)


def assemble(features: str, sets: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack feature sets of an item to one array (*grid, channels).

    Args:
        features: the combination, for example `rgb+semantic`.
        sets: (*grid, k) arrays by set name; those not asked for are left out.

    Raises:
        UserError: a set is missing, has another size than the colours, or is not finite.
    """
    chosen: Sequence[str] = parse(features)
    if missing := [name for name in chosen if name not in sets]:
        raise UserError(f"features: {missing[0]} features are missing: make them first.")
    sizes = {name: sets[name].shape[:-1] for name in chosen}
    if len(set(sizes.values())) > 1:
        raise UserError(f"features: sizes differ ({sizes}): make the features again.")
    stacked = np.concatenate([sets[name] for name in chosen], axis=-1).astype(np.float32)
    if not np.isfinite(stacked).all():
        raise UserError("features: some values are not finite: make the features again.")
    return stacked
