"""Figure 15: what training both jointly changes on one frame."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from isr.reporting.figures.base import FRAMEWISE, OfItem, chosen
from isr.reporting.study import Study

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from isr.data.items import Item
    from isr.reporting.cell_files import CellFiles


class Figure15(OfItem):
    """A frame or a picture with its sequential and its joint fit."""

    caption: ClassVar[str] = (
        "One frame with its weak labels (or a picture with its scribbles), its sequential fit, and "
        "the joint fit, after fine-tuning together with the predictor."
    )
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE
    both: ClassVar[bool] = True

    kind: Literal["figure_15"]
    frame: int | None = Field(
        None, ge=0, description="of a video; null: that on which the joint fit gains most"
    )

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a row for each fit."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import fits_compared, panels

        files, item = self.opened(study, shown)
        number = chosen(self.frame, item, self.kind)
        if number is None and item.is_video:
            number = frame_choices.gains_most(files["sequential"], files["joint"], item)
        views = {fit: files[fit].view(item, number) for fit in self.fits}
        marks, noun = _marks(files["joint"], item, number)
        detail = "" if number is None else f"frame {number}"
        title = self.headline(study, files, item.name, "Sequential and joint fit", detail)
        panels.save(fits_compared.draw_frame(views, marks, noun, title), output)


def _marks(
    cell: "CellFiles", item: "Item", frame: int | None
) -> "tuple[NDArray[np.uint8] | None, str]":
    """What the predictor learnt from (h, w): weak labels or scribbles; None for neither."""
    from isr.data.weak_labels.store import read_labels

    folder = cell.labels_folder(item.name)
    if folder is not None and frame is not None:
        return read_labels(folder, frame).labels, "label"
    return cell.view(item, frame).scribbles, "scribble"
