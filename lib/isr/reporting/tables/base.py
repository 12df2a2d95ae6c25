"""What every kind of table offers: its keys, the cells that it is about, and how it is made."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from isr.errors import UserError
from isr.models import Model, Text, must_know
from isr.reporting.study import Cells, Study, values_of
from isr.settings import CellSettings

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table

_NOT_TOLD = ("items", "stack_size", "problems_per_job")
"""Keys in which cells may differ without being of another kind."""


class TableKind(Model):
    """One table.

    Attributes:
        caption: a sentence or two on what it shows, for the report.
    """

    caption: ClassVar[str]

    kind: str
    title: Text | None = Field(None, description="replaces the words about the content")
    published: bool = Field(
        True, description="whether the paper's numbers stand beside ours, where it has such"
    )

    @abstractmethod
    def shown(self, cells: Cells, place: str) -> list[str]:
        """Names of the cells that it is about.

        Args:
            cells: of the study.
            place: where it stands in the configuration, for messages.

        Raises:
            UserError: the study has none, or several kinds of which none is named.
        """

    @abstractmethod
    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average the metrics of its cells, and lay the numbers out.

        Args:
            study: whose cells it is about.
            shown: their names, as `shown` gives them.

        Returns:
            The numbers in tidy form as text for a CSV file, and the table.

        Raises:
            UserError: a file cannot be read.
        """


def choose(
    cells: Cells, wanted: Mapping[str, str | None], axes: Sequence[str], place: str
) -> list[str]:
    """The cells that a table is about, by the values of some axes.

    Args:
        cells: of the study.
        wanted: values of axes; None for the only one.
        axes: that the table shows.
        place: where the table stands in the configuration, for messages.

    Raises:
        UserError: there is no such value, or several of which none is named, or cells of the same
            items are told apart by what the table does not show.
    """
    found = dict(cells)
    for axis, value in wanted.items():
        known = values_of(found, axis)
        if value is not None:
            must_know(f"{place}.{axis}", value, known)
        elif len(known) > 1:
            raise UserError(
                f"config: {place}: the study has several of {axis} ({', '.join(map(str, known))}); "
                f"name one with {axis}."
            )
        chosen = value or known[0]
        found = {name: cell for name, cell in found.items() if getattr(cell, axis) == chosen}
    for one, other in combinations(found, 2):
        first, second = found[one], found[other]
        alike = all(getattr(first, axis) == getattr(second, axis) for axis in axes)
        if alike and _share_items(first, second):
            differ = [
                key
                for key in CellSettings.model_fields
                if key not in _NOT_TOLD and getattr(first, key) != getattr(second, key)
            ]
            raise UserError(
                f"config: {place}: the cells {one} and {other} are of the same item and differ in "
                f"{' and '.join(differ) or 'nothing'}, which the table does not show; put one of "
                "them into another study."
            )
    return list(found)


def _share_items(one: CellSettings, other: CellSettings) -> bool:
    if one.items is None or other.items is None:
        return True
    return bool(set(map(str, one.items)) & set(map(str, other.items)))
