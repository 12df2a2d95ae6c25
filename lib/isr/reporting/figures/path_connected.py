"""The path-connected region that figures 14 and 16 show."""

from typing import TYPE_CHECKING

from isr.errors import UserError

if TYPE_CHECKING:
    from isr.coordinates import Scene
    from isr.data.items import Item
    from isr.reporting.cell_files import CellFiles
    from isr.representations.path_connected import PathConnected


def region_of(
    cell: "CellFiles", item: "Item", frame: int | None, kind: str
) -> "tuple[PathConnected, Scene]":
    """The representation in the plane of a picture or a frame, and what it is drawn for.

    Raises:
        UserError: it is another, or has a third coordinate.
    """
    from isr.representations.path_connected import PathConnected

    scene = cell.scene(item)
    if scene.third is not None:
        raise UserError(
            f"{kind} shows pictures and frames, but {item.name} has a third coordinate: name "
            "another item."
        )
    representation = cell.representation(cell.fit_name(item, frame))
    if not isinstance(representation, PathConnected):
        raise UserError(
            f"{cell.folder}: the region of {item.name} is no single path-connected one: name "
            "another item or cell."
        )
    return representation, scene
