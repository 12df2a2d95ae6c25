"""Predictors: what gives a picture's unaries."""

from isr.networks.predictor import Predictor
from isr.predictors.registry import NAMES, build

__all__ = ["NAMES", "Predictor", "build"]
