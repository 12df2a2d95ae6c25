"""Figure 9: levels of representations as surfaces over their pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.reporting.figures.base import OfCells
from isr.reporting.study import Study


class Figure9(OfCells):
    """Level surfaces of several cells; of a video or a volume, in its middle."""

    caption: ClassVar[str] = (
        "Levels of representations as surfaces over their pictures; the foreground is where a "
        "surface dips to zero or below."
    )

    kind: Literal["figure_9"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw a surface for each cell."""
        from isr.reporting.drawing import level_surface, panels

        opened = self.opened(study, shown)
        surfaces = []
        for cell, item in opened:
            middle = len(item) // 2 if item.is_layered else None
            view = cell.view(item, middle)
            heading = f"{view.item}: {view.constraint}"
            surfaces.append((cell.level(item, middle), view.image, heading))
        title = self.headline(
            study, "Levels of representations as surfaces", [item.name for _, item in opened]
        )
        panels.save(level_surface.draw_several(surfaces, title), output)
