"""Table 2 of the paper: predictors and their representations on corrupted pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from isr.reporting.study import Study
from isr.reporting.tables.table_1 import OfConstraint

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table


class Table2(OfConstraint):
    """IoU of predictors and their representations, a column for each corruption."""

    caption: ClassVar[str] = (
        "Foreground IoU of the raw predictor, of its trivial projections and of its projection "
        "onto the representation, on the pictures as they are and corrupted at severity 5, mean "
        "over seeds; for convex shapes beside the paper's numbers of SAM."
    )
    axes: ClassVar[tuple[str, ...]] = (*OfConstraint.axes, "corruption")

    kind: Literal["table_2"]

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over items, then over seeds."""
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables import corruptions

        cells = [study.cell(name) for name in shown]
        metrics = read_cells(cells, study.name)
        constraint = cells[0].settings.constraint
        summary = corruptions.summarise(metrics, study, constraint, self.published)
        table = corruptions.table_2(summary, metrics, study, constraint, self.title, self.published)
        return corruptions.to_csv(summary), table
