"""How a cell uses its predictor: what is projected, and what is trained along."""

from isr.predictors.base import PredictorKind, Trained
from isr.predictors.given import Given
from isr.settings import SPATIO_TEMPORAL, CellSettings, Protocol


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
