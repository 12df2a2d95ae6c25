"""What a table, figure or report is about: the study, its dataset and the cells expected of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from isr.errors import UserError
from isr.io import read_json
from isr.reporting import published

Kind = Literal["embedded", "convexitydb", "scribbles"]
KINDS = ("embedded", "convexitydb", "scribbles")


@dataclass(frozen=True)
class Dataset:
    """One dataset of the configuration.

    Attributes:
        name: of the dataset.
        kind: what its pictures are.
        text: replaces the words made from the kind.
        long_side: pixels that pictures were shrunk to at most, None for their own size.
        objects: whether several objects of a picture were fitted each or taken for one.
    """

    name: str
    kind: Kind
    text: str | None = None
    long_side: int | None = None
    objects: Literal["separate", "merge"] = "separate"

    def describe(self, pictures: int) -> str:
        """Say what the data are, given how many pictures were scored."""
        if self.text:
            return self.text
        noun = "picture" if pictures == 1 else "pictures"
        if self.kind == "embedded":
            return f"Demo data ({pictures} embedded {noun}, not the paper's set)"
        if self.kind == "convexitydb":
            share = "all" if pictures == published.PICTURES else f"{pictures} of its"
            return f"ConvexityDB ({share} {published.PICTURES} pictures)"
        return f"{self.name} ({pictures} {noun} of the user's own, not the paper's set)"

    def is_published_set(self, pictures: int) -> bool:
        """Whether the scored pictures are those behind the paper's numbers, at their own size."""
        return self.long_side is None and self._holds_published(pictures)

    def difference(self, pictures: int) -> str:
        """Say how the scored pictures differ from the paper's; empty if they do not."""
        if not self._holds_published(pictures):
            return "other pictures than ours"
        return "ours are shrunk" if self.long_side is not None else ""

    def _holds_published(self, pictures: int) -> bool:
        return self.kind == "convexitydb" and pictures == published.PICTURES


@dataclass(frozen=True)
class Cell:
    """One cell of a study: what its fits have in common."""

    constraint: str
    predictor: str
    features: str
    fit: str
    seed: int


@dataclass(frozen=True)
class Study:
    """A study to be reported: every cell that was planned, whether it ran or not.

    Attributes:
        name: name of the study, as in the column `study` of metrics.csv.
        dataset: the dataset of all its cells.
        cells: all cells planned.
        shows_published: whether the papers' numbers are wanted beside ours.
        constraint: the constraint that is tabulated.
        predictors: published network ("fcn", "cnn") of each predictor of the configuration; a
            predictor that is not named is looked up under its own name.
    """

    name: str
    dataset: Dataset
    cells: tuple[Cell, ...]
    shows_published: bool = True
    constraint: str = "convex"
    predictors: Mapping[str, str] = field(default_factory=dict)

    @property
    def compares(self) -> bool:
        """Whether the papers' numbers, all of convex shapes, stand beside ours."""
        return self.shows_published and self.constraint == "convex"

    def published_result(
        self, fit: str, features: str, predictor: str, output: str
    ) -> published.Result | None:
        """The papers' result of one setting, None when there is none or none is wanted."""
        if not self.compares:
            return None
        network = self.predictors.get(predictor, predictor)
        return published.find(fit, features, network, output)


def read_settings(argument: str) -> dict[str, Any]:
    """Read settings given as a JSON object or as the path of a JSON file.

    Raises:
        UserError: neither can be read, or it is no object.
    """
    if argument.lstrip().startswith("{"):
        try:
            content = json.loads(argument)
        except ValueError as error:
            raise UserError(f"--settings is not valid JSON ({error}): correct it.") from None
    else:
        content = read_json(Path(argument))
    if not isinstance(content, dict):
        raise UserError(f"--settings {argument} holds no JSON object: give one.")
    return content


def check_keys(
    content: Any, where: str, *, required: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, Any]:
    """Give `content` back when it is an object with the right keys.

    Raises:
        UserError: a key is missing or unknown.
    """
    if not isinstance(content, dict):
        raise UserError(f"{where} of the settings is no JSON object: give one.")
    required = tuple(required)
    allowed = (*required, *optional)
    for key in required:
        if key not in content:
            raise UserError(f"{where} of the settings lacks the key {key!r}: add it.")
    for key in content:
        if key not in allowed:
            names = ", ".join(allowed)
            raise UserError(f"{where} of the settings has the unknown key {key!r}: use {names}.")
    return content


def parse_dataset(content: Any, where: str = "dataset") -> Dataset:
    """Read {name, kind, text?, long_side?, objects?}; keys of other readers are left to them.

    Raises:
        UserError: a key is missing, or the kind is unknown.
    """
    optional = ("text", "long_side", "objects", "folder")
    check_keys(content, where, required=("name", "kind"), optional=optional)
    if content["kind"] not in KINDS:
        kinds = ", ".join(KINDS)
        raise UserError(f"{where}: kind {content['kind']!r} is unknown: use one of {kinds}.")
    return Dataset(
        content["name"],
        content["kind"],
        content.get("text"),
        content.get("long_side"),
        content.get("objects", "separate"),
    )


def parse_cell(content: Any, where: str = "cells") -> Cell:
    """Read the five axes of a cell; further axes and keys are allowed and ignored.

    Raises:
        UserError: an axis is missing.
    """
    axes = ("constraint", "predictor", "features", "fit", "seed")
    for axis in axes:
        if not isinstance(content, dict) or axis not in content:
            raise UserError(f"{where} of the settings: a cell lacks the axis {axis!r}: add it.")
    constraint, predictor, features, fit = (str(content[axis]) for axis in axes[:-1])
    return Cell(constraint, predictor, features, fit, int(content["seed"]))


STUDY_KEYS = ("study", "dataset", "cells")
STUDY_OPTIONS = ("published", "constraint", "predictors")


def parse_study(content: Mapping[str, Any]) -> Study:
    """Read the keys study, dataset, cells (, published, constraint, predictors) of settings.

    Raises:
        UserError: one of them is wrong.
    """
    cells = tuple(parse_cell(cell) for cell in content["cells"])
    return Study(
        name=str(content["study"]),
        dataset=parse_dataset(content["dataset"]),
        cells=cells,
        shows_published=bool(content.get("published", True)),
        constraint=_parse_constraint(content.get("constraint"), cells),
        predictors=dict(content.get("predictors", {})),
    )


def _parse_constraint(wanted: object, cells: Iterable[Cell]) -> str:
    """The constraint that is tabulated: the one that is wanted, or the only one of the cells."""
    known = list(dict.fromkeys(cell.constraint for cell in cells))
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted not in known:
        raise UserError(
            f"constraint of the settings is {wanted!r}: name one of those of the cells "
            f"({', '.join(known)})."
        )
    return str(wanted)
