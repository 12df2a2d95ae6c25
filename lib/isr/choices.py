"""Choosing by name among what a configuration has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from isr.errors import UserError
from isr.schema import suggest


def must_know(place: str, name: object, known: Iterable[object]) -> None:
    """Check that there is something of a name.

    Args:
        place: where in the configuration the name stands, for the message.
        name: what is named.
        known: all names there are.

    Raises:
        UserError: there is none; the message suggests one.
    """
    names = list(known)
    if name not in names:
        raise UserError(f"config: {place} is {name!r}; {suggest(name, names)}.")


def pick(
    among: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any], place: str
) -> dict[str, Any]:
    """Find the one cell that has the wanted values on the axes that are named.

    Args:
        among: cells of a study, all with the same axes.
        wanted: values of some axes.
        place: where in the configuration they stand, for the message.

    Raises:
        UserError: no cell or more than one has them.
    """
    found = [cell for cell in among if all(cell[axis] == wanted[axis] for axis in wanted)]
    if len(found) == 1:
        return dict(found[0])
    values = ", ".join(f"{axis} {value}" for axis, value in wanted.items())
    if not found:
        raise UserError(f"config: {place}: the study has no cell with {values}; choose another.")
    several = [axis for axis in found[0] if len({cell[axis] for cell in found}) > 1]
    raise UserError(
        f"config: {place}: {len(found)} cells of the study have {values or 'any values'}; "
        f"name {' and '.join(several)} too."
    )
