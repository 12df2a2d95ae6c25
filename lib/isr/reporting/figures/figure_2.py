"""Figure 2: a periodic pattern, continued where something hides it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.reporting.figures.base import OfCells
from isr.reporting.study import Study


class Figure2(OfCells):
    """A periodic pattern and its continuations, of cells of one item."""

    caption: ClassVar[str] = (
        "A periodic pattern, its unaries, and periodic representations of them; pink: holes of the "
        "representation where the unaries show none. Equation 8 (periodic) is only almost "
        "periodic, the lattice form is periodic after rectification. What brings hidden holes "
        "back in equation 8 costs the contours of those in sight, so that its IoU may stay below "
        "that of its unaries."
    )
    constraints: ClassVar[tuple[str, ...]] = ("periodic", "lattice_periodic")
    same_item: ClassVar[bool] = True

    kind: Literal["figure_2"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the picture, its unaries and a panel for each cell."""
        from isr.reporting.drawing import panels, side_by_side

        opened = self.opened(study, shown)
        items = [item.name for _, item in opened]
        title = self.headline(study, "A periodic pattern and what hides it", items)
        views = [cell.view(item) for cell, item in opened]
        panels.save(side_by_side.draw_pattern(views, title), output)
