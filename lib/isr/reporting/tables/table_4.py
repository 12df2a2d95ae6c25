"""Table 4 of the paper: scores of every video, sequential and joint."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from isr.models import Name
from isr.reporting.study import Cells, Study
from isr.reporting.tables import selection
from isr.reporting.tables.base import TableKind
from isr.settings import ConstraintName, Distance, Labels, Training

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table

_ONLY = "which of those of the study to show; null: the only one"


class OfKinds(TableKind):
    """A table of the cells of one kind of labels, predictor, training and constraint.

    Attributes:
        fits: kinds of fits that it is about.
        beside: axes of which several values stand beside each other.
    """

    fits: ClassVar[tuple[str, ...]]
    beside: ClassVar[tuple[str, ...]] = ()

    labels: Labels | None = Field(None, description=_ONLY)
    predictor: Name | None = Field(None, description=_ONLY)
    training: Training | None = Field(None, description=_ONLY)
    constraint: ConstraintName | None = Field(None, description=_ONLY)
    distance: Distance | None = Field(
        None, description=f"{_ONLY}; table_5 sets several beside each other"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cells of one kind, with the fits that the table is about."""
        axes = ("labels", "predictor", "training", "constraint", "distance")
        wanted = {axis: getattr(self, axis) for axis in axes}
        return selection.of_kinds(cells, self.fits, wanted, self.beside, place)


class Table4(OfKinds):
    """IoU and accuracy of every item: predictor, its trivial projection, the representation."""

    caption: ClassVar[str] = (
        "Foreground IoU and pixel accuracy of every video, for the predictor and the "
        "representation, fitted to its unaries frame by frame and fine-tuned together with it; "
        "mean over the annotated frames and over seeds, beside the paper's numbers where it has "
        "such. Each row says which weak labels and which network made it, and differences stand "
        "where the labels follow the object that is scored."
    )
    fits: ClassVar[tuple[str, ...]] = ("sequential", "joint")
    kind: Literal["table_4"]

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over frames and seeds, then over items or frames."""
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables import video_layout, video_summary

        group = video_summary.Group.of(study, shown, self.published)
        metrics = read_cells(group.cells, study.name)
        summary = video_summary.summarise(metrics, group)
        return (
            video_summary.to_csv(summary),
            video_layout.table_4(summary, metrics, group, self.title),
        )
