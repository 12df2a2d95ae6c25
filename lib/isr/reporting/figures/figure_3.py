"""Figure 3: the path of an object's centroid, frame by frame and in between."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.reporting.figures.base import Between, OfItem, must_be_video
from isr.reporting.study import Study
from isr.settings import SPATIO_TEMPORAL


class Figure3(OfItem):
    """The path of a moving object's centroid, of a spatio-temporal fit."""

    caption: ClassVar[str] = (
        "The path of a video's object's centroid: of the unaries, frame by frame, and of one "
        "representation in (x, y, t), evaluated between the frames too."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)

    kind: Literal["figure_3"]
    between: Between = Field(6, description="steps from a frame to the next")

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw both paths over the mean of the frames."""
        from isr.reporting.drawing import centroid_path, panels

        files, item = self.opened(study, shown)
        must_be_video(item, self.kind)
        if len(item) < 2:
            raise UserError(f"{item.name} has one frame, so nothing moves: name another item.")
        default = "Path of the centroid, frame by frame and super-resolved in time"
        title = self.headline(study, files, item.name, default)
        (cell,) = files.values()
        panels.save(centroid_path.draw_cell(cell, item, self.between, title), output)
