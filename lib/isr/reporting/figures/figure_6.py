"""Figures 6 and 13: a frame on which the representation loses against the predictor, and why."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.reporting.figures.base import FRAMEWISE, OfItem, chosen, must_be_video
from isr.reporting.study import Study


class Figure6(OfItem):
    """A frame on which the representation loses most against the predictor."""

    caption: ClassVar[str] = (
        "A frame on which the representation loses against the predictor, and whether the ground "
        "truth itself contradicts the constraint."
    )
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE

    kind: Literal["figure_6"]
    frame: int | None = Field(None, ge=0, description="null: that of the rank")
    rank: int = Field(
        1,
        description="1: the frame on which the representation loses most, 2: the next (the paper's "
        "figure 13); -1: on which it gains most",
    )

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the frame: truth, predictor, representation, and where these two disagree."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import panels, where_it_loses

        files, item = self.opened(study, shown)
        must_be_video(item, self.kind)
        (cell,) = files.values()
        scores, left_out = frame_choices.judged(cell, item)
        choice = frame_choices.choose(scores, self.rank, left_out)
        number = chosen(self.frame, item, self.kind)
        number = choice.frame if number is None else number
        view = cell.view(item, number)
        if view.ground_truth is None:
            raise UserError(f"frame {number} of {self.kind} has no ground truth: name another.")
        default = "Where the prior loses" if view.gain < 0 else "Where the prior does not lose"
        figure = where_it_loses.draw(
            view,
            self.headline(study, files, item.name, default, f"frame {number}"),
            why=where_it_loses.contradiction(cell.row(item.name, number)),
            remark=choice.words(),
        )
        panels.save(figure, output)
