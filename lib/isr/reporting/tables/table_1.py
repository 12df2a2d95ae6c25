"""Tables 1 and 3 of the paper: scores of predictors and their representations, by features."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from isr.reporting.study import Cells, Study
from isr.reporting.tables.base import TableKind, choose
from isr.settings import ConstraintName

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table


class OfConstraint(TableKind):
    """A table of all predictors, features and fits of a study under one constraint.

    Attributes:
        axes: that it shows.
    """

    axes: ClassVar[tuple[str, ...]] = ("predictor", "features", "labels", "fit", "seed")

    constraint: ConstraintName | None = Field(
        None, description="which of those of the study to show; null: its only one"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cells of the constraint."""
        return choose(cells, {"constraint": self.constraint}, self.axes, place)

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over items and frames, then over seeds."""
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables import convexity

        cells = [study.cell(name) for name in shown]
        metrics = read_cells(cells, study.name)
        constraint = cells[0].settings.constraint
        summary = convexity.summarise(metrics, study, constraint, self.published)
        lay_out = getattr(convexity, self.kind)
        table = lay_out(summary, metrics, study, constraint, self.title)
        return convexity.to_csv(summary), table


class Table1(OfConstraint):
    """IoU of predictor and representation, a column for each predictor and what it sees."""

    caption: ClassVar[str] = (
        "Foreground IoU of the raw predictor, of its sequential projection onto the representation "
        "and of both trained jointly, mean over seeds; below, trivial projections of the "
        "predictor's mask and, for convex shapes, the paper's numbers."
    )
    kind: Literal["table_1"]


class Table3(OfConstraint):
    """IoU and accuracy with their deviations, a row for each setting and output."""

    caption: ClassVar[str] = (
        "Foreground IoU and pixel accuracy of every predictor and feature set, for the predictor, "
        "its trivial projections and the representation; for convex shapes beside the paper's "
        "numbers."
    )
    kind: Literal["table_3"]
