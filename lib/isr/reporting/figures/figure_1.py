"""Figure 1: unaries beside the representations that were fitted to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.reporting.figures.base import OfCells
from isr.reporting.study import Study


class Figure1(OfCells):
    """Unaries or scribbles beside the constrained representations that were fitted to them."""

    caption: ClassVar[str] = (
        "Naive unaries (blue) beside the constrained representation fitted to them (orange). Below "
        "stands the representation's IoU with the ground truth where it is known, else with the "
        "thresholded unaries."
    )

    kind: Literal["figure_1"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw two panels for each cell."""
        from isr.reporting.drawing import panels, side_by_side

        opened = self.opened(study, shown)
        title = self.headline(
            study,
            "Naive unaries and constrained representations",
            [item.name for _, item in opened],
        )
        views = [cell.view(item) for cell, item in opened]
        panels.save(side_by_side.draw_pairs(views, title), output)
