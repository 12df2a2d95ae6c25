"""Table 5 of the paper: one region in (x, y, t), where a share of the unaries is noise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from isr.reporting.study import Study
from isr.reporting.tables.table_4 import OfKinds
from isr.settings import SPATIO_TEMPORAL

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table


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
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables import noise_summary, video_layout, video_summary

        group = video_summary.Group.of(study, shown, self.published)
        metrics = read_cells(group.cells, study.name)
        summary = noise_summary.summarise(metrics, group)
        return (
            noise_summary.to_csv(summary),
            video_layout.table_5(summary, metrics, group, self.title),
        )
