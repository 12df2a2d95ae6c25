"""What a table, a figure or the report is told of a study: its data, and all cells planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isr.data.kinds import DatasetKind, read_entry
from isr.errors import UserError
from isr.models import must_know, suggest
from isr.predictors import PredictorKind
from isr.predictors import read_entry as read_predictor
from isr.settings import CellSettings


@dataclass(frozen=True)
class PlannedCell:
    """One cell of a study, whether it ran or not.

    Attributes:
        name: of the cell.
        folder: where its files lie.
        settings: how its items are segmented.
        items: names of its items.
        by_hand: settings that were set by hand for it, by trial.
    """

    name: str
    folder: Path
    settings: CellSettings
    items: tuple[str, ...]
    by_hand: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """A study with all its cells.

    Attributes:
        name: of the study.
        text: a sentence of the configuration, or "".
        dataset_name: of its data set.
        dataset: the data set.
        cells: all cells planned.
        predictors: of the configuration, by name.
    """

    name: str
    text: str
    dataset_name: str
    dataset: DatasetKind
    cells: tuple[PlannedCell, ...]
    predictors: Mapping[str, PredictorKind]

    @property
    def items(self) -> list[str]:
        """Names of the items of all cells, without repetition."""
        return list(dict.fromkeys(item for cell in self.cells for item in cell.items))

    def describe(self, items: Sequence[str] | None = None) -> str:
        """What the data are, for titles: of some items, by default of all."""
        return self.dataset.describe(self.dataset_name, self.items if items is None else items)

    def cell(self, name: str) -> PlannedCell:
        """The cell of a name.

        Raises:
            UserError: there is none.
        """
        found = next((cell for cell in self.cells if cell.name == name), None)
        if found is None:
            known = suggest(name, [each.name for each in self.cells])
            raise UserError(f"study {self.name} has no cell {name!r}; {known}.")
        return found


def read_study(content: Mapping[str, Any]) -> Study:
    """Read what a job was told of a study.

    Args:
        content: name, text, dataset (name), entry (of the data set), cells [{name, folder,
            settings, items, by_hand}], predictors {name: entry}.
    """
    cells = tuple(
        PlannedCell(
            cell["name"],
            Path(cell["folder"]),
            CellSettings.model_validate(cell["settings"]),
            tuple(cell["items"]),
            cell.get("by_hand", {}),
        )
        for cell in content["cells"]
    )
    return Study(
        content["name"],
        content.get("text") or "",
        content["dataset"],
        read_entry(content["entry"]),
        cells,
        {name: read_predictor(entry) for name, entry in content["predictors"].items()},
    )


Cells = Mapping[str, CellSettings]
"""The cells of a study by name."""


def values_of(cells: Cells, axis: str) -> list[Any]:
    """The different values that cells have on an axis, in their order."""
    return list(dict.fromkeys(getattr(cell, axis) for cell in cells.values()))


def pick(cells: Cells, wanted: str | Mapping[str, Any], place: str) -> str:
    """Find the one cell of a name, or with the wanted values on the axes that are named.

    Args:
        cells: of a study.
        wanted: a name, or values of some axes.
        place: where in the configuration it stands, for the message.

    Raises:
        UserError: no cell or more than one is meant.
    """
    if isinstance(wanted, str):
        must_know(place, wanted, cells)
        return wanted
    for axis in wanted:
        must_know(place, axis, CellSettings.model_fields)
    found = [
        name
        for name, cell in cells.items()
        if all(getattr(cell, axis) == value for axis, value in wanted.items())
    ]
    if len(found) == 1:
        return found[0]
    values = ", ".join(f"{axis} {value}" for axis, value in wanted.items())
    if not found:
        raise UserError(f"config: {place}: the study has no cell with {values}; choose another.")
    several = [
        axis
        for axis in CellSettings.model_fields
        if len({str(getattr(cells[name], axis)) for name in found}) > 1
    ]
    raise UserError(
        f"config: {place}: {len(found)} cells of the study have {values or 'any values'}; "
        f"name {' and '.join(several)} too."
    )
