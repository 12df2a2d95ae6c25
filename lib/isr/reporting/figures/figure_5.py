"""Figure 5 (figure 2 of the workshop paper): what each way of fitting makes of pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from isr.models import must_know
from isr.reporting.figures.base import FRAMEWISE, FigureKind, ItemName, pick_fits
from isr.reporting.study import Cells, Study


class Figure5(FigureKind):
    """Predictor and representation of the sequential and the joint fit of some items."""

    caption: ClassVar[str] = (
        "Scribbles, the raw predictor's mask, and the masks of the sequential and the joint fit of "
        "the representation."
    )

    kind: Literal["figure_5"]
    items: Annotated[list[ItemName], Field(min_length=1)] = Field(description="a row for each")
    cell: dict[str, Any] = Field(
        {}, description="axes that pick one sequential and one joint cell, without fit"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The sequential and the joint cell."""
        return pick_fits(cells, self.cell, FRAMEWISE, f"{place}.cell")

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """Both cells have all of them."""
        for own in items.values():
            for index, name in enumerate(self.items):
                must_know(f"{place}.items[{index}]", str(name), own)

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a row for each item."""
        from isr.reporting.cell_files import CellFiles
        from isr.reporting.drawing import fits_compared, panels

        sequential, joint = (CellFiles(study.cell(name).folder) for name in shown)
        names = [str(name) for name in self.items]
        rows = [
            fits_compared.Pair(sequential.view(sequential.item(name)), joint.view(joint.item(name)))
            for name in names
        ]
        title = f"{self.title or 'Sequential and joint fits'}: {study.describe(names)}"
        panels.save(fits_compared.draw_pairs(rows, title), output)
