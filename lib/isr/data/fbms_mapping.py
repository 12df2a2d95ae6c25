"""Which object of a sequence is the foreground: the authors' mapping of object ids.

A JSON file {"mappings": {"0": {sequence: {"trajectory_foreground_id": the value in the masks of
weak labels, "ground_truth_foreground_id": the grey value in the ground truth}}}}.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isr.data.fbms_definition import Definition
from isr.errors import UserError
from isr.io import read_json


def find_object(name: str, definition: Definition, mapping: Path | None) -> tuple[int | None, str]:
    """Number of the object that the mapping names for a sequence.

    Args:
        name: of the sequence.
        definition: of its ground truth.
        mapping: the file, which may be missing; None if there is none.

    Returns:
        The number (from 1) or None if the mapping names no object, and a note on that.

    Raises:
        UserError: the file is not of that form.
    """
    followed = "the foreground is the annotated object that the weak labels follow"
    if mapping is None:
        return None, followed
    if not mapping.exists():
        return None, f"{followed}: {mapping.name} is not there"
    entry = _entry(mapping, name)
    if entry is None:
        return None, f"{followed}: {mapping.name} does not know {name}"
    wanted = entry.get("ground_truth_foreground_id")
    for number, value in enumerate(definition.objects, start=1):
        if wanted in (value, definition.grey(value)):
            return number, ""
    shown = ", ".join(map(str, definition.objects))
    return None, f"{followed}: {mapping.name} names {wanted!r}, which is not among {shown}"


def find_label(name: str, mapping: Path | None) -> int | None:
    """The value of the foreground in the masks of weak labels, if the mapping gives one.

    Raises:
        UserError: the file is not of that form.
    """
    entry = _entry(mapping, name) if mapping is not None and mapping.exists() else None
    value = None if entry is None else entry.get("trajectory_foreground_id")
    return value if isinstance(value, int) else None


def _entry(mapping: Path, name: str) -> Mapping[str, Any] | None:
    content = read_json(mapping)
    try:
        entry = content["mappings"]["0"].get(name)
        return None if entry is None else dict(entry)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(
            f"{mapping} holds no mapping of objects: expected "
            '{"mappings": {"0": {sequence: {"ground_truth_foreground_id": value}}}}.'
        ) from None
