"""Table 1 of the student report: constraints with and without a teacher."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from isr.reporting.study import Cells, Study
from isr.reporting.tables.base import TableKind, choose

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table


class StudentTable1(TableKind):
    """IoU of every constraint of a study, a column for each teacher, item by item."""

    caption: ClassVar[str] = (
        "Foreground IoU of regions that were fitted to scribbles alone, and of those that were "
        "trained together with a teacher, which labels the other pixels; beside the student "
        "report's numbers, which are of one picture that is not published."
    )
    kind: Literal["student_table_1"]

    def shown(self, cells: Cells, place: str) -> list[str]:
        """All cells."""
        return choose(cells, {}, ("constraint", "predictor", "features", "fit", "seed"), place)

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over seeds."""
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables import averages, teachers

        cells = [study.cell(name) for name in shown]
        metrics = read_cells(cells, study.name)
        summary = teachers.summarise(metrics, study, cells, self.published)
        table = teachers.table(summary, metrics, study, self.title)
        return averages.to_csv(summary), table
