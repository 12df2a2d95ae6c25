"""Implicit segmentation representations: level functions whose foreground has a property."""

from isr.representations.base import Representation
from isr.representations.registry import NAMES, build

__all__ = ["NAMES", "Representation", "build"]
