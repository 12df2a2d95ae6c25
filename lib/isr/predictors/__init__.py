"""Predictors: what gives a picture's unaries."""

from isr.predictors.registry import NAMES, Predictor, build

__all__ = ["NAMES", "Predictor", "build"]
