"""Segment Anything (Kirillov et al. 2023), of the package of that name, prompted by scribbles.

The papers' Table 2 prompts it with one scribbled point of the object, since with all scribbles it
fails; which of its three models they took they do not say.
"""

import hashlib
import importlib
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.data.corruptions import generator_of
from isr.data.download import verify
from isr.errors import UserError
from isr.models import PathText, RemoteFile, Sha256, Sources
from isr.predictors.base import Computation, Compute, Computed
from isr.predictors.seeded import BACKGROUND, OBJECT, Seeds, seeds_of

if TYPE_CHECKING:
    import torch

    from isr.data.problems import Problem

_ADDRESS = "https://dl.fbaipublicfiles.com/segment_anything"


def _remote(file: str, sha256: str, size: int) -> RemoteFile:
    return RemoteFile(url=f"{_ADDRESS}/{file}", file=file, sha256=sha256, bytes=size)


PUBLISHED: Mapping[str, RemoteFile] = {
    "vit_b": _remote(
        "sam_vit_b_01ec64.pth",
        "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        375_042_383,
    ),
    "vit_l": _remote(
        "sam_vit_l_0b3195.pth",
        "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
        1_249_524_607,
    ),
    "vit_h": _remote(
        "sam_vit_h_4b8939.pth",
        "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
        2_564_550_879,
    ),
}
"""The published weights of each model."""

_KEPT = 4
"""Embeddings that are kept: those of the corrupted pictures of some seeds, for several objects."""


class SegmentAnything(Computed):
    """The foundation model SAM, prompted by scribbles: its logits are the unaries."""

    title: ClassVar[str] = "SAM"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "nothing"
    sees: ClassVar[str | None] = "rgb"
    draws: ClassVar[bool] = True
    memory: ClassVar[int] = 10_000

    kind: Literal["segment_anything"]
    model: Literal["vit_b", "vit_l", "vit_h"] = Field(
        "vit_h", description="the smallest (375 MB of weights), the middle or the largest (2.6 GB)"
    )
    checkpoint: PathText | None = Field(
        None,
        description="a file with the weights; null: the published one, downloaded, or put by hand "
        "into resources/downloads/ under its own name",
    )
    sha256: Sha256 | None = Field(
        None, description="what a `checkpoint` must be; null: the published weights of the model"
    )
    prompt: Literal["point", "scribbles"] = Field(
        "point",
        description="`point`: one scribbled pixel of the object, drawn by `seed`; of the three "
        "masks that SAM then offers, the one that it thinks best; `scribbles`: many pixels of "
        "object and background",
    )
    points: Annotated[int, Field(ge=1)] = Field(
        1000, description="scribbled pixels that prompt at most, with `prompt: scribbles`"
    )

    def places(
        self, seeds: Seeds, seed: int, name: str
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What prompts: rows and columns (n, 2) of pixels, and whether each is of the object (n,).

        Args:
            seeds: (h, w), what the scribbles say of each pixel; some are of the object.
            seed: of what is drawn.
            name: of the problem.
        """
        generator = generator_of(seed, name)
        if self.prompt == "point":
            return generator.choice(np.argwhere(seeds == OBJECT), 1), np.ones(1, np.int64)
        places = np.argwhere((seeds == OBJECT) | (seeds == BACKGROUND))
        if len(places) > self.points:
            places = generator.choice(places, self.points, replace=False)
        return places, (seeds[tuple(places.T)] == OBJECT).astype(np.int64)

    def sources(self) -> Sources:
        """The weights."""
        if self.checkpoint is not None:
            return Sources(files=(Path(self.checkpoint),))
        return Sources(downloads=(PUBLISHED[self.model],))

    def compute(self, problem: "Problem", features: str | None) -> Computation:
        """The unaries of a problem, with weights that are read for it alone, on the CPU."""
        import torch

        weights = None if self.checkpoint is None else Path(self.checkpoint)
        return self.prepared(weights, torch.device("cpu"))(problem, features)

    def prepared(self, weights: Path | None, device: "torch.device") -> Compute:
        """SAM with its weights, which are checked first.

        Raises:
            UserError: the package or the file is missing, or the file holds something else.
        """
        package, remote = _package(), PUBLISHED[self.model]
        if weights is None:
            raise UserError(
                f"segment_anything: there are no weights: get {remote.url} (sha256 "
                f"{remote.sha256}) and name the file in checkpoint."
            )
        if not weights.is_file():
            raise UserError(
                f"{weights} does not exist: get {remote.url} (sha256 {remote.sha256}), or name "
                "another file in checkpoint of the predictor."
            )
        verify(weights, sha256=self.sha256 or remote.sha256)
        model = package.sam_model_registry[self.model]()
        _load(model, weights, self.model)
        return _Session(self, package.SamPredictor(model.to(device))).compute


class _Session:
    """SAM in memory, with the embeddings of the pictures that it saw last.

    Args:
        entry: what the configuration says.
        predictor: a `segment_anything.SamPredictor`.
    """

    def __init__(self, entry: SegmentAnything, predictor: Any) -> None:
        self.entry, self.predictor = entry, predictor
        self._embeddings: OrderedDict[bytes, dict[str, Any]] = OrderedDict()

    def compute(self, problem: "Problem", features: str | None) -> Computation:
        """The probabilities of the pixels of a problem.

        Raises:
            UserError: nothing of the object is scribbled.
        """
        assert problem.features is not None
        seeds = seeds_of(problem, background=False)
        places, labels = self.entry.places(seeds, problem.seed, problem.name)
        self._see(np.rint(problem.features * 255).astype(np.uint8))
        several = self.entry.prompt == "point"
        masks, qualities, _ = self.predictor.predict(
            places[:, ::-1].astype(np.float64),
            labels,
            multimask_output=several,
            return_logits=True,
        )
        best = int(np.argmax(qualities))
        height, width = problem.size
        logits = np.clip(masks[best, :height, :width].astype(np.float32), -80, 80)
        found = 1 / (1 + np.exp(-logits))
        numbers = {"share": float((found > 0.5).mean()), "quality": float(qualities[best])}
        if several:
            numbers |= {"row": float(places[0, 0]), "column": float(places[0, 1])}
        said = f"{numbers['share']:.1%} of the picture, IoU by its own estimate"
        return Computation(found, numbers, remark=f"{said} {numbers['quality']:.2f}")

    def _see(self, picture: NDArray[np.uint8]) -> None:
        """Set the picture (h, w, 3) that is prompted; one that was seen before is not embedded."""
        # A picture so thin that it has no height at SAM's size has to have one.
        least = -(-max(picture.shape[:2]) // self.predictor.model.image_encoder.img_size)
        more = [(0, max(0, least - side)) for side in picture.shape[:2]]
        picture = np.pad(picture, [*more, (0, 0)], mode="edge")
        key = hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).digest()
        if key not in self._embeddings:
            self.predictor.set_image(picture)
            names = ("features", "original_size", "input_size", "is_image_set")
            self._embeddings[key] = {name: getattr(self.predictor, name) for name in names}
            if len(self._embeddings) > _KEPT:
                self._embeddings.popitem(last=False)
        self._embeddings.move_to_end(key)
        vars(self.predictor).update(self._embeddings[key])


def _package() -> ModuleType:
    """The package, imported.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module("segment_anything")
    except ImportError as error:
        raise UserError(
            f"the predictor segment_anything needs a package that is not installed ({error}): "
            "pip install segment-anything torchvision."
        ) from None
    except RuntimeError:
        # The compiled part of a torchvision for CUDA does not load beside a PyTorch for the CPU.
        # SAM needs nothing of it but that its operators are declared.
        import torch

        for name in ("nms", "qnms"):
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", schema)
        for name in [each for each in sys.modules if each.startswith("torchvision")]:
            del sys.modules[name]
        return importlib.import_module("segment_anything")


def _load(model: Any, weights: Path, name: str) -> None:
    """Load the weights of a model.

    Raises:
        UserError: the file is damaged or holds those of another one.
    """
    from isr.networks.weights import read_weights

    state = read_weights(weights, str(weights))
    try:
        model.load_state_dict(state)
    except Exception:
        # It tells in many lines which names or shapes differ.
        raise UserError(
            f"{weights} does not hold the weights of {name}: name its model, or another file."
        ) from None
