"""Figure 18: a region in (x, y, t) that was fitted to some frames of noise."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from isr.reporting.figures.base import Between, OfItem, must_be_video
from isr.reporting.study import Study
from isr.settings import SPATIO_TEMPORAL


class Figure18(OfItem):
    """A spatio-temporal fit to unaries of which some are noise."""

    caption: ClassVar[str] = (
        "One representation in (x, y, t) fitted to unaries of which some are noise, at the frames "
        "and between them."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)

    kind: Literal["figure_18"]
    frames: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        None, description="the first and the last; null: six with as much noise as can be"
    )
    between: Between = Field(6, description="steps from a frame to the next")

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a row for each frame, with the masks on the way to the next."""
        from isr.reporting import frame_choices, words
        from isr.reporting.drawing import panels, time_slices

        files, item = self.opened(study, shown)
        must_be_video(item, self.kind)
        (cell,) = files.values()
        noisy = cell.noisy(item.name)
        frames = frame_choices.stretch(noisy, len(item), self.frames)
        rows = time_slices.moments(cell, item, frames, self.between)
        default, detail = "Fitted in time without noise", ""
        if noisy:
            default = "Some frames fitted to noise"
            share = words.share(cell.settings.noise or 0)
            detail = f"{share} noise (frames {words.listing(noisy)})"
        title = self.headline(study, files, item.name, default, detail)
        figure = time_slices.draw_moments(rows, title, constraint=cell.constraint)
        panels.save(figure, output)
