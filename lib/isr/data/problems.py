"""Problems: pictures made ready for fitting."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.coordinates import Convention, grid_coordinates
from isr.data.dataset import Picture, read_picture, resize_picture
from isr.data.features import RGB, SEMANTIC, XY, assemble, parse
from isr.data.objects import object_names, parse_name, scribbles_of
from isr.errors import UserError
from isr.io import read_png

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Problem:
    """What representations and predictors are fitted to: one picture at its working size.

    Attributes:
        name: of the picture; random numbers are keyed by it.
        coordinates: (h, w, 2) of the pixel centres.
        scribbles: uint8 (h, w), 0 none, 255 background, 1..n object n; None without scribbles.
        features: (h, w, channels), what a predictor sees; None if there is none to train.
        unaries: (h, w) foreground probabilities in [0, 1], or (h, w, n) of each of n objects; None
            if a predictor is trained along.
    """

    name: str
    coordinates: Array
    scribbles: NDArray[np.uint8] | None = None
    features: Array | None = None
    unaries: Array | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width, _ = self.coordinates.shape
        return height, width


def working_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width of a picture shrunk by `scale`, in whole pixels."""
    return max(1, round(height * scale)), max(1, round(width * scale))


def picture_features(
    picture: Picture,
    features: str,
    *,
    coordinates: Array,
    semantic: Path | None,
    original_size: tuple[int, int],
) -> Array:
    """The features (h, w, channels) of a picture.

    Args:
        picture: at its working size.
        features: the combination, for example `rgb+xy`.
        coordinates: (h, w, 2), what the set `xy` holds.
        semantic: folder of NAME.npy (H, W, 2) files; needed for the set `semantic` alone.
        original_size: H and W, the size that the semantic features were made at.

    Raises:
        UserError: semantic features are missing or belong to a picture of another size.
    """
    sets = {RGB: picture.image, XY: coordinates}
    if SEMANTIC in parse(features):
        sets[SEMANTIC] = _semantic(picture, semantic, original_size)
    return assemble(features, sets)


def _semantic(picture: Picture, folder: Path | None, original_size: tuple[int, int]) -> Array:
    if folder is None:
        raise UserError("features: semantic features were not given: name their folder.")
    path = Path(folder) / f"{picture.name}.npy"
    if not path.exists():
        raise UserError(f"{path} does not exist: make the semantic features first.")
    try:
        values: Array = np.load(path, allow_pickle=False).astype(np.float32)
    except (ValueError, OSError, EOFError) as error:
        raise UserError(f"{path} holds no array ({error}): make it again.") from None
    if values.shape[:2] != original_size:
        raise UserError(
            f"{path} has size {values.shape[:2]}, its picture {original_size}: make it again."
        )
    height, width = picture.size
    resized = cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.float32)


def load_problem(
    dataset: Path,
    name: str,
    *,
    features: str | None = None,
    semantic: Path | None = None,
    predictions: Path | None = None,
    scale: float = 1.0,
    convention: Convention = "isotropic",
) -> Problem:
    """Read one picture of a data set as a problem.

    Args:
        dataset: folder of the unpacked data set.
        name: of the picture, with its scribbles as they are and the unaries of all its objects; or
            PICTURE/k, the binary problem of its object k.
        features: what the predictor sees; None if none is trained.
        semantic: folder of the semantic features.
        predictions: folder of a prediction, whose `unaries/NAME.png` are read.
        scale: the picture is shrunk by this factor first.
        convention: of the coordinates.

    Raises:
        UserError: a file is missing, damaged, or of another size than the picture.
    """
    picture_name, number = parse_name(name)
    picture = read_picture(dataset, picture_name)
    original_size, objects = picture.size, picture.objects
    wanted = working_size(*original_size, scale)
    if wanted != original_size:
        picture = resize_picture(picture, max(wanted))
    coordinates = grid_coordinates(*original_size, picture.size, convention).astype(np.float32)
    chosen = (
        None
        if features is None
        else picture_features(
            picture,
            features,
            coordinates=coordinates,
            semantic=semantic,
            original_size=original_size,
        )
    )
    problems = [name] if number is not None else object_names(name, objects)
    scribbles = picture.scribbles if number is None else scribbles_of(picture.scribbles, number)
    unaries = None
    if predictions is not None:
        each = [_predicted(predictions, problem, picture.size) for problem in problems]
        unaries = each[0] if len(each) == 1 else np.stack(each, axis=-1)
    return Problem(name, coordinates, scribbles, chosen, unaries)


def _predicted(predictions: Path, name: str, size: tuple[int, int]) -> Array:
    unaries = read_unaries(Path(predictions) / "unaries" / f"{name}.png")
    if unaries.shape != size:
        raise UserError(
            f"{predictions}: the unaries of {name} have size {unaries.shape}, the picture "
            f"{size}: predict again."
        )
    return unaries


def read_unaries(path: Path) -> Array:
    """Read foreground probabilities (h, w) in [0, 1] from a 16-bit PNG."""
    stored = read_png(path)
    if stored.dtype != np.uint16 or stored.ndim != 2:
        raise UserError(f"{path} is not a 16-bit grey picture: predict again.")
    return np.asarray(stored / np.float32(65535), dtype=np.float32)


def quantise_unaries(unaries: NDArray[np.floating], name: str) -> NDArray[np.uint16]:
    """Foreground probabilities (h, w) of picture `name` as the values that `read_unaries` reads.

    Raises:
        UserError: a value is not finite or not in [0, 1].
    """
    if not np.isfinite(unaries).all() or unaries.min() < 0 or unaries.max() > 1:
        raise UserError(f"{name}: unaries are not all in [0, 1]: correct what makes them.")
    return np.asarray(np.rint(unaries * 65535), dtype=np.uint16)
