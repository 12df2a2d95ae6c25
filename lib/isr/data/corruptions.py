"""Corrupted pictures: the eight corruptions of the paper's Table 2, at severity 5.

They are those of Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations" (ICLR 2019), written anew after their code with its parameters at
severity 5 and its truncation to 8 bits, under the names of the package `imagecorruptions`. That
package itself does not run with present versions of SciPy and scikit-image, and draws from NumPy's
global generator.

Colours alone are corrupted: scribbles, ground truth and unaries that come with an item stay.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Colours = NDArray[np.floating[Any]]
Corrupt = Callable[[Colours, np.random.Generator], Colours]

CLEAN = "clean"
"""The name of no corruption."""


@dataclass(frozen=True)
class Corruption:
    """What happened to the colours of an item.

    Attributes:
        name: one of `FUNCTIONS`.
        seed: of what it draws; None for one that draws nothing.
    """

    name: str
    seed: int | None = None


def corruption_of(name: str, seed: int) -> Corruption | None:
    """The corruption of a name; None for `clean`. One that draws nothing is alike for all seeds."""
    if name == CLEAN:
        return None
    return Corruption(name, seed if name in DRAWN else None)


def generator_of(seed: int, item: str, *numbers: int) -> np.random.Generator:
    """Random numbers that depend on a seed, the name of an item and further numbers alone."""
    name = int.from_bytes(hashlib.sha256(item.encode()).digest()[:8])
    return np.random.default_rng([seed, name, *numbers])


def corrupt(image: Bytes, corruption: Corruption, item: str, frame: int = 0) -> Bytes:
    """Corrupt a picture or a frame: the same bits for the same seed, item and frame.

    Args:
        image: uint8 (h, w, 3), RGB.
        corruption: what is done.
        item: name of the item.
        frame: number of the frame or slice.

    Returns:
        uint8 (h, w, 3).
    """
    generator = generator_of(corruption.seed or 0, item, frame)
    found = FUNCTIONS[corruption.name](image / 255.0, generator)
    # The authors' code truncates, which darkens a picture by half a grey value.
    return np.asarray(np.clip(found, 0, 1) * 255, np.uint8)


def gaussian_noise(image: Colours, generator: np.random.Generator) -> Colours:
    """Normal noise of standard deviation 0.38."""
    return image + generator.normal(scale=0.38, size=image.shape)


def shot_noise(image: Colours, generator: np.random.Generator) -> Colours:
    """Poisson noise of a picture whose white is three photons."""
    return np.asarray(generator.poisson(image * 3) / 3)


def impulse_noise(image: Colours, generator: np.random.Generator) -> Colours:
    """27 % of all values are black or white, each as often."""
    flipped = generator.random(image.shape) < 0.27
    return np.where(flipped, generator.random(image.shape) < 0.5, image)


def defocus_blur(image: Colours, generator: np.random.Generator) -> Colours:
    """Blurred by an antialiased disc of radius 10 pixels."""
    import cv2

    radius = 10
    x, y = np.meshgrid(*[np.arange(-radius, radius + 1)] * 2)
    disc = (x**2 + y**2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disc / disc.sum(), (5, 5), 0.5)
    return np.asarray(cv2.filter2D(image, -1, kernel))


def glass_blur(image: Colours, generator: np.random.Generator) -> Colours:
    """Seen through frosted glass: blurred, pixels displaced by up to 4 pixels twice, blurred.

    The authors' code means to swap pixels; what it does to an array is that each pixel takes the
    colour of one of its neighbours, which keeps its own.
    """
    reach, height, width = 4, *image.shape[:2]
    blurred = _gaussian(image, 1.5)
    # Places, not colours, are moved: a list of numbers is many times faster than rows of an array.
    source = list(range(height * width))
    rows = np.arange(height - reach, reach, -1)
    columns = np.arange(width - reach, reach, -1)
    places = (rows[:, None] * width + columns).ravel()
    for _ in range(2):
        right, down = generator.integers(-reach, reach, size=(2, len(places)))
        for place, from_place in zip(
            places.tolist(), (places + down * width + right).tolist(), strict=True
        ):
            source[place] = source[from_place]
    shuffled = (np.floor(blurred * 255) / 255).reshape(-1, 3)[source].reshape(image.shape)
    return _gaussian(shuffled, 1.5)


def contrast(image: Colours, generator: np.random.Generator) -> Colours:
    """Colours at 5 % of their distance from the mean colour."""
    mean = image.mean((0, 1))
    return np.asarray((image - mean) * 0.05 + mean)


def brightness(image: Colours, generator: np.random.Generator) -> Colours:
    """Value of the HSV colours raised by 0.5."""
    from skimage.color import hsv2rgb, rgb2hsv

    hsv = rgb2hsv(image)
    hsv[..., 2] = np.clip(hsv[..., 2] + 0.5, 0, 1)
    return np.asarray(hsv2rgb(hsv))


def spatter(image: Colours, generator: np.random.Generator) -> Colours:
    """Spattered with mud."""
    drops = _gaussian(generator.normal(0.67, 0.4, image.shape[:2]), 1)
    mud = _gaussian((drops > 0.65).astype(np.float32), 1.5)
    mud = np.where(mud < 0.8, 0, mud)[..., None]
    return np.asarray(image * (1 - mud) + mud * np.array([63, 42, 20]) / 255)


def _gaussian(values: Colours, deviation: float) -> Colours:
    from skimage.filters import gaussian

    found = gaussian(values, deviation, channel_axis=-1 if values.ndim == 3 else None)
    return np.asarray(found)


FUNCTIONS: dict[str, Corrupt] = {
    each.__name__: each
    for each in (
        *(spatter, contrast, brightness, impulse_noise, shot_noise, gaussian_noise),
        *(defocus_blur, glass_blur),
    )
}
"""All by name, in the order of the paper's Table 2."""
DRAWN = ("spatter", "impulse_noise", "shot_noise", "gaussian_noise", "glass_blur")
"""Those that draw random numbers."""
