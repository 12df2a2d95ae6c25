"""Figure 4: scribbles on a picture with depth, and the region that each constraint makes."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.errors import UserError
from isr.reporting.figures.base import OfCells
from isr.reporting.study import Study


class Figure4(OfCells):
    """Segmentation in (x, y, depth), of cells of one picture with depth."""

    caption: ClassVar[str] = (
        "Segmentation from scribbles alone, in (x, y, depth): without a constraint and with a "
        "region that is convex in the three coordinates, though not in the picture."
    )
    same_item: ClassVar[bool] = True

    kind: Literal["figure_4"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the picture, its depth and a panel for each cell."""
        from isr.reporting.drawing import panels, side_by_side

        opened = self.opened(study, shown)
        item = opened[0][1]
        third = item.third_axis()
        if third is None or third.name != "depth":
            raise UserError(f"{self.kind}: {item.name} has no depth: name cells of another item.")
        title = self.headline(
            study, "Segmentation from scribbles in (x, y, depth)", [item.name for _, item in opened]
        )
        views = [cell.view(own) for cell, own in opened]
        panels.save(side_by_side.draw_depth(views, third.values, title), output)
