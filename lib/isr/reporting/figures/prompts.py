"""Figures 8 and 10: what prompts lead to, and its projection."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from isr.reporting.figures.base import OfCells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.reporting.figures.base import Opened


class OfPrompts(OfCells):
    """A panel for each cell: the prompt, what the predictor finds, and the representation."""

    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """A panel for each cell."""
        from isr.reporting.drawing import prompts

        return prompts.draw([prompts.prompted(cell, item) for cell, item in opened], title)


class Figure8(OfPrompts):
    """What a predictor finds from its prompt in pictures as they are and corrupted."""

    caption: ClassVar[str] = (
        "What the predictor finds (blue) and its projection (orange), on the picture as the "
        "predictor saw it, with the prompt: a point, or scribbles."
    )
    content: ClassVar[str] = "A prompted predictor and its projection"

    kind: Literal["figure_8"]


class Figure10(OfPrompts):
    """What comes of several prompts for one picture."""

    caption: ClassVar[str] = (
        "What comes of different prompts for the same picture: what the predictor finds (blue) and "
        "its projection (orange), with the prompt: a point, or scribbles."
    )
    content: ClassVar[str] = "Prompts and what they lead to"
    same_item: ClassVar[bool] = True

    kind: Literal["figure_10"]
