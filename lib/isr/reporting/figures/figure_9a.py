"""Figure 9a: the level of one representation as a surface over its picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from isr.reporting.figures.base import OfItem
from isr.reporting.study import Study


class Figure9a(OfItem):
    """The level surface of one fit; of a video or a volume, in its middle."""

    caption: ClassVar[str] = (
        "The level surface of one fit over its picture; the foreground is where it dips to zero or "
        "below."
    )

    kind: Literal["figure_9a"]

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw the surface."""
        from isr.reporting.drawing import level_surface, panels

        files, item = self.opened(study, shown)
        (cell,) = files.values()
        middle = len(item) // 2 if item.is_layered else None
        image = item.frame(middle or 0) / 255.0
        title = self.headline(study, files, item.name, f"Level of a {cell.constraint} region")
        panels.save(level_surface.draw(cell.level(item, middle), image, title), output)
