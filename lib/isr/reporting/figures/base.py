"""What every kind of figure offers: its keys, the cells that it shows, and how it is drawn."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import Field

from isr.constraints import words
from isr.data.names import read_as_text
from isr.errors import UserError
from isr.models import Model, OutputName, Text, must_know, suggest
from isr.reporting.study import Cells, Study, pick

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isr.data.items import Item
    from isr.reporting.cell_files import CellFiles

    Opened: TypeAlias = tuple[CellFiles, Item]
    """A cell and its only item."""

FRAMEWISE = ("sequential", "joint")
"""Fits of a video frame by frame."""

ItemName = Annotated[str | int, Field(union_mode="left_to_right")]
Choice = OutputName | dict[str, Any]
"""A cell by its name, or by as many axes as pick one."""
Choices = Annotated[list[Choice], Field(min_length=1)]


class FigureKind(Model):
    """One figure.

    Attributes:
        caption: a sentence or two on what it shows, for the report.
        animated: whether it is a GIF; else PNG and SVG.
        whole: whether it is of all cells of the study, from their metrics alone.
        constraints: that its cells must have; all where there are none.
    """

    caption: ClassVar[str]
    animated: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    constraints: ClassVar[tuple[str, ...]] = ()
    moved: ClassVar[Mapping[str, str]] = {
        "cases": "it is called cells now",
        "case": "it is called cell now",
        "video": "it is called item now",
        "picture": "it is called item now",
        "pictures": "it is called items now",
    }

    kind: str
    title: Text | None = Field(None, description="replaces the words about the content")

    @abstractmethod
    def shown(self, cells: Cells, place: str) -> list[str]:
        """Names of the cells that it shows, in its order.

        Args:
            cells: of the study.
            place: where it stands in the configuration, for messages.

        Raises:
            UserError: it does not pick them, or a cell cannot be shown so.
        """

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """See that the items that it names are those of the cells that it shows.

        Args:
            items: names of the items of each cell that it shows.
            place: where it stands in the configuration, for messages.

        Raises:
            UserError: one is not.
        """

    @abstractmethod
    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw it from what the cells left.

        Args:
            study: whose cells are shown.
            shown: their names, as `shown` gives them.
            output: PNG (an SVG is written beside it) or GIF file to make.

        Raises:
            UserError: a file is missing, or a cell cannot be shown so.
        """


class OfCells(FigureKind):
    """One that sets several cells, each of one item, beside each other.

    Attributes:
        content: what it shows, for the title.
        same_item: whether they have to be of the same item.
    """

    content: ClassVar[str]
    same_item: ClassVar[bool] = False

    cells: Choices = Field(description="cells to show, by name or by as many axes as pick each")

    def shown(self, cells: Cells, place: str) -> list[str]:
        """Those that are named, in their order."""
        found = []
        for index, wanted in enumerate(self.cells):
            where = f"{place}.cells[{index}]"
            name = pick(cells, wanted, where)
            must_have(self, cells, name, where)
            found.append(name)
        return found

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """Each cell has one item; for some figures, all have the same."""
        for name, own in items.items():
            if len(own) != 1:
                raise UserError(
                    f"config: {place}.cells: {name} has {len(own)} items; {self.kind} shows cells "
                    "of one; give each item a cell of its own with items."
                )
        every = dict.fromkeys(own[0] for own in items.values())
        if self.same_item and len(every) > 1:
            raise UserError(
                f"config: {place}.cells are of the items {', '.join(every)}; {self.kind} compares "
                "cells of one."
            )

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw its cells under a title that says of which data they are."""
        from isr.reporting.cell_files import CellFiles
        from isr.reporting.drawing import panels

        cells = [CellFiles(study.cell(name).folder) for name in shown]
        opened = [(cell, cell.item(cell.items[0])) for cell in cells]
        items = list(dict.fromkeys(item.name for _, item in opened))
        title = f"{self.title or self.content}: {study.describe(items)}"
        panels.save(self.figure(opened, title), output)

    @abstractmethod
    def figure(self, opened: "Sequence[Opened]", title: str) -> "Figure":
        """The figure of some cells, each with its item."""


class OfItem(FigureKind):
    """One that shows an item of one cell, or of several that differ in their fit.

    Attributes:
        fits: kinds of fits that it can show; all where there are none.
        of_video: whether the item has to be a video.
    """

    fits: ClassVar[tuple[str, ...]] = ()
    of_video: ClassVar[bool] = False

    item: ItemName | None = Field(None, description="of the cell; null: its only one")
    cell: Choice = Field(
        {}, description="by name, or by as many axes as pick one; none where there is one only"
    )

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The cell that is meant."""
        where, fits = f"{place}.cell", self.fits
        named = self.cell.get("fit") if isinstance(self.cell, dict) else None
        if fits and named is not None and named not in fits:
            raise UserError(
                f"config: {where}.fit is {named}, but {self.kind} shows {' or '.join(fits)}; "
                "choose one of these."
            )
        if isinstance(self.cell, dict) and fits:
            cells = {name: cell for name, cell in cells.items() if cell.fit in fits}
        name = pick(cells, self.cell, where)
        if fits and cells[name].fit not in fits:
            raise UserError(
                f"config: {where} is {name!r}, whose fit is {cells[name].fit}, but {self.kind} "
                f"shows {' or '.join(fits)}; choose another."
            )
        must_have(self, cells, name, where)
        return [name]

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """The item is one of each cell."""
        for own in items.values():
            self._item_of(own, place)

    def _item_of(self, items: Sequence[str], place: str) -> str:
        """The item that is meant of those of a cell."""
        if self.item is not None:
            name = read_as_text(self.item, items)
            must_know(f"{place}.item", name, items)
            return name
        if len(items) != 1:
            raise UserError(f"config: {place} lacks the item; {suggest('', items)}.")
        return items[0]

    def opened(self, study: Study, shown: Sequence[str]) -> "Subject":
        """What it shows.

        Raises:
            UserError: it has to be a video, and is none.
        """
        from isr.reporting.cell_files import CellFiles

        cells = [study.cell(name) for name in shown]
        files: dict[str, CellFiles] = {cell.settings.fit: CellFiles(cell.folder) for cell in cells}
        first = next(iter(files.values()))
        item = first.item(self._item_of(first.items, self.kind))
        if self.of_video and not item.is_video:
            raise UserError(
                f"{self.kind} shows a video, but {item.name} is none: name another item."
            )
        return Subject(self, study, files, item)

    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw what is shown."""
        from isr.reporting.drawing import panels

        panels.save(self.figure(self.opened(study, shown)), output)

    def figure(self, subject: "Subject") -> "Figure":
        """The figure, of one that is no animation."""
        raise NotImplementedError


@dataclass(frozen=True)
class Subject:
    """The item that a figure shows, with its cells.

    Attributes:
        figure: that shows it.
        study: whose cells they are.
        files: of the cells, by their fit.
        item: the item.
    """

    figure: OfItem
    study: Study
    files: "Mapping[str, CellFiles]"
    item: "Item"

    @property
    def cell(self) -> "CellFiles":
        """The cell, of a figure that shows one."""
        (cell,) = self.files.values()
        return cell

    def title(self, content: str, detail: str = "") -> str:
        """A title: what is shown, of which item and data, and what it was made from."""
        from isr.reporting.cell_files import conditions

        name = self.item.name
        place = ", ".join(filter(None, (name.replace("_", " "), detail)))
        told = conditions(list(self.files.values()), name)
        shown = "; ".join(filter(None, (place, self.study.describe([name]), told)))
        return f"{self.figure.title or content}: {shown}"

    def number(self, frame: int | None, otherwise: Callable[[], int]) -> int | None:
        """The frame that a figure names, or else another; None of a picture or a volume.

        Raises:
            UserError: the item has no such frame.
        """
        item, kind = self.item, self.figure.kind
        if frame is None:
            return otherwise() if item.is_video else None
        if not item.is_video:
            raise UserError(f"frame {frame} of {kind}: {item.name} is no video: leave frame out.")
        if not 0 <= frame < len(item):
            raise UserError(
                f"frame {frame} of {kind}: {item.name} has {len(item)} frames, from 0: name "
                "another."
            )
        return frame


def must_have(figure: FigureKind, cells: Cells, name: str, where: str) -> None:
    """See that a cell has one of the constraints that a figure needs.

    Raises:
        UserError: it has another.
    """
    constraint = cells[name].constraint
    if figure.constraints and constraint not in figure.constraints:
        needed = " or ".join(words(each) for each in figure.constraints)
        raise UserError(
            f"config: {where} is {name!r}, which is {words(constraint)}; {figure.kind} needs a "
            f"cell that is {needed}."
        )


def pick_fits(cells: Cells, wanted: Choice, fits: Sequence[str], where: str) -> list[str]:
    """One cell for each of some fits, which the choice leaves open.

    Raises:
        UserError: the choice is a name, or names the fit, or picks no such cells.
    """
    if isinstance(wanted, str) or "fit" in wanted:
        told = repr(wanted) if isinstance(wanted, str) else f"fit {wanted['fit']}"
        raise UserError(
            f"config: {where} is {told}, but the figure shows the fits {' and '.join(fits)}; give "
            "axes that pick a cell of each, without fit."
        )
    return [pick(cells, {**wanted, "fit": fit}, where) for fit in fits]
