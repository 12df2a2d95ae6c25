"""Figure 16: the diffeomorphism of a path-connected region."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.reporting.figures.base import FRAMEWISE, OfItem, chosen
from isr.reporting.figures.path_connected import region_of
from isr.reporting.study import Study


class Figure16(OfItem):
    """The diffeomorphism of a path-connected region in a picture or a frame."""

    caption: ClassVar[str] = (
        "How the diffeomorphism deforms the grid of a picture or a frame, so that the region "
        "becomes the base's; each part of the region has one colour in the picture and in the "
        "base's space."
    )
    constraints: ClassVar[tuple[str, ...]] = ("path_connected",)
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE

    kind: Literal["figure_16"]
    frame: int | None = Field(
        None, ge=0, description="of a video; null: that with the best agreement"
    )

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the grid, the deformed grid, and the parts of the region in both spaces."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import deformation, panels

        files, item = self.opened(study, shown)
        (cell,) = files.values()
        number = chosen(self.frame, item, self.kind)
        if number is None and item.is_video:
            number = frame_choices.best_fitted(cell, item)
        view = cell.view(item, number)
        representation, scene = region_of(cell, item, number, self.kind)
        found = deformation.find_deformation(representation, scene, view.image, view.mask)
        base = str(cell.settings.options.get("base", "convex")).replace("_", "-")
        default = "The diffeomorphism of a path-connected region"
        title = self.headline(study, files, item.name, default)
        panels.save(deformation.draw(found, title, name=view.place, base=base), output)
