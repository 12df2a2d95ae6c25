"""Figures 14 and 16: a path-connected region, what connects it, and how it is deformed."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.reporting.figures.base import FRAMEWISE, OfItem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.coordinates import Scene
    from isr.reporting.figures.base import Subject
    from isr.representations.path_connected import PathConnected


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

    def figure(self, subject: "Subject") -> "Figure":
        """The pieces, the outline between two of them, and a finer raster."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import thin_connection

        cell, item = subject.cell, subject.item
        number = subject.number(self.frame, lambda: frame_choices.thinnest(cell, item))
        view = cell.view(item, number)
        found = thin_connection.find_connection(*_region(subject, number), view.image)
        lost = "A connection that a raster loses"
        title = subject.title(lost if found.path is not None else "No raster loses a connection")
        return thin_connection.draw(found, title, name=view.place)


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

    def figure(self, subject: "Subject") -> "Figure":
        """The grid, the deformed grid, and the parts of the region in both spaces."""
        from isr.reporting import frame_choices
        from isr.reporting.drawing import deformation

        cell, item = subject.cell, subject.item
        number = subject.number(self.frame, lambda: frame_choices.best_fitted(cell, item))
        view = cell.view(item, number)
        found = deformation.find_deformation(*_region(subject, number), view.image, view.mask)
        base = str(cell.settings.options.get("base", "convex")).replace("_", "-")
        title = subject.title("The diffeomorphism of a path-connected region")
        return deformation.draw(found, title, name=view.place, base=base)


def _region(subject: "Subject", frame: int | None) -> "tuple[PathConnected, Scene]":
    """The representation in the plane of a picture or a frame, and what it is drawn for.

    Raises:
        UserError: it is another, or has a third coordinate.
    """
    from isr.representations.path_connected import PathConnected

    cell, item = subject.cell, subject.item
    scene = cell.scene(item)
    if scene.third is not None:
        raise UserError(
            f"{subject.figure.kind} shows pictures and frames, but {item.name} has a third "
            "coordinate: name another item."
        )
    representation = cell.representation(cell.fit_name(item, frame))
    if not isinstance(representation, PathConnected):
        raise UserError(
            f"{cell.folder}: the region of {item.name} is no single path-connected one: name "
            "another item or cell."
        )
    return representation, scene
