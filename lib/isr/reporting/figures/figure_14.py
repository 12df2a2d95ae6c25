"""Figure 14: a region that is connected in the plane through a link that a raster loses."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from isr.reporting.figures.base import FRAMEWISE, OfItem, chosen
from isr.reporting.figures.path_connected import region_of
from isr.reporting.study import Study


class Figure14(OfItem):
    """A connection thinner than a pixel, of a path-connected region in a picture or a frame."""

    caption: ClassVar[str] = (
        "Path-connectedness holds in the plane, not on a raster: the pieces of a drawn mask of a "
        "picture or a frame, the path between them inside the region, and a finer raster. A region "
        "that stays in one piece on every raster tried is shown as such."
    )
    constraints: ClassVar[tuple[str, ...]] = ("path_connected",)
    fits: ClassVar[tuple[str, ...]] = FRAMEWISE

    kind: Literal["figure_14"]
    frame: int | None = Field(
        None, ge=0, description="of a video; null: that with the thinnest connection"
    )

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the pieces, the outline between two of them, and a finer raster."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import panels, thin_connection

        files, item = self.opened(study, shown)
        (cell,) = files.values()
        number = chosen(self.frame, item, self.kind)
        if number is None and item.is_video:
            number = frame_choices.thinnest(cell, item)
        view = cell.view(item, number)
        representation, scene = region_of(cell, item, number, self.kind)
        found = thin_connection.find_connection(representation, scene, view.image)
        lost = "A connection that a raster loses"
        default = lost if found.path is not None else "No raster loses a connection"
        title = self.headline(study, files, item.name, default)
        panels.save(thin_connection.draw(found, title, name=view.place), output)
