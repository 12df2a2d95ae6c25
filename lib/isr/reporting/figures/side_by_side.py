"""Figures 1, 2, 4 and 7: what representations are fitted to, beside what comes of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from isr.errors import UserError
from isr.reporting.figures.base import OfCells
from isr.reporting.study import Cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.reporting.figures.base import Opened


class Figure1(OfCells):
    """Unaries or scribbles beside the constrained representations that were fitted to them."""

    caption: ClassVar[str] = (
        "Naive unaries (blue) beside the constrained representation fitted to them (orange). Below "
        "stands the representation's IoU with the ground truth where it is known, else with the "
        "thresholded unaries."
    )
    content: ClassVar[str] = "Naive unaries and constrained representations"

    kind: Literal["figure_1"]

    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """Two panels for each cell."""
        from isr.reporting.drawing import side_by_side

        return side_by_side.draw_pairs([cell.view(item) for cell, item in opened], title)


class Figure2(OfCells):
    """A periodic pattern and its continuations, of cells of one item."""

    caption: ClassVar[str] = (
        "A periodic pattern, its unaries, and periodic representations of them; pink: holes of the "
        "representation where the unaries show none. Equation 8 (periodic) is only almost "
        "periodic, the lattice form is periodic after rectification. What brings hidden holes "
        "back in equation 8 costs the contours of those in sight, so that its IoU may stay below "
        "that of its unaries."
    )
    content: ClassVar[str] = "A periodic pattern and what hides it"
    constraints: ClassVar[tuple[str, ...]] = ("periodic", "lattice_periodic")
    same_item: ClassVar[bool] = True

    kind: Literal["figure_2"]

    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """The picture, its unaries and a panel for each cell."""
        from isr.reporting.drawing import side_by_side

        return side_by_side.draw_pattern([cell.view(item) for cell, item in opened], title)


class Figure4(OfCells):
    """Segmentation in (x, y, depth), of cells of one picture with depth."""

    caption: ClassVar[str] = (
        "Segmentation from scribbles alone, in (x, y, depth): without a constraint and with a "
        "region that is convex in the three coordinates, though not in the picture."
    )
    content: ClassVar[str] = "Segmentation from scribbles in (x, y, depth)"
    same_item: ClassVar[bool] = True

    kind: Literal["figure_4"]

    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """The picture, its depth and a panel for each cell."""
        from isr.reporting.drawing import side_by_side

        first = opened[0][1]
        third = first.third_axis()
        if third is None or third.name != "depth":
            raise UserError(f"{self.kind}: {first.name} has no depth: name cells of another item.")
        views = [cell.view(item) for cell, item in opened]
        return side_by_side.draw_depth(views, third.values, title)


class Figure7(OfCells):
    """A series of weight decays, of path-connected cells of one item."""

    caption: ClassVar[str] = (
        "One path-connected representation with growing weight decay on its diffeomorphism, from "
        "an expressive shape to an almost convex one, which fills its convex hull."
    )
    content: ClassVar[str] = "Weight decay on the diffeomorphism, from expressive to convex"
    constraints: ClassVar[tuple[str, ...]] = ("path_connected",)
    same_item: ClassVar[bool] = True

    kind: Literal["figure_7"]

    def shown(self, cells: Cells, place: str) -> list[str]:
        """Those that are named, each with a weight decay of its own."""
        found = super().shown(cells, place)
        for index, name in enumerate(found):
            if cells[name].weight_decay is None:
                raise UserError(
                    f"config: {place}.cells[{index}] is {name!r}, whose weight_decay is not given; "
                    f"give it, since {self.kind} compares them."
                )
        return found

    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """The unaries and a panel for each weight decay."""
        from isr.reporting.drawing import side_by_side

        decays = [float(cell.settings.weight_decay or 0.0) for cell, _ in opened]
        views = [cell.view(item) for cell, item in opened]
        return side_by_side.draw_decays(views, decays, title)
