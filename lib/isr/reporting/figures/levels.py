"""Figures 9 and 9a: levels of representations as surfaces over their pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from isr.reporting.figures.base import OfCells, OfItem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.reporting.figures.base import Opened, Subject


class Figure9(OfCells):
    """Level surfaces of several cells; of a video or a volume, in its middle."""

    caption: ClassVar[str] = (
        "Levels of representations as surfaces over their pictures; the foreground is where a "
        "surface dips to zero or below."
    )
    content: ClassVar[str] = "Levels of representations as surfaces"

    kind: Literal["figure_9"]

    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """A surface for each cell."""
        from isr.reporting.drawing import level_surface

        surfaces = []
        for cell, item in opened:
            view = cell.view(item)
            surfaces.append((cell.level(item), view.image, f"{view.item}: {view.constraint}"))
        return level_surface.draw_several(surfaces, title)


class Figure9a(OfItem):
    """The level surface of one fit; of a video or a volume, in its middle."""

    caption: ClassVar[str] = (
        "The level surface of one fit over its picture; the foreground is where it dips to zero or "
        "below."
    )

    kind: Literal["figure_9a"]

    def figure(self, subject: "Subject") -> "Figure":
        """The surface."""
        from isr.reporting.drawing import level_surface

        cell, item = subject.cell, subject.item
        title = subject.title(f"Level of a {cell.constraint} region")
        return level_surface.draw(cell.level(item), cell.view(item).image, title)
