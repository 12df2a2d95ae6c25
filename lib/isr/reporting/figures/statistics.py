"""Figure 11: the IoU of every setting of a study as bars."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.models import must_know
from isr.reporting.figures.base import FigureKind
from isr.reporting.study import Cells, Study, values_of
from isr.settings import ConstraintName


class Figure11(FigureKind):
    """The IoU of every setting, from the metrics of all cells of one constraint."""

    caption: ClassVar[str] = (
        "Foreground IoU by feature set and fit, mean over seeds with deviations."
    )
    whole: ClassVar[bool] = True

    kind: Literal["figure_11"]
    constraint: ConstraintName | None = Field(
        None, description="that is shown; null: the only one of the study"
    )
    published: bool = Field(
        True, description="whether the paper's numbers stand beside ours, where it has such"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """All cells of the constraint."""
        known = values_of(cells, "constraint")
        if self.constraint is not None:
            must_know(f"{place}.constraint", self.constraint, known)
        elif len(known) > 1:
            raise UserError(
                f"config: {place}: the study has several constraints ({', '.join(known)}); name "
                "one with constraint."
            )
        constraint = self.constraint or known[0]
        return [name for name, cell in cells.items() if cell.constraint == constraint]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a panel per predictor."""
        from isr.reporting import words
        from isr.reporting.drawing import bars, panels
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables.convexity import summarise

        cells = [study.cell(name) for name in shown]
        constraint = cells[0].settings.constraint
        metrics = read_cells(cells, study.name)
        summary = summarise(metrics, study, constraint, shows_published=self.published)
        items = list(dict.fromkeys(item for cell in cells for item in cell.items))
        title = f"{self.title or 'Foreground IoU by input'}: {study.describe(items)}"
        titles = {name: words.predictor(study.predictors, name) for name in summary["predictor"]}
        panels.save(bars.draw(summary, constraint, title, predictors=titles), output)
