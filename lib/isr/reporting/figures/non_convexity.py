"""Figure 12: convex regions beside masks that are not convex."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.models import must_know
from isr.reporting.figures.base import Choice, FigureKind, ItemName, must_have
from isr.reporting.study import Cells, Study, pick


class Figure12(FigureKind):
    """Masks of any origin, where they violate convexity, beside the convex regions of them."""

    caption: ClassVar[str] = (
        "Convex regions (orange) beside the masks that they were fitted to (blue), such as those "
        "of another method. Dashed: the segment between two pixels of a mask that runs outside of "
        "it for longest. Below stand the share of pairs of pixels whose segment leaves the mask, "
        "and the share of its convex hull that is background."
    )
    constraints: ClassVar[tuple[str, ...]] = ("convex",)

    kind: Literal["figure_12"]
    items: Annotated[list[ItemName], Field(min_length=1)] | None = Field(
        None, description="to show, in order; null: all of the cell"
    )
    cell: Choice = Field(
        {}, description="by name, or by as many axes as pick one; none where there is one only"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cell that is meant."""
        name = pick(cells, self.cell, f"{place}.cell")
        must_have(self, cells, name, f"{place}.cell")
        return [name]

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """The cell has all of them."""
        for own in items.values():
            for index, name in enumerate(self.items or ()):
                must_know(f"{place}.items[{index}]", str(name), own)

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw two panels for each item.

        Raises:
            UserError: an item has no unaries.
        """
        from isr.reporting.cell_files import CellFiles
        from isr.reporting.drawing import non_convexity, panels

        cell = CellFiles(study.cell(shown[0]).folder)
        names = [str(name) for name in self.items or cell.items]
        views = [cell.view(cell.item(name)) for name in names]
        for name, view in zip(names, views, strict=True):
            if view.predicted is None:
                raise UserError(f"{self.kind}: {name} has no unaries, so no mask: leave it out.")
        title = f"{self.title or 'How far masks are from convex'}: {study.describe(names)}"
        panels.save(non_convexity.draw(views, title), output)
