"""The kinds of figures: one file each, and one line here."""

from isr.reporting.figures.base import FigureKind

__all__ = ["KINDS", "FigureKind"]

KINDS: tuple[type[FigureKind], ...] = ()
