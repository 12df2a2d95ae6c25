"""Outlines of representations, as polygons: `outline`."""

from isr.evaluation.outlines.dispatch import outline

__all__ = ["outline"]
