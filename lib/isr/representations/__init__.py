"""Implicit segmentation representations: level functions whose foreground has a property."""

from isr.representations.base import Representation

__all__ = ["Representation"]
