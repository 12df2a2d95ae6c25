"""Figures 5, 6, 13, 15 and 19: what ways of fitting make of pictures and frames."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.models import must_know
from isr.reporting.figures.base import FRAMEWISE, FigureKind, ItemName, OfItem, pick_fits
from isr.reporting.study import Cells, Study, values_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.reporting.figures.base import Subject


class Figure5(FigureKind):
    """Predictor and representation of the sequential and the joint fit of some items."""

    caption: ClassVar[str] = (
        "Scribbles, the raw predictor's mask, and the masks of the sequential and the joint fit of "
        "the representation."
    )

    kind: Literal["figure_5"]
    items: Annotated[list[ItemName], Field(min_length=1)] = Field(description="a row for each")
    cell: dict[str, Any] = Field(
        {}, description="axes that pick one sequential and one joint cell, without fit"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The sequential and the joint cell."""
        return pick_fits(cells, self.cell, FRAMEWISE, f"{place}.cell")

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """Both cells have all of them."""
        for own in items.values():
            for index, name in enumerate(self.items):
                must_know(f"{place}.items[{index}]", str(name), own)

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a row for each item."""
        from isr.reporting.cell_files import CellFiles
        from isr.reporting.drawing import fits_compared, panels

        sequential, joint = (CellFiles(study.cell(name).folder) for name in shown)
        names = [str(name) for name in self.items]
        rows = [
            (sequential.view(sequential.item(name)), joint.view(joint.item(name))) for name in names
        ]
        title = f"{self.title or 'Sequential and joint fits'}: {study.describe(names)}"
        panels.save(fits_compared.draw_pairs(rows, title), output)


class Figure6(OfItem):
    """A frame on which the representation loses most against the predictor."""

    caption: ClassVar[str] = (
        "A frame on which the representation loses against the predictor, and whether the ground "
        "truth itself contradicts the constraint."
    )
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE
    of_video: ClassVar[bool] = True

    kind: Literal["figure_6"]
    frame: int | None = Field(None, ge=0, description="null: that of the rank")
    rank: int = Field(
        1,
        description="1: the frame on which the representation loses most, 2: the next (the paper's "
        "figure 13); -1: on which it gains most",
    )

    def figure(self, subject: "Subject") -> "Figure":
        """The frame: truth, predictor, representation, and where these two disagree."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import fits_compared

        cell, item = subject.cell, subject.item
        scores, left_out = frame_choices.judged(cell, item)
        worst, told = frame_choices.choose(scores, self.rank, left_out)
        number = subject.number(self.frame, lambda: worst)
        view = cell.view(item, number)
        if view.ground_truth is None:
            raise UserError(f"frame {number} of {self.kind} has no ground truth: name another.")
        content = "Where the prior loses" if view.gain < 0 else "Where the prior does not lose"
        why = fits_compared.contradiction(cell.row(item.name, number))
        title = subject.title(content, f"frame {number}")
        return fits_compared.draw_loss(view, title, why=why, remark=told)


class Figure15(OfItem):
    """A frame or a picture with its sequential and its joint fit."""

    caption: ClassVar[str] = (
        "One frame with its weak labels (or a picture with its scribbles), its sequential fit, and "
        "the joint fit, after fine-tuning together with the predictor."
    )

    kind: Literal["figure_15"]
    frame: int | None = Field(
        None, ge=0, description="of a video; null: that on which the joint fit gains most"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The sequential and the joint cell."""
        return pick_fits(cells, self.cell, FRAMEWISE, f"{place}.cell")

    def figure(self, subject: "Subject") -> "Figure":
        """A row for each fit."""
        from isr.data.weak_labels.store import read_labels
        from isr.reporting import frame_choices
        from isr.reporting.drawing import fits_compared

        item = subject.item
        sequential, joint = (subject.files[fit] for fit in FRAMEWISE)
        number = subject.number(
            self.frame, lambda: frame_choices.gains_most(sequential, joint, item)
        )
        views = {fit: subject.files[fit].view(item, number) for fit in FRAMEWISE}
        marks, noun = views["joint"].scribbles, "scribble"
        folder = joint.labels_folder(item.name)
        if folder is not None and number is not None:
            marks, noun = read_labels(folder, number).labels, "label"
        detail = "" if number is None else f"frame {number}"
        title = subject.title("Sequential and joint fit", detail)
        return fits_compared.draw_frame(views, marks, noun, title)


class Figure19(OfItem):
    """All annotated frames; of every fit frame by frame that `cell` leaves open."""

    caption: ClassVar[str] = (
        "All annotated frames of a video with the predictor's mask, the representation and the "
        "ground truth."
    )
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE
    of_video: ClassVar[bool] = True

    kind: Literal["figure_19"]

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cell that is meant, or one for each fit that the study has."""
        if isinstance(self.cell, str) or "fit" in self.cell:
            return super().shown(cells, place)
        there = values_of(cells, "fit")
        fits = [fit for fit in self.fits if fit in there] or list(self.fits[:1])
        return pick_fits(cells, self.cell, fits, f"{place}.cell")

    def figure(self, subject: "Subject") -> "Figure":
        """A row for each frame, or as many as there is room for."""
        from isr.reporting.drawing import fits_compared

        files, item = subject.files, subject.item
        every = item.annotated
        if not every:
            raise UserError(f"{item.name} has no annotated frame: name another item.")
        frames = fits_compared.shown_frames(every, len(files))
        views = [{fit: cell.view(item, n) for fit, cell in files.items()} for n in frames]
        content, detail = "All annotated frames", ""
        if len(frames) < len(every):
            content = "Annotated frames"
            detail = f"{len(frames)} of {len(every)}, evenly spaced"
        return fits_compared.draw_frames(views, subject.title(content, detail))
