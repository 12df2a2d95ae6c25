"""The two protocols: the paper's text, and what the authors' published code does."""

from collections.abc import Mapping
from typing import Any, Literal

Protocol = Literal["paper", "published-code"]

CONVENTIONS = {"paper": "isotropic", "published-code": "linspace"}
"""The coordinates of each protocol."""


def uses_predictions(settings: Mapping[str, Any]) -> bool:
    """Whether a cell with these settings projects stored predictions.

    Otherwise it trains its own predictor: joint fits do, and in the published code all fits, since
    it trains both networks at once also where it is called sequential.
    """
    return bool(settings["fit"] == "sequential" and settings["protocol"] == "paper")


def raw_components(protocol: str) -> bool:
    """Whether semantic features enter as raw principal components, not scaled to [0, 1]."""
    return protocol == "published-code"
