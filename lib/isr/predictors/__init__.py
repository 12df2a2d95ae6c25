"""The kinds of predictors: what gives an item's unaries. One line here for each."""

from typing import Any

from isr.models import kind_of, one_of, parse
from isr.predictors.base import Computation, Computed, Given, PredictorKind, Trained
from isr.predictors.colour import Colour
from isr.predictors.grabcut import GrabCut
from isr.predictors.graph_cut import GraphCut
from isr.predictors.level_sets import ChanVese, MorphologicalGeodesic
from isr.predictors.random_walker import RandomWalker
from isr.predictors.scribbled import CNN, FCN
from isr.predictors.segment_anything import SegmentAnything
from isr.predictors.threshold import Threshold
from isr.predictors.tv import TV
from isr.predictors.unet import UNet
from isr.predictors.watershed import Watershed

__all__ = [
    "KINDS",
    "Computation",
    "Computed",
    "Given",
    "Predictor",
    "PredictorKind",
    "Trained",
    "kind_named",
    "read_entry",
]

KINDS: tuple[type[PredictorKind], ...] = (
    *(Given, FCN, CNN, UNet, TV),
    *(GrabCut, GraphCut, RandomWalker, Watershed, ChanVese, MorphologicalGeodesic),
    *(Colour, Threshold, SegmentAnything),
)

Predictor = one_of(KINDS)
"""The type of an entry of `predictors`."""


def read_entry(content: Any, where: str = "predictor") -> PredictorKind:
    """The predictor of an entry of the configuration.

    Raises:
        UserError: a key is wrong; the message names it.
    """
    return parse(Predictor, content, where)  # type: ignore[no-any-return]


def kind_named(kind: str) -> type[PredictorKind] | None:
    """The class of a kind, None for none of this name."""
    return next((each for each in KINDS if kind_of(each) == kind), None)
