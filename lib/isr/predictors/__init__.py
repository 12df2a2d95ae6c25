"""Predictors: what gives a picture's unaries."""

from isr.predictors.base import Predictor
from isr.predictors.registry import NAMES, build

__all__ = ["NAMES", "Predictor", "build"]
