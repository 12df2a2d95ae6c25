"""Figures 2 and 3 of the student report: the course of the loss, and regions beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from isr.models import must_know
from isr.reporting.figures.base import Choices, FigureKind, ItemName
from isr.reporting.study import Cells, Study, pick

if TYPE_CHECKING:
    from isr.reporting.cell_files import CellFiles


class OfSeveral(FigureKind):
    """One that compares several cells on the same items.

    Attributes:
        content: what it shows, in its title where the configuration gives none.
    """

    content: ClassVar[str]

    items: Annotated[list[ItemName], Field(min_length=1)] = Field(description="to show, in order")
    cells: Choices = Field(
        description="cells to compare, by name or by as many axes as pick each; all have the items"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """Those that are named, in their order."""
        return [pick(cells, each, f"{place}.cells[{n}]") for n, each in enumerate(self.cells)]

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """Every cell has all of them."""
        for own in items.values():
            for index, name in enumerate(self.items):
                must_know(f"{place}.items[{index}]", str(name), own)

    def _opened(
        self, study: Study, shown: Sequence[str]
    ) -> tuple[list["CellFiles"], list[str], str]:
        """The cells that are shown, the names of the items, and the title."""
        from isr.reporting.cell_files import CellFiles

        names = [str(name) for name in self.items]
        title = f"{self.title or self.content}: {study.describe(names)}"
        return [CellFiles(study.cell(name).folder) for name in shown], names, title


class StudentFigure2(OfSeveral):
    """The loss of some fits from their first to their last step."""

    caption: ClassVar[str] = (
        "The training loss, as the schedule of each fit weighs its terms, a panel for each "
        "picture; where a stage of a schedule adds a term, the loss rises."
    )
    content: ClassVar[str] = "Training loss"
    kind: Literal["student_figure_2"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a panel for each item."""
        from isr.reporting.drawing import panels, training

        cells, names, title = self._opened(study, shown)
        panels.save(training.draw_losses(cells, names, title), output)


class StudentFigure3(OfSeveral):
    """Scribbles and the regions that several cells make of them."""

    caption: ClassVar[str] = (
        "Scribbled pictures, and the regions that were fitted to the scribbles, with a teacher or "
        "without one."
    )
    content: ClassVar[str] = "Regions of scribbles"
    kind: Literal["student_figure_3"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a row for each item: its scribbles, then a panel for each cell."""
        from isr.reporting.drawing import panels, training

        cells, names, title = self._opened(study, shown)
        rows = [[cell.view(cell.item(name)) for cell in cells] for name in names]
        called = [training.called(cell) for cell in cells]
        panels.save(training.draw_regions(rows, called, title), output)
