"""Animations of videos."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.reporting.figures.base import Between, OfItem, must_be_video
from isr.reporting.study import Cells, Study
from isr.settings import SPATIO_TEMPORAL


class Animation(OfItem):
    """A video with the outlines of both outputs, as a GIF."""

    caption: ClassVar[str] = (
        "A video with the outlines of the representation and of the predictor's mask."
    )
    animated: ClassVar[bool] = True

    kind: Literal["animation"]
    between: Between = Field(
        1, description="steps from a frame to the next; more than 1 for `spatio-temporal` alone"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cell that is meant."""
        (name,) = super().shown(cells, place)
        if self.between > 1 and cells[name].fit != SPATIO_TEMPORAL:
            raise UserError(
                f"config: {place}.between is {self.between}, but {name} is fitted frame by frame; "
                f"set it to 1, or choose a cell of fit {SPATIO_TEMPORAL}."
            )
        return [name]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Write the animation."""
        from isr.reporting.drawing import animation, overlays

        files, item = self.opened(study, shown)
        must_be_video(item, self.kind)
        (cell,) = files.values()
        entries = (
            (overlays.PREDICTOR, cell.predictor.title),
            (overlays.REPRESENTATION, cell.constraint),
        )
        animation.save(animation.stills(cell, item, self.between), output, entries=entries)
