"""Figures 3, 17 and 18, and animations: a video, and a region in (x, y, t) between its frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.reporting.figures.base import OfItem
from isr.reporting.study import Cells, Study
from isr.settings import SPATIO_TEMPORAL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.reporting.figures.base import Subject

Between = Annotated[int, Field(ge=1)]


class Figure3(OfItem):
    """The path of a moving object's centroid, of a spatio-temporal fit."""

    caption: ClassVar[str] = (
        "The path of a video's object's centroid: of the unaries, frame by frame, and of one "
        "representation in (x, y, t), evaluated between the frames too."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)
    of_video: ClassVar[bool] = True

    kind: Literal["figure_3"]
    between: Between = Field(6, description="steps from a frame to the next")

    def figure(self, subject: "Subject") -> "Figure":
        """Both paths over the mean of the frames."""
        from isr.reporting.drawing import in_time

        item = subject.item
        if len(item) < 2:
            raise UserError(f"{item.name} has one frame, so nothing moves: name another item.")
        title = subject.title("Path of the centroid, frame by frame and super-resolved in time")
        return in_time.draw_path(subject.cell, item, self.between, title)


class Figure17(OfItem):
    """Slices of a spatio-temporal fit, at the frames and in between."""

    caption: ClassVar[str] = (
        "One representation in (x, y, t) along a video, evaluated between the frames too."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)
    of_video: ClassVar[bool] = True

    kind: Literal["figure_17"]
    between: Between = Field(6, description="slices from a frame to the next")

    def figure(self, subject: "Subject") -> "Figure":
        """The outlines of the slices stacked along the axis of time."""
        from isr.reporting.drawing import in_time

        title = subject.title("Super-resolved in time")
        return in_time.draw_slices(subject.cell, subject.item, self.between, title)


class Figure18(OfItem):
    """A spatio-temporal fit to unaries of which some are noise."""

    caption: ClassVar[str] = (
        "One representation in (x, y, t) fitted to unaries of which some are noise, at the frames "
        "and between them."
    )
    fits: ClassVar[tuple[str, ...]] = (SPATIO_TEMPORAL,)
    of_video: ClassVar[bool] = True

    kind: Literal["figure_18"]
    frames: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        None, description="the first and the last; null: six with as much noise as can be"
    )
    between: Between = Field(6, description="steps from a frame to the next")

    def figure(self, subject: "Subject") -> "Figure":
        """A row for each frame, with the masks on the way to the next."""
        from isr.reporting import frame_choices, words
        from isr.reporting.drawing import in_time

        cell, item = subject.cell, subject.item
        noisy = cell.noisy(item.name)
        frames = frame_choices.stretch(noisy, len(item), self.frames)
        content, detail = "Fitted in time without noise", ""
        if noisy:
            content = "Some frames fitted to noise"
            share = words.share(cell.settings.noise or 0)
            detail = f"{share} noise (frames {words.listing(noisy)})"
        title = subject.title(content, detail)
        return in_time.draw_moments(cell, item, frames, self.between, title)


class Animation(OfItem):
    """A video with the outlines of both outputs, as a GIF."""

    caption: ClassVar[str] = (
        "A video with the outlines of the representation and of the predictor's mask."
    )
    animated: ClassVar[bool] = True
    of_video: ClassVar[bool] = True

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

        subject = self.opened(study, shown)
        cell = subject.cell
        entries = (
            (overlays.PREDICTOR, cell.predictor.title),
            (overlays.REPRESENTATION, cell.constraint),
        )
        animation.save(animation.stills(cell, subject.item, self.between), output, entries=entries)
