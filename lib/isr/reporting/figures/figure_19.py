"""Figure 19: all annotated frames of a video with what a predictor and a representation find."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.errors import UserError
from isr.reporting.figures.base import FRAMEWISE, OfItem, must_be_video, must_have, pick_fits
from isr.reporting.study import Cells, Study, values_of


class Figure19(OfItem):
    """All annotated frames; of every fit frame by frame that `cell` leaves open."""

    caption: ClassVar[str] = (
        "All annotated frames of a video with the predictor's mask, the representation and the "
        "ground truth."
    )
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE

    kind: Literal["figure_19"]

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cell that is meant, or one for each fit that the study has."""
        if isinstance(self.cell, str) or "fit" in self.cell:
            return super().shown(cells, place)
        there = values_of(cells, "fit")
        fits = [fit for fit in self.fits if fit in there] or list(self.fits[:1])
        found = pick_fits(cells, self.cell, fits, f"{place}.cell")
        for name in found:
            must_have(self, cells, name, f"{place}.cell")
        return found

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a row for each frame, or as many as there is room for."""
        from isr.reporting.drawing import fits_compared, panels

        files, item = self.opened(study, shown)
        must_be_video(item, self.kind)
        every = item.annotated
        if not every:
            raise UserError(f"{item.name} has no annotated frame: name another item.")
        frames = fits_compared.shown_frames(every, len(files))
        views = [{fit: cell.view(item, n) for fit, cell in files.items()} for n in frames]
        default, detail = "All annotated frames", ""
        if len(frames) < len(every):
            default = "Annotated frames"
            detail = f"{len(frames)} of {len(every)}, evenly spaced"
        title = self.headline(study, files, item.name, default, detail)
        panels.save(fits_compared.draw_frames(views, title), output)
