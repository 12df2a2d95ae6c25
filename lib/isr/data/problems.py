"""Problems: items made ready for fitting, and the unaries that predictors gave them.

The paper decomposes the segmentation into j regions, which need not be disjoint, into j binary
segmentations (section 4). Object k of picture NAME is the problem NAME/k, in which the scribbles of
object k are foreground and all others background; the one object of a picture is the problem NAME
itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.coordinates import Convention, grid_coordinates, with_nearest_depths, with_third
from isr.data.corruptions import CLEAN
from isr.data.features.sets import RGB, SEMANTIC, XY, assemble, parse, semantic_file
from isr.data.items import Item, frame_file, frame_name
from isr.data.pictures import BACKGROUND_SCRIBBLE, NO_SCRIBBLE, Picture, resize_picture
from isr.errors import UserError
from isr.io import read_array, read_png, write_png

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Problem:
    """What representations and predictors are fitted to: one item, object or frame.

    Attributes:
        name: of the item; random numbers are keyed by it.
        coordinates: (*grid, dim) of the pixel centres at working size.
        scribbles: uint8 (*grid), 0 none, 255 background, 1..n object n; None without scribbles.
        features: (*grid, channels), what a predictor sees; None if there is none to train.
        unaries: (*grid) foreground probabilities in [0, 1], or (*grid, n) of each of n objects;
            None if a predictor is trained along.
        seed: of what a predictor draws.
    """

    name: str
    coordinates: Array
    scribbles: NDArray[np.uint8] | None = None
    features: Array | None = None
    unaries: Array | None = None
    seed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width, _ = self.coordinates.shape[-3:]
        return height, width

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        """(h, w) pixels that lie nowhere, for their depth is missing; None for none."""
        if self.coordinates.shape[-1] != self.coordinates.ndim == 3:
            return None
        found = np.isnan(self.coordinates[..., -1])
        return found if found.any() else None

    def filled(self) -> "Problem":
        """The problem with missing depths as those of the nearest pixels."""
        if self.missing is None:
            return self
        return replace(self, coordinates=with_nearest_depths(self.coordinates))


def working_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width of a picture shrunk by `scale`, in whole pixels."""
    return max(1, round(height * scale)), max(1, round(width * scale))


def object_names(picture: str, count: int) -> list[str]:
    """Names of the binary problems of a picture with `count` objects; itself without any.

    >>> object_names("cup", 1), object_names("coins", 2)
    (['cup'], ['coins/1', 'coins/2'])
    """
    if count <= 1:
        return [picture]
    return [f"{picture}/{number}" for number in range(1, count + 1)]


def parse_name(name: str) -> tuple[str, int | None]:
    """The picture of a problem, and the number of its object; None where it has but one.

    >>> parse_name("coins/2"), parse_name("cup")
    (('coins', 2), ('cup', None))
    """
    picture, _, number = name.partition("/")
    return picture, int(number) if number else None


def scribbles_of(scribbles: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Scribbles (h, w) of the binary problem of one object: its own 1, all others background."""
    known = np.where(scribbles == number, np.uint8(1), np.uint8(BACKGROUND_SCRIBBLE))
    return np.where(scribbles == NO_SCRIBBLE, np.uint8(NO_SCRIBBLE), known)


@dataclass(frozen=True)
class Predictions:
    """Stored unaries of some items: those of problem NAME and seed S in unaries/S/NAME.png.

    Those of a volume are a folder NAME of slices, those of a video NAME/00000.png of each frame.

    Attributes:
        folders: that hold them, each for some items and seeds.
    """

    folders: Sequence[Path]

    def folder(self, name: str, seed: int) -> Path:
        """The folder with the unaries of a problem.

        Raises:
            UserError: there is none.
        """
        for folder in map(Path, self.folders):
            place = self._place(folder, name, seed)
            if place.is_dir() or place.with_name(f"{place.name}.png").exists():
                return folder
        raise UserError(
            f"{self.folders[0] if self.folders else 'predictions'} holds no unaries of {name} for "
            f"seed {seed}: predict first."
        )

    @staticmethod
    def _place(folder: Path, name: str, seed: int) -> Path:
        return folder / "unaries" / str(seed) / name

    def files(self, name: str, seed: int) -> list[Path]:
        """Files of the unaries of a problem, or of all frames of an item.

        Raises:
            UserError: there are none.
        """
        place = self._place(self.folder(name, seed), name, seed)
        if place.is_dir():
            return sorted(place.rglob("*.png"))
        return [place.with_name(f"{place.name}.png")]

    def read(self, name: str, seed: int, size: tuple[int, ...]) -> Array:
        """The unaries of a problem: float32 of shape `size`, (h, w) or (slices, h, w).

        Raises:
            UserError: they are missing or of another size.
        """
        place = self._place(self.folder(name, seed), name, seed)
        if len(size) == 2:
            unaries = read_unaries(place.with_name(f"{place.name}.png"))
        else:
            slices = [read_unaries(place / frame_file(number)) for number in range(size[0])]
            unaries = np.stack(slices)
        if unaries.shape != size:
            raise UserError(
                f"{place}: the unaries have size {unaries.shape}, the item at its scale {size}: "
                "predict again."
            )
        return unaries


def write_unaries(folder: Path, name: str, unaries: NDArray[np.floating]) -> None:
    """Store the unaries (h, w) of a problem as NAME.png, those of slices (n, h, w) in NAME/.

    Raises:
        UserError: a value is not finite or not in [0, 1].
    """
    quantised = quantise_unaries(unaries, name)
    if quantised.ndim == 2:
        write_png(folder / f"{name}.png", quantised)
        return
    for number, layer in enumerate(quantised):
        write_png(folder / name / frame_file(number), layer)


def read_unaries(path: Path) -> Array:
    """Read foreground probabilities (h, w) in [0, 1] from a 16-bit PNG."""
    stored = read_png(path)
    if stored.dtype != np.uint16 or stored.ndim != 2:
        raise UserError(f"{path} is not a 16-bit grey picture: predict again.")
    return np.asarray(stored / np.float32(65535), dtype=np.float32)


def quantise_unaries(unaries: NDArray[np.floating], name: str) -> NDArray[np.uint16]:
    """Foreground probabilities of `name` as the values that `read_unaries` reads.

    Raises:
        UserError: a value is not finite or not in [0, 1].
    """
    if not np.isfinite(unaries).all() or unaries.min() < 0 or unaries.max() > 1:
        raise UserError(f"{name}: unaries are not all in [0, 1]: correct what makes them.")
    return np.asarray(np.rint(unaries * 65535), dtype=np.uint16)


def _shrunk(unaries: Array, size: tuple[int, int]) -> Array:
    small = cv2.resize(unaries, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).clip(0, 1)


@dataclass(frozen=True)
class ProblemReader:
    """Reads the problems of some items, as a predictor or a representation is fitted to them.

    Attributes:
        items: by name.
        convention: of the coordinates.
        scale: items are shrunk by this factor first.
        features: what a predictor sees; None if none is trained.
        semantic: folder of the semantic features (*grid, 2) of the items; needed for these alone.
        predictions: stored unaries; None where those that come with the items are taken.
        corruption: of the colours that a predictor sees.
    """

    items: Mapping[str, Item]
    convention: Convention = "isotropic"
    scale: float = 1.0
    features: str | None = None
    semantic: Path | None = None
    predictions: Predictions | None = None
    corruption: str = CLEAN
    _read: dict[Item, Picture] = field(default_factory=dict, compare=False, repr=False)

    def item(self, name: str) -> Item:
        """The item of a problem: of an item itself, of one of its objects, or of a frame."""
        return self.items[name if name in self.items else parse_name(name)[0]]

    def seen(self, name: str, seed: int) -> Item:
        """The item of a problem with the colours that a predictor sees."""
        return self.item(name).corrupted(self.corruption, seed)

    def objects(self, name: str) -> int:
        """Number of objects of an item that are problems of their own; at least 1.

        Those are the scribbled ones, where a predictor is trained on the scribbles.
        """
        trained = self.features is not None or self.predictions is not None
        return max(1, self.items[name].scribbled) if trained else 1

    def problems(self, names: Sequence[str]) -> list[str]:
        """Names of the binary problems of some items, one for each object."""
        return [each for name in names for each in object_names(name, self.objects(name))]

    def plane(self, item: Item) -> NDArray[np.float64]:
        """Coordinates (h, w, 2) of the pixels of a frame at working size."""
        size = working_size(*item.size, self.scale)
        return grid_coordinates(*item.size, size, self.convention)

    def load(self, name: str, seed: int) -> Problem:
        """Read an item, or one of its binary problems: NAME/k of its object k.

        Args:
            name: of the problem.
            seed: whose predictions are read, and of the corruption.

        Raises:
            UserError: a file is missing, damaged, or of another size than the item.
        """
        item = self.seen(name, seed)
        number = None if name in self.items else parse_name(name)[1]
        picture = self._picture(item)
        plane = grid_coordinates(*item.size, picture.size, self.convention)
        coordinates = with_third(plane, picture.third).astype(np.float32)
        scribbles = picture.scribbles
        if number is not None:
            assert scribbles is not None
            scribbles = scribbles_of(scribbles, number)
        return Problem(
            name,
            coordinates,
            scribbles,
            self._features(item, picture, with_nearest_depths(coordinates)),
            self._unaries(name, number, picture, seed),
            seed,
        )

    def load_frame(self, name: str, seed: int) -> Problem:
        """Read a frame of a video, in the plane, with its unaries.

        Raises:
            UserError: a file is missing, damaged, or of another size.
        """
        item, number = self.item(name), int(name.rpartition("/")[2])
        size = working_size(*item.size, self.scale)
        if self.predictions is not None:
            unaries = self.predictions.read(name, seed, size)
        else:
            given = item.frame_unaries(number)
            if given is None:
                raise UserError(f"{item.name}: no unaries come with it: name another predictor.")
            unaries = given if size == item.size else _shrunk(given, size)
        return Problem(name, self.plane(item).astype(np.float32), unaries=unaries)

    def frames(self, item: str) -> list[str]:
        """Names of the frames of a video."""
        return [frame_name(item, number) for number in range(self.items[item].frames)]

    def files(self, names: Sequence[str], seeds: Sequence[int]) -> list[Path]:
        """All files that the problems of some items are read from; ground truth is not read.

        Raises:
            UserError: unaries are missing.
        """
        files = [path for name in names for path in self.items[name].all_files()]
        if self.semantic is not None:
            seen = [self.seen(name, seed) for name in names for seed in seeds]
            files += [self.semantic / semantic_file(item) for item in dict.fromkeys(seen)]
        if self.predictions is not None:
            for name in names:
                for seed in seeds:
                    files += self.predictions.files(name, seed)
        return files

    def _picture(self, item: Item) -> Picture:
        """The item in memory at working size; the one read last is kept."""
        if item not in self._read:
            self._read.clear()
            picture = item.read(image=self.features is not None, truth=False)
            size = working_size(*item.size, self.scale)
            if size != item.size:
                picture = resize_picture(picture, max(size))
            self._read[item] = picture
        return self._read[item]

    def _features(self, item: Item, picture: Picture, coordinates: Array) -> Array | None:
        if self.features is None:
            return None
        sets = {RGB: picture.image, XY: coordinates}
        if SEMANTIC in parse(self.features):
            sets[SEMANTIC] = self._semantic(item, picture)
        return assemble(self.features, sets)

    def _semantic(self, item: Item, picture: Picture) -> Array:
        if self.semantic is None:
            raise UserError("features: semantic features were not given: name their folder.")
        path = Path(self.semantic) / semantic_file(item)
        values: Array = read_array(path).astype(np.float32)
        if values.shape[:-1] != item.grid:
            raise UserError(
                f"{path} has size {values.shape[:-1]}, its item {item.grid}: make it again."
            )
        if picture.grid == item.grid:
            return values
        height, width = picture.size
        resized = cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(resized, dtype=np.float32)

    def _unaries(self, name: str, number: int | None, picture: Picture, seed: int) -> Array | None:
        if self.features is not None:
            return None
        if self.predictions is None:
            return picture.unaries
        objects = self.objects(picture.name)
        problems = [name] if number is not None else object_names(name, objects)
        each = [self.predictions.read(problem, seed, picture.grid) for problem in problems]
        return each[0] if len(each) == 1 else np.stack(each, axis=-1)


def with_margin(problem: Problem, pixels: int) -> Problem:
    """Add `pixels` of background on every side of the last two grid axes.

    In the margin unaries are 0 and, where there are scribbles, the outermost ring is scribbled
    background. Coordinates go on at the distance of neighbouring pixels; along an axis of one
    pixel, at that of the other axis.

    Args:
        problem: coordinates (*grid, dim) over a regular grid; without features.
        pixels: width of the margin; 0 gives `problem` itself.

    Raises:
        UserError: the picture has a depth, which has no value outside of it, or its coordinates are
            those of no regular grid.
    """
    if pixels == 0:
        return problem
    grid = problem.coordinates.shape[:-1]
    if problem.coordinates.shape[-1] > len(grid) == 2:
        raise UserError(
            f"{problem.name}: a depth has no value outside its picture; set margin to 0."
        )
    sides = [(0, 0)] * (len(grid) - 2) + [(pixels, pixels)] * 2
    unaries = scribbles = None
    if problem.unaries is not None:
        # Those of several objects have an axis more.
        further = [(0, 0)] * (problem.unaries.ndim - len(grid))
        unaries = np.pad(problem.unaries, [*sides, *further])
    if problem.scribbles is not None:
        inner = [(a - (a > 0), b - (b > 0)) for a, b in sides]
        ring = [(int(a > 0), int(b > 0)) for a, b in sides]
        scribbles = np.pad(problem.scribbles, inner, constant_values=NO_SCRIBBLE)
        scribbles = np.pad(scribbles, ring, constant_values=BACKGROUND_SCRIBBLE)
    return replace(
        problem,
        coordinates=_continued(problem, pixels),
        unaries=unaries,
        scribbles=scribbles,
        features=None,
    )


def _continued(problem: Problem, pixels: int) -> Array:
    """Coordinates of the grid and `pixels` more on every side; within they are the same bits."""
    inner = problem.coordinates.astype(np.float64)
    height, width = inner.shape[-3:-1]
    corner = inner[..., :1, :1, :]
    down, right = _steps(inner)
    rows = np.arange(-pixels, height + pixels)[:, None, None]
    columns = np.arange(-pixels, width + pixels)[:, None]
    continued = corner + rows * down + columns * right
    within = (..., slice(pixels, pixels + height), slice(pixels, pixels + width), slice(None))
    if not np.allclose(continued[within], inner, atol=1e-4):
        raise UserError(f"{problem.name}: a margin needs coordinates of a regular grid: leave it.")
    continued[within] = inner
    return continued.astype(np.float32)


def _steps(coordinates: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From a pixel to the one below it and to the one on its right, both (dim,)."""
    plane = coordinates.reshape(-1, *coordinates.shape[-3:])[0]
    height, width, dim = plane.shape
    down = (plane[-1, 0] - plane[0, 0]) / max(1, height - 1)
    right = (plane[0, -1] - plane[0, 0]) / max(1, width - 1)
    x, y = np.eye(dim)[:2]
    # Pixels are square where coordinates are isotropic, and a single one is one unit wide.
    if width == 1:
        right = (down[1] if height > 1 else 1.0) * x
    if height == 1:
        down = right[0] * y
    return down, right
