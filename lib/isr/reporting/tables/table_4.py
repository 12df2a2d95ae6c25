"""Tables 4 and 5 of the paper: scores of every video, and of one region in (x, y, t) with noise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.models import Name
from isr.reporting.study import Cells, Study
from isr.reporting.tables.base import TableKind, choose
from isr.settings import SPATIO_TEMPORAL, ConstraintName, Distance, Labels, Training

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
        found = {name: cell for name, cell in cells.items() if cell.fit in self.fits}
        if not found:
            raise UserError(
                f"config: {place}: the study has no fit {' or '.join(self.fits)}; add one, or "
                "remove the table."
            )
        axes = ("labels", "predictor", "training", "constraint", "distance")
        named = [axis for axis in axes if getattr(self, axis) or axis not in self.beside]
        wanted = {axis: getattr(self, axis) for axis in named}
        return choose(found, wanted, ("fit", "seed", "noise", *self.beside), place)


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
        from isr.reporting.tables import averages, video_layout, videos

        group = videos.Group.of(study, shown, self.published)
        metrics = group.read()
        summary = videos.summarise(metrics, group)
        table = video_layout.table_4(summary, metrics, group, self.title)
        return averages.to_csv(summary), table


class Table5(OfKinds):
    """IoU with the clean unaries, a row for each share of noise."""

    caption: ClassVar[str] = (
        "IoU of one representation in (x, y, t) with the clean unaries of all frames, when the "
        "unaries of a share of the frames are replaced by noise; mean over seeds. By the squared "
        "distance of the paper and, where the study has it, by the absolute one."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)
    beside: ClassVar[tuple[str, ...]] = ("distance",)
    kind: Literal["table_5"]

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over frames and seeds, for each share of noise."""
        from isr.reporting.tables import averages, video_layout, videos

        group = videos.Group.of(study, shown, self.published)
        metrics = group.read()
        summary = videos.summarise_noise(metrics, group)
        table = video_layout.table_5(summary, metrics, group, self.title)
        return averages.to_csv(summary, videos.NOISE_SCORES), table
