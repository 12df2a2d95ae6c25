"""Which cells of a study a table is about."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from isr.errors import UserError
from isr.models import must_know
from isr.reporting.study import Cells, values_of
from isr.settings import CellSettings

_NOT_TOLD = ("items", "stack_size", "problems_per_job")
"""Keys in which cells may differ without being of another kind."""


def of_constraint(cells: Cells, constraint: str | None, place: str) -> list[str]:
    """The cells of one constraint that a table of predictors, features and fits is about.

    Args:
        cells: of the study.
        constraint: which; None for the only one.
        place: where the table stands in the configuration, for messages.

    Raises:
        UserError: there is no such constraint, or several of which none is named, or cells are told
            apart by what the table does not show.
    """
    shown = _of_one(cells, {"constraint": constraint}, place)
    return _told_apart(shown, ("predictor", "features", "labels", "fit", "seed"), place)


def of_kinds(
    cells: Cells,
    fits: Sequence[str],
    wanted: Mapping[str, str | None],
    beside: Sequence[str],
    place: str,
) -> list[str]:
    """The cells of some fits that a table of items or of noise is about.

    Args:
        cells: of the study.
        fits: kinds of fits.
        wanted: values of axes; None for the only one.
        beside: axes of which several values stand beside each other where none is named.
        place: where the table stands in the configuration, for messages.

    Raises:
        UserError: the study has no such fit, or several values of an axis of which none is named,
            or cells are told apart by what the table does not show.
    """
    found = {name: cell for name, cell in cells.items() if cell.fit in fits}
    if not found:
        raise UserError(
            f"config: {place}: the study has no fit {' or '.join(fits)}; add one, or remove the "
            "table."
        )
    known = {axis: value for axis, value in wanted.items() if value or axis not in beside}
    shown = _of_one(found, known, place)
    return _told_apart(shown, ("fit", "seed", "noise", *beside), place)


def _of_one(cells: Cells, wanted: Mapping[str, str | None], place: str) -> dict[str, CellSettings]:
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
    return found


def _told_apart(cells: Cells, axes: Sequence[str], place: str) -> list[str]:
    """See that cells with the same items differ on the axes that a table shows."""
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, cell in cells.items():
        alike.setdefault(tuple(getattr(cell, axis) for axis in axes), []).append(name)
    for names in alike.values():
        for one, other in combinations(names, 2):
            if _share_items(cells[one], cells[other]):
                differ = [
                    key
                    for key in CellSettings.model_fields
                    if key not in _NOT_TOLD
                    and getattr(cells[one], key) != getattr(cells[other], key)
                ]
                raise UserError(
                    f"config: {place}: the cells {one} and {other} are of the same item and differ "
                    f"in {' and '.join(differ) or 'nothing'}, which the table does not show; put "
                    "one of them into another study."
                )
    return list(cells)


def _share_items(one: CellSettings, other: CellSettings) -> bool:
    if one.items is None or other.items is None:
        return True
    return bool(set(map(str, one.items)) & set(map(str, other.items)))
