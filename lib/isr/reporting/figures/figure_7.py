"""Figure 7: weight decay on the diffeomorphism leads from almost any shape to a convex one."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.errors import UserError
from isr.reporting.figures.base import OfCells
from isr.reporting.study import Cells, Study


class Figure7(OfCells):
    """A series of weight decays, of path-connected cells of one item."""

    caption: ClassVar[str] = (
        "One path-connected representation with growing weight decay on its diffeomorphism, from "
        "an expressive shape to an almost convex one, which fills its convex hull."
    )
    constraints: ClassVar[tuple[str, ...]] = ("path_connected",)
    same_item: ClassVar[bool] = True

    kind: Literal["figure_7"]

    def shown(self, cells: Cells, place: str) -> list[str]:
        """Those that are named, each with a weight decay of its own."""
        found = super().shown(cells, place)
        for index, name in enumerate(found):
            if cells[name].weight_decay is None:
                raise UserError(
                    f"config: {place}.cells[{index}] is {name!r}, whose weight_decay is not given; "
                    f"give it, since {self.kind} compares them."
                )
        return found

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the unaries and a panel for each weight decay."""
        from isr.reporting.drawing import panels, side_by_side

        opened = self.opened(study, shown)
        decays = [float(cell.settings.weight_decay or 0.0) for cell, _ in opened]
        default = "Weight decay on the diffeomorphism, from expressive to convex"
        title = self.headline(study, default, [item.name for _, item in opened])
        views = [cell.view(item) for cell, item in opened]
        panels.save(side_by_side.draw_decays(views, decays, title), output)
