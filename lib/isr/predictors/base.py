"""What every kind of predictor offers: its keys, what it sees, and how it comes to unaries.

A predictor is anything that gives an item's unaries. A kind is one model in a file of this folder,
and one line in the registry (`__init__`). Some take what comes with the items (`Given`), some
compute (`Computed`: GrabCut, an energy, a foundation model), some are trained first (`Trained`).
How a cell uses its predictor, what is projected and what is trained along, stands here too.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from isr.models import Model, Sources
from isr.settings import SPATIO_TEMPORAL, CellSettings, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from isr.data.kinds import Known
    from isr.data.problems import Problem

Scale = Annotated[float, Field(gt=0, le=1)]

_SCALE = (
    "pictures are shrunk by this factor before the predictor sees them; the representation is "
    "fitted to its unaries on that grid too; masks are scored at full size"
)


class PredictorKind(Model):
    """One predictor.

    Attributes:
        title: its name in print.
        input: what it sees beside the colours of an item: the combination of `features` of a cell,
            its weak `labels`, or nothing that a cell could choose.
        memory: megabytes that a job needs at most.
    """

    title: ClassVar[str]
    input: ClassVar[Literal["features", "labels", "nothing"]] = "nothing"
    memory: ClassVar[int] = 4000

    kind: str
    scale: Scale = Field(1.0, description=_SCALE)

    def sources(self) -> Sources:
        """Files that it needs beside the items, such as weights; by default none."""
        return Sources()

    @abstractmethod
    def refuses(self, known: "Known") -> str:
        """What an item lacks that the predictor needs, in words; "" if it lacks nothing."""


class Given(PredictorKind):
    """Unaries that come with the items; where there are scribbles alone, the fit is to these."""

    title: ClassVar[str] = "unaries"

    kind: Literal["given"] = "given"

    def refuses(self, known: "Known") -> str:
        """Unaries or scribbles are needed."""
        return "" if known.unaries or known.scribbles else "unaries or scribbles of its own"


@dataclass(frozen=True, eq=False)
class Computation:
    """What a computed predictor found for a problem.

    Attributes:
        unaries: (*grid) foreground probabilities.
        numbers: what is to be stored with them, such as an energy.
        converged: whether it came to its end.
        remark: further words for the log.
    """

    unaries: "NDArray[np.floating[Any]]"
    numbers: Mapping[str, float] = field(default_factory=dict)
    converged: bool = True
    remark: str = ""


Compute = Callable[["Problem", str | None], Computation]
"""Gives the unaries of a problem that sees some features."""


class Computed(PredictorKind):
    """A predictor of which nothing is trained: a function of a picture, its scribbles and features.

    It is projected; there is nothing to train jointly.

    Attributes:
        sees: the combination of features that it is given; None for that of the cell.
        draws: whether its unaries depend on the seed of a problem.
    """

    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    sees: ClassVar[str | None] = None
    draws: ClassVar[bool] = False

    @abstractmethod
    def compute(self, problem: "Problem", features: str | None) -> Computation:
        """The unaries of a problem.

        Args:
            problem: with its features (*grid, channels) and scribbles (*grid).
            features: the combination of features, such as `rgb+xy`; None if it sees none.

        Raises:
            UserError: the problem lacks what is needed.
        """

    def prepared(self, weights: Path | None, device: "torch.device") -> "Compute":
        """What computes the unaries of many problems; by default `compute` as it is.

        Args:
            weights: a file of `sources`, if there is one.
            device: where to compute.

        Raises:
            UserError: something that is needed is missing or damaged.
        """
        return self.compute

    def refuses(self, known: "Known") -> str:
        """By default, scribbles are needed, and pictures in the plane."""
        return _lacks_scribbles(known, in_the_plane=True)


class Trained(PredictorKind):
    """A predictor that is a network.

    Attributes:
        network: of it, as `module:class`.
        sees_pictures: whether a step has to see whole pictures; else pixels are drawn.
        teacher: what it learns from: an item's scribbles, or a video's weak labels.
    """

    network: ClassVar[str]
    sees_pictures: ClassVar[bool] = False
    teacher: ClassVar[Literal["scribbles", "labels"]] = "scribbles"

    def options(self) -> dict[str, Any]:
        """Options of the network."""
        return {}

    def refuses(self, known: "Known") -> str:
        """By default, scribbles are needed, and pictures in the plane where it sees pictures."""
        return _lacks_scribbles(known, in_the_plane=self.sees_pictures)


def _lacks_scribbles(known: "Known", *, in_the_plane: bool) -> str:
    if in_the_plane and known.third is not None:
        return "a picture without a third coordinate"
    return "" if known.scribbles else "scribbles"


def trains_along(predictor: PredictorKind, cell: CellSettings, protocol: Protocol) -> bool:
    """Whether a cell trains its own predictor on scribbles, rather than project stored predictions.

    Joint fits do, and in the published code all fits, since it trains both networks at once also
    where it is called sequential.
    """
    on_scribbles = isinstance(predictor, Trained) and predictor.teacher == "scribbles"
    return on_scribbles and (cell.fit == "joint" or protocol == "published-code")


def needs_predictions(predictor: PredictorKind, cell: CellSettings, protocol: Protocol) -> bool:
    """Whether a cell projects stored predictions, or (jointly in videos) goes on from them."""
    return not isinstance(predictor, Given) and not trains_along(predictor, cell, protocol)


def is_framewise(cell: CellSettings, video: bool) -> bool:
    """Whether an item is fitted frame by frame: videos are, if not in time."""
    return video and cell.fit != SPATIO_TEMPORAL
