"""Figure 17: a region in (x, y, t) at the frames of its video and in between."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.reporting.figures.base import Between, OfItem, must_be_video
from isr.reporting.study import Study
from isr.settings import SPATIO_TEMPORAL


class Figure17(OfItem):
    """Slices of a spatio-temporal fit, at the frames and in between."""

    caption: ClassVar[str] = (
        "One representation in (x, y, t) along a video, evaluated between the frames too."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)

    kind: Literal["figure_17"]
    between: Between = Field(6, description="slices from a frame to the next")

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the outlines of the slices stacked along the axis of time."""
        from isr.reporting.drawing import panels, time_slices

        files, item = self.opened(study, shown)
        must_be_video(item, self.kind)
        (cell,) = files.values()
        figure = time_slices.draw_slices(
            time_slices.slices(cell, item, self.between),
            self.headline(study, files, item.name, "Super-resolved in time"),
            name=item.name.replace("_", " "),
            constraint=cell.constraint,
        )
        panels.save(figure, output)
