"""Folders of a user's own files, drawn, of the names that the READMEs speak of."""

import numpy as np
import tifffile
from PIL import Image
from scipy.ndimage import gaussian_filter

SIZE = (48, 64)


def _grid():
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return rows + 0.5, columns + 0.5


def flower():
    """Five petals round the middle."""
    y, x = _grid()
    radius, angle = np.hypot(y - 24, x - 32), np.arctan2(y - 24, x - 32)
    return radius < 14 + 5 * np.cos(5 * angle)


def pair():
    """Two discs."""
    y, x = _grid()
    return (np.hypot(y - 24, x - 16) < 10) | (np.hypot(y - 24, x - 46) < 10)


def write_pictures(folder):
    """Pictures with scribbles (1 the object, 2 the background) and ground truth."""
    rng = np.random.default_rng(0)
    for name, truth in (("flower", flower()), ("pair", pair())):
        shade = np.where(truth[..., None], (200, 90, 60), (50, 80, 120))
        image = np.clip(shade + rng.normal(0, 12, (*SIZE, 3)), 0, 255).astype(np.uint8)
        scribbles = np.zeros(SIZE, np.uint8)
        scribbles[22:26][truth[22:26]] = 1
        scribbles[[1, -2]], scribbles[:, [1, -2]] = 2, 2
        scribbles[22:26][~truth[22:26]] = 2
        arrays = {
            "images": image,
            "scribbles": scribbles,
            "ground_truth": 255 * truth.astype(np.uint8),
        }
        for kind, array in arrays.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / kind / f"{name}.png")


def write_masks(folder):
    """Masks without pictures."""
    (folder / "unaries").mkdir(parents=True)
    for name, mask in (("flower", flower()), ("pair", pair())):
        Image.fromarray(255 * mask.astype(np.uint8)).save(folder / "unaries" / f"{name}.png")


def write_stack(folder):
    """A stack of probabilities: a ball that touches no side."""
    (folder / "unaries").mkdir(parents=True)
    z, y, x = np.mgrid[:8, :20, :24]
    far = np.sqrt((2 * (z - 3.5)) ** 2 + (y - 9.5) ** 2 + (x - 11.5) ** 2)
    tifffile.imwrite(folder / "unaries" / "ball.tif", 1 / (1 + np.exp(2 * (far - 6))).astype("f4"))


def write_clip(folder, frames=5):
    """A square of its own texture that moves over another texture."""
    (folder / "clip").mkdir(parents=True)
    rng = np.random.default_rng(1)
    texture = gaussian_filter(rng.normal(size=(2, 96, 128, 3)), (0, 2, 2, 0))
    ground, square = np.clip(110 + 250 * texture, 0, 255)
    square = np.clip(square[:40, :44] + (60, -40, -60), 0, 255)
    for number in range(frames):
        frame = ground.copy()
        frame[28:68, 20 + 5 * number : 64 + 5 * number] = square
        Image.fromarray(frame.astype(np.uint8)).save(folder / "clip" / f"{number:02d}.png")


def write_own_files(folder):
    """All of them, and folders that stand in for sequences of FBMS-59."""
    write_pictures(folder / "my_pictures")
    write_masks(folder / "my_masks")
    write_stack(folder / "my_stacks")
    write_clip(folder / "my_videos")
    for name in ("cars3", "cars6", "marple5"):
        (folder / "my_sequences" / name / "GroundTruth").mkdir(parents=True)
