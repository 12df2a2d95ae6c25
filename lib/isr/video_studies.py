"""Studies of kind video: every frame of some videos, fitted in turn, jointly or as one in time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from isr.choices import must_know, pick
from isr.distances import DISTANCES
from isr.errors import UserError
from isr.video_axes import AXES, SPATIO_TEMPORAL, TOGETHER

PREDICTORS = ("unet",)
"""Kinds of predictors that are for videos; the others are for grids."""

_FRAME_BY_FRAME = ("sequential", "joint")
_FIGURES: dict[str, tuple[str, ...]] = {
    "figure_3": (SPATIO_TEMPORAL,),
    "figure_6": _FRAME_BY_FRAME,
    "figure_14": _FRAME_BY_FRAME,
    "figure_15": _FRAME_BY_FRAME,
    "figure_16": _FRAME_BY_FRAME,
    "figure_17": (SPATIO_TEMPORAL,),
    "figure_18": (SPATIO_TEMPORAL,),
    "figure_19": _FRAME_BY_FRAME,
    "animation": (*_FRAME_BY_FRAME, SPATIO_TEMPORAL),
}
"""Fits that a kind of figure shows."""

_TABLES = {"table_4": _FRAME_BY_FRAME, "table_5": (SPATIO_TEMPORAL,)}
"""Fits that a kind of table is about."""

_TABLE_AXES = ("labels", "predictor", "training", "constraint", "distance")

Config = Mapping[str, Any]
Cell = dict[str, Any]


def check(place: str, study: Config, config: Config) -> None:
    """Check what a schema cannot: that the entries of a study of videos fit together.

    Args:
        place: where the study stands in the configuration.
        study: of kind video, with defaults.
        config: the whole, with defaults.

    Raises:
        UserError: an entry does not fit; the message names it.
    """
    must_know(f"{place}.dataset", study["dataset"], config["videos"])
    if ("vary" in study) == ("rows" in study):
        raise UserError(f"config: {place} must have either vary or rows; give one of them.")
    for where, cell in _placed(place, study):
        _check_cell(where, cell, config, config["videos"][study["dataset"]])
    every = cells(study)
    for cell in every:
        if every.count(cell) > 1:
            raise UserError(f"config: {place}.rows has a cell twice ({_words(cell)}); remove one.")
        if cell["fit"] == "joint":
            _check_joint(place, study, cell, every)
    for name, table in study["tables"].items():
        shown_cells(study, table, f"{place}.tables.{name}")
    for name, figure in study["figures"].items():
        figure_cells(study, figure, f"{place}.figures.{name}")


def _placed(place: str, study: Config) -> Iterable[tuple[str, Config]]:
    """Each combination of values that is checked by itself, with where it stands."""
    if "rows" in study:
        return ((f"{place}.rows[{index}]", row) for index, row in enumerate(study["rows"]))
    return ((f"{place}.vary", cell) for cell in cells(study))


def _check_cell(where: str, cell: Config, config: Config, videos: Config) -> None:
    known = [name for name, each in config["predictors"].items() if each["kind"] in PREDICTORS]
    must_know(f"{where}.predictor", cell["predictor"], known)
    if cell["noise"] and cell["fit"] != SPATIO_TEMPORAL:
        raise UserError(
            f"config: {where} has noise {cell['noise']:g} with fit {cell['fit']}, but frames are "
            f"replaced by noise for fit {SPATIO_TEMPORAL} alone; set noise to 0 there, or give "
            "the cells one by one in rows."
        )
    if cell["fit"] == "joint" and cell["distance"] != DISTANCES[0]:
        raise UserError(
            f"config: {where} has distance {cell['distance']} with fit joint, which takes the "
            "squared distance (equation 17); set distance to squared there, or give the cells one "
            "by one in rows."
        )
    if cell["labels"] == "published" and not videos.get("labels"):
        raise UserError(
            f"config: {where}.labels is 'published', but the videos have no such labels; take "
            "auto or motion, or say in their entry under labels where the published ones lie."
        )
    weights = config["predictors"][cell["predictor"]]["weights"]
    if weights == "published" and not videos.get("checkpoints"):
        raise UserError(
            f"config: predictors.{cell['predictor']}.weights is 'published', but the videos of "
            f"{where} name no such networks; take auto or trained, or say in their entry under "
            "checkpoints where they lie."
        )
    if weights != "trained" and cell["training"] == TOGETHER:
        raise UserError(
            f"config: {where}.training is {TOGETHER}, but predictors.{cell['predictor']} takes "
            "published networks, of which every video has its own; set training to each there."
        )


def _check_joint(place: str, study: Config, cell: Cell, every: list[Cell]) -> None:
    before = sequential(cell)
    if before not in every:
        raise UserError(
            f"config: {place} has a joint fit ({_words(cell)}), which goes on from the "
            "sequential one, but not that; add sequential to its fits."
        )
    if _own_videos(study, before) != _own_videos(study, cell):
        raise UserError(
            f"config: {place}.rows has other videos for a joint fit ({_words(cell)}) than for the "
            "sequential one, from which it goes on; name the same in both."
        )


def _words(cell: Config) -> str:
    return ", ".join(f"{axis} {cell[axis]}" for axis in AXES)


def studies(config: Config) -> dict[str, Config]:
    """The studies of kind video by name."""
    return {name: each for name, each in config["studies"].items() if each["kind"] == "video"}


def cells(study: Config) -> list[Cell]:
    """List the cells of a study of a resolved configuration, each with all AXES in their order.

    No noise is the number 0, however it is written: it stands in the names of folders.
    """
    if "rows" in study:
        found = [{axis: row[axis] for axis in AXES} for row in study["rows"]]
    else:
        values = product(*(study["vary"][axis] for axis in AXES))
        found = [dict(zip(AXES, combination, strict=True)) for combination in values]
    return [cell | {"noise": float(cell["noise"]) or 0} for cell in found]


def cell_videos(study: Config, cell: Cell, there: Sequence[str]) -> list[str]:
    """Names of the videos of a cell: those of its row, else of its study, else all there are."""
    return list(_own_videos(study, cell) or study["videos"] or there)


def _own_videos(study: Config, cell: Cell) -> list[str] | None:
    if "rows" not in study:
        return None
    rows = dict(zip(map(_words, cells(study)), study["rows"], strict=True))
    found: list[str] | None = rows[_words(cell)]["videos"]
    return found


def sequential(cell: Config) -> Cell:
    """The cell that a joint fit goes on from: the sequential one with otherwise equal axes."""
    return {**cell, "fit": "sequential"}


def shown_cells(study: Config, table: Config, place: str = "") -> list[Cell]:
    """List the cells that a table is about: of one kind of labels, predictor, training, constraint.

    So they are of one distance but for table_5, which sets several beside each other.

    Args:
        study: resolved, of kind video.
        table: its entry.
        place: where it stands in the configuration, for the message.

    Raises:
        UserError: the study has no fit of the table's, or several labels, predictors, trainings,
            constraints or distances of which none is named.
    """
    wanted = _TABLES[table["kind"]]
    found = [cell for cell in cells(study) if cell["fit"] in wanted]
    if not found:
        raise UserError(
            f"config: {place}.kind is {table['kind']}, but the study has no fit "
            f"{' or '.join(wanted)}; add one, or remove the table."
        )
    beside = ("distance",) if table["kind"] == "table_5" else ()
    for axis in _TABLE_AXES:
        known = list(dict.fromkeys(cell[axis] for cell in found))
        if table[axis] is not None:
            must_know(f"{place}.{axis}", table[axis], known)
        elif axis in beside:
            continue
        elif len(known) > 1:
            names = ", ".join(known)
            raise UserError(
                f"config: {place}: the study has several of {axis} ({names}); name one with {axis}."
            )
        found = [cell for cell in found if cell[axis] == (table[axis] or known[0])]
    return found


def figure_cells(study: Config, figure: Config, place: str = "") -> list[Cell]:
    """List the cells that a figure shows, each of another fit.

    Those are two for figure_15, sequential and joint; one of each of these fits that the study has
    for figure_19, if it does not say which; else one.

    Args:
        study: resolved, of kind video.
        figure: its entry.
        place: where it stands in the configuration, for the message.

    Raises:
        UserError: its `cell` does not pick them.
    """
    kind, every = figure["kind"], cells(study)
    where, fits = f"{place}.cell", _FIGURES[kind]
    wanted = figure["cell"]
    if kind == "figure_15":
        return [pick(every, {**wanted, "fit": fit}, where) for fit in fits]
    if kind == "figure_19" and "fit" not in wanted:
        known = {cell["fit"] for cell in every}
        fits = tuple(fit for fit in fits if fit in known) or fits[:1]
        return [pick(every, {**wanted, "fit": fit}, where) for fit in fits]
    if "fit" in wanted and wanted["fit"] not in fits:
        raise UserError(
            f"config: {where}.fit is {wanted['fit']}, but {kind} shows {' or '.join(fits)}; "
            "choose one of these."
        )
    return [pick([cell for cell in every if cell["fit"] in fits], wanted, where)]


def check_videos(config: Config, names: Callable[[str], Sequence[str]]) -> None:
    """Check that the videos that studies and figures name exist.

    Args:
        config: resolved.
        names: gives the names of the videos of an entry, or raises UserError.

    Raises:
        UserError: an entry cannot be listed, or does not have a video that is named.
    """
    for name, study in studies(config).items():
        there = names(study["dataset"])
        for where, named in _named_videos(f"studies.{name}", study):
            must_know(where, named, there)
        for figure_name, figure in study["figures"].items():
            for cell in figure_cells(study, figure):
                place = f"studies.{name}.figures.{figure_name}.video"
                must_know(place, figure["video"], cell_videos(study, cell, there))


def _named_videos(place: str, study: Config) -> Iterable[tuple[str, str]]:
    for index, video in enumerate(study["videos"] or ()):
        yield f"{place}.videos[{index}]", video
    for number, row in enumerate(study.get("rows", ())):
        for index, video in enumerate(row["videos"] or ()):
            yield f"{place}.rows[{number}].videos[{index}]", video
